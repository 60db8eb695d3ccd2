"""Evidence that a server signed twice: kept until it is on the ledger, and who is to say it.

Guarantees: what is kept is durable when :meth:`Accusations.keep` returns, also before the block that brought it; the same evidence is kept once, and of one server at most :data:`MOST`:
the first prove it. Evidence against a key that no server has any more is kept too, until the leaves of the ledger said whose it was (:func:`keys_ever`): a new key lets nobody off.
Of the servers that saw it the one with the lowest number says it, the next only after a while without it on the ledger; the ledger's rules take it
once. Refuses to accuse an address that the ledger never named for anybody. Trusts consensus, which verified both signatures; whoever can write the file can delay what is said here, the others say it too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from akashi.durable import write_file
from akashi.ledger.events import load_body
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.network.events import ServerChanged, ServerEnrolled, ServerRekeyed
from akashi.network.model import ServerRecord

FILE = "misbehaved.json"
MOST = 16
TURN_MS = 20_000
"""How long each server leaves it to those before it."""
_ADDRESS = 20
_NAMING: dict[str, type[ServerEnrolled | ServerChanged | ServerRekeyed]] = {
    "server.enrolled": ServerEnrolled,
    "server.changed": ServerChanged,
    "server.rekeyed": ServerRekeyed,
}
"""What gives a server a key to vote with."""


class Accusation(NamedTuple):
    """``server`` signed two votes of ``height``; known here since ``found_ms``. ``address``: in hex, as long as ``server`` is empty because no server has this key now."""

    server: str
    height: int
    found_ms: int
    address: str = ""


def validator_address(validator: bytes) -> bytes:
    """How consensus names an Ed25519 key (CometBFT spec, "Address"): the first 20 bytes of its SHA-256."""
    return sha256(validator).digest()[:_ADDRESS]


def keys_ever(leaves: Iterable[bytes]) -> dict[bytes, str]:
    """The first server that had each key for voting, by the key's address, as the leaves of a ledger name them: all, from the first on.

    Not by what a leaf is *about*: who signs it chooses that, and could hide a key.
    """
    found: dict[bytes, str] = {}
    for leaf in leaves:
        statement = parse_operation(parse_leaf(leaf).envelope).statement
        kind = _NAMING.get(statement.kind)
        if kind is None:
            continue
        body: ServerEnrolled | ServerChanged | ServerRekeyed = load_body(kind, statement.body)
        if body.validator is not None:
            found.setdefault(validator_address(body.validator), body.server)
    return found


def turn_ms(known: Sequence[ServerRecord], accused: str, own: str) -> int:
    """How long ``own`` leaves it to others to say that ``accused`` signed twice: by number, of those that vote and are not accused.

    >>> turn_ms([], "srv-a", "srv-b")
    0
    """
    voting = sorted(one.number for one in known if one.votes and one.handle != accused)
    mine = next((one.number for one in known if one.handle == own), 0)
    return TURN_MS * sum(number < mine for number in voting)


class Accusations:
    """Those of one server's network folder. Thread-safe."""

    def __init__(self, network: Path) -> None:
        self._path = network / FILE
        self._lock = threading.Lock()
        self._kept = _read(self._path)

    def all(self) -> tuple[Accusation, ...]:
        """What is not known to be on the ledger and names a server, oldest first."""
        with self._lock:
            return tuple(one for one in self._kept if one.server)

    def unnamed(self) -> tuple[Accusation, ...]:
        """What is against keys that no server has now: :meth:`name` them."""
        with self._lock:
            return tuple(one for one in self._kept if not one.server)

    def keep(
        self, known: Sequence[ServerRecord], found: Sequence[tuple[bytes, int]], now_ms: int
    ) -> list[tuple[str, int]]:
        """Keep evidence against these addresses at these heights; the servers and heights that are new, as far as somebody has the key now."""
        by_address = {validator_address(one.keys.validator): one.handle for one in known}
        with self._lock:
            new = []
            for address, height in found:
                server = by_address.get(address, "")
                if self._add(Accusation(server, height, now_ms, "" if server else address.hex())):
                    new.append((server, height))
            if new:
                self._write()
            return [one for one in new if one[0]]

    def name(self, by_address: Mapping[bytes, str]) -> list[tuple[str, int]]:
        """Whose the unnamed keys were: the servers and heights that are new. What is nobody's is dropped: consensus knows no such voter."""
        with self._lock:
            waiting = [one for one in self._kept if not one.server]
            self._kept = [one for one in self._kept if one.server]
            new = []
            for one in waiting:
                server = by_address.get(bytes.fromhex(one.address), "")
                if server and self._add(Accusation(server, one.height, one.found_ms)):
                    new.append((server, one.height))
            if waiting:
                self._write()
            return new

    def _add(self, one: Accusation) -> bool:
        """Unless it is known, or enough is kept of that server or key."""
        of_it = [other.height for other in self._kept if (other.server, other.address) == (one.server, one.address)]
        if one.height in of_it or len(of_it) >= MOST:
            return False
        self._kept.append(one)
        return True

    def drop(self, one: Accusation) -> None:
        """It is on the ledger."""
        with self._lock:
            self._kept = [other for other in self._kept if other != one]
            self._write()

    def _write(self) -> None:
        write_file(self._path, json.dumps([list(one) for one in self._kept]).encode() + b"\n")


def _read(path: Path) -> list[Accusation]:
    """What is kept; nothing where the file cannot be read: the others have the same evidence."""
    try:
        rows: list[Any] = json.loads(path.read_bytes())
        return [_accusation(*row) for row in rows]
    except (OSError, TypeError, ValueError):
        return []


def _accusation(server: str, height: int, found_ms: int, address: str = "") -> Accusation:
    """A row of the file; an earlier version's has no address."""
    bytes.fromhex(address)
    return Accusation(str(server), int(height), int(found_ms), address)
