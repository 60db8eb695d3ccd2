"""What we write as a Bundle comes back, as far as the profile can say it."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.fhir.expressible import expressible
from akashi.checkup.fhir.people import DocumentContext
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.writer import write_bundle
from tests.checkup.strategies import records

CONTEXT = DocumentContext(
    "1319999999", "架空健診センター", 1_780_000_000_123, "架空　医師", "00-0000-0000", "100-0000", "架空県"
)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(data=st.data())
def test_what_is_written_is_read_back_as_expressible(items: ItemTable, data: st.DataObject) -> None:
    """Fields, originals and every result, in the order of the document."""
    record = data.draw(records(items))

    read = read_bundle(write_bundle(record, CONTEXT, items), items)

    assert read == expressible(record, items, CONTEXT)


@FEW
@given(data=st.data())
def test_what_is_expressible_once_stays_so(items: ItemTable, data: st.DataObject) -> None:
    """A second journey loses nothing."""
    once = expressible(data.draw(records(items)), items, CONTEXT)

    assert expressible(once, items, CONTEXT) == once


@FEW
@given(data=st.data())
def test_a_reader_has_nothing_to_say_of_our_own_bundle(items: ItemTable, data: st.DataObject) -> None:
    """No finding."""
    findings: list[object] = []

    read_bundle(write_bundle(data.draw(records(items)), CONTEXT, items), items, finding_sink=findings.append)

    assert findings == []


@FEW
@given(data=st.data())
def test_the_same_record_gives_the_same_bytes(items: ItemTable, data: st.DataObject) -> None:
    """And another result another document identifier."""
    record = data.draw(records(items))

    first, second = (json.loads(write_bundle(record, CONTEXT, items)) for _ in range(2))
    other = json.loads(write_bundle(replace(record, row=record.row + 1), CONTEXT, items))

    assert first == second
    assert first["identifier"] != other["identifier"]
