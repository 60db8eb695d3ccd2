"""Attacks on hc08 documents: statements that vanish, turn round or change their table on the way through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akashi.checkup import Finding, ItemResult, ItemTable, NeutralRecord, Status
from akashi.checkup.cda.forms import express
from akashi.checkup.cda.reading import DocumentReader
from tests.checkup.cda.golden import HEIGHT, SMOKING

HEAD = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<recordTarget><patientRole/></recordTarget><component><structuredBody><component><section>"
)
TAIL = "</section>{}</component></structuredBody></component></ClinicalDocument>"
MARK = '<value xsi:type="CD" code="{}" codeSystem="2.16.840.1.113883.5.83"/>'
TALL = f'<code code="{HEIGHT}"/><value xsi:type="PQ" value="170" unit="cm"/>'
MEMBER = f'<entryRelationship typeCode="COMP"><observation>{TALL}</observation></entryRelationship>'


def _entry(inner: str, attributes: str = "") -> str:
    return f"<entry><observation{attributes}>{inner}</observation></entry>"


def _read(items: ItemTable, entries: str, after: str = "", *, remember: bool = True) -> tuple[NeutralRecord, list[str]]:
    said: list[Finding] = []
    reader = DocumentReader(items, remember=remember)
    record = reader.read((HEAD + entries + TAIL.format(after)).encode(), finding_sink=said.append)
    return record, [finding.code for finding in said]


@pytest.mark.parametrize("remember", [True, False])
@pytest.mark.parametrize(
    ("entries", "after"),
    [
        (f"<entry><organizer><component><observation>{TALL}</observation></component></organizer></entry>", ""),
        ("", f"<component><section>{_entry(TALL)}</section></component>"),
        (
            _entry(TALL),
            f"<component><section><entry typeCode='DRIV'><observation>{TALL}</observation></entry></section></component>",
        ),
    ],
)
def test_results_where_hc08_has_none_are_told(items: ItemTable, entries: str, after: str, *, remember: bool) -> None:
    """In an organizer or a section within a section: not read, and nobody believes there were none."""
    assert "hc08.value" in _read(items, entries, after, remember=remember)[1]


@pytest.mark.parametrize(
    "entry",
    [
        _entry(MARK.format("H") + MARK.format("L") + TALL),
        _entry(MARK.format("H") + TALL + '<interpretationCode code="LX"/>'),
        _entry(f'<code code="{HEIGHT}"/><value xsi:type="PQ" value="170" unit="cm" nullFlavor="NI"/>'),
        _entry(f'<code code="{SMOKING}"/><value xsi:type="CD" code="2" displayName="いいえ"/>'),
        _entry(f'<code code="{SMOKING}"/><value xsi:type="CD" code="2"/>'),
    ],
)
def test_what_can_be_read_two_ways_is_read_in_none(items: ItemTable, entry: str) -> None:
    """Both beyond ends, a number that is no information, a code whose table is not named and changed with the term."""
    record, codes = _read(items, entry)

    assert [result.status for result in record.items] == [Status.UNMATCHED]
    assert codes in (["hc08.value"], ["hc08.answer"])


@pytest.mark.parametrize(
    "entry",
    [_entry(TALL, ' negationInd="TRUE"'), _entry('<code nullFlavor="NA"/>' + MEMBER, ' negationInd="true"')],
)
def test_what_was_not_done_has_no_value(items: ItemTable, entry: str) -> None:
    """However it is spelled, and for the members of a series that was not done."""
    record, codes = _read(items, entry)

    assert [result.status for result in record.items] == [Status.NOT_DONE]
    assert "hc08.value" in codes


def test_a_flag_that_is_not_taken_over_is_told(items: ItemTable) -> None:
    """HH has no place in the record; silence would say that there was no flag."""
    record, codes = _read(items, _entry(TALL + '<interpretationCode code="HH"/>'))

    assert ([result.flag for result in record.items], codes) == ([""], ["hc08.value"])


def test_a_range_in_another_unit_keeps_it(items: ItemTable) -> None:
    """1.5 m beside 170 cm would make everybody tall."""
    low = '<value xsi:type="IVL_PQ"><low value="1.5" unit="m"/><high value="190" unit="cm"/></value>'
    record, _codes = _read(
        items, _entry(f"{TALL}<referenceRange><observationRange>{low}</observationRange></referenceRange>")
    )

    assert [(result.low, result.high) for result in record.items] == [("1.5m", "190")]


@pytest.mark.parametrize(
    ("status", "qualifier"), [(Status.VALUE, "未満"), (Status.ABOVE, "<"), (Status.BELOW, ">="), (Status.VALUE, "~")]
)
def test_a_mark_that_nobody_knows_is_never_turned_round(items: ItemTable, status: Status, qualifier: str) -> None:
    """What is not plainly below or above is left out of the XML, not written as 以上."""
    item = items.items[HEIGHT]
    given = ItemResult(HEIGHT, 1, Status.VALUE, "cm", "170", "170")

    assert express(replace(given, status=status, qualifier=qualifier), item, items.answers) is None
