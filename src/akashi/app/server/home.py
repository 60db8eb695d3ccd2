"""A server: ledger, vault, private CA and time stamps of one service, and what the secretariat does with them.

Guarantees: everything it changes is an operation signed by the secretariat's or the server's key; certificates it issues are
on the ledger before they are handed out; no key in its key store opens a payload (held by a test). Refuses: to issue for an
institution that is not on the ledger. Trusts: its own folder only as far as ``Engine.open`` verifies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from akashi.app.config import (
    DAY_MS,
    ServerPaths,
    ServerSettings,
    gateway_paths,
    gateways_in,
    load_settings,
    save_settings,
    server_paths,
)
from akashi.app.directory import DirectoryEntry, LocalDirectory, commitment
from akashi.app.errors import HomeExists, InstitutionUnknown
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.server.erasing import erase_ordered
from akashi.app.server.founding import CA_KEY, COSIGNER_KEY, SECRETARIAT_KEY, SERVER_KEY, found
from akashi.app.server.logkeys import TRUST_FILE, current_log_key, publish_log_key
from akashi.app.server.pickups import Pickups
from akashi.app.server.stamping import Stamper
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.exchange.housekeeping import Housekeeping
from akashi.identity import events as identity
from akashi.identity.ca import CertificateAuthority, parse_device_certificate
from akashi.identity.handles import new_handle
from akashi.identity.model import DeviceReason, InstitutionReason, InstitutionRole
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import STANDARD_COST, Cost
from akashi.ledger.author import Author
from akashi.ledger.model import Algorithm, Purpose
from akashi.ledger.registry import KeyEnrolled, possession_message
from akashi.ledger.service import Engine
from akashi.ledger.wire.envelope import key_id
from akashi.vault.events import payload_record
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

    def __init__(self, paths: ServerPaths, keystore: FileKeystore, clock: Clock) -> None:
        self.paths, self.keystore, self.clock = paths, keystore, clock
        self.settings = load_settings(paths.settings, ServerSettings)
        self.ca_certificate = (paths.public / "ca.pem").read_bytes()
        self.ca = CertificateAuthority(
            keystore.private_key(CA_KEY), x509.load_pem_x509_certificate(self.ca_certificate)
        )
        self.engine = Engine.open(
            paths.ledger,
            kinds=KINDS,
            log_key=keystore.note_signer(
                current_log_key(paths, keystore), (paths.public / "origin").read_text().strip()
            ),
            cosigner=keystore.note_signer(COSIGNER_KEY, (paths.public / "cosigner").read_text().strip()),
            clock=clock,
            witnessed=_seen_by_gateways(paths.root.parent),
            seen=paths.root / "seen.note",
        )
        publish_log_key(paths, self.engine)
        self.vault = Vault(paths.vault, keystore.signer(SERVER_KEY), self.engine.ledger_id, clock)
        self._erase_again()
        self.directory = LocalDirectory(paths.directory)
        self.pickups = Pickups(paths.root / "pickups", clock)
        self.secretariat_handle = (paths.public / "secretariat").read_text().strip()
        self.author = Author(self.engine, keystore.signer(SECRETARIAT_KEY), self.secretariat_handle, clock)
        self.machine = Author(self.engine, keystore.signer(SERVER_KEY), self.secretariat_handle, clock)
        self.housekeeping = Housekeeping(self.machine, self.vault, clock, orphan_age_ms=self.settings.orphan_after_ms)
        self.stamper = Stamper(self.engine, self.machine, paths.public, keystore, self.settings.tsa_url, clock)

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
        keystore = FileKeystore.create(paths.keys, passphrase, cost=cost)
        found(paths, settings, keystore, clock)
        save_settings(paths.settings, settings)
        server = cls(paths, keystore, clock)
        server._enrol_server_key()
        server._register(server.secretariat_handle, name, "", int(InstitutionRole.SECRETARIAT))
        return server

    @classmethod
    def open(cls, home: Path, passphrase: bytes, clock: Clock) -> Self:
        """Open an existing server home. Raises ``HomeMissing``, ``LedgerDamaged``, wrong-passphrase errors."""
        paths = server_paths(home)
        load_settings(paths.settings, ServerSettings)
        return cls(paths, FileKeystore.open(paths.keys, passphrase), clock)

    def close(self) -> None:
        """Finish what is under way and release the lock."""
        self.vault.close()
        self.engine.close()

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
        """Record an institution and keep its name; returns its handle."""
        handle = new_handle("inst")
        self._register(handle, name, number, roles)
        return handle

    def _register(self, handle: str, name: str, number: str, roles: int) -> None:
        entry = self.directory.prepare(handle, name, number)
        body = identity.InstitutionRegistered(institution=handle, roles=roles, directory=commitment(entry))
        # The name first: a crash in between leaves a name without an institution, which nobody shows.
        self.directory.store(entry)
        self.author.submit(body, subject=handle)

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
        self, institution: str, responsible: str, public: ec.EllipticCurvePublicKey, *, machine: bool = False
    ) -> IssuedDevice:
        """A client certificate for a new device (``machine``: a gateway's own); on the ledger before it is returned."""
        device = new_handle("dev")
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

    def crl(self) -> bytes:
        """The current revocation list (PEM), derived from the ledger; its number is the ledger's height."""
        with self.engine.view() as state:
            revoked = identity.revoked_serials(state)
        return self.ca.crl(revoked, self.engine.height, self.clock.now_ms())

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


def _seen_by_gateways(home: Path) -> list[bytes]:
    """The newest checkpoints that the gateways beside this server remember."""
    notes = (SeenCheckpoint.peek(gateway_paths(home, one).database) for one in gateways_in(home))
    return [note for note in notes if note is not None]
