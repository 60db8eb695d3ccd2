"""The life of a device, as people handle it: ask, approve, issue, install, renew, hand on, lose; and reminders before it ends.

Guarantees: each step is an operation on the ledger in the name of the person who took it; who asks does not approve; a lost device is
revoked at once by whoever answers for it, or by a manager. A password and a pick-up code are shown once. ``session`` is ``None`` for the
console where that is allowed. Refuses devices of other institutions, as if they did not exist. Everything is in the access journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from akashi.app.desk.devices import Added, ask_server, made_device
from akashi.app.desk.transfers import recorded
from akashi.app.device_requests import Ask
from akashi.app.gateway.home import Gateway
from akashi.identity import events
from akashi.identity.devices import rules
from akashi.identity.devices.errors import DeviceUnknown
from akashi.identity.devices.events import (
    DeviceApproved,
    DeviceInstalled,
    DeviceReassigned,
    DeviceRequested,
)
from akashi.identity.devices.model import DevicePurpose, DeviceStanding, DeviceWanted, RequestStage
from akashi.identity.devices.standing import all_wanted, installed_ms, successor, wanted
from akashi.identity.handles import DEVICE, new_handle
from akashi.identity.journal import What
from akashi.identity.model import Device, DeviceReason, Session
from akashi.identity.presence.model import AlertKind
from akashi.ledger.author import prepared
from akashi.ledger.state import ReadState


def standings(gateway: Gateway, session: Session | None) -> list[DeviceStanding]:
    """The institution's devices with days left, successors and orphans; those to look at first come first."""
    if session is not None:
        gateway.accounts.require(session, "device.manage", proof=False)
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        own = [one for one in events.devices(state) if one.institution == gateway.institution]
        found = [_standing(state, one, now) for one in own]
    gateway.journal.record(What.LISTED, session=session, institution=gateway.institution, count=len(found))
    return sorted(found, key=lambda one: (one.device.revoked_ms is not None, not one.orphaned, one.days_left))


def mine(gateway: Gateway, session: Session) -> list[DeviceStanding]:
    """The devices that the session's person answers for and that are not revoked, the first to end first."""
    gateway.accounts.require(session, "self.manage")
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        own = [one for one in events.devices(state) if one.responsible == session.person and one.revoked_ms is None]
        found = [_standing(state, one, now) for one in own if one.institution == gateway.institution]
    return sorted(found, key=lambda one: one.days_left)


def requests(gateway: Gateway, session: Session | None) -> list[DeviceWanted]:
    """Requests for devices, those that wait for approval first. Who may only ask sees their own."""
    if session is not None:
        gateway.accounts.require(session, "device.request")
    with gateway.ledger.view() as state:
        found = list(all_wanted(state, gateway.institution))
    if session is not None and not gateway.people.presence.may(session, "device.manage"):
        found = [one for one in found if session.person in (one.by, one.responsible)]
    return sorted(found, key=lambda one: (one.stage, -one.requested_ms))


def request(gateway: Gateway, session: Session, purpose: DevicePurpose, responsible: str = "") -> str:
    """Ask for a device, for oneself or somebody who will answer for it; returns the handle that it will have."""
    gateway.accounts.require(session, "device.request")
    owner = gateway.accounts.account(responsible or session.person).person
    device = prepared(session.approving, "device", lambda: new_handle(DEVICE))
    with recorded(gateway, session, What.DEVICE_REQUESTED, device):
        _say(gateway, session, DeviceRequested(device, gateway.institution, owner, purpose), device)
    gateway.journal.record(What.DEVICE_REQUESTED, session=session, subject=device, purpose=int(purpose))
    return device


def approve(gateway: Gateway, session: Session, device: str) -> Added:
    """Approve what somebody else asked for, and issue it; its code and password are shown this once.

    Approved already but never issued (the server was away): it is issued now.
    """
    gateway.accounts.require(session, "device.manage")
    with gateway.ledger.view() as state:
        asked = wanted(state, device)
    if asked is None or asked.institution != gateway.institution:
        raise DeviceUnknown
    with recorded(gateway, session, What.DEVICE_CHANGED, device):
        if asked.stage is not RequestStage.APPROVED:
            _say(gateway, session, DeviceApproved(device), device)
        made = made_device(gateway, Ask.ISSUE_REQUESTED, device)
    gateway.journal.record(What.DEVICE_CHANGED, session=session, subject=device)
    return made


def install(gateway: Gateway, session: Session) -> bool:
    """Record the first use of the session's device; false if it was recorded before. Faces call it after a sign-in."""
    with gateway.ledger.view() as state:
        if installed_ms(state, session.device) is not None:
            return False
    _say(gateway, session, DeviceInstalled(session.device), session.device)
    gateway.journal.record(What.DEVICE_INSTALLED, session=session, subject=session.device)
    return True


def renew(gateway: Gateway, session: Session | None, device: str) -> Added:
    """A successor for a device near its end, for who answers for it or a manager; the old one stays good until its end.

    A fresh proof is asked for: whoever finds an open session must not take a certificate away.
    """
    _mine_or_managed(gateway, session, device)
    with _recorded(gateway, session, device):
        made = made_device(gateway, Ask.RENEW, device)
    gateway.journal.record(What.DEVICE_CHANGED, session=session, institution=gateway.institution, subject=made.device)
    return made


def lost(gateway: Gateway, session: Session | None, device: str) -> None:
    """Revoke a lost device at once: anybody their own, managers all. No fresh proof is asked for, and an alert tells everybody."""
    _mine_or_managed(gateway, session, device, proof=False)
    with _recorded(gateway, session, device):
        ask_server(gateway, Ask.REVOKE, device, bytes([int(DeviceReason.LOST)]))
    gateway.journal.record(
        What.DEVICE_CHANGED,
        session=session,
        institution=gateway.institution,
        subject=device,
        purpose=int(DeviceReason.LOST),
    )
    gateway.people.alerts.raise_(AlertKind.DEVICE_LOST, device)


def reassign(gateway: Gateway, session: Session | None, device: str, person: str) -> None:
    """Let somebody else answer for a device; an orphan is none any more."""
    if session is not None:
        gateway.accounts.require(session, "device.manage")
    _own(gateway, device)
    owner = gateway.accounts.account(person).person
    with _recorded(gateway, session, device):
        _say(gateway, session, DeviceReassigned(device, owner), device)
    gateway.people.devices.adopted(device)
    gateway.journal.record(
        What.DEVICE_CHANGED, session=session, institution=gateway.institution, subject=device, person=owner
    )


def remind(gateway: Gateway) -> int:
    """Raise alerts about certificates that end in 30, 14 and 7 days, and about devices that nobody answers for; returns how many.

    One that ended unseen, while the gateway was off, is told too, once. A certificate with a successor needs no reminder. Run it every hour or so.
    """
    now, told = gateway.clock.now_ms(), 0
    with gateway.ledger.view() as state:
        own = [one for one in events.devices(state) if one.institution == gateway.institution]
        found = [_standing(state, one, now) for one in own if one.revoked_ms is None]
    for one in found:
        handle, due = one.device.handle, rules.reminder_due(one.days_left)
        if due is not None and one.successor is None and gateway.people.devices.reminded(handle, due):
            gateway.people.alerts.raise_(AlertKind.DEVICE_EXPIRING, handle, person=one.device.responsible)
            told += 1
        if one.orphaned and one.device.to_ms > now and gateway.people.devices.reminded(handle, rules.ORPHANED):
            gateway.people.devices.orphaned_since(handle, now)
            gateway.people.alerts.raise_(AlertKind.DEVICE_ORPHANED, handle)
            told += 1
    return told


def _standing(state: ReadState, one: Device, now: int) -> DeviceStanding:
    owner, asked = events.person(state, one.responsible), wanted(state, one.handle)
    stage = asked.stage if asked is not None else None
    if installed_ms(state, one.handle) is not None:
        stage = RequestStage.INSTALLED
    left = rules.days_left(one.to_ms, now)
    return DeviceStanding(one, left, successor(state, one.handle), owner is None or not owner.enabled, stage)


def _mine_or_managed(gateway: Gateway, session: Session | None, device: str, *, proof: bool = True) -> None:
    """The device is the institution's, and the session's person answers for it or manages devices. Raises ``DeviceUnknown``."""
    found = _own(gateway, device)
    if session is None:
        return
    if found.responsible == session.person:
        gateway.accounts.require(session, "self.manage", subject=device, critical=proof)
    else:
        gateway.accounts.require(session, "device.manage", subject=device, proof=proof)


def _own(gateway: Gateway, device: str) -> Device:
    """The institution's device of this name; what has not even the form of one is unknown too. Raises ``DeviceUnknown``."""
    with gateway.ledger.view() as state:
        found = events.device(state, device)
    if found is None or found.institution != gateway.institution:
        raise DeviceUnknown
    return found


@contextmanager
def _recorded(gateway: Gateway, session: Session | None, device: str) -> Iterator[None]:
    """Journal the failure of a person's step; the console's shows at the console."""
    if session is None:
        yield
        return
    with recorded(gateway, session, What.DEVICE_CHANGED, device):
        yield


def _say(gateway: Gateway, session: Session | None, body: object, device: str) -> None:
    if session is None:
        gateway.author.submit(body, subject=device)
        return
    gateway.author.submit(
        body,
        subject=device,
        person=session.person,
        device=session.device,
        auth=session.auth,
        approving=session.approving,
    )
