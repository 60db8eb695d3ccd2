"""Factors through a real gateway and ledger: keys get there on the right word, lost ones leave, the temporary route takes two people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest

from akashi.app.config import GatewaySettings, web_site
from akashi.app.errors import SettingsInvalid
from akashi.app.people import factors
from akashi.errors import Unavailable
from akashi.identity.errors import NotPermitted, SessionEnded, SignInFailed
from akashi.identity.factors.errors import FactorRefused, OwnTemporary
from akashi.identity.factors.model import FactorKind, Secrets
from akashi.identity.journal import What
from akashi.identity.lifecycle.model import ResetMethod
from akashi.identity.presence.errors import ProofNeeded
from akashi.ledger.errors import Refused
from akashi.ledger.keyring.approving import KeyApproving
from akashi.ledger.model import ApprovalKind, AuthMethod, Basis
from tests.app.people.staff import Staff, Ward, again, staffed
from tests.app.service import PASSWORD, Cast, Service, copied
from tests.identity.factors.authenticator import Authenticator
from tests.identity.twin import MemorySigner


class Unreachable(Unavailable):
    """The server is away."""

    code = "tests.unreachable"
    ja = en = "away"


@pytest.fixture
def service(ward_home: tuple[Path, Cast, Ward], tmp_path: Path) -> Iterator[Service]:
    """An opened copy of a home whose clinic has a ward."""
    home, cast, _ = ward_home
    with Service(copied(home, tmp_path / "home"), cast) as opened:
        yield opened


@pytest.fixture
def staff(service: Service, ward_home: tuple[Path, Cast, Ward]) -> Staff:
    """The ward's people."""
    return staffed(service, ward_home[2])


def passkey(service: Service, staff: Staff) -> tuple[Authenticator, factors.Held]:
    """The nurse enrols one."""
    site = service.clinic.accounts.factors.site
    made = Authenticator(rp_id=site.rp_id, origin=site.origin)
    answer = made.create(factors.passkey_options(service.clinic, staff.nurse))
    return made, factors.enrol_passkey(service.clinic, staff.nurse, answer, "鍵束の鍵")


def device_key(service: Service, staff: Staff) -> tuple[MemorySigner, factors.Held]:
    """The nurse's command line enrols its key."""
    signer = MemorySigner()
    wanted = factors.possession_wanted(service.clinic, staff.nurse, signer.spki)
    held = factors.enrol_key(
        service.clinic, staff.nurse, FactorKind.DEVICE_KEY, signer.spki, signer.sign(wanted), "desk"
    )
    return signer, held


def test_the_first_passkey_is_on_the_ledger_and_signs_in(service: Service, staff: Staff) -> None:
    """Enrolled once, it approves (basis: introduced) and signs in alone, without a login name."""
    made, held = passkey(service, staff)
    (key,) = factors.person_keys(service.clinic, staff.nurse.person)
    assert (held.on_ledger, key.person, key.approval, key.basis) == (
        True, staff.nurse.person, ApprovalKind.PASSKEY, Basis.INTRODUCED,
    )  # fmt: skip

    accounts, certificate = service.clinic.accounts, service.clinic.machine_certificate()
    assertion = made.get(factors.sign_in_options(service.clinic, certificate))
    person = accounts.factors.claimed(assertion)
    assert accounts.admit(person, Secrets(assertion=assertion), certificate).method is AuthMethod.PASSKEY


def test_a_further_key_needs_an_earlier_one(service: Service, staff: Staff) -> None:
    """Without an approval the ledger refuses it; with one by the earlier key it is enrolled, and running again does nothing."""
    signer, _ = device_key(service, staff)
    _, held = passkey(service, staff)
    assert not held.on_ledger

    with pytest.raises(Refused):
        factors.introduce(service.clinic, staff.nurse, held.factor.id)
    approving = replace(staff.nurse, approving=KeyApproving(signer))
    factors.introduce(service.clinic, approving, held.factor.id)
    factors.introduce(service.clinic, approving, held.factor.id)
    assert {key.basis for key in factors.person_keys(service.clinic, staff.nurse.person)} == {
        Basis.INTRODUCED, Basis.OWN_KEY,
    }  # fmt: skip


def test_after_a_loss_another_person_vouches(service: Service, staff: Staff) -> None:
    """The lost key is revoked and the sessions end; the next one needs a manager's word, nobody else's."""
    _, first = device_key(service, staff)
    factors.remove(service.clinic, staff.boss, first.factor.id, staff.nurse.person, lost=True)
    assert factors.person_keys(service.clinic, staff.nurse.person) == []
    with pytest.raises(SessionEnded):
        again(service.clinic, staff.nurse)
    _, held = passkey(service, staff)

    with pytest.raises(NotPermitted):
        factors.introduce(service.clinic, staff.head, held.factor.id, staff.nurse.person)
    factors.introduce(service.clinic, staff.boss, held.factor.id, staff.nurse.person)
    assert [key.basis for key in factors.person_keys(service.clinic, staff.nurse.person)] == [Basis.RESET]


def test_a_lost_key_is_stopped_while_the_ledger_is_away(
    service: Service, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: the finder of a key uses it while the server cannot be told; nobody can tell it later, for the factor is gone here."""
    _, first = passkey(service, staff)

    def away(*_: object, **__: object) -> None:
        raise Unreachable

    with monkeypatch.context() as patch:
        patch.setattr(service.clinic.author, "submit", away)
        with pytest.raises(Unreachable):
            factors.remove(service.clinic, staff.boss, first.factor.id, staff.nurse.person, lost=True)
    with pytest.raises(SessionEnded):
        again(service.clinic, staff.nurse)
    assert service.clinic.accounts.factors.standing(staff.nurse.person).passkeys == 0
    factors.remove(service.clinic, staff.boss, first.factor.id, staff.nurse.person, lost=True)
    assert factors.person_keys(service.clinic, staff.nurse.person) == []


def test_a_key_that_is_not_there_is_not_enrolled(service: Service, staff: Staff) -> None:
    """Somebody else's public key, with a signature by one's own, is refused here already."""
    mine, theirs = MemorySigner(), MemorySigner()
    wanted = factors.possession_wanted(service.clinic, staff.nurse, theirs.spki)

    for possession in (mine.sign(wanted), bytes(64), b""):
        with pytest.raises(FactorRefused):
            factors.enrol_key(service.clinic, staff.nurse, FactorKind.BROWSER_KEY, theirs.spki, possession, "")
    assert factors.person_keys(service.clinic, staff.nurse.person) == []


def test_the_temporary_route_ends_with_the_new_factor(service: Service, staff: Staff) -> None:
    """Lost telephone: a manager issues, the nurse signs in with password and code, enrols, and the route with its session is closed."""
    accounts, certificate = service.clinic.accounts, service.clinic.machine_certificate()
    (phone,) = factors.overview(service.clinic, staff.nurse).held
    factors.remove(service.clinic, staff.boss, phone.factor.id, staff.nurse.person, lost=True)
    code = factors.issue_temporary(service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID, b"copy")
    session = accounts.sign_in("kango", PASSWORD, code, certificate)
    assert session.method is AuthMethod.TEMPORARY

    seed = factors.new_totp(service.clinic, session, "new phone").secret
    factors.confirm_totp(service.clinic, session, pyotp.TOTP(seed).at(service.clinic.clock.now_ms() // 1000))
    with pytest.raises(SessionEnded):
        accounts.session(session.token, certificate)
    with pytest.raises(SignInFailed):
        accounts.sign_in("kango", PASSWORD, code, certificate)
    said = [one for one in service.clinic.journal.entries() if one.what is What.TEMPORARY_ISSUED]
    assert [(one.person, one.subject, one.purpose) for one in said] == [(staff.boss.person, staff.nurse.person, 1)]


def test_only_those_who_reset_issue_and_never_to_themselves(service: Service, staff: Staff) -> None:
    """A nurse issues to nobody, a manager not to themselves."""
    with pytest.raises(NotPermitted):
        factors.issue_temporary(service.clinic, staff.nurse, staff.head.person, ResetMethod.PHOTO_ID, b"copy")
    with pytest.raises(OwnTemporary):
        factors.issue_temporary(service.clinic, staff.boss, staff.boss.person, ResetMethod.PHOTO_ID, b"copy")


def test_colleagues_neither_see_nor_remove_factors(service: Service, staff: Staff) -> None:
    """What the nurse has is for the nurse and the managers; a try is refused and recorded."""
    (phone,) = factors.overview(service.clinic, staff.nurse).held

    with pytest.raises(NotPermitted):
        factors.overview(service.clinic, staff.head, staff.nurse.person)
    with pytest.raises(NotPermitted):
        factors.remove(service.clinic, staff.head, phone.factor.id, staff.nurse.person)
    assert list(service.clinic.journal.entries())[-1].what is What.ACTION


def test_an_unattended_session_changes_no_factor(service: Service, staff: Staff) -> None:
    """Six minutes after the last proof nothing is enrolled, removed or shown; looking is still allowed."""
    (phone,) = factors.overview(service.clinic, staff.nurse).held
    service.clock.advance(6 * 60_000)

    for attempt in (
        lambda: factors.passkey_options(service.clinic, staff.nurse),
        lambda: factors.possession_wanted(service.clinic, staff.nurse, b"key"),
        lambda: factors.new_totp(service.clinic, staff.nurse),
        lambda: factors.recovery_codes(service.clinic, staff.nurse),
        lambda: factors.remove(service.clinic, staff.nurse, phone.factor.id),
    ):
        with pytest.raises(ProofNeeded):
            attempt()
    assert [one.factor.id for one in factors.overview(service.clinic, staff.nurse).held] == [phone.factor.id]


def test_recovery_codes_need_a_factor(service: Service, staff: Staff) -> None:
    """Ten for who has a factor; none for who has none: they would be a factor of their own."""
    assert len(factors.recovery_codes(service.clinic, staff.nurse)) == 10
    service.clinic.accounts.factors.remove_all(staff.nurse.person)

    with pytest.raises(FactorRefused):
        factors.recovery_codes(service.clinic, staff.nurse)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://gateway.example.jp:8444", True),
        ("https://gateway.example.jp", True),
        ("", True),
        ("http://gateway.example.jp", False),
        ("https://192.0.2.7:8444", False),
        ("https://gateway.example.jp/", False),
        ("https://GATEWAY.example.jp", False),
    ],
)
def test_the_web_address_is_an_origin(address: str, good: bool) -> None:
    """Only what a browser would call the origin of passkeys is taken."""
    settings = GatewaySettings(web_address=address)

    if good:
        assert web_site(settings).origin == (address or "https://localhost:8444")
    else:
        with pytest.raises(SettingsInvalid):
            web_site(settings)
