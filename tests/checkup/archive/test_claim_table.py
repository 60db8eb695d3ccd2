"""Claims given as a table, or carried over: who gets which, and what is said where nobody or two do."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import Finding, ItemTable, SubmissionContext
from akashi.checkup.archive.claim_table import COLUMNS, CarriedClaims, ClaimTable
from akashi.checkup.archive.model import Charge, Claim, PricedItem
from akashi.checkup.archive.unpack import Archive, read_archive
from akashi.checkup.errors import EmptyFile, MissingColumn, NoRows, NotThisFormat
from akashi.checkup.findings import KINDS
from akashi.errors import AkashiError
from tests.checkup.archive.invented import CLAIM, GUIDANCE_CLAIM, check, claims, record
from tests.checkup.archive.test_pack import members, packed
from tests.checkup.conftest import ROOT

HEADINGS = {column.name: column.heading for column in COLUMNS}
NEEDED = {"claim.type": "2", "claim.commission": "1", "sum.unit": "9000", "sum.payment": "1000", "sum.claim": "8000"}
IDENTITY = {"insurance.insurer": "99000001", "insurance.number": "345", "visit.date": "2026-05-16"}
TICKET = {"ticket.number": "12345678901"}


def table(*rows: dict[str, str], encoding: str = "utf-8", ids: bool = False) -> bytes:
    """A table with the columns that any of the rows has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names if ids else [HEADINGS[name] for name in names])
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return out.getvalue().encode(encoding)


def loaded(*rows: dict[str, str]) -> tuple[ClaimTable, list[Finding]]:
    """The table and what is said about it, now and later."""
    said: list[Finding] = []
    return ClaimTable(io.BytesIO(table(*rows)), said.append), said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("ids", [True, False])
def test_a_table_in_either_encoding_and_naming_gives_its_claim(
    context: SubmissionContext, encoding: str, ids: bool
) -> None:
    """Headings may be the Japanese ones or the lasting names; spreadsheets of Japan write CP932."""
    said: list[Finding] = []
    found = ClaimTable(io.BytesIO(table(NEEDED | IDENTITY, encoding=encoding, ids=ids)), said.append)

    _record, claim = found.of(record(), context)

    assert claim is not None
    assert (claim.claim_amount, claim.person.kana, claim.ticket) == (8000, "ホシ　ソラ", "12345678901")
    assert said == []


def test_every_column_arrives_in_the_claim(context: SubmissionContext) -> None:
    """Unit prices, charges, payments: what the schema can say."""
    row = NEEDED | TICKET | {
        "sum.other": "0", "unit.basic": "7000", "unit.detail.1": "2000", "unit.other.1": "0",
        "unit.other.1.code": "3F050000002399901", "charge.basic": "2", "charge.basic.amount": "1000", "charge.detail": "3",
        "charge.detail.rate": "30", "charge.other": "1", "charge.dock": "2", "charge.dock.amount": "5",
        "charge.dock.limit": "7", "paid.basic": "1000", "paid.detail": "0", "paid.other": "0",
    }  # fmt: skip
    found, said = loaded(row)

    _record, claim = found.of(record(ticket_expires="2027-03-31"), context)

    assert claim == replace(
        CLAIM, charge_detail=Charge("3", rate=30), charge_other=Charge("1"), dock_charge=Charge("2", amount=5),
        dock_limit=7, unit_other=(PricedItem(0, "3F050000002399901"),), paid_detail=0, paid_other=0, other_program=0,
    )  # fmt: skip
    assert said == []


def test_an_archive_with_a_table_is_valid_and_paired(context: SubmissionContext) -> None:
    """What the table says stands in CLAIMS, by the ministry's schema, and sums up in su08."""
    found, said = loaded(NEEDED | IDENTITY, NEEDED | IDENTITY | {"insurance.number": "346"})
    people = [found.of(person, context) for person in (record(1), record(2, insurance_number="346"))]

    data, findings, names = packed(context, *people)

    files = members(data)
    assert len(names) == 2
    assert all(names)
    assert findings == said == []
    for name, content in files.items():
        check({"h": "hc08", "c": "cc08", "i": "ix08", "s": "su08"}[name.rpartition("/")[2][0]], content)


def test_the_ticket_of_the_table_completes_the_document(context: SubmissionContext) -> None:
    """A result without a ticket's number gets the row's, so that document and claim say the same."""
    found, _said = loaded(NEEDED | IDENTITY | TICKET | {"ticket.expires": "令和9年3月31日"})

    person, claim = found.of(record(ticket_number=""), context)

    assert claim is not None
    assert (person.fields["ticket.number"], claim.ticket, claim.expires) == ("12345678901", "12345678901", "2027-03-31")
    assert packed(context, (person, claim))[1] == []


def test_a_postal_code_of_the_table_stands_in_for_a_missing_one_only(context: SubmissionContext) -> None:
    """The claim asks for it; the record's own wins."""
    found, _said = loaded(NEEDED | IDENTITY | {"person.postal": "2220002"})

    _person, claim = found.of(record(person_postal=""), context)

    assert claim is not None
    assert claim.person.postal == "222-0002"


def test_leading_zeros_that_a_spreadsheet_took_do_not_part_a_person_from_the_claim(context: SubmissionContext) -> None:
    """Insurer, branch and ticket are numbers of a known length."""
    row = IDENTITY | {"insurance.insurer": "9", "insurance.branch": "1", "ticket.number": "2345678901"}
    found, said = loaded(NEEDED | row)

    _person, claim = found.of(record(insurance_insurer="00000009", ticket_number="02345678901"), context)

    assert claim is not None
    assert said == []


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"insurance.number": "999"}, "insurance.number"), ({"visit.date": "2026-05-17"}, "visit.date"),
        ({"insurance.symbol": "99"}, "insurance.symbol"), ({"insurance.branch": "02"}, "insurance.branch"),
    ],
)  # fmt: skip
def test_a_row_that_names_the_ticket_but_another_person_is_nobodys(
    context: SubmissionContext, changed: dict[str, str], target: str
) -> None:
    """A ticket typed into the wrong row must not send somebody's bill with another's results."""
    found, said = loaded(NEEDED | IDENTITY | TICKET | changed)

    _person, claim = found.of(record(), context)
    found.rest()

    assert claim is None
    assert [(one.code, one.item) for one in said] == [("claims.differs", target), ("claims.unused", "")]


def test_the_right_person_with_another_ticket_is_told(context: SubmissionContext) -> None:
    """Both have a number, and they differ."""
    found, said = loaded(NEEDED | IDENTITY | {"ticket.number": "99999999999"})

    _person, claim = found.of(record(), context)

    assert claim is None
    assert [(one.code, one.item) for one in said] == [("claims.differs", "ticket.number")]


def test_two_rows_for_one_person_and_one_row_for_two_are_told(context: SubmissionContext) -> None:
    """Nobody is billed twice."""
    double, said = loaded(NEEDED | IDENTITY, NEEDED | TICKET)
    single, also = loaded(NEEDED | IDENTITY)

    got = [double.of(record(), context)[1], single.of(record(1), context)[1], single.of(record(2), context)[1]]

    assert [claim is not None for claim in got] == [False, True, False]
    assert [one.code for one in said + also] == ["claims.twice", "claims.twice"]


def test_people_without_rows_and_rows_without_people_are_told(context: SubmissionContext) -> None:
    """With the row of the file each is in."""
    found, said = loaded(NEEDED | IDENTITY, NEEDED | IDENTITY | {"insurance.number": "999"})

    claims_of = [found.of(record(row, insurance_number=number), context)[1] for row, number in ((1, "345"), (2, "7"))]
    found.rest()

    assert claims_of[1] is None
    assert [(one.code, one.row, one.line) for one in said] == [("claims.missing", 2, 3), ("claims.unused", 2, 3)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sum.claim": "8,000"}, {"sum.claim": "８０００"}, {"sum.claim": "-1"}, {"sum.claim": "8000円"}, {"sum.claim": ""},
        {"sum.claim": "1234567890"}, {"claim.type": "6"}, {"claim.type": "基本"}, {"claim.commission": "3"},
        {"paid.basic": "1000000"}, {"charge.basic": "2"}, {"charge.basic": "1", "charge.basic.amount": "5"},
        {"charge.basic.amount": "5"}, {"charge.basic": "3", "charge.basic.rate": "101"}, {"unit.other.1.code": "a b", "unit.other.1": "1"},
        {"visit.date": "2026-02-30"}, {"charge.dock": "4", "charge.dock.amount": "1"},
    ],
)  # fmt: skip
def test_a_cell_that_is_not_what_its_column_asks_for_spoils_its_row_only(
    context: SubmissionContext, wrong: dict[str, str]
) -> None:
    """Money is never guessed; the other rows hold."""
    found, said = loaded(NEEDED | IDENTITY | wrong, NEEDED | IDENTITY | {"insurance.number": "7"})

    _person, claim = found.of(record(2, insurance_number="7"), context)

    assert claim is not None
    assert {(one.code, one.row) for one in said} == {("claims.cell", 1)}


def test_a_row_that_does_not_say_whose_it_is_is_told() -> None:
    """Neither a ticket nor all three of insurer, number and day."""
    _found, said = loaded(NEEDED | {"insurance.insurer": "99000001", "insurance.number": "345"})

    assert [one.code for one in said] == ["claims.key"]


def test_sums_that_do_not_add_up_warn(context: SubmissionContext) -> None:
    """The receiver would; nothing is corrected."""
    found, said = loaded(NEEDED | IDENTITY | {"sum.claim": "9000"})

    _person, claim = found.of(record(), context)

    assert claim is not None
    assert claim.claim_amount == 9000
    assert [one.code for one in said] == ["archive.payment"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFile), (table(NEEDED | IDENTITY).split(b"\r\n", 1)[0], NoRows), ("氏名,年齢\nあ,1\n".encode(), NotThisFormat),
        (table(NEEDED | IDENTITY).replace("番号".encode(), "番".encode()), NotThisFormat),
        (table(IDENTITY), MissingColumn), (b"sum.unit,sum.unit\n1,1\n", NotThisFormat),
    ],
)  # fmt: skip
def test_what_is_no_table_of_claims_is_refused(data: bytes, error: type[Exception]) -> None:
    """Empty, only a heading, another table, an unknown column, a missing one, one column twice."""
    with pytest.raises(error):
        ClaimTable(io.BytesIO(data), lambda _finding: None)


@given(claims)
def test_any_claim_goes_through_the_table(items: ItemTable, context: SubmissionContext, claim: Claim) -> None:
    """What a table can hold comes back as it was: sums, prices, charges, payments."""
    kept = replace(
        claim, person=CLAIM.person, ticket=CLAIM.ticket, expires="", event="1", agency_result=None, insurer_result=None,
        unit_detail=tuple({price.code: price for price in claim.unit_detail}.values()), unit_other=claim.unit_other[:20],
    )  # fmt: skip
    kept = replace(kept, unit_detail=tuple(sorted(kept.unit_detail, key=lambda price: price.code)))
    found, said = loaded(as_row(kept))

    _person, again = found.of(record(), context)

    assert again == kept
    assert {one.code for one in said} <= {"archive.payment"}


def test_every_column_is_on_the_page() -> None:
    """Headings and lasting names; of numbered ones the first."""
    page = (ROOT / "docs/checkup-archive.md").read_text(encoding="utf-8")
    numbered = ("unit.detail.", "unit.other.", "charge.", "paid.")
    names = [
        one.name for one in COLUMNS if not one.name.startswith(numbered) or one.name.endswith((".1", "basic", ".limit"))
    ]
    headings = [one.heading for one in COLUMNS if one.name in names]

    assert [text for text in (*names, *headings) if text not in page] == []


def as_row(claim: Claim) -> dict[str, str]:
    """The row of the table that says this claim."""
    row: dict[str, object] = {
        **TICKET, "claim.type": claim.claim_type, "claim.commission": claim.commission, "sum.unit": claim.unit_amount,
        "sum.payment": claim.payment_amount, "sum.claim": claim.claim_amount, "sum.other": claim.other_program,
        "unit.basic": claim.unit_basic, "paid.basic": claim.paid_basic, "paid.detail": claim.paid_detail,
        "paid.other": claim.paid_other, "charge.dock.limit": claim.dock_limit,
    }  # fmt: skip
    charges = {
        "basic": claim.charge_basic,
        "detail": claim.charge_detail,
        "other": claim.charge_other,
        "dock": claim.dock_charge,
    }
    for part, charge in charges.items():
        if charge is not None:
            row |= {
                f"charge.{part}": charge.code,
                f"charge.{part}.amount": charge.amount,
                f"charge.{part}.rate": charge.rate,
            }
    row |= {f"unit.detail.{price.code}": price.amount for price in claim.unit_detail}
    for number, price in enumerate(claim.unit_other, 1):
        row |= {f"unit.other.{number}": price.amount, f"unit.other.{number}.code": price.code}
    return {name: str(value) for name, value in row.items() if value not in {None, ""}}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Behind a good heading: only our own findings."""
    said: list[Finding] = []

    with suppress(AkashiError):
        ClaimTable(io.BytesIO(table(NEEDED | IDENTITY) + data), said.append)

    assert {one.code for one in said} <= set(KINDS)


def test_an_archives_claims_are_carried_over(context: SubmissionContext, items: ItemTable) -> None:
    """Read and written again, each person keeps the claim; version 4 is written."""
    first, _findings, _names = packed(context, (record(1), CLAIM), (record(2), replace(CLAIM, unit_basic=1)))
    said: list[Finding] = []
    carried = CarriedClaims(io.BytesIO(first), said.append)

    again, findings, _names = packed(
        context, *(carried.of(one, context) for one in read_archive(io.BytesIO(first), items))
    )

    archive = Archive(io.BytesIO(again))
    assert bool(carried)
    assert findings == said == []
    assert [archive.claim(name).claim_amount for name in archive.names("CLAIMS")] == [8000, 8000]
    assert archive.claim(archive.names("CLAIMS")[1]) == replace(CLAIM, unit_basic=1)


def test_guidance_claims_are_carried_over_too(context: SubmissionContext, items: ItemTable) -> None:
    """Of the other letter, and of the other kind."""
    guidance = replace(context, purpose=2)
    person = record(1, visit_report="22", ticket_number="22345678901", ticket_kind="2")
    first, _findings, _names = packed(guidance, (person, GUIDANCE_CLAIM))
    carried = CarriedClaims(io.BytesIO(first), lambda _finding: None)

    again, findings, names = packed(
        guidance, *(carried.of(one, guidance) for one in read_archive(io.BytesIO(first), items))
    )

    assert findings == []
    assert all(names)
    assert Archive(io.BytesIO(again)).claim(f"p{names[0][1:]}") == GUIDANCE_CLAIM


def test_a_document_without_its_claim_is_told(context: SubmissionContext, items: ItemTable) -> None:
    """And an archive without claims has none to carry over."""
    data, _findings, _names = packed(context, (record(1), None))
    said: list[Finding] = []
    carried = CarriedClaims(io.BytesIO(data), said.append)

    claims_of = [carried.of(one, context)[1] for one in read_archive(io.BytesIO(data), items)]

    assert (bool(carried), claims_of) == (False, [None])
    assert [(one.code, one.row) for one in said] == [("archive.unpaired", 1)]
