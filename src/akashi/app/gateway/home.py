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
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from akashi.app.config import GatewayPaths, GatewaySettings, gateway_paths, load_settings
from akashi.app.conformity.library import books, judges
from akashi.app.desk.drafts import Drafts
from akashi.app.desk.maps import MapShelf
from akashi.app.directory import Directory
from akashi.app.errors import RemoteDistrusted
from akashi.app.gateway.following import UNSIGNED, PinnedTrust
from akashi.app.gateway.machine_tls import client_context
from akashi.app.gateway.remote import Channel, RemoteDirectory, RemoteLedger, RemotePayloads, verify_trusted
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.conformity.service import Conformity
from akashi.errors import Unavailable
from akashi.exchange.model import Acting
from akashi.exchange.screening import find_scanner
from akashi.exchange.service import Exchange
from akashi.identity.journal import Journal
from akashi.identity.model import Policy, Session
from akashi.identity.service import Accounts
from akashi.identity.store import Database
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.errors import EncodingError, LedgerLocked, ProofError, Refused
from akashi.ledger.port import Ledger
from akashi.ledger.proof.evidence import export_log_keys
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_receipt
from akashi.ledger.service import WriterLock
from akashi.ledger.wire.note import parse_checkpoint
from akashi.vault.port import PayloadStore

GATEWAY_KEY, OPENING_KEY, MACHINE_KEY, WEB_KEY = "gateway", "opening", "machine", "web"


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
        )
        self.accounts = Accounts(self.database, keystore, self.author, clock, policy=policy)
        self.exchange = Exchange(
            database=paths.database,
            author=self.author,
            payloads=self.payloads,
            openers=[keystore.opener(OPENING_KEY)],
            box=keystore,
            clock=clock,
            scanner=find_scanner(),
        )
        self.maps = MapShelf(paths.maps)
        self.drafts = Drafts(clock)
        self.seen = line.seen
        self._sole: WriterLock | None = None

    def recover(self) -> None:
        """Finish what a crash left, unless another process has this home open and is at work in it."""
        with suppress(LedgerLocked):
            self._sole = WriterLock(self.paths.root)
            self.accounts.settle()
            self.exchange.recover()

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
            openers=[self.keystore.opener(OPENING_KEY)],
            clock=self.clock,
            books=books(),
            judges=judges(),
        )

    def close(self) -> None:
        """Release databases and connections."""
        self.drafts.clear()
        if "conformity" in self.__dict__:
            self.conformity.close()
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
        if verdict.failure == UNSIGNED:
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
        load_settings(paths.settings, GatewaySettings)
        keystore = FileKeystore.open(paths.keys, passphrase)
        line = local_line(server, paths) if server is not None else remote_line(paths, keystore)
        gateway = cls(paths, keystore, line, clock)
        gateway.recover()
        return gateway


def acting(session: Session) -> Acting:
    """The person of a session, as the exchange wants to know them."""
    return Acting(session.person, session.auth, session.device)


def local_line(server: Server, paths: GatewayPaths) -> Line:
    """A line within one process; the server's parts are used through their ports only.

    A changed log key is followed at once. Raises :class:`RemoteDistrusted` where the evidence does not verify.
    """
    pinned = PinnedTrust(paths.trust)

    def follow() -> None:
        try:
            # That the tree extends what gateways beside it have seen was checked when the server opened it.
            pinned.follow(export_log_keys(server.engine), lambda _: None)
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error

    try:
        verify_trusted(parse_checkpoint(server.engine.checkpoint()), pinned.read())
    except ProofError as error:
        if error.failure == UNSIGNED:
            follow()
    return Line(server.engine, server.vault, server.directory, SeenCheckpoint(paths.database), follow)


def remote_line(paths: GatewayPaths, keystore: FileKeystore) -> Line:
    """A line over HTTPS with the gateway's machine certificate. Raises ``ServerAway``."""
    settings = load_settings(paths.settings, GatewaySettings)
    context = client_context(paths.ca.read_bytes(), paths.certificate.read_bytes(), keystore.private_key(MACHINE_KEY))
    channel = Channel(settings.server_url, context)
    seen = SeenCheckpoint(paths.database)
    pinned = PinnedTrust(paths.trust)
    ledger = RemoteLedger(channel, pinned.read(), seen.read, seen.keep, pinned)
    payloads, directory = RemotePayloads(channel, ledger.ledger_id), RemoteDirectory(channel)
    return Line(ledger, payloads, directory, seen, ledger.follow_key, channel)
