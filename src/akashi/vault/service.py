"""The server's vault: sealed bodies in SQLite, wrapped keys in slots, erasure of both.

Guarantees: ``stage`` answers after body, wraps and row are durable. ``erase`` writes its intent first, then destroys the
wrapped keys in place, then removes the rows; a crash anywhere is finished by ``recover`` (run at every start). After
``erase`` the payload cannot be opened by anybody (level KEY); after a successful ``scrub`` its sealed bytes are in no
file of the vault either (level FILE). Refuses: opening anything; it holds no opening key. Trusted: the operator of this
server can lose or keep payloads (a copy of slots made earlier keeps them openable for their recipients), not read them.

Order of a stage: body rows, wraps in slots, payload row, receipt. Order of an erasure: intent, slots, rows, outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.ledger.wire.envelope import Signer
from akashi.vault.errors import (
    BodyTooLarge,
    PayloadDiffers,
    PayloadErased,
    PayloadMissing,
    StageRefused,
    VaultDamaged,
    WrapMissing,
)
from akashi.vault.model import (
    CHUNK_SIZE,
    MAX_BODY_BYTES,
    MAX_WRAPS,
    TAG_SIZE,
    ErasureLevel,
    ErasureOutcome,
    PayloadStatus,
    ScrubReport,
    StoredPayload,
)
from akashi.vault.receipt import StorageReceipt, sign_receipt
from akashi.vault.rules import EraseDecision, StageDecision, decide_erase, decide_stage, is_readable, is_stale
from akashi.vault.sealing.body import take_header
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.sealing.wraps import digest_of_digests, parse_wrap, wrap_digests
from akashi.vault.slots import SlotRecord, Slots
from akashi.vault.store import BodyStore

_BATCH = 8  # chunks per commit: one fsync for 8 MiB, and other writers get their turn


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What a start found: uploads dropped, slots of nobody wiped, erasures finished, payloads without all wraps."""

    uploads: int
    slots: int
    erasures: tuple[bytes, ...]
    without_wraps: tuple[bytes, ...]


class Vault:
    """Implements :class:`akashi.vault.port.PayloadStore`. Thread-safe. One process per directory."""

    def __init__(
        self,
        directory: Path,
        signer: Signer,
        ledger_id: bytes,
        clock: Clock,
        *,
        max_body: int = MAX_BODY_BYTES,
        slot_backup_age_ms: int = 0,
    ) -> None:
        """``slot_backup_age_ms``: how long a backup of the slots may live; 0 where slots are in no backup."""
        make_directory(directory)
        self._signer, self._ledger_id, self._clock = signer, ledger_id, clock
        self._max_body, self._slot_backup_age_ms = max_body, slot_backup_age_ms
        # Held while a row and its slots change together; receiving and reading bytes go on beside it.
        self._changing = threading.Lock()
        self._slots = Slots(directory / "slots.bin")
        try:
            self._bodies = BodyStore(directory / "bodies.db")
        except BaseException:
            self._slots.close()
            raise
        try:
            self.recovered = self.recover()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release files and lock."""
        self._bodies.close()
        self._slots.close()

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        suite = _verify_wraps(payload_id, wraps)
        self._refuse_gone(payload_id)
        source = Pieces(body)
        header, encoded = take_header(source)
        if header.payload_id != payload_id or header.suite != suite:
            raise StageRefused(failure="header")
        upload = self._bodies.begin_upload(self._clock.now_ms())
        kept = False
        try:
            body_digest, size = self._receive(upload, encoded, source)
            digests = wrap_digests(wraps)
            row = StoredPayload(
                payload_id,
                PayloadStatus.STAGED,
                body_digest,
                digest_of_digests(digests),
                digests,
                size,
                self._clock.now_ms(),
            )
            with self._changing:
                kept = self._keep(row, upload, wraps)
        finally:
            if not kept:
                self._bodies.drop_upload(upload)
        return self._receipt(row)

    def _receive(self, upload: int, header: bytes, source: Pieces) -> tuple[bytes, int]:
        digest, size, stored = sha256(header), len(header), 0
        batch = [header]
        while not source.at_end():
            chunk = source.take(CHUNK_SIZE + TAG_SIZE)
            digest.update(chunk)
            size += len(chunk)
            if size > self._max_body:
                raise BodyTooLarge(limit=self._max_body)
            batch.append(chunk)
            if len(batch) >= _BATCH:
                self._bodies.add_chunks(upload, stored, batch)
                stored += len(batch)
                batch = []
        if batch:
            self._bodies.add_chunks(upload, stored, batch)
        return digest.digest(), size

    def _keep(self, row: StoredPayload, upload: int, wraps: Sequence[bytes]) -> bool:
        """Decide against what is stored by now, then wraps, then the row; false if the same payload is there already."""
        decision = decide_stage(self._bodies.find(row.payload_id), row.body_digest, row.wraps_digest)
        if decision is StageDecision.GONE:
            raise PayloadErased(payload=row.payload_id.hex())
        if decision is StageDecision.DIFFERS:
            raise PayloadDiffers(payload=row.payload_id.hex())
        if decision is StageDecision.SAME:
            return False
        numbers = self._slots.put([SlotRecord(row.payload_id, parse_wrap(wrap).key_id, wrap) for wrap in wraps])
        try:
            self._bodies.insert(row, upload, numbers)
        except BaseException:
            self._slots.wipe(row.payload_id, numbers)
            raise
        return True

    def _refuse_gone(self, payload_id: bytes) -> None:
        row = self._bodies.find(payload_id)
        if row is not None and not is_readable(row):
            raise PayloadErased(payload=payload_id.hex())

    def _receipt(self, row: StoredPayload) -> bytes:
        receipt = StorageReceipt(self._ledger_id, row.payload_id, row.body_digest, row.wraps_digest, row.size)
        return sign_receipt(receipt, self._signer)

    def find(self, payload_id: bytes) -> StoredPayload | None:
        """The row of a payload, erased or not; ``None`` if there is none."""
        return self._bodies.find(payload_id)

    def _readable(self, payload_id: bytes) -> StoredPayload:
        row = self._bodies.find(payload_id)
        if row is None:
            raise PayloadMissing(payload=payload_id.hex())
        if not is_readable(row):
            raise PayloadErased(payload=payload_id.hex())
        return row

    def wrap(self, payload_id: bytes, key_id: bytes) -> bytes:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        self._readable(payload_id)
        wrap = self._slots.get(payload_id, key_id)
        if wrap is None:
            raise WrapMissing(payload=payload_id.hex())
        return wrap

    def wraps(self, payload_id: bytes) -> list[bytes]:
        """All wraps of a payload as they were staged, for another server or a mirror: openable by the recipients only.

        Raises as :meth:`wrap`; ``WrapMissing`` also where some of them are gone.
        """
        row = self._readable(payload_id)
        found = [self.wrap(payload_id, key) for key in self._slots.keys(payload_id)]
        if digest_of_digests(wrap_digests(found)) != row.wraps_digest:
            raise WrapMissing(payload=payload_id.hex())
        return found

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """See :class:`~akashi.vault.port.PayloadStore`. Refusals come at the call, not at the first piece."""
        return self._pieces(self._readable(payload_id))

    def receipt(self, payload_id: bytes) -> bytes:
        """A fresh storage receipt for what is stored. Raises ``PayloadMissing``, ``PayloadErased``."""
        return self._receipt(self._readable(payload_id))

    def _pieces(self, row: StoredPayload) -> Iterator[bytes]:
        sent, number = 0, 0
        while sent < row.size:
            piece = self._bodies.chunk(row.payload_id, number)
            if piece is None:
                self._readable(row.payload_id)
                raise VaultDamaged("bodies.chunk")
            yield piece
            sent += len(piece)
            number += 1

    def size(self, payload_id: bytes) -> int | None:
        """See :class:`~akashi.vault.port.PayloadStore`."""
        row = self._bodies.find(payload_id)
        return row.size if row is not None and is_readable(row) else None

    def stored(self) -> list[bytes]:
        """The ids of all payloads that could still be handed out."""
        return [row.payload_id for row in self._bodies.with_status(PayloadStatus.STAGED, PayloadStatus.ANNOUNCED)]

    def announce(self, payload_id: bytes) -> None:
        """The ledger has accepted an operation that names this payload: it is no orphan any more. Idempotent."""
        with self._changing:
            if self._readable(payload_id).status is PayloadStatus.STAGED:
                self._bodies.mark(payload_id, PayloadStatus.ANNOUNCED)

    def erase(self, payload_id: bytes, order_id: bytes) -> ErasureOutcome:
        """Destroy the wrapped keys, then the body. Idempotent: the first order's outcome is returned ever after.

        Raises ``PayloadMissing`` (nothing to erase here), ``VaultDamaged`` (a slot could not be overwritten; the
        intent stays and is resumed).
        """
        with self._changing:
            row = self._bodies.find(payload_id)
            if row is None:
                raise PayloadMissing(payload=payload_id.hex())
            decision = decide_erase(row)
            if decision is EraseDecision.BEGIN:
                self._bodies.mark(payload_id, PayloadStatus.ERASING, order_id)
            if decision is not EraseDecision.DONE:
                self._destroy(payload_id, forget=False)
        return self.outcome(payload_id)

    def bar(self, payload_id: bytes, order_id: bytes, body_digest: bytes, wraps: tuple[bytes, ...]) -> ErasureOutcome:
        """Carry out an order for a payload that is not here: its id is barred, so that no copy can come any more. Idempotent.

        ``body_digest`` and ``wraps`` (digests) as announced. What is here after all is erased. The outcome says whether anything was held.
        """
        digests = digest_of_digests(wraps)
        now = self._clock.now_ms()
        row = StoredPayload(payload_id, PayloadStatus.ERASED, body_digest, digests, wraps, 0, now, order_id, now)
        with self._changing:
            if self._bodies.find(payload_id) is None:
                # Level KEY until a scrub: what an upload that broke off left behind may still be in the files.
                self._bodies.insert(replace(row, level=ErasureLevel.KEY), None, [])
        return self.erase(payload_id, order_id)

    def forget(self, payload_id: bytes) -> None:
        """Drop a copy that turned out damaged, so that it can be staged again. Raises ``PayloadMissing``, ``PayloadErased``."""
        with self._changing:
            self._readable(payload_id)
            self._bodies.mark(payload_id, PayloadStatus.ERASING)
            self._destroy(payload_id, forget=True)

    def _destroy(self, payload_id: bytes, *, forget: bool) -> None:
        self._slots.wipe(payload_id, self._bodies.slots_of(payload_id))
        self._bodies.finish_erasure(payload_id, self._clock.now_ms(), forget=forget)
        self._bodies.truncate_log()

    def outcome(self, payload_id: bytes) -> ErasureOutcome:
        """The facts of a finished erasure; raises ``PayloadMissing`` if there was none."""
        row = self._bodies.find(payload_id)
        if row is None or row.erased_ms is None or row.order_id is None:
            raise PayloadMissing(payload=payload_id.hex())
        return ErasureOutcome(
            payload_id,
            row.order_id,
            row.body_digest,
            row.wrap_digests,
            row.erased_ms,
            row.erased_ms + self._slot_backup_age_ms,
            row.level,
            held=row.size > 0,
        )

    def scrub(self) -> ScrubReport:
        """Rewrite the database from live rows and empty its log, then raise erased payloads to level FILE.

        Takes time in proportion to what is stored. While another connection reads (a snapshot), nothing is raised and
        the report says how many wait.
        """
        waiting = [row for row in self._bodies.with_status(PayloadStatus.ERASED) if row.level < ErasureLevel.FILE]
        if not waiting:
            return ScrubReport((), 0)
        # The log must be empty after the rewrite: until then old pages are readable in it.
        if not (self._bodies.truncate_log() and self._bodies.vacuum() and self._bodies.truncate_log()):
            return ScrubReport((), len(waiting))
        done = tuple(row.payload_id for row in waiting)
        self._bodies.raise_levels(done)
        return ScrubReport(done, 0)

    def expire_orphans(self, known: Callable[[bytes], bool], older_than_ms: int) -> list[bytes]:
        """Erase what was staged but never announced; announce what the ledger (``known``) does name."""
        now_ms = self._clock.now_ms()
        expired = []
        for row in self._bodies.with_status(PayloadStatus.STAGED):
            if known(row.payload_id):
                self.announce(row.payload_id)
            elif is_stale(row, now_ms, older_than_ms):
                with self._changing:
                    self._bodies.mark(row.payload_id, PayloadStatus.ERASING)
                    self._destroy(row.payload_id, forget=True)
                expired.append(row.payload_id)
        return expired

    def recover(self) -> RecoveryReport:
        """Finish what a crash interrupted. Runs at every start; idempotent."""
        uploads = self._bodies.drop_strays()
        finished = []
        for row in self._bodies.with_status(PayloadStatus.ERASING):
            # Without an order it was an orphan that was being expired.
            self._destroy(row.payload_id, forget=row.order_id is None)
            finished.append(row.payload_id)
        slots = self._wipe_strays()
        live = self._bodies.with_status(PayloadStatus.STAGED, PayloadStatus.ANNOUNCED)
        with_slot = self._slots.counts()
        short = tuple(row.payload_id for row in live if with_slot.get(row.payload_id, 0) < len(row.wrap_digests))
        return RecoveryReport(uploads, slots, tuple(finished), short)

    def _wipe_strays(self) -> int:
        wiped = 0
        for payload_id in self._slots.counts():
            row = self._bodies.find(payload_id)
            if row is None or not is_readable(row):
                wiped += self._slots.wipe(payload_id)
        return wiped + self._slots.wipe_broken(self._bodies.listed_slots())


def _verify_wraps(payload_id: bytes, wraps: Sequence[bytes]) -> int:
    """The one suite of all wraps. Raises :class:`StageRefused`, ``SealMalformed``, ``SuiteUnknown``."""
    if not 1 <= len(wraps) <= MAX_WRAPS:
        raise StageRefused(failure="wraps.count")
    parsed = [parse_wrap(wrap) for wrap in wraps]
    if any(wrap.payload_id != payload_id for wrap in parsed):
        raise StageRefused(failure="wraps.payload")
    if len({wrap.key_id for wrap in parsed}) != len(parsed):
        raise StageRefused(failure="wraps.twice")
    if len({wrap.suite for wrap in parsed}) != 1:
        raise StageRefused(failure="wraps.suite")
    if sorted(wrap.key_id for wrap in parsed) != [wrap.key_id for wrap in parsed]:
        raise StageRefused(failure="wraps.order")
    return parsed[0].suite
