r"""From a stream of bytes to rows of text: encoding, delimiter, quotes, limits.

Guarantees: reads forward only and holds one line (plus the head used for detection) in memory; every refusal
names the file line. Refuses: workbooks, zips and documents, UTF-16, NUL bytes, broken quotes, endless lines, and more bytes than allowed.

>>> import io
>>> source = open_source(io.BytesIO("氏名,身長\r\n見本,170\r\n".encode("cp932")))
>>> source.encoding, source.delimiter, list(source.rows())
('cp932', ',', [(1, ['氏名', '身長']), (2, ['見本', '170'])])
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from akashi.checkup.errors import BrokenQuotes, EmptyFile, EncodingNotUsable, FileTooLarge, LineTooLong, NulByte
from akashi.errors import InputError

DEFAULT_LIMIT = 512 * 1024 * 1024
HEAD_BYTES = 256 * 1024
MAX_LINE = 1024 * 1024
# The csv module has one limit for the whole process; cells can never be longer than the line limit anyway.
csv.field_size_limit(MAX_LINE)


# A zip (an Excel workbook is one, as is an archive of documents), a workbook of before 2007, XML, JSON, PDF: no heading begins so.
_NO_TABLES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    bytes.fromhex("d0cf11e0a1b11ae1"),
    b"<?xml",
    b"<ClinicalDocument",
    b'{"',
    b"%PDF-",
)


class NoTable(InputError):
    """An Excel workbook, a zip or a document where a CSV is needed."""

    code = "checkup.no_table"
    ja, en = (
        "CSV の表ではありません（Excel ブック、ZIP、XML、JSON、PDF のいずれかです）。",
        "This is no CSV table but an Excel workbook or a ZIP, XML, JSON or PDF file.",
    )
    hint_ja = "Excel なら、「名前を付けて保存」で「CSV UTF-8（コンマ区切り）」を選んで保存し直してください。特定健診や FHIR のファイルは「健診結果を見る」の画面か「akashi checkup read」で読めます。"
    hint_en = "Of an Excel workbook, save the sheet as “CSV UTF-8 (comma delimited)”. National checkup and FHIR documents are read by `akashi checkup read`."


def detect_encoding(head: bytes) -> str:
    """``utf-8-sig``, ``utf-8`` or ``cp932`` from the first bytes; a cut last character is allowed.

    A file is CP932 only when it is not UTF-8: CP932 bytes hardly ever happen to form UTF-8.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise EncodingNotUsable(line=1)
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.reason == "unexpected end of data" else "cp932"
    return "utf-8"


def detect_delimiter(first_line: str) -> str:
    """Tab where the first line has more tabs than commas, otherwise comma."""
    return "\t" if first_line.count("\t") > first_line.count(",") else ","


@dataclass
class Source:
    """An opened file: its detected form and its rows, to be read once."""

    encoding: str
    delimiter: str
    limit_bytes: int
    _stream: BinaryIO = field(repr=False)
    _head: bytes = field(repr=False)
    # How far reading has come: bytes, and lines of the file.
    taken: int = 0
    line: int = 0

    def _raw_lines(self) -> Iterator[bytes]:
        head = self._head
        start = 0
        while (end := head.find(b"\n", start)) >= 0:
            yield head[start : end + 1]
            start = end + 1
        rest = head[start:]
        # The head was cut anywhere; its last piece is completed from the stream.
        if len(rest) <= MAX_LINE:
            rest += self._stream.readline(MAX_LINE + 1)
        if rest:
            yield rest
        while line := self._stream.readline(MAX_LINE + 1):
            yield line

    def _lines(self) -> Iterator[str]:
        codec = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        plain = self.encoding == "utf-8"
        for number, line in enumerate(self._raw_lines(), start=1):
            self.line = number
            self.taken += len(line)
            if self.taken > self.limit_bytes:
                raise FileTooLarge(limit=self.limit_bytes)
            if len(line) > MAX_LINE:
                raise LineTooLong(line=number, limit=MAX_LINE)
            if b"\0" in line:
                raise NulByte(line=number)
            try:
                text = line.decode(codec)
            except UnicodeDecodeError:
                if not plain:
                    raise EncodingNotUsable(line=number) from None
                # So far all was ASCII, which says nothing: the first other line decides.
                codec = self.encoding = "cp932"
                text = self._decoded(line, number)
            plain = plain and line.isascii()
            # Python gives these three bytes private signs; in real CP932 they occur nowhere.
            if codec == "cp932" and (b"\xfd" in line or b"\xfe" in line or b"\xff" in line):
                raise EncodingNotUsable(line=number)
            yield text.removeprefix("\ufeff") if number == 1 else text

    @staticmethod
    def _decoded(line: bytes, number: int) -> str:
        try:
            return line.decode("cp932")
        except UnicodeDecodeError:
            raise EncodingNotUsable(line=number) from None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(file line on which the row ends, cells); blank lines are left out.

        Lines without quotes, and lines whose every cell is in quotes, are parted at the delimiter: three times as
        fast as the csv module, which reads all others (and the lines that follow inside their quotes).
        """
        lines = self._lines()
        waiting: list[str] = []
        reader = csv.reader(_fed(waiting, lines), delimiter=self.delimiter, strict=True)
        part = _parted(self.delimiter)
        try:
            for line in lines:
                row = part(line)
                if row is None:
                    waiting.append(line)
                    row = next(reader)
                if row:
                    yield self.line, row
        except csv.Error as error:
            if "field larger" in str(error):
                raise LineTooLong(line=self.line, limit=MAX_LINE) from None
            raise BrokenQuotes(line=max(self.line, 1)) from None


def _fed(waiting: list[str], lines: Iterator[str]) -> Iterator[str]:
    """What the csv module reads: the line that waits, then those that its open quotes still need."""
    while True:
        if waiting:
            yield waiting.pop()
        elif (line := next(lines, None)) is not None:
            yield line
        else:
            return


def _parted(delimiter: str) -> Callable[[str], list[str] | None]:
    """A function from a line to its cells, or to ``None`` where only the csv module's rules can tell."""
    between = f'"{delimiter}"'

    def part(line: str) -> list[str] | None:
        body = line.rstrip("\r\n")
        if '"' not in body:
            # A carriage return inside a line is an error that the csv module names.
            return None if "\r" in body else body.split(delimiter) if body else []
        if body[0] == '"' == body[-1]:
            cells = body[1:-1].split(between)
            # Exactly two quotes per cell: none is doubled, none is part of a text.
            if body.count('"') == 2 * len(cells):
                return cells
        return None

    return part


def open_source(stream: BinaryIO, limit_bytes: int = DEFAULT_LIMIT) -> Source:
    """Look at the head of ``stream`` and return it ready to read. Raises the errors named in ``errors.py``, :class:`NoTable`."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(head))):
        head += piece
    if not head.strip():
        raise EmptyFile
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_NO_TABLES):
        raise NoTable
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NulByte(line=head.count(b"\n", 0, head.index(b"\0")) + 1)
    encoding = detect_encoding(head)
    first_line = head.lstrip(b"\r\n").split(b"\n", 1)[0].decode(encoding, errors="replace")
    return Source(encoding, detect_delimiter(first_line), limit_bytes, stream, head)
