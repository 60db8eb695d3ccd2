"""The dry run: coverage with names, fillings, masked words, what changed in the layout."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap
from akashi.checkup.formats.maps import Locator
from akashi.checkup.mapping.check import check_map
from akashi.checkup.mapping.model import MapCheck
from akashi.checkup.model import Role
from akashi.errors import Misuse
from tests.checkup.conftest import TINY_HEADERS, TINY_ROW
from tests.checkup.mapping.conftest import ON


@pytest.fixture
def run(items: ItemTable, tiny_format: FormatDefinition):  # noqa: ANN201  # a function of rows
    """Checks a map on rows under the tiny headings."""

    def check(layout_map: LayoutMap, rows: list[list[str]], headers: list[str] = TINY_HEADERS) -> MapCheck:
        text = "\r\n".join(",".join(row) for row in [headers, *rows]) + "\r\n"
        return check_map(io.BytesIO(text.encode()), layout_map, items, tiny_format, on=ON)

    return check


def test_columns_are_named_by_what_becomes_of_them(run, tiny: LayoutMap) -> None:  # noqa: ANN001  # see run
    """Used (the deciding column too), ignored, watched; nothing is undecided here."""
    watched = replace(tiny, rules=tiny.rules[:-1], watched=(Locator(header="判定"),))

    found = run(watched, [TINY_ROW])

    assert found.used == tuple(TINY_HEADERS[:10])
    assert (found.ignored, found.watched, found.undecided) == (("備考",), ("判定",), ())
    assert found.coverage.total == len(TINY_HEADERS)


def test_fillings_are_counted_under_their_condition(run, tiny: LayoutMap) -> None:  # noqa: ANN001  # see run
    """Fasting glucose is filled in one row, casual in the other, height in none of them twice."""
    casual = [*TINY_ROW]
    casual[0], casual[3], casual[6] = "P2", "", "随時"

    found = run(tiny, [TINY_ROW, casual])

    filled = {(one.target, one.role): one.filled for one in found.filling}
    assert filled["3D010000001999901", Role.VALUE] == filled["3D010129901999901", Role.VALUE] == 1
    assert filled["9N001000000000001", Role.VALUE] == 1
    assert filled["9N001000000000001", Role.JUDGEMENT] == 2
    assert found.blank_rates["4:身長"] == 0.5


def test_words_no_table_knows_are_counted_per_table(run, tiny: LayoutMap) -> None:  # noqa: ANN001  # see run
    """Two distinct letters outside the judgement table; the words themselves are not shown."""
    rows = [[*TINY_ROW] for _ in range(3)]
    for number, (row, letter) in enumerate(zip(rows, ("Z9", "Y8", "Ｚ９"), strict=True)):
        row[0], row[10] = f"P{number}", letter

    found = run(tiny, rows)

    assert found.unmatched == {"grades": 2}
    assert found.counts["cell.judgement"] == 3
    assert "Z9" not in repr(found)


def test_examples_are_masked(run, tiny: LayoutMap) -> None:  # noqa: ANN001  # see run
    """The name column shows kanji only as 漢."""
    found = run(tiny, [TINY_ROW])

    examples = {one.target: one.examples for one in found.filling}
    assert examples["person.name"] == ("漢　漢",)


def test_a_changed_layout_is_told(run, tiny: LayoutMap) -> None:  # noqa: ANN001  # see run
    """A vanished column by the map's name, a new one by its heading; moving alone changes nothing but the hash."""
    headers = [*TINY_HEADERS[:-1], "新項目"]

    found = run(tiny, [TINY_ROW], headers)

    assert (found.layout.known, found.layout.vanished, found.layout.unmapped) == (False, ("備考",), ("新項目",))
    assert run(tiny, [TINY_ROW]).layout.known


def test_a_stream_that_cannot_be_read_twice_is_a_misuse(
    items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition
) -> None:
    """The dry run reads the file twice."""

    class Once(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(Misuse):
        check_map(Once(b"x"), tiny, items, tiny_format, on=ON)
