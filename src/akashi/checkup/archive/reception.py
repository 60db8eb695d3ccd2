"""What a receiver checks before it takes an archive, in its order; so that a sender sees the returns before they happen.

Guarantees: the order of knowledge 3.5; every finding has the reason code of the return it would meet
(``findings.archives.return_reason``); each document and claim is read once. Refuses: judging results and
eligibility (``checks``, and the receiver's own register). Trusts: nobody; totals are made again.

Left to the caller: the insurer's register (loss of eligibility, no such person), contracts, and the items of a checkup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from akashi.checkup.archive.index import Totals
from akashi.checkup.archive.members import DEFAULT_LIMITS, ArchiveLimits
from akashi.checkup.archive.model import ArchiveName, Claim, GuidanceClaim, Index, MemberName
from akashi.checkup.archive.naming import (
    CLAIM_OF,
    CLAIMS,
    DATA,
    DOCUMENT_OF,
    INDEX_NAME,
    SUMMARY_NAME,
    parse_folder,
    parse_member,
)
from akashi.checkup.archive.parties import claimant, differences
from akashi.checkup.archive.unpack import Archive, Reader, fault
from akashi.checkup.errors import ArchiveNameWrong, NamespaceUnknown
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, NeutralRecord
from akashi.errors import InputError

FindingSink = Callable[[Finding], None]
# Whether a file is valid, by kind: hc08, hg08, cc08, gc08, ix08, su08.
Schemas = Mapping[str, Callable[[bytes], bool]]
_KINDS = {"h": "hc08", "g": "hg08", "c": "cc08", "p": "gc08"}
_GUIDANCE = "2"


@dataclass(frozen=True, slots=True)
class Reception:
    """How much was checked. ``findings`` counts by code; an archive without any stopping one would be taken."""

    documents: int
    claims: int
    findings: Mapping[str, int]


def check_archive(
    stream: BinaryIO,
    items: ItemTable,
    *,
    name: str = "",
    schemas: Schemas | None = None,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    finding_sink: FindingSink | None = None,
) -> Reception:
    """Check a whole archive; ``name`` is its file name where known. Raises what opening raises (step 1)."""
    # 1. The zip opens and is safe.
    archive = Archive(stream, limits)
    return _Check(archive, items, schemas or {}, finding_sink).run(name)


class _Check:
    """One run over one archive."""

    def __init__(self, archive: Archive, items: ItemTable, schemas: Schemas, sink: FindingSink | None) -> None:
        self._archive, self._schemas, self._sink = archive, schemas, sink
        self._reader = Reader(items)
        self._counts: dict[str, int] = {}
        self._names: dict[str, MemberName] = {}
        self._claims_read = 0

    def _say(self, code: str, row: int = 0, name: str = "", field: str = "") -> None:
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._sink is not None:
            # A name is shown only where it follows the rule: any other may say anything.
            self._sink(Finding(code, row, 0, 0, name if name in self._names else field, item=field))

    def run(self, name: str) -> Reception:
        archive = self._archive
        folder = self._layout(name)  # 2
        self._schema()  # 3
        index = self._index(folder)  # 4 and 5
        totals = self._pairs(index.event if index else folder.event if folder else "")  # 7 to 9
        self._summary(index, totals)  # 6: compared when all claims have been read
        return Reception(len(archive.names(DATA)), self._claims_read, self._counts)

    def _layout(self, name: str) -> ArchiveName | None:
        """2. One folder, ix08 in it, documents in DATA, and nothing else; names by the rule."""
        archive = self._archive
        if len(archive.folders) != 1 or not archive.has("", INDEX_NAME) or not archive.names(DATA):
            self._say("archive.layout")
        for _other in range(archive.others()):
            self._say("archive.extra")
        found = None
        try:
            found = parse_folder(archive.folders[0]) if archive.folders else None
            if name and found != parse_folder(name):
                self._say("archive.name")
        except ArchiveNameWrong:
            self._say("archive.name")
        for place, letters in ((DATA, "hg"), (CLAIMS, "cp")):
            for row, member in enumerate(archive.names(place), 1):
                try:
                    parsed = parse_member(member)
                except ArchiveNameWrong:
                    self._say("archive.member_name", row)
                    continue
                self._names[member] = parsed
                if parsed.letter not in letters:
                    self._say("archive.member_name", row, member)
        return found

    def _schema(self) -> None:
        """3. The ministry's schemas, where the caller has them."""
        if not self._schemas:
            return
        for place, row, member, kind in self._files():
            valid = self._schemas.get(kind)
            try:
                if valid is not None and not valid(self._archive.read(place, member)):
                    self._say("archive.schema", row, member)
            except InputError:
                # A damaged file is told when it is read for its content.
                continue

    def _files(self) -> Iterator[tuple[str, int, str, str]]:
        for member, kind in ((INDEX_NAME, "ix08"), (SUMMARY_NAME, "su08")):
            if self._archive.has("", member):
                yield "", 0, member, kind
        for place in (DATA, CLAIMS):
            for row, member in enumerate(self._archive.names(place), 1):
                yield place, row, member, _KINDS.get(member[:1], "")

    def _index(self, folder: ArchiveName | None) -> Index | None:
        """4. Namespace of the index; 5. its fields against the folder's name, its total against the documents."""
        try:
            index = self._archive.index()
        except NamespaceUnknown:
            self._say("archive.namespace", field=INDEX_NAME)
            return None
        except InputError:
            self._say("archive.index", field=INDEX_NAME)
            return None
        if index.version == 3:
            self._say("archive.version", field=INDEX_NAME)
        if folder is not None:
            for field, same in (
                ("sender", index.sender.zfill(10) == folder.sender),
                ("receiver", index.receiver.zfill(8)[-8:] == folder.receiver or not index.receiver),
                ("creationTime", index.created == folder.day),
                ("serviceEventType", index.event == folder.event),
            ):
                if not same:
                    self._say("archive.index_parties", field=field)
        if index.total != len(self._archive.names(DATA)):
            self._say("archive.count", field="totalRecordCount")
        return index

    def _summary(self, index: Index | None, totals: Totals) -> None:
        """6. The summary is there if there are claims, and says what they say together."""
        archive = self._archive
        if not archive.has("", SUMMARY_NAME):
            if archive.names(CLAIMS):
                self._say("archive.summary", field=SUMMARY_NAME)
            return
        try:
            summary = archive.summary()
        except NamespaceUnknown:
            self._say("archive.namespace", field=SUMMARY_NAME)
            return
        except InputError:
            self._say("archive.summary", field=SUMMARY_NAME)
            return
        made = totals.summary()
        if summary is None or self._claims_read != len(archive.names(CLAIMS)):
            # Sums over fewer claims than there are would accuse the wrong file.
            return
        for field, stated, summed in (
            ("serviceEventType", summary.event, index.event if index else summary.event),
            ("totalSubjectCount", summary.subjects, made.subjects),
            ("totalCostAmount", summary.cost, made.cost),
            ("totalPaymentAmount", summary.payment, made.payment),
            ("totalPaymentByOtherProgram", summary.other_program or 0, made.other_program or 0),
            ("totalClaimAmount", summary.claim, made.claim),
        ):
            if stated != summed:
                self._say("archive.summary_total", field=field)

    def _pairs(self, event: str) -> Totals:
        """7. Documents and claims are in pairs and of one kind; 8. a pair names one person; 9. tickets and sums."""
        archive, totals = self._archive, Totals(event)
        claims = set(archive.names(CLAIMS))
        for row, name in enumerate(archive.names(DATA), 1):
            if name in self._names and (name[0] == "g") != (event == _GUIDANCE) and event:
                self._say("archive.mixed", row, name)
            record = self._document(row, name)
            if not claims:
                if record is not None:
                    self._ticket(row, name, record, None)
                continue
            partner = CLAIM_OF.get(name[:1], "?") + name[1:]
            claim = self._claim(row, partner, totals) if archive.has(CLAIMS, partner) else None
            if not archive.has(CLAIMS, partner):
                self._say("archive.unpaired", row, name)
            if record is not None and claim is not None:
                self._same(row, name, record, claim)
            if record is not None:
                self._ticket(row, name, record, claim)
        for row, name in enumerate(archive.names(CLAIMS), 1):
            if not archive.has(DATA, DOCUMENT_OF.get(name[:1], "?") + name[1:]):
                self._say("archive.unpaired", row, name)
                self._claim(row, name, totals)
        return totals

    def _document(self, row: int, name: str) -> NeutralRecord | None:
        try:
            return self._archive.document(name, self._reader, row)
        except InputError as error:
            self._say(fault(error, DATA), row, name)
            return None

    def _claim(self, row: int, name: str, totals: Totals) -> Claim | GuidanceClaim | None:
        try:
            claim = self._archive.claim(name)
        except InputError as error:
            self._say(fault(error, CLAIMS), row, name)
            return None
        self._claims_read += 1
        totals.add(claim)
        if claim.version == 3:
            self._say("archive.version", row, name)
        if not adds_up(claim):
            self._say("archive.payment", row, name)
        return claim

    def _same(self, row: int, name: str, record: NeutralRecord, claim: Claim | GuidanceClaim) -> None:
        institution = self._names[name].institution if name in self._names else ""
        for target in differences(claim.person, claimant(record.fields, institution)):
            self._say("archive.identity", row, name, target)

    def _ticket(self, row: int, name: str, record: NeutralRecord, claim: Claim | GuidanceClaim | None) -> None:
        number = record.fields.get("ticket.number", "")
        fits = len(number) == 11 and number.isascii() and number.isdigit()
        if (claim is not None and (number != claim.ticket or not number)) or (number and not fits):
            self._say("archive.ticket", row, name, "ticket.number")
        last = record.fields.get("ticket.expires", "") or (claim.expires if claim else "")
        visit = record.fields.get("visit.date", "")
        # ISO dates compare as texts.
        if last and visit and visit > last:
            self._say("archive.ticket_expired", row, name, "ticket.expires")


def adds_up(claim: Claim | GuidanceClaim) -> bool:
    """Whether the claimed sum is the prices without what others pay."""
    if isinstance(claim, GuidanceClaim):
        return claim.claim_amount == claim.calculated - claim.payment
    paid = [part for part in (claim.paid_basic, claim.paid_detail, claim.paid_other) if part is not None]
    if paid and sum(paid) != claim.payment_amount:
        return False
    return claim.claim_amount == claim.unit_amount - claim.payment_amount - (claim.other_program or 0)
