"""Invented rows agree with themselves, so that what the checks say of a real file is not drowned by the generator's chance."""

from __future__ import annotations

import io
from random import Random

import pytest

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, convert, load_map
from akashi.checkup.checks.identity import check_digit_fits
from akashi.checkup.coherence import Coherence
from akashi.checkup.generate import Maker, encode_file, person
from akashi.checkup.tabular.layout import Columns, layout_hash
from tests.checkup.conftest import ON, headers_of

HEADERS = ["身長", "体重", "BMI", "上", "下", "食後", "脂肪", "心電図", "心電図所見"]
MAP = """\
map: 1
id: small
institution: small
layout: {layout}
valid: {{from: 2026-01-01, to: 2026-12-31}}
header_rows: 1
rules:
- {{to: "9N001000000000001", at: "身長", kind: number}}
- {{to: "9N006000000000001", at: "体重", kind: number}}
- {{to: "9N011000000000001", at: "BMI", kind: number}}
- {{to: "9A751000000000001", at: "上", kind: number}}
- {{to: "9A761000000000001", at: "下", kind: number}}
- {{to: "9N141000000000011", at: "食後", kind: code}}
- {{to: "3F015000002327101", at: "脂肪", kind: number}}
- {{to: "9A110160700000011", at: "心電図", kind: code}}
- {{to: "9A110160800000049", at: "心電図所見", kind: findings}}
"""


def mended(items: ItemTable, row: list[str]) -> list[str]:
    """The row after it was made to agree with itself."""
    layout_map = load_map(MAP.format(layout=layout_hash([HEADERS], ",")))
    changed = list(row)
    Coherence(Columns([HEADERS]), layout_map, items).mend(changed)
    return changed


def test_what_contradicts_is_written_again(items: ItemTable) -> None:
    """BMI from height and weight, systolic above diastolic, fasting draw time for a fasting item, a flag for a finding."""
    row = ["165.5", "62.3", "30.0", "70", "90", "3.5時間以上10時間未満", "110", "所見なし", "不整脈"]

    assert mended(items, row) == ["165.5", "62.3", "22.7", "130", "90", "食後10時間以上", "110", "所見あり", "不整脈"]


def test_what_agrees_stays_as_it_is_written(items: ItemTable) -> None:
    """Widths and words are not levelled; absent values are left alone."""
    row = ["未実施", "６２．３", "30.0", "１２４", "76", "2", "110", "２", "異常なし/"]

    assert mended(items, row) == row


@pytest.mark.parametrize(("name", "messy"), [("hoshi", False), ("hoshi", True), ("midori", False), ("midori", True)])
def test_the_checks_find_no_contradiction_in_invented_files(
    name: str, messy: bool, subset: FormatDefinition, items: ItemTable, request: pytest.FixtureRequest
) -> None:
    """Whatever the layout, messy or plain: the checks across cells are silent."""
    layout_map: LayoutMap = request.getfixturevalue(name)
    headers = headers_of(name)
    data = b"".join(
        encode_file(headers, Maker(headers, layout_map, items, ON, messy=messy).rows(3, 60), encoding="utf-8")
    )

    report = convert(io.BytesIO(data), layout_map, subset, io.BytesIO(), on=ON, items=items)

    loud = ("bmi.", "pressure.", "draw.", "flag.", "number.", "visit.before", "persons.")
    assert {code: count for code, count in report.counts_by_code.items() if code.startswith(loud)} == {}


def test_invented_insurers_have_a_right_check_digit() -> None:
    """And a real prefecture, behind a law number that does not exist."""
    insurers = [person(Random(seed), 1).insurer for seed in range(60)]

    assert all(check_digit_fits(insurer) and 1 <= int(insurer[2:4]) <= 47 for insurer in insurers)
    assert {insurer[:2] for insurer in insurers} == {"99"}
