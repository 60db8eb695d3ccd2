"""hc08 written and read back: the same record, as far as a document carries one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from akashi.checkup import Finding, ItemTable, NeutralRecord, SubmissionContext
from akashi.checkup.cda.expressible import expressible
from akashi.checkup.cda.hc08 import DocumentWriter
from akashi.checkup.cda.header import stamped
from akashi.checkup.cda.reading import DocumentReader, read_hc08
from akashi.checkup.errors import DocumentInvalid
from tests.checkup.conftest import SHARED
from tests.checkup.strategies import records

SCHEMA = SHARED / "data/mhlw-xsd-v4/hc08_V08.xsd"
PACE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def context(items: ItemTable) -> SubmissionContext:
    """An invented sender who adds nothing but numbers and dates."""
    return SubmissionContext("9910000001", "架空健診センター", date(2026, 6, 1), items)


@pytest.fixture(scope="module")
def writer(context: SubmissionContext) -> DocumentWriter:
    """One writer for all examples: what it remembers must not change what it writes."""
    return DocumentWriter(context)


@pytest.fixture(scope="module")
def reader(items: ItemTable) -> DocumentReader:
    """One reader for all examples, likewise."""
    return DocumentReader(items)


@PACE
@given(data=st.data())
def test_reading_what_was_written_gives_what_a_document_can_say(
    data: st.DataObject, items: ItemTable, context: SubmissionContext, writer: DocumentWriter, reader: DocumentReader
) -> None:
    """read(write(r)) == expressible(r), through both roads of the reader, and nothing to remark."""
    record = data.draw(records(items))
    said: list[Finding] = []

    document = writer.document(record)

    wanted = expressible(stamped(record, context), items)
    assert reader.read(document, finding_sink=said.append) == wanted
    assert read_hc08(document, items) == wanted
    assert said == []


@PACE
@given(data=st.data())
def test_what_a_document_can_say_is_said_wholly(data: st.DataObject, items: ItemTable, writer: DocumentWriter) -> None:
    """Saying it again changes nothing: writing and reading again loses nothing more."""
    record = expressible(data.draw(records(items)), items)

    assert expressible(record, items) == record
    assert read_hc08(writer.document(record), items) == record


@PACE
@given(data=st.data())
def test_every_document_is_valid_by_the_ministrys_schema(
    data: st.DataObject, items: ItemTable, writer: DocumentWriter, schema: etree.XMLSchema
) -> None:
    """Whatever mixture of statuses, series, doctors and sections."""
    document = writer.document(data.draw(records(items)))

    schema.assertValid(etree.fromstring(document))


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The ministry's schema; it lies outside this repository."""
    if not SCHEMA.is_file():
        pytest.skip("the ministry's XSD set (shared/) is not present")
    return etree.XMLSchema(etree.parse(SCHEMA))


_PIECES = (
    "<!-- x -->", "<?x y?>", "\n", " ", "<entry>", "</entry>", "<entry/>", ' xmlns="urn:x"', "&lt;", "<", "&#10;",
    "<observation>", "</observation>", '<entryRelationship typeCode="COMP">', "</entryRelationship>", "<code/>",
)  # fmt: skip


@PACE
@given(data=st.data())
def test_both_roads_of_the_reader_agree_on_damaged_documents(
    data: st.DataObject, items: ItemTable, writer: DocumentWriter, reader: DocumentReader
) -> None:
    """With comments, other namespaces, stray tags anywhere: the same record and findings, or the same refusal."""
    document = writer.document(data.draw(records(items, max_size=4))).decode()
    places = [place for place, sign in enumerate(document) if sign in "<>"]
    for _ in range(data.draw(st.integers(0, 4))):
        # Near the tags of the body, where a cut could go wrong, rather than within some name.
        at = data.draw(st.sampled_from(places)) + data.draw(st.integers(0, 1))
        document = document[:at] + data.draw(st.sampled_from(_PIECES)) + document[at:]
    tags = document.replace("><", ">\n<") if data.draw(st.booleans()) else document

    assert _story(reader, tags.encode()) == _story(DocumentReader(items, remember=False), tags.encode())


def _story(reader: DocumentReader, data: bytes) -> tuple[NeutralRecord | str, list[Finding]]:
    """What reading gives: a record or an error, and the findings. Twice, so that what is remembered is used too."""
    said: list[Finding] = []
    try:
        reader.read(data)
        return reader.read(data, finding_sink=said.append), said
    except DocumentInvalid as error:
        return json.dumps(error.params), said


@PACE
@given(data=st.data())
def test_a_writer_that_remembers_writes_what_a_new_one_writes(
    data: st.DataObject, items: ItemTable, context: SubmissionContext, writer: DocumentWriter
) -> None:
    """The same bytes and the same results left out."""
    record = data.draw(records(items))

    assert writer.write(record) == DocumentWriter(context).write(record)


def test_the_senders_facts_fill_what_the_record_leaves_open(items: ItemTable, context: SubmissionContext) -> None:
    """A foreign institution number in the record keeps the sender's address away from it."""
    sender = replace(context, telephone="00-1", postal="100-0000", address="架空県")
    empty = NeutralRecord(1, 1, "m", "t", {}, {}, ())
    other = replace(empty, fields={"institution.code": "9910000002", "visit.program": "030", "visit.report": "x"})
    coded = replace(empty, fields={"institution.code": "007", "institution.name": "分院"})

    filled, foreign, local = (stamped(record, sender).fields for record in (empty, other, coded))

    assert (filled["institution.name"], filled["institution.telephone"]) == ("架空健診センター", "00-1")
    assert (filled["visit.report"], filled["visit.program"], filled["visit.created"]) == ("10", "010", "2026-06-01")
    assert (foreign["institution.name"], foreign["institution.address"]) == ("", "")
    assert (foreign["visit.report"], foreign["visit.program"]) == ("10", "030")
    assert (local["institution.code"], local["institution.name"]) == ("9910000001", "分院")
