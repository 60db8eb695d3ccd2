"""New devices' P12 files waiting for their owners: each can be fetched once, by who has its code.

Guarantees: a file is removed durably before its bytes are handed out; after seven days it is not handed out any more and the next
``sweep`` removes it. The name on the disk is the code's hash; a wrong code opens no file. Refuses more than a bounded number and size. What waits here is encrypted under a password that goes another
way; it is a TLS client key and opens no payload.
"""

from __future__ import annotations

import secrets
import threading
from hashlib import sha256
from pathlib import Path

from akashi.app.config import DAY_MS
from akashi.clock import Clock
from akashi.durable import make_directory, remove_file, write_file
from akashi.errors import InputError, NotFound, Unavailable

LIFE_MS = 7 * DAY_MS
MAX_BYTES = 16 * 1024
_MOST = 1_000
_TIME = 8


class PickupUnknown(NotFound):
    """No file waits under this code: wrong, fetched before, or too old."""

    code = "app.pickup_unknown"
    ja, en = "この受け取り番号では取り出せません。", "Nothing waits under this code."
    hint_ja = "番号を確かめてください。一度取り出したものと、7日を過ぎたものは取り出せません。"
    hint_en = "Check the code; each file can be fetched once, within seven days."


class PickupsFull(Unavailable):
    """Too many files wait."""

    code = "app.pickups_full"
    ja, en = "受け取り待ちの端末が多すぎます。", "Too many devices wait for pick-up."


class PickupTooLarge(InputError):
    """Not a P12 file of ours."""

    code = "app.pickup_too_large"
    ja, en = "端末のファイルが大きすぎます。", "The device's file is too large."


class Pickups:
    """The waiting files. Thread-safe; one process."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()

    def offer(self, p12: bytes) -> str:
        """Keep a file; returns the code (128 bits)."""
        if len(p12) > MAX_BYTES:
            raise PickupTooLarge
        code = secrets.token_hex(16)
        with self._lock:
            make_directory(self._folder)
            self._forget_old()
            if sum(1 for _ in self._folder.glob("*.p12")) >= _MOST:
                raise PickupsFull
            write_file(self._path(code), self._clock.now_ms().to_bytes(_TIME, "big") + p12)
        return code

    def collect(self, code: str) -> bytes:
        """The file, once. Raises :class:`PickupUnknown`."""
        path = self._path(code.strip().lower())
        with self._lock:
            if not path.is_file():
                raise PickupUnknown
            data = path.read_bytes()
            remove_file(path)
        if self._is_old(data[:_TIME]):
            raise PickupUnknown
        return data[_TIME:]

    def sweep(self) -> int:
        """Remove what nobody fetched in time; returns how many. Run it now and then."""
        with self._lock:
            return self._forget_old() if self._folder.is_dir() else 0

    def _path(self, code: str) -> Path:
        return self._folder / f"{sha256(code.encode()).hexdigest()}.p12"

    def _is_old(self, kept: bytes) -> bool:
        return self._clock.now_ms() - int.from_bytes(kept, "big") > LIFE_MS

    def _forget_old(self) -> int:
        old = []
        for path in self._folder.glob("*.p12"):
            with path.open("rb") as file:
                if self._is_old(file.read(_TIME)):
                    old.append(path)
        for path in old:
            remove_file(path)
        return len(old)
