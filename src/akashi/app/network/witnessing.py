"""Has the newest checkpoint cosigned by witnesses of other organisations, and gives receipts and evidence under such checkpoints.

Guarantees: a witness that is away delays nothing and nobody; each cosignature is verified against the witness's pinned key before it is kept, and
what is kept survives a restart; receipts are made against the newest tree that all witnesses cosigned, else that some did, where it holds the
leaf. Tells (by raising, after the others were asked too) that a witness refuses, or has seen more than this ledger holds. Witnesses are shown
checkpoints and consistency proofs, nothing else. Trusted: whoever can change the settings decides who is asked, not who is believed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from akashi.app.config import ServerPaths, ServerSettings
from akashi.app.errors import SettingsInvalid
from akashi.durable import write_file
from akashi.errors import AkashiError, NotFound, Unavailable
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.errors import EncodingError
from akashi.ledger.events import load_body
from akashi.ledger.keyring.members import handed_over
from akashi.ledger.port import Entry
from akashi.ledger.proof.evidence import Source
from akashi.ledger.registry import LogStamped
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_header, parse_leaf
from akashi.ledger.wire.note import (
    MAX_LINES,
    NoteKey,
    NoteKind,
    parse_checkpoint,
    parse_vkey,
    verify_cosignatures,
)
from akashi.network.witness.client import WitnessClient
from akashi.network.witness.errors import WitnessAhead, WitnessAway, WitnessDistrusted, WitnessSettings

SOME, ALL = "witnessed.note", "witnessed-by-all.note"


class Witnessing:
    """The witnesses of one server. Thread-safe."""

    def __init__(self, ledger: LedgerReader, folder: Path, clients: Sequence[WitnessClient]) -> None:
        """``folder``: where the cosigned checkpoints are kept, outside the ledger's own."""
        self._ledger, self._folder, self._clients = ledger, folder, tuple(clients)
        self._keys = {str(at): client.key for at, client in enumerate(self._clients)}
        self._turn = threading.Lock()
        self._ahead: dict[str, int] = {}  # by witness: what it knew when it was ahead last
        self._all, self._some = (_kept(folder / name) for name in (ALL, SOME))
        if self._clients:
            ledger.outside = self.covering

    @property
    def wanted(self) -> int:
        """How many witnesses are asked."""
        return len(self._clients)

    def covering(self, index: int, size: int) -> tuple[bytes, int] | None:
        """The best cosigned checkpoint that holds leaf ``index`` and is no larger than ``size``; that of all witnesses is best."""
        for note in (self._all, self._some):
            if note is None:
                continue
            held = parse_checkpoint(note)
            if held.origin == self._ledger.origin and index < held.size <= size:
                return note, held.size
        return None

    def run_once(self) -> int:
        """Ask each witness that has not cosigned the newest checkpoint; how many did. Raises what went wrong with one, the worst first."""
        with self._turn:
            try:
                note = self._base()
            except NotFound:  # one of several servers, before their first checkpoint with a quorum
                return 0
            held = set(verify_cosignatures(parse_checkpoint(note), self._keys))
            missing = [client for at, client in enumerate(self._clients) if str(at) not in held]
            if not missing:
                return 0
            with ThreadPoolExecutor(len(missing)) as pool:
                answers = list(pool.map(lambda client: self._ask(client, note), missing))
            lines = [one for one in answers if isinstance(one, bytes)]
            if lines:
                self._keep(note + b"".join(lines))
        wrong = [one for one in answers if isinstance(one, AkashiError)]
        if wrong:
            raise next((one for one in wrong if not isinstance(one, Unavailable)), wrong[0])
        return len(lines)

    def _base(self) -> bytes:
        """The newest checkpoint; the one with cosignatures if it is the same tree still."""
        note = self._ledger.checkpoint()
        if self._some is not None and parse_checkpoint(self._some).body == parse_checkpoint(note).body:
            return self._some
        return note

    def _ask(self, client: WitnessClient, note: bytes) -> bytes | AkashiError:
        try:
            if len(parse_checkpoint(note).lines) + self.wanted > MAX_LINES:
                return WitnessDistrusted(failure="lines")
            return client.cosigned(note, self._ledger.consistency)
        except WitnessAhead as error:
            return self._behind(client, error)
        except AkashiError as error:
            return error

    def _behind(self, client: WitnessClient, error: WitnessAhead) -> AkashiError:
        """A server that is one of several may be a moment behind what another one showed the witness; by the next turn it must have caught up."""
        with self._ledger.view() as state:
            alone = handed_over(state) is None
        told = self._ahead.get(client.key.name, 0)
        self._ahead[client.key.name] = int(error.params["size"])
        return error if alone or self._ledger.size < told else WitnessAway(failure="behind")

    def _keep(self, note: bytes) -> None:
        complete = len(verify_cosignatures(parse_checkpoint(note), self._keys)) == self.wanted
        write_file(self._folder / SOME, note)
        self._some = note
        if complete:
            write_file(self._folder / ALL, note)
            self._all = note

    def source(self, subject: str) -> Source:
        """What evidence about ``subject`` is made from: the ledger as of a cosigned checkpoint, if that holds all its leaves and the stamp after them."""
        entries = self._ledger.entries(subject)
        if not entries:
            return self._ledger
        last = entries[-1].index
        stamped = [index for index, size in self._stamps() if size > last]
        return self._as_of(max(last, *stamped[:1]) if stamped else last)

    def whole(self) -> Source:
        """The whole ledger as of the newest cosigned checkpoint; as it is where there is none."""
        return self._as_of(0)

    def _as_of(self, index: int) -> Source:
        found = self.covering(index, self._ledger.size)
        return self._ledger if found is None else WitnessedSource(self._ledger, *found)

    def _stamps(self) -> Iterator[tuple[int, int]]:
        """Index of each ``log.stamped`` leaf and the size that it stamps."""
        for entry in self._ledger.registry():
            leaf = parse_leaf(entry.leaf)
            statement = parse_operation(leaf.envelope).statement
            if statement.kind == "log.stamped" and leaf.result == 0:
                yield entry.index, parse_checkpoint(load_body(LogStamped, statement.body).note).size


class WitnessedSource:
    """A ledger as of a checkpoint that witnesses cosigned (``proof.evidence.Source``)."""

    def __init__(self, ledger: LedgerReader, note: bytes, size: int) -> None:
        self._ledger, self._note = ledger, note
        self._height = _height_of(ledger, size)

    @property
    def height(self) -> int:
        """Of the block whose tree was cosigned."""
        return self._height

    def header(self, height: int) -> bytes:
        """Encoded header of a block."""
        return self._ledger.header(height)

    def note(self, height: int) -> bytes:
        """The cosigned checkpoint for its own block, the published one for others."""
        return self._note if height == self._height else self._ledger.note(height)

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)``."""
        return self._ledger.leaves(start, end)

    def entries(self, subject: str) -> Sequence[Entry]:
        """Leaves whose statement names ``subject``."""
        return self._ledger.entries(subject)

    def registry(self) -> Sequence[Entry]:
        """Leaves of the ledger's own kinds."""
        return self._ledger.registry()

    def range(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """Range proof."""
        return self._ledger.range(start, end, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Consistency proof."""
        return self._ledger.consistency(old, new)


def _height_of(ledger: LedgerReader, size: int) -> int:
    """The height of the block whose tree has ``size`` leaves: every block adds some, so sizes rise with the height."""
    low, high = 1, ledger.height
    while low < high:
        middle = (low + high) // 2
        if parse_header(ledger.header(middle)).size < size:
            low = middle + 1
        else:
            high = middle
    return low


def witnesses_of(settings: ServerSettings, ledger: LedgerReader, paths: ServerPaths) -> Witnessing:
    """The witnesses that the settings name, possibly none. Raises :class:`SettingsInvalid`."""
    urls, keys = settings.witness_urls.split(), settings.witness_vkeys.split()
    if len(urls) != len(keys):
        raise SettingsInvalid(setting="witness_vkeys")
    try:
        clients = [WitnessClient(url, _pinned(key)) for url, key in zip(urls, keys, strict=True)]
    except WitnessSettings as error:
        raise SettingsInvalid(setting="witness_urls") from error
    if len({client.key.public for client in clients}) != len(clients):
        raise SettingsInvalid(setting="witness_vkeys")
    return Witnessing(ledger, paths.root, clients)


def _pinned(text: str) -> NoteKey:
    try:
        key = parse_vkey(text)
    except EncodingError as error:
        raise SettingsInvalid(setting="witness_vkeys") from error
    if key.kind is not NoteKind.COSIGNATURE:
        raise SettingsInvalid(setting="witness_vkeys")
    return key


def witnessed_notes(paths: ServerPaths) -> list[bytes]:
    """What witnesses cosigned: a ledger that is behind it was put back (``Engine.open``)."""
    notes = (_kept(paths.root / name) for name in (SOME, ALL))
    return [note for note in notes if note is not None]


def _kept(path: Path) -> bytes | None:
    """A kept checkpoint; one that does not parse is none, for the next round makes it again."""
    try:
        note = path.read_bytes()
        parse_checkpoint(note)
    except (FileNotFoundError, EncodingError):
        return None
    return note
