"""The life of a device through the use cases, on a real ledger: who may take which step, and what a lost or old device means."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12

from akashi.app.desk import devices as desk
from akashi.app.device_requests import FRESH_MS, Ask, DeviceRequest, RequestDistrusted, SeenRequests, sign_request
from akashi.app.duty import emergencies
from akashi.app.gateway.home import GATEWAY_KEY
from akashi.app.people import devices
from akashi.app.server.devices import answer_request
from akashi.clock import FixedClock
from akashi.errors import NotFound
from akashi.identity import events
from akashi.identity.devices.errors import DeviceNotRequested
from akashi.identity.devices.events import DeviceLimited
from akashi.identity.devices.model import DevicePurpose, RequestStage
from akashi.identity.emergency.model import OpenReason
from akashi.identity.errors import CertificateRefused, NotPermitted
from akashi.identity.model import DeviceReason, PersonReason, Role, Session
from akashi.identity.presence.errors import ProofNeeded
from akashi.identity.presence.model import AlertKind
from akashi.ledger.errors import Refused
from tests.app.service import CLINIC, DAY_MS, PASSPHRASE, PAYER, Service


def colleague(service: Service, roles: Role = Role.OPERATOR, login: str = "tonari") -> Session:
    """Somebody else at the payer, in a session as their sign-in would give it."""
    accounts = service.payer.accounts
    person = accounts.person_of_login(login) or accounts.add_person(login=login, name="架空 隣", roles=roles)
    mine = service.session(PAYER)
    return replace(mine, person=person, roles=roles, token="")


def certificate_of(service: Service, made: desk.Added) -> bytes:
    """SHA-256 of the certificate in the P12 that waits under the code."""
    p12 = service.server.pickups.collect(made.code)
    _, certificate, _ = pkcs12.load_key_and_certificates(p12, made.password.encode())
    assert isinstance(certificate, x509.Certificate)
    return certificate.fingerprint(hashes.SHA256())


def alerts(service: Service, kind: AlertKind) -> list[str]:
    """Subjects of the open alerts of a kind."""
    return [one.subject for one in service.payer.people.alerts.open() if one.kind == kind]


def test_asked_approved_fetched_and_used(service: Service) -> None:
    """An operator asks, the manager approves, the owner fetches the P12 and signs in: the ledger has every step."""
    asker = colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.PORTABLE)
    made = devices.approve(service.payer, service.session(PAYER), device)
    used = replace(asker, device=device, certificate=certificate_of(service, made))

    assert made.device == device
    assert devices.install(service.payer, used)
    assert not devices.install(service.payer, used)
    assert [one.stage for one in devices.requests(service.payer, asker)] == [RequestStage.INSTALLED]
    assert made.code not in repr(made)
    assert made.password not in repr(made)


def test_nobody_approves_what_they_asked_for(service: Service) -> None:
    """The manager's own request waits for another manager; an operator approves nothing."""
    manager = service.session(PAYER)
    device = devices.request(service.payer, manager, DevicePurpose.WORKPLACE)
    with pytest.raises(Refused, match=r"actor\.self"):
        devices.approve(service.payer, manager, device)
    with pytest.raises(NotPermitted):
        devices.approve(service.payer, colleague(service), device)

    other = colleague(service, Role.MANAGER, "buchou")
    assert devices.approve(service.payer, other, device).device == device


def test_a_manager_alone_adds_the_first_device_only(service: Service) -> None:
    """Attack: one manager makes a second terminal that nobody asked for; while an emergency is declared they may."""
    manager = service.session(PAYER)
    first = desk.added(service.payer, manager, manager.person)
    with pytest.raises(DeviceNotRequested):
        desk.added(service.payer, manager, manager.person)
    declared = emergencies.declare(service.payer, manager, OpenReason.DISASTER)
    during = desk.added(service.payer, manager, manager.person)
    emergencies.end(service.payer, manager, declared.handle)
    emergencies.declare(service.payer, manager, OpenReason.DRILL)
    with pytest.raises(DeviceNotRequested):
        desk.added(service.payer, manager, manager.person)

    assert first.device != during.device
    refused = [one for one in service.payer.journal.entries() if one.reason == "identity.device_not_requested"]
    assert len(refused) == 2


def test_who_has_lost_their_only_device_begins_again(service: Service) -> None:
    """A revoked device and the gateway's own machine are nobody's place of work: the next is the first."""
    manager = service.session(PAYER)
    first = desk.added(service.payer, manager, manager.person)
    desk.revoked(service.payer, manager, first.device, DeviceReason.LOST)
    assert desk.added(service.payer, manager, manager.person).device != first.device


def test_requests_are_seen_by_who_made_them_and_by_managers(service: Service) -> None:
    """An operator sees their own requests, the manager all of the institution, another institution none."""
    first = devices.request(service.payer, colleague(service), DevicePurpose.SPARE)
    devices.request(service.payer, service.session(PAYER), DevicePurpose.SPARE)

    assert [one.device for one in devices.requests(service.payer, colleague(service))] == [first]
    assert len(devices.requests(service.payer, service.session(PAYER))) == 2
    assert devices.requests(service.clinic, service.session(CLINIC)) == []


def test_a_lost_device_is_refused_at_once(service: Service) -> None:
    """Who answers for it needs no manager and no fresh proof; nobody else's device can be reported lost, nor another institution's."""
    asker = colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.PORTABLE)
    devices.approve(service.payer, service.session(PAYER), device)
    with pytest.raises(NotPermitted):
        devices.lost(service.payer, colleague(service, login="tanin"), device)
    with pytest.raises(NotFound):
        devices.lost(service.clinic, service.session(CLINIC), device)
    devices.lost(service.payer, replace(asker, proved_ms=1), device)
    with service.server.engine.view() as state:
        found = events.device(state, device)

    assert found is not None
    assert found.revoked_ms is not None
    assert alerts(service, AlertKind.DEVICE_LOST) == [device]


def test_a_device_is_renewed_before_it_ends(service: Service) -> None:
    """Reminders at 30, 14 and 7 days, each once; then a successor by its owner, and no more reminders."""
    manager = service.session(PAYER)
    asker = colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.WORKPLACE)
    devices.approve(service.payer, manager, device)
    told, passed = [], 0
    for left in (40, 29, 28, 13, 6):
        service.clock.advance((365 - left) * DAY_MS - passed)
        passed = (365 - left) * DAY_MS
        devices.remind(service.payer)
        told.append(_count(service, device))
    made = devices.renew(service.payer, replace(asker, proved_ms=service.clock.now_ms()), device)
    service.clock.advance(5 * DAY_MS + DAY_MS // 2)
    devices.remind(service.payer)

    assert told == [0, 1, 1, 2, 3]
    assert _count(service, device) == 3
    assert made.device != device


def test_an_unattended_session_renews_no_device_and_reports_a_loss(service: Service) -> None:
    """A new certificate is a thing to carry away: its owner proves who they are first. To report the loss of a device nobody is asked."""
    asker = colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.WORKPLACE)
    devices.approve(service.payer, service.session(PAYER), device)
    service.clock.advance(340 * DAY_MS)

    with pytest.raises(ProofNeeded):
        devices.renew(service.payer, asker, device)
    devices.lost(service.payer, asker, device)

    assert alerts(service, AlertKind.DEVICE_LOST) == [device]


def test_a_certificate_that_ended_while_the_gateway_was_off_is_told(service: Service) -> None:
    """Off over the last month: the first look afterwards still says that a certificate is over, and says it once."""
    asker = colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.WORKPLACE)
    devices.approve(service.payer, service.session(PAYER), device)
    service.clock.advance(370 * DAY_MS)
    devices.remind(service.payer)
    devices.remind(service.payer)

    assert _count(service, device) == 1


def _count(service: Service, device: str) -> int:
    """How often somebody was reminded of the device."""
    found = service.payer.people.alerts.open()
    return sum(one.count for one in found if (one.kind, one.subject) == (AlertKind.DEVICE_EXPIRING, device))


def test_devices_of_who_left_are_listed_and_told(service: Service) -> None:
    """A device without its responsible person comes first in the list and raises one alert; handed on, it is an ordinary one."""
    manager, asker = service.session(PAYER), colleague(service)
    device = devices.request(service.payer, asker, DevicePurpose.WORKPLACE)
    devices.approve(service.payer, manager, device)
    service.payer.accounts.disable(asker.person, PersonReason.LEFT)
    devices.remind(service.payer)
    devices.remind(service.payer)
    first = devices.standings(service.payer, manager)[0]
    devices.reassign(service.payer, manager, device, manager.person)

    assert (first.device.handle, first.orphaned) == (device, True)
    assert [one.count for one in service.payer.people.alerts.open() if one.kind == AlertKind.DEVICE_ORPHANED] == [1]
    assert not any(one.orphaned for one in devices.standings(service.payer, manager))


def test_a_device_beyond_the_institutions_limit_is_not_issued(service: Service) -> None:
    """The secretariat limits; an approved request beyond the limit is refused by the ledger, and issued when there is room again."""
    manager, asker = service.session(PAYER), colleague(service)
    service.server.author.submit(DeviceLimited(service.payer.institution, 0))
    device = devices.request(service.payer, asker, DevicePurpose.WORKPLACE)
    with pytest.raises(Refused, match=r"device\.limit"):
        devices.approve(service.payer, manager, device)
    service.server.author.submit(DeviceLimited(service.payer.institution, 1))

    assert devices.approve(service.payer, manager, device).device == device


def test_a_repeated_request_is_refused(service: Service) -> None:
    """The very bytes that issued a device do not issue another, nor after the server began again."""
    gateway = service.payer
    key = gateway.keystore.signer(GATEWAY_KEY)
    made = DeviceRequest(Ask.REVOKE, gateway.institution, "dev-nobody00", gateway.clock.now_ms(), b"\x01")
    body = sign_request(key, gateway.ledger.ledger_id, made)
    with pytest.raises(NotFound):
        answer_request(service.server, gateway.institution, Ask.REVOKE, body)
    with pytest.raises(RequestDistrusted) as again:
        answer_request(service.server, gateway.institution, Ask.REVOKE, body)
    service.clock.advance(60_000)
    service.server.asked = SeenRequests(service.clock)
    with pytest.raises(RequestDistrusted) as restarted:
        answer_request(service.server, gateway.institution, Ask.REVOKE, body)

    assert [again.value.params["reason"], restarted.value.params["reason"]] == ["request.again", "request.time"]
    assert PASSPHRASE not in body


def test_seen_requests_are_forgotten_when_they_are_too_old_to_count() -> None:
    """Memory holds what could still be repeated, no more."""
    clock = FixedClock(10 * FRESH_MS)
    seen = SeenRequests(clock)
    for number in range(50):
        nonce = sha256(bytes([number])).digest()[:16]
        seen.require_new(DeviceRequest(Ask.ISSUE, "inst-aaaa", "per-aaaa", clock.now_ms(), b"", nonce))
        clock.advance(FRESH_MS)

    assert len(seen._seen) <= 3


def test_a_machine_certificate_of_another_institution_is_refused(service: Service) -> None:
    """A clinic's device signs nobody in at the payer, whatever the password."""
    with pytest.raises(CertificateRefused):
        service.payer.accounts.sign_in("ukeru", "x", None, service.clinic.machine_certificate())
