"""What the reasons of a draft say to a clerk, in two languages.

Guarantees: every reason code used in this package has a sentence (a test compares). Refuses: cell values: ``about`` holds our own
words, item names and column numbers.

>>> sentence(Reason("unit.same", "mg/dl"), "en")
'The heading states the unit mg/dl, as the item table does.'
"""

from __future__ import annotations

from akashi.checkup.mapping.model import Decision, Placing, Reason

REASONS: dict[str, tuple[str, str]] = {
    "heading.words": ("見出しの語から。", "From the words of the heading ({about})."),
    "heading.usual": ("見出しだけでは決まらないため、ふつうの意味として置きました。確かめてください。",
                      "The heading alone does not decide; this is the usual meaning. Please check."),
    "heading.rest": ("見出しに意味の分からない語が残っています。", "Some of the heading was not understood."),
    "heading.group": ("「{about}」のまとめの判定と読めます。", "Reads as the joint judgement of {about}."),
    "heading.name": ("項目表の名称「{about}」と同じです。", "The same as the item table's name {about}."),
    "heading.alike": ("項目表の名称「{about}」と似ています。", "Similar to the item table's name {about}."),
    "heading.previous": ("前回以前の値です。今回の結果には入れません。", "An earlier year's value; it is not this time's result."),
    "heading.spare": ("予備の列です。", "A spare column."),
    "heading.unit": ("単位だけの列です。", "A column of units only."),
    "heading.other": ("健診結果ではない列と読めます。", "Reads as something else than a checkup result."),
    "heading.unknown": ("見出しからは分かりません。", "The heading does not say."),
    "values.fit": ("値の形が合っています（{about}）。", "The values have the right shape ({about})."),
    "values.possible": ("値の形と矛盾しません（{about}）。", "The values do not speak against it ({about})."),
    "values.differ": ("値の形が合いません（{about}）。", "The values have another shape ({about})."),
    "values.none": ("見た範囲では空です。", "Empty in the rows looked at."),
    "values.range": ("値の中央が入力範囲の外です。単位を確かめてください。",
                     "The middle value lies outside the input range; check the unit."),
    "values.hundreds": ("百単位で書かれた値と読めます（100 倍）。確かめてください。", "Reads as written in hundreds (times 100). Please check."),
    "answers.known": ("回答の語は語彙「{about}」で読めます。", "The vocabulary {about} knows the answers."),
    "answers.unknown": ("対応表にない語があります。", "Some words are in no table yet."),
    "unit.same": ("見出しの単位 {about} が項目表と同じです。", "The heading states the unit {about}, as the item table does."),
    "unit.differs": ("見出しの単位 {about} が項目表と違います。", "The heading states the unit {about}, unlike the item table."),
    "unit.unexpected": ("単位 {about} のない項目です。", "The item has no unit, the heading states {about}."),
    "column.beside": ("{about} 列目の値に続く列です。", "It follows the value of column {about}."),
    "column.decides": ("{about} 列目の語が、どちらの項目かを決めます。", "The words of column {about} decide which item it is."),
    "column.decides_for": ("{about} 列目の値がどの項目かを決める列です。", "It decides which item column {about} is."),
    "columns.joined": ("{about} 列目と続けて一つの項目にします。", "Joined with column {about} into one item."),
    "target.taken": ("同じ項目に、{about} 列目の方がよく合います。", "Column {about} fits the same item better."),
    "method.other": ("同じ項目で測定法が違うものです。", "The same item by another method."),
}  # fmt: skip

PLACINGS: dict[Placing, tuple[str, str]] = {
    Placing.MAP: ("変換する", "convert"),
    Placing.DECIDES: ("項目を決める列", "decides the item"),
    Placing.IGNORE: ("使わない", "ignore"),
    Placing.SPARE: ("予備", "spare"),
    Placing.WATCH: ("見張る（空でなくなったら知らせる）", "watch (tell when it fills)"),
    Placing.UNDECIDED: ("未定", "undecided"),
}

DECISIONS: dict[Decision, tuple[str, str]] = {
    Decision.UNREVIEWED: ("未確認", "not looked at"),
    Decision.ADOPT: ("採用", "adopt"),
    Decision.IGNORE: ("使わない", "ignore"),
    Decision.NEEDS_CONFIRMATION: ("要確認", "needs confirmation"),
    Decision.DEFERRED: ("保留", "deferred"),
    Decision.WATCH: ("見張る", "watch"),
}


_KINDS = {
    "number": "数値", "graded": "－／±／＋ の段階", "hearing": "聴力", "code": "選択肢（語と番号）", "judgement": "判定の語", "findings": "所見（いくつか並ぶ）",
    "text": "文字", "name": "氏名", "kana": "カナ", "sex": "性別", "date": "日付", "digits": "番号（数字だけ）", "postal": "郵便番号",
}  # fmt: skip
"""What the kinds of values are called in Japanese."""


def kind_words(kind: str, language: str = "ja") -> str:
    """A kind of values for a person; in English it is the word that a map has."""
    return _KINDS.get(kind, kind) if language == "ja" else kind


def sentence(reason: Reason, language: str = "ja") -> str:
    """One reason for a person; ``language`` is ``"ja"`` or ``"en"``."""
    ja, en = REASONS[reason.code]
    if language != "ja":
        return en.format(about=reason.about)
    return ja.format(about=kind_words(reason.about) if reason.code.startswith("values.") else reason.about)
