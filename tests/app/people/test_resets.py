"""Password resets: the identity check is on the ledger, the ticket is the person's, the secret is theirs alone."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.app.people import factors, presence, resets
from akashi.identity.errors import NotPermitted, SessionEnded, WeakPassword
from akashi.identity.journal import Outcome, What
from akashi.identity.lifecycle.errors import CheckUnusable, ResetRefused
from akashi.identity.lifecycle.model import ResetMethod, Ticket
from akashi.identity.model import PersonReason, Role
from akashi.identity.presence.model import AlertKind
from tests.app.people.staff import Staff, Ward, again, device, hired, staffed
from tests.app.service import CLINIC, DAY_MS, Cast, Service, copied

NEW_PASSWORD = "Tsuki-no-usagi-42-hane"
CARD = b"%PDF invented copy of a card of one Hoshi no Namae"


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


def _ticket(service: Service, staff: Staff) -> Ticket:
    return resets.issued(
        service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID, document=CARD, witness=staff.head.person
    )


def _redeemed(service: Service, ticket: Ticket, certificate: bytes, *, login: str = "kango") -> str:
    return resets.redeemed(service.clinic, login, ticket.code, certificate, NEW_PASSWORD)


def test_the_person_sets_the_password_on_their_own_device(service: Service, staff: Staff) -> None:
    """The old password is gone, and so are the sessions that it opened."""
    _, own = device(service, service.clinic, staff.nurse.person)
    assert _redeemed(service, _ticket(service, staff), own) == staff.nurse.person
    with pytest.raises(SessionEnded):
        again(service.clinic, staff.nurse)


def test_the_check_is_in_the_ledger_of_resets(service: Service, staff: Staff) -> None:
    """Method, digest of the copy, who checked and who stood by; not the copy itself."""
    ticket = _ticket(service, staff)
    found = resets.listed(service.clinic, staff.boss)[0]
    assert (found.handle, found.method, found.document) == (ticket.reset, ResetMethod.PHOTO_ID, sha256(CARD).digest())
    assert (found.checker, found.witness) == (staff.boss.person, staff.head.person)


def test_a_ticket_alone_on_a_foreign_device_is_nothing(service: Service, staff: Staff) -> None:
    """Attack: the checker (or a thief) uses the ticket on a colleague's device, another institution's, or an unknown one."""
    ticket = _ticket(service, staff)
    _, colleague = device(service, service.clinic, staff.head.person)
    for certificate in (colleague, service.payer.machine_certificate(), bytes(32)):
        with pytest.raises(ResetRefused):
            _redeemed(service, ticket, certificate)


def test_beside_the_checker_only_where_the_setting_allows(service: Service, staff: Staff) -> None:
    """With the setting off, the device at which the person was checked is a foreign one too."""
    here = staff.boss.certificate
    ticket = _ticket(service, staff)
    with pytest.raises(ResetRefused):
        service.clinic.people.resets.redeem("kango", ticket.code, here, NEW_PASSWORD, attended=False)
    assert _redeemed(service, ticket, here) == staff.nurse.person


def test_one_checker_never_gets_both_factors(service: Service, staff: Staff) -> None:
    """Attack: a manager resets the nurse's password beside themself, then issues a code in place of the telephone, and is the nurse."""
    ticket = _ticket(service, staff)
    with pytest.raises(CheckUnusable):
        factors.issue_temporary(service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID, CARD)
    _redeemed(service, ticket, staff.boss.certificate)
    service.clock.advance(60_000)
    with pytest.raises(CheckUnusable):
        factors.issue_temporary(service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID, CARD)


def test_nor_in_the_other_order(service: Service, staff: Staff) -> None:
    """Attack: the code first, the password afterwards. Another checker may: then two people have looked."""
    factors.issue_temporary(service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID, CARD)
    with pytest.raises(CheckUnusable):
        _ticket(service, staff)
    other = hired(service.clinic, "unyo", Role.OPERATIONS)
    method = ResetMethod.PHOTO_ID
    assert resets.issued(service.clinic, other, staff.nurse.person, method, document=CARD).code


def test_a_code_needs_the_proof_that_its_method_names(service: Service, staff: Staff) -> None:
    """Attack: a code for a photo id that nobody copied, or "by a manager" from somebody who is none."""
    operations = hired(service.clinic, "unyo", Role.OPERATIONS)
    for by, method in ((staff.boss, ResetMethod.PHOTO_ID), (operations, ResetMethod.IN_PERSON_BY_MANAGER)):
        with pytest.raises(CheckUnusable):
            factors.issue_temporary(service.clinic, by, staff.nurse.person, method, b"")


def test_a_code_on_a_colleagues_word_names_the_colleague(service: Service, staff: Staff) -> None:
    """Attack: "a colleague knows them", and no colleague, oneself, the person, or nobody who works here; the real one is in the journal."""
    gateway, nurse, method = service.clinic, staff.nurse.person, ResetMethod.CARD_AND_COLLEAGUE
    for witness in (None, staff.boss.person, nurse, "per-aaaaaaaaaaaaaaaaaaaa", "x"):
        with pytest.raises(CheckUnusable):
            factors.issue_temporary(gateway, staff.boss, nurse, method, b"", witness)
    assert gateway.accounts.factors.temporary_issuer(nurse) is None

    factors.issue_temporary(gateway, staff.boss, nurse, method, b"", staff.head.person)
    issued = [
        one for one in gateway.journal.entries() if one.what is What.TEMPORARY_ISSUED and one.outcome is Outcome.DONE
    ]
    assert [(one.subject, one.reason) for one in issued] == [(nurse, None), (staff.head.person, "temporary.witness")]


def test_after_a_leak_a_reset_brings_back_the_person_and_no_factor(service: Service, staff: Staff) -> None:
    """Attack: whoever had the secrets enrolled a factor of their own, and comes back with it once the person is let in again."""
    presence.suspect_leak(service.clinic, staff.nurse)
    assert presence.around(service.clinic, staff.boss, staff.nurse.person).stopped
    _redeemed(service, _ticket(service, staff), staff.boss.certificate)
    assert not service.clinic.people.presence.is_stopped(staff.nurse.person)
    assert service.clinic.accounts.factors.factors(staff.nurse.person) == []


def test_a_ticket_works_once(service: Service, staff: Staff) -> None:
    """Attack: using a ticket that was used."""
    ticket = _ticket(service, staff)
    _redeemed(service, ticket, staff.boss.certificate)
    with pytest.raises(ResetRefused):
        _redeemed(service, ticket, staff.boss.certificate)


def test_a_ticket_ends_after_half_an_hour(service: Service, staff: Staff) -> None:
    """Attack: finding a ticket later."""
    ticket = _ticket(service, staff)
    service.clock.advance(30 * 60_000)
    with pytest.raises(ResetRefused):
        _redeemed(service, ticket, staff.boss.certificate)


def test_a_newer_ticket_voids_the_older(service: Service, staff: Staff) -> None:
    """Attack: keeping an earlier ticket of somebody who was checked again."""
    older, _newer = _ticket(service, staff), _ticket(service, staff)
    with pytest.raises(ResetRefused):
        _redeemed(service, older, staff.boss.certificate)


def test_a_ticket_is_for_one_person(service: Service, staff: Staff) -> None:
    """Attack: a ticket with another login; unknown logins get the same answer."""
    ticket = _ticket(service, staff)
    for login in ("shunin", "nobody-here"):
        with pytest.raises(ResetRefused):
            _redeemed(service, ticket, staff.boss.certificate, login=login)


def test_a_leaver_cannot_use_their_ticket(service: Service, staff: Staff) -> None:
    """Attack: somebody is checked, leaves, and comes back with the ticket."""
    ticket = _ticket(service, staff)
    service.clinic.accounts.disable(staff.nurse.person, PersonReason.LEFT)
    with pytest.raises(ResetRefused):
        _redeemed(service, ticket, staff.boss.certificate)


def test_a_weak_password_does_not_cost_the_ticket(service: Service, staff: Staff) -> None:
    """The person tries again with a better one."""
    ticket = _ticket(service, staff)
    with pytest.raises(WeakPassword):
        resets.redeemed(service.clinic, "kango", ticket.code, staff.boss.certificate, "short1")
    assert _redeemed(service, ticket, staff.boss.certificate) == staff.nurse.person


def test_typed_by_hand_it_still_works(service: Service, staff: Staff) -> None:
    """Case, spaces and hyphens do not matter."""
    ticket = _ticket(service, staff)
    typed = Ticket(ticket.reset, ticket.code.upper().replace("-", " "), ticket.until_ms)
    assert _redeemed(service, typed, staff.boss.certificate) == staff.nurse.person


def test_nobody_resets_themself_or_without_the_role(service: Service, staff: Staff) -> None:
    """Attack: a manager checks themself; a nurse checks a colleague; a photo id without its copy."""
    with pytest.raises(CheckUnusable):
        resets.issued(service.clinic, staff.boss, staff.boss.person, ResetMethod.IN_PERSON_BY_MANAGER)
    with pytest.raises(NotPermitted):
        resets.issued(service.clinic, staff.nurse, staff.head.person, ResetMethod.IN_PERSON_BY_MANAGER)
    with pytest.raises(CheckUnusable):
        resets.issued(service.clinic, staff.boss, staff.nurse.person, ResetMethod.PHOTO_ID)


def test_the_person_is_told(service: Service, staff: Staff) -> None:
    """At their next sign-in: who, when, how; until they have read it. An alert tells the others."""
    _redeemed(service, _ticket(service, staff), staff.boss.certificate)
    told = resets.notices(service.clinic, staff.nurse)
    resets.noticed(service.clinic, staff.nurse)
    assert [(one.checker, one.at_ms) for one in told] == [(staff.boss.person, service.clock.now_ms())]
    assert resets.notices(service.clinic, staff.nurse) == []
    assert AlertKind.PASSWORD_RESET in [one.kind for one in service.clinic.people.alerts.open()]


def test_every_try_is_in_the_journal(service: Service, staff: Staff) -> None:
    """The check, a failed try and the use of the ticket; no code, no password."""
    ticket = _ticket(service, staff)
    with pytest.raises(ResetRefused):
        _redeemed(service, ticket, bytes(32))
    _redeemed(service, ticket, staff.boss.certificate)
    reasons = [one.reason for one in service.clinic.journal.entries() if one.what is What.PASSWORD_RESET]
    assert reasons == ["ticket.issued", "identity.lifecycle.reset_refused", "ticket.used"]


def test_the_copy_lies_sealed_and_goes_after_its_time(service: Service, staff: Staff) -> None:
    """Who may reset may look at it, until it is erased."""
    ticket = _ticket(service, staff)
    files = b"".join(path.read_bytes() for path in service.clinic.paths.root.glob("gateway.db*"))
    assert CARD not in files
    assert ticket.code.encode() not in files
    assert resets.document(service.clinic, staff.boss, ticket.reset) == CARD
    service.clock.advance(90 * DAY_MS)
    assert service.clinic.people.resets.expire_documents() == 1
    assert service.clinic.people.resets.document(ticket.reset) is None


def test_secrets_do_not_show(service: Service, staff: Staff) -> None:
    """A ticket's repr has no code."""
    ticket = _ticket(service, staff)
    assert ticket.code not in repr(ticket)
    assert service.session(CLINIC).person == staff.boss.person
