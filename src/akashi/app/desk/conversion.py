"""Convert a file at the desk: look at it, preview it, hold it as a draft.

Guarantees: any format that can be read is taken (recognised by its content); everything happens in memory; a draft holds the standard
CSV and what else was chosen, and the findings of every check. Bad rows are findings; a file that cannot be read at all is an error that
names the place. Nobody is left out of a format unseen. Refuses: programs and macros (``exchange.screening``) before anything is
converted. Trusts the maps of ``maps``.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import BinaryIO

from akashi.app.desk.drafts import ClaimsGiven, Draft, Made
from akashi.app.desk.maps import today
from akashi.app.desk.outputs import (
    CSV_NAME,
    FHIR_NAME,
    HC08_NAME,
    ClaimsAlone,
    ClaimsRefused,
    Job,
    Kind,
    Output,
    Sender,
    receiver_number,
    written,
)
from akashi.app.desk.transfers import Download, recorded
from akashi.app.gateway.home import Gateway
from akashi.checkup import (
    FINDING_KINDS,
    ConversionReport,
    Coverage,
    Finding,
    Inspection,
    LayoutMap,
    NeutralRecord,
    Severity,
    convert,
    inspect,
)
from akashi.checkup.archive.claim_table import LIMIT_BYTES as CLAIMS_LIMIT
from akashi.checkup.archive.claim_table import ClaimTable
from akashi.checkup.archive.naming import archive_file, parse_folder
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import inspect_archive
from akashi.checkup.checks.running import check_records
from akashi.checkup.errors import ArchiveNameWrong, FormatUnknown
from akashi.checkup.findings import FindingLog
from akashi.checkup.findings.export import findings_file
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.tabular.convert import read_records
from akashi.checkup.writers.standard_records import write_standard
from akashi.errors import InputError, Unavailable
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.screening import inspect as screen
from akashi.identity.journal import What
from akashi.identity.model import Session

__all__ = [
    "CHOICES", "CSV_NAME", "FHIR_NAME", "HC08_NAME", "FindingsForm", "Kind", "Seen", "findings_taken", "format_of",
    "inspect_file", "look_at", "make_draft", "read_claims", "take_claims",
]  # fmt: skip

CHOICES = (Kind.ARCHIVE, Kind.FHIR)
"""What may be made beside the CSV at the desk."""
# Findings of one code and column that a draft keeps: enough to mend a file from, little enough for memory.
KEPT_EXAMPLES = 200
_TABLES = frozenset({FormatName.LAYOUT, FormatName.UNKNOWN})
# What no heading begins with: a document of another kind, which must not be called a table without rows.
_MARKUP = frozenset({b"<", b"{", b"["})
_NO_COLUMNS = Coverage(0, 0, 0, 0)
_LAST_COUNT = 9


class FindingsForm(StrEnum):
    """In what form the findings of a draft are taken along; the value is the file's ending."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


_MEDIA_TYPES = {
    FindingsForm.CSV: "text/csv; charset=utf-8",
    FindingsForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FindingsForm.JSON: "application/json",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file is: its format, and for a table what it looks like."""

    format: FormatName
    table: Inspection | None = None


def format_of(gateway: Gateway, head: bytes) -> FormatName:
    """The format of a file that begins with ``head``."""
    return detect(head[:LOOK_BYTES], definitions=[gateway.maps.definition()])


def inspect_file(gateway: Gateway, stream: BinaryIO) -> Inspection:
    """What a table looks like: encoding, layout, map, coverage. Raises the reading errors of ``checkup``."""
    return inspect(
        stream,
        maps=gateway.maps.maps(),
        limit_bytes=gateway.settings.upload_limit_bytes,
        # The word list is only read where no map knows the headings.
        is_heading=lambda cell: gateway.maps.words().is_heading(cell),
    )


def look_at(gateway: Gateway, data: bytes) -> Seen:
    """What any file is. Raises the reading errors of ``checkup``, :class:`FormatUnknown`."""
    name = format_of(gateway, data)
    if name is FormatName.UNKNOWN and data[:64].lstrip()[:1] in _MARKUP:
        raise FormatUnknown
    if name not in _TABLES:
        return Seen(name)
    table = inspect_file(gateway, io.BytesIO(data))
    if name is FormatName.UNKNOWN and table.map_id is None:
        raise FormatUnknown
    return Seen(FormatName.LAYOUT, table)


def make_draft(
    gateway: Gateway,
    file_name: str,
    data: bytes,
    *,
    receiver: str = "",
    kinds: Sequence[Kind] = (Kind.ARCHIVE,),
    queue: bool = True,
    claims: bytes | None = None,
) -> Draft:
    """Convert ``data`` to the CSV and ``kinds``. Raises reading errors, ``LayoutUnknown``, ``MapNotValid``, ``DocumentRefused``, ``Claims…``.

    ``claims`` is the table of claims that goes into the archive (``archive.claim_table``). Findings that no thesaurus understood are
    queued for a person (``words``), unless ``queue`` says that the file is nobody's.
    """
    if claims is not None and Kind.ARCHIVE not in kinds:
        raise ClaimsAlone
    for number, one_file in enumerate([data] if claims is None else [data, claims], 1):
        reason = screen(file_name, [one_file])
        if reason is not None:
            raise DocumentRefused(number, reason)
    seen, on = look_at(gateway, data), today(gateway.clock.now_ms())
    layout_map = None if seen.table is None else gateway.maps.map_for(seen.table, on)
    one = _File(gateway, data, seen.format, layout_map, on, claims)
    report, standard = one.as_read() if layout_map is None else one.as_table(layout_map)
    if queue and layout_map is not None and report.unmatched:
        with suppress(Unavailable):  # a full disk: the draft still says which words they are
            gateway.words.add(layout_map.institution, report.unmatched)
    outputs = [Output(Kind.CSV, CSV_NAME, report.rows_out, standard)]
    if not _severities(report)[0]:
        made, said = one.made(receiver, kinds)
        outputs += made
        for log in said:
            report = _told_of(report, log)
    return Draft(
        file_name,
        report,
        _severities(report),
        tuple((output.name, output.data) for output in outputs),
        sha256(data).digest(),
        receiver,
        b"" if layout_map is None else layout_map.digest,
        seen.format.value,
        tuple(Made(output.name, output.kind.value, output.people, len(output.data)) for output in outputs),
    )


def take_claims(gateway: Gateway, session: Session, data: bytes) -> str:
    """Hold a table of claims for the file that comes after it; returns its key. Raises ``DocumentRefused``, ``ClaimsRefused``, ``DraftsFull``.

    Whether its cells and people fit is said with the file (:func:`make_draft`): only there can it be known.
    """
    reason = screen("", [data])
    if reason is not None:
        raise DocumentRefused(1, reason)
    read_claims(gateway, data, FindingLog())
    return gateway.drafts.keep(ClaimsGiven(data), session.id)


def read_claims(gateway: Gateway, data: bytes, log: FindingLog) -> ClaimTable:
    """A table of claims, read whole. Raises :class:`ClaimsRefused`."""
    try:
        return ClaimTable(io.BytesIO(data), log.add, min(CLAIMS_LIMIT, gateway.settings.upload_limit_bytes))
    except InputError as error:
        raise ClaimsRefused(error) from error


@dataclass(frozen=True, slots=True)
class _File:
    """One file on its way: what it is, and the map for it where it is a table of an institution's own."""

    gateway: Gateway
    data: bytes
    format: FormatName
    layout_map: LayoutMap | None
    on: date
    claims: bytes | None = None

    def records(self, sink: Callable[[Finding], None] | None = None) -> Iterator[NeutralRecord]:
        """The people, from the beginning; what reading says goes to ``sink``."""
        maps, limit = self.gateway.maps, self.gateway.settings.upload_limit_bytes
        stream, items = io.BytesIO(self.data), maps.items()
        if self.layout_map is not None:
            return read_records(
                stream,
                self.layout_map,
                on=self.on,
                items=items,
                finding_sink=sink,
                limit_bytes=limit,
                vocabulary=maps.vocabulary(),
            )
        return read_any(
            stream,
            items=items,
            definition=maps.definition(),
            maps=[],
            on=self.on,
            finding_sink=sink,
            limit_bytes=limit,
        )[1]

    def as_table(self, layout_map: LayoutMap) -> tuple[ConversionReport, bytes]:
        """The report and the CSV of an institution's own table."""
        out = io.BytesIO()
        report = convert(
            io.BytesIO(self.data),
            layout_map,
            self.gateway.maps.definition(),
            out,
            on=self.on,
            items=self.gateway.maps.items(),
            limit_bytes=self.gateway.settings.upload_limit_bytes,
            examples=KEPT_EXAMPLES,
            vocabulary=self.gateway.maps.vocabulary(),
        )
        return report, out.getvalue()

    def as_read(self) -> tuple[ConversionReport, bytes]:
        """The report and the CSV of a file of any other format; an archive is checked as its receiver would."""
        items, definition = self.gateway.maps.items(), self.gateway.maps.definition()
        said, out = FindingLog(KEPT_EXAMPLES), io.BytesIO()
        if self.format is FormatName.ARCHIVE:
            check_archive(io.BytesIO(self.data), items, finding_sink=said.add)
            people = self.records()  # an unreadable document has been told by the receiver's checks
        else:
            people = self.records(said.add)
        checked = check_records(people, items, "", self.on, said.add)
        count = write_standard(checked, definition, items, out, finding_sink=said.add)["rows.out"]
        name = f"format:{self.format.value}"
        report = ConversionReport(
            name, definition.format_id, "", "", count, count, 0, said.counts(), _NO_COLUMNS, said.kept()
        )
        return report, out.getvalue()

    def made(self, receiver: str, kinds: Sequence[Kind]) -> tuple[list[Output], list[FindingLog]]:
        """What was chosen beside the CSV, and the findings that only it has: who is left out of it, and which values."""
        said, outputs = list[FindingLog](), list[Output]()
        maps, sender = self.gateway.maps, _sender(self.gateway, receiver, self.on)
        for kind in dict.fromkeys(kinds):
            if kind is Kind.CSV:
                continue
            if kind is Kind.ARCHIVE and (same := self._unchanged()) is not None:
                outputs.append(same)
                continue
            log = FindingLog(KEPT_EXAMPLES)
            given = self.claims if kind is Kind.ARCHIVE else None
            claims = None if given is None else read_claims(self.gateway, given, log)
            job = Job(self.records, sender, maps.items(), maps.definition(), log.add, claims)
            found = written(kind, job) if sender.number else []
            if not found:
                # That nobody can be written is one thing to say, not one for each person; whose claims fit nobody is another.
                log = FindingLog() if claims is None else log
                log.add(Finding("write.nobody" if sender.number else "write.sender", 0, 0, 0, kind.value))
            outputs += found
            said.append(log)
        return outputs, said

    def _unchanged(self) -> Output | None:
        """An archive goes on as it came, with its claims; ``None`` where the file is none, has no archive's name, or other claims are given."""
        if self.format is not FormatName.ARCHIVE or self.claims is not None:
            return None
        contents = inspect_archive(io.BytesIO(self.data))
        try:
            name = archive_file(parse_folder(contents.folder))
        except ArchiveNameWrong:
            return None
        return Output(Kind.ARCHIVE, name, len(contents.documents), self.data)


def findings_taken(
    gateway: Gateway, session: Session, draft: str, form: FindingsForm, language: str = "ja"
) -> Download:
    """The findings of a draft of this session with the originals, as a file; in the journal first. Raises ``DraftMissing``."""
    gateway.accounts.require(session, "checkup.convert")
    with recorded(gateway, session, What.EXPORTED):
        findings = gateway.drafts.peek(draft, session.id).report.findings
        data = findings_file(findings, FINDING_KINDS, f".{form.value}", language)
    gateway.journal.record(What.EXPORTED, session=session, count=len(findings))
    return Download(f"findings.{form.value}", _MEDIA_TYPES[form], iter([data]))


def _sender(gateway: Gateway, receiver: str, on: date) -> Sender:
    """The institution and its receiver as the directory has them; how many transfers went there today."""
    entries = {one.handle: one for one in gateway.directory.entries()}
    own, other = entries.get(gateway.institution), entries.get(receiver)
    earlier = [one for one in gateway.exchange.outbox() if one.receiver == receiver and today(one.sent_ms) == on]
    return Sender(
        own.number if own else "",
        own.name if own else "",
        gateway.clock.now_ms(),
        receiver_number(other.number) if other else "",
        min(len(earlier), _LAST_COUNT),
    )


def _severities(report: ConversionReport) -> tuple[int, int, int]:
    totals: Counter[Severity] = Counter()
    for code, count in report.counts_by_code.items():
        totals[FINDING_KINDS[code].severity] += count
    return totals[Severity.STOPS], totals[Severity.WARNS], totals[Severity.INFORMS]


def _told_of(report: ConversionReport, said: FindingLog) -> ConversionReport:
    """The report with what the other formats add. Nobody is left out unseen."""
    counts = Counter(report.counts_by_code) + Counter(said.counts())
    return replace(report, counts_by_code=dict(sorted(counts.items())), findings=(*report.findings, *said.kept()))
