"""The shipped tables, maps and formats, loaded once; and a tiny invented layout of our own."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from akashi.checkup import (
    FormatDefinition,
    ItemTable,
    LayoutMap,
    layout_hash,
    load_definition,
    load_items,
    load_map,
)

ROOT = Path(__file__).resolve().parents[2]
FORMATS = ROOT / "formats"
SHARED = ROOT.parent / "shared"
ON = date(2026, 6, 1)
TINY_HEADERS = ["ID", "受診日", "氏名", "身長", "尿糖", "血糖", "区分", "既往1", "既往2", "所見", "判定", "備考"]
TINY_MAP = """\
map: 1
id: tiny
institution: tiny
layout: {layout}
valid: {{from: 2026-01-01, to: 2026-12-31}}
header_rows: 1
tables:
  grades: {{"A": "異常なし", "C6": "要再検査（6か月）"}}
rules:
- {{to: person.id, at: "ID", kind: text, required: true}}
- {{to: visit.date, at: "受診日", kind: date}}
- {{to: person.name, at: "氏名", kind: name}}
- {{to: "9N001000000000001", at: "身長", kind: number, unit: "cm"}}
- {{to: "1A020000000191111", at: "尿糖", kind: graded}}
- {{to: "3D010000001999901", at: "血糖", kind: number, when: {{at: "区分", in: ["空腹"]}}}}
- {{to: "3D010129901999901", at: "血糖", kind: number, when: {{at: "区分", in: ["随時"]}}}}
- {{to: "9N056160400000049", at: ["既往1", "既往2"], kind: findings}}
- {{to: "9A110160800000049", at: "所見", kind: findings}}
- {{to: "9N001000000000001", role: JUDGEMENT, at: "判定", kind: judgement, table: grades}}
ignore: ["備考"]
"""
TINY_FORMAT = """\
definition: 1
format: tiny-1
label: for tests
encoding: utf-8
columns:
- {name: 本人, kind: field, source: person.id, max_bytes: 8}
- {name: 日, kind: field, source: visit.date}
- {name: 氏名, kind: field, source: person.name}
- {name: 空き, kind: spare}
- {name: 身長, kind: standard, source: "9N001000000000001"}
- {name: 身長原文, kind: original, source: "9N001000000000001"}
- {name: 身長単位, kind: unit, source: "9N001000000000001"}
- {name: 身長判定, kind: judgement, source: "9N001000000000001"}
- {name: 尿糖, kind: standard, source: "1A020000000191111"}
- {name: 空腹時血糖, kind: standard, source: "3D010000001999901"}
- {name: 随時血糖, kind: standard, source: "3D010129901999901"}
- {name: 既往歴, kind: standard, source: "9N056160400000049"}
- {name: 心電図, kind: standard, source: "9A110160800000049"}
spares: {count: 2, name: 予備}
"""
TINY_ROW = [
    "P1",
    "令和8年5月16日",
    "星　空",
    "１６５．５",
    "（＋）",
    "95",
    "空腹",
    "喘息",
    "",
    "不整脈/ 要受診",
    "Ｃ６",
    "x",
]


@pytest.fixture(scope="session")
def items() -> ItemTable:
    """The shipped item tables."""
    names = ("v4", "additional", "own", "v3", "guidance", "municipal")
    return load_items(
        [(FORMATS / f"items-{name}.csv").read_text() for name in names], (FORMATS / "codes-v4.csv").read_text()
    )


@pytest.fixture(scope="session")
def subset() -> FormatDefinition:
    """Our own 2,000-column format."""
    return load_definition((FORMATS / "akashi-subset-1.yaml").read_text())


@pytest.fixture(scope="session")
def midori() -> LayoutMap:
    """The messy invented institution."""
    return load_map((FORMATS / "maps/midori.yaml").read_text())


@pytest.fixture(scope="session")
def hoshi() -> LayoutMap:
    """The narrow invented institution."""
    return load_map((FORMATS / "maps/hoshi.yaml").read_text())


@pytest.fixture(scope="session")
def tiny() -> LayoutMap:
    """A map of twelve columns."""
    return load_map(TINY_MAP.format(layout=layout_hash([TINY_HEADERS], ",")))


@pytest.fixture(scope="session")
def tiny_format() -> FormatDefinition:
    """A format of fifteen columns."""
    return load_definition(TINY_FORMAT)


def headers_of(name: str) -> list[list[str]]:
    """The heading rows of a shipped layout."""
    with (FORMATS / f"layouts/{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))
