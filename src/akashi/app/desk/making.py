"""The two products that are made record by record: the 特定健診 archive and the FHIR documents.

Guarantees: one maker of each for the desk, the command line and a batch; the caller gives record after record and takes the files at the
end, so that one pass is enough; who is left out, and which result, goes to ``say``; a file that nobody could be written into is not made;
the same records, sender and time give the same bytes. Refuses nothing of its own. Trusts: the sender who was named.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from akashi.app.desk.maps import today
from akashi.checkup import Finding, ItemTable, NeutralRecord, Status, SubmissionContext
from akashi.checkup.archive.claim_table import Claims
from akashi.checkup.archive.pack import GUIDANCE, ArchiveWriter, Delivery, Writer
from akashi.checkup.archive.zipping import ZipStream
from akashi.checkup.cda.guidance import GuidanceWriter, guidance_fields, is_guidance
from akashi.checkup.cda.hc08 import DocumentWriter
from akashi.checkup.fhir.writer import DocumentContext, what_is_missing, write_bundle

FHIR_NAME = "fhir.zip"
REPORTING_DOCTOR = "9N516000000000049"
"""健康診断を実施した医師の氏名: who answers for a report."""
# A zip that unpacks to more than the screening looks into would be refused by its receiver.
PART_BYTES = 192 << 20
CHECKUP = "10"
_LAST_COUNT = 9
_UNWRITABLE = frozenset({"fhir.identity", "fhir.author"})
Say = Callable[[Finding], None]


class Kind(Enum):
    """What a file can be made into."""

    CSV = "csv"
    JMA = "jma"
    FKAC = "fkac"
    HC08 = "hc08"
    ARCHIVE = "archive"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends what to whom: 10-digit number and name; ``receiver`` 8 digits, empty where unknown.

    ``count`` says how many files of this day came before (0 to 9). ``author`` is the doctor who answers for FHIR reports where the
    records name none.
    """

    number: str = ""
    name: str = ""
    made_ms: int = 0
    receiver: str = ""
    count: int = 0
    author: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """One file that was made."""

    kind: Kind
    name: str
    people: int
    data: bytes = field(repr=False)


def submission(
    sender: Sender, first: NeutralRecord, items: ItemTable, guidance: bool | None = None
) -> tuple[SubmissionContext, Writer]:
    """What is said of the submission, and what writes its documents; without ``guidance`` the first person's record decides."""
    if guidance is None:
        guidance = is_guidance(first, items)
    context = SubmissionContext(
        sender.number, sender.name, today(sender.made_ms), items, min(sender.count, _LAST_COUNT),
        int(GUIDANCE) if guidance else 1,
    )  # fmt: skip
    return context, GuidanceWriter(context).write if guidance else DocumentWriter(context).write


def named(record: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """The record with the kind of its report, where an institution's table says none: nothing is written as another kind."""
    if record.fields.get("visit.report"):
        return record
    if is_guidance(record, items):
        return replace(record, fields=guidance_fields(record))
    return replace(record, fields={**record.fields, "visit.report": CHECKUP})


class ArchiveMaker:
    """A checkup archive, or one of guidance; ``sender.receiver`` has 8 digits. With ``claims`` nobody without a claim is in it."""

    def __init__(
        self, sender: Sender, items: ItemTable, say: Say, *, claims: Claims | None = None, guidance: bool | None = None
    ) -> None:
        self._sender, self._items, self._say = sender, items, say
        self._claims, self._guidance = claims, guidance
        self._out = io.BytesIO()
        self._begun: tuple[SubmissionContext, ArchiveWriter] | None = None

    def add(self, record: NeutralRecord) -> None:
        """One person more, or a finding."""
        if self._begun is None:
            context, write = submission(self._sender, record, self._items, self._guidance)
            delivery = Delivery(self._sender.receiver)
            self._begun = context, ArchiveWriter(self._out, context, delivery, write, finding_sink=self._say)
        context, writer = self._begun
        record, claims = named(record, self._items), self._claims
        if claims is None:
            writer.add(record)
            return
        record, claim = claims.of(record, context)
        if claim is not None:  # why there is none has been told
            writer.add(record, claim)

    def finished(self) -> list[Output]:
        """The archive; none where nobody is in it. To be called once."""
        if self._claims is not None:
            self._claims.rest()
        if self._begun is None or not self._begun[1].written:
            return []
        writer = self._begun[1]
        writer.close()
        return [Output(Kind.ARCHIVE, writer.file_name, writer.written, self._out.getvalue())]


def doctor_of(record: NeutralRecord) -> str:
    """Who answers for the report as the record says, else who judged any of it; empty where nobody is named."""
    found = record.item(REPORTING_DOCTOR)
    if found is not None and found.status is Status.VALUE and found.standard.strip():
        return found.standard.strip()
    return next((one.performer.strip() for one in record.items if one.performer.strip()), "")


class DocumentsMaker:
    """Zips of Bundles, one per person; a new zip where one would unpack to more than the screening looks into.

    ``serial`` plus a record's row is a document's number among the sender's of the year (8 digits).
    """

    def __init__(self, sender: Sender, items: ItemTable, say: Say, serial: int) -> None:
        self._sender, self._items, self._say = sender, items, say
        self._context = DocumentContext(sender.number, sender.name, sender.made_ms, sender.author, serial=serial)
        self._parts: list[_Part] = []

    def add(self, record: NeutralRecord) -> None:
        """One person more, or a finding."""
        if is_guidance(record, self._items):  # the profile has no guidance reports
            self._say(Finding("write.left_out", record.row, record.line, 0, item="visit.report"))
            return
        author = doctor_of(record) or self._sender.author
        lacking = list(what_is_missing(record, self._items))
        if not author:
            lacking.append(Finding("fhir.author", record.row, record.line, 0, item=REPORTING_DOCTOR))
        for one in lacking:
            self._say(one)
        if any(one.code in _UNWRITABLE for one in lacking):
            return
        document = write_bundle(record, replace(self._context, author=author), self._items)
        if not self._parts or not self._parts[-1].takes(len(document)):
            self._parts.append(_Part(self._sender))
        number = sum(part.people for part in self._parts) + 1
        self._parts[-1].add(f"{self._sender.number}_{number:06d}.json", document)

    def finished(self) -> list[Output]:
        """The zips; none where nobody is in one. To be called once."""
        several = len(self._parts) > 1
        names = [f"fhir-{number}.zip" for number in range(1, len(self._parts) + 1)] if several else [FHIR_NAME]
        return [
            Output(Kind.FHIR, name, part.people, part.closed()) for name, part in zip(names, self._parts, strict=False)
        ]


class _Part:
    """One zip of Bundles."""

    def __init__(self, sender: Sender) -> None:
        self._out = io.BytesIO()
        self._zip = ZipStream(self._out, today(sender.made_ms))
        self._bytes = self.people = 0

    def takes(self, size: int) -> bool:
        """Whether one more of ``size`` bytes fits."""
        return self._bytes + size <= PART_BYTES

    def add(self, name: str, document: bytes) -> None:
        """One Bundle more."""
        self._zip.add(name, document)
        self._bytes, self.people = self._bytes + len(document), self.people + 1

    def closed(self) -> bytes:
        """The whole zip."""
        self._zip.close()
        return self._out.getvalue()
