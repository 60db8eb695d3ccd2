"""Keys as the state keeps them: rows, indexes, and what others may ask (docs/spec/registry.md).

Guarantees: a row that is not of its form stops the reader (:class:`LedgerDamaged`); a person's key has five fields more than any other, and rows of
the others are as they always were. Refuses to judge whether a key counts: ``rules.is_current`` does. Trusts the state.

State: ``key`` key id -> record; ``keyof`` purpose, institution 00 key id -> valid to; ``perkey`` person 00 key id -> valid to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.model import ApprovalKind, Basis, KeyRecord, Purpose
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

_FIELDS, _PERSON_FIELDS = 10, 15


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A public key to which payloads for an institution are sealed."""

    key: bytes
    suite: int
    public: bytes
    valid_to_ms: int


@lru_cache(maxsize=4096)
def record_of(key: bytes, raw: bytes) -> KeyRecord:
    """The record that the state keeps as ``raw`` under key id ``key``."""
    fields = cbor.decode(raw)
    if not isinstance(fields, list) or len(fields) not in (_FIELDS, _PERSON_FIELDS):
        raise LedgerDamaged("state.key")
    algorithm, spki, institution, purpose, start, end, revoked, compromised, _, _ = fields[:_FIELDS]
    if not (isinstance(algorithm, int) and isinstance(spki, bytes) and isinstance(institution, str)):
        raise LedgerDamaged("state.key")
    if not (isinstance(purpose, int) and isinstance(start, int) and isinstance(end, int)):
        raise LedgerDamaged("state.key")
    if not (revoked is None or isinstance(revoked, int)) or not (compromised is None or isinstance(compromised, int)):
        raise LedgerDamaged("state.key")
    if (purpose == Purpose.PERSON) != (len(fields) == _PERSON_FIELDS):
        raise LedgerDamaged("state.key")
    record = KeyRecord(key, algorithm, spki, institution, Purpose(purpose), start, end, revoked, compromised)
    return record if len(fields) == _FIELDS else _of_person(record, fields[_FIELDS:])


def _of_person(record: KeyRecord, fields: list[Value]) -> KeyRecord:
    person, kind, rp_id_hash, origin_digest, basis = fields
    if not (isinstance(person, str) and isinstance(kind, int) and isinstance(basis, int)):
        raise LedgerDamaged("state.key")
    if not (rp_id_hash is None or isinstance(rp_id_hash, bytes)):
        raise LedgerDamaged("state.key")
    if not (origin_digest is None or isinstance(origin_digest, bytes)):
        raise LedgerDamaged("state.key")
    return KeyRecord(
        record.key,
        record.algorithm,
        record.spki,
        record.institution,
        record.purpose,
        record.valid_from_ms,
        record.valid_to_ms,
        record.revoked_ms,
        record.compromised_since_ms,
        person=person,
        approval=ApprovalKind(kind),
        rp_id_hash=rp_id_hash,
        origin_digest=origin_digest,
        basis=Basis(basis),
    )


def put_key(state: WriteState, record: KeyRecord, suite: int | None = None, device: str | None = None) -> None:
    """Write the row of ``record``; ``suite`` and ``device`` stand for keys that have one."""
    row: list[Value] = [
        record.algorithm,
        record.spki,
        record.institution,
        int(record.purpose),
        record.valid_from_ms,
        record.valid_to_ms,
        record.revoked_ms,
        record.compromised_since_ms,
        suite,
        device,
    ]
    if record.purpose is Purpose.PERSON and record.approval is not None and record.basis is not None:
        row += [record.person, int(record.approval), record.rp_id_hash, record.origin_digest, int(record.basis)]
    state.put("key", record.key, row)


def index_key(state: WriteState, record: KeyRecord) -> None:
    """Enter a new key into the indexes."""
    state.put("keyof", keyof(record.purpose, record.institution, record.key), record.valid_to_ms)
    if record.person is not None:
        state.put("perkey", record.person.encode() + b"\x00" + record.key, record.valid_to_ms)


def suite_and_device(state: ReadState, key: bytes) -> tuple[int | None, str | None]:
    """What the row of a key says beside its record."""
    value = state.get("key", key)
    if not isinstance(value, list) or len(value) not in (_FIELDS, _PERSON_FIELDS):
        raise LedgerDamaged("state.key")
    suite, device = value[8], value[9]
    return suite if isinstance(suite, int) else None, device if isinstance(device, str) else None


def key_record(state: ReadState, key: bytes) -> KeyRecord | None:
    """The key enrolled under ``key`` (key id, 32 bytes), valid or not."""
    value = state.get("key", key)
    return None if value is None else record_of(key, cbor.encode(value))


def keyof(purpose: Purpose, institution: str = "", key: bytes = b"") -> bytes:
    """The index key of a purpose, or of one institution's keys of it, or of one key."""
    return bytes((purpose,)) + (institution.encode() + b"\x00" if institution else b"") + key


def keys_of(state: ReadState, institution: str, purpose: Purpose) -> list[KeyRecord]:
    """All keys ever enrolled for an institution and a purpose, in key id order; ``rules.is_current`` tells which count."""
    return records_under(state, "keyof", keyof(purpose, institution))


def keys_of_person(state: ReadState, person: str, institution: str | None = None) -> list[KeyRecord]:
    """All keys ever enrolled for a person, in key id order; ``institution`` leaves out what another one said of that handle.

    ``rules.is_current`` tells which count. A gateway revokes only keys of its own institution.
    """
    found = records_under(state, "perkey", person.encode() + b"\x00")
    return [record for record in found if institution in (None, record.institution)]


def records_under(state: ReadState, space: str, prefix: bytes) -> list[KeyRecord]:
    """The records that an index lists under ``prefix``."""
    found = [key_record(state, at[-32:]) for at, _ in state.scan(space, prefix)]
    return [record for record in found if record is not None]


def opening_key(state: ReadState, institution: str, now_ms: int) -> OpeningKey | None:
    """The current opening key of an institution that is valid longest, or ``None``: then nothing can be sealed to it."""
    current = [record for record in keys_of(state, institution, Purpose.OPENING) if is_current(record, now_ms)]
    if not current:
        return None
    best = max(current, key=lambda record: (record.valid_to_ms, record.valid_from_ms, record.key))
    suite, _ = suite_and_device(state, best.key)
    if suite is None:
        raise LedgerDamaged("state.key")
    return OpeningKey(best.key, suite, best.spki, best.valid_to_ms)
