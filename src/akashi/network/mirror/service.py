"""A mirror's home, on a machine that no network reaches: it takes bundles in, erases what is ordered, and answers with signed receipts.

Guarantees: what it holds followed from the pinned genesis; what the ledger ordered to be erased is erased here as soon as the order is here; a
receipt names an erasure only when the body is gone *and* every transport key that could have opened a generation with its wraps is destroyed.
An import may be killed anywhere and repeated. Refuses: bundles that do not join, that are not signed, or that show another history (kept as proof).
Holds no key of the service: nothing here opens a payload without the service's key store. Trusted: who has this home and its passphrase can
lose the copy, and can keep what should be destroyed; the receipt says what was done, not what was copied before.

::

    mirror = Mirror.create(home, trust, passphrase, KINDS, SystemClock())   # then carry mirror.enrolment() to the server
    mirror.take(Path("/media/usb/0001.akashi-mirror"))                      # then carry mirror.receipts() back
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

from akashi.clock import Clock
from akashi.durable import make_directory, make_private, write_file
from akashi.errors import AkashiError
from akashi.identity.handles import new_handle
from akashi.keys.errors import KeyMissing, OpeningFailed
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost, KeyKind
from akashi.keys.openers import Opener
from akashi.keys.shred import shred_file
from akashi.keys.suites import DEFAULT, find_suite
from akashi.ledger.events import KindTable
from akashi.ledger.proof.trust import Trust, parse_trust
from akashi.ledger.service import WriterLock
from akashi.ledger.wire import cbor
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.mirror.copy import LedgerCopy, Source, verify_trusted_note
from akashi.network.mirror.errors import (
    BundleForged,
    BundleRollback,
    MirrorDamaged,
    MirrorExists,
    MirrorForked,
    MirrorUnknown,
)
from akashi.network.mirror.framing import opened_bundle
from akashi.network.mirror.generation import Generation, encode_generation, open_outer, parse_generation
from akashi.network.mirror.importing import Examined, ImportTables, Taking, decide, examine, orders
from akashi.network.mirror.model import BundleHeader, Imported, MirrorReceipt, MirrorStatus, Transport
from akashi.network.mirror.receipt import MAX_GONE, sign_mirror_receipt
from akashi.network.mirror.rules import destroyable
from akashi.vault.events import payload_record
from akashi.vault.model import PayloadStatus
from akashi.vault.store import BodyStore

SIGN_KEY, SEAL_KEY, TRANSPORT_KEY = "sign", "rows", "transport"
SUFFIX, RECEIPT_SUFFIX = ".akashi-mirror", ".akashi-receipt"
ENROLMENT, RECEIPTS = "akashi-mirror-enrolment", "akashi-mirror-receipts"
Trace = Callable[[str], None]


def silent(_: str) -> None:
    """The trace of production; tests kill there."""


@dataclass(frozen=True, slots=True)
class MirrorPaths:
    """The folder of a mirror."""

    root: Path

    @property
    def trust(self) -> Path:
        """The pinned trust file."""
        return self.root / "trust.txt"

    @property
    def name(self) -> Path:
        """Its handle."""
        return self.root / "mirror"

    @property
    def keys(self) -> Path:
        """Its own key store: receipts, transport keys. In no backup: an old transport key would undo erasures."""
        return self.root / "keys"

    @property
    def ledger(self) -> Path:
        """The copy of the ledger."""
        return self.root / "ledger"

    @property
    def bodies(self) -> Path:
        """Sealed bodies."""
        return self.root / "bodies.db"

    @property
    def generations(self) -> Path:
        """The generation of wraps in use. In no backup, as the keys."""
        return self.root / "generations"

    @property
    def forks(self) -> Path:
        """Signed checkpoints of another history: proof against whoever signed them."""
        return self.root / "forks"


def mirror_paths(home: Path) -> MirrorPaths:
    """Where a mirror lies in its home."""
    return MirrorPaths(home / "mirror")


class Mirror:
    """One opened mirror. One thread at a time; ``close`` it."""

    def __init__(
        self, paths: MirrorPaths, keystore: FileKeystore, kinds: KindTable, clock: Clock, trace: Trace = silent
    ) -> None:
        self.paths, self.keystore, self._clock, self._trace = paths, keystore, clock, trace
        self.handle = paths.name.read_text(encoding="ascii").strip()
        self.trust: Trust = parse_trust(paths.trust.read_bytes())
        self._lock = WriterLock(paths.ledger)
        try:
            self.copy = LedgerCopy(paths.ledger, kinds, self.trust, keystore.note_signer(SEAL_KEY, "mirror"))
            self.tables = ImportTables(self.copy.connection)
            self.bodies = BodyStore(paths.bodies)
        except BaseException:
            self._lock.release()
            raise
        self.settle()

    @classmethod
    def create(
        cls,
        home: Path,
        trust: bytes,
        passphrase: bytes,
        kinds: KindTable,
        clock: Clock,
        *,
        cost: Cost = STANDARD_COST,
    ) -> Self:
        """A new, empty mirror that believes ``trust`` (its genesis must be pinned). Raises :class:`MirrorExists`, ``EncodingError``."""
        paths, parsed = mirror_paths(home), parse_trust(trust)
        if paths.trust.exists():
            raise MirrorExists
        if parsed.genesis is None or not parsed.logs:
            raise BundleForged("trust.genesis")
        for folder in (paths.root, paths.ledger, paths.generations, paths.forks):
            make_directory(folder)
        keystore = FileKeystore.create(paths.keys, passphrase, cost=cost)
        keystore.generate(SIGN_KEY, KeyKind.ED25519)
        keystore.generate(SEAL_KEY, KeyKind.ED25519)
        make_private(paths.bodies)
        write_file(paths.name, f"{new_handle('mir')}\n".encode())
        write_file(paths.trust, trust)
        return cls(paths, keystore, kinds, clock)

    @classmethod
    def open(cls, home: Path, passphrase: bytes, kinds: KindTable, clock: Clock, trace: Trace = silent) -> Self:
        """Open a mirror; what an interrupted import left is finished. Raises :class:`MirrorUnknown`, ``LedgerLocked``, :class:`MirrorDamaged`."""
        paths = mirror_paths(home)
        if not paths.trust.is_file():
            raise MirrorUnknown(mirror=home.name)
        return cls(paths, FileKeystore.open(paths.keys, passphrase), kinds, clock, trace)

    def close(self) -> None:
        """Release files and lock."""
        self.copy.close()
        self.bodies.close()
        self._lock.release()

    @property
    def origin(self) -> str:
        """The log that it mirrors, as the pinned trust file says."""
        return self.trust.logs[-1].name

    # -- taking in --------------------------------------------------------------------------------------------------

    def take(self, path: Path) -> bool:
        """Import a bundle; false where it was the newest one already and only the answer is due again.

        Raises the errors of ``network.mirror.errors``; the mirror is then as it was, but for a kept proof of another history.
        """
        with opened_bundle(path) as reader:
            examined = examine(reader, self.handle, self.origin)
        self._trace("examined")
        self._refuse_split(examined.note)
        if not decide(examined, self.tables.last(), self.copy.size):
            self.settle()
            return False
        try:
            self._import(path, examined)
        except MirrorForked as error:
            self._keep_proof(examined.note)
            raise error from None
        self._trace("committed")
        self.settle()
        return True

    def _import(self, path: Path, examined: Examined) -> None:
        last = self.tables.last()
        before = 0 if last is None else last.transport
        header, now = examined.header, self._clock.now_ms()
        with opened_bundle(path) as reader, self.copy.extending() as extension:
            taking = Taking(self.copy, self.bodies, extension, examined, now)
            generation = taking.run(reader)
            if generation is not None:
                self._keep_generation(header, generation)
            for payload, order in orders(extension.state):
                self.tables.order(payload, order, max(before, header.sealed))
            in_use = before if generation is None else generation.transport
            self.tables.record(
                Imported(header.number, examined.digest, header.start, header.end, in_use, now, header.acknowledged)
            )
            self._trace("staged")

    def _keep_generation(self, header: BundleHeader, generation: Generation) -> None:
        """Beside the one in use; it counts from the commit on."""
        try:
            open_outer(header, generation, self._transport(generation.transport))
        except (KeyMissing, OpeningFailed) as error:
            raise BundleForged("keys.transport") from error
        write_file(self._generation(header.number), encode_generation(header, generation))

    def _generation(self, number: int) -> Path:
        return self.paths.generations / f"{number:08d}"

    def _refuse_split(self, note: bytes) -> None:
        """A signed checkpoint of another tree is worse than an old one: its proof is kept."""
        if self.copy.contradicts(note):
            self._keep_proof(note)
            raise MirrorForked(size=parse_checkpoint(note).size)

    def _keep_proof(self, note: bytes) -> None:
        """Keep a checkpoint that the pinned keys signed and that is of another history."""
        with suppress(AkashiError):
            verify_trusted_note(note, self.origin, self.copy.state, self.trust, self.copy.state)
            write_file(self.paths.forks / sha256(note).hexdigest()[:32], note)

    def pull(self, source: Source) -> int:
        """Follow a reachable source (leaves only); returns how many leaves came. Raises as :meth:`take`."""
        note = source.checkpoint()
        self._refuse_split(note)
        size, had = parse_checkpoint(note).size, self.copy.size
        if size < had:
            raise BundleRollback(size=had, end=size)
        announced = max(self.keystore.generations(TRANSPORT_KEY))  # a bundle on its way may be sealed to any of these
        try:
            with self.copy.extending() as extension:
                for at, leaf in enumerate(source.leaves(had, size), start=had):
                    extension.add(at, leaf)
                extension.finish(note)
                for payload, order in orders(extension.state):
                    self.tables.order(payload, order, announced)
        except MirrorForked as error:
            self._keep_proof(note)
            raise error from None
        self.settle()
        return self.copy.size - had

    # -- what follows from it ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Everything that follows from what is committed: erase, drop, destroy. Idempotent; runs at every start."""
        last = self.tables.last()
        number, in_use = (0, 0) if last is None else (last.number, last.transport)
        self._settle_bodies()
        self._settle_generations(number)
        held = self.keystore.generations(TRANSPORT_KEY)
        for old in destroyable(held, in_use):
            self.keystore.destroy(TRANSPORT_KEY, old)
        if in_use + 1 not in held:
            kind = find_suite(DEFAULT.suite).kind
            self.keystore.generate(TRANSPORT_KEY, kind, generation=in_use + 1)
        self.tables.finalise(self._destroyed(), number)
        self._trace("settled")

    def _settle_bodies(self) -> None:
        state, erased = self.copy.state, False
        for payload, order in self.tables.to_erase():
            row = self.bodies.find(payload)
            if row is None:
                continue
            if row.status is not PayloadStatus.ERASED:
                self.bodies.mark(payload, PayloadStatus.ERASING, order)
                self.bodies.finish_erasure(payload, self._clock.now_ms(), forget=False)
            erased = True  # also where a crash, or a reader, came between the rows and the files the last time
        if erased:  # the bytes must be out of the files before the receipt may say so
            self.bodies.truncate_log()
            if not (self.bodies.vacuum() and self.bodies.truncate_log()):
                return
        for payload, _ in self.tables.to_erase():
            self.tables.erased(payload, self._clock.now_ms())
        for row in self.bodies.with_status(PayloadStatus.STAGED):
            record = payload_record(state, row.payload_id)
            if record is not None and record.body_digest == row.body_digest:
                self.bodies.mark(row.payload_id, PayloadStatus.ANNOUNCED)
            else:
                self.bodies.finish_erasure(row.payload_id, self._clock.now_ms(), forget=True)
        self.bodies.drop_strays()

    def _settle_generations(self, number: int) -> None:
        """Only the newest committed one stays; what is older, or of an import that never was, is overwritten."""
        kept = max((int(path.name) for path in self._generations() if int(path.name) <= number), default=0)
        for path in self._generations():
            if int(path.name) != kept:
                shred_file(path)

    def _generations(self) -> list[Path]:
        return sorted(path for path in self.paths.generations.iterdir() if path.name.isdecimal())

    def _destroyed(self) -> int:
        """Every transport key up to this number is gone; asked of the key store itself, not of a record."""
        return min(self.keystore.generations(TRANSPORT_KEY)) - 1

    def _transport(self, number: int) -> Opener:
        return self.keystore.opener(TRANSPORT_KEY, number)

    # -- what it says -----------------------------------------------------------------------------------------------

    def receipts(self) -> bytes:
        """The file to carry back: the newest state, and every erasure that became final since the receipt the server has last taken in."""
        last = self.tables.last()
        gone = [] if last is None else self.tables.final(last.acknowledged)
        pages = [tuple(gone[at : at + MAX_GONE]) for at in range(0, len(gone), MAX_GONE)] or [()]
        said = self._said(last)
        signer = self.keystore.signer(SIGN_KEY)
        return cbor.encode([RECEIPTS, 1, [sign_mirror_receipt(replace(said, gone=page), signer) for page in pages]])

    def _said(self, last: Imported | None) -> MirrorReceipt:
        following = max(self.keystore.generations(TRANSPORT_KEY))
        suite = self._transport(following).suite
        transport = Transport(following, suite, self.keystore.public(TRANSPORT_KEY, following))
        number, now = 0 if last is None else last.number, self._clock.now_ms()
        root = self.copy.frontier.root()
        return MirrorReceipt(
            self.origin, self.handle, number, self.copy.size, root, now, transport, self._destroyed(), ()
        )

    def enrolment(self) -> bytes:
        """The file with which a server learns of this mirror. Only while nothing was imported."""
        signer = self.keystore.signer(SIGN_KEY)
        receipt = sign_mirror_receipt(self._said(None), signer)
        return cbor.encode([ENROLMENT, 1, int(signer.algorithm), signer.spki, receipt])

    def status(self, source_size: int | None = None) -> MirrorStatus:
        """What it holds. ``source_size``: leaves of the source that was just asked."""
        last = self.tables.last()
        final, waiting = self.tables.counts()
        return MirrorStatus(
            self.handle,
            self.origin,
            self.copy.size,
            0 if last is None else last.number,
            0 if last is None else last.at_ms,
            len(self.bodies.with_status(PayloadStatus.ANNOUNCED)),
            final,
            waiting,
            None if source_size is None else source_size - self.copy.size,
        )

    def verify(self) -> tuple[int, int]:
        """Verify everything again: (leaves, bodies). Raises :class:`MirrorDamaged`."""
        leaves, bodies = self.copy.verify(), 0
        for row in self.bodies.with_status(PayloadStatus.ANNOUNCED):
            record = payload_record(self.copy.state, row.payload_id)
            digest = sha256()
            for piece in self.body(row.payload_id, row.size):
                digest.update(piece)
            if record is None or record.order_id is not None or digest.digest() != record.body_digest:
                raise MirrorDamaged("body.digest")
            bodies += 1
        self.generation()
        return leaves, bodies

    def body(self, payload: bytes, size: int) -> Iterator[bytes]:
        """A sealed body. Raises :class:`MirrorDamaged` where a piece is missing."""
        sent, number = 0, 0
        while sent < size:
            piece = self.bodies.chunk(payload, number)
            if piece is None:
                raise MirrorDamaged("body.chunk")
            yield piece
            sent, number = sent + len(piece), number + 1

    def generation(self) -> tuple[BundleHeader, Generation] | None:
        """The generation of wraps in use. Raises :class:`MirrorDamaged`."""
        found = self._generations()
        return parse_generation(found[-1].read_bytes()) if found else None

    def transport_opener(self, number: int) -> Opener:
        """Opens the outer sealing of a generation; what is inside needs the service's recovery key."""
        return self._transport(number)
