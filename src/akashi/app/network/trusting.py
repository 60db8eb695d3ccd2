"""What a server of several publishes of who signs: its trust file, and the chain of changes that proves it to those who believed an older one.

Guarantees: the trust file is made from the ledger's own rows; a step is given out only with a checkpoint that satisfies the trust file before it; what is given
verifies here first, by the code of those who get it. Steps that were proven once are kept, so that they can be shown when their checkpoints are no longer in
``network.db``. Refuses (``NotFound``) where one server keeps the ledger alone or nothing can be proven yet. Trusts: its own ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from akashi.app.server.logkeys import TRUST_FILE
from akashi.app.wiring import KINDS
from akashi.durable import write_file
from akashi.errors import AkashiError, NotFound
from akashi.ledger.admission import admit
from akashi.ledger.audit import Replay
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.keyring.members import Member, members
from akashi.ledger.model import Leaf
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.state import Memory, Overlay, RawState, ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import Changes, parse_leaf
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.records import servers
from akashi.network.trustchain import (
    ROSTER_KINDS,
    Chain,
    Step,
    encode_changes,
    follow_chain,
    network_trust,
    parse_chain,
    same_effects,
    satisfies,
)

CHAIN_FILE = "trust-chain.cbor"
_OWN_SPACES = frozenset({"log", "srv", "srvno", "payh", "paye", "payw"})
"""What the operations about servers write; everything else they only read."""
_ROWS_KINDS = ROSTER_KINDS | {"server.rekeyed"}
"""What writes a server's row; who signs checkpoints changes with the first three only."""
_HANDOVER = "log.handover"
_FIRST = 1


class Notes(Protocol):
    """Where checkpoints with a quorum come from (``network.peers.cosigning``)."""

    def complete(self, size: int) -> list[bytes]:
        """Notes with all that is known, of heads of at least ``size`` leaves."""
        ...


class KeptNotes(Protocol):
    """Quorum notes of earlier (``network.store``)."""

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """All (size, note), ascending."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of who signs, as the ledger has it; ``voting`` afterwards, by number."""

    start: int
    leaves: tuple[bytes, ...]
    changes: bytes
    voting: dict[int, Member]

    @property
    def at(self) -> int:
        """From this leaf on it counts."""
        return self.start + len(self.leaves) - 1


class TrustPublisher:
    """One server's published trust. Thread-safe."""

    def __init__(self, public: Path, engine: LedgerReader, notes: Notes, kept: KeptNotes) -> None:
        self._public, self._engine, self._notes, self._kept = public, engine, notes, kept
        self._lock = threading.Lock()
        self._published: tuple[Member, ...] = ()

    def renew(self) -> bool:
        """Publish the trust file for those who vote now; whether it is another one. The one before stays beside it, for what was made under it."""
        with self._lock, self._engine.view() as state:
            voting = members(state)
        if not voting or voting == self._published:
            return False
        with self._lock:
            turns = turns_of(self._engine)
            path = self._public / TRUST_FILE
            before = path.read_text(encoding="utf-8")
            if not turns:
                return False
            after = network_trust(before, self._engine.origin, turns[-1].voting, turns[-1].at)
            if after != before:
                publish(path, before, after)
            self._published = voting
            return after != before

    def chain(self) -> bytes:
        """Every step since the handover that can be proven now. Raises ``NotFound``."""
        with self._lock:
            path = self._public / CHAIN_FILE
            known: tuple[Step, ...] = ()
            with suppress(OSError, EncodingError):
                known = parse_chain(path.read_bytes()).steps
            turns = turns_of(self._engine)
            if not turns:
                raise NotFound
            published = (self._public / TRUST_FILE).read_text(encoding="utf-8")
            alone = _alone(self._engine.origin, turns[0].voting[_FIRST], published)
            chain = self._chained(turns, alone, known)
            if not _leads_on(chain, alone):  # a kept step is not what was written
                chain = self._chained(turns, alone, ())
            made = chain.encode()
            if chain.steps != known:
                write_file(path, made, 0o644)
            return made

    def _chained(self, turns: list[Turn], text: str, known: tuple[Step, ...]) -> Chain:
        """The steps from ``text`` on, those that are ``known`` as they are. Raises ``NotFound`` where not even the first can be proven."""
        steps = list[Step]()
        for turn in turns:
            found = next((one for one in known if one.start == turn.start and one.leaves == turn.leaves), None)
            step = found or self._prove(turn, text, steps[-1] if steps else None)
            if step is None:
                break  # not enough of those who signed before have signed since; the next time perhaps
            steps.append(step)
            text = network_trust(text, self._engine.origin, turn.voting, turn.at)
        if not steps:
            raise NotFound
        return Chain(self._engine.origin, text.encode(), tuple(steps))

    def _prove(self, turn: Turn, text: str, before: Step | None) -> Step | None:
        """The step with the first checkpoint that the trust file ``text`` believes; ``None`` while there is none."""
        trust, least = parse_trust(text.encode()), turn.at + 1
        old = None if before is None else parse_checkpoint(before.note)
        least = least if old is None else max(least, old.size)
        for note in self._checkpoints(least, turn):
            if satisfies(note, trust):
                size = parse_checkpoint(note).size
                proof = self._engine.range(turn.start, turn.at + 1, size)
                consistency = [] if old is None else self._engine.consistency(old.size, size)
                return Step(turn.start, turn.leaves, turn.changes, tuple(proof), note, tuple(consistency))
        return None

    def _checkpoints(self, least: int, turn: Turn) -> Iterator[bytes]:
        if len(turn.leaves) > 1:  # the handover: server 1 signed its block alone
            with suppress(AkashiError):
                yield self._engine.note(parse_leaf(turn.leaves[1]).height)
        for size, note in self._kept.notes():
            if size >= least:
                yield note
        yield from self._notes.complete(least)


def _leads_on(chain: Chain, text: str) -> bool:
    """Whether those who get the chain can follow it."""
    try:
        follow_chain(chain.encode(), text.encode())
    except (ProofError, EncodingError):
        return False
    return True


def publish(path: Path, before: str, after: str) -> None:
    """Replace the published trust file; the one before stays beside it as ``trust-<digest>.txt``, for what was made under it."""
    write_file(path.with_name(f"trust-{sha256(before.encode()).hexdigest()[:16]}.txt"), before.encode(), 0o644)
    write_file(path, after.encode(), 0o644)


def _alone(origin: str, first: Member, text: str) -> str:
    """The trust file as it was while server 1 kept the ledger alone, with the lines of ``text`` that have nothing to do with who signs."""
    lines = network_trust(text, origin, {_FIRST: first}).splitlines()
    kept = [line for line in lines if not line.startswith(("group servers ", "quorum "))]
    return "\n".join([*kept, "quorum server-1"]) + "\n"


# -- what the ledger says -------------------------------------------------------------------------------------------


def turns_of(engine: LedgerReader) -> list[Turn]:
    """Every change of who signs since the handover, in order; empty before it."""
    with engine.view() as state:
        handles = [one.handle for one in servers(state)]
        base = _Raw(state)
        rows = sorted(_about_servers(engine, handles))
        moved = _handover_at(engine)
        if moved is None:
            return []
        changed = _replayed(engine, rows, base)
    return _turns(engine, changed, moved)


def _about_servers(engine: LedgerReader, handles: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    for handle in handles:
        for entry in engine.entries(handle):
            if parse_operation(parse_leaf(entry.leaf).envelope).statement.kind in _ROWS_KINDS:
                yield entry.index, entry.leaf


def _handover_at(engine: LedgerReader) -> int | None:
    for entry in engine.registry():
        if parse_operation(parse_leaf(entry.leaf).envelope).statement.kind == _HANDOVER:
            return entry.index
    return None


def _replayed(engine: LedgerReader, rows: list[tuple[int, bytes]], now: RawState) -> list[tuple[int, bytes, Changes]]:
    """What each of these leaves changed: executed again, over the rows that they write themselves and the present state beside.

    Where that does not give the effects that the leaf names (it closed accounts of payloads, say), the whole ledger is executed again up to there.
    """
    state, found = _Narrow(now), list[tuple[int, bytes, Changes]]()
    for index, data in rows:
        leaf = parse_leaf(data)
        changes: Changes | None = None
        with suppress(AkashiError):
            changes = admit(KINDS, state, parse_operation(leaf.envelope), engine.ledger_id, leaf.block_ms)
        if changes is None or not same_effects(changes, leaf):
            return _replayed_whole(engine, rows)
        state.own.absorb(dict(changes))
        found.append((index, data, changes))
    return found


def _replayed_whole(engine: LedgerReader, rows: list[tuple[int, bytes]]) -> list[tuple[int, bytes, Changes]]:
    wanted, replay, found = {index for index, _ in rows}, Replay(KINDS), list[tuple[int, bytes, Changes]]()
    for index, data in enumerate(engine.leaves(0, rows[-1][0] + 1)):
        leaf: Leaf = parse_leaf(data)
        if index in wanted:
            operation = parse_operation(leaf.envelope)
            found.append((index, data, admit(KINDS, replay.state, operation, engine.ledger_id, leaf.block_ms)))
        replay.leaf(leaf)
    return found


class _Raw:
    """A view of the state, encoded again. Implements ``RawState``."""

    def __init__(self, state: ReadState) -> None:
        self._state = state

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value."""
        value = self._state.get(space, key)
        return None if value is None else cbor.encode(value)

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Encoded pairs."""
        for key, value in self._state.scan(space, prefix):
            yield key, cbor.encode(value)


class _Narrow:
    """The rows that operations about servers write, as of one of them; all others as they are now. Implements ``RawState``."""

    def __init__(self, now: RawState) -> None:
        self._now, self.own = now, Memory()

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value."""
        return (self.own if space in _OWN_SPACES else self._now).get_raw(space, key)

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Encoded pairs."""
        return (self.own if space in _OWN_SPACES else self._now).scan_raw(space, prefix)


def _turns(engine: LedgerReader, changed: list[tuple[int, bytes, Changes]], moved: int) -> list[Turn]:
    """Of all changes those that changed who signs; the handover with the one before it."""
    state, before, turns = Memory(), dict[int, tuple[bytes, bytes]](), list[Turn]()
    for index, data, changes in changed:
        state.absorb(dict(changes))
        voting = {one.number: one for one in members(Overlay(state))}
        keys = {number: (one.log_key, one.cosigner_key) for number, one in voting.items()}
        if index == moved - 1:
            handover = next(engine.leaves(moved, moved + 1))
            turns.append(Turn(index, (data, handover), encode_changes(changes), voting))
        elif index > moved and keys != before:
            turns.append(Turn(index, (data,), encode_changes(changes), voting))
        before = keys
    return turns
