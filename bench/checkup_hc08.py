"""How fast hc08 documents are written into a zip and read back, against the machine's own limits.

Guarantees: documents of invented people of the wide layout, every one different; the limits (deflating the same bytes,
parsing the same bytes with libxml2) run in the same process on the same documents. Refuses: counting the making of
the records. Every run starts with a new writer and a new reader: what they remember is earned within the run.

Run: ``PYTHONPATH=src:. python bench/checkup_hc08.py``
"""

from __future__ import annotations

import csv
import io
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from lxml import etree

from akashi.checkup import ItemTable, NeutralRecord, SubmissionContext, load_items, load_map, read_records
from akashi.checkup.cda.hc08 import DocumentWriter, document_name
from akashi.checkup.cda.reading import DocumentReader
from akashi.checkup.generate import Maker, encode_file
from bench.measurement import Measurement

FORMATS = Path(__file__).resolve().parent.parent / "formats"
PERSONS, ON = 2_000, date(2026, 6, 1)
BUDGETS = {1: "≥ 0.15 of deflating the same bytes", 6: "≥ 0.3 of deflating the same bytes"}
"""By compression level: the one our archives use, and zlib's own."""
BUDGET_READ = "≥ 0.6 of parsing the same bytes"


def people(count: int) -> tuple[SubmissionContext, list[NeutralRecord]]:
    """The sender and ``count`` records of the wide layout."""
    names = ("items-v4.csv", "items-additional.csv", "items-own.csv")
    items: ItemTable = load_items(
        [(FORMATS / name).read_text() for name in names], (FORMATS / "codes-v4.csv").read_text()
    )
    layout_map = load_map((FORMATS / "maps/midori.yaml").read_text())
    with (FORMATS / "layouts/midori.csv").open(encoding="utf-8", newline="") as stream:
        headers = list(csv.reader(stream))
    rows = Maker(headers, layout_map, items, ON, messy=False).rows(1, count)
    data = io.BytesIO(b"".join(encode_file(headers, rows, encoding="cp932")))
    context = SubmissionContext("9910000001", "架空健診センター", ON, items, telephone="00-0000-0000")
    return context, list(read_records(data, layout_map, on=ON, items=items))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run, the better of two."""
    taken = []
    for _ in range(2):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


def archive(context: SubmissionContext, records: Sequence[NeutralRecord], level: int) -> bytes:
    """A zip of one document per person."""
    out = io.BytesIO()
    writer = DocumentWriter(context)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as target:
        for number, record in enumerate(records, 1):
            target.writestr(document_name(context, number), writer.document(record))
    return out.getvalue()


def legal(context: SubmissionContext, record: NeutralRecord) -> NeutralRecord:
    """The same person with what the law's own programme (010) asks for only: the usual size of a document."""
    wanted = context.items.items
    return replace(
        record, items=tuple(one for one in record.items if one.code in wanted and wanted[one.code].need("010"))
    )


def measure(persons: int = PERSONS) -> list[Measurement]:
    """Persons per CPU second: written into a zip, and read; of the law's programme, and of the widest layout."""
    context, records = people(persons)
    usual = [legal(context, record) for record in records]
    return [*_measured(context, usual, "hc08 of 特定健診"), *_measured(context, records, "hc08 of the wide layout")]


def _measured(context: SubmissionContext, records: Sequence[NeutralRecord], title: str) -> list[Measurement]:
    persons, writer = len(records), DocumentWriter(context)
    documents = [writer.document(record) for record in records]
    size, observations = sum(map(len, documents)) / persons, sum(b.count(b"<observation ") for b in documents) / persons
    about = f"{observations:.0f} observations, {size / 1000:.0f} KB each"

    def read() -> None:
        reader = DocumentReader(context.items)
        for document in documents:
            reader.read(document)

    def write(level: int) -> Measurement:
        written = persons / seconds(lambda: archive(context, records, level))
        deflated = persons / seconds(lambda: [zlib.compress(document, level) for document in documents])
        name = f"{title}, written and deflated at level {level} ({about})"
        return Measurement(name, written, "persons/s", deflated, written / deflated, BUDGETS[level])

    got = persons / seconds(read)
    parsed = persons / seconds(lambda: [etree.fromstring(document) for document in documents])
    reading = Measurement(f"{title}, read ({about})", got, "persons/s", parsed, got / parsed, BUDGET_READ)
    return [*(write(level) for level in BUDGETS), reading]


if __name__ == "__main__":
    for figure in measure():
        sys.stdout.write(
            f"{figure.name}: {figure.value:,.0f} {figure.unit}; limit {figure.limit or 0:,.0f}; "
            f"ratio {figure.ratio or 0:.2f} ({figure.budget})\n"
        )
