r"""Trust chains of `docs/spec/network.md`: from a trust file that was believed once to the one of today.

Guarantees: a chain is accepted only if each change of who signs is in a tree that enough of those before it signed, and
shows all who sign afterwards. Refuses: steps out of order, repeated, left out, of another ledger (`trust.*`, `note.*`,
`proof.*`, `effects`). Trusts: the trust file. Cannot tell that a newer step exists, and says so (`newer`).

>>> verify(b"", b"quorum none\n")["failure"]
'cbor.short'
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from akashi_verifier import Failure, cbor, demand, note, operation, tree
from akashi_verifier import trust as trusts
from akashi_verifier.note import COSIGNER, LOG, Key, Note
from akashi_verifier.tree import is_bytes, is_int
from akashi_verifier.trust import Trust

PREFIX = b"\x85\x72akashi-trust-chain"  # an array of five that begins with this word: what tells a chain from evidence
MAX_CHAIN = 1 << 20
MAX_STEPS = 256
KINDS = {"server.enrolled", "server.changed", "server.retired"}
HANDOVER = "log.handover"
_AS_OF = re.compile(r"# servers as of leaf (0|[1-9][0-9]{0,17})")
_OWN = ("log ", "witness server-", "group servers", "quorum ", "# servers as of leaf ")
_NAME = re.compile(r"server-([1-9][0-9]{0,3})")

Servers = dict[int, tuple[bytes, bytes]]  # number -> public log key, public cosigner key


@dataclass(frozen=True, slots=True)
class Step:
    """One change of who signs; `note` is the checkpoint that shows it."""

    start: int
    leaves: list[bytes]
    changes: bytes
    proof: list[bytes]
    note: Note
    consistency: list[bytes]

    @property
    def at(self) -> int:
        """The leaf from which it counts."""
        return self.start + len(self.leaves) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """What a proven step says: kind of its last leaf, number of the server that it names, time of its block, who signs."""

    kind: str
    server: int
    ms: int
    servers: Servers


def verify(data: bytes, trust_data: bytes) -> dict[str, Any]:
    """The result object of network.md, "Trust chain": `verified` with the file that follows, or `failed` with a class."""
    result: dict[str, Any] = dict.fromkeys(
        ("status", "failure", "origin", "size", "servers", "needed", "steps", "trust")
    )
    try:
        result |= _follow(data, trust_data)
    except Failure as failure:
        return result | {"status": "failed", "failure": failure.code, "unproven": []}
    return result | {"status": "verified", "unproven": ["newer"]}


def _follow(data: bytes, trust_data: bytes) -> dict[str, Any]:
    origin, said, steps = parse(data)
    believed = trusts.parse(trust_data)
    demand(bool(believed.logs) and all(key.name == origin for key in believed.logs), "trust.foreign", "file")
    known, text = published(believed), trust_data.decode("latin-1")
    demand(all(a.at < b.start for a, b in pairwise(steps)), "trust.order")
    new = _new(steps, known, as_of(text))
    _one_history(origin, steps)
    rows, last = [], None
    for step in new:
        _signed(step.note, believed)
        change = _change(step, origin, published(believed))
        rows.append(
            {
                "at": step.at,
                "kind": change.kind,
                "server": change.server,
                "block_ms": change.ms,
                "voting": sorted(change.servers),
            }
        )
        text = _next_file(text, origin, change.servers, step.at)
        believed, last = trusts.parse(text.encode("latin-1")), step.note
    sent = trusts.parse(said)
    same = [(one.logs, one.witnesses, one.groups, one.quorum, one.genesis) for one in (sent, believed)]
    demand(same[0] == same[1], "trust.differs")
    servers = sorted(published(believed))
    return {
        "origin": origin, "size": None if last is None else last.size, "servers": servers, "needed": quorum(len(servers)),
        "steps": rows, "trust": text.encode("latin-1").decode("utf-8", "replace"),
    }  # fmt: skip


def quorum(count: int) -> int:
    """More than two thirds.

    >>> [quorum(count) for count in (1, 3, 4, 7)]
    [1, 3, 3, 5]
    """
    return 2 * count // 3 + 1


# -- form -----------------------------------------------------------------------------------------------------------


def parse(data: bytes) -> tuple[str, bytes, list[Step]]:
    """Origin, the file that is said to follow, steps (raises `trust.chain`, `cbor.*`, `note.*`)."""
    demand(len(data) <= MAX_CHAIN, "trust.chain", "size")
    item = cbor.decode(data)
    demand(isinstance(item, list) and len(item) == 5, "trust.chain")
    magic, edition, origin, said, rows = item
    demand(magic == "akashi-trust-chain" and is_int(edition) and edition == 1, "trust.chain", "edition")
    demand(isinstance(origin, str) and is_bytes(said) and isinstance(rows, list), "trust.chain")
    demand(1 <= len(rows) <= MAX_STEPS, "trust.chain", "steps")
    return origin, said, [_step(row) for row in rows]


def _step(row: Any) -> Step:
    demand(isinstance(row, list) and len(row) == 6, "trust.chain", "step")
    start, leaves, changes, proof, checkpoint, consistency = row
    demand(is_int(start) and start >= 0 and is_bytes(changes) and is_bytes(checkpoint), "trust.chain", "step")
    for each in (leaves, proof, consistency):
        demand(isinstance(each, list) and all(is_bytes(one) for one in each), "trust.chain", "step")
    demand(len(leaves) in (1, 2), "trust.chain", "leaves")
    return Step(start, leaves, changes, proof, note.parse(checkpoint), consistency)


# -- the trust file -------------------------------------------------------------------------------------------------


def published(trust: Trust) -> Servers:
    """Who signs by a file of the published form; empty for server 1 alone (raises `trust.own_policy`)."""
    names = list(trust.witnesses)
    if names == ["server-1"] and trust.quorum == "server-1" and not trust.groups:
        return {}
    found = [_NAME.fullmatch(name) for name in names]
    numbers = [int(one[1]) for one in found if one is not None]
    demand(len(numbers) == len(names) == len(trust.logs) and numbers == sorted(numbers), "trust.own_policy")
    group = (quorum(max(1, len(names))), names)
    demand(trust.quorum == "servers" and trust.groups == {"servers": group}, "trust.own_policy")
    keys = zip(trust.logs, trust.witnesses.values(), strict=True)
    return {number: (log.public, one.public) for number, (log, one) in zip(numbers, keys, strict=True)}


def as_of(text: str) -> int | None:
    """The leaf that a file says it is of, if one line says so."""
    found = [one for one in map(_AS_OF.fullmatch, text.split("\n")) if one is not None]
    return int(found[0][1]) if len(found) == 1 else None


def _next_file(text: str, origin: str, servers: Servers, leaf: int) -> str:
    """The file that follows: lines on who signs made anew, all others behind them as they are."""
    kept = [line for line in text[:-1].split("\n") if not line.lstrip(" \t").startswith(_OWN)]
    place, order = origin.rpartition("/")[0], sorted(servers)
    lines = [f"# servers as of leaf {leaf}"]
    lines += [f"log {_vkey(Key(origin, LOG, servers[one][0]))}" for one in order]
    lines += [f"witness server-{one} {_vkey(Key(f'{place}/server/{one}', COSIGNER, servers[one][1]))}" for one in order]
    names = " ".join(f"server-{one}" for one in order)
    lines += [f"group servers {quorum(len(order))} {names}", "quorum servers"]
    return "\n".join([*lines, *kept]) + "\n"


def _vkey(key: Key) -> str:
    return f"{key.name}+{key.hash.hex()}+{base64.b64encode(bytes([key.type]) + key.public).decode()}"


# -- steps ----------------------------------------------------------------------------------------------------------


def _new(steps: list[Step], known: Servers, leaf: int | None) -> list[Step]:
    """The steps that the file has not taken."""
    if not known:
        return steps
    if leaf is not None:
        demand(steps[-1].at >= leaf, "trust.older")
        return [step for step in steps if step.at > leaf]
    for taken in range(len(steps), 0, -1):
        if _members(_rows(steps[taken - 1])) == known:
            return steps[taken:]
    raise Failure("trust.foreign", "servers")


def _one_history(origin: str, steps: list[Step]) -> None:
    """Each tree holds its leaves and extends the one before."""
    before: Note | None = None
    for step in steps:
        demand(step.note.size > step.at, "proof.range", "early")
        demand(step.note.origin == origin, "trust.foreign", "note")
        if before is None:
            demand(not step.consistency, "proof.consistency", "first")
        else:
            demand(step.note.size >= before.size, "trust.order", "size")
            tree.check_consistency(before.size, before.root, step.note.size, step.note.root, step.consistency)
        before = step.note


def _signed(checkpoint: Note, believed: Trust) -> None:
    note.log_line(checkpoint, believed.logs)
    cosigned = {key for key, _ in note.lines_of(checkpoint, believed.witnesses.values())}
    demand(believed.quorum_met(cosigned), "note.quorum")


def _change(step: Step, origin: str, before: Servers) -> Change:
    """What a step says, if the tree holds it and it is exactly one change of `before`."""
    hashes = [tree.leaf_hash(one) for one in step.leaves]
    found = tree.range_root(step.start, hashes, step.note.size, step.proof)
    demand(found == step.note.root, "proof.range")
    rows = _rows(step)
    after, leaves = _members(rows), [tree.parse_leaf(one) for one in step.leaves]
    said = [operation.parse(one.envelope) for one in leaves]
    ledger = note.origin_ledger(origin)
    for leaf, op in zip(leaves, said, strict=True):
        demand(leaf.result == 0 and op.version == 1 and op.ledger == ledger, "trust.foreign", "leaf")
    demand(said[0].kind in KINDS, "trust.step", "kind")
    number = _named(rows, said[0])
    if len(said) == 2:
        follows = said[1].kind == HANDOVER and said[1].body.get(2) == step.start + 1
        demand(not before and follows, "trust.step", "handover")
    else:
        changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
        demand(bool(before) and changed == {number}, "trust.step", "servers")
    return Change(said[-1].kind, number, leaves[-1].ms, after)


def _named(rows: dict[tuple[str, bytes], Any], said: operation.Operation) -> int:
    """The number of the server that an operation names, by its row."""
    row = rows.get(("srv", str(said.body.get(1)).encode()))
    return row[0] if isinstance(row, list) and row and is_int(row[0]) else 0


def _rows(step: Step) -> dict[tuple[str, bytes], Any]:
    """What the first leaf changed, bound by its effects digest."""
    demand(tree.digest("akashi/effects/1", step.changes) == tree.parse_leaf(step.leaves[0]).effects, "effects")
    rows, found = cbor.decode(step.changes), {}
    for row in rows if isinstance(rows, list) else []:
        if (
            isinstance(row, list)
            and len(row) == 3
            and isinstance(row[0], str)
            and is_bytes(row[1])
            and is_bytes(row[2])
        ):
            found[row[0], row[1]] = cbor.decode(row[2])  # a row that was taken away (null) says nothing here
    return found


def _members(rows: dict[tuple[str, bytes], Any]) -> Servers:
    """All who sign after the step."""
    members, found = rows.get(("log", b"members")), {}
    if not isinstance(members, list) or not members:
        raise Failure("trust.step", "members")
    for row in members:
        demand(isinstance(row, list) and len(row) == 4 and is_int(row[0]), "trust.step", "members")
        demand(all(is_bytes(one) for one in row[1:]), "trust.step", "members")
        found[row[0]] = (row[2], row[3])
    return found
