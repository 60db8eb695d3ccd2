"""Recognising layouts and finding columns."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import LayoutMap, inspect, layout_hash, recognise
from akashi.checkup.errors import (
    AmbiguousHeader,
    EmptyFile,
    HeadingMissing,
    LayoutUnknown,
    MapNotValid,
    MissingColumn,
    NoRows,
)
from akashi.checkup.formats.maps import Locator
from akashi.checkup.model import Coverage
from akashi.checkup.rules import RowFit, heading_rows, row_fit
from akashi.checkup.tabular.layout import Columns, coverage
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW


def test_the_hash_is_that_of_the_documented_text() -> None:
    """The layout hash is part of map files: it never changes."""
    text = "akashi/layout/1\n,\n1\n2\n2:身長2:体重"

    assert layout_hash([["身長", "体重"]], ",") == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4), st.lists(st.text(max_size=4), min_size=1, max_size=4))
def test_two_layouts_share_a_hash_only_if_they_fold_to_the_same(one: list[str], other: list[str]) -> None:
    """Cells cannot flow into each other."""
    same = [Columns([one]).lower] == [Columns([other]).lower]

    assert (layout_hash([one], ",") == layout_hash([other], ",")) == same


def test_delimiter_order_and_row_count_are_part_of_the_hash() -> None:
    """A tab file, another order and a two-row heading are other layouts."""
    hashes = {
        layout_hash([["a", "b"]], ","), layout_hash([["a", "b"]], "\t"), layout_hash([["b", "a"]], ","),
        layout_hash([["a"], ["b"]], ","), layout_hash([["a", ""]], ","),
    }  # fmt: skip

    assert len(hashes) == 5


def test_columns_are_found_by_name_context_occurrence_and_number() -> None:
    """A blank upper heading continues the one to its left."""
    columns = Columns([["身長", "", "体重", ""], ["結果", "判定", "結果", "判定"]])

    assert columns.find(Locator(header="結果", context="体重")) == 2
    assert columns.find(Locator(header="判定", occurrence=2)) == 3
    assert columns.find(Locator(column=2)) == 1
    assert columns.find(Locator(header="判 定", context="身　長")) == 1
    assert columns.labels[3] == "体重/判定"


@pytest.mark.parametrize(
    "locator",
    [
        Locator(header="脈"),
        Locator(header="結果", occurrence=3),
        Locator(column=5),
        Locator(header="結果", context="脈"),
    ],
)
def test_a_place_that_is_not_there_is_named(locator: Locator) -> None:
    """The error quotes the map's words."""
    columns = Columns([["身長", "", "体重", ""], ["結果", "判定", "結果", "判定"]])

    with pytest.raises(MissingColumn) as caught:
        columns.find(locator)

    assert caught.value.params["header"] == locator.label
    assert columns.find_optional(locator) is None


def test_a_duplicate_heading_is_never_guessed() -> None:
    """Without an occurrence, two equal headings are an error."""
    columns = Columns([["ID", "値", "値"]])

    with pytest.raises(AmbiguousHeader) as caught:
        columns.find(Locator(header="値"))

    assert caught.value.params == {"header": "値", "count": 2}
    assert columns.duplicates() == 1


def test_recognition_takes_the_newest_valid_map(tiny: LayoutMap) -> None:
    """Two versions of a map for one layout: the later start wins, invalid ones are out."""
    later = replace(tiny, map_id="tiny-2", valid_from=date(2026, 5, 1))

    assert recognise([TINY_HEADERS, TINY_ROW], ",", [later, tiny], ON) is later
    assert recognise([TINY_HEADERS], ",", [later, tiny], date(2026, 4, 1)) is tiny


def test_recognition_takes_the_highest_version_of_a_map(tiny: LayoutMap) -> None:
    """A version replaces those before it also where it is valid since an earlier day."""
    mended = replace(tiny, version=tiny.version + 1, valid_from=date(2020, 4, 1))

    assert recognise([TINY_HEADERS], ",", [tiny, mended], ON) is mended


def test_unknown_layouts_and_expired_maps_are_told_apart(tiny: LayoutMap) -> None:
    """One needs a new map, the other a new version."""
    with pytest.raises(LayoutUnknown) as caught:
        recognise([["a", "b"]], ",", [tiny], ON)
    assert caught.value.hint("ja")
    with pytest.raises(MapNotValid):
        recognise([TINY_HEADERS], ",", [tiny], date(2027, 1, 1))


def test_coverage_counts_every_column_once(tiny: LayoutMap) -> None:
    """Deciding columns count as used; a column the map does not name is undecided."""
    assert coverage(Columns([TINY_HEADERS]), tiny) == Coverage(11, 1, 0, 0)
    assert coverage(Columns([[*TINY_HEADERS, "新"]]), tiny) == Coverage(11, 1, 0, 1)
    assert coverage(Columns([[*TINY_HEADERS, "新"]]), tiny).total == 13


def csv_of(*rows: list[str]) -> io.BytesIO:
    """A CP932 file."""
    return io.BytesIO("".join(",".join(row) + "\r\n" for row in rows).encode("cp932"))


def test_inspection_recognises_and_counts(tiny: LayoutMap) -> None:
    """A known layout names its map and coverage."""
    found = inspect(csv_of(TINY_HEADERS, TINY_ROW, TINY_ROW), maps=[tiny])

    assert (found.encoding, found.delimiter, found.header_rows, found.map_id) == ("cp932", ",", 1, "tiny")
    assert (found.sampled_rows, found.complete, found.duplicates) == (2, True, 0)
    assert found.columns == tuple(TINY_HEADERS)
    assert "身長" not in repr(found)


def test_inspection_of_an_unknown_layout_is_no_error() -> None:
    """The clerk is about to make a map."""
    found = inspect(
        csv_of(["身長", "", "値"], ["結果", "判定", ""], ["170", "A", "1"]), maps=[], is_heading=_IS_HEADING
    )

    assert (found.map_id, found.coverage, found.header_rows) == (None, None, 2)


def test_inspection_reads_a_bounded_sample() -> None:
    """A long file is not read whole."""
    found = inspect(csv_of(["a", "b"], *[["1", "2"]] * 50), maps=[], sample=10)

    assert (found.sampled_rows, found.complete) == (10, False)


@pytest.mark.parametrize(
    ("rows", "error"), [([], EmptyFile), ([["a", "b"]], NoRows), ([["身長", ""], ["結果", "判定"]], NoRows)]
)
def test_inspection_refuses_files_without_people(rows: list[list[str]], error: type[Exception]) -> None:
    """Empty, or headings only."""
    with pytest.raises(error):
        inspect(csv_of(*rows), maps=[], is_heading=_IS_HEADING)


@pytest.mark.parametrize(
    ("row", "fit"),
    [(["a", "b"], RowFit.EXACT), (["a"], RowFit.BROKEN), (["a", "b", " "], RowFit.TRIM), (["a", "b", "c"], RowFit.BROKEN), ([], RowFit.BROKEN)],
)  # fmt: skip
def test_a_row_fits_or_not(row: list[str], fit: RowFit) -> None:
    """Only empty extra cells may be dropped."""
    assert row_fit(row, 2) is fit


_IS_HEADING = {"身長", "体重", "結果", "判定", "値"}.__contains__
_MERGED = ["氏名", "性別", "身長", ""]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([_MERGED, ["", "", "結果", "判定"]], 2),
        # A person without one digit: words, but none that headings are made of.
        ([_MERGED, ["星　空", "男", "未実施", "A"]], 1),
        ([_MERGED, ["星　空", "男", "一七〇", "判定"]], 1),
        ([_MERGED, ["", "", "170", "A"]], 1),
        ([_MERGED, ["結果", "判定"]], 1),
        ([_MERGED, ["", "", "", ""]], 1),
        # Headings that are merged over nothing: the next row is somebody's, whatever it says.
        ([["身長", "体重"], ["結果", "判定"]], 1),
        ([["結果", "判定"]], 1),
        ([["星", "1960/5/16", "170", "男"], ["月", "1961/5/16", "171", "女"]], 0),
        ([["", " "], ["結果", "判定"]], 0),
        ([["身長", ""], ["結果" * 200, "値" * 201]], 1),
    ],
)
def test_a_persons_row_is_never_a_heading(rows: list[list[str]], count: int) -> None:
    """A second row of headings stands under merged cells and is made of heading words; a first one has hardly any data."""
    assert heading_rows(rows, _IS_HEADING) == count


def test_inspection_never_shows_a_person_as_headings() -> None:
    """Without words to know headings by, a second row is somebody's; a first row of data is refused."""
    seen = inspect(csv_of(["氏名", "性別", "判定", ""], ["星　空", "男", "異常なし", "A"]), maps=[])

    assert (seen.header_rows, seen.columns) == (1, ("氏名", "性別", "判定", ""))
    with pytest.raises(HeadingMissing):
        inspect(csv_of(["星　空", "1960/5/16", "170"], ["月　光", "1961/5/16", "171"]), maps=[], is_heading=_IS_HEADING)
