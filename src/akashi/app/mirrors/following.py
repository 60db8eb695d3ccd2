"""A mirror that takes in what appears in a folder and lays its receipt into another, again and again.

Guarantees: bundles are taken in the order of their numbers, each verified as by hand; one that does not verify changes nothing, is told of once and lies
where it was; a later one that holds all of it goes on. The receipt is written whole, after what it says is done, also when a kill came in
between. The mirror's home is open only while there is something to do. Refuses nothing of its own. Trusts: nobody who can write into the folder.

::

    follower = Follower(Path("away"), Path("in"), Path("out"), passphrase, SystemClock())
    for step in follower.turn():     # nothing where nothing is new
        print(step.file, step.refused or "taken in")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from akashi.app.mirrors.daily import bundle_number
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import remove_file, write_file
from akashi.errors import AkashiError
from akashi.network.mirror.errors import MirrorFolder, MirrorUnknown
from akashi.network.mirror.service import RECEIPT_SUFFIX, SUFFIX, Mirror, mirror_paths


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one file: ``refused`` is the error's code, ``None`` where it was taken in (or was already)."""

    file: str
    number: int
    size: int
    refused: AkashiError | None = None


class Follower:
    """One mirror's inbox and outbox. One thread."""

    def __init__(
        self,
        home: Path,
        inbox: Path,
        outbox: Path,
        passphrase: Callable[[], bytes],
        clock: Clock,
        *,
        remove: bool = False,
    ) -> None:
        """``remove``: bundles that were taken in are removed from the inbox. Raises ``MirrorUnknown``."""
        paths = mirror_paths(home)
        if not paths.trust.is_file():
            raise MirrorUnknown(mirror=home.name)
        self._home, self._inbox, self._outbox = home, inbox, outbox
        self._passphrase, self._clock, self._remove = passphrase, clock, remove
        self._handle = paths.name.read_text(encoding="ascii").strip()
        self._known: dict[str, tuple[int, int]] | None = None

    def turn(self) -> list[Step]:
        """Take in what is new; what was done with each file. Raises what opening the mirror raises, ``MirrorFolder``."""
        try:
            seen = self._look()
            if seen == self._known:
                return []
            mirror = Mirror.open(self._home, self._passphrase(), KINDS, self._clock)
            try:
                done = list(self._take(mirror, seen))
                if self._known is None or any(one.refused is None for one in done):
                    write_file(self._outbox / f"{self._handle}{RECEIPT_SUFFIX}", mirror.receipts(), 0o644)
                self._tidy(mirror.status().number)
            finally:
                mirror.close()
            self._known = self._look()
        except OSError as error:
            raise MirrorFolder(name=self._inbox.name, failure=type(error).__name__) from error
        return done

    def _look(self) -> dict[str, tuple[int, int]]:
        """The bundles for this mirror in the inbox: name to (size, change time in ns)."""
        found = {}
        for path in self._inbox.iterdir():
            if bundle_number(path, self._handle) is not None and path.is_file() and not path.is_symlink():
                status = path.stat()
                found[path.name] = (status.st_size, status.st_mtime_ns)
        return found

    def _take(self, mirror: Mirror, seen: dict[str, tuple[int, int]]) -> Iterator[Step]:
        known = self._known or {}
        for number, name in sorted((bundle_number(Path(name), self._handle) or 0, name) for name in seen):
            if number < mirror.status().number:
                continue
            refused, fresh = None, False
            try:
                fresh = mirror.take(self._inbox / name)
            except (
                AkashiError
            ) as error:  # tried again with whatever comes next: it may have been the one before that was missing
                refused = error
            if fresh or known.get(name) != seen[name]:
                now = mirror.status()
                yield Step(name, now.number, now.size, refused)

    def _tidy(self, number: int) -> None:
        for path in sorted(self._inbox.glob(f"{self._handle}-*{SUFFIX}")) if self._remove else ():
            if (bundle_number(path, self._handle) or number + 1) <= number:
                remove_file(path)
