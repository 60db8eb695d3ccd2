"""What the ledger's state says about institutions, people and devices after each operation."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from akashi.identity import events
from akashi.identity.events import IDENTITY_KINDS
from akashi.identity.model import DeviceReason, InstitutionReason, PersonReason, Role
from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.events import Context, KindTable, dump_body, info_of
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay

SECRETARIAT, CLINIC, HOSPITAL = "inst-secr0000", "inst-clin0000", "inst-hosp0000"
BOSS, NURSE, OTHER = "per-boss0000", "per-nurse000", "per-other000"
DEVICE = "dev-term0000"
CERTIFICATE = bytes([7]) * 32


@dataclass
class World:
    """A state and who may say what to it."""

    state: Overlay = field(default_factory=lambda: Overlay(Memory()))
    now: int = 1_000

    def say(
        self,
        body: object,
        *,
        institution: str = SECRETARIAT,
        purpose: Purpose = Purpose.SECRETARIAT,
        person: str | None = None,
        key: bytes = bytes(32),
    ) -> None:
        """Apply one operation, all or nothing."""
        info = info_of(type(body))
        statement = Statement(
            bytes(16),
            info.tag,
            1,
            Actor(institution, person),
            Auth(AuthMethod.MACHINE, 0),
            None,
            dump_body(body),
            0,
            1,
            bytes(16),
        )
        layer = Overlay(self.state)
        context = Context(statement, bytes(32), key, purpose, self.now)
        KindTable(IDENTITY_KINDS).find(info.tag, 1).run(layer, context)
        self.state.absorb(layer.changes)

    def gateway(
        self, body: object, person: str | None = None, institution: str = CLINIC, key: bytes = bytes(32)
    ) -> None:
        """Say it as an institution's gateway."""
        self.say(body, institution=institution, purpose=Purpose.GATEWAY, person=person, key=key)


@pytest.fixture
def world() -> World:
    """A secretariat, a clinic with a manager and a nurse, a hospital with one person, one device."""
    made = World()
    made.say(events.InstitutionRegistered(SECRETARIAT, 8, bytes(32)))
    made.say(events.InstitutionRegistered(CLINIC, 1, bytes(32)))
    made.say(events.InstitutionRegistered(HOSPITAL, 2, bytes(32)))
    made.gateway(events.PersonRegistered(BOSS, CLINIC, int(Role.MANAGER)))
    made.gateway(events.PersonRegistered(NURSE, CLINIC, int(Role.OPERATOR)), person=BOSS)
    made.gateway(events.PersonRegistered(OTHER, HOSPITAL, int(Role.MANAGER)), institution=HOSPITAL)
    made.say(enrolment())
    return made


def enrolment(device: str = DEVICE, certificate: bytes = CERTIFICATE, **changes: object) -> events.DeviceEnrolled:
    """A device of the clinic."""
    values: dict[str, object] = {"institution": CLINIC, "responsible": NURSE, "from_ms": 10, "to_ms": 9_000} | changes
    return events.DeviceEnrolled(device=device, certificate=certificate, serial=b"\x05", key=bytes(32), **values)  # type: ignore[arg-type]  # the tests change single fields


def refusal(world: World, body: object, **how: object) -> str:
    """Why ``body`` is refused; nothing of it may stay."""
    before = dict(world.state.changes)
    with pytest.raises(Refused) as caught:
        world.say(body, **how)  # type: ignore[arg-type]  # passed through
    assert world.state.changes == before
    return caught.value.reason


AS_CLINIC = {"institution": CLINIC, "purpose": Purpose.GATEWAY}


def test_readers_show_what_was_said(world: World) -> None:
    """After enrolment the certificate leads to the device, its institution and the responsible person."""
    found = events.device_of_certificate(world.state, CERTIFICATE)

    assert found is not None
    assert (found.handle, found.institution, found.responsible, found.revoked_ms) == (DEVICE, CLINIC, NURSE, None)
    assert [i.handle for i in events.institutions(world.state)] == sorted([SECRETARIAT, CLINIC, HOSPITAL])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (events.InstitutionRegistered(CLINIC, 2, bytes(32)), "institution.exists"),
        (events.InstitutionRegistered("inst-new00", 9, bytes(32)), "institution.roles_mixed"),
        (events.InstitutionEnabled(CLINIC, InstitutionReason.RESUMED), "institution.unchanged"),
        (events.InstitutionDisabled("inst-none0", InstitutionReason.ERROR), "institution.unknown"),
        (events.DeviceRevoked("dev-none0", DeviceReason.LOST), "device.unknown"),
        (enrolment(certificate=bytes(32)), "device.exists"),
        (enrolment("dev-other0"), "device.certificate"),
        (enrolment("dev-other0", bytes(32), responsible=OTHER), "device.responsible"),
        (enrolment("dev-other0", bytes(32), from_ms=5, to_ms=5), "device.validity"),
        (enrolment("dev-other0", bytes(32), institution="inst-none0"), "institution.unknown"),
    ],
)
def test_secretariat_is_refused(world: World, body: object, reason: str) -> None:
    """Handles and certificates are used once; devices belong to a person of their institution."""
    assert refusal(world, body) == reason


@pytest.mark.parametrize(
    ("body", "person", "reason"),
    [
        (events.PersonRegistered(NURSE, CLINIC, 1), BOSS, "person.exists"),
        (events.PersonRegistered("per-new00", HOSPITAL, 2), BOSS, "person.institution"),
        (events.PersonRegistered("per-new00", CLINIC, 8), BOSS, "person.roles_institution"),
        (events.PersonRegistered("per-new00", CLINIC, 1), NURSE, "actor.roles"),
        (events.PersonRegistered("per-new00", CLINIC, 1), OTHER, "actor.person"),
        (events.PersonChanged(OTHER, 1), BOSS, "person.unknown"),
        (events.PersonChanged(BOSS, 5), BOSS, "actor.self"),
        (events.PersonChanged(NURSE, 1), BOSS, "person.unchanged"),
        (events.PersonDisabled(OTHER, PersonReason.LEFT), BOSS, "person.unknown"),
    ],
)
def test_gateway_is_refused(world: World, body: object, person: str, reason: str) -> None:
    """A gateway speaks for its own people only, managers manage, and nobody raises their own rights."""
    assert refusal(world, body, person=person, **AS_CLINIC) == reason


@pytest.mark.parametrize(
    "body",
    [
        events.InstitutionRegistered("inst-new00", 1, bytes(32)),
        events.DeviceRevoked(DEVICE, DeviceReason.LOST),
        enrolment("dev-other0", bytes(32)),
    ],
)
def test_gateways_do_not_speak_for_the_secretariat(world: World, body: object) -> None:
    """Institutions and devices are recorded by the secretariat's key alone."""
    assert refusal(world, body, **AS_CLINIC) == "signer.purpose"


def test_secretariat_does_not_make_people(world: World) -> None:
    """People are recorded by their own gateway's key alone."""
    assert refusal(world, events.PersonRegistered("per-new00", CLINIC, 1), institution=CLINIC) == "signer.purpose"


def test_ids_of_those_who_left_stay_taken(world: World) -> None:
    """A disabled person is never enabled, changed or registered again."""
    world.gateway(events.PersonDisabled(NURSE, PersonReason.LEFT), person=BOSS)

    assert refusal(world, events.PersonRegistered(NURSE, CLINIC, 1), person=BOSS, **AS_CLINIC) == "person.exists"
    assert refusal(world, events.PersonChanged(NURSE, 2), person=BOSS, **AS_CLINIC) == "person.disabled"


def test_revocation_is_final_and_on_the_crl(world: World) -> None:
    """A revoked device is listed with its serial and cannot be revoked or enrolled again."""
    world.now = 5_000
    world.say(events.DeviceRevoked(DEVICE, DeviceReason.LOST, since_ms=4_000))

    assert events.revoked_serials(world.state) == [(5, 5_000)]
    assert refusal(world, events.DeviceRevoked(DEVICE, DeviceReason.LOST)) == "device.revoked"
    assert refusal(world, enrolment()) == "device.exists"


def test_disabled_institution_takes_nobody_in(world: World) -> None:
    """While an institution is disabled it gets neither people nor devices; enabling restores that."""
    world.say(events.InstitutionDisabled(CLINIC, InstitutionReason.SUSPECTED_LEAK))

    assert refusal(world, enrolment("dev-other0", bytes(32))) == "institution.disabled"
    assert refusal(world, events.PersonRegistered("per-new00", CLINIC, 1), **AS_CLINIC) == "institution.disabled"
    world.say(events.InstitutionEnabled(CLINIC, InstitutionReason.RESUMED))
    world.say(enrolment("dev-other0", bytes(32)))


def test_a_journal_does_not_get_shorter(world: World) -> None:
    """An access journal rolled back to an older copy cannot be anchored under the same key."""
    world.gateway(events.AccessAnchored(bytes(32), 10, 0, 100), key=b"k" * 32)

    again = events.AccessAnchored(bytes(32), 10, 0, 100)
    assert refusal(world, again, key=b"k" * 32, **AS_CLINIC) == "access.backwards"
    assert events.anchored(world.state, b"k" * 32) == (bytes(32), 10, 100)


def test_bodies_have_no_room_for_names() -> None:
    """A name where a handle belongs does not even encode."""
    with pytest.raises(EncodingError):
        dump_body(events.PersonRegistered("山田 花子", CLINIC, 1))
