"""Accounts on the real ledger engine and the real keystore: nothing in memory, nothing pretended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.identity import events
from akashi.identity.ca import CertificateAuthority, parse_device_certificate
from akashi.identity.credentials import Hasher
from akashi.identity.errors import CertificateRefused, SessionEnded
from akashi.identity.handles import DEVICE, new_handle
from akashi.identity.model import DeviceReason, PersonReason, Role
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST, KeyKind
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.events import KindTable
from akashi.ledger.model import AuthMethod
from akashi.ledger.registry import LEDGER_KINDS
from akashi.ledger.service import Engine
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.identity.twin import PASSWORD
from tests.ledger.world import LEDGER, SECRETARIAT, SENDER, World

KINDS = KindTable([*LEDGER_KINDS, *events.IDENTITY_KINDS])


class Service:
    """A ledger with a secretariat, a CA, and the sender's gateway."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.world = world = World()
        keys = {"kinds": KINDS, "log_key": world.log, "cosigner": world.cosigner, "clock": world.clock}
        self.engine = Engine.create(path / "ledger", world.genesis(), **keys)  # type: ignore[arg-type]  # the world's keys
        self.engine.submit(world.say(world.enrolment(world.gateway, SENDER), subject=SENDER))
        self.secretariat = Author(self.engine, world.secretariat, SECRETARIAT, world.clock)
        self.gateway = Author(self.engine, world.gateway, SENDER, world.clock)
        self.secretariat.submit(events.InstitutionRegistered(SENDER, 1, bytes(32)), subject=SENDER)
        self.keystore = FileKeystore.create(path / "keys", b"a passphrase", cost=FAST_UNSAFE_COST)
        self.keystore.generate("ca", KeyKind.P256)
        key = self.keystore.private_key("ca")
        self.ca = CertificateAuthority.create(key, LEDGER, world.clock.now_ms())
        self.accounts = self.open_accounts()

    def open_accounts(self) -> Accounts:
        """The gateway's accounts on the database's file."""
        hasher = Hasher(passes=1, memory_kib=8, lanes=1)
        database = Database(self.path / "gateway.db")
        return Accounts(database, self.keystore, self.gateway, self.world.clock, hasher=hasher)

    def enrol(self, person: str) -> tuple[str, bytes]:
        """A device for a person: its handle and its certificate's digest."""
        handle = new_handle(DEVICE)
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        issued = self.ca.issue_device(public, LEDGER, SENDER, handle, self.world.clock.now_ms())
        said = parse_device_certificate(issued.public_bytes(Encoding.DER))
        body = events.DeviceEnrolled(
            said.device, said.institution, said.serial, said.digest, said.key, said.from_ms, said.to_ms, person
        )
        self.secretariat.submit(body, subject=handle)
        return handle, said.digest


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Running, then closed."""
    made = Service(tmp_path)
    yield made
    made.engine.close()


def test_a_persons_way_from_joining_to_leaving(service: Service) -> None:
    """Registered, enrolled, signed in with two factors, acting, revoked, gone: each step is an accepted operation."""
    accounts, clock = service.accounts, service.world.clock
    boss = accounts.add_person(login="boss.b", name="院長 試験", roles=Role.MANAGER)
    device, certificate = service.enrol(boss)
    totp = pyotp.TOTP(accounts.enrol_totp(boss).secret)
    accounts.confirm_totp(boss, totp.at(clock.now_ms() // 1000))
    accounts.set_password(boss, PASSWORD)
    clock.advance(30_000)
    session = accounts.sign_in("boss.b", PASSWORD, totp.at(clock.now_ms() // 1000), certificate)
    nurse = accounts.add_person(login="nurse.n", name="看護 花子", roles=Role.OPERATOR, by=session)
    accounts.disable(nurse, PersonReason.LEFT, by=session)
    assert accounts.anchor_journal() is not None
    service.secretariat.submit(events.DeviceRevoked(device, DeviceReason.LOST), subject=device)

    with pytest.raises(SessionEnded):
        accounts.session(session.token, certificate)
    with pytest.raises(CertificateRefused):
        accounts.sign_in("boss.b", PASSWORD, None, certificate)
    leaves = [parse_leaf(leaf) for leaf in service.engine.leaves(0, service.engine.size)]
    said = [parse_operation(leaf.envelope).statement for leaf in leaves]
    assert {leaf.result for leaf in leaves} == {0}
    assert [s.kind for s in said if s.actor.person == boss] == ["person.registered", "person.disabled"]
    assert [s.auth.method for s in said if s.actor.person == boss] == [AuthMethod.PASSWORD_TOTP] * 2
    assert [s.auth.certificate for s in said if s.actor.person == boss] == [certificate] * 2


def test_sessions_outlive_a_restart(service: Service) -> None:
    """A restarted gateway knows its sessions, locks and used codes."""
    person = service.accounts.add_person(login="nurse.n", name="看護 花子", roles=Role.OPERATOR)
    service.accounts.set_password(person, PASSWORD)
    _, certificate = service.enrol(person)
    token = service.accounts.sign_in("nurse.n", PASSWORD, None, certificate).token

    assert service.open_accounts().session(token, certificate).person == person


def test_gateway_of_one_institution_cannot_register_for_another(service: Service) -> None:
    """The engine refuses what the author would say in another's name."""
    impostor = Author(service.engine, service.world.gateway, SECRETARIAT, service.world.clock)

    with pytest.raises(Refused):
        impostor.submit(events.PersonRegistered("per-new00", SECRETARIAT, 4))
