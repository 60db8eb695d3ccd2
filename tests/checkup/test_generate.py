"""The generator: invented people, the same for the same seed; and the main job on every layout."""

from __future__ import annotations

import csv
import io

import pytest

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, convert, inspect, layout_hash, load_map, stops
from akashi.checkup.generate import Maker, encode_file
from akashi.checkup.tabular.layout import Columns, coverage
from tests.checkup.conftest import FORMATS, ON, SHARED, headers_of

REAL = SHARED / "data/layouts/agency-830-columns-header.csv"


def made(name: str, layout_map: LayoutMap, items: ItemTable, *, seed: int = 1, count: int = 30) -> bytes:
    """A file of an invented institution in its own form."""
    headers = headers_of(name)
    rows = Maker(headers, layout_map, items, ON, messy=name == "midori").rows(seed, count)
    encoding = "cp932" if name == "midori" else "utf-8"
    return b"".join(encode_file(headers, rows, encoding=encoding, quoted=name == "hoshi"))


def test_the_same_seed_gives_the_same_file(midori: LayoutMap, items: ItemTable) -> None:
    """And another seed another."""
    assert made("midori", midori, items) == made("midori", midori, items)
    assert made("midori", midori, items) != made("midori", midori, items, seed=2)


def test_no_insurer_of_the_generator_exists(hoshi: LayoutMap, items: ItemTable) -> None:
    """All start with 99."""
    rows = list(csv.reader(io.StringIO(made("hoshi", hoshi, items).decode())))
    place = rows[0].index("保険者番号")

    assert {row[place][:2] for row in rows[1:]} == {"99"}


def test_hoshi_is_all_quoted(hoshi: LayoutMap, items: ItemTable) -> None:
    """Every cell stands in quotes."""
    line = made("hoshi", hoshi, items).splitlines()[1].decode()

    assert line.count('"') == 2 * len(headers_of("hoshi")[0])


@pytest.mark.parametrize("name", ["midori", "hoshi"])
def test_the_main_job_on_the_invented_institutions(
    name: str, subset: FormatDefinition, items: ItemTable, request: pytest.FixtureRequest
) -> None:
    """Inspect recognises the file, conversion writes every person, nothing stops it."""
    layout_map: LayoutMap = request.getfixturevalue(name)
    data = made(name, layout_map, items)
    out = io.BytesIO()

    seen = inspect(io.BytesIO(data), maps=[layout_map])
    report = convert(io.BytesIO(data), layout_map, subset, out, on=ON, items=items)

    assert (seen.map_id, seen.sampled_rows, seen.layout_hash) == (layout_map.map_id, 30, report.layout_hash)
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("cp932"), newline="")))
    assert {len(row) for row in rows} == {2000}
    assert (len(rows), report.rows_out, report.rows_skipped) == (31, 30, 0)
    assert stops(dict(report.counts_by_code)) == 0
    assert report.coverage.undecided == 0


def test_midori_is_messy_in_every_way(midori: LayoutMap, items: ItemTable) -> None:
    """The forms of real files occur in its cells."""
    text = made("midori", midori, items, count=200).decode("cp932")

    for form in ("（－）", "（４＋）", "1+", "+-", "未満", "以下", "以上", "ｷﾔﾝｾﾙ", "/", " 要受診", "Ｃ６", "Ｃ１２", "D2",
                 "異常(所見)なし", "年", "S", "男性", "M", "以前は", "-5"):  # fmt: skip
        assert form in text, form


def test_results_survive_the_journey(midori: LayoutMap, subset: FormatDefinition, items: ItemTable) -> None:
    """White cells in hundreds come out whole; identifiers come out as they were."""
    data = made("midori", midori, items)
    source = list(csv.reader(io.StringIO(data.decode("cp932"))))
    out = io.BytesIO()

    convert(io.BytesIO(data), midori, subset, out, on=ON, items=items)

    rows = list(csv.DictReader(io.StringIO(out.getvalue().decode("cp932"))))
    place = source[1].index("個人ID")
    white = source[0].index("白血球")
    plain = [
        (a[white], b["白血球数"])
        for a, b in zip(source[2:], rows, strict=True)
        if a[white].isascii() and a[white].isdigit()
    ]
    assert [row["受診者ID"] for row in rows] == [row[place] for row in source[2:]]
    assert len(plain) > 10
    assert all(int(after) == int(before) * 100 for before, after in plain)


def test_the_map_of_the_real_layout_covers_its_examinations() -> None:
    """At least 150 columns are mapped, judgements among them."""
    real = load_map((FORMATS / "maps/agency-830.yaml").read_text())

    assert len(real.rules) >= 150
    assert sum(rule.role.value == "JUDGEMENT" for rule in real.rules) > 50


@pytest.mark.skipif(not REAL.is_file(), reason="the real institution's header row (shared/) is not present")
def test_the_main_job_on_the_real_layout(subset: FormatDefinition, items: ItemTable) -> None:
    """830 columns, none undecided, every generated person converted without a stop."""
    real = load_map((FORMATS / "maps/agency-830.yaml").read_text())
    with REAL.open(encoding="utf-8-sig", newline="") as stream:
        headers = list(csv.reader(stream))
    data = b"".join(encode_file(headers, Maker(headers, real, items, ON, messy=True).rows(5, 20), encoding="cp932"))

    report = convert(io.BytesIO(data), real, subset, io.BytesIO(), on=ON, items=items)

    assert real.layout_hash == layout_hash(headers, ",")
    assert coverage(Columns(headers), real).undecided == 0
    assert (report.rows_out, stops(dict(report.counts_by_code))) == (20, 0)
