"""One institution's gateway: its people, keys, maps, and its line to the ledger.

Guarantees: conversion, sealing and opening happen in this process's memory; the server gets sealed bytes and signed
operations only. The pinned trust file says whose acknowledgements count. Refuses: a home whose key store is another
institution's. Trusts: whoever can write the home's folder; the passphrase's holder.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from akashi.app.checkup.holding import HeldResults
from akashi.app.config import (
    DAY_MS,
    GatewayPaths,
    GatewaySettings,
    gateway_paths,
    load_settings,
    passkey_roles,
    web_site,
)
from akashi.app.conformity.library import books, judges
from akashi.app.desk.drafts import Drafts
from akashi.app.desk.maps import MapShelf
from akashi.app.device_requests import PATHS, Ask
from akashi.app.directory import Directory
from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.gateway import certificates
from akashi.app.gateway.following import QUORUM, UNSIGNED, PinnedTrust
from akashi.app.gateway.machine_tls import client_context
from akashi.app.gateway.people import People
from akashi.app.gateway.remote import Channel, RemoteDirectory, RemoteLedger, RemotePayloads
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.keys.opening import open_keystore
from akashi.app.keys.profile import sealing_profile
from akashi.app.mapmaking.held import HeldFiles
from akashi.app.mapmaking.queue import WordQueue
from akashi.checkup.approval.model import Unusable, Usable
from akashi.checkup.approval.service import MapApprovals
from akashi.clock import Clock
from akashi.conformity.service import Conformity
from akashi.errors import NotFound, Unavailable
from akashi.exchange.model import Acting
from akashi.exchange.screening import find_scanner
from akashi.exchange.service import Exchange
from akashi.identity.events import institutions
from akashi.identity.journal import Journal
from akashi.identity.model import Policy, Session
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.keys.keystore import FileKeystore
from akashi.late import late
from akashi.ledger.author import Author
from akashi.ledger.errors import EncodingError, LedgerLocked, ProofError, Refused
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Ledger
from akashi.ledger.proof.evidence import export_log_keys, export_subject
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_receipt
from akashi.ledger.service import WriterLock
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.trustchain import verify_trusted
from akashi.vault.documents import Documents
from akashi.vault.port import PayloadStore

if TYPE_CHECKING:  # a gateway alone loads no server
    from akashi.app.server import devices as server_devices
    from akashi.app.server.home import Server
else:
    server_devices = late("akashi.app.server.devices")

GATEWAY_KEY, OPENING_KEY = "gateway", "opening"
MACHINE_KEY, WEB_KEY = certificates.MACHINE_KEY, certificates.WEB_KEY


@dataclass(frozen=True, slots=True)
class Line:
    """A gateway's line to a server: in this process, or over HTTPS."""

    ledger: Ledger
    payloads: PayloadStore
    directory: Directory
    seen: SeenCheckpoint
    follow: Callable[[], None]
    """Follow a changed log key, or raise :class:`RemoteDistrusted`."""
    channel: Channel | None = None
    ask: Callable[[Ask, bytes], dict[str, object]] | None = None
    """Put a signed request about devices to the server (``app.device_requests``)."""
    collect: Callable[[str], bytes] | None = None
    """The evidence bundle of a subject, where the server is in this process: under the checkpoint that its witnesses cosigned, if they did."""


class Gateway:
    """One opened gateway home. Thread-safe as far as its parts are; ``close`` it."""

    def __init__(self, paths: GatewayPaths, keystore: FileKeystore, line: Line, clock: Clock) -> None:
        self.paths, self.keystore, self.line, self.clock = paths, keystore, line, clock
        self.settings = load_settings(paths.settings, GatewaySettings)
        self.institution = self.settings.institution
        self.ledger, self.payloads, self.directory = line.ledger, line.payloads, line.directory
        self.author = Author(self.ledger, keystore.signer(GATEWAY_KEY), self.institution, clock)
        self.database = Database(paths.database)
        policy = Policy(
            idle_ms=self.settings.idle_timeout_ms,
            absolute_ms=self.settings.session_ms,
            second_factor=self.settings.require_totp,
            passkey=passkey_roles(self.settings),
            temporary_ms=min(self.settings.temporary_ms, DAY_MS),
            temporary_uses=self.settings.temporary_uses,
            proof_ms=self.settings.proof_ms,
            parallel=self.settings.parallel_sessions,
            spray_failures=self.settings.spray_failures,
            orphan_grace_ms=self.settings.orphan_grace_ms,
            confirm_places=self.settings.confirm_places,
        )
        self.accounts = Accounts(
            self.database, keystore, self.author, clock, policy=policy, site=web_site(self.settings)
        )
        self.people = People(self.database, keystore, self.author, clock, self.accounts)
        self.exchange = Exchange(
            database=paths.database,
            author=self.author,
            payloads=self.payloads,
            openers=keystore.openers(OPENING_KEY),
            box=keystore,
            clock=clock,
            scanner=find_scanner(),
            profile=sealing_profile(self.settings),
        )
        self.maps = MapShelf(paths.maps, approved=self._approved_maps, decided=self._decided_words)
        self.drafts = Drafts(clock)
        self.results = HeldResults(clock)
        self.map_files = HeldFiles(clock)
        self.seen = line.seen
        self._sole: WriterLock | None = None
        self._unfinished = False

    def recover(self) -> None:
        """Finish what a crash left, unless another process has this home open and is at work in it.

        Without its server a gateway starts all the same, and :meth:`recover_later` finishes.
        """
        with suppress(LedgerLocked):
            self._sole = WriterLock(self.paths.root)
            self._unfinished = True
            with suppress(ServerAway):
                self.recover_later()

    def recover_later(self) -> None:
        """Finish what :meth:`recover` could not because the server was away. Raises ``ServerAway`` while it is."""
        if self._unfinished:
            self.accounts.settle()
            self.people.lifecycle.settle()
            self.people.settle()
            self.exchange.recover()
            self._unfinished = False

    @property
    def journal(self) -> Journal:
        """The access journal of this gateway."""
        return self.accounts.journal

    @cached_property
    def conformity(self) -> Conformity:
        """Conformity of the institution; its books are read and its store opened when somebody first asks."""
        return Conformity(
            database=self.paths.conformity,
            box=self.keystore,
            author=self.author,
            payloads=self.payloads,
            openers=self.keystore.openers(OPENING_KEY),
            clock=self.clock,
            books=books(),
            judges=judges(),
        )

    @cached_property
    def map_approvals(self) -> MapApprovals:
        """The institution's own maps; the store is opened when somebody first asks, and says what it could not say before."""
        made = MapApprovals(
            Documents(self.paths.map_documents, self.keystore, "maps"),
            self.author,
            self.clock,
            two_persons=self.settings.map_approval_two_persons,
            reserved=self.maps.shipped_ids,
        )
        with suppress(Unavailable):  # it stays kept, and the next step says it
            made.resume()
        return made

    @cached_property
    def words(self) -> WordQueue:
        """Findings that no thesaurus understood, and the institution's own words; the store is made when it is first needed."""
        return WordQueue(Documents(self.paths.words, self.keystore, "words"), self.clock)

    def words_kept(self) -> WordQueue | None:
        """The same; ``None`` where nothing was ever queued: a home is not given a store for being asked."""
        return self.words if "words" in self.__dict__ or self.paths.words.exists() else None

    def _decided_words(self) -> tuple[str, ...]:
        kept = self.words_kept()
        return kept.texts() if kept else ()

    def _approved_maps(self) -> tuple[list[Usable], list[Unusable]]:
        """What conversion may use; a home that never had a map of its own is not given a store for being asked."""
        if "map_approvals" not in self.__dict__ and not self.paths.map_documents.exists():
            return [], []
        return self.map_approvals.look()

    def close(self) -> None:
        """Release databases and connections."""
        self.drafts.clear()
        self.results.clear()
        self.map_files.clear()
        if "conformity" in self.__dict__:
            self.conformity.close()
        if "map_approvals" in self.__dict__:
            self.map_approvals.close()
        if "words" in self.__dict__:
            self.words.close()
        self.people.close()
        if self.line.channel is None:
            with suppress(Unavailable):  # a full disk, or a server that was closed first: the older note stays good
                self.seen.keep(self.ledger.checkpoint())
        self.seen.close()
        if self._sole is not None:
            self._sole.release()
        self.exchange.close()
        self.database.close()
        if self.line.channel is not None:
            self.line.channel.close()

    def names(self) -> dict[str, str]:
        """Institution handle to label, each checked against the ledger's commitment when first seen."""
        known = self.accounts.names()
        with self.ledger.view() as state:
            if all(one.handle in known for one in institutions(state)):
                return known  # a name never changes: the ledger commits to it once
        for entry in self.directory.entries():
            if known.get(entry.handle) != entry.label:
                try:
                    self.accounts.put_name(entry.handle, entry.label, entry.salt)
                except Refused:
                    continue  # not the name that the ledger commits to: such an institution is shown by its handle
                known[entry.handle] = entry.label
        return known

    def verify_receipt(self, receipt: bytes) -> None:
        """Check a receipt against the pinned trust file. Raises :class:`ProofError`."""
        verdict = verify_receipt(receipt, parse_trust(self.paths.trust.read_bytes()))
        if verdict.failure in {UNSIGNED, QUORUM}:
            with suppress(RemoteDistrusted):
                self.line.follow()
                verdict = verify_receipt(receipt, parse_trust(self.paths.trust.read_bytes()))
        if verdict.status is not Status.VERIFIED:
            raise ProofError(verdict.failure or "receipt")

    def machine_certificate(self) -> bytes:
        """SHA-256 of this gateway's own device certificate (DER): the console acts on this device."""
        certificate = x509.load_pem_x509_certificate(self.paths.certificate.read_bytes())
        return certificate.fingerprint(hashes.SHA256())

    def anchor_journal(self) -> None:
        """Put the journal's head on the ledger."""
        self.accounts.anchor_journal()

    @classmethod
    def open(cls, home: Path, institution: str, passphrase: bytes, clock: Clock, server: Server | None = None) -> Self:
        """Open a gateway; with ``server`` in this process, else over ``server_url``."""
        paths = gateway_paths(home, institution)
        settings = load_settings(paths.settings, GatewaySettings)
        keystore = open_keystore(home, paths.keys, passphrase, settings)
        certificates.settle_certificates(paths, keystore)
        line = local_line(server, paths) if server is not None else remote_line(paths, keystore)
        gateway = cls(paths, keystore, line, clock)
        gateway.recover()
        return gateway


def acting(session: Session) -> Acting:
    """The person of a session, as the exchange wants to know them; a machine client acts without a person."""
    if session.method is AuthMethod.CLIENT:
        return Acting(None, session.auth, session.device, client=session.person)
    return Acting(session.person, session.auth, session.device, session.approving)


def local_line(server: Server, paths: GatewayPaths) -> Line:
    """A line within one process; the server's parts are used through their ports only.

    A changed log key, or other servers, are followed at once. Raises :class:`RemoteDistrusted` where the evidence does not verify.
    """
    pinned = PinnedTrust(paths.trust)

    def follow_servers() -> None:
        if server.node is not None:
            with suppress(NotFound, Unavailable):
                pinned.follow_servers(server.node.trust.chain(), lambda _: None)

    def follow() -> None:
        try:
            # That the tree extends what gateways beside it have seen was checked when the server opened it.
            pinned.follow(export_log_keys(server.engine), lambda _: None)
            follow_servers()
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error

    try:
        follow_servers()
        verify_trusted(parse_checkpoint(server.engine.checkpoint()), pinned.read())
    except ProofError as error:
        if error.failure in {UNSIGNED, QUORUM}:
            follow()

    def asked(ask: Ask, body: bytes) -> dict[str, object]:
        return server_devices.answer_request(server, paths.root.name, ask, body)

    seen = SeenCheckpoint(paths.database)

    def collect(subject: str) -> bytes:
        return export_subject(server.witnessing.source(subject), subject)

    return Line(server.engine, server.payloads, server.directory, seen, follow, ask=asked, collect=collect)


def remote_line(paths: GatewayPaths, keystore: FileKeystore) -> Line:
    """A line over HTTPS with the gateway's machine certificate. Raises ``ServerAway``."""
    settings = load_settings(paths.settings, GatewaySettings)
    context = client_context(paths.ca.read_bytes(), paths.certificate.read_bytes(), keystore.private_key(MACHINE_KEY))
    channel = Channel(settings.server_url, context)
    seen = SeenCheckpoint(paths.database)
    pinned = PinnedTrust(paths.trust)
    ledger = RemoteLedger(channel, pinned.read(), seen.read, seen.keep, pinned)
    payloads, directory = RemotePayloads(channel, ledger.ledger_id), RemoteDirectory(channel)

    def asked(ask: Ask, body: bytes) -> dict[str, object]:
        return dict(channel.call("POST", PATHS[ask], content=body).json())

    return Line(ledger, payloads, directory, seen, ledger.follow_key, channel, asked)
