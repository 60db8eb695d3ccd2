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
    ├── ArchiveNameWrong     a folder's or document's name that breaks the rule
    ├── ArchiveUnsafe        a zip with members that lead outside, links, encryption, a nested zip or a bomb
    ├── ArchiveBroken        not a zip, or damaged
    ├── InterchangeInvalid   an index, summary or claim that breaks its schema
    ├── NamespaceUnknown     an index, summary or claim of no version that we know
    ├── TableInvalid         an item or code table that breaks its schema
    ├── DocumentInvalid      an XML document that is unsafe, broken, or of another kind
    ├── BundleInvalid        a FHIR document that is unsafe, broken, or of another kind
    ├── NotThisFormat        the first row does not show the format that was named
    │   └── ClaimsHeading    a heading of the table of claims that it does not have, or twice
    ├── FormatUnknown        the content shows no format that can be read
    ├── TooManyPeople        more people than can be listed or exported at once
    ├── PersonUnknown        no person of that number or id is in the files
    └── PaperMissing         no font with Japanese, so no paper can be printed
"""

from __future__ import annotations

from akashi.checkup.reasons import (
    ARCHIVE,
    BUNDLE,
    DEFINITION,
    DOCUMENT,
    INTERCHANGE,
    MAP,
    NAME,
    TABLE,
    VOCABULARY,
    Worded,
    WordedLine,
    WordedMember,
)
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
    ja, en = "{line} 行目に、文字ではないもの（値が 0 のバイト）があります。", "Line {line} holds a NUL byte."
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
        "画面の「変換表」か「akashi checkup map draft ファイル」で、このファイルから変換表の下書きを作ってください。",
        "Draft a map from this file: the page `Maps`, or `akashi checkup map draft FILE`.",
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
        "変換表で、同じ見出しの何番目の列かを決めてください。",
        "State the occurrence or column number.",
    )


class MapInvalid(WordedLine, InputError):
    """A map file that breaks the schema in docs/checkup.md."""

    code = "checkup.map_invalid"
    words = MAP
    ja, en = "変換表の {line} 行目が正しくありません（{what}）。", "Line {line} of the map is wrong ({what})."
    hint_ja, hint_en = (
        "docs/checkup.md の「Map files」に沿って、その行を直してください。",
        "Mend that line; docs/checkup.md has the schema.",
    )


class DefinitionInvalid(WordedLine, InputError):
    """A format definition that breaks the schema in docs/checkup.md."""

    code = "checkup.definition_invalid"
    words = DEFINITION
    ja = "フォーマット定義の {line} 行目が正しくありません（{what}）。"
    en = "Line {line} of the definition is wrong ({what})."
    hint_ja, hint_en = (
        "docs/checkup.md の「Format definitions」に沿って、その行を直してください。",
        "Mend that line; docs/checkup.md has the schema.",
    )


class TableInvalid(WordedLine, InputError):
    """An item or answer-code table that breaks its schema."""

    code = "checkup.table_invalid"
    words = TABLE
    ja, en = "項目表の {line} 行目が正しくありません（{what}）。", "Line {line} of the table is wrong ({what})."
    hint_ja, hint_en = (
        "項目表のファイルを、配布されたものに戻してください。",
        "Put back the table of `formats` as it was handed out.",
    )


class ArchiveNameWrong(Worded, InputError):
    """A folder's or a document's name that does not follow the rule of the archive; the name is never quoted."""

    code = "checkup.archive_name"
    words = NAME
    ja, en = (
        "アーカイブ内の名前（{what}）が規則どおりではありません。",
        "A name in the archive ({what}) breaks the rule.",
    )
    hint_ja, hint_en = (
        "送付元の番号・日付・連番を確かめてください。",
        "Check the sender's number, the date and the serial number.",
    )


class ArchiveUnsafe(WordedMember, InputError):
    """A zip that is refused before anything of it is read; ``what`` is the kind of danger, ``member`` its position."""

    code = "checkup.archive_unsafe"
    words = ARCHIVE
    ja, en = (
        "安全に開けないアーカイブです（{what}、{member} 番目のファイル）。",
        "The archive is not safe to open ({what}, member {member}).",
    )
    hint_ja, hint_en = "送付元に作り直しを依頼してください。", "Ask the sender to make the archive again."


class ArchiveBroken(WordedMember, InputError):
    """Not a zip, or one that is damaged; ``member`` is 0 for the archive itself."""

    code = "checkup.archive_broken"
    words = ARCHIVE
    ja, en = (
        "アーカイブを読み取れません（{what}、{member} 番目のファイル）。",
        "The archive cannot be read ({what}, member {member}).",
    )
    hint_ja, hint_en = "もう一度受け取り直すか、送付元に確かめてください。", "Fetch the file again or ask the sender."


class InterchangeInvalid(Worded, InputError):
    """An index, summary or claim that lacks something or holds what its schema forbids; ``what`` names the element."""

    code = "checkup.interchange"
    words = INTERCHANGE
    ja, en = "{kind} の項目「{what}」が正しくありません。", "{what} of the {kind} is wrong."
    hint_ja, hint_en = "送付元に作り直しを依頼してください。", "Ask the sender to make the file again."


class NamespaceUnknown(Worded, InputError):
    """An index, summary or claim whose namespace is neither that of version 4 nor that of version 3."""

    code = "checkup.namespace"
    words = INTERCHANGE
    ja, en = "{kind} の名前空間が正しくありません。", "The namespace of the {kind} is not one we know."
    hint_ja, hint_en = (
        "第 4 期または第 3 期の様式で作り直してください。",
        "The file must follow version 4 or version 3.",
    )


class DocumentInvalid(Worded, InputError):
    """An XML document that is unsafe (document type, entities, sizes), broken, or not of the kind asked for."""

    code = "checkup.document"
    words = DOCUMENT
    ja, en = (
        "XML 文書の {line} 行目が正しくありません（{what}）。",
        "Line {line} of the XML document is wrong ({what}).",
    )
    hint_ja, hint_en = (
        "作成元に、特定健診の仕様（第 3 期・第 4 期）どおりの文書を出し直してもらってください。",
        "Ask the sender for a document that follows the ministry's specification.",
    )


class BundleInvalid(Worded, InputError):
    """A FHIR document that is unsafe (depth, numbers, repeated keys), broken, or no checkup report."""

    code = "checkup.fhir"
    words = BUNDLE
    ja, en = "FHIR 文書が正しくありません（{what}）。", "The FHIR document is wrong ({what})."
    hint_ja, hint_en = (
        "作成元に、健診結果報告書の FHIR 記述仕様どおりの文書を出し直してもらってください。",
        "Ask the sender for a document that follows the eCheckup profile.",
    )


class NotThisFormat(InputError):
    """The first row does not show the format that the caller named."""

    code = "checkup.not_this_format"
    ja, en = (
        "{line} 行目が {format} の形ではありません。",
        "Line {line} does not look like {format}.",
    )
    hint_ja, hint_en = (
        "ファイルの種類を確かめてください（種類を指定しなければ中身から判定します）。",
        "Check the kind of file, or let it be detected.",
    )


class ClaimsHeading(NotThisFormat):
    """A heading of the table of claims that such a table does not have, or one that is there twice. ``columns`` are their places."""

    code = "checkup.claims_heading"
    ja = "請求の表の見出し（{line} 行目）に、決まっていないものか、二度あるものがあります（左から {columns} 列目）。"
    en = "The table of claims has headings that are unknown or repeated (line {line}, columns {columns})."
    hint_ja = "決まった見出しにそろえてください。見出しだけの表は、送信の画面で取り出せます。"
    hint_en = "Use the headings of such a table; an empty one can be had on the send page."


class HeadingMissing(InputError):
    """The first row looks like a person's row: a map cannot be drafted without headings."""

    code = "checkup.heading_missing"
    ja, en = "見出しの行がないようです。", "The file seems to have no heading row."
    hint_ja, hint_en = (
        "1 行目に項目名がある形で出力し直してください。",
        "Export the file again with the names of the columns in its first row.",
    )


class TooManyColumns(InputError):
    """More columns than a map is drafted for."""

    code = "checkup.too_many_columns"
    ja, en = "列が {columns} あり、{limit} を超えています。", "The file has {columns} columns, more than {limit}."
    hint_ja, hint_en = (
        "健診結果の一覧ではないファイルか、区切り文字が違うファイルです。出力し直してください。",
        "This is not a list of results, or its delimiter is another; export the file again.",
    )


class MapEmpty(InputError):
    """A map in which no column was adopted."""

    code = "checkup.map_empty"
    ja, en = "採用した列がないため、変換表を作れません。", "No column was adopted, so there is no map to write."
    hint_ja, hint_en = (
        "少なくとも一つの列を「採用」にしてください。",
        "Adopt at least one column.",
    )


class FormatUnknown(InputError):
    """The content shows none of the formats that can be read."""

    code = "checkup.format_unknown"
    ja, en = "読み取れる形式のファイルではありません。", "The file is of no format that can be read."
    hint_ja, hint_en = (
        "CSV、特定健診の XML・ZIP、FHIR（JSON）のいずれかを選んでください。",
        "Choose a CSV file, a national checkup XML or ZIP file, or a FHIR JSON document.",
    )


class TooManyPeople(InputError):
    """More people than are listed, shown or exported at once."""

    code = "checkup.too_many_people"
    http_status = 413
    ja, en = "人数が多すぎます（一度に {limit} 人まで）。", "Too many people (at most {limit} at once)."
    hint_ja, hint_en = "ファイルを分けてください。", "Split the file."


class PersonUnknown(InputError):
    """No such person in the files, or several with the id that was given."""

    code = "checkup.person_unknown"
    http_status, exit_status = 404, 4
    ja, en = "その人は一覧にありません。", "There is no such person in the list."
    hint_ja, hint_en = "一覧の番号を確かめてください。", "Check the number in the list."


class PaperMissing(InputError):
    """Nothing on this machine can print Japanese; ``name`` is the font or library that is missing."""

    code = "checkup.paper"
    ja, en = "印刷に必要なもの（{name}）がありません。", "Printing needs {name}, which is missing."
    hint_ja, hint_en = (
        "管理者に、日本語のフォントを入れるよう頼んでください（tools/setup.sh が入れます）。",
        "Install a Japanese font (tools/setup.sh does).",
    )


class VocabularyInvalid(WordedLine, InputError):
    """A thesaurus or a judgement vocabulary that breaks the schema in docs/checkup-terms.md."""

    code = "checkup.vocabulary_invalid"
    words = VOCABULARY
    ja = "用語集の {line} 行目が正しくありません（{what}）。"
    en = "Line {line} of the thesaurus or judgement vocabulary is wrong ({what})."
    hint_ja, hint_en = "その行を直してください。", "Mend that line."


class CellNotThere(InputError):
    """A cell was asked for that the file does not have (rows count data rows, both count from 1)."""

    code = "checkup.cell_not_there"
    http_status, exit_status = 404, 4
    ja, en = "{row} 行目 {column} 列目の欄はありません。", "There is no cell in row {row}, column {column}."
    hint_ja, hint_en = (
        "行は見出しを除いて 1 から、列は左から 1 から数えます。",
        "Rows count from 1 after the headings, columns from 1 at the left.",
    )
