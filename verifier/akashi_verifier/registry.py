"""The keys of record and who may sign what: `docs/spec/registry.md`.

Guarantees: an operation that passed `admit` was signed by a key enrolled before it, valid, unrevoked, of the actor's
institution, of a purpose its kind allows; its approvals are of persons' keys that counted; enrolments follow the rules of the page. Refuses:
`signer.*`, `signature`, `approval.*`, `enrolment`. Leaves to the caller: the order of the log and its tree. Trusts: leaf 0, once the caller pinned it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, assertion, demand
from akashi_verifier import operation as operations
from akashi_verifier.operation import ED25519, ESP256, Operation, PublicKey, is_handle
from akashi_verifier.tree import digest, is_bytes, is_int

SECRETARIAT, GATEWAY, SERVER, DEVICE, OPENING, PERSON = 1, 2, 3, 4, 5, 6
INTRODUCED, OWN_KEY, RESET = 1, 2, 3
MACHINES = frozenset({SECRETARIAT, GATEWAY, SERVER})
COMPROMISED = 2
_FOREVER = 1 << 63


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: is_int(value) and low <= value <= high


def _bytes(low: int, high: int | None = None) -> Callable[[Any], bool]:
    """Byte strings of that length, or from `low` to `high` bytes."""
    return lambda value: is_bytes(value) and low <= len(value) <= (low if high is None else high)


def _list(count: int, low: int, high: int) -> Callable[[Any], bool]:
    one = _bytes(low, high)
    return lambda value: isinstance(value, list) and len(value) <= count and all(map(one, value))


def _one_of(*values: int) -> Callable[[Any], bool]:
    return lambda value: is_int(value) and value in values


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_MS = _within(0, 1 << 53)

# kind -> (fields that must stand, fields that may, purposes that may sign), version 1 each
Form = dict[int, Callable[[Any], bool]]
KINDS: dict[str, tuple[Form, Form, frozenset[int]]] = {
    "ledger.genesis": (
        {
            1: _is_text,
            2: _bytes(32),
            3: _bytes(32),
            4: _bytes(32),
            5: _bytes(32, 512),
            6: _one_of(ED25519, ESP256),
            7: is_handle,
        },
        {8: _bytes(1, 8192)},
        frozenset({SECRETARIAT}),
    ),
    "key.enrolled": (
        {
            1: _bytes(32),
            2: _one_of(ED25519, ESP256, 0),
            3: _bytes(32, 4096),
            4: is_handle,
            5: _within(1, 6),
            6: _MS,
            7: _MS,
        },
        {
            8: _bytes(64),
            9: _within(1, 65_535),
            10: is_handle,
            11: lambda value: is_handle(value) and value.startswith("per-"),
            12: _within(1, 3),
            13: _bytes(32),
            14: _bytes(32),
            15: _within(1, 3),
        },
        frozenset({SECRETARIAT, GATEWAY}),
    ),
    "key.revoked": ({1: _bytes(32), 2: _within(1, 4)}, {3: _MS}, frozenset({SECRETARIAT, GATEWAY})),
    "log.stamped": (
        {1: _bytes(1, 8192), 2: _bytes(1, 24_576), 3: _list(8, 1, 8192), 4: _list(8, 1, 16_384)},
        {},
        frozenset({SERVER, SECRETARIAT}),
    ),
    "log.rekeyed": ({1: _bytes(32), 2: _bytes(32)}, {}, frozenset({SECRETARIAT})),
    "clock.stepped": ({1: _MS, 2: _MS, 3: _within(1, 2)}, {}, frozenset({SECRETARIAT})),
}
# Purposes of the other kinds (kinds.md), for the versions known here; bodies are not read but for steps 9 and 10.
OTHERS: dict[tuple[str, int], frozenset[int]] = {("conformity.run_recorded", 1): frozenset({GATEWAY})}


def is_known(op: Operation) -> bool:
    """Whether this program knows who may sign the operation's kind."""
    return (op.kind in KINDS and op.version == 1) or (op.kind, op.version) in OTHERS


def body_is_formed(op: Operation) -> bool:
    """Whether the body of a kind of registry.md has its fields, all of them and no others."""
    required, optional, _ = KINDS[op.kind]
    forms = required | optional
    return required.keys() <= op.body.keys() <= forms.keys() and all(forms[key](op.body[key]) for key in op.body)


@dataclass(slots=True, eq=False)
class Enrolled:
    """A key of record; `key` is None for opening keys, which never sign."""

    institution: str
    purpose: int
    algorithm: int
    key: PublicKey | None
    valid_from: int
    valid_to: int
    revoked: bool = False
    person: str = ""
    approval: int = 0
    rp_hash: bytes | None = None
    origin_hash: bytes | None = None
    basis: int = 0

    def stands(self, ms: int) -> bool:
        """Whether the key is valid and not revoked at the time of a block."""
        return self.valid_from <= ms < self.valid_to and not self.revoked


class Registry:
    """The keys enrolled so far; fed with the operations of result 0 in log order, leaf 0 first."""

    def __init__(self, genesis: Operation) -> None:
        """Take in leaf 0, whose body the caller found well-formed, after checking that it signed itself."""
        body = genesis.body
        self._ledger = genesis.ledger
        self._origin: str = body[1]
        self._next_log_key: bytes = body[3]
        self._cosigner: bytes = body[4]
        key_id = sha256(body[5]).digest()
        demand(genesis.key_id == key_id, "signer.unknown", "leaf 0")
        demand(genesis.institution == body[7], "signer.institution", "leaf 0")
        demand(genesis.algorithm == body[6], "signer.algorithm", "leaf 0")
        key = operations.load_key(body[5], body[6], "signature")
        demand(operations.signature_holds(key, genesis.signature, genesis.signed), "signature", "leaf 0")
        demand(not genesis.approvals, "approval.unknown", "leaf 0")
        demand((8 in body) != self._origin.endswith("/1") and body[2] != body[4], "enrolment", "leaf 0")
        founder = Enrolled(body[7], SECRETARIAT, body[6], key, 0, _FOREVER)
        self._keys = {key_id: founder}
        self._secretariat = [founder]
        self._gateways: dict[str, list[Enrolled]] = {}
        self._introduced: set[tuple[str, str]] = set()  # institution and person of every person's key

    def admit(self, op: Operation, ms: int, where: str) -> list[Enrolled]:
        """Check one operation after leaf 0 and take in what it says about keys; `ms`: its block's time.

        Returns the keys of those who approved it.
        """
        signer = self._keys.get(op.key_id)
        if signer is None:
            raise Failure("signer.unknown", where)
        demand(signer.valid_from <= ms < signer.valid_to, "signer.expired", where)
        demand(not signer.revoked, "signer.revoked", where)
        demand(signer.institution == op.institution, "signer.institution", where)
        listed = KINDS[op.kind][2] if op.kind in KINDS else OTHERS.get((op.kind, op.version), MACHINES)
        if op.kind in KINDS and op.version != 1:
            listed = MACHINES
        demand(signer.purpose in listed & MACHINES, "signer.purpose", where)
        demand(signer.algorithm == op.algorithm and signer.key is not None, "signer.algorithm", where)
        holds = signer.key is not None and operations.signature_holds(signer.key, op.signature, op.signed)
        demand(holds, "signature", where)
        approved = self._approved(op, ms, where)
        if op.kind in KINDS and op.version == 1:
            demand(op.kind != "ledger.genesis" and body_is_formed(op), "enrolment", where)
            self._apply(op, signer, approved, ms, where)
        return approved

    def _approved(self, op: Operation, ms: int, where: str) -> list[Enrolled]:
        """operation.md 4 and 5: each approval by the key of another person of the actor's institution."""
        found: list[Enrolled] = []
        for approval in op.approvals:
            key = self._keys.get(approval.key_id)
            if key is None:
                raise Failure("approval.unknown", where)
            demand(key.purpose == PERSON, "approval.purpose", where)
            demand(key.approval == approval.kind, "approval.kind", where)
            demand(key.institution == op.institution, "approval.institution", where)
            demand(key.valid_from <= ms < key.valid_to, "approval.expired", where)
            demand(not key.revoked, "approval.revoked", where)
            demand(all(key.person != other.person for other in found), "approval.again", where)
            signed = assertion.message(approval, op.id, key.rp_hash, key.origin_hash, where)
            holds = key.key is not None and operations.signature_holds(key.key, approval.signature, signed)
            demand(holds, "approval.signature", where)
            found.append(key)
        return found

    def _apply(self, op: Operation, signer: Enrolled, approved: list[Enrolled], ms: int, where: str) -> None:
        """What each kind of registry.md does to the keys of record, and when it may not."""
        body = op.body
        if op.kind == "key.enrolled":
            self._enrol(op, signer, approved, ms, where)
        elif op.kind == "key.revoked":
            self._revoke(body, signer, ms, where)
        elif op.kind == "log.rekeyed":
            opens = digest("akashi/logkey/1", body[1]) == self._next_log_key
            demand(opens and body[1] != self._cosigner, "enrolment", where)
            self._next_log_key = body[2]
        elif op.kind == "log.stamped":
            demand(body[1].startswith(self._origin.encode() + b"\n"), "enrolment", where)
        elif op.kind == "clock.stepped":
            demand((body[2] < body[1]) == (body[3] == 1), "enrolment", where)

    def _revoke(self, body: dict[int, Any], signer: Enrolled, ms: int, where: str) -> None:
        target = self._keys.get(body[1])
        if target is None or target.revoked:
            raise Failure("enrolment", where)
        own = signer.purpose == SECRETARIAT or target.institution == signer.institution
        demand(own and (3 not in body or body[2] == COMPROMISED), "enrolment", where)
        current = [key for key in self._secretariat if key.stands(ms)]
        demand(current != [target], "enrolment", where)
        target.revoked = True

    def _enrol(self, op: Operation, signer: Enrolled, approved: list[Enrolled], ms: int, where: str) -> None:
        """The rules of enrolment; a key that passes is of record from the next leaf on."""
        body = op.body
        key_id, algorithm, public, institution, purpose, valid_from, valid_to = (body[n] for n in range(1, 8))
        demand(key_id == sha256(public).digest() and key_id not in self._keys, "enrolment", where)
        demand(valid_from < valid_to, "enrolment", where)
        demand((algorithm == 0) == (purpose == OPENING), "enrolment", where)
        demand((9 in body) == (purpose == OPENING), "enrolment", where)
        demand(10 not in body or purpose == DEVICE, "enrolment", where)
        demand(_possession_is_due(body, purpose), "enrolment", where)
        by_own_gateway = signer.purpose == GATEWAY and signer.institution == institution
        needs_gateway = purpose in (OPENING, PERSON) or (purpose == GATEWAY and self._has_gateway(institution, ms))
        demand(by_own_gateway if needs_gateway else signer.purpose == SECRETARIAT, "enrolment", where)
        key = None if purpose == OPENING else operations.load_key(public, algorithm, "enrolment")
        enrolled = Enrolled(institution, purpose, algorithm, key, valid_from, valid_to)
        self._personal(enrolled, op, approved, where)
        if 8 in body:
            message = b"akashi/pop/1\0" + self._ledger + key_id + institution.encode()
            message += b"\0" + enrolled.person.encode() if purpose == PERSON else b""
            proven = key is not None and operations.signature_holds(key, body[8], message)
            demand(proven, "enrolment", where)
        self._keys[key_id] = enrolled
        if purpose == SECRETARIAT:
            self._secretariat.append(enrolled)
        elif purpose == GATEWAY:
            self._gateways.setdefault(institution, []).append(enrolled)
        elif purpose == PERSON:
            self._introduced.add((institution, enrolled.person))

    def _personal(self, key: Enrolled, op: Operation, approved: list[Enrolled], where: str) -> None:
        """Fields 11 to 15: of a person's key and of no other, and on whose word it is theirs."""
        body = op.body
        if key.purpose != PERSON:
            demand(not body.keys() & {11, 12, 13, 14, 15}, "enrolment", where)
            return
        demand(body.keys() >= {11, 12, 15}, "enrolment", where)
        for field in (13, 14):
            demand((field in body) == (body[12] == operations.PASSKEY), "enrolment", where)
        person, basis = body[11], body[15]
        if basis == INTRODUCED:
            demand((key.institution, person) not in self._introduced, "enrolment", where)
        elif basis == OWN_KEY:
            demand(any(other.person == person for other in approved), "enrolment", where)
        else:
            demand(basis == RESET and op.person is not None and op.person != person, "enrolment", where)
        key.person, key.approval, key.basis = person, body[12], basis
        key.rp_hash, key.origin_hash = body.get(13), body.get(14)

    def _has_gateway(self, institution: str, ms: int) -> bool:
        return any(gateway.stands(ms) for gateway in self._gateways.get(institution, []))


def _possession_is_due(body: dict[int, Any], purpose: int) -> bool:
    """Whether a proof of possession stands where one must, and only where one may."""
    if purpose == DEVICE:
        return True
    bound = purpose in MACHINES or (purpose == PERSON and body.get(12) != operations.PASSKEY)
    return (8 in body) == bound
