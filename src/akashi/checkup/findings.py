"""Every finding code, its severity and its sentence in two languages: the vocabulary of the findings list.

Guarantees: a code never changes its meaning; ``docs/checkup.md`` lists every one (a test compares). Refuses:
values in sentences: a sentence speaks of the place, the gateway shows the original beside it.

>>> KINDS["cell.unit"].severity
<Severity.STOPS: 'stops'>
>>> KINDS["cell.formula"].sentence("en")
'The text looks like a spreadsheet formula; an apostrophe was put before it in the output.'
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from akashi.checkup.model import Finding, Severity

EXAMPLES_PER_PLACE = 20


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One code with its severity and sentences."""

    code: str
    severity: Severity
    ja: str
    en: str

    def sentence(self, language: str = "ja") -> str:
        """The sentence for a person; ``language`` is ``"ja"`` or ``"en"``."""
        return self.ja if language == "ja" else self.en


_STOPS, _WARNS, _INFORMS = Severity.STOPS, Severity.WARNS, Severity.INFORMS

KINDS: dict[str, FindingKind] = {
    kind.code: kind
    for kind in (
        FindingKind("row.width", _STOPS, "列の数が見出しと違うため、この行は変換していません。",
                    "The number of cells differs from the headings; the row was left out."),
        FindingKind("row.trailing", _INFORMS, "行末の余分な空欄を取り除きました。",
                    "Superfluous empty cells at the end of the row were dropped."),
        FindingKind("layout.changed", _INFORMS, "登録時と見出しが違いますが、必要な列はすべて見つかりました。",
                    "The headings differ from the registered ones, but every required column was found."),
        FindingKind("column.missing", _WARNS, "変換表にある列がファイルにありません（必須ではない列）。",
                    "A column of the map is not in the file (not a required one)."),
        FindingKind("cell.required", _STOPS, "必須の欄が空です。", "A required cell is empty."),
        FindingKind("cell.number", _WARNS, "数値として読めないため、原文のままにしました。",
                    "Not readable as a number; kept verbatim."),
        FindingKind("cell.unit", _STOPS, "単位が変換表と違います。換算はしていません。",
                    "The unit differs from the map; nothing was converted."),
        FindingKind("cell.range", _WARNS, "入力範囲の外の値です。", "The value lies outside the input range."),
        FindingKind("cell.decimals", _INFORMS, "小数の桁数が定義より多い値です。", "More decimals than the format defines."),
        FindingKind("cell.qualitative", _WARNS, "定性値（－、±、＋など）として読めないため、原文のままにしました。",
                    "Not readable as a graded result; kept verbatim."),
        FindingKind("cell.term", _WARNS, "対応表にない用語のため、原文のままにしました。",
                    "The term is not in the lookup table; kept verbatim."),
        FindingKind("cell.judgement", _WARNS, "判定の対応表にない記号のため、原文のままにしました。",
                    "The judgement is not in this institution's table; kept verbatim."),
        FindingKind("cell.date", _WARNS, "日付として読めないため、原文のままにしました。",
                    "Not readable as a date; kept verbatim."),
        FindingKind("cell.date_future", _WARNS, "変換した日より後の日付です。", "The date lies after the day of conversion."),
        FindingKind("cell.sex", _WARNS, "性別として読めません。", "Not readable as a sex."),
        FindingKind("cell.hearing", _WARNS, "1 と 2 がコードか dB か決められないため、原文のままにしました。",
                    "1 and 2 may be codes or decibels; kept verbatim."),
        FindingKind("cell.digits", _WARNS, "番号の桁数または文字が正しくありません。", "Wrong characters or length of a number."),
        FindingKind("cell.dropped_zero", _WARNS, "先頭の 0 が失われていたため、0 を補いました。",
                    "Leading zeros had been lost and were put back."),
        FindingKind("cell.kana", _INFORMS, "カナでない文字が含まれています。", "The kana name holds other characters."),
        FindingKind("cell.control", _INFORMS, "改行などの制御文字を空白に置き換えました。",
                    "Control characters were replaced by spaces."),
        FindingKind("cell.too_long", _STOPS, "最大バイト数（全角2、半角1）を超えています。",
                    "Longer than the format's byte limit (full width 2, half width 1)."),
        FindingKind("cell.formula", _WARNS, "表計算の式に見えるため、出力では先頭に「'」を付けました。",
                    "The text looks like a spreadsheet formula; an apostrophe was put before it in the output."),
        FindingKind("cell.unencodable", _WARNS, "出力の文字コードにない文字を「〓」に置き換えました。",
                    "A character missing from the output encoding was replaced."),
        FindingKind("pair.undecided", _WARNS, "どの項目の値か（空腹時・随時など）を決める列が空か不明です。",
                    "The column that decides the item (fasting or casual …) is empty or unknown."),
        FindingKind("hc08.unmatched", _WARNS, "標準化できない値のため、XML には入れていません。",
                    "The value could not be standardised and was left out of the XML."),
        FindingKind("hc08.identity", _WARNS, "XML に必要な本人の項目（保険者番号・氏名・性別・生年月日・受診日）が足りません。",
                    "A personal field that the XML requires is missing."),
    )
}  # fmt: skip


class FindingLog:
    """Counts every finding and keeps a bounded number of examples per code and column."""

    def __init__(self, examples: int = EXAMPLES_PER_PLACE) -> None:
        self._examples = examples
        self._places: Counter[tuple[str, int]] = Counter()
        self._kept: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Count ``finding``; keep it whole only while its code and column have few examples."""
        place = (finding.code, finding.column)
        self._places[place] += 1
        if self._places[place] <= self._examples:
            self._kept.append(finding)

    def counts(self) -> dict[str, int]:
        """Findings per code, codes in alphabetical order."""
        totals: Counter[str] = Counter()
        for (code, _column), count in self._places.items():
            totals[code] += count
        return dict(sorted(totals.items()))

    def kept(self) -> tuple[Finding, ...]:
        """The examples, in the order of the file."""
        return tuple(self._kept)


def stops(counts: dict[str, int]) -> int:
    """How many findings forbid that the file leaves."""
    return sum(count for code, count in counts.items() if KINDS[code].severity is Severity.STOPS)
