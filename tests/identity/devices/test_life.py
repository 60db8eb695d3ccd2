"""The life of a device on the ledger: asked for, approved, enrolled, installed, renewed, handed on, limited; and who is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.identity import events
from akashi.identity.devices import rules
from akashi.identity.devices.events import (
    DeviceApproved,
    DeviceInstalled,
    DeviceLimited,
    DeviceReassigned,
    DeviceRequested,
)
from akashi.identity.devices.model import DevicePurpose, RequestStage
from akashi.identity.devices.standing import installed_ms, successor, wanted
from akashi.identity.errors import CertificateRefused
from akashi.identity.model import DeviceReason, PersonReason, Policy
from akashi.ledger.errors import Refused
from tests.identity.twin import CLINIC, DESK, HOSPITAL, NOW, PASSWORD, TABLET, Clinic, clinic, enrolment

DAY = 24 * 3600 * 1000
NEW = "dev-new00000"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic with people and devices."""
    made = clinic(tmp_path)
    yield made
    made.database.close()


def say(home: Clinic, body: object, person: str | None = None) -> None:
    """The clinic's gateway says it, for a person."""
    home.accounts._author.submit(body, person=person)


def refused(home: Clinic, body: object, person: str | None = None) -> str:
    """The reason why the gateway's operation is refused."""
    with pytest.raises(Refused) as caught:
        say(home, body, person)
    return caught.value.reason


def enrol(home: Clinic, device: str, **more: object) -> None:
    """The secretariat enrols a device of the nurse."""
    made = enrolment(device, sha256(device.encode()).digest(), CLINIC, home.nurse)
    home.secretariat.submit(replace(made, **more))  # type: ignore[arg-type]  # fields by name


def ask(home: Clinic, person: str = "") -> None:
    """Somebody asks for a device that the nurse will answer for."""
    say(home, DeviceRequested(NEW, CLINIC, home.nurse, DevicePurpose.WORKPLACE), person or home.nurse)


def test_from_the_request_to_the_first_use(home: Clinic) -> None:
    """Each step is on the ledger with who took it."""
    ask(home)
    say(home, DeviceApproved(NEW), home.manager)
    enrol(home, NEW)
    say(home, DeviceInstalled(NEW), home.nurse)
    found = wanted(home.ledger.state, NEW)

    assert found is not None
    assert (found.by, found.approver, found.stage) == (home.nurse, home.manager, RequestStage.INSTALLED)
    assert installed_ms(home.ledger.state, NEW) == NOW


def test_nobody_approves_their_own_request(home: Clinic) -> None:
    """Also a manager needs a second person; an operator approves nothing, nor does the gateway without a person."""
    ask(home, home.manager)

    assert refused(home, DeviceApproved(NEW), home.manager) == "actor.self"
    assert refused(home, DeviceApproved(NEW), home.nurse) == "actor.roles"
    assert refused(home, DeviceApproved(NEW)) == "actor.person"


def test_what_was_asked_for_is_not_enrolled_before_it_is_approved(home: Clinic) -> None:
    """The secretariat cannot pass over the institution's own approval, nor enrol it for somebody else."""
    ask(home)
    with pytest.raises(Refused, match=r"device\.unapproved"):
        enrol(home, NEW)
    say(home, DeviceApproved(NEW), home.manager)
    with pytest.raises(Refused, match=r"device\.unapproved"):
        enrol(home, NEW, responsible=home.manager)

    assert events.device(home.ledger.state, NEW) is None


def test_requests_of_others_and_repeats_are_refused(home: Clinic) -> None:
    """Another institution's, a known handle, somebody unknown to answer for it, a second approval, a second installation."""
    body = DeviceRequested(NEW, CLINIC, home.nurse, DevicePurpose.PORTABLE)
    assert refused(home, replace(body, institution=HOSPITAL), home.nurse) == "actor.person"
    assert refused(home, replace(body, device="dev-tablet"), home.nurse) == "device.exists"
    assert refused(home, replace(body, responsible="per-hosp0000"), home.nurse) == "device.responsible"
    assert refused(home, DeviceApproved("dev-nobody0"), home.manager) == "device.unknown"
    assert refused(home, DeviceInstalled("dev-hospital"), home.nurse) == "device.unknown"
    ask(home)
    say(home, DeviceApproved(NEW), home.manager)

    assert refused(home, body, home.nurse) == "device.exists"
    assert refused(home, DeviceApproved(NEW), home.manager) == "device.approved"
    say(home, DeviceInstalled("dev-tablet"), home.nurse)
    assert refused(home, DeviceInstalled("dev-tablet"), home.nurse) == "device.installed"


def test_a_device_beyond_the_limit_is_refused(home: Clinic) -> None:
    """The limit counts what is good now: a revoked one makes room, a gateway's own does not count."""
    home.secretariat.submit(DeviceLimited(CLINIC, 2))
    with pytest.raises(Refused, match=r"device\.limit"):
        enrol(home, NEW)
    enrol(home, "dev-machine0", machine=True)
    home.secretariat.submit(events.DeviceRevoked("dev-desk", DeviceReason.RETIRED))
    enrol(home, NEW)

    with pytest.raises(Refused, match=r"device\.limit"):
        enrol(home, "dev-third000")


def test_only_the_secretariat_limits(home: Clinic) -> None:
    """An institution's gateway cannot raise its own limit."""
    with pytest.raises(Refused):
        say(home, DeviceLimited(CLINIC, 99), home.manager)


def test_a_renewal_overlaps_and_counts_once(home: Clinic) -> None:
    """Near its end a device gets one successor, also at the limit; both are good until the old one ends."""
    home.secretariat.submit(DeviceLimited(CLINIC, 2))
    home.clock.advance(340 * DAY)
    enrol(home, NEW, replaces="dev-tablet", to_ms=home.clock.now_ms() + 365 * DAY)

    assert successor(home.ledger.state, "dev-tablet") == NEW
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET).device == "dev-tablet"
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, sha256(NEW.encode()).digest()).device == NEW
    with pytest.raises(Refused, match=r"device\.renewed"):
        enrol(home, "dev-again000", replaces="dev-tablet")


@pytest.mark.parametrize(
    ("replaces", "days", "reason"),
    [
        ("dev-tablet", 0, "device.early"),
        ("dev-tablet", 366, "device.validity"),
        ("dev-hospital", 340, "device.unknown"),
    ],
)
def test_renewals_out_of_time_or_of_others_are_refused(home: Clinic, replaces: str, days: int, reason: str) -> None:
    """Long before the end, after it, or for a device of somebody else: no successor."""
    home.clock.advance(days * DAY)

    with pytest.raises(Refused, match=reason.replace(".", r"\.")):
        enrol(home, NEW, replaces=replaces)


def test_a_device_without_anybody_is_refused_after_the_grace(tmp_path: Path) -> None:
    """When its responsible person left, a device is good for the grace time; handed on to somebody, it is good again."""
    home = clinic(tmp_path, Policy(orphan_grace_ms=7 * DAY))
    home.accounts.disable(home.nurse, PersonReason.LEFT)
    home.accounts.sign_in("boss.b", PASSWORD, None, TABLET)
    home.clock.advance(7 * DAY)
    with pytest.raises(CertificateRefused) as caught:
        home.accounts.sign_in("boss.b", PASSWORD, None, TABLET)
    say(home, DeviceReassigned("dev-tablet", home.manager), home.manager)

    assert caught.value.params == {"reason": "device.orphaned"}
    assert home.accounts.sign_in("boss.b", PASSWORD, None, TABLET).device == "dev-tablet"


def test_devices_are_handed_on_by_managers_within_the_institution(home: Clinic) -> None:
    """Not by operators, not to others' people, not to who has it, not another institution's."""
    assert refused(home, DeviceReassigned("dev-tablet", home.manager), home.nurse) == "actor.roles"
    assert refused(home, DeviceReassigned("dev-tablet", "per-hosp0000"), home.manager) == "device.responsible"
    assert refused(home, DeviceReassigned("dev-tablet", home.nurse), home.manager) == "device.unchanged"
    assert refused(home, DeviceReassigned("dev-hospital", home.manager), home.manager) == "device.unknown"


@settings(max_examples=200)
@given(st.integers(-400, 400))
def test_reminders_come_in_their_order(left: int) -> None:
    """Whatever is left, the due reminder is the tightest of 30, 14, 7 and 0 that it falls under, and none before."""
    due = rules.reminder_due(left)

    assert (due is None) == (left > max(rules.REMIND_DAYS))
    assert due is None or (left <= due and not any(left <= tighter < due for tighter in rules.REMIND_DAYS))


def test_a_clock_that_is_off_by_ten_minutes_refuses_new_devices(home: Clinic) -> None:
    """A gateway whose clock is ten minutes slow does not accept a device that begins later; an old device still signs in."""
    later = sha256(NEW.encode()).digest()
    enrol(home, NEW, from_ms=NOW + 5 * 60_000)

    with pytest.raises(CertificateRefused) as caught:
        home.accounts.sign_in("nurse.n", PASSWORD, None, later)
    home.clock.advance(10 * 60_000)
    assert caught.value.params == {"reason": "device.validity"}
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, later).device == NEW
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, DESK).device == "dev-desk"
