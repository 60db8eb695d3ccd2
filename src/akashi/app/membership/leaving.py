"""An institution leaves: what is open is settled, evidence exported, deletion certified, every account closed.

Guarantees: settling is refused while a transfer is open or a payload waits to be erased; the certificate holds the list of erasure receipts
whose digest is on the ledger, an evidence bundle for every transfer, and one for the institution, all of which verify offline
(``akashi verify``). Completing revokes devices and keys and stops everybody. Every step can be repeated after a crash.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from akashi.app.server.home import Server
from akashi.durable import make_directory, write_file
from akashi.errors import NotFound, Unavailable
from akashi.exchange.events import TransferErased
from akashi.exchange.housekeeping import SCRUB_PATIENCE_MS
from akashi.exchange.model import Status, Transfer
from akashi.exchange.records import received_by, sent_by, transfer
from akashi.identity import events as identity
from akashi.identity.admission import events
from akashi.identity.admission.errors import NoAdmission, TransfersOpen
from akashi.identity.admission.model import Admission, AdmissionStage
from akashi.identity.model import DeviceReason, InstitutionReason
from akashi.ledger.errors import Refused
from akashi.ledger.keyring.records import keys_of
from akashi.ledger.model import Purpose
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.registry import KeyRevoked, RevocationReason
from akashi.vault.events import (
    PayloadErasureOrdered,
    PayloadPhase,
    PayloadRecord,
    erased_event,
    owes_receipt,
    payload_record,
)
from akashi.vault.model import ErasureLevel, ErasureReason

_OPEN = (Status.SENT, Status.OPENED)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KEYS = (Purpose.OPENING, Purpose.PERSON, Purpose.DEVICE, Purpose.GATEWAY)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a withdrawal is."""

    admission: Admission | None
    open: tuple[str, ...]
    """Transfers that a party must still confirm, refuse or withdraw, or that have not expired."""
    waiting: tuple[str, ...]
    """Transfers that are over and whose payload is not erased yet."""
    erased: int


class Withdrawals:
    """Withdrawals of one service, as the secretariat carries them out."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin(self, institution: str, reason: InstitutionReason) -> Progress:
        """Nothing new is sent to the institution or by it."""
        self._server.author.submit(events.WithdrawalBegun(institution, reason), subject=institution)
        return self.status(institution)

    def status(self, institution: str) -> Progress:
        """What is left to do."""
        with self._server.engine.view() as state:
            found = events.admission(state, institution)
        opened, waiting, erased = [], [], 0
        for one, record in self._transfers(institution):
            if one.status in _OPEN:
                opened.append(one.handle)
            elif record is None or record.phase is not PayloadPhase.ERASED:
                waiting.append(one.handle)
            else:
                erased += 1
        return Progress(found, tuple(opened), tuple(waiting), erased)

    def erase(self, institution: str) -> int:
        """Order and carry out the erasure of every payload whose transfer is over; returns how many receipts were recorded."""
        self._stage(institution, AdmissionStage.WITHDRAWING)
        self._server.housekeeping.run_once()
        over = [(one, record) for one, record in self._transfers(institution) if one.status not in _OPEN]
        due = [(one, record) for one, record in over if record is not None and record.phase is not PayloadPhase.ERASED]
        destroyed = [one for one, record in due if self._destroyed(one, record)]
        if destroyed:
            self._server.vault.scrub()
        return sum(self._reported(one) for one in destroyed)

    def settle(self, institution: str) -> Path:
        """Export the evidence, list the receipts, put both digests on the ledger; returns the folder. Raises :class:`TransfersOpen`."""
        self._stage(institution, AdmissionStage.WITHDRAWING)
        self.erase(institution)
        left = self.status(institution)
        if left.open or left.waiting:
            raise TransfersOpen(count=len(left.open), waiting=len(left.waiting))
        folder = self._folder(institution)
        make_directory(folder)
        transfers = self._transfers(institution)
        exports = []
        for one, _ in transfers:
            bundle = export_subject(self._server.engine, one.handle)
            write_file(folder / f"{one.handle}.akashi", bundle)
            exports.append(f"{sha256(bundle).hexdigest()}  {one.handle}.akashi\n")
        listed = "".join(exports).encode()
        receipts = _receipts(transfers)
        write_file(folder / "exports.txt", listed)
        write_file(folder / "receipts.csv", receipts)
        digests = sha256(listed).digest(), sha256(receipts).digest()
        self._server.author.submit(events.WithdrawalSettled(institution, 0, *digests), subject=institution)
        return folder

    def complete(self, institution: str) -> bytes:
        """Revoke devices and keys, stop everybody; returns the certificate of deletion (a zip). Raises :class:`TransfersOpen`."""
        self._stage(institution, AdmissionStage.SETTLED)
        left = self.status(institution)
        if left.open or left.waiting:
            raise TransfersOpen(count=len(left.open), waiting=len(left.waiting))
        with self._server.engine.view() as state:
            devices = [one for one in identity.devices(state) if one.institution == institution]
            keys = [one.key for purpose in _KEYS for one in keys_of(state, institution, purpose) if not one.revoked_ms]
        for device in devices:
            if device.revoked_ms is None:
                self._server.revoke_device(device.handle, DeviceReason.RETIRED)
        for key in keys:
            self._server.author.submit(KeyRevoked(key, RevocationReason.CEASED), subject=institution)
        self._server.author.submit(events.WithdrawalCompleted(institution), subject=institution)
        return self.certificate(institution)

    def certificate(self, institution: str) -> bytes:
        """The certificate of deletion: a Japanese text, the lists whose digests are on the ledger, and bundles that verify offline."""
        self._stage(institution, AdmissionStage.WITHDRAWN)
        folder = self._folder(institution)
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
        files[f"{institution}.akashi"] = export_subject(self._server.engine, institution)
        names = {one.handle: one.label for one in self._server.directory.entries()}
        text = _text(names.get(institution, institution), institution, files, self._server.clock.now_ms())
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (("deletion.txt", text.encode()), *files.items()):
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        return out.getvalue()

    def _transfers(self, institution: str) -> list[tuple[Transfer, PayloadRecord | None]]:
        with self._server.engine.view() as state:
            names = {name for name, _ in received_by(state, institution) + sent_by(state, institution)}
            found = [one for name in sorted(names) if (one := transfer(state, name)) is not None]
            return [(one, payload_record(state, one.payload)) for one in found]

    def _destroyed(self, one: Transfer, record: PayloadRecord) -> bool:
        order = record.order_id
        if order is None:
            body = PayloadErasureOrdered(one.payload, ErasureReason.REQUESTED)
            order = self._server.author.submit(body, subject=one.handle).operation_id
        try:
            self._server.vault.erase(one.payload, order)
        except (
            Unavailable,
            NotFound,
        ):  # not found: this vault never had it, and a receipt for its erasure would be a lie
            return False
        return True

    def _reported(self, one: Transfer) -> bool:
        outcome = self._server.vault.outcome(one.payload)
        if outcome.level < ErasureLevel.FILE and self._server.clock.now_ms() - outcome.erased_ms < SCRUB_PATIENCE_MS:
            return False
        with self._server.engine.view() as state:
            if not owes_receipt(state, one.payload, self._server.machine.key):
                return False  # said already; another server's receipt is missing
        self._server.machine.submit(erased_event(outcome), subject=one.handle)
        with suppress(Refused):  # the transfer was not due for erasure by the exchange's own calendar any more
            self._server.machine.submit(TransferErased(one.handle), subject=one.handle)
        return True

    def _stage(self, institution: str, wanted: AdmissionStage) -> None:
        with self._server.engine.view() as state:
            found = events.admission(state, institution)
        if found is None or found.stage is not wanted:
            raise NoAdmission(institution=institution)

    def _folder(self, institution: str) -> Path:
        return self._server.paths.root / "withdrawals" / institution


def _receipts(transfers: list[tuple[Transfer, PayloadRecord | None]]) -> bytes:
    """One line per erased payload: what, when, on whose order, how thoroughly, until when backups may still hold the bytes."""
    lines = ["transfer,payload,order,erased_ms,level,backup_horizon_ms\r\n"]
    for one, record in transfers:
        if record is not None and record.order_id is not None:
            order = record.order_id.hex()
            tail = f"{record.erased_ms},{record.level.name.lower()},{record.backup_horizon_ms}"
            lines.append(f"{one.handle},{one.payload.hex()},{order},{tail}\r\n")
    return "".join(lines).encode()


def _text(name: str, institution: str, files: dict[str, bytes], now_ms: int) -> str:
    day = (datetime.fromtimestamp(now_ms // 1000, UTC) + timedelta(hours=9)).strftime("%Y年%m月%d日")
    count = files["receipts.csv"].count(b"\n") - 1
    listing = "".join(f"{sha256(data).hexdigest()}  {file}\n" for file, data in files.items())
    return (
        f"消去証明書\n\n機関: {name}（{institution}）\n発行日: {day}\n\n"
        f"この機関が送った、または受け取った送付 {count} 件の封緘データは、すべて消去しました。"
        "消去の記録は receipts.csv にあります。\n"
        f"receipts.csv と exports.txt の SHA-256 は、台帳の操作 withdrawal.settled に記録されています（{institution}.akashi）。\n"
        "各 .akashi ファイルは「akashi verify ファイル名 --trust 信頼ファイル」で、通信なしに確かめられます。\n"
        "控え（バックアップ）に残り得る期限は、各行の backup_horizon_ms です。\n\n"
        f"{listing}"
    )
