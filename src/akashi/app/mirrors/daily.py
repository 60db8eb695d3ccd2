"""What is done for mirrors at the server while it serves: bundles, receipts, enrolment, on demand and on a schedule.

Guarantees: one of these at a time; each leaves everything as it was or is done. On a schedule every serving mirror gets its next bundle in the outbox, and
what lies in the inbox is taken in; the outbox holds at most ``mirror_keep`` bundles of a mirror. A bundle leaves the outbox only when its receipt is on the
ledger, or when a later one holds all that it held, so that nothing an erasure waits for is lost. A mirror that is silent for ``mirror_overdue_ms`` is
an alarm. Refuses what ``mirroring`` refuses. Trusts: whoever runs as this user (``verbs``); nobody who can write into the inbox.

A schedule counts from the server's start: the first bundle is made in its first turn.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeVar

from akashi.app.mirrors import mirroring
from akashi.app.network.control import Verb
from akashi.app.server.home import Server
from akashi.durable import remove_file
from akashi.errors import AkashiError, Unavailable
from akashi.network.mirror.errors import MirrorFolder, MirrorOverdue, ReceiptMalformed
from akashi.network.mirror.export import is_enrolment
from akashi.network.mirror.model import MirrorRecord
from akashi.network.mirror.rules import is_overdue
from akashi.network.mirror.service import RECEIPT_SUFFIX, SUFFIX

T = TypeVar("T")
_LOG = logging.getLogger("akashi.mirrors")
MOST_BYTES = 64 << 20
"""No enrolment and no file of receipts is larger."""
SHOWN = 200
"""Erasures that a status names; the rest are counted."""
_MOST_FILES = 1000
LOOK_EVERY_MS = 60_000
"""How often the inbox is looked through, at most."""


class MirrorDesk:
    """A server's side of its mirrors. Thread-safe."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._due_ms = 0
        self._known: dict[str, tuple[int, int]] = {}
        """Files of the inbox that were looked at: name to (size, change time in ns), so that each is told of once."""
        self._late: frozenset[str] = frozenset()

    # -- on demand --------------------------------------------------------------------------------------------------

    def export(self, folder: Path, mirror: str = "", *, again: bool = False) -> dict[str, Any]:
        """Write the next bundle into ``folder``; what it holds. Raises as ``mirroring.export``, :class:`MirrorFolder`."""
        with self._lock:
            made = _at(folder, lambda: mirroring.export(self._server, mirror, folder, again=again))
        header = made.header
        return {
            "bodies": made.bodies,
            "end": header.end,
            "file": made.path.name,
            "mirror": header.mirror,
            "number": header.number,
            "start": header.start,
        }

    def accept(self, file: Path) -> dict[str, Any]:
        """Take an enrolment or a file of receipts in. Raises ``Refused``, ``ReceiptMalformed``, :class:`MirrorFolder` where it cannot be read.

        ``{"mirror": …}`` for an enrolment, with ``accounted`` and ``waiting`` for receipts.
        """
        data = read_carried(file)
        with self._lock:
            if is_enrolment(data):
                return {"mirror": mirroring.enrol(self._server, data).handle}
            mirror, fresh = mirroring.accept(self._server, data)
        waiting = len(list(mirroring.open_erasures(self._server)))
        return {"accounted": fresh, "mirror": mirror, "waiting": waiting}

    def retire(self, mirror: str) -> dict[str, Any]:
        """Nothing more for this mirror; how many erasures stay unproven there. Raises ``MirrorUnknown``, ``Refused``."""
        with self._lock:
            handle = mirroring.record_of(self._server, mirror).handle
            unproven = sum(handle in one.mirrors for one in mirroring.open_erasures(self._server))
            mirroring.retire(self._server, handle)
        return {"mirror": handle, "unproven": unproven}

    def status(self) -> dict[str, Any]:
        """The mirrors, and the erasures that wait for them (at most :data:`SHOWN` by name)."""
        known, late = mirroring.known_mirrors(self._server), self.overdue()
        waiting = list(mirroring.open_erasures(self._server))
        rows = [
            {
                "heard_ms": one.accounted_ms,
                "mirror": one.handle,
                "number": one.number,
                "overdue": one.handle in late,
                "retired": one.retired_ms is not None,
                "size": one.size,
            }
            for one in known
        ]
        named = [{"mirrors": list(one.mirrors), "transfer": one.subject} for one in waiting[:SHOWN]]
        return {"mirrors": rows, "open": len(waiting), "waiting": named}

    def overdue(self) -> frozenset[str]:
        """The serving mirrors that were silent for too long."""
        after, now = self._server.settings.mirror_overdue_ms, self._server.clock.now_ms()
        known = mirroring.known_mirrors(self._server)
        return frozenset(one.handle for one in known if is_overdue(one, now, after))

    def verbs(self) -> dict[str, Verb]:
        """The same for processes of the same user, over a control socket; an error is an answer."""
        return {
            "export": lambda q: self.export(Path(q["folder"]), str(q["mirror"]), again=bool(q["again"])),
            "accept": lambda q: self.accept(Path(q["file"])),
            "retire": lambda q: self.retire(str(q["mirror"])),
            "status": lambda _: self.status(),
        }

    # -- on a schedule ----------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """What the settings ask for now: receipts, bundles, alarms. Raises the first thing that went wrong, when everything else is done."""
        settings, wrong = self._server.settings, list[AkashiError]()
        if settings.mirror_inbox:
            wrong += self._take_in(Path(settings.mirror_inbox))
        now = self._server.clock.now_ms()
        if settings.mirror_outbox and settings.mirror_every_ms and now >= self._due_ms:
            self._due_ms = now + settings.mirror_every_ms
            wrong += self._give_out(Path(settings.mirror_outbox))
        late = self.overdue()
        alarms = [MirrorOverdue(mirror=one) for one in sorted(late)]
        self._server.alarms.extend(one for one in alarms if one.params["mirror"] not in self._late)
        self._late = late
        for problem in [*wrong, *alarms]:
            raise problem

    def _take_in(self, inbox: Path) -> list[AkashiError]:
        """Every file of receipts that is new or changed; what each one failed with."""
        wrong: list[AkashiError] = []
        try:
            found = [(one, one.stat(follow_symlinks=False)) for one in _files(inbox, RECEIPT_SUFFIX)]
        except OSError as error:
            return [_folder(inbox, error)]
        seen = {path.name: (status.st_size, status.st_mtime_ns) for path, status in found}
        for path, status in found:
            if S_ISREG(status.st_mode) and self._known.get(path.name) != seen[path.name]:
                try:
                    self._receipts(path)
                except AkashiError as error:
                    wrong.append(error)
                    if isinstance(error, Unavailable):  # nothing is wrong with the file: it is looked at again
                        del seen[path.name]
        self._known = seen
        return wrong

    def _receipts(self, path: Path) -> None:
        data = read_carried(path)
        if is_enrolment(data):  # somebody must have compared its digest: never by itself
            raise ReceiptMalformed("enrolment")
        with self._lock:
            mirroring.accept(self._server, data)

    def _give_out(self, outbox: Path) -> list[AkashiError]:
        """The next bundle for every serving mirror; what each one failed with."""
        wrong: list[AkashiError] = []
        for one in mirroring.known_mirrors(self._server):
            if one.retired_ms is None:
                try:
                    self._give(outbox, one)
                except AkashiError as error:
                    wrong.append(error)
                except OSError as error:
                    wrong.append(_folder(outbox, error))
        return wrong

    def _give(self, outbox: Path, record: MirrorRecord) -> None:
        with self._lock:
            waiting = self._tidied(outbox, record)
            replaces = len(waiting) >= max(1, self._server.settings.mirror_keep)
            made = mirroring.export(self._server, record.handle, outbox, again=replaces)
            for path in (
                waiting if replaces else ()
            ):  # it begins where the mirror's last receipt ended: all that these held is in it
                if path != made.path:
                    remove_file(path)

    def _tidied(self, outbox: Path, record: MirrorRecord) -> list[Path]:
        """Bundles that wait in the outbox, after those that were answered (and remains of a kill) are removed."""
        for path in _files(outbox, ".new"):
            if path.name.startswith(f".{record.handle}-"):
                remove_file(path)
        waiting = []
        for path in _files(outbox, SUFFIX):
            number = bundle_number(path, record.handle)
            if number is not None and number <= record.number:
                remove_file(path)
            elif number is not None:
                waiting.append(path)
        return waiting


def bundle_number(path: Path, mirror: str) -> int | None:
    """The number in the name of a mirror's bundle, or ``None`` for another file.

    >>> bundle_number(Path("mir-1-000012.akashi-mirror"), "mir-1"), bundle_number(Path("mir-2-000012.akashi-mirror"), "mir-1")
    (12, None)
    """
    stem = path.name.removeprefix(f"{mirror}-").removesuffix(SUFFIX)
    if path.name != f"{mirror}-{stem}{SUFFIX}" or not stem.isascii() or not stem.isdecimal():
        return None
    return int(stem)


def read_carried(path: Path) -> bytes:
    """A carried file that is not larger than :data:`MOST_BYTES`. Raises ``ReceiptMalformed`` (size), :class:`MirrorFolder`."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _folder(path, error) from error
    if len(data) > MOST_BYTES:
        raise ReceiptMalformed("size")
    return data


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    """Files of this name, in order, at most a thousand: who fills an inbox does not fill this process."""
    return iter(sorted(one for one in folder.iterdir() if one.name.endswith(suffix))[:_MOST_FILES])


def _at(folder: Path, do: Callable[[], T]) -> T:
    try:
        return do()
    except OSError as error:
        raise _folder(folder, error) from error


def _folder(path: Path, error: OSError) -> MirrorFolder:
    return MirrorFolder(name=path.name, failure=type(error).__name__)
