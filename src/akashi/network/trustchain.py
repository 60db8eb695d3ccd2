r"""From a trust file that was believed once to the one of today: a chain of proven changes of who signs (docs/spec/network.md, "Trust chain").

Guarantees: pure. Each step shows the leaf that changed the voting servers, the rows that it changed (the leaf's effects digest binds them, so nobody of the
new set can be left out), that it is in the tree, and a checkpoint of that tree which satisfies the trust file as it was *before* the step. The file that follows is computed here from
the leaf; the one that was sent is only compared. Refuses, with ``ProofError`` ``trust.*``, ``note.*``, ``proof.*``: steps that are reordered, repeated, left out or of
another ledger, a chain older than the file, a file with a policy of its own. Trusts: the file it is given. A chain cannot tell that a newer step exists.

>>> servers_as_of("# servers as of leaf 12\nquorum none\n")
12
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple, Protocol

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.events import load_body
from akashi.ledger.keyring.handover import LogHandover
from akashi.ledger.keyring.members import Member, quorum
from akashi.ledger.model import Leaf, Statement
from akashi.ledger.proof.trust import Group, Trust, parse_trust
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import Changes, effects_digest, parse_leaf
from akashi.ledger.wire.merkle import leaf_hash, root_from_range, verify_consistency
from akashi.ledger.wire.note import (
    Checkpoint,
    NoteKind,
    origin_parts,
    parse_checkpoint,
    verify_cosignatures,
    verify_log,
    vkey,
)
from akashi.network.peers.lines import cosigner_name

MAX_CHAIN_BYTES = 1 << 20
MAX_STEPS = 256
ROSTER_KINDS = frozenset({"server.enrolled", "server.changed", "server.retired"})
_MAGIC, _FORMAT, _HANDOVER = "akashi-trust-chain", 1, "log.handover"
_REPLACED = ("log ", "witness server-", "group servers", "quorum ", "# servers as of leaf ")
_AS_OF = re.compile(r"^# servers as of leaf (0|[1-9][0-9]{0,17})$", re.ASCII | re.MULTILINE)
_NAME = re.compile(r"server-([1-9][0-9]{0,3})", re.ASCII)


class Signs(Protocol):
    """The two public keys (32 bytes each) with which a server signs checkpoints."""

    @property
    def log_key(self) -> bytes:
        """Type 0x01, under the origin's name."""
        ...

    @property
    def cosigner_key(self) -> bytes:
        """Type 0x04, under the server's own name."""
        ...


class Keys(NamedTuple):
    """What a trust file says of one voting server."""

    log_key: bytes
    cosigner_key: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One change of who signs. ``leaves``: the operation; at the handover the one that named the last server, then ``log.handover``."""

    start: int
    leaves: tuple[bytes, ...]
    changes: bytes
    """The rows that the first of ``leaves`` changed: CBOR ``[[namespace, key, encoded value or null], …]``."""
    proof: tuple[bytes, ...]
    note: bytes
    consistency: tuple[bytes, ...]
    """From the note of the step before; empty in the first."""

    @property
    def at(self) -> int:
        """The index of the last leaf: from there on the step counts."""
        return self.start + len(self.leaves) - 1


@dataclass(frozen=True, slots=True)
class Chain:
    """All steps since the handover, and the trust file that they lead to as the giver says it."""

    origin: str
    text: bytes
    steps: tuple[Step, ...]

    def encode(self) -> bytes:
        """One CBOR item."""
        rows: list[Value] = [
            [one.start, list(one.leaves), one.changes, list(one.proof), one.note, list(one.consistency)]
            for one in self.steps
        ]
        return cbor.encode([_MAGIC, _FORMAT, self.origin, self.text, rows])


class Taken(NamedTuple):
    """A step that was taken, for people: at which leaf, what it said (``kind``) of which server (its number), when (the block's time), who votes since."""

    at: int
    kind: str
    server: int
    block_ms: int
    voting: tuple[int, ...]


class Followed(NamedTuple):
    """The trust file that a chain leads to; ``note``: the checkpoint of the last step taken, ``None`` where none was; ``taken``: those steps."""

    text: bytes
    note: bytes | None
    taken: tuple[Taken, ...]


def parse_chain(data: bytes) -> Chain:
    """Raises ``EncodingError`` ``trust.chain``, ``cbor.*``."""
    if len(data) > MAX_CHAIN_BYTES:
        raise EncodingError("trust.chain")
    match cbor.decode(data):
        case [str(magic), int(form), str(origin), bytes(text), list(rows)] if (magic, form) == (_MAGIC, _FORMAT):
            if 0 < len(rows) <= MAX_STEPS and not isinstance(form, bool):
                return Chain(origin, text, tuple(_step(row) for row in rows))
    raise EncodingError("trust.chain")


def _step(row: Value) -> Step:
    match row:
        case [int(start), list(leaves), bytes(changes), list(proof), bytes(note), list(consistency)]:
            if not isinstance(start, bool) and start >= 0 and 1 <= len(leaves) <= 2:
                return Step(start, _octets(leaves), changes, _octets(proof), note, _octets(consistency))
    raise EncodingError("trust.chain")


def _octets(values: Sequence[Value]) -> tuple[bytes, ...]:
    found = tuple(one for one in values if isinstance(one, bytes))
    if len(found) != len(values):
        raise EncodingError("trust.chain")
    return found


def encode_changes(changes: Changes) -> bytes:
    """What :attr:`Step.changes` holds: the part of the effects digest's preimage that is the leaf's own (docs/spec/tree.md)."""
    rows: list[Value] = [[space, key, value] for (space, key), value in sorted(changes.items())]
    return cbor.encode(rows)


# -- the trust file -------------------------------------------------------------------------------------------------


def network_trust(before: str, origin: str, servers: Mapping[int, Signs], leaf: int | None = None) -> str:
    """The trust file that follows ``before``: ``servers`` that vote, by number, as of the leaf with this index.

    Lines that have nothing to do with who signs (genesis, authorities) stay.
    """
    rows = before.removesuffix("\n").split("\n")  # not ``splitlines``: other breaks may stand in a comment
    kept = [row for row in rows if not row.lstrip(" \t").startswith(_REPLACED)]
    names = [f"server-{number}" for number in sorted(servers)]
    lines = [] if leaf is None else [f"# servers as of leaf {leaf}"]
    lines += [f"log {vkey(origin, NoteKind.ED25519, servers[number].log_key)}" for number in sorted(servers)]
    for number in sorted(servers):
        key = vkey(cosigner_name(origin, number), NoteKind.COSIGNATURE, servers[number].cosigner_key)
        lines.append(f"witness server-{number} {key}")
    lines.append(f"group servers {quorum(len(servers))} {' '.join(names)}")
    lines.append("quorum servers")
    return "\n".join([*lines, *kept]) + "\n"


def servers_as_of(text: str) -> int | None:
    """The leaf that a trust file of several servers says it is of; ``None`` where it says none."""
    found = _AS_OF.findall(text)
    return int(found[0]) if len(found) == 1 else None


def servers_of(trust: Trust) -> dict[int, Keys]:
    """The voting servers of a trust file, by number; empty for one that believes server 1 alone. Raises ``ProofError`` ``trust.own_policy``.

    A file that asks for more (a witness of another organisation, say) is its owner's: nothing is made of it here.
    """
    if not trust.groups and trust.quorum == "server-1" and list(trust.witnesses) == ["server-1"]:
        return {}
    names = [name for name in trust.witnesses if _NAME.fullmatch(name)]
    numbers = [int(name.removeprefix("server-")) for name in names]
    plain = len(names) == len(trust.witnesses) == len(trust.logs) and numbers == sorted(numbers)
    group = Group(quorum(max(1, len(names))), tuple(names))
    if not plain or trust.quorum != "servers" or dict(trust.groups) != {"servers": group}:
        raise ProofError("trust.own_policy")
    pairs = zip(numbers, names, trust.logs, strict=True)
    return {number: Keys(log.public, trust.witnesses[name].public) for number, name, log in pairs}


def verify_trusted(checkpoint: Checkpoint, trust: Trust) -> None:
    """A believed log key signed it and the policy's cosigners are there. Raises ``ProofError`` ``note.unsigned``, ``note.signature``, ``note.quorum``."""
    verify_log(checkpoint, [key for key in trust.logs if key.name == checkpoint.origin])
    if not trust.quorum_met(set(verify_cosignatures(checkpoint, trust.witnesses))):
        raise ProofError("note.quorum")


def satisfies(note: bytes, trust: Trust) -> bool:
    """Whether a note is one that this trust file believes."""
    try:
        verify_trusted(parse_checkpoint(note), trust)
    except (ProofError, EncodingError):
        return False
    return True


# -- following ------------------------------------------------------------------------------------------------------


def follow_chain(data: bytes, before: bytes) -> Followed:
    """The trust file that ``before`` and a chain lead to. Raises ``ProofError``, ``EncodingError``: then nothing follows."""
    chain, text = parse_chain(data), before.decode("latin-1")
    trust = parse_trust(before)
    if {key.name for key in trust.logs} != {chain.origin}:
        raise ProofError("trust.foreign")
    steps = _later(chain, servers_of(trust), servers_as_of(text))
    earlier: Checkpoint | None = None
    _ascending(chain.steps)
    for step in chain.steps:
        noted = parse_checkpoint(step.note)
        _in_order(step, noted, earlier)
        earlier = noted
    taken = list[Taken]()
    for step in steps:
        verify_trusted(parse_checkpoint(step.note), trust)
        members = _proven(step, chain.origin, servers_of(trust))
        taken.append(_taken(step, tuple(sorted(members))))
        text = network_trust(text, chain.origin, members, step.at)
        trust = parse_trust(text.encode("latin-1"))
    sent = parse_trust(chain.text)
    if _signing(sent) != _signing(trust):
        raise ProofError("trust.differs")
    return Followed(text.encode("latin-1"), steps[-1].note if steps else None, tuple(taken))


def _taken(step: Step, voting: tuple[int, ...]) -> Taken:
    """What a proven step says."""
    leaf = parse_leaf(step.leaves[-1])
    said, first = (parse_operation(parse_leaf(one).envelope).statement for one in (step.leaves[-1], step.leaves[0]))
    row = _rows(step).get(("srv", str(first.body.get(1)).encode()))
    number = row[0] if isinstance(row, list) and row and isinstance(row[0], int) else 0
    return Taken(step.at, said.kind, number, leaf.block_ms, voting)


def _signing(trust: Trust) -> tuple[object, ...]:
    return trust.logs, dict(trust.witnesses), dict(trust.groups), trust.quorum, trust.genesis


def _later(chain: Chain, known: Mapping[int, Keys], as_of: int | None) -> Sequence[Step]:
    """The steps that a file with these servers has not taken. Raises ``ProofError`` ``trust.older``, ``trust.foreign``."""
    if not known:
        return chain.steps
    if as_of is not None:
        if chain.steps[-1].at < as_of:
            raise ProofError("trust.older")
        return [step for step in chain.steps if step.at > as_of]
    # A file without the line: made by hand, or by an older version. Where it stands is where its servers were the voting ones last.
    for at in range(len(chain.steps), 0, -1):
        if _keys(_members(chain.steps[at - 1])) == known:
            return chain.steps[at:]
    raise ProofError("trust.foreign")


def _ascending(steps: Sequence[Step]) -> None:
    if any(one.at >= two.start for one, two in pairwise(steps)):
        raise ProofError("trust.order")


def _in_order(step: Step, noted: Checkpoint, earlier: Checkpoint | None) -> None:
    """One history: each step's tree holds its leaves and extends the tree of the step before."""
    if noted.size <= step.at:
        raise ProofError("proof.range")
    if earlier is None:
        if step.consistency:
            raise ProofError("proof.consistency")
        return
    if noted.origin != earlier.origin:
        raise ProofError("trust.foreign")
    if noted.size < earlier.size:
        raise ProofError("trust.order")
    verify_consistency(earlier.size, earlier.root, noted.size, noted.root, step.consistency)


def _proven(step: Step, origin: str, before: Mapping[int, Keys]) -> dict[int, Member]:
    """Who votes after a step, as its leaf says it, if the leaf is in the noted tree and made exactly one change of ``before``."""
    noted = parse_checkpoint(step.note)
    if noted.origin != origin:
        raise ProofError("trust.foreign")
    root = root_from_range([leaf_hash(one) for one in step.leaves], step.start, noted.size, step.proof)
    if root != noted.root:
        raise ProofError("proof.range")
    members = _members(step)
    first = _statement(parse_leaf(step.leaves[0]), origin)
    if first.kind not in ROSTER_KINDS:
        raise ProofError("trust.step")
    if len(step.leaves) > 1:
        _verify_handover(step, origin, before)
    else:
        _verify_change(step, first, before, _keys(members))
    return members


def _statement(leaf: Leaf, origin: str) -> Statement:
    statement = parse_operation(leaf.envelope).statement
    if leaf.result != 0 or statement.version != 1 or statement.ledger != origin_parts(origin)[0]:
        raise ProofError("trust.foreign")
    return statement


def _verify_handover(step: Step, origin: str, before: Mapping[int, Keys]) -> None:
    """The second leaf hands over the tree that ends with the first: between them nobody was named."""
    statement = _statement(parse_leaf(step.leaves[1]), origin)
    if before or statement.kind != _HANDOVER:
        raise ProofError("trust.step")
    if load_body(LogHandover, statement.body).size != step.start + 1:
        raise ProofError("trust.step")


def _verify_change(step: Step, said: Statement, before: Mapping[int, Keys], after: Mapping[int, Keys]) -> None:
    """Exactly the server that the operation names counts differently: so no change between was left out."""
    different = {number for number in {*before, *after} if before.get(number) != after.get(number)}
    row = _rows(step).get(("srv", str(said.body.get(1)).encode()))
    if not before or not isinstance(row, list) or not row or different != {row[0]}:
        raise ProofError("trust.step")


def _members(step: Step) -> dict[int, Member]:
    """The voting servers that the first leaf of a step wrote, by number; its effects digest binds the rows."""
    match _rows(step).get(("log", b"members")):
        case list(rows) if rows:
            found = [_member(one) for one in rows]
            return {one.number: one for one in found}
    raise ProofError("trust.step")


def _rows(step: Step) -> dict[tuple[str, bytes], Value]:
    if sha256(b"akashi/effects/1\x00" + step.changes).digest() != parse_leaf(step.leaves[0]).effects:
        raise ProofError("effects")
    found: dict[tuple[str, bytes], Value] = {}
    rows = cbor.decode(step.changes)
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(space), bytes(key), bytes(value)]:
                found[space, key] = cbor.decode(value)
    return found


def _member(value: Value) -> Member:
    match value:
        case [int(number), bytes(server_key), bytes(log_key), bytes(cosigner_key)]:
            return Member(number, server_key, log_key, cosigner_key)
    raise ProofError("trust.step")


def _keys(members: Mapping[int, Member]) -> dict[int, Keys]:
    return {number: Keys(one.log_key, one.cosigner_key) for number, one in members.items()}


def same_effects(changes: Changes, leaf: Leaf) -> bool:
    """Whether these rows are what a leaf changed."""
    return effects_digest(changes) == leaf.effects
