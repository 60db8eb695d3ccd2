"""The values of an archive: index (ix08), summary (su08) and claims (cc08 checkup, gc08 guidance).

Guarantees: frozen; nothing of a person is shown by ``repr``; money is whole yen, a rate whole per cent, a day an ISO
date. Refuses: sums and judgements (``rules``). Sources: ministry XSD set v4 (ix08, su08, cc08, gc08, co08).
"""

from __future__ import annotations

from dataclasses import dataclass, field

V4_NAMESPACE = "https://www.mhlw.go.jp/stf/seisakunitsuite/bunya/0000161103.html"
V3_NAMESPACE = "http://tokuteikenshin.jp/checkup/2007"
VERSIONS = {V4_NAMESPACE: 4, V3_NAMESPACE: 3}

ROOT_OID = "1.2.392.200119.6"
INSURER_OID = f"{ROOT_OID}.101"
INSTITUTION_OID = f"{ROOT_OID}.102"
AGENCY_OID = f"{ROOT_OID}.103"


@dataclass(frozen=True, slots=True)
class Index:
    """``ix08``: who sends what to whom. ``interaction`` is OID …1101, ``event`` OID …1103, ``total`` the documents."""

    interaction: str
    created: str
    sender: str
    event: str
    total: int
    sender_root: str = INSTITUTION_OID
    receiver: str = ""
    receiver_root: str = AGENCY_OID
    version: int = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """``su08``: the sums over all claims. ``other_program`` is ``None`` where the file does not state it."""

    event: str
    subjects: int
    cost: int
    payment: int
    claim: int
    other_program: int | None = None
    version: int = 4


@dataclass(frozen=True, slots=True)
class Claimant:
    """The person of a claim and who examined them; the same facts stand in the person's document."""

    institution: str
    insurer: str = field(repr=False)
    number: str = field(repr=False)
    kana: str = field(repr=False)
    birth: str = field(repr=False)
    sex: str = field(repr=False)
    symbol: str = field(default="", repr=False)
    branch: str = field(default="", repr=False)
    postal: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Charge:
    """What the person pays. ``code`` is OID …1106: 1 nothing, 2 an amount, 3 a rate in per cent, 4 all beyond a limit."""

    code: str
    amount: int | None = field(default=None, repr=False)
    rate: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PricedItem:
    """One unit price. ``code``: a detailed checkup (OID …1108), or an additional item's code; empty where none is named."""

    amount: int
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Adjudication:
    """What an agency (reason OID …1109) or insurer (…1110) decided about a claim: interaction, day, reason, remark."""

    interaction: str
    day: str
    reason: str = ""
    remark: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """``cc08``: the claim for one checkup. ``claim_type`` is OID …1107, ``commission`` 1 single or 2 group contract."""

    person: Claimant
    claim_type: str
    commission: str
    unit_amount: int = field(repr=False)
    payment_amount: int = field(repr=False)
    claim_amount: int = field(repr=False)
    event: str = "1"
    ticket: str = field(default="", repr=False)
    expires: str = ""
    charge_basic: Charge | None = None
    charge_detail: Charge | None = None
    charge_other: Charge | None = None
    dock_charge: Charge | None = None
    dock_limit: int | None = field(default=None, repr=False)
    unit_basic: int | None = field(default=None, repr=False)
    unit_detail: tuple[PricedItem, ...] = field(default=(), repr=False)
    unit_other: tuple[PricedItem, ...] = field(default=(), repr=False)
    paid_basic: int | None = field(default=None, repr=False)
    paid_detail: int | None = field(default=None, repr=False)
    paid_other: int | None = field(default=None, repr=False)
    other_program: int | None = field(default=None, repr=False)
    agency_result: Adjudication | None = None
    insurer_result: Adjudication | None = None
    version: int = 4


@dataclass(frozen=True, slots=True)
class GuidanceClaim:
    """``gc08``: the claim for one step of guidance. ``level`` is OID …1112, ``timing`` …1111, ``status`` …1114.

    ``price`` is the contract's price, ``share`` the per cent of it due at this step, ``calculated`` their product as
    the institution states it; ``payment`` is what the person paid.
    """

    person: Claimant
    level: str
    timing: str
    price: int = field(repr=False)
    share: int = field(repr=False)
    calculated: int = field(repr=False)
    status: str
    payment: int = field(repr=False)
    claim_amount: int = field(repr=False)
    event: str = "2"
    ticket: str = field(default="", repr=False)
    checkup_ticket: str = field(default="", repr=False)
    expires: str = ""
    charge: Charge | None = None
    limit: int | None = field(default=None, repr=False)
    points_done: int | None = field(default=None, repr=False)
    points_planned: int | None = field(default=None, repr=False)
    agency_result: Adjudication | None = None
    insurer_result: Adjudication | None = None
    version: int = 4


@dataclass(frozen=True, slots=True)
class ArchiveName:
    """``{sender 10}_{receiver 8}_{YYYYMMDD}{count}_{event}``: folder and zip (without ``.zip``)."""

    sender: str
    receiver: str
    day: str
    count: int
    event: str


@dataclass(frozen=True, slots=True)
class MemberName:
    """``{letter}{institution 10}{YYYYMMDD}{count}{event}{serial 6}.xml``; h checkup, c its claim, g guidance, p its claim."""

    letter: str
    institution: str
    day: str
    count: int
    event: str
    serial: int

    @property
    def pair(self) -> str:
        """What a document and its claim have in common: everything but the letter."""
        return f"{self.institution}{self.day.replace('-', '')}{self.count}{self.event}{self.serial:06d}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: names and counts, and its index and summary; no document's content."""

    folder: str = field(repr=False)
    index: Index | None
    summary: Summary | None
    documents: tuple[str, ...] = field(repr=False)
    claims: tuple[str, ...] = field(repr=False)
    schemas: int
    others: int
    unpacked_bytes: int
