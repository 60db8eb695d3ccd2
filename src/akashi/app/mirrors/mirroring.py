"""Mirrors of a service, seen from its server: enrol, export, take receipts in, and begin again from a mirror alone.

Guarantees: a mirror is told by the key that the secretariat put on the ledger; what a receipt says counts only through the ledger; an erasure is
*not finished* while a mirror has not answered for it (:func:`unaccounted`). A recovery goes on with the same log only if its keys are there and
nothing newer is known, else it begins a new epoch that names the last known checkpoint. Refuses to write into a home that is there. Trusts
the server's home as far as its opening verified it.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import ServerPaths, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.mirrors.copying import SHARE, copy_database
from akashi.app.network.places import NetworkPlaces
from akashi.app.server.founding import SERVER_KEY
from akashi.app.server.home import Server
from akashi.durable import make_directory, remove_file, write_file
from akashi.errors import Misuse
from akashi.keys.keystore import FileKeystore
from akashi.keys.openers import opening_key_id
from akashi.keys.suites import DEFAULT, find_suite
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.state import ReadState
from akashi.ledger.store import DATABASE, connect, translated
from akashi.ledger.store import Tables as LedgerTables
from akashi.network.mirror.errors import MirrorUnknown, ReceiptMalformed
from akashi.network.mirror.events import (
    MirrorAccounted,
    MirrorEnrolled,
    MirrorRetired,
    gone_ms,
    mirrors,
)
from akashi.network.mirror.export import parse_enrolment, parse_receipts, plan, read_sent, write_bundle, write_sent
from akashi.network.mirror.generation import RECOVERY_KEY, RecoveryKey
from akashi.network.mirror.importing import orders
from akashi.network.mirror.model import BundleHeader, MirrorReceipt, MirrorRecord, ServiceFile
from akashi.network.mirror.receipt import parse_mirror_receipt, verify_mirror_receipt
from akashi.network.mirror.service import SUFFIX, MirrorPaths, Trace, silent
from akashi.vault.errors import PayloadErased
from akashi.vault.events import payload_record

PUBLIC = ("origin", "cosigner", "secretariat", "ca.pem", "tsa.pem", "trust.txt")
_TRIES = 3
_COPY = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written."""

    path: Path
    header: BundleHeader
    bodies: int
    live: int


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """An erasure that some mirror has not answered for."""

    payload: bytes
    subject: str
    mirrors: tuple[str, ...]


# -- mirrors on the ledger ------------------------------------------------------------------------------------------


def enrol(server: Server, data: bytes) -> MirrorRecord:
    """Enrol a mirror by its enrolment file. Compare ``mirror_digest`` with what the mirror shows before. Raises ``Refused``, ``ReceiptMalformed``."""
    algorithm, spki, receipt = parse_enrolment(data)
    try:
        said, _ = parse_mirror_receipt(receipt)
    except EncodingError as error:
        raise ReceiptMalformed(error.failure) from error
    recovery_key(server.keystore)  # before the first export, so that the copy of the key store made now has it
    body = MirrorEnrolled(mirror=said.mirror, algorithm=algorithm, public=spki, receipt=receipt)
    server.author.submit(body, subject=said.mirror)
    return record_of(server, said.mirror)


def accept(server: Server, data: bytes) -> tuple[str, int]:
    """Take a mirror's receipts in; (mirror, erasures that were new). Raises ``Refused``, :class:`ReceiptMalformed`."""
    mirror, fresh = "", 0
    for page in parse_receipts(data):
        said, record = _verified(server, page)
        mirror = said.mirror
        with server.engine.view() as state:
            new = [one for one in said.gone if gone_ms(state, mirror, one.payload) is None]
        before = (record.number, record.size, record.destroyed, record.transport)
        if not new and before == (said.number, said.size, said.destroyed, said.transport):
            continue  # this page was taken in before: a repetition after a crash
        server.machine.submit(MirrorAccounted(mirror=mirror, receipt=page), subject=mirror)
        fresh += len(new)
    if not mirror:
        raise ReceiptMalformed("receipts")
    return mirror, fresh


def _verified(server: Server, page: bytes) -> tuple[MirrorReceipt, MirrorRecord]:
    """A receipt under the key of the mirror that it names, and that mirror."""
    try:
        record = record_of(server, parse_mirror_receipt(page)[0].mirror)
        return verify_mirror_receipt(page, record.algorithm, record.spki), record
    except EncodingError as error:
        raise ReceiptMalformed(error.failure) from error
    except ProofError as error:
        raise ReceiptMalformed("signature") from error


def retire(server: Server, mirror: str) -> None:
    """The mirror gets nothing more; what it had not answered for stays *not proven*."""
    server.author.submit(MirrorRetired(mirror=mirror), subject=mirror)


def record_of(server: Server, mirror: str) -> MirrorRecord:
    """An enrolled mirror; with an empty name the only one. Raises :class:`MirrorUnknown`."""
    with server.engine.view() as state:
        found = [one for one in mirrors(state) if one.retired_ms is None and mirror in ("", one.handle)]
    if len(found) != 1:
        raise MirrorUnknown(mirror=mirror or "-")
    return found[0]


def unaccounted(state: ReadState) -> Iterator[Unaccounted]:
    """Every ordered erasure that some serving mirror has not answered for: 消去中. A mirror that came after the erasure never had anything of it."""
    serving = [one for one in mirrors(state) if one.retired_ms is None]
    for payload, _ in orders(state) if serving else ():
        record = payload_record(state, payload)
        erased_ms = None if record is None else record.erased_ms
        holding = [one.handle for one in serving if erased_ms is None or one.enrolled_ms <= erased_ms]
        missing = tuple(one for one in holding if gone_ms(state, one, payload) is None)
        if missing:
            yield Unaccounted(payload, "" if record is None else record.subject, missing)


# -- export ---------------------------------------------------------------------------------------------------------


def recovery_key(keystore: FileKeystore) -> RecoveryKey:
    """The public half of the service's recovery key, made when it is first asked for."""
    suite = find_suite(DEFAULT.suite)
    if RECOVERY_KEY not in keystore.names():
        keystore.generate(RECOVERY_KEY, suite.kind)
    public = keystore.public(RECOVERY_KEY)
    return RecoveryKey(opening_key_id(public), suite.number, public)


def service_files(paths: ServerPaths) -> list[ServiceFile]:
    """What a new server needs beside ledger, vault and keys: settings, certificates, the names of institutions. No secret among them."""
    found = [ServiceFile(paths.settings.name, paths.settings.read_bytes())]
    for name in PUBLIC:
        path = paths.public / name
        if path.is_file():
            found.append(ServiceFile(f"public/{name}", path.read_bytes()))
    with (
        closing(sqlite3.connect(paths.directory, timeout=10)) as directory,
        closing(sqlite3.connect(":memory:")) as copy,
    ):
        directory.backup(copy)
        found.append(ServiceFile(paths.directory.name, copy.serialize()))
    return found


def export(server: Server, mirror: str, folder: Path, *, again: bool = False, trace: Trace = silent) -> Exported:
    """Write the next bundle for a mirror into ``folder``. ``again``: from what the mirror has acknowledged, after a bundle was lost.

    After a kill the next one is made ``again`` by itself: nobody knows whether the one under way has got its name.
    """
    record = record_of(server, mirror)
    log = server.paths.root / "mirrors" / record.handle
    make_directory(log.parent)
    begun = log.with_name(f"{record.handle}.begun")
    again = again or begun.exists()
    write_file(begun, b"")
    trace("begun")
    made = _export(server, record, folder, log, again=again, trace=trace)
    trace("written")
    remove_file(begun)
    return made


def _export(server: Server, record: MirrorRecord, folder: Path, log: Path, *, again: bool, trace: Trace) -> Exported:
    recovery, files = recovery_key(server.keystore), service_files(server.paths)
    for _ in range(_TRIES):
        kept = read_sent(log)
        before = kept.since(record, again=again)
        made = plan(server.engine, server.vault, record, before)
        path = folder / f"{record.handle}-{made.header.number:06d}{SUFFIX}"
        write_sent(
            log, made.sent(before)
        )  # first: what is thought to be there and is not shows as a gap; the reverse would not show
        trace("sent")
        try:
            write_bundle(
                path, made, server.engine, server.vault, record, server.keystore.signer(SERVER_KEY), recovery, files
            )
        except PayloadErased:  # an erasure was carried out while its body was being copied
            write_sent(log, kept)
            continue
        except BaseException:
            write_sent(log, kept)
            raise
        return Exported(path, made.header, len(made.bodies), len(made.live))
    raise Misuse(what="erasures faster than exports")


# -- copies of a mirror ---------------------------------------------------------------------------------------------


def back_up(paths: MirrorPaths, target: Path, share: int = SHARE) -> Path:
    """A consistent copy of a mirror's ledger and sealed bodies into ``target``, without stopping anything, at ``share`` percent of the time.

    Neither its keys nor the generation of wraps are copied: a copy of them would outlive erasures. Raises ``LedgerExists``, ``LedgerDamaged``.
    """
    make_directory(target)
    made = copy_database(paths.ledger / DATABASE, target / DATABASE, share)
    copy_database(paths.bodies, target / paths.bodies.name, share)
    return made


class LedgerFile:
    """A ledger's file as a source to follow: another home on this machine, or a folder that a private link mounts read-only."""

    def __init__(self, database: Path, notes: Path | None = None) -> None:
        """``notes``: network.db of one server of several; what it signed alone is no checkpoint."""
        self._database, self._notes = database, notes

    @classmethod
    def of_home(cls, home: Path) -> LedgerFile:
        """The ledger of a server's home. Raises ``HomeMissing``."""
        paths = server_paths(home)
        if not (paths.ledger / DATABASE).is_file():
            raise HomeMissing(name=home.name)
        places = NetworkPlaces.of(paths)
        return cls(paths.ledger / DATABASE, places.store if places.exists else None)

    def checkpoint(self) -> bytes:
        """The checkpoint of its newest block, or, of one server of several, the newest that a quorum signed."""
        if self._notes is not None:
            return self._quorums(self._notes)
        with translated(), closing(connect(self._database)) as connection:
            block = LedgerTables(connection).newest_block()
        if block is None:
            raise MirrorUnknown(mirror=self._database.parent.name)
        return block.note

    def _quorums(self, notes: Path) -> bytes:
        address = f"{notes.absolute().as_uri()}?mode=ro"  # as a follower may: it must not write there
        with translated(), closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
            row = connection.execute("SELECT note FROM quorum_notes ORDER BY size DESC LIMIT 1").fetchone()
        if row is None:
            raise MirrorUnknown(mirror=self._database.parent.name)
        return bytes(row[0])

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)``."""
        with translated(), closing(connect(self._database)) as connection:
            for row in LedgerTables(connection).leaves(start, end):
                yield row.leaf


def known_mirrors(server: Server) -> Sequence[MirrorRecord]:
    """All mirrors, retired ones too."""
    with server.engine.view() as state:
        return tuple(mirrors(state))


def open_erasures(server: Server) -> Iterable[Unaccounted]:
    """What is 消去中 for the mirrors' sake."""
    with server.engine.view() as state:
        return tuple(unaccounted(state))


def drop_old(folder: Path, keep: int) -> int:
    """Remove all but the newest ``keep`` copies (by name) from a folder of copies; how many were removed."""
    copies = sorted(one for one in folder.iterdir() if one.is_dir() and _COPY.fullmatch(one.name))
    for old in copies[:-keep]:
        shutil.rmtree(old)
    return len(copies[:-keep])
