"""A replicated state without a ledger around it: kinds are applied one by one at times the test chooses.

Nothing is a stand-in: genesis, keys, institutions and people get there through the kinds that put them there in service.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.exchange.events import EXCHANGE_KINDS, TransferSent
from akashi.exchange.model import DAY_MS, Format, Scan
from akashi.exchange.rules import size_bucket
from akashi.identity.events import IDENTITY_KINDS, InstitutionRegistered, PersonRegistered
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, KindTable, dump_body, info_of
from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.registry import LEDGER_KINDS, Genesis, KeyEnrolled, log_key_commitment, possession_message
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id, sign_cose
from akashi.vault.events import VAULT_KINDS
from akashi.vault.sealing.wraps import digest_of_digests

LEDGER = bytes(range(16))
ORIGIN = f"example.org/akashi/{LEDGER.hex()}/1"
OFFICE, SENDER, RECEIVER, OTHER = "inst-office", "inst-sender", "inst-receiver", "inst-other"
NAMED, COLLEAGUE, CLERK, STRANGER = "per-named", "per-colleague", "per-clerk", "per-stranger"
START = 1_800_000_000_000


class Signer:
    """An Ed25519 key in memory."""

    algorithm = Algorithm.ED25519

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.raw = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The raw signature."""
        return self._key.sign(message)


SECRETARIAT, SERVER, GATEWAY, ROGUE = Signer(1), Signer(2), Signer(3), Signer(9)


@dataclass
class Desk:
    """Applies kinds; ``now`` is the block time of the next one."""

    now: int = START
    memory: Memory = field(default_factory=Memory)
    _count: int = 0

    def __post_init__(self) -> None:
        self.kinds = KindTable((*LEDGER_KINDS, *IDENTITY_KINDS, *VAULT_KINDS, *EXCHANGE_KINDS))

    @property
    def state(self) -> Overlay:
        """A view of the present."""
        return Overlay(self.memory)

    def apply(
        self,
        body: object,
        institution: str,
        person: str | None = None,
        *,
        subject: str | None = None,
        purpose: Purpose = Purpose.GATEWAY,
        signer: bytes = b"",
    ) -> None:
        """Apply one operation; raises ``Refused`` and then leaves the state as it was."""
        self._count += 1
        info = info_of(type(body))
        statement = Statement(
            LEDGER,
            info.tag,
            info.version,
            Actor(institution, person),
            Auth(AuthMethod.PASSWORD_TOTP, self.now),
            subject,
            dump_body(body),
            self.now,
            self.now + 1000,
            self._count.to_bytes(16, "big"),
        )
        overlay = Overlay(self.memory)
        context = Context(statement, sha256(statement.nonce).digest(), signer, purpose, self.now)
        self.kinds.find(info.tag, info.version).run(overlay, context)
        self.memory.absorb(overlay.changes)

    def reason(self, body: object, institution: str, person: str | None = None, **options: object) -> str | None:
        """Why an operation is refused, or ``None`` if it was applied."""
        try:
            self.apply(body, institution, person, **options)  # type: ignore[arg-type]  # passed on as they came
        except Refused as error:
            return error.reason
        return None

    def enrol(self, public: bytes, institution: str, purpose: Purpose, signer: Signer | None, by: Signer) -> None:
        """Enrol a key; ``signer`` proves possession, ``None`` for opening keys."""
        opening = purpose is Purpose.OPENING
        key = sha256(public).digest()
        proof = None if signer is None else signer.sign(possession_message(LEDGER, key, institution))
        body = KeyEnrolled(
            key=key,
            algorithm=0 if opening else -19,
            public=public,
            institution=institution,
            purpose=purpose,
            valid_from_ms=START - 1,
            valid_to_ms=START + 400 * DAY_MS,
            possession=proof,
            suite=1 if opening else None,
        )
        own = by is GATEWAY
        self.apply(
            body,
            institution if own else OFFICE,
            purpose=Purpose.GATEWAY if own else Purpose.SECRETARIAT,
            signer=key_id(by.spki),
        )


def open_desk() -> Desk:
    """Three institutions (sender, receiver, one that is neither), their people, a server key and an opening key."""
    desk = Desk()
    genesis = Genesis(
        ORIGIN, bytes([5]) * 32, log_key_commitment(bytes([6]) * 32), bytes([7]) * 32, SECRETARIAT.spki, -19, OFFICE
    )
    desk.apply(genesis, OFFICE, purpose=Purpose.SECRETARIAT, signer=key_id(SECRETARIAT.spki))
    desk.enrol(SERVER.spki, OFFICE, Purpose.SERVER, SERVER, SECRETARIAT)
    for institution, roles in ((SENDER, 1), (RECEIVER, 2), (OTHER, 3)):
        body = InstitutionRegistered(institution, roles, bytes(32))
        desk.apply(body, OFFICE, purpose=Purpose.SECRETARIAT, signer=key_id(SECRETARIAT.spki))
    desk.enrol(GATEWAY.spki, RECEIVER, Purpose.GATEWAY, GATEWAY, SECRETARIAT)
    desk.enrol(bytes([8]) * 64, RECEIVER, Purpose.OPENING, None, GATEWAY)
    for person, institution in ((CLERK, SENDER), (NAMED, RECEIVER), (COLLEAGUE, RECEIVER), (STRANGER, OTHER)):
        desk.apply(PersonRegistered(person, institution, 1), institution)
    return desk


def storage_receipt(payload: bytes, wraps: tuple[bytes, ...], *, size: int = 1000, signer: Signer = SERVER) -> bytes:
    """What a server signs after it has stored ``payload``."""
    content: list[cbor.Value] = [1, LEDGER, payload, bytes([2]) * 32, digest_of_digests(wraps), size, None]
    return sign_cose(signer, "akashi-storage/1", cbor.encode(content))


def sent(number: int, **changes: object) -> TransferSent:
    """A well-formed announcement of transfer ``number``."""
    payload = number.to_bytes(16, "big")
    values: dict[str, object] = {
        "transfer": f"tr-{number:04d}",
        "receiver": RECEIVER,
        "payload": payload,
        "body_digest": bytes([2]) * 32,
        "wraps": (bytes([3]) * 32,),
        "commitment": bytes([4]) * 32,
        "size_bucket": size_bucket(1000),
        "format": Format.STANDARD_CSV,
        "persons": (NAMED,),
        "expires_ms": START + 10 * DAY_MS,
        "retention_ms": DAY_MS,
        "scan": Scan.NOT_SCANNED,
    } | changes
    values.setdefault("storage", storage_receipt(values["payload"], values["wraps"]))  # type: ignore[arg-type]  # bytes and a tuple
    return TransferSent(**values)  # type: ignore[arg-type]  # a mapping by construction
