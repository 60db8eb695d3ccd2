"""How fast whole archives are written (documents, claims, index, summary, zip), read back, and checked as a receiver would.

Guarantees: the same invented people as ``checkup_hc08``; the limits (making the same documents and deflating them, nothing
else; reading the documents alone) run in the same process. Refuses: counting the making of the records.

Run: ``PYTHONPATH=src:. python bench/checkup_archive.py``
"""

from __future__ import annotations

import io
import sys
import zipfile
import zlib
from collections.abc import Sequence

from akashi.checkup import NeutralRecord, SubmissionContext
from akashi.checkup.archive.model import Claim
from akashi.checkup.archive.pack import ArchiveWriter, Delivery
from akashi.checkup.archive.parties import claimant
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import read_archive
from akashi.checkup.archive.zipping import LEVEL
from akashi.checkup.cda.hc08 import DocumentWriter
from akashi.checkup.cda.header import carried, stamped
from akashi.checkup.cda.reading import DocumentReader
from bench.checkup_hc08 import people, seconds
from bench.measurement import Measurement

PERSONS = 2_000
BUDGET_WRITE = "≥ 0.7 of making and deflating the same documents"
BUDGET_READ = "≥ 0.7 of reading the same documents alone"


def claims(context: SubmissionContext, records: Sequence[NeutralRecord]) -> list[Claim]:
    """An invented claim for everyone."""
    made = []
    for record in records:
        values, _texts = carried(stamped(record, context).fields)
        person = claimant(values, context.institution_code)
        ticket = values.get("ticket.number", "")
        made.append(Claim(person, "1", "1", 7000, 1000, 6000, ticket=ticket, unit_basic=7000, paid_basic=1000))
    return made


def packed(context: SubmissionContext, records: Sequence[NeutralRecord], claimed: Sequence[Claim | None]) -> bytes:
    """One archive."""
    out = io.BytesIO()
    with ArchiveWriter(out, context, Delivery("99000001"), DocumentWriter(context).write) as archive:
        for record, claim in zip(records, claimed, strict=True):
            if not archive.add(record, claim):
                raise SystemExit("a person was left out")
    return out.getvalue()


def measure(persons: int = PERSONS) -> list[Measurement]:
    """Persons per CPU second."""
    context, records = people(persons)
    claimed, nobody = claims(context, records), [None] * persons

    def bare() -> None:
        writer = DocumentWriter(context)
        for record in records:
            zlib.compress(writer.document(record), LEVEL)

    data = packed(context, records, claimed)
    results_only = packed(context, records, nobody)

    with zipfile.ZipFile(io.BytesIO(results_only)) as archive:
        documents = [archive.read(name) for name in archive.namelist() if "/DATA/" in name]

    def parsed() -> None:
        reader = DocumentReader(context.items)
        for document in documents:
            reader.read(document)

    limit = persons / seconds(bare)
    alone = persons / seconds(lambda: packed(context, records, nobody))
    paired = persons / seconds(lambda: packed(context, records, claimed))
    least = persons / seconds(parsed)
    read = persons / seconds(lambda: sum(1 for _ in read_archive(io.BytesIO(results_only), context.items)))
    checked = persons / seconds(lambda: check_archive(io.BytesIO(data), context.items))
    size = len(results_only) / persons / 1000
    return [
        Measurement(
            f"archive of results, written ({size:.1f} KB each)", alone, "persons/s", limit, alone / limit, BUDGET_WRITE
        ),
        Measurement("archive with claims, written", paired, "persons/s", limit, paired / limit, ""),
        Measurement("archive of results, read", read, "persons/s", least, read / least, BUDGET_READ),
        Measurement("archive with claims, checked as at reception", checked, "persons/s", least, checked / least, ""),
    ]


if __name__ == "__main__":
    for figure in measure():
        sys.stdout.write(
            f"{figure.name}: {figure.value:,.0f} {figure.unit}; limit {figure.limit or 0:,.0f}; "
            f"ratio {figure.ratio or 0:.2f} ({figure.budget})\n"
        )
