"""Opening files: every damaged one is refused with its own code and line, every good one read alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup.errors import (
    BrokenQuotes,
    EmptyFile,
    EncodingNotUsable,
    FileTooLarge,
    LineTooLong,
    NulByte,
)
from akashi.checkup.tabular.reading import HEAD_BYTES, MAX_LINE, detect_encoding, open_source
from akashi.errors import InputError


def read_all(data: bytes, limit: int = 10_000_000) -> list[list[str]]:
    """All rows of a file."""
    return [row for _line, row in open_source(io.BytesIO(data), limit).rows()]


@pytest.mark.parametrize(
    ("encode", "encoding"),
    [
        (lambda text: text.encode("cp932"), "cp932"),
        (lambda text: text.encode(), "utf-8"),
        (lambda text: text.encode("utf-8-sig"), "utf-8-sig"),
    ],
)
def test_three_encodings_give_the_same_rows(encode: Callable[[str], bytes], encoding: str) -> None:
    """CP932 and UTF-8 with or without mark are told apart, and the mark is no part of the first heading."""
    data = encode("氏名,身長\r\n髙橋,170\r\n")

    source = open_source(io.BytesIO(data))

    assert source.encoding == encoding
    assert [row for _line, row in source.rows()] == [["氏名", "身長"], ["髙橋", "170"]]


def test_the_first_line_that_is_not_ascii_decides_where_the_head_said_nothing() -> None:
    """English headings and a long plain beginning: the file still is CP932; after that it has to stay so."""
    data = b"id,name\n" + b"1,x\n" * (HEAD_BYTES // 4) + "2,髙橋\n".encode("cp932")

    assert read_all(data)[-1] == ["2", "髙橋"]
    with pytest.raises(EncodingNotUsable):
        read_all(data + b"3,\xff\n")


def test_tab_is_found() -> None:
    """A tab-separated file may hold commas."""
    assert read_all("氏名\t身長\tx\n星,空\t170\t\n".encode())[1] == ["星,空", "170", ""]


def test_a_character_cut_by_the_head_is_no_error() -> None:
    """Detection reads a fixed number of bytes, which may end inside a character."""
    data = b"a,b\n" + b"x" * (HEAD_BYTES - 5) + "漢,1\n".encode()

    assert detect_encoding(data[:HEAD_BYTES]) == "utf-8"
    assert read_all(data)[1][0].endswith("漢")


@pytest.mark.parametrize("size", [HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1])
def test_rows_across_the_end_of_the_head_are_whole(size: int) -> None:
    """Where the head ends makes no difference."""
    line = b"abcdefg,1\n"
    data = (line * (size // len(line) + 3))[:size]
    expected = data.count(b"\n") + (0 if data.endswith(b"\n") else 1)

    assert len(read_all(data)) == expected


@pytest.mark.parametrize(
    ("data", "error", "line"),
    [
        (b"", EmptyFile, None),
        (b"\r\n\n  \r\n", EmptyFile, None),
        (b"a,b\n1,2\n1,\0\n", NulByte, 3),
        ("a,b\n氏,1\n".encode("utf-16"), EncodingNotUsable, 1),
        (b"a,b\n1,\x81\x20\n", EncodingNotUsable, 2),
        ("氏,b\n".encode() + b"1,\xff\n", EncodingNotUsable, None),
        (b"a,b\n1,\xfe\n", EncodingNotUsable, 2),
        (b'a,b\n1,"x"y\n', BrokenQuotes, 2),
        (b'a,b\n1,"x\n2,3\n', BrokenQuotes, 3),
        (b"a,b\n" + b"x" * (MAX_LINE + 1) + b"\n", LineTooLong, 2),
        (b'a,b\n1,"' + (b"y" * 1000 + b"\n") * 1100, LineTooLong, None),
    ],
)
def test_damaged_files_are_refused_with_their_line(data: bytes, error: type[InputError], line: int | None) -> None:
    """Wrong encoding, NUL, broken quotes, endless lines: each its own code, and the line where it is known."""
    with pytest.raises(error) as caught:
        read_all(data)

    assert line is None or caught.value.params["line"] == line
    assert caught.value.sentence("ja")


class Endless(io.RawIOBase):
    """A stream that gives rows for ever and counts what was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the stub names an internal buffer type
        """Rows of twelve bytes."""
        row = b"abc,def,gh\r\n"
        size = len(buffer) // len(row) * len(row)
        buffer[:size] = row * (size // len(row))
        self.taken += size
        return size


def test_a_file_beyond_the_limit_is_refused_without_reading_it_whole() -> None:
    """A 600 MB file costs no more than the limit."""
    endless = Endless()
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", endless), 1200))
    source = open_source(stream, limit_bytes=1_000_000)

    with pytest.raises(FileTooLarge):
        for _row in source.rows():
            pass

    assert endless.taken < 2_000_000


def test_blank_lines_are_no_rows_and_lines_are_counted() -> None:
    """The line number is that of the file, also after blank lines and line breaks inside quotes."""
    source = open_source(io.BytesIO(b'a,b\n\n1,"x\ny"\n\n2,3\n'))

    assert list(source.rows()) == [(1, ["a", "b"]), (4, ["1", "x\ny"]), (6, ["2", "3"])]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_our_own_error(data: bytes) -> None:
    """No foreign exception comes out of the reader."""
    # Anything but our own refusal would leave the block and fail the test.
    rows: list[list[str]] = []
    with suppress(InputError):
        rows = read_all(data)

    assert all(isinstance(cell, str) for row in rows for cell in row)
