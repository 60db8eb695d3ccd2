"""Reading hcRole and policies: the form, and everything beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.signatures.model import CertificateSeen, PolicyClass, Qualification, Role, Standing
from akashi.signatures.roles import NAMES, read_certificate, roles_in
from akashi.signatures.rules import level_of, qualification_to_record, standing_of
from akashi.signatures.saying import QUALIFICATIONS, roles_said
from tests.signatures.pki import (
    SIGNING_POLICY,
    actor,
    authority,
    directory_attributes,
    holder,
    oid,
    role_attribute,
    sequence,
    set_of,
    tagged,
)

ROOT = authority("架空認証局")


@pytest.mark.parametrize(("name", "meaning"), sorted(NAMES.items()))
def test_every_name_is_recognised(name: str, meaning: Qualification) -> None:
    """Each name of the table is found in a certificate, and has a Japanese word."""
    assert roles_in(directory_attributes(role_attribute(name))) == (Role(name, meaning),)
    assert QUALIFICATIONS[meaning][0]


def test_two_qualifications() -> None:
    """A doctor who directs a clinic states both."""
    found = roles_in(directory_attributes(role_attribute("Medical Doctor", "Director of Clinic")))

    assert {one.qualification for one in found} == {Qualification.DOCTOR, Qualification.CLINIC_DIRECTOR}


def test_unknown_name_is_shown_as_it_is() -> None:
    """A name that is not in the table is kept, and is no qualification that we know."""
    assert roles_in(directory_attributes(role_attribute("Astrologer"))) == (Role("Astrologer", Qualification.OTHER),)


def test_other_schemes_and_attributes_say_nothing() -> None:
    """A role under another scheme, and other attributes of the subject, are no role."""
    foreign = sequence(oid("1.0.17090.0.1"), set_of(set_of(actor("Medical Doctor", "1.2.3.4"))))
    birth = sequence(oid("1.3.6.1.5.5.7.9.1"), set_of(b"\x18\x0f19700101000000Z"))

    assert roles_in(directory_attributes(foreign, birth)) == ()


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x80\x00\x00",
        directory_attributes(role_attribute("Medical Doctor")) + b"\0",
        directory_attributes(role_attribute("Medical Doctor"), role_attribute("Dentist")),
        directory_attributes(sequence(oid("1.0.17090.0.1"), set_of(set_of(actor("A" * 65))))),
        directory_attributes(sequence(oid("1.0.17090.0.1"), set_of(set_of(actor("Medical\nDoctor"))))),
        directory_attributes(sequence(oid("1.0.17090.0.1"), set_of(set_of(sequence(tagged(3, b"\x05\x00")))))),
        directory_attributes(role_attribute(*[f"Role {number}" for number in range(17)])),
    ],
    ids=["empty", "indefinite", "trailing", "twice", "long", "newline", "tag", "many"],
)
def test_what_is_not_the_form_is_refused(der: bytes) -> None:
    """Attack: anything beside the form is refused whole; a certificate with it reads as malformed, never half."""
    with pytest.raises(ValueError):
        roles_in(der)

    seen = read_certificate(holder(ROOT, roles=der, policy=SIGNING_POLICY).certificate)
    assert (seen.readable, seen.roles) == (False, ())
    assert standing_of(seen, anchored=True) is Standing.UNCONFIRMED


@given(st.binary(max_size=200))
def test_any_bytes_end_in_roles_or_one_error(der: bytes) -> None:
    """Attack: hostile DER neither hangs nor escapes as another exception."""
    try:
        found = roles_in(der)
    except (ValueError, TypeError):
        return
    assert all(isinstance(one, Role) for one in found)


@given(st.data())
def test_a_changed_byte_is_never_another_role_of_the_table(data: st.DataObject) -> None:
    """A bit flipped in the encoding gives an error or another name, never silently a table's other profession."""
    der = bytearray(directory_attributes(role_attribute("Dentist")))
    at = data.draw(st.integers(0, len(der) - 1))
    der[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = roles_in(bytes(der))
    except (ValueError, TypeError):
        return
    assert all(one.qualification is Qualification.OTHER for one in found)


def test_a_certificate_without_anything() -> None:
    """An ordinary certificate claims nothing."""
    seen = read_certificate(holder(ROOT).certificate)

    assert seen == CertificateSeen(PolicyClass.NONE, (), ())
    assert roles_said(seen, standing_of(seen, anchored=True), "ja") == "資格の記載なし"


def test_unconfirmed_is_said() -> None:
    """A claim without the root is shown with 未確認."""
    seen = read_certificate(
        holder(ROOT, roles=directory_attributes(role_attribute("Pharmacist")), policy=SIGNING_POLICY).certificate
    )

    assert roles_said(seen, standing_of(seen, anchored=False), "ja") == "薬剤師（未確認）"
    assert roles_said(seen, standing_of(seen, anchored=True), "ja") == "薬剤師（HPKI で確認）"


@given(
    st.sampled_from(PolicyClass),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(Qualification), max_size=3),
)
def test_only_the_signing_policy_under_the_root_confirms(
    policy: PolicyClass, anchored: bool, readable: bool, held: list[Qualification]
) -> None:
    """Confirmed needs all: a role, a well-formed extension, the signing policy, the HPKI root; else nothing is recorded."""
    seen = CertificateSeen(policy, (), tuple(Role("x", one) for one in held), readable)

    standing = standing_of(seen, anchored=anchored)

    wanted = bool(held) and readable and anchored and policy is PolicyClass.SIGNING
    assert (standing is Standing.CONFIRMED) == wanted
    assert (qualification_to_record(seen, standing) is not None) == wanted


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_levels_need_what_lies_below(pades: bool, stamped: bool, inside: bool, archived: bool) -> None:
    """Each level needs all evidence of the levels below it."""
    level = level_of(pades=pades, stamped=stamped, evidence_inside=inside, archived=archived)

    climbed = [stamped, inside, archived]
    expected = 1 + next((n for n, here in enumerate(climbed) if not here), 3) if pades else None
    assert (None if level is None else int(level)) == expected
