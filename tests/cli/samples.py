"""Checkup files for the transcripts: one good one, and one for each way in which a file can be bad. Nobody in them exists."""

from __future__ import annotations

import csv
import io
import zipfile
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


def _new() -> bytes:
    """The same cells under headings of an institution that nobody has seen."""
    rows = _rows(3)
    return _file([[*rows[0][:-1], "まったく別の列"], *rows[1:]])


def _claims() -> bytes:
    """The claims of the good file's people; the columns of the table are in docs/checkup-archive.md."""
    heads, *rows = _rows(3)
    keys = {
        "保険者番号": "保険者番号",
        "被保険者証記号": "被保険者記号",
        "被保険者証番号": "被保険者番号",
        "実施年月日": "受診年月日",
    }
    money = {
        "請求区分": "1",
        "委託料単価区分": "1",
        "単価合計": "9000",
        "窓口負担合計": "1000",
        "請求金額": "8000",
        "郵便番号": "100-0001",
    }
    table = [[row[heads.index(one)] for one in keys.values()] + list(money.values()) for row in rows]
    tickets = [[f"2600000000{number}"] for number in range(len(rows))]
    return _file(
        [[*keys, *money, "受診券整理番号"], *(row + ticket for row, ticket in zip(table, tickets, strict=True))]
    )


def _laughs() -> bytes:
    """A document that would grow without end: ten entities, each ten of the one before."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><ClinicalDocument>&a9;</ClinicalDocument>'.encode()


def _bomb() -> bytes:
    """An archive whose one document unpacks to a thousand times its size."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        name = "9910000001_99000001_202606010_1/DATA/h99100000012026060101000001.xml"
        archive.writestr(zipfile.ZipInfo(name, (2026, 6, 1, 0, 0, 0)), bytes(1 << 25), zipfile.ZIP_DEFLATED)
    return out.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    "good.csv": _good,
    "other.csv": _other,
    "claims.csv": _claims,
    "claimscut.csv": lambda: _claims().rsplit(b"\r\n", 2)[0].replace(b"9000", b"9,000", 1) + b"\r\n",
    "new.csv": _new,
    "utf16.csv": lambda: _good().decode().encode("utf-16"),
    "latin.csv": lambda: _good().replace("受診者番号".encode(), b"\xe9\xff\xfe"),
    "quotes.csv": lambda: _good()[:-3] + b"\r\n" * 2,
    "wave.csv": lambda: _with("心電図所見", "謎の波"),
    "unknown.csv": lambda: b"a,b,c\r\n1,2,3\r\n",
    "duplicate.csv": _duplicate,
    "missing.csv": _missing,
    "empty.csv": lambda: b"",
    "norows.csv": lambda: _file(_rows(0)),
    "nul.csv": lambda: _good().replace("氏名".encode(), b"\x00", 1),
    "formula.csv": lambda: _with("被保険者記号", "=cmd|' /C calc'!A0"),
    "narrow.csv": lambda: _good().rstrip(b"\r\n").rsplit(b',"', 1)[0] + b"\r\n",
    "words.csv": lambda: _with("既往歴有無", "まったく知らない言葉"),
    "noid.csv": lambda: _with("受診者番号", ""),
    "guidance.xml": (Path(__file__).parents[1] / "checkup" / "archive" / "golden" / "guidance.xml").read_bytes,
    "laughs.xml": _laughs,
    "bomb.zip": _bomb,
    "program.csv": lambda: b"\x7fELF" + bytes(100),
}
