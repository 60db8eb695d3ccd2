"""Invented claims, records and contexts for the archive's tests; and the ministry's schemas where they are present."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from hypothesis import strategies as st
from lxml import etree

from akashi.checkup.archive.model import Adjudication, Charge, Claim, Claimant, GuidanceClaim, PricedItem
from akashi.checkup.model import ItemResult, NeutralRecord, Status
from tests.checkup.conftest import SHARED

SCHEMAS = SHARED / "data/mhlw-xsd-v4"
DAY = date(2026, 6, 1)
INSTITUTION = "9910000001"
PERSON = Claimant(
    INSTITUTION, "99000001", "345", "ホシ　ソラ", "1970-01-02", "1", "12", "01", "100-0001", "架空県<星>&緑"
)
FIELDS = {
    "insurance.insurer": "99000001", "insurance.symbol": "12", "insurance.number": "345", "insurance.branch": "01",
    "person.kana": "ホシ　ソラ", "person.sex": "1", "person.birth": "1970-01-02", "visit.date": "2026-05-16",
    "person.address": "架空県<星>&緑", "person.postal": "100-0001", "ticket.number": "12345678901",
}  # fmt: skip
CLAIM = Claim(
    person=PERSON, claim_type="2", commission="1", unit_amount=9000, payment_amount=1000, claim_amount=8000,
    ticket="12345678901", expires="2027-03-31", charge_basic=Charge("2", amount=1000), unit_basic=7000,
    unit_detail=(PricedItem(2000, "1"),), paid_basic=1000,
)  # fmt: skip
GUIDANCE_CLAIM = GuidanceClaim(
    person=replace(PERSON, address=""), level="1", timing="1", price=30000, share=40, calculated=12000, status="1",
    payment=0, claim_amount=12000, ticket="22345678901", charge=Charge("1"), points_planned=180,
)  # fmt: skip


def record(row: int = 1, *results: ItemResult, **fields: str) -> NeutralRecord:
    """A person with a height, or with ``results``."""
    values = FIELDS | {name.replace("_", "."): value for name, value in fields.items()}
    height = ItemResult("9N001000000000001", 1, Status.VALUE, "cm", "165.5", "165.5")
    return NeutralRecord(row, row + 1, "tiny", "sha256:x", values, values, results or (height,))


@cache
def schema(name: str) -> etree.XMLSchema | None:
    """``ix08`` …, or ``None`` where shared/ is not present."""
    path = SCHEMAS / f"{name}_V08.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.is_file() else None


def check(name: str, data: bytes) -> None:
    """Validate against the ministry's schema where it is present."""
    found = schema(name)
    if found is not None:
        found.assertValid(etree.fromstring(data))


_yen = st.integers(0, 999_999_999)
_paid = st.none() | st.integers(0, 999_999)
_days = st.dates(date(2008, 4, 1), date(2099, 12, 31)).map(date.isoformat)
_words = st.text(st.sampled_from("架空県星<>&\"'　緑 1-"), max_size=20).map(str.strip)
_charges = st.none() | st.one_of(
    st.builds(Charge, st.just("1")),
    st.builds(Charge, st.sampled_from("24"), amount=st.integers(0, 999_999)),
    st.builds(Charge, st.just("3"), rate=st.integers(0, 100)),
)
_results = st.none() | st.builds(
    Adjudication, st.sampled_from(("2", "4", "7")), _days, st.sampled_from(("", "01", "06", "09")), _words
)
_cards = st.text(st.sampled_from("12３４記号・-"), min_size=1, max_size=20)
_tickets = st.just("") | st.from_regex("[0-9]{11}", fullmatch=True)
persons = st.builds(
    Claimant,
    institution=st.from_regex("[0-9]{10}", fullmatch=True),
    insurer=st.from_regex("[0-9]{1,8}", fullmatch=True),
    number=_cards,
    kana=st.sampled_from(("ホシ　ソラ", "ミド　ナミ", "カゲ　ヨウ")),
    birth=_days,
    sex=st.sampled_from("12"),
    symbol=st.just("") | _cards,
    branch=st.just("") | st.from_regex("[0-9]{2}", fullmatch=True),
    postal=st.from_regex("[0-9]{3}-[0-9]{4}", fullmatch=True),
    address=_words,
)
claims = st.builds(
    Claim,
    person=persons, claim_type=st.sampled_from("12345"), commission=st.sampled_from("12"), unit_amount=_yen,
    payment_amount=_yen, claim_amount=_yen, event=st.sampled_from("14"), ticket=_tickets, expires=st.just("") | _days,
    charge_basic=_charges, charge_detail=_charges, charge_other=_charges,
    dock_charge=_charges.filter(lambda charge: charge is None or charge.code != "4"), dock_limit=_paid,
    unit_basic=st.none() | _yen, unit_detail=st.lists(st.builds(PricedItem, _yen, st.sampled_from("1234"))).map(tuple),
    unit_other=st.lists(st.builds(PricedItem, _yen, st.sampled_from(("", "3F050000002399901")))).map(tuple),
    paid_basic=_paid, paid_detail=_paid, paid_other=_paid, other_program=st.none() | _yen, agency_result=_results,
    insurer_result=_results,
)  # fmt: skip
guidance_claims = st.builds(
    GuidanceClaim,
    person=persons.map(lambda person: replace(person, address="")), level=st.sampled_from("1234"),
    timing=st.sampled_from("12345"), price=_yen, share=st.integers(0, 100), calculated=_yen,
    status=st.sampled_from("12"), payment=_yen, claim_amount=_yen, ticket=_tickets, checkup_ticket=_tickets,
    expires=st.just("") | _days, charge=_charges, limit=_paid, points_done=st.none() | st.integers(0, 9999),
    points_planned=st.none() | st.integers(0, 9999), agency_result=_results, insurer_result=_results,
)  # fmt: skip
