"""What the author of operations writes into each of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.clock import FixedClock
from akashi.ledger.author import Author
from akashi.ledger.model import MAX_LIFETIME_MS, Actor, Algorithm, Auth, AuthMethod
from akashi.ledger.port import Acknowledged, Ledger
from akashi.ledger.registry import ClockWasStepped, StepReason
from akashi.ledger.wire.envelope import parse_operation, verify_signature


class Ed25519Signer:
    """A signer in memory."""

    algorithm = Algorithm.ED25519

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


BODY = ClockWasStepped(1, 2, StepReason.WAS_AHEAD)


def author(sent: list[bytes]) -> Author:
    """An author whose ledger keeps what was submitted."""

    def submit(envelope: bytes) -> Acknowledged:
        sent.append(envelope)
        return Acknowledged(bytes(32), 0, 1, 0)

    ledger = SimpleNamespace(ledger_id=b"L" * 16, submit=submit)
    return Author(cast("Ledger", ledger), Ed25519Signer(), "inst-clin0000", FixedClock(5_000))


def test_operation_says_who_acted_and_is_signed() -> None:
    """Ledger, actor, authentication and subject are in the signed statement."""
    sent: list[bytes] = []
    auth = Auth(AuthMethod.PASSWORD_TOTP, 4_000, bytes(32))
    author(sent).submit(BODY, subject="tr-0000", person="per-0000", device="dev-0000", auth=auth)

    operation = parse_operation(sent[0])
    assert operation.statement.ledger == b"L" * 16
    assert operation.statement.actor == Actor("inst-clin0000", "per-0000", "dev-0000")
    assert (operation.statement.auth, operation.statement.subject) == (auth, "tr-0000")
    assert operation.statement.claimed_ms == 5_000


def test_signature_verifies() -> None:
    """The envelope verifies under the author's key."""
    signer = Ed25519Signer()
    made = Author(cast("Ledger", SimpleNamespace(ledger_id=bytes(16))), signer, "inst-clin0000", FixedClock(5_000))

    operation = parse_operation(made.compose(BODY))

    verify_signature(operation.algorithm, signer.spki, operation.signed_bytes, operation.signature)


def test_same_words_twice_are_two_operations() -> None:
    """A fresh nonce makes every operation its own."""
    made = author([])

    assert parse_operation(made.compose(BODY)).id != parse_operation(made.compose(BODY)).id


def test_lifetime_is_bounded() -> None:
    """An outbox asks for long lives and gets seven days at most; without a person it says that a machine acted."""
    statement = parse_operation(author([]).compose(BODY, lifetime_ms=1 << 50)).statement

    assert statement.not_after_ms - statement.claimed_ms == MAX_LIFETIME_MS
    assert statement.auth.method is AuthMethod.MACHINE
