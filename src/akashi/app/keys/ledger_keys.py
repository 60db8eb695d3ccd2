"""Rotation of the keys that the ledger knows: secretariat, server, gateway, and the opening key.

Guarantees: the new key is enrolled with its proof of possession by the key that is good now; the key store switches after that; the old
key is revoked as superseded when the overlap is over, by the new one. What the old key signed stays valid, because verifiers look at
the time. An old opening key is kept, so that what was sealed to it still opens; old signing keys are destroyed when they are revoked.
Refuses a second change while the first overlaps. Trusts the key store's switch: which key counts *there* decides who signs next.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.config import DAY_MS
from akashi.app.keys.rotation import KeyRole, Rotated, Step, advance, target_generation
from akashi.clock import Clock
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import KeyKind
from akashi.keys.openers import opening_key_id
from akashi.keys.suites import SUITES
from akashi.ledger.author import Author
from akashi.ledger.model import KeyRecord, Purpose
from akashi.ledger.registry import (
    NO_ALGORITHM,
    KeyEnrolled,
    KeyRevoked,
    RevocationReason,
    key_record,
    possession_message,
)
from akashi.ledger.rules import is_current
from akashi.ledger.wire.envelope import key_id

BACKDATE_MS = 60_000
"""A new key counts from a minute ago: the ledger's clock may be behind ours."""
LIFE_MS = {
    Purpose.SECRETARIAT: 3650 * DAY_MS,
    Purpose.SERVER: 3650 * DAY_MS,
    Purpose.GATEWAY: 3 * 365 * DAY_MS,
    Purpose.OPENING: 3 * 365 * DAY_MS,
}
PURPOSES = {
    KeyRole.SECRETARIAT: Purpose.SECRETARIAT,
    KeyRole.SERVER: Purpose.SERVER,
    KeyRole.GATEWAY: Purpose.GATEWAY,
    KeyRole.OPENING: Purpose.OPENING,
}


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """One key of the ledger in one key store. ``signer`` is the name of the key that signs its enrolment and revocation."""

    keystore: FileKeystore
    clock: Clock
    institution: str
    author: Author
    """Speaks with the ``signer`` key as it was when the home was opened."""
    role: KeyRole
    name: str
    signer: str

    @property
    def purpose(self) -> Purpose:
        """What the key is for."""
        return PURPOSES[self.role]

    def key(self, generation: int) -> bytes:
        """The key id of a generation."""
        public = self.keystore.public(self.name, generation)
        return opening_key_id(public) if self.purpose is Purpose.OPENING else key_id(public)

    def record(self, generation: int) -> KeyRecord | None:
        """What the ledger says of a generation."""
        with self.author.ledger.view() as state:
            return key_record(state, self.key(generation))

    def overlapping(self) -> list[int]:
        """Older generations that the ledger still believes."""
        now, current = self.clock.now_ms(), self.keystore.generation(self.name)
        older = [one for one in self.keystore.generations(self.name) if one < current]
        records = [(one, self.record(one)) for one in older]
        return [one for one, record in records if record is not None and is_current(record, now)]

    def retires_ms(self, overlap_ms: int) -> int | None:
        """When the overlap is over; ``None`` if nothing overlaps."""
        record = self.record(self.keystore.generation(self.name))
        if not self.overlapping() or record is None:
            return None
        return record.valid_from_ms + BACKDATE_MS + overlap_ms

    def rotate(self, overlap_ms: int, kind: KeyKind | None = None) -> Rotated:
        """Begin or finish a change; ``kind`` changes the algorithm with it. Raises what the ledger raises."""
        goal = target_generation(self.keystore, self.name, overlapping=bool(self.overlapping()))
        wanted = kind or self.keystore.kind(self.name)
        did = advance(
            (
                Step(
                    "made",
                    lambda: goal in self.keystore.generations(self.name),
                    lambda: self._make(goal, wanted),
                ),
                Step("enrolled", lambda: self.record(goal) is not None, lambda: self._enrol(goal)),
                Step(
                    "switched",
                    lambda: self.keystore.generation(self.name) == goal,
                    lambda: self.keystore.make_current(self.name, goal),
                ),
            )
        )
        ends = self.retires_ms(overlap_ms)
        if ends is not None and self.clock.now_ms() >= ends:
            self.retire(RevocationReason.SUPERSEDED)
            did, ends = (*did, "retired"), None
        self.clear()
        return Rotated(self.role, goal, did, ends)

    def retire(self, reason: RevocationReason, since_ms: int | None = None) -> list[bytes]:
        """Revoke every older generation that still counts; the ids that were revoked."""
        revoked = []
        for one in self.overlapping():
            body = KeyRevoked(key=self.key(one), reason=reason, compromised_since_ms=since_ms)
            self._speaker().submit(body, subject=self.institution)
            revoked.append(self.key(one))
        return revoked

    def clear(self) -> None:
        """Destroy old signing keys that the ledger no longer believes; opening keys stay for what was sealed to them."""
        if self.purpose is Purpose.OPENING:
            return
        current, still = self.keystore.generation(self.name), self.overlapping()
        for one in self.keystore.generations(self.name):
            if one < current and one not in still:
                self.keystore.destroy(self.name, one)

    def _make(self, generation: int, kind: KeyKind) -> None:
        self.keystore.generate(self.name, kind, generation=generation)

    def _speaker(self) -> Author:
        """An author under the key that is current now; this run may have switched it."""
        return Author(self.author.ledger, self.keystore.signer(self.signer), self.institution, self.clock)

    def _enrol(self, generation: int) -> None:
        now, opens = self.clock.now_ms(), self.purpose is Purpose.OPENING
        public, key = self.keystore.public(self.name, generation), self.key(generation)
        signer = None if opens else self.keystore.signer(self.name, generation)
        message = possession_message(self.author.ledger.ledger_id, key, self.institution)
        suite = next((s.number for s in SUITES.values() if s.kind is self.keystore.kind(self.name, generation)), None)
        body = KeyEnrolled(
            key=key,
            algorithm=NO_ALGORITHM if signer is None else int(signer.algorithm),
            public=public,
            institution=self.institution,
            purpose=self.purpose,
            valid_from_ms=now - BACKDATE_MS,
            valid_to_ms=now + LIFE_MS[self.purpose],
            possession=None if signer is None else signer.sign(message),
            suite=suite if opens else None,
        )
        self._speaker().submit(body, subject=self.institution)
