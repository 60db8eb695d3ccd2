"""What stops a file as a whole; a bad cell is a finding, never an exception.

Guarantees: every error names a place (file line, column, header of *our* map) and never what stood there. The
header words of an unknown file are never quoted: a file without a heading row would show a person's data.

::

    InputError
    ├── EncodingNotUsable    neither UTF-8 nor CP932 from some line on
    ├── NulByte              a NUL byte: not a text file
    ├── BrokenQuotes         a quotation that never closes, or text after one
    ├── LineTooLong          one line or cell beyond the limit
    ├── FileTooLarge         more bytes than the caller allows
    ├── EmptyFile            no byte, or only blank lines
    ├── NoRows               headings but nobody's row
    ├── LayoutUnknown        no map knows these headings
    ├── MapNotValid          the map's dates do not cover the day
    ├── MissingColumn        a column the map requires is not there
    ├── AmbiguousHeader      a heading occurs more often than the map says
    ├── MapInvalid           a map file that breaks its schema
    ├── DefinitionInvalid    a format definition that breaks its schema
    └── TableInvalid         an item or code table that breaks its schema
"""

from __future__ import annotations

from akashi.errors import InputError


class EncodingNotUsable(InputError):
    """The bytes are neither UTF-8 nor CP932 (or are UTF-16)."""

    code = "checkup.encoding"
    ja, en = "{line} 行目の文字コードを読み取れません。", "Line {line} is neither UTF-8 nor CP932."
    hint_ja, hint_en = (
        "UTF-8 または Shift_JIS(CP932) の CSV で保存し直してください。",
        "Save the file as UTF-8 or CP932 CSV.",
    )


class NulByte(InputError):
    """A NUL byte: the file is damaged or is not text."""

    code = "checkup.nul_byte"
    ja, en = "{line} 行目に NUL 文字があります。", "Line {line} holds a NUL byte."
    hint_ja, hint_en = "壊れたファイルか、CSV でないファイルです。出力し直してください。", "Export the file again."


class BrokenQuotes(InputError):
    """A quotation mark that is never closed, or text right after a closing one."""

    code = "checkup.broken_quotes"
    ja, en = '{line} 行目付近の引用符（"）が閉じていません。', "A quotation near line {line} is broken."
    hint_ja, hint_en = 'その行の「"」の数と位置を確かめてください。', "Check the quotation marks of that line."


class LineTooLong(InputError):
    """One line (or one cell) is longer than any real row."""

    code = "checkup.line_too_long"
    ja, en = "{line} 行目が長すぎます（上限 {limit} バイト）。", "Line {line} is longer than {limit} bytes."
    hint_ja, hint_en = "改行または引用符が失われていないか確かめてください。", "Check for lost line ends or quotes."


class FileTooLarge(InputError):
    """More bytes than the caller allows."""

    code = "checkup.too_large"
    http_status = 413
    ja, en = "ファイルが大きすぎます（上限 {limit} バイト）。", "The file is larger than {limit} bytes."
    hint_ja, hint_en = "ファイルを分けてください。", "Split the file."


class EmptyFile(InputError):
    """There is nothing in the file."""

    code = "checkup.empty"
    ja, en = "ファイルが空です。", "The file is empty."
    hint_ja, hint_en = "出力の操作をやり直してください。", "Export the file again."


class NoRows(InputError):
    """There are headings and no data row."""

    code = "checkup.no_rows"
    ja, en = "見出しだけで、データの行がありません。", "The file has headings and no data rows."
    hint_ja, hint_en = "出力の条件（期間や対象者）を確かめてください。", "Check what the export was asked for."


class LayoutUnknown(InputError):
    """No map knows this layout."""

    code = "checkup.layout_unknown"
    ja, en = "見たことのないレイアウトです（{columns} 列）。", "No map knows this layout ({columns} columns)."
    hint_ja, hint_en = (
        "この健診機関の変換表（マップ）を作って登録してください。",
        "Make and register a map for this institution.",
    )


class MapNotValid(InputError):
    """The map's dates do not cover the day of conversion."""

    code = "checkup.map_not_valid"
    ja, en = "変換表 {map} はこの日には使えません。", "The map {map} is not valid on this day."
    hint_ja, hint_en = "有効期間を確かめ、新しい版を登録してください。", "Check its dates and register a new version."


class MissingColumn(InputError):
    """A required column of the map is not in the file; ``header`` is quoted from the map."""

    code = "checkup.missing_column"
    ja, en = "必要な列「{header}」がありません。", "The required column {header} is missing."
    hint_ja, hint_en = (
        "出力項目が変わっていないか、健診システムの設定を確かめてください。",
        "Check the export settings.",
    )


class AmbiguousHeader(InputError):
    """A heading that the map takes for single occurs several times; ``header`` is quoted from the map."""

    code = "checkup.ambiguous_header"
    ja, en = "見出し「{header}」が {count} 回あります。", "The heading {header} occurs {count} times."
    hint_ja, hint_en = (
        "変換表に何番目の列か（occurrence）または列番号を書いてください。",
        "State the occurrence or column number.",
    )


class MapInvalid(InputError):
    """A map file that breaks the schema in docs/checkup.md."""

    code = "checkup.map_invalid"
    ja, en = "変換表の {line} 行目が正しくありません（{what}）。", "Line {line} of the map is wrong ({what})."


class DefinitionInvalid(InputError):
    """A format definition that breaks the schema in docs/checkup.md."""

    code = "checkup.definition_invalid"
    ja, en = (
        "フォーマット定義の {line} 行目が正しくありません（{what}）。",
        "Line {line} of the definition is wrong ({what}).",
    )


class TableInvalid(InputError):
    """An item or answer-code table that breaks its schema."""

    code = "checkup.table_invalid"
    ja, en = "項目表の {line} 行目が正しくありません（{what}）。", "Line {line} of the table is wrong ({what})."
