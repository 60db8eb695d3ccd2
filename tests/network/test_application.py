"""What the state machine tells consensus of those who vote, and when it asks the state who they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from akashi.ledger.engine.chain import Head
from akashi.ledger.engine.replica import Executed, Position, ReplicaChain
from akashi.ledger.state import Memory, Overlay, ReadState
from akashi.ledger.wire.cbor import Value
from akashi.network import application
from akashi.network.abci.server import Block
from akashi.network.application import WHO_VOTES, LedgerApplication
from akashi.network.model import ServerKeys, ServerRecord, ServerRole
from akashi.network.records import put_server
from akashi.network.validators import ValidatorHistory, voting

FIRST, SECOND = bytes([1]) * 32, bytes([2]) * 32


def _record(number: int, validator: bytes) -> ServerRecord:
    server_key, log_key, cosigner_key = (bytes([16 * number + at]) * 32 for at in range(3))
    keys = ServerKeys(server_key, log_key, cosigner_key, validator, bytes([number]) * 20, bytes(32))
    return ServerRecord(f"srv-{number:04d}", number, ServerRole.VALIDATOR, keys, 1, None)


class Chain:
    """A ledger whose blocks change just the servers they are told to."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.joining: dict[int, ServerRecord] = {}
        self.position = Position(0, bytes(40))
        self._under_way: tuple[Position, Overlay] | None = None
        self.write(_record(1, FIRST))

    def write(self, record: ServerRecord) -> None:
        """A server that is there from the beginning."""
        overlay = Overlay(self.memory)
        put_server(overlay, record)
        self.memory.absorb(overlay.changes)

    def execute(self, height: int, _block_ms: int, _operations: object) -> Executed:
        """The block, and what it touched."""
        overlay = Overlay(self.memory)
        if height in self.joining:
            put_server(overlay, self.joining[height])
        self._under_way = Position(height, bytes(40)), overlay
        touched = frozenset(space for space, _ in overlay.changes)
        return Executed([], bytes(40), cast("Head", None), overlay, touched)

    def settle(self) -> None:
        """The block is committed."""
        assert self._under_way is not None
        self.position, overlay = self._under_way
        self.memory.absorb(overlay.changes)


def _block(height: int) -> Block:
    return Block(height, 1, bytes(32), (), bytes(20))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[bytes]]:
    """What the state answered whenever it was asked who votes."""
    answers: list[frozenset[bytes]] = []

    def told(state: ReadState) -> frozenset[bytes]:
        answers.append(voting(state))
        return answers[-1]

    monkeypatch.setattr(application, "voting", told)
    return answers


def _application(chain: Chain) -> LedgerApplication:
    history = ValidatorHistory(frozenset((FIRST,)))
    return LedgerApplication(cast("ReplicaChain", chain), "chain", history, lambda _height, _keys: None, lambda _: None)


def test_only_a_block_that_changes_servers_is_asked_who_votes(asked: list[frozenset[bytes]]) -> None:
    """The first block, for nothing is known before it, and the one in which a server joins; consensus is told of that one alone."""
    chain = Chain()
    chain.joining[3] = _record(2, SECOND)
    served = _application(chain)

    told = []
    for height in range(1, 6):
        told.append(list(served.finalize(_block(height)).updates))
        served.commit()

    assert told == [[], [], [(SECOND, 1)], [], []]
    assert asked == [frozenset((FIRST,)), frozenset((FIRST, SECOND))]


def test_a_block_that_comes_again_says_the_same_of_who_votes() -> None:
    """A node that died before the commit asks once more: what was executed the first time is not taken for what is."""
    chain = Chain()
    chain.joining[2] = _record(2, SECOND)
    served = _application(chain)
    served.finalize(_block(1))
    served.commit()

    first = list(served.finalize(_block(2)).updates)
    again = list(served.finalize(_block(2)).updates)

    assert first == again == [(SECOND, 1)]


class _Reading:
    """Notes what is read."""

    def __init__(self, state: ReadState) -> None:
        self._state = state
        self.spaces: set[str] = set()

    def get(self, space: str, key: bytes) -> Value:
        """The value."""
        self.spaces.add(space)
        return self._state.get(space, key)

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        """All pairs."""
        self.spaces.add(space)
        return self._state.scan(space, prefix)


def test_who_votes_is_read_from_the_one_namespace_that_is_watched() -> None:
    """Whoever comes to read another must have it watched too: else consensus hears of a change too late."""
    reading = _Reading(Overlay(Chain().memory))

    found = voting(reading)

    assert found == {FIRST}
    assert reading.spaces == {WHO_VOTES}
