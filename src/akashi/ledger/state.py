"""The replicated state: what applying operations in order yields, and nothing else.

Guarantees: a deterministic key-value map; namespaces are short ASCII words, keys are bytes in byte order, values are
deterministic CBOR. ``Overlay`` collects the changes of one operation so that they are either all kept or all dropped,
and yields them for the effects digest. Refuses: clocks, floats, set order, randomness; there is no way to ask for them.

>>> state = Overlay(Memory())
>>> state.put("inst", b"a", [1]); state.get("inst", b"a")
[1]
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

Change = tuple[str, bytes]


class ReadState(Protocol):
    """A consistent view of the state. Reading never blocks a writer; every view is of one height."""

    def get(self, space: str, key: bytes) -> Value:
        """The value, or ``None`` if there is none (``None`` itself is never stored)."""
        ...

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        """All pairs whose key begins with ``prefix``, in byte order of the keys."""
        ...


class RawState(Protocol):
    """Encoded values below an overlay: what a store offers."""

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value, or ``None``."""
        ...

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Encoded pairs in byte order of the keys."""
        ...


class WriteState(ReadState, Protocol):
    """What ``apply`` may do."""

    def put(self, space: str, key: bytes, value: Value) -> None:
        """Insert or replace."""
        ...

    def delete(self, space: str, key: bytes) -> None:
        """Remove; removing what is not there is fine."""
        ...


class Memory:
    """The in-memory twin of the store's state table; used by the auditor's rebuild and by tests."""

    def __init__(self) -> None:
        self.rows: dict[Change, bytes] = {}
        self._keys: dict[str, list[bytes]] = {}  # each namespace's keys in byte order, so that a scan sorts nothing

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value, or ``None``."""
        return self.rows.get((space, key))

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Encoded pairs in byte order of the keys."""
        keys = self._keys.get(space, [])
        found = []
        for key in islice(keys, bisect_left(keys, prefix), None):
            if not key.startswith(prefix):
                break
            found.append((key, self.rows[space, key]))
        yield from found

    def absorb(self, changes: dict[Change, bytes | None]) -> None:
        """Make the changes of one operation permanent."""
        for change, value in changes.items():
            keys = self._keys.setdefault(change[0], [])
            if value is None:
                if self.rows.pop(change, None) is not None:
                    del keys[bisect_left(keys, change[1])]
            else:
                if change not in self.rows:
                    insort(keys, change[1])
                self.rows[change] = value


class Overlay:
    """Changes of one operation (or one block) over a base. Implements :class:`WriteState` and :class:`RawState`."""

    def __init__(self, base: RawState) -> None:
        self._base = base
        self.changes: dict[Change, bytes | None] = {}

    def get_raw(self, space: str, key: bytes) -> bytes | None:
        """The encoded value as this overlay sees it."""
        change = (space, key)
        if change in self.changes:
            return self.changes[change]
        return self._base.get_raw(space, key)

    def scan_raw(self, space: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Base and changes merged, in byte order of the keys."""
        merged = dict(self._base.scan_raw(space, prefix))
        for (at, key), value in self.changes.items():
            if at == space and key.startswith(prefix):
                if value is None:
                    merged.pop(key, None)
                else:
                    merged[key] = value
        yield from sorted(merged.items())

    def get(self, space: str, key: bytes) -> Value:
        """The value, or ``None``."""
        raw = self.get_raw(space, key)
        return None if raw is None else cbor.decode(raw)

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        """All pairs whose key begins with ``prefix``, in byte order of the keys."""
        for key, raw in self.scan_raw(space, prefix):
            yield key, cbor.decode(raw)

    def put(self, space: str, key: bytes, value: Value) -> None:
        """Insert or replace."""
        self.changes[space, key] = cbor.encode(value)

    def delete(self, space: str, key: bytes) -> None:
        """Remove; removing what is not there leaves no change behind."""
        if self._base.get_raw(space, key) is None:
            self.changes.pop((space, key), None)
        else:
            self.changes[space, key] = None

    def absorb(self, changes: dict[Change, bytes | None]) -> None:
        """Take over the changes of an overlay built on this one."""
        self.changes.update(changes)
