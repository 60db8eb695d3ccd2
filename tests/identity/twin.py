"""In-memory twins for the tests of identity: a ledger without a disk, a signer, a box, cheap hashing, a clinic."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyotp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.clock import FixedClock
from akashi.identity import events
from akashi.identity.credentials import Hasher
from akashi.identity.devices.events import DEVICE_KINDS
from akashi.identity.model import Policy, Role
from akashi.identity.presence.events import PRESENCE_KINDS
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.ledger.author import Author
from akashi.ledger.events import Context, KindTable
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.state import Memory, Overlay, ReadState
from akashi.ledger.wire.envelope import parse_operation

SECRETARIAT, CLINIC, HOSPITAL = "inst-secr0000", "inst-clin0000", "inst-hosp0000"
TABLET, DESK = sha256(b"tablet").digest(), sha256(b"desk").digest()
FOREIGN = sha256(b"hospital's").digest()
PASSWORD = "tadashii-uma-7-denchi"
NOW = 1_800_000_000_000


class MemorySigner:
    """An Ed25519 key in memory."""

    algorithm = Algorithm.ED25519

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


class MemoryBox:
    """A secret box under a key in memory."""

    def __init__(self) -> None:
        self._aead = AESGCM(bytes(32))

    def protect(self, label: str, secret: bytes) -> bytes:
        """Encrypt."""
        return self._aead.encrypt(bytes(12), secret, label.encode())

    def reveal(self, label: str, protected: bytes) -> bytes:
        """Decrypt."""
        return self._aead.decrypt(bytes(12), protected, label.encode())


class MemoryLedger:
    """Applies operations of identity at once; knows no keys: each author says which purpose its key has."""

    ledger_id = b"L" * 16
    origin = "test.invalid/akashi/00/0"

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self._kinds = KindTable([*events.IDENTITY_KINDS, *PRESENCE_KINDS, *DEVICE_KINDS])
        self.state = Overlay(Memory())
        self.purposes: dict[bytes, Purpose] = {}
        self.accepted: list[bytes] = []

    def submit(self, envelope: bytes) -> Acknowledged:
        """Apply one operation, all or nothing."""
        operation = parse_operation(envelope)
        statement, now = operation.statement, self._clock.now_ms()
        layer = Overlay(self.state)
        context = Context(statement, operation.id, operation.key, self.purposes[operation.key], now)
        self._kinds.find(statement.kind, statement.version).run(layer, context)
        self.state.absorb(layer.changes)
        self.accepted.append(envelope)
        return Acknowledged(operation.id, len(self.accepted), 1, now)

    @contextmanager
    def view(self) -> Iterator[ReadState]:
        """The state now."""
        yield self.state

    def entries(self, subject: str) -> Sequence[Entry]:
        """Not kept."""
        return []

    def entry(self, operation_id: bytes) -> Entry | None:
        """Not kept."""
        return None

    def receipt(self, operation_id: bytes) -> bytes:
        """Not made."""
        return b""

    def checkpoint(self) -> bytes:
        """Not made."""
        return b""


@dataclass
class Clinic:
    """A clinic's gateway with a manager, a nurse with a password, and two devices."""

    clock: FixedClock
    ledger: MemoryLedger
    secretariat: Author
    database: Database
    accounts: Accounts
    manager: str
    nurse: str

    def totp(self) -> pyotp.TOTP:
        """Enrol a second factor for the nurse; its confirmation used the code of the present step."""
        totp = pyotp.TOTP(self.accounts.enrol_totp(self.nurse).secret)
        self.accounts.confirm_totp(self.nurse, totp.at(self.clock.now_ms() // 1000))
        return totp

    def code(self, totp: pyotp.TOTP) -> str:
        """The code of the present step."""
        return totp.at(self.clock.now_ms() // 1000)


def author(ledger: MemoryLedger, institution: str, purpose: Purpose) -> Author:
    """An author whose key the twin believes to have ``purpose``."""
    signer = MemorySigner()
    ledger.purposes[sha256(signer.spki).digest()] = purpose
    return Author(ledger, signer, institution, ledger._clock)


def enrolment(device: str, certificate: bytes, institution: str, responsible: str) -> events.DeviceEnrolled:
    """A device good for a year."""
    year = 365 * 24 * 3600 * 1000
    return events.DeviceEnrolled(device, institution, b"\x01", certificate, bytes(32), NOW - 1, NOW + year, responsible)


def clinic(path: Path, policy: Policy | None = None) -> Clinic:
    """Everything registered; the nurse's login is ``nurse.n``."""
    clock = FixedClock(NOW)
    ledger = MemoryLedger(clock)
    secretariat = author(ledger, SECRETARIAT, Purpose.SECRETARIAT)
    for handle, roles in ((SECRETARIAT, 8), (CLINIC, 1), (HOSPITAL, 2)):
        secretariat.submit(events.InstitutionRegistered(handle, roles, bytes(32)))
    database = Database(path / "gateway.db")
    gateway = author(ledger, CLINIC, Purpose.GATEWAY)
    hasher = Hasher(passes=1, memory_kib=8, lanes=1)
    accounts = Accounts(database, MemoryBox(), gateway, clock, policy=policy, hasher=hasher)
    manager = accounts.add_person(login="boss.b", name="院長 試験", roles=Role.MANAGER)
    nurse = accounts.add_person(login="nurse.n", name="看護 花子", roles=Role.OPERATOR)
    accounts.set_password(nurse, PASSWORD)
    accounts.set_password(manager, PASSWORD)
    secretariat.submit(enrolment("dev-tablet", TABLET, CLINIC, nurse))
    secretariat.submit(enrolment("dev-desk", DESK, CLINIC, nurse))
    author(ledger, HOSPITAL, Purpose.GATEWAY).submit(events.PersonRegistered("per-hosp0000", HOSPITAL, 4))
    secretariat.submit(enrolment("dev-hospital", FOREIGN, HOSPITAL, "per-hosp0000"))
    return Clinic(clock, ledger, secretariat, database, accounts, manager, nurse)


def canaries(text: str) -> list[bytes]:
    """How a planted string could show in a file."""
    raw = text.encode()
    return [raw, text.encode("utf-16-le"), b64encode(raw), raw.hex().encode()]
