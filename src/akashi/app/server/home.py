"""A server: ledger, vault, private CA and time stamps of one service, and what the secretariat does with them.

Guarantees: everything it changes is an operation signed by the secretariat's or the server's key; certificates it issues are
on the ledger before they are handed out; no key in its key store opens a payload (held by a test). Refuses: to issue for an
institution that is not on the ledger. Trusts: its own folder only as far as ``Engine.open`` verifies it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from akashi.app.config import (
    DAY_MS,
    ServerPaths,
    ServerSettings,
    load_settings,
    save_settings,
    server_paths,
)
from akashi.app.device_requests import SeenRequests
from akashi.app.directory import DirectoryEntry, LocalDirectory, commitment
from akashi.app.errors import HomeExists, InstitutionUnknown
from akashi.app.keys.opening import create_keystore, open_keystore
from akashi.app.network.copying import CopyKeeper
from akashi.app.network.status import new_alarms, offer_status
from akashi.app.network.witnessing import witnesses_of
from akashi.app.repair.mending import start_repaired
from akashi.app.repair.scrubbing import Guard, Pace
from akashi.app.roster.enrolling import offer_roster
from akashi.app.roster.rekeying import offer_rekeying
from akashi.app.server.authorities import authorities
from akashi.app.server.erasing import erase_ordered
from akashi.app.server.founding import SECRETARIAT_KEY, SERVER_KEY, found
from akashi.app.server.logkeys import TRUST_FILE, publish_log_key
from akashi.app.server.opening import open_ledger
from akashi.app.server.pickups import Pickups
from akashi.app.server.stamping import Stamper
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.exchange.housekeeping import Housekeeping
from akashi.identity import events as identity
from akashi.identity.admission.errors import NameTaken
from akashi.identity.admission.rules import same_name
from akashi.identity.ca import parse_device_certificate
from akashi.identity.devices.events import DeviceLimited
from akashi.identity.devices.ocsp import OcspResponder
from akashi.identity.handles import new_handle
from akashi.identity.model import DeviceReason, InstitutionReason, InstitutionRole
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost
from akashi.ledger.author import Author
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.wire.envelope import key_id
from akashi.vault.events import payload_record
from akashi.vault.port import PayloadStore
from akashi.vault.service import Vault

YEAR_MS = 365 * DAY_MS


@dataclass(frozen=True, slots=True)
class IssuedDevice:
    """A device that is on the ledger, with its certificate (PEM, public)."""

    device: str
    certificate: bytes
    expires_ms: int


class Server:
    """One opened server home. Thread-safe as far as its parts are; ``close`` it."""

    pace: ClassVar[Pace | None] = None
    """How often a server of several looks through its own data; ``None``: as ``repair.scrubbing`` has it."""

    def __init__(
        self,
        paths: ServerPaths,
        keystore: FileKeystore,
        clock: Clock,
        *,
        ended: threading.Event | None = None,
        patient: bool = False,
        alarms: deque[AkashiError] | None = None,
    ) -> None:
        self.paths, self.keystore, self.clock = paths, keystore, clock
        self.settings = load_settings(paths.settings, ServerSettings)
        self.ca_certificate = (paths.public / "ca.pem").read_bytes()
        self.authorities = authorities(keystore, self.ca_certificate)
        self.ca = self.authorities[0]
        self.alarms: deque[AkashiError] = new_alarms() if alarms is None else alarms
        """What went wrong between servers lately, newest last, in one list for all openings of the home; none in a home that keeps its ledger alone."""
        self.damaged = threading.Event()
        """Set when one server of several found its own data damaged and stopped voting, or its chain handed over; opening it again repairs it, or begins the next chain."""
        self.guard: Guard | None = None
        with ExitStack() as opened:  # whatever fails, the home can be opened again, also in this process
            self.engine, self.node = open_ledger(paths, keystore, clock, self.alarms.append, ended, patient=patient)
            opened.callback(self.engine.close if self.node is None else self.node.stop)
            publish_log_key(paths, self.engine)
            self.vault = Vault(paths.vault, keystore.signer(SERVER_KEY), self.engine.ledger_id, clock)
            opened.callback(self.vault.close)
            self._erase_again()
            self.payloads: PayloadStore = self.vault
            """Where parties stage and read: here, and with several servers at a quorum of them."""
            self.keeper = self._join_peers()
            opened.pop_all()
            opened.callback(self.close)
            self.directory = LocalDirectory(paths.directory)
            self.pickups = Pickups(paths.root / "pickups", clock)
            self.asked = SeenRequests(clock)
            self.responders = [OcspResponder(one, clock) for one in self.authorities]
            self.secretariat_handle = self._secretariat()
            self.author = Author(self.engine, keystore.signer(SECRETARIAT_KEY), self.secretariat_handle, clock)
            self.machine = Author(self.engine, keystore.signer(SERVER_KEY), self.secretariat_handle, clock)
            age_ms = self.settings.orphan_after_ms
            self.housekeeping = Housekeeping(self.machine, self.vault, clock, orphan_age_ms=age_ms)
            self.stamper = Stamper(self.engine, self.machine, paths.public, keystore, self.settings.tsa_url, clock)
            self.witnessing = witnesses_of(self.settings, self.engine, paths)
            opened.pop_all()

    def _join_peers(self) -> CopyKeeper | None:
        """Where several servers keep the ledger: begin to order with them, and to keep each other's copies."""
        if self.node is None:
            return None
        secretariat = self._secretariat()
        machine = Author(self.engine, self.keystore.signer(SERVER_KEY), secretariat, self.clock)
        author = Author(self.engine, self.keystore.signer(SECRETARIAT_KEY), secretariat, self.clock)
        keeper = CopyKeeper(self.node, self.vault, machine, self.clock)
        self.payloads = keeper.store
        offer_status(self.node, self.alarms)
        offer_roster(self.node, author, self.clock)
        offer_rekeying(self.node, machine)
        self.node.on_next_chain.append(self.damaged.set)
        self.guard = Guard(
            self.node, machine, self.clock, lambda _: self.damaged.set(), copies=keeper.scrub, pace=self.pace
        )
        try:
            self.node.start()
        except BaseException:
            self.guard.stop()
            keeper.close()
            raise
        self.guard.start()
        return keeper

    def _secretariat(self) -> str:
        return (self.paths.public / "secretariat").read_text(encoding="utf-8").strip()

    @classmethod
    def create(
        cls,
        home: Path,
        settings: ServerSettings,
        name: str,
        passphrase: bytes,
        clock: Clock,
        *,
        cost: Cost = STANDARD_COST,
    ) -> Self:
        """Found a service: keys, CA, genesis, the secretariat as first institution. Raises :class:`HomeExists`."""
        paths = server_paths(home)
        if paths.settings.exists():
            raise HomeExists(name=home.name)
        for folder in (paths.root, paths.public):
            make_directory(folder)
        keystore = create_keystore(home, paths.keys, passphrase, settings, cost=cost)
        found(paths, settings, keystore, clock)
        save_settings(paths.settings, settings)
        server = cls(paths, keystore, clock)
        server._enrol_server_key()
        server._register(server.secretariat_handle, name, "", int(InstitutionRole.SECRETARIAT))
        return server

    @classmethod
    def open(cls, home: Path, passphrase: bytes, clock: Clock, ended: threading.Event | None = None) -> Self:
        """Open an existing server home; with ``ended`` a repair is tried again until it came to its end, or that is set. Raises ``HomeMissing``, ``LedgerDamaged``, wrong-passphrase errors."""
        paths = server_paths(home)
        settings = load_settings(paths.settings, ServerSettings)
        keystore = open_keystore(home, paths.keys, passphrase, settings)
        patient = ended is not None
        return start_repaired(lambda: cls(paths, keystore, clock, ended=ended, patient=patient), paths, clock)

    @classmethod
    def reopen(cls, closed: Server, ended: threading.Event) -> Self:
        """As :meth:`open`, for the home of a server that was closed, with its key store and what it was alarmed of; ``ended`` cuts a repair short."""
        paths, keystore, clock = closed.paths, closed.keystore, closed.clock
        return start_repaired(lambda: cls(paths, keystore, clock, ended=ended, alarms=closed.alarms), paths, clock)

    def close(self) -> None:
        """Finish what is under way and release the lock."""
        if self.node is None or self.keeper is None:
            self.engine.close()
        else:
            if self.guard is not None:
                self.guard.stop()
            self.keeper.close()
            self.node.stop()
        self.vault.close()

    def erase_delivered(self) -> int:
        """Erase what conformity's owners ordered to be erased; returns how many receipts were recorded."""
        return erase_ordered(self.machine, self.vault, self.clock)

    def _erase_again(self) -> None:
        """Before anything is served: what the ledger ordered to erase is erased, also if the vault came from an older copy.

        The scrub is for the sealed bytes: their receipt is on the ledger already, so housekeeping would not look at them again.
        """
        ordered: list[tuple[bytes, bytes]] = []
        with self.engine.view() as state:
            for payload in self.vault.stored():
                record = payload_record(state, payload)
                if record is not None and record.order_id is not None:
                    ordered.append((payload, record.order_id))
        for payload, order in ordered:
            self.vault.erase(payload, order)
        if ordered:
            self.vault.scrub()

    # -- institutions -----------------------------------------------------------------------------------------------

    def register_institution(self, name: str, number: str, roles: int) -> str:
        """Record an institution and keep its name; returns its handle. Raises ``NameTaken``: two of one name would be mistaken."""
        handle = new_handle("inst")
        self._register(handle, name, number, roles)
        return handle

    def _register(self, handle: str, name: str, number: str, roles: int) -> None:
        entry = self.directory.prepare(handle, name, number)
        self._require_free(name)
        body = identity.InstitutionRegistered(institution=handle, roles=roles, directory=commitment(entry))
        # The name first: a crash in between leaves a name without an institution, which nobody shows.
        self.directory.store(entry)
        self.author.submit(body, subject=handle)

    def _require_free(self, name: str) -> None:
        with self.engine.view() as state:
            for entry in self.directory.entries():
                known = identity.institution(state, entry.handle)
                # A name without an institution is a crash's; one that withdrew may come back, under a new id.
                if same_name(entry.name, name) and known is not None and known.enabled:
                    raise NameTaken

    def find_institution(self, name: str) -> DirectoryEntry:
        """By handle, exact name or 10-digit number. Raises :class:`InstitutionUnknown`."""
        for entry in self.directory.entries():
            if name and name in (entry.handle, entry.name, entry.number):
                return entry
        raise InstitutionUnknown(name=name)

    def disable_institution(self, handle: str, reason: InstitutionReason) -> None:
        """From the next request on nobody of the institution is served."""
        self.author.submit(identity.InstitutionDisabled(institution=handle, reason=reason), subject=handle)

    def enable_institution(self, handle: str) -> None:
        """Serve the institution again."""
        body = identity.InstitutionEnabled(institution=handle, reason=InstitutionReason.RESUMED)
        self.author.submit(body, subject=handle)

    def enrol_gateway_key(self, institution: str, spki: bytes, algorithm: Algorithm, possession: bytes) -> None:
        """Enrol an institution's first gateway key, whose holder proved possession (spec/registry)."""
        now = self.clock.now_ms()
        body = KeyEnrolled(
            key=key_id(spki),
            algorithm=int(algorithm),
            public=spki,
            institution=institution,
            purpose=Purpose.GATEWAY,
            valid_from_ms=now - DAY_MS,
            valid_to_ms=now + 3 * YEAR_MS,
            possession=possession,
        )
        self.author.submit(body, subject=institution)

    # -- devices ----------------------------------------------------------------------------------------------------

    def issue_device(
        self,
        institution: str,
        responsible: str,
        public: ec.EllipticCurvePublicKey,
        *,
        machine: bool = False,
        device: str = "",
        replaces: str | None = None,
    ) -> IssuedDevice:
        """A client certificate for a new device (``machine``: a gateway's own); on the ledger before it is returned.

        ``device``: the handle of an approved request; ``replaces``: whose successor it is. Raises ``Refused`` beyond the limit.
        """
        device = device or new_handle("dev")
        made = self.ca.issue_device(public, self.engine.ledger_id, institution, device, self.clock.now_ms())
        issued = parse_device_certificate(made.public_bytes(Encoding.DER))
        body = identity.DeviceEnrolled(
            device=device,
            institution=institution,
            serial=issued.serial,
            certificate=issued.digest,
            key=issued.key,
            from_ms=issued.from_ms,
            to_ms=issued.to_ms,
            responsible=responsible,
            machine=True if machine else None,
            replaces=replaces,
        )
        self.author.submit(body, subject=device)
        return IssuedDevice(device, made.public_bytes(Encoding.PEM), issued.to_ms)

    def pack_device(
        self, key: ec.EllipticCurvePrivateKey, issued: IssuedDevice, password: bytes
    ) -> tuple[bytes, bytes]:
        """A device's key and certificate as P12, and as PEM with the key encrypted, both under ``password``."""
        certificate = x509.load_pem_x509_certificate(issued.certificate)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        return self.ca.p12(key, certificate, password), pem + issued.certificate

    def revoke_device(self, device: str, reason: DeviceReason) -> None:
        """Refuse the device from now on; the CRL follows."""
        self.author.submit(identity.DeviceRevoked(device=device, reason=reason), subject=device)

    def limit_devices(self, institution: str, most: int) -> None:
        """How many devices an institution may have from now on."""
        self.author.submit(DeviceLimited(institution=institution, most=most), subject=institution)

    def crl(self) -> bytes:
        """The current revocation list (PEM), derived from the ledger; its number is the ledger's height.

        While a change of the CA's key overlaps there is one list for each authority, all with the same entries (serials are random).
        """
        with self.engine.view() as state:
            revoked = identity.revoked_serials(state)
        now = self.clock.now_ms()
        return b"".join(one.crl(revoked, self.engine.height, now) for one in self.authorities)

    def issue_web(self, public: ec.EllipticCurvePublicKey, names: Sequence[str]) -> bytes:
        """A server certificate (PEM) for an origin of this service."""
        return self.ca.issue_server(public, names, self.clock.now_ms()).public_bytes(Encoding.PEM)

    def trust_text(self) -> str:
        """The trust file that members pin (docs/spec/trust.md)."""
        return (self.paths.public / TRUST_FILE).read_text(encoding="utf-8")

    def _enrol_server_key(self) -> None:
        signer = self.keystore.signer(SERVER_KEY)
        now, key = self.clock.now_ms(), key_id(signer.spki)
        message = possession_message(self.engine.ledger_id, key, self.secretariat_handle)
        body = KeyEnrolled(
            key=key,
            algorithm=int(signer.algorithm),
            public=signer.spki,
            institution=self.secretariat_handle,
            purpose=Purpose.SERVER,
            valid_from_ms=now - DAY_MS,
            valid_to_ms=now + 10 * YEAR_MS,
            possession=signer.sign(message),
        )
        self.author.submit(body, subject=self.secretariat_handle)
