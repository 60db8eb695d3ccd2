"""An archive written person by person: documents and claims as they come, index and summary at the end.

Guarantees: one pass, a few bytes of memory per person, reproducible bytes; the index's count and the summary's sums are
those of what was written; documents and claims are in pairs or the person is left out with a finding. Refuses: a claim
about another person than the record's; checkup and guidance in one archive. The XSD folder is left out (the receiver
has it). Trusts: the context, which names the sender.

Layout (knowledge 3.1)::

    {folder}/DATA/h….xml  {folder}/CLAIMS/c….xml  {folder}/ix08_V08.xml  [{folder}/su08_V08.xml]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from akashi.checkup.archive.claims import write_claim, write_guidance_claim
from akashi.checkup.archive.index import ROOTS, Totals, write_index, write_summary
from akashi.checkup.archive.model import ArchiveName, Claim, GuidanceClaim, Index, MemberName
from akashi.checkup.archive.naming import (
    CLAIM_OF,
    CLAIMS,
    DATA,
    INDEX_NAME,
    SUMMARY_NAME,
    archive_file,
    archive_folder,
    member_file,
)
from akashi.checkup.archive.parties import claimant, differences
from akashi.checkup.archive.zipping import LEVEL, ZipStream
from akashi.checkup.cda.header import SubmissionContext, carried, missing_identity, stamped
from akashi.checkup.errors import InterchangeInvalid
from akashi.checkup.model import Finding, NeutralRecord

GUIDANCE = "2"
FindingSink = Callable[[Finding], None]
# The document, and the codes of results that it cannot say.
Writer = Callable[[NeutralRecord], tuple[bytes, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """To whom an archive goes. ``interaction`` is OID …1101 (6: institution to insurer, 1: to an agency)."""

    receiver: str
    interaction: str = "6"


class ArchiveWriter:
    """Writes one archive to ``out``, which the caller opened and closes.

    ``write`` makes the person's document: ``DocumentWriter(context).write`` or ``GuidanceWriter(context).write``.
    """

    def __init__(
        self,
        out: BinaryIO,
        context: SubmissionContext,
        delivery: Delivery,
        write: Writer,
        *,
        finding_sink: FindingSink | None = None,
        level: int = LEVEL,
    ) -> None:
        """Raises :class:`ArchiveNameWrong` where sender, receiver or counts make no name."""
        self._context, self._delivery, self._write = context, delivery, write
        self._say = finding_sink or (lambda _finding: None)
        self._event = str(context.purpose)
        self._letter = "g" if self._event == GUIDANCE else "h"
        day = context.created.isoformat()
        name = ArchiveName(context.institution_code, delivery.receiver, day, context.send_count, self._event)
        self.file_name, self._folder = archive_file(name), archive_folder(name)
        self._zip = ZipStream(out, context.created, level)
        self._totals = Totals(self._event)
        self._with_claims: bool | None = None
        self.written = 0

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close, but only after success: half an archive stays without its end and opens nowhere."""
        if kind is None:
            self.close()

    def add(self, record: NeutralRecord, claim: Claim | GuidanceClaim | None = None) -> str:
        """Write one person; the document's file name, or an empty text where a finding says why there is none.

        The first person decides whether the archive has claims; all others must do as the first.
        """
        claimed = None if claim is None else self._claim(record, claim)
        if not self._fits(record, claim) or (claim is not None and claimed is None):
            return ""
        self._with_claims = claim is not None
        name = self._name(self._letter)
        document, left_out = self._write(record)
        for code in left_out:
            self._finding("hc08.unmatched", record, code)
        self._zip.add(f"{self._folder}/{DATA}/{name}", document)
        if claim is not None and claimed is not None:
            self._zip.add(f"{self._folder}/{CLAIMS}/{self._name(CLAIM_OF[self._letter])}", claimed)
            self._totals.add(claim)
        self.written += 1
        return name

    def _name(self, letter: str) -> str:
        context, serial = self._context, self.written + 1
        institution = f"{context.institution_code:0>10}"
        day = context.created.isoformat()
        return member_file(MemberName(letter, institution, day, context.send_count, self._event, serial))

    def _finding(self, code: str, record: NeutralRecord, field: str = "") -> None:
        self._say(Finding(code, record.row, record.line, 0, field, item=field))

    def _fits(self, record: NeutralRecord, claim: Claim | GuidanceClaim | None) -> bool:
        report = record.fields.get("visit.report", "")
        guidance = report.startswith("2") if report else self._letter == "g"
        if guidance != (self._letter == "g"):
            self._finding("archive.mixed", record, "visit.report")
            return False
        missing = missing_identity(record)
        for target in missing:
            self._finding("hc08.identity", record, target)
        if missing:
            return False
        if self._with_claims is not None and self._with_claims != (claim is not None):
            self._finding("archive.unpaired", record)
            return False
        return True

    def _claim(self, record: NeutralRecord, claim: Claim | GuidanceClaim) -> bytes | None:
        """The claim's file, or ``None`` (and a finding) where it is not about this person or not complete."""
        if isinstance(claim, GuidanceClaim) != (self._letter == "g"):
            self._finding("archive.mixed", record)
            return None
        values, _texts = carried(stamped(record, self._context).fields)
        person = claimant(values, self._context.institution_code)
        different = differences(claim.person, person)
        for target in different:
            self._finding("archive.identity", record, target)
        if different:
            return None
        if values.get("ticket.number", "") != claim.ticket:
            self._finding("archive.ticket", record, "ticket.number")
            return None
        try:
            return write_claim(claim) if isinstance(claim, Claim) else write_guidance_claim(claim)
        except InterchangeInvalid as error:
            self._finding("archive.claim", record, str(error.params["what"]))
            return None

    def close(self) -> None:
        """Write summary (where there are claims), index and the zip's directory."""
        if self._with_claims:
            self._zip.add(f"{self._folder}/{SUMMARY_NAME}", write_summary(self._totals.summary()))
        sender_root, receiver_root = ROOTS.get(self._delivery.interaction, ROOTS["6"])
        index = Index(
            interaction=self._delivery.interaction,
            created=self._context.created.isoformat(),
            sender=f"{self._context.institution_code:0>10}",
            event=self._event,
            total=self.written,
            sender_root=sender_root,
            receiver=f"{self._delivery.receiver:0>8}",
            receiver_root=receiver_root,
        )
        self._zip.add(f"{self._folder}/{INDEX_NAME}", write_index(index))
        self._zip.close()
