"""``ix08`` (who sends how many documents to whom) and ``su08`` (the sums over the claims), written and read.

Guarantees: ``read_index(write_index(x)) == x`` in version 4; sums come from the claims themselves. Refuses: anything
the schema does not have; an index lists no files (ix08_V08.xsd).

>>> one = Index("6", "2026-06-01", "9910000001", "1", 2, receiver="99000001", receiver_root=INSURER_OID)
>>> read_index(write_index(one)) == one
True
"""

from __future__ import annotations

from akashi.checkup.archive.interchange import COUNT, MONEY, TOTAL, Part, Shape, opened
from akashi.checkup.archive.model import (
    AGENCY_OID,
    INSTITUTION_OID,
    INSURER_OID,
    ROOT_OID,
    Claim,
    GuidanceClaim,
    Index,
    Summary,
)

# Sender's and receiver's kind of number by interaction (OID …1101).
ROOTS = {
    "1": (INSTITUTION_OID, AGENCY_OID), "2": (AGENCY_OID, INSTITUTION_OID), "3": (AGENCY_OID, INSURER_OID),
    "4": (INSURER_OID, AGENCY_OID), "5": (INSURER_OID, AGENCY_OID), "6": (INSTITUTION_OID, INSURER_OID),
    "7": (INSURER_OID, INSTITUTION_OID), "8": (INSURER_OID, INSURER_OID), "10": (INSURER_OID, AGENCY_OID),
    "11": (AGENCY_OID, INSURER_OID),
}  # fmt: skip
_PARTIES = frozenset({INSTITUTION_OID, INSURER_OID, AGENCY_OID, f"{ROOT_OID}.105"})
_INDEX, _SUMMARY = Shape("ix08"), Shape("su08")


def write_index(index: Index) -> bytes:
    """The file, version 4. Raises :class:`InterchangeInvalid`."""
    shape = _INDEX
    receiver = ""
    if index.receiver:
        receiver = f"<receiver>{shape.identifier('id', index.receiver_root, index.receiver, 'party')}</receiver>"
    if index.sender_root not in _PARTIES or index.receiver_root not in _PARTIES:
        raise shape.wrong("root")
    return shape.document(
        "index",
        shape.code("interactionType", index.interaction, "interaction")
        + shape.day("creationTime", index.created)
        + f"<sender>{shape.identifier('id', index.sender_root, index.sender, 'party')}</sender>{receiver}"
        + shape.code("serviceEventType", index.event, "event")
        + shape.number("totalRecordCount", index.total, TOTAL),
    )


def _party(part: Part | None) -> tuple[str, str]:
    if part is None:
        return "", AGENCY_OID
    identifier = part.need("id")
    if identifier.root() not in _PARTIES:
        raise part.wrong("root")
    return identifier.attribute("extension", "party"), identifier.root()


def read_index(data: bytes) -> Index:
    """The index of either version. Raises :class:`InterchangeInvalid`, :class:`NamespaceUnknown`."""
    part, version = opened("ix08", data, "index")
    sender, sender_root = _party(part.need("sender"))
    receiver, receiver_root = _party(part.child("receiver"))
    return Index(
        interaction=part.code("interactionType", "interaction"),
        created=part.day("creationTime"),
        sender=sender,
        event=part.code("serviceEventType", "event"),
        total=part.whole("totalRecordCount", TOTAL),
        sender_root=sender_root,
        receiver=receiver,
        receiver_root=receiver_root,
        version=version,
    )


def write_summary(summary: Summary) -> bytes:
    """The file, version 4. Raises :class:`InterchangeInvalid`."""
    shape = _SUMMARY
    return shape.document(
        "summary",
        shape.code("serviceEventType", summary.event, "event")
        + shape.number("totalSubjectCount", summary.subjects, COUNT)
        + shape.yen("totalCostAmount", summary.cost)
        + shape.yen("totalPaymentAmount", summary.payment)
        + shape.yen("totalPaymentByOtherProgram", summary.other_program)
        + shape.yen("totalClaimAmount", summary.claim),
    )


def read_summary(data: bytes) -> Summary:
    """The summary of either version. Raises :class:`InterchangeInvalid`, :class:`NamespaceUnknown`."""
    part, version = opened("su08", data, "summary")
    return Summary(
        event=part.code("serviceEventType", "event"),
        subjects=part.whole("totalSubjectCount", COUNT),
        cost=part.whole("totalCostAmount", MONEY),
        payment=part.whole("totalPaymentAmount", MONEY),
        claim=part.whole("totalClaimAmount", MONEY),
        other_program=part.optional_whole("totalPaymentByOtherProgram", MONEY),
        version=version,
    )


class Totals:
    """Sums claims as they come. Other programmes' payments are stated where any claim states one."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._subjects = self._cost = self._payment = self._claim = 0
        self._other: int | None = None

    def add(self, claim: Claim | GuidanceClaim) -> None:
        """One more claim."""
        self._subjects += 1
        self._claim += claim.claim_amount
        if isinstance(claim, Claim):
            self._cost += claim.unit_amount
            self._payment += claim.payment_amount
            if claim.other_program is not None:
                self._other = (self._other or 0) + claim.other_program
        else:
            self._cost += claim.calculated
            self._payment += claim.payment

    def summary(self) -> Summary:
        """The sums so far."""
        return Summary(self._event, self._subjects, self._cost, self._payment, self._claim, self._other)
