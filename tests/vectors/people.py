"""Invented persons' keys: passkeys with their authenticator, browser and device keys; fixed, for vectors and tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256

from akashi.ledger.events import dump_body, info_of
from akashi.ledger.model import Approval, ApprovalKind, Basis, Purpose, Statement, operation_id
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.wire.approval import challenge_of, raw_message
from akashi.ledger.wire.envelope import Signer, encode_statement, key_id, seal_operation
from tests.vectors.world import HOUR_MS, LEDGER_ID, SENDER, SENDER_KEY, START_MS, YEAR_MS, EdKey, Log, P256Key

RP_ID, ORIGIN = "clinic.example", "https://clinic.example:8443"
DOCTOR, NURSE = "per-doctor01", "per-nurse001"


@dataclass(frozen=True)
class PersonKey:
    """A key of one person; a passkey where ``kind`` says so."""

    signer: Signer
    person: str
    kind: ApprovalKind = ApprovalKind.PASSKEY
    rp_id: str = RP_ID
    origin: str = ORIGIN

    @property
    def key(self) -> bytes:
        """Its key id."""
        return key_id(self.signer.spki)

    def enrolment(self, basis: Basis = Basis.INTRODUCED, institution: str = SENDER, **more: object) -> KeyEnrolled:
        """The body that enrols it; ``more`` replaces fields."""
        passkey = self.kind is ApprovalKind.PASSKEY
        proof = None if passkey else self.signer.sign(possession_message(LEDGER_ID, self.key, institution, self.person))
        made = KeyEnrolled(
            key=self.key,
            algorithm=int(self.signer.algorithm),
            public=self.signer.spki,
            institution=institution,
            purpose=Purpose.PERSON,
            valid_from_ms=START_MS - HOUR_MS,
            valid_to_ms=START_MS + YEAR_MS,
            possession=proof,
            person=self.person,
            approval=self.kind,
            rp_id_hash=sha256(self.rp_id.encode()).digest() if passkey else None,
            origin_digest=sha256(self.origin.encode()).digest() if passkey else None,
            basis=basis,
        )
        return replace(made, **more)  # type: ignore[arg-type]  # fields by name

    def approve(
        self, operation: bytes, *, flags: int = 0x05, tail: bytes = b"", text: bytes | None = None, **members: object
    ) -> Approval:
        """Its approval of an operation id; ``members`` replaces those of clientDataJSON, ``text`` all of it."""
        if self.kind is not ApprovalKind.PASSKEY:
            return Approval(self.kind, self.key, self.signer.sign(raw_message(operation)))
        data = sha256(self.rp_id.encode()).digest() + bytes([flags]) + (7).to_bytes(4, "big") + tail
        said = {
            "type": "webauthn.get",
            "challenge": challenge_of(operation),
            "origin": self.origin,
            "crossOrigin": False,
        }
        client = json.dumps(said | members, separators=(",", ":")).encode() if text is None else text
        signature = self.signer.sign(data + sha256(client).digest())
        return Approval(self.kind, self.key, signature, data, client)


DOCTORS_PASSKEY = PersonKey(P256Key("doctor's passkey"), DOCTOR)
DOCTORS_BROWSER = PersonKey(P256Key("doctor's browser"), DOCTOR, ApprovalKind.BROWSER_KEY)
NURSES_DEVICE = PersonKey(EdKey("nurse's device"), NURSE, ApprovalKind.DEVICE_KEY)


def id_of(statement: Statement) -> bytes:
    """The operation id of a statement."""
    return operation_id(encode_statement(statement))


def approved(
    log: Log, body: object, *keys: PersonKey, institution: str = SENDER, signer: Signer = SENDER_KEY, **more: object
) -> int:
    """Append one operation that these keys approve; returns its index."""
    kind, fields = body if isinstance(body, tuple) else (info_of(type(body)).tag, dump_body(body))
    statement = log.statement(kind, fields, institution, **more)
    approvals = tuple([key.approve(id_of(statement)) for key in keys])
    return log.append(seal_operation(statement, signer, approvals))


def enrol(log: Log, *keys: PersonKey) -> None:
    """The first keys of persons at the sending institution, in a block of their own."""
    for key in keys:
        log.say(key.enrolment(), SENDER_KEY, SENDER)
    log.block()
