"""Wrapped keys in 4 KiB slots of one preallocated file, overwritten in place: what erasure rests on.

Guarantees: after :meth:`Slots.put` the wrap is on the disk; after :meth:`Slots.wipe` the slot's blocks were overwritten
with random bytes, then zeros, each flushed, and read back. A slot is found again by scanning: the file is its own index,
so no wrap is ever copied into a database, a log or a temporary file. A slot that was being written during a crash fails
its checksum and is treated as nobody's. Refuses: symbolic links, a second process (``flock``).

Trusted: the file system overwrites in place (ext4 or XFS without data journalling, snapshots or compression). Flash may
keep remapped blocks: an encrypted disk is required (docs/vault.md). Whoever can write this file can destroy keys.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.durable import DiskFull, fsync_directory
from akashi.errors import Misuse
from akashi.vault.errors import VaultDamaged, VaultLocked
from akashi.vault.model import MAX_WRAP_BYTES

SLOT_SIZE = 4096
GROWTH = 256
_MAGIC = b"AKSLOT1\x00"
_HEAD = len(_MAGIC) + 16 + 32 + 2
_CHECKSUM = 32
_EMPTY = bytes(SLOT_SIZE)
_ENOSPC = 28


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """One wrap in its slot."""

    payload_id: bytes
    key_id: bytes
    wrap: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Exactly one slot: magic, ids, length, wrap, zeros, SHA-256 of all before."""
        if len(self.wrap) > MAX_WRAP_BYTES:
            raise Misuse(what="wrap too long for a slot")
        head = _MAGIC + self.payload_id + self.key_id + len(self.wrap).to_bytes(2, "big") + self.wrap
        filled = head + bytes(SLOT_SIZE - _CHECKSUM - len(head))
        return filled + sha256(filled).digest()


def parse_slot(data: bytes) -> SlotRecord | None:
    """The record, or ``None`` if the slot does not verify."""
    if data[: len(_MAGIC)] != _MAGIC or sha256(data[:-_CHECKSUM]).digest() != data[-_CHECKSUM:]:
        return None
    length = int.from_bytes(data[_HEAD - 2 : _HEAD], "big")
    return SlotRecord(data[8:24], data[24:56], data[_HEAD : _HEAD + length])


class Slots:
    """The open slot file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._handle = os.open(path, flags, 0o600)
        self._lock = threading.Lock()
        try:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise VaultLocked from error
            fsync_directory(path.parent)
            self._places: dict[bytes, dict[bytes, int]] = {}
            self._free: list[int] = []
            self._broken: set[int] = set()
            self._count = 0
            self._scan()
        except BaseException:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Release the file and its lock."""
        os.close(self._handle)

    def _scan(self) -> None:
        # A crash while growing can leave part of a slot at the end; it was never used.
        self._count = os.fstat(self._handle).st_size // SLOT_SIZE
        for first in range(0, self._count, GROWTH):
            block = os.pread(self._handle, GROWTH * SLOT_SIZE, first * SLOT_SIZE)
            for at in range(min(GROWTH, self._count - first)):
                self._note(first + at, block[at * SLOT_SIZE : (at + 1) * SLOT_SIZE])

    def _note(self, number: int, data: bytes) -> None:
        record = None if data == _EMPTY else parse_slot(data)
        if record is not None:
            self._places.setdefault(record.payload_id, {})[record.key_id] = number
        elif data == _EMPTY:
            self._free.append(number)
        else:
            self._broken.add(number)

    def put(self, records: Collection[SlotRecord]) -> list[int]:
        """Write all records and flush once; returns their slot numbers. Raises ``DiskFull``."""
        with self._lock:
            numbers: list[int] = []
            try:
                while len(self._free) < len(records):
                    self._grow()
                for record in records:
                    number = self._free.pop()
                    numbers.append(number)
                    self._write(number, record.encode())
                os.fdatasync(self._handle)
            except OSError as error:
                self._broken.update(numbers)  # whatever got there is nobody's until it is wiped
                if error.errno == _ENOSPC:
                    raise DiskFull(name="slots.bin") from error
                raise
            for record, number in zip(records, numbers, strict=True):
                self._places.setdefault(record.payload_id, {})[record.key_id] = number
            return numbers

    def get(self, payload_id: bytes, key_id: bytes) -> bytes | None:
        """The wrap, or ``None``. Raises :class:`VaultDamaged` if the slot has rotted since it was found."""
        with self._lock:
            number = self._places.get(payload_id, {}).get(key_id)
            if number is None:
                return None
            record = parse_slot(self._read(number))
        if record is None or (record.payload_id, record.key_id) != (payload_id, key_id):
            raise VaultDamaged("slot.checksum")
        return record.wrap

    def keys(self, payload_id: bytes) -> list[bytes]:
        """The key ids of a payload's wraps, in byte order."""
        with self._lock:
            return sorted(self._places.get(payload_id, {}))

    def counts(self) -> dict[bytes, int]:
        """How many slots each payload has, by payload id."""
        with self._lock:
            return {payload_id: len(self._places[payload_id]) for payload_id in sorted(self._places)}

    def broken(self) -> list[int]:
        """Slots that hold something that does not verify."""
        with self._lock:
            return sorted(self._broken)

    def wipe(self, payload_id: bytes, listed: Collection[int] = ()) -> int:
        """Overwrite every slot of a payload: those found by scanning, and the ``listed`` ones unless they verify as
        another payload's. Returns how many were overwritten; raises :class:`VaultDamaged` if a slot reads back other
        than zero. Idempotent.
        """
        with self._lock:
            numbers = set(self._places.pop(payload_id, {}).values())
            for number in listed:
                if number < self._count and self._is_nobodys(number, payload_id):
                    numbers.add(number)
            self._overwrite(numbers)
            return len(numbers)

    def wipe_broken(self, keep: Collection[int]) -> int:
        """Overwrite slots that do not verify, except those that a live payload lists."""
        with self._lock:
            numbers = self._broken - set(keep)
            self._overwrite(numbers)
            return len(numbers)

    def _is_nobodys(self, number: int, payload_id: bytes) -> bool:
        data = self._read(number)
        record = parse_slot(data)
        return data != _EMPTY and (record is None or record.payload_id == payload_id)

    def _overwrite(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        self._broken.update(numbers)
        for fill in (secrets.token_bytes, bytes):
            for number in numbers:
                self._write(number, fill(SLOT_SIZE))
            os.fdatasync(self._handle)
        for number in numbers:
            # Drop the cached page, so that the comparison sees what the device returns.
            os.posix_fadvise(self._handle, number * SLOT_SIZE, SLOT_SIZE, os.POSIX_FADV_DONTNEED)
            if self._read(number) != _EMPTY:
                raise VaultDamaged("slot.overwrite")
        self._broken.difference_update(numbers)
        self._free.extend(sorted(set(numbers) - set(self._free)))

    def _read(self, number: int) -> bytes:
        return os.pread(self._handle, SLOT_SIZE, number * SLOT_SIZE)

    def _write(self, number: int, data: bytes) -> None:
        if os.pwrite(self._handle, data, number * SLOT_SIZE) != SLOT_SIZE:
            raise OSError(_ENOSPC, "short write")

    def _grow(self) -> None:
        # Real zeros, not a hole: later writes then meet blocks that are theirs already and stay where they are.
        start = self._count * SLOT_SIZE
        zeros = bytes(GROWTH * SLOT_SIZE)
        if os.pwrite(self._handle, zeros, start) != len(zeros):
            raise OSError(_ENOSPC, "short write")
        os.fsync(self._handle)
        self._free.extend(range(self._count + GROWTH - 1, self._count - 1, -1))
        self._count += GROWTH
