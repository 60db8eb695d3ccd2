"""The keys of record and who may sign what: `docs/spec/registry.md`.

Guarantees: an operation that passed `admit` was signed by a key enrolled before it, valid, unrevoked, of the actor's
institution, of a purpose its kind allows; enrolments follow the rules of the page. Refuses: `signer.*`, `signature`,
`enrolment`. Leaves to the caller: the order of the log and its tree. Trusts: leaf 0, once the caller pinned it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, demand
from akashi_verifier import operation as operations
from akashi_verifier.operation import ED25519, ESP256, Operation, PublicKey, is_handle
from akashi_verifier.tree import digest, is_bytes, is_int

SECRETARIAT, GATEWAY, SERVER, DEVICE, OPENING = 1, 2, 3, 4, 5
MACHINES = frozenset({SECRETARIAT, GATEWAY, SERVER})
_FOREVER = 1 << 63


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: is_int(value) and low <= value <= high


def _bytes(length: int | None = None) -> Callable[[Any], bool]:
    return lambda value: is_bytes(value, length)


def _is_algorithm(value: Any) -> bool:
    return is_int(value) and value in (ED25519, ESP256)


def _is_any_algorithm(value: Any) -> bool:
    return is_int(value) and value in (ED25519, ESP256, 0)


def _is_der_list(value: Any) -> bool:
    return isinstance(value, list) and all(is_bytes(part) for part in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_MS = _within(0, _FOREVER)

# kind -> (fields that must stand, fields that may, purposes that may sign), version 1 each
Form = dict[int, Callable[[Any], bool]]
KINDS: dict[str, tuple[Form, Form, frozenset[int]]] = {
    "ledger.genesis": (
        {
            1: _is_text,
            2: _bytes(32),
            3: _bytes(32),
            4: _bytes(32),
            5: _bytes(),
            6: _is_algorithm,
            7: is_handle,
        },
        {8: _bytes()},
        frozenset({SECRETARIAT}),
    ),
    "key.enrolled": (
        {
            1: _bytes(32),
            2: _is_any_algorithm,
            3: _bytes(),
            4: is_handle,
            5: _within(1, 5),
            6: _MS,
            7: _MS,
        },
        {8: _bytes(64), 9: is_int, 10: is_handle},
        frozenset({SECRETARIAT, GATEWAY}),
    ),
    "key.revoked": ({1: _bytes(32), 2: _within(1, 4)}, {3: _MS}, frozenset({SECRETARIAT, GATEWAY})),
    "log.stamped": (
        {1: _bytes(), 2: _bytes(), 3: _is_der_list, 4: _is_der_list},
        {},
        frozenset({SERVER, SECRETARIAT}),
    ),
    "log.rekeyed": ({1: _bytes(32), 2: _bytes(32)}, {}, frozenset({SECRETARIAT})),
    "clock.stepped": ({1: _MS, 2: _MS, 3: _within(1, 2)}, {}, frozenset({SECRETARIAT})),
}
# Purposes of the other kinds (kinds.md), for the versions known here; bodies are not read but for steps 9 and 10.
OTHERS: dict[tuple[str, int], frozenset[int]] = {}


def is_known(op: Operation) -> bool:
    """Whether this program knows who may sign the operation's kind."""
    return (op.kind in KINDS and op.version == 1) or (op.kind, op.version) in OTHERS


def body_is_formed(op: Operation) -> bool:
    """Whether the body of a kind of registry.md has its fields, all of them and no others."""
    required, optional, _ = KINDS[op.kind]
    forms = required | optional
    return required.keys() <= op.body.keys() <= forms.keys() and all(forms[key](op.body[key]) for key in op.body)


@dataclass(slots=True)
class Enrolled:
    """A key of record; `key` is None for opening keys, which never sign."""

    institution: str
    purpose: int
    algorithm: int
    key: PublicKey | None
    valid_from: int
    valid_to: int
    revoked: bool = False

    def stands(self, ms: int) -> bool:
        """Whether the key is valid and not revoked at the time of a block."""
        return self.valid_from <= ms < self.valid_to and not self.revoked


class Registry:
    """The keys enrolled so far; fed with the operations of result 0 in log order, leaf 0 first."""

    def __init__(self, genesis: Operation) -> None:
        """Take in leaf 0, whose body the caller found well-formed, after checking that it signed itself."""
        body = genesis.body
        self._ledger = genesis.ledger
        self._next_log_key: bytes = body[3]
        key_id = sha256(body[5]).digest()
        demand(genesis.key_id == key_id, "signer.unknown", "leaf 0")
        demand(genesis.algorithm == body[6], "signer.algorithm", "leaf 0")
        demand(genesis.institution == body[7], "signer.institution", "leaf 0")
        key = operations.load_key(body[5], body[6], "signature")
        demand(operations.signature_holds(key, genesis.signature, genesis.signed), "signature", "leaf 0")
        self._keys = {key_id: Enrolled(body[7], SECRETARIAT, body[6], key, 0, _FOREVER)}
        self._gateways: dict[str, list[Enrolled]] = {}

    def admit(self, op: Operation, ms: int, where: str) -> None:
        """Check one operation after leaf 0 and take in what it says about keys; `ms`: its block's time."""
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
        if op.kind in KINDS and op.version == 1:
            demand(op.kind != "ledger.genesis" and body_is_formed(op), "enrolment", where)
            self._apply(op, signer, ms, where)

    def _apply(self, op: Operation, signer: Enrolled, ms: int, where: str) -> None:
        if op.kind == "key.enrolled":
            self._enrol(op.body, signer, ms, where)
        elif op.kind == "key.revoked":
            target = self._keys.get(op.body[1])
            if target is None:
                raise Failure("enrolment", where)
            own = signer.purpose == SECRETARIAT or target.institution == signer.institution
            demand(own, "enrolment", where)
            target.revoked = True
        elif op.kind == "log.rekeyed":
            demand(digest("akashi/logkey/1", op.body[1]) == self._next_log_key, "enrolment", where)
            self._next_log_key = op.body[2]

    def _enrol(self, body: dict[int, Any], signer: Enrolled, ms: int, where: str) -> None:
        """The rules of enrolment; a key that passes is of record from the next leaf on."""
        key_id, algorithm, public, institution, purpose, valid_from, valid_to = (body[n] for n in range(1, 8))
        demand(key_id == sha256(public).digest() and key_id not in self._keys, "enrolment", where)
        demand(valid_from < valid_to, "enrolment", where)
        demand((algorithm == 0) == (purpose == OPENING), "enrolment", where)
        demand((9 in body) == (purpose == OPENING), "enrolment", where)
        by_own_gateway = signer.purpose == GATEWAY and signer.institution == institution
        needs_gateway = purpose == OPENING or (purpose == GATEWAY and self._has_gateway(institution, ms))
        demand(by_own_gateway if needs_gateway else signer.purpose == SECRETARIAT, "enrolment", where)
        key = None if purpose == OPENING else operations.load_key(public, algorithm, "enrolment")
        if purpose in MACHINES:
            message = b"akashi/pop/1\0" + self._ledger + key_id + institution.encode()
            proven = key is not None and 8 in body and operations.signature_holds(key, body[8], message)
            demand(proven, "enrolment", where)
        enrolled = Enrolled(institution, purpose, algorithm, key, valid_from, valid_to)
        self._keys[key_id] = enrolled
        if purpose == GATEWAY:
            self._gateways.setdefault(institution, []).append(enrolled)

    def _has_gateway(self, institution: str, ms: int) -> bool:
        return any(gateway.stands(ms) for gateway in self._gateways.get(institution, []))
