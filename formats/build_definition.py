# ruff: noqa: INP001  (a program beside data files, not a package)
"""Rebuild our own format definition from the item tables.

Guarantees: the same tables give the same bytes (a test compares). Refuses: resembling the official 健診標準フォーマット
ver 5.0, whose columns we have never seen: names, order and numbering here are ours, and the label says so.

Run from the repository root: ``python formats/build_definition.py formats``
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PERSON = (
    ("受診者ID", "person.id", 64), ("氏名", "person.name", 128), ("カナ氏名", "person.kana", 128),
    ("性別", "person.sex", 2), ("生年月日", "person.birth", 10), ("郵便番号", "person.postal", 8),
    ("住所", "person.address", 256), ("受診日", "visit.date", 10), ("受診番号", "visit.number", 64),
    ("コース", "visit.course", 128), ("受診時年齢", "visit.age", 8), ("健診機関番号", "institution.code", 10),
    ("健診機関名", "institution.name", 128), ("保険者番号", "insurance.insurer", 8), ("記号", "insurance.symbol", 64),
    ("番号", "insurance.number", 64), ("枝番", "insurance.branch", 2), ("受診券整理番号", "ticket.number", 11),
    ("勤務先", "employer.name", 128), ("所属", "employer.section", 128), ("社員番号", "employer.number", 64),
)  # fmt: skip
HEADER = """\
# Our own subset, made from public item facts. It is NOT the official 健診標準フォーマット, of any version.
definition: 1
format: akashi-subset-1
label: Akashi subset 1 (our own layout; not the official 健診標準フォーマット)
encoding: cp932
heading: true
dates: iso
columns:
"""
# A judgement belongs to an examination, not to an answer or to another judgement.
UNJUDGED = ("質問票", "生活機能", "後期", "医師の判断", "情報提供", "初回面接", "判定", "総合判定")
COLUMNS = 2000
TABLES = ("items-v4.csv", "items-additional.csv", "items-own.csv")


def line(**fields: str | int) -> str:
    """One column in flow style; texts are quoted."""
    parts = (f'{name}: "{value}"' if isinstance(value, str) else f"{name}: {value}" for name, value in fields.items())
    return "- {" + ", ".join(parts) + "}\n"


def item_lines(item: dict[str, str], name: str, *, national: bool) -> Iterator[str]:
    """The columns of one item: the standard value for all, companions by type and table."""
    code, group = item["code"], item["category"]
    # Coded answers are written as their words, and days as YYYY-MM-DD: both need more room than the XML's code.
    size = max(int(item["bytes"] or "0"), 64 if item["type"] != "ST" else 10)
    extra: dict[str, str | int] = {"type": item["type"], "max_bytes": size}
    if item["type"] == "PQ":
        extra |= {"decimals": int(item["decimals"] or "0"), "unit": item["unit"]}
    yield line(name=name, kind="standard", source=code, group=group, **extra)
    if national and item["type"] != "ST":
        yield line(name=f"{name}（原文）", kind="original", source=code, group=group)
    if national and item["type"] == "PQ":
        for kind, label in (("low", "下限"), ("high", "上限"), ("unit", "単位"), ("flag", "H/L")):
            yield line(name=f"{name}（{label}）", kind=kind, source=code, group=group, max_bytes=64)
    if not group.startswith(UNJUDGED):
        yield line(name=f"{name}（判定）", kind="judgement", source=code, group=group, max_bytes=64)


def build(folder: Path) -> bytes:
    """The whole definition."""
    items: list[tuple[dict[str, str], bool]] = []
    for table in TABLES:
        with (folder / table).open(encoding="utf-8", newline="") as stream:
            items += [(item, table == TABLES[0]) for item in csv.DictReader(stream)]
    often = Counter(item["name"] for item, _national in items)
    columns = [line(name=n, kind="field", source=t, group="本人", max_bytes=size) for n, t, size in PERSON]
    for item, national in items:
        unique = item["name"] if often[item["name"]] == 1 else f"{item['name']}/{item['code']}"
        columns += item_lines(item, unique, national=national)
    spares = f"spares: {{count: {COLUMNS - len(columns)}, name: 予備}}\n"
    parts = [HEADER, *columns, spares]
    return "".join(parts).encode()


if __name__ == "__main__":
    Path(sys.argv[1], "akashi-subset-1.yaml").write_bytes(build(Path(sys.argv[1])))
