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

from collections.abc import Mapping
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
        return self.ja.format(**{name: self.words.get(str(value), value) for name, value in self.params.items()})


class WordedMember(Worded):
    """As :class:`Worded`, where ``member`` counts the files of an archive and 0 is the archive itself."""

    def sentence(self, language: str = "ja") -> str:
        """The message for a person, without a place where there is none."""
        return super().sentence(language).replace("、0 番目のファイル", "").replace(", member 0", "")
