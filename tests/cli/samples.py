"""Checkup files for the transcripts: one good one, and one for each way in which a file can be bad. Nobody in them exists."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

from akashi.app.demo import read_heads
from akashi.app.desk.maps import FORMATS, MapShelf
from akashi.checkup.generate import Maker, encode_file

_ON = date(2026, 11, 21)
_SHELF = MapShelf(Path("no maps of one's own"))


def _rows(people: int) -> list[list[str]]:
    layout = next(one for one in _SHELF.maps() if one.map_id.startswith("hoshi"))
    heads = read_heads(FORMATS / "layouts" / "hoshi.csv", layout.header_rows)
    maker = Maker(heads, layout, _SHELF.items(), _ON, messy=False)
    data = b"".join(encode_file(heads, maker.rows(7, people), encoding="utf-8", quoted=True))
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def _file(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    return b"".join(encode_file([], iter(rows), encoding=encoding, quoted=True))


def _good() -> bytes:
    return _file(_rows(3))


def _other() -> bytes:
    return _file(_rows(4))


def _with(column: str, text: str) -> bytes:
    rows = _rows(3)
    rows[1][rows[0].index(column)] = text
    return _file(rows)


def _missing() -> bytes:
    rows = _rows(2)
    index = rows[0].index("受診年月日")
    return _file([row[:index] + row[index + 1 :] for row in rows])


def _duplicate() -> bytes:
    rows = _rows(2)
    rows[0][rows[0].index("シメイ")] = "氏名"
    return _file(rows)


SAMPLES: dict[str, Callable[[], bytes]] = {
    "good.csv": _good,
    "other.csv": _other,
    "utf16.csv": lambda: _good().decode().encode("utf-16"),
    "latin.csv": lambda: _good().replace("受診者番号".encode(), b"\xe9\xff\xfe"),
    "quotes.csv": lambda: _good()[:-3] + b"\r\n" * 2,
    "unknown.csv": lambda: b"a,b,c\r\n1,2,3\r\n",
    "duplicate.csv": _duplicate,
    "missing.csv": _missing,
    "empty.csv": lambda: b"",
    "norows.csv": lambda: _file(_rows(0)),
    "nul.csv": lambda: _good().replace("氏名".encode(), b"\x00", 1),
    "formula.csv": lambda: _with("被保険者記号", "=cmd|' /C calc'!A0"),
    "narrow.csv": lambda: _good().rstrip(b"\r\n").rsplit(b',"', 1)[0] + b"\r\n",
    "program.csv": lambda: b"\x7fELF" + bytes(100),
}
