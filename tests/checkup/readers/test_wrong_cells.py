"""Attacks on the formats in a row: what one format says must not mean more, or something else, in the next."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import ItemResult, NeutralRecord, Status, load_definition
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.model import Finding
from akashi.checkup.writers.fkac import expressible_fkac522, write_fkac522
from akashi.checkup.writers.jma import expressible_jma, write_jma
from akashi.checkup.writers.standard_records import expressible_standard
from tests.checkup.conftest import FORMATS
from tests.checkup.readers.shipped import ITEMS, QUICK

HEIGHT, SMOKING = "9N001000000000001", "9N736000000000011"
OLD_TABLE = "1.2.392.200119.6.2003"
SHAPE = load_definition((FORMATS / "akashi-subset-1.yaml").read_text())
FORMATS_OF = {
    "fkac522": lambda record: expressible_fkac522(record, ITEMS),
    "jma": lambda record: expressible_jma(record, ITEMS),
    "standard": lambda record: expressible_standard(record, SHAPE, ITEMS),
}
HOSTILE = st.builds(
    ItemResult,
    code=st.just(HEIGHT),
    occurrence=st.just(1),
    status=st.sampled_from(list(Status)),
    unit=st.sampled_from(("", "cm", "m", "尺")),
    original=st.sampled_from(("", "1.7", "170")),
    standard=st.sampled_from(("1.7", "170", "170未満", "170以上", "高い", "未実施")),
    coded=st.sampled_from(("", "1")),
    qualifier=st.sampled_from(("", "<", "<=", ">=", ">", "未満")),
).filter(lambda one: bool(one.qualifier) or not one.standard.endswith(("未満", "以上")))


def _record(*results: ItemResult) -> NeutralRecord:
    return NeutralRecord(1, 1, "format:hc08", ITEMS.table_id, {"visit.date": "2026-05-16"}, {}, results)


def _number(result: ItemResult) -> str:
    return result.standard.removesuffix(WORD_OF_QUALIFIER.get(result.qualifier, ""))


@pytest.mark.parametrize("name", FORMATS_OF)
@QUICK
@given(given=HOSTILE)
def test_no_format_understands_what_the_record_did_not(name: str, given: ItemResult) -> None:
    """A value read back is the number, the unit and the side that were written; all else is a text or is left out."""
    again = FORMATS_OF[name](_record(given)).item(HEIGHT)

    measured = {Status.VALUE, Status.BELOW, Status.ABOVE}
    if again is None or again.status not in measured:
        return
    assert given.status is again.status
    assert (given.unit or "cm") == again.unit
    assert _number(given) == _number(again)
    assert given.qualifier in {"", again.qualifier}


@pytest.mark.parametrize("name", FORMATS_OF)
def test_an_answer_of_another_table_is_not_read_by_ours(name: str) -> None:
    """2 means いいえ in the table of the 3rd term and something else in ours: the code never travels without its table."""
    old = ItemResult(SMOKING, 1, Status.VALUE, "", "いいえ", "いいえ", coded="2", answers=OLD_TABLE)

    again = FORMATS_OF[name](_record(old)).item(SMOKING)

    assert again is None or again.standard == "いいえ"


def test_every_format_keeps_what_is_plainly_measured() -> None:
    """The guards above leave nothing out that can be said."""
    plain = ItemResult(HEIGHT, 1, Status.VALUE, "cm", "170", "170")
    beyond = replace(plain, status=Status.ABOVE, qualifier=">=", standard="170以上")

    kept = [form(_record(one)).item(HEIGHT) for form, one in product(FORMATS_OF.values(), (plain, beyond))]

    assert [one.standard if one else "" for one in kept] == ["170", "", "170", "170以上", "170", "170以上"]


def test_what_a_format_leaves_out_is_told() -> None:
    """By a finding with the item."""
    found: list[Finding] = []
    turned = ItemResult(HEIGHT, 1, Status.UNMATCHED, "", "170", "170")

    write_jma([_record(turned)], ITEMS, io.BytesIO(), finding_sink=found.append)

    assert [(finding.code, finding.item) for finding in found] == [("write.left_out", HEIGHT)]


@pytest.mark.parametrize("write", [write_jma, write_fkac522])
def test_a_value_that_is_written_without_its_judgement_is_not_called_left_out(write: Callable[..., object]) -> None:
    """The value is in the file; what was lost of it has a finding of its own."""
    found: list[Finding] = []
    judged = ItemResult(HEIGHT, 1, Status.VALUE, "cm", "170", "170", judgement="A")
    out = io.BytesIO()

    write([_record(judged)], ITEMS, out, finding_sink=found.append)

    assert b"170" in out.getvalue()
    assert [finding.item for finding in found if finding.code == "write.part"] == [HEIGHT]
    assert "write.left_out" not in {finding.code for finding in found}
