"""Index, summary and claims: what is written is valid and reads back; both versions are read; faults are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from akashi.checkup.archive.claims import read_claim, read_guidance_claim, write_claim, write_guidance_claim
from akashi.checkup.archive.index import ROOTS, Totals, read_index, read_summary, write_index, write_summary
from akashi.checkup.archive.model import (
    V3_NAMESPACE,
    V4_NAMESPACE,
    Adjudication,
    Charge,
    Claim,
    Claimant,
    GuidanceClaim,
    Index,
    PricedItem,
    Summary,
)
from akashi.checkup.archive.parties import claimant, differences
from akashi.checkup.errors import DocumentInvalid, InterchangeInvalid, NamespaceUnknown
from tests.checkup.archive.invented import (
    CLAIM,
    FIELDS,
    GUIDANCE_CLAIM,
    INSTITUTION,
    PERSON,
    check,
    claims,
    guidance_claims,
    schema,
)
from tests.checkup.conftest import ROOT

INDEX = Index("6", "2026-06-01", INSTITUTION, "1", 2, receiver="99000001", receiver_root=ROOTS["6"][1])
SUMMARY = Summary("1", 2, 18000, 2000, 16000)


@given(claims)
def test_a_checkup_claim_reads_back(claim: Claim) -> None:
    """Every optional part, valid against cc08."""
    data = write_claim(claim)

    check("cc08", data)
    assert read_claim(data) == claim


@given(guidance_claims)
def test_a_guidance_claim_reads_back(claim: GuidanceClaim) -> None:
    """Every optional part, valid against gc08."""
    data = write_guidance_claim(claim)

    check("gc08", data)
    assert read_guidance_claim(data) == claim


@given(st.sampled_from(sorted(ROOTS)), st.integers(0, 99_999_999), st.booleans())
def test_an_index_reads_back(interaction: str, count: int, known: bool) -> None:
    """With and without receiver, valid against ix08."""
    sender, receiver = ROOTS[interaction]
    index = replace(INDEX, interaction=interaction, total=count, sender_root=sender)
    index = (
        replace(index, receiver_root=receiver) if known else replace(INDEX, receiver="", receiver_root=ROOTS["1"][1])
    )

    data = write_index(index)

    check("ix08", data)
    assert read_index(data) == index


@given(st.none() | st.integers(0, 999_999_999), st.integers(0, 999_999))
def test_a_summary_reads_back(other: int | None, subjects: int) -> None:
    """With and without other programmes, valid against su08."""
    summary = replace(SUMMARY, other_program=other, subjects=subjects)

    data = write_summary(summary)

    check("su08", data)
    assert read_summary(data) == summary


def test_version_3_is_read_and_says_so() -> None:
    """The old namespace, in every kind of file; nothing but the version differs."""
    old = {
        kind: data.replace(V4_NAMESPACE.encode(), V3_NAMESPACE.encode())
        for kind, data in (
            ("ix", write_index(INDEX)),
            ("su", write_summary(SUMMARY)),
            ("cc", write_claim(CLAIM)),
            ("gc", write_guidance_claim(GUIDANCE_CLAIM)),
        )
    }

    assert read_index(old["ix"]) == replace(INDEX, version=3)
    assert read_summary(old["su"]) == replace(SUMMARY, version=3)
    assert read_claim(old["cc"]) == replace(CLAIM, version=3)
    assert read_guidance_claim(old["gc"]) == replace(GUIDANCE_CLAIM, version=3)


def test_an_unknown_namespace_is_refused() -> None:
    """Neither version: the reception would return it."""
    with pytest.raises(NamespaceUnknown):
        read_claim(write_claim(CLAIM).replace(V4_NAMESPACE.encode(), b"urn:somebody"))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"<checkupCard>", b"<checkupCart>", ""),
        (b'<claimType code="2"/>', b"", "claimType"),
        (b'<claimType code="2"/>', b'<claimType code="7"/>', "code"),
        (b'<claimType code="2"/>', b'<claimType code="2"/><claimType code="2"/>', "claimType"),
        (b'value="19700102"', b'value="19700230"', "birthTime"),
        (b'value="9000"', b'value="-9000"', "unitAmount"),
        (b'value="9000"', 'value="９０００"'.encode(), "unitAmount"),
        (b'value="9000"', b'value="9000000000"', "unitAmount"),
        (b'extension="9910000001"', b'extension="991000000"', "extension"),
        (b"checkupClaim", b"checkupClaims", "checkupClaim"),
    ],
)
def test_a_faulty_claim_is_refused_by_the_element(old: bytes, new: bytes, what: str) -> None:
    """Missing, twice, outside its pattern: the element is named, the value is not."""
    data = write_claim(CLAIM)
    assert old in data

    with pytest.raises((InterchangeInvalid, DocumentInvalid)) as caught:
        read_claim(data.replace(old, new))

    assert caught.value.params["what"] == what or (not what and isinstance(caught.value, DocumentInvalid))


@pytest.mark.parametrize(
    "claim",
    [
        replace(CLAIM, person=replace(PERSON, postal="")),
        replace(CLAIM, person=replace(PERSON, insurer="1234567890")),
        replace(CLAIM, person=replace(PERSON, kana=" ")),
        replace(CLAIM, person=replace(PERSON, birth="1970-1-2")),
        replace(CLAIM, ticket="123"),
        replace(CLAIM, claim_amount=-1),
        replace(CLAIM, charge_basic=Charge("2", amount=1, rate=1)),
        replace(CLAIM, charge_basic=Charge("2", amount=1_000_000)),
        replace(CLAIM, unit_detail=(PricedItem(1, "9"),)),
        replace(CLAIM, agency_result=Adjudication("2", "2026-06-01", remark="長" * 101)),
    ],
)
def test_what_the_schema_forbids_is_not_written(claim: Claim) -> None:
    """The writer asks the same patterns as the reader."""
    with pytest.raises(InterchangeInvalid):
        write_claim(claim)


def test_totals_are_summed_from_the_claims() -> None:
    """Cost, payment, claim; other programmes only where one is stated."""
    plain, guidance = Totals("1"), Totals("2")
    plain.add(CLAIM)
    plain.add(CLAIM)
    guidance.add(GUIDANCE_CLAIM)

    assert plain.summary() == Summary("1", 2, 18000, 2000, 16000)
    assert guidance.summary() == Summary("2", 1, 12000, 0, 12000)
    plain.add(replace(CLAIM, other_program=500))
    assert plain.summary().other_program == 500


def test_the_person_of_a_claim_comes_from_the_record() -> None:
    """The postal code gets its dash; differences are named by field, leading zeros of the insurer do not count."""
    person = claimant(FIELDS | {"person.postal": "1000001"}, INSTITUTION)

    assert person == PERSON
    other = replace(PERSON, insurer="099000001"[-9:], kana="カゲ　ヨウ", address="")
    assert differences(person, other) == ("person.kana",)


def test_nothing_of_a_person_is_shown() -> None:
    """Neither name nor numbers nor money in ``repr``."""
    shown = repr(CLAIM) + repr(GUIDANCE_CLAIM) + repr(Adjudication("2", "2026-06-01", "05", "ホシ"))

    assert not {word for word in ("ホシ", "345", "99000001", "1970", "9000", "12345678901") if word in shown}
    assert isinstance(CLAIM.person, Claimant)


@pytest.mark.skipif(schema("cc08") is None, reason="the ministry's XSD set (shared/) is not present")
def test_the_schema_check_can_fail() -> None:
    """A claim without settlement is refused: the validation above is real."""
    with pytest.raises(etree.DocumentInvalid):
        check("cc08", write_claim(CLAIM).replace(b"settlement", b"settling"))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("index", write_index(INDEX)),
        ("summary", write_summary(SUMMARY)),
        ("claim", write_claim(CLAIM)),
        ("guidance-claim", write_guidance_claim(GUIDANCE_CLAIM)),
    ],
)
def test_the_golden_files_are_what_is_written(name: str, made: bytes) -> None:
    """One file of each kind stays as it is until somebody means to change it."""
    assert made == (ROOT / f"tests/checkup/archive/golden/{name}.xml").read_bytes()
