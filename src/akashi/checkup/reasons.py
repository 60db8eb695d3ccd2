"""What the short English reasons in our errors are called in Japanese.

Guarantees: a clerk reads no English word for what is wrong with a file; programs still get the reason itself, in ``params`` and in the English
sentence; a reason without a word is shown as it is (a test finds those in our code). Refuses nothing. Pure.

>>> class Example(Worded):
...     ja, en, words = "壊れています（{what}）。", "Broken ({what}).", {"depth": "入れ子が深すぎます"}
...     params = {"what": "depth"}
>>> Example().sentence("ja"), Example().sentence("en")
('壊れています（入れ子が深すぎます）。', 'Broken (depth).')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

ARCHIVE = {
    "members": "ファイルの数が多すぎます", "overlap": "ファイルどうしの場所が重なっています", "nested": "ZIP の中にまた ZIP があります",
    "path": "ファイルの名前が外の場所を指しています", "link": "ほかの場所への参照があります", "encrypted": "暗号化されています",
    "method": "知らない圧縮の方法です", "folder with content": "フォルダーに中身があります", "size": "広げると大きくなりすぎます",
    "duplicate": "同じ名前のファイルが二つあります", "no zip": "ZIP ではありません", "several volumes": "分割された ZIP です",
    "directory": "目次が壊れています", "damaged": "中身が壊れています", "no index": "目録（ix08）がありません",
}  # fmt: skip
BUNDLE = {
    "not a Bundle": "健診結果報告書ではありません", "not a document": "文書としてまとめられていません", "entries": "部品の数が多すぎるか、ありません",
    "repeated fullUrl": "同じ番号の部品が二つあります", "no Patient": "本人の情報がありません", "no Composition": "報告書の目次がありません",
    "series within itself": "検査のまとまりが自分自身を含んでいます", "not a number": "数でないものが数として書かれています",
    "long number": "数の桁が多すぎます", "repeated key": "同じ名前の項目が二つあります", "depth": "入れ子が深すぎます",
    "text": "文字が長すぎるか、正しくない文字があります", "too many parts": "部品の数が多すぎます", "encoding": "文字コードが UTF-8 ではありません",
    "json": "JSON の書き方になっていません",
}  # fmt: skip
DEMAND = {
    "1..1": "ちょうど一つ", "0..0": "書かない", "1..*": "一つ以上", "{}..*": "{} つ以上", "0..{}": "{} つまで", "{}..{}": "{} つから {} つまで",
    "fixed": "決まった値", "one of": "決まった値のどれか", "form": "決まった書き方", "refers": "決まった種類のものへの参照",
    "claims": "決まったプロファイルの名乗り", "list": "値の並び", "one": "並びでない一つの値", "Bundle": "文書の入れ物",
}  # fmt: skip
DOCUMENT = {
    "encoding": "文字コードを読み取れません", "doctype": "使えない宣言（DOCTYPE）があります", "too many elements": "要素の数が多すぎます",
    "text too long": "文字が長すぎます", "not well formed": "XML の書き方になっていません", "root": "健診の文書ではありません",
    "recordTarget": "本人の情報がないか、二人以上あります", "structuredBody": "結果の本文がありません",
}  # fmt: skip
NAME = {"folder": "フォルダー", "document": "文書のファイル"}
INTERCHANGE = {
    "ix08": "目録（ix08）", "su08": "集計情報（su08）", "cc08": "健診の決済データ（cc08）", "gc08": "保健指導の決済データ（gc08）",
}  # fmt: skip
MAP_STATE = {
    "waiting": "台帳の確定を待っています", "retired": "廃止されています", "unapproved": "承認されていません", "altered": "承認のあとで内容が変わっています",
    "withheld": "共有が終わっています",
}  # fmt: skip
MAP_STEP = {
    "map.version": "版の番号が次の番号ではありません", "map.person": "承認した人が登録されていません", "map.role": "承認できる役割ではありません",
    "map.previous": "前の版が違います", "map.owner": "別の機関の変換表です", "map.dates": "有効期間が逆です", "map.children": "共有先が正しくありません",
    "map.unknown": "知らない変換表です", "map.retired": "廃止された変換表です", "map.digest": "承認されたものと内容が違います",
    "map.again": "もう使うことになっています",
}  # fmt: skip


SCHEMA = {
    "too deep": "入れ子が深すぎます", "too large": "大きすぎます", "empty": "何も書かれていません", "not YAML": "YAML の書き方になっていません",
    "not a text": "文字でないものがあります", "not UTF-8": "文字コードが UTF-8 ではありません", "a text is expected": "文字の値を書いてください",
    "an integer from {} to {} is expected": "{} から {} までの整数を書いてください", "true or false is expected": "「true」か「false」を書いてください",
    "a date YYYY-MM-DD is expected": "日付を 2026-04-01 のように書いてください", "one of {} is expected": "次のどれか一つを書いてください: 「{}」",
    "a list is expected": "「-」で始まる行を並べて書いてください", "a mapping is expected": "「名前: 値」の形で書いてください",
    "the same key twice": "同じ名前が二度あります", "unknown key": "知らない名前があります", "the key {} is missing": "「{}」がありません",
    "anchors and aliases are not allowed": "ほかの場所への参照（「&」「*」）は使えません", "tags are not allowed": "種類の指定（「!」）は使えません",
    "only schema 1 is known": "書き方の版は 1 だけです", "from lies after to": "期間の初め（「from」）が終わり（「to」）より後です",
    "an id of small letters, digits and hyphens is expected": "名前は、半角の英小文字・数字・ハイフンで書いてください",
    "at least one word is expected": "語を一つ以上書いてください",
}  # fmt: skip
MAP = SCHEMA | {
    "either header (with context, occurrence) or column is expected":
        "列の場所は、見出し（「header」と、要れば「context」「occurrence」）か列の番号（「column」）の一方で書いてください",
    "columns such as 22-26 are expected": "列の範囲を 22-26 のように書いてください", "too many columns": "列が多すぎます",
    "a positive decimal factor is expected": "掛ける数は、0 より大きい小数で書いてください",
    "unknown field target": "項目表にない欄です", "not an item code": "項目コードではありません", "unknown table": "その名前の対応表がありません",
    "only a rule of kind {} has it": "値の種類（「kind」）が「{}」の規則でだけ使えます",
    "either a table or a vocabulary is expected": "対応表（「table」）か判定の語彙（「vocabulary」）の、どちらか一方だけにしてください",
    "a place is expected": "列の場所を一つ以上書いてください", "two rules for one target": "一つの項目に規則が二つあります",
    "exclusive rules must share the deciding column and no word": "条件で分ける規則は、同じ列で決め、語が重ならないようにしてください",
    "a program code of three digits is expected": "健診の種類の番号を 3 桁の数字で書いてください",
    "sha256: and 64 hex digits are expected": "「sha256:」に続けて 64 桁の 16 進数を書いてください",
    "at least one rule is expected": "規則を一つ以上書いてください", "unknown item {}": "項目「{}」は項目表にありません",
    "unit of {}": "項目「{}」の単位が、項目表の単位と違います", "vocabulary {} is not known here": "判定の語彙「{}」がありません",
    "a vocabulary with days needs one column for {}": "日付で変わる判定の語彙には、項目「{}」の列を一つだけ決めてください",
    "value and qualifier of {} need one column each": "項目「{}」の値の列と印の列を、一つずつ決めてください",
    "terms of this list are expected": "この一覧にある語を書いてください", "a word with two meanings": "一つの語に意味が二つあります",
    "unknown name": "知らない名前があります", "unknown modality": "知らない検査の種類です",
    "terms of this list are expected, each once": "この一覧にある語を、一度ずつ書いてください",
}  # fmt: skip
DEFINITION = SCHEMA | {
    "source belongs to every kind but spare": "「source」は、予備（「spare」）の列だけにはなく、ほかの列には要ります",
    "column names must be unique and not empty": "列の名前は、空にせず、重ならないようにしてください",
}  # fmt: skip
TABLE = {
    "columns": "見出しの並びが違います", "width": "列の数が見出しと違います",
    **{name: f"「{name}」の値が正しくありません" for name in ("type", "entry", "abnormal", "programs", "code", "bytes", "integers", "decimals")},
}  # fmt: skip
VOCABULARY = SCHEMA | {
    "a word of 1 to 80 signs without spaces around it is expected": "語は、前後に空白のない 1 字から 80 字までで書いてください",
    "a word that says that something is absent belongs into nothing": "ないことを表す語は「nothing」に書いてください",
    "too many spellings": "書き換え（「spellings」）が多すぎます", "the same spelling twice": "同じ書き換えが二度あります",
    "a spelling that would be replaced again": "書き換えた先が、また書き換わります", "modalities are expected, each once": "検査の種類を、一度ずつ書いてください",
    "a word with two meanings in one modality": "一つの検査の種類で、一つの語に意味が二つあります",
    "the same standard word in two sections of one modality": "一つの検査の種類で、同じ標準の語が二か所にあります",
    "pairs name findings and locations of the same modality": "「pairs」には、同じ検査の種類の所見と部位を書いてください",
    "too many sections": "まとまりが多すぎます", "grades are listed from best to worst": "判定は、良い順に並べてください",
    "a word is expected, each once": "語を、空にせず、一度ずつ書いてください", "a sign with two meanings, or none": "意味が二つあるか、空の記号があります",
    "at least one grade is expected": "判定を一つ以上書いてください", "unknown modality": "知らない検査の種類です",
    "two editions of {} on one day": "「{}」の版が、同じ日に二つあります",
}  # fmt: skip


def in_words(words: Mapping[str, str], reason: str) -> str:
    """The Japanese of a reason; a key of ``words`` with ``{}`` fits whatever stands there, and names it.

    >>> in_words(SCHEMA, "the key rules is missing"), in_words(SCHEMA, "something new")
    ('「rules」がありません', 'something new')
    """
    if reason in words:
        return words[reason]
    for known, word in words.items():
        if "{}" in known and (found := _pattern(known).fullmatch(reason)):
            return word.format(*found.groups())
    return reason


@lru_cache(maxsize=64)
def _pattern(known: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, known.split("{}"))))


class Worded:
    """Beside an ``AkashiError``: its Japanese sentence has the Japanese of ``words`` for what its parameters say."""

    words: ClassVar[Mapping[str, str]] = {}
    ja: ClassVar[str]
    en: ClassVar[str]
    params: dict[str, str | int]

    def sentence(self, language: str = "ja") -> str:
        """The message for a person."""
        if language != "ja":
            return self.en.format(**self.params)
        return self.ja.format(**{name: in_words(self.words, str(value)) for name, value in self.params.items()})


class WordedMember(Worded):
    """As :class:`Worded`, where ``member`` counts the files of an archive and 0 is the archive itself."""

    def sentence(self, language: str = "ja") -> str:
        """The message for a person, without a place where there is none."""
        return super().sentence(language).replace("、0 番目のファイル", "").replace(", member 0", "")


class WordedLine(Worded):
    """As :class:`Worded`, where ``line`` counts the lines of a file and 0 is the file as a whole."""

    def sentence(self, language: str = "ja") -> str:
        """The message for a person, without a line where there is none."""
        return super().sentence(language).replace("の 0 行目", "").replace("Line 0 of the", "The")
