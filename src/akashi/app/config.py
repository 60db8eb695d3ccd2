"""Where a home's parts lie, and its settings.

Guarantees: every path of a server's or gateway's home is named here once; settings are parsed strictly (unknown keys are
refused). Each setting that is trusted says so beside it. Trusts whoever can write the home's folder.

Example ``server.toml``::

    domain = "akashi.example.jp"
    host = "127.0.0.1"
    port = 8443
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from akashi.app.errors import HomeMissing, SettingsInvalid
from akashi.durable import write_file
from akashi.identity.factors.model import Site
from akashi.identity.model import ALL_ROLES, Role

S = TypeVar("S", "ServerSettings", "GatewaySettings")
_ORIGIN = re.compile(r"https://([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*)(?::[1-9][0-9]{0,4})?", re.ASCII)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_PASSKEY_ROLES = {
    "nobody": Role(0),
    "managers": Role.MANAGER | Role.PLANNER | Role.OPERATIONS | Role.SECRETARIAT,
    "everybody": Role(ALL_ROLES),
}
"""``managers``: whoever decides about people, devices, keys or the service."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of a server (``server.toml``)."""

    domain: str = "akashi.example"  # trusted: whoever can change this can make receipts name another log
    host: str = "127.0.0.1"  # trusted: whoever can change this can expose the port to other networks
    port: int = 8443  # trusted: whoever can change this can make gateways miss the server
    public_port: int = 8442  # trusted: whoever can change this can move the enrolment pages
    connections: int = 1536  # trusted: whoever can change this can let clients take more files and memory
    connections_per_address: int = 1024  # trusted: whoever can change this can let one address take the others' room
    connections_per_device: int = 128  # trusted: whoever can change this can let one device take the others' room
    waiting_connections: int = 768  # trusted: whoever can change this can let strangers take more files
    handshakes_per_second: int = 30  # trusted: whoever can change this can let strangers take the processor
    handshake_ms: int = 5_000  # trusted: whoever can change this can let strangers stay longer at the entrance
    idle_ms: int = 30_000  # trusted: whoever can change this can keep connections at rest open
    tsa_url: str = ""  # trusted: whoever can change this can choose who stamps; empty: local test authority
    stamp_every_ms: int = HOUR_MS  # trusted: whoever can change this can widen the interval a stamp proves
    orphan_after_ms: int = 8 * DAY_MS  # trusted: whoever can change this can keep staged bytes longer, never shorter
    housekeeping_every_ms: int = 60_000  # trusted: whoever can change this can delay erasure
    witness_urls: str = ""  # trusted: whoever can change this can keep outside cosignatures away, never forge them
    witness_vkeys: str = ""  # trusted: whoever can change this can have others cosign; who counts is the trust file's
    witness_every_ms: int = 60_000  # trusted: whoever can change this can make outside cosignatures late
    mirror_outbox: str = ""  # trusted: whoever can change this can have bundles made elsewhere, or none
    mirror_inbox: str = ""  # trusted: whoever can change this can keep receipts away, never forge them
    mirror_every_ms: int = HOUR_MS  # trusted: whoever can change this can make mirrors older
    mirror_keep: int = 24  # trusted: whoever can change this can fill the outbox's disk
    mirror_overdue_ms: int = 3 * DAY_MS  # trusted: whoever can change this can keep a silent mirror unnoticed
    pkcs11_module: str = ""  # trusted: whoever can change this can load code into this process; empty: keys are files
    pkcs11_token: str = (
        ""  # trusted: whoever can change this can only make keys missing (each is compared with its record)
    )
    pkcs11_validation: str = (
        ""  # trusted: whoever can change this can change what is declared of the module, never what is known
    )
    key_overlap_ms: int = 7 * DAY_MS  # trusted: whoever can change this can keep a superseded key current longer


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Settings of a gateway (``gateway.toml``)."""

    institution: str = ""  # trusted: whoever can change this can only make the gateway refuse (keys must match)
    server_url: str = ""  # trusted: whoever can change this can withhold answers, not forge them (pinned trust file)
    host: str = "127.0.0.1"  # trusted: whoever can change this can expose the port to other networks
    port: int = 8444  # trusted: whoever can change this can move the users' address
    connections: int = 1536  # trusted: whoever can change this can let clients take more files and memory
    connections_per_address: int = 1024  # trusted: whoever can change this can let one address take the others' room
    connections_per_device: int = 128  # trusted: whoever can change this can let one device take the others' room
    waiting_connections: int = 768  # trusted: whoever can change this can let strangers take more files
    handshakes_per_second: int = 30  # trusted: whoever can change this can let strangers take the processor
    handshake_ms: int = 5_000  # trusted: whoever can change this can let strangers stay longer at the entrance
    idle_ms: int = 30_000  # trusted: whoever can change this can keep connections at rest open
    probe_answer_ms: int = (
        3_000  # trusted: whoever can change this can make slow answers of probed targets count as none
    )
    suite: int = 1  # trusted: whoever can change this can choose another shipped suite for new payloads
    idle_timeout_ms: int = 15 * 60_000  # trusted: whoever can change this can keep unattended sessions open
    session_ms: int = 8 * HOUR_MS  # trusted: whoever can change this can lengthen sessions
    require_totp: bool = True  # trusted: whoever can change this can drop the second factor
    require_passkey: str = (
        "nobody"  # trusted: whoever can change this can let people work without a passkey (nobody, managers, everybody)
    )
    web_address: str = ""  # trusted: whoever can change this can make passkeys unusable; empty: https://localhost:port
    temporary_ms: int = DAY_MS  # trusted: whoever can change this can keep a temporary code good longer, a day at most
    temporary_uses: int = 3  # trusted: whoever can change this can let a temporary code open more sessions
    proof_ms: int = 5 * 60_000  # trusted: whoever can change this can let a critical action stand on an old proof
    parallel_sessions: int = 20  # trusted: whoever can change this can let one person hold more sessions
    spray_failures: int = 100  # trusted: whoever can change this can allow more guessing over all accounts
    orphan_grace_ms: int = 14 * DAY_MS  # trusted: whoever can change this can keep devices of people who left
    confirm_places: bool = True  # trusted: whoever can change this can drop the question about a second browser
    dormant_days: int = 90  # trusted: whoever can change this can let unused accounts pass a review
    review_every_days: int = 180  # trusted: whoever can change this can put off the review of accounts
    reset_document_days: int = 90  # trusted: whoever can change this can keep copies of identity documents longer
    reset_at_checker: bool = True  # trusted: whoever can change this can let a reset ticket count beside its checker
    usual_from_hour: int = 7  # trusted: whoever can change this can keep early access from being marked
    usual_to_hour: int = 20  # trusted: whoever can change this can keep late access from being marked
    many_subjects: int = 50  # trusted: whoever can change this can keep wide access from being marked
    default_life_ms: int = 30 * DAY_MS  # trusted: whoever can change this can keep payloads longer, at most 90 days
    default_retention_ms: int = 7 * DAY_MS  # trusted: whoever can change this can delay erasure, at most 90 days
    map_approval_two_persons: bool = (
        False  # trusted: whoever can change this can let one person write and approve a map
    )
    upload_limit_bytes: int = 512 * 1024 * 1024  # trusted: whoever can change this can let a file exhaust memory
    pkcs11_module: str = ""  # trusted: whoever can change this can load code into this process; empty: keys are files
    pkcs11_token: str = (
        ""  # trusted: whoever can change this can only make keys missing (each is compared with its record)
    )
    pkcs11_validation: str = (
        ""  # trusted: whoever can change this can change what is declared of the module, never what is known
    )
    key_overlap_ms: int = 7 * DAY_MS  # trusted: whoever can change this can keep a superseded key current longer
    retired_suites: str = (
        ""  # trusted: whoever can change this can let a retired suite seal again ("1", "1,2"; opening is never refused)
    )
    document_tsa_url: str = ""  # trusted: whoever can change this can choose who stamps documents, not who is believed
    document_crl_urls: str = (
        ""  # trusted: whoever can change this can withhold lists, not forge them; space between URLs
    )
    document_ocsp_url: str = ""  # trusted: whoever can change this can withhold answers, not forge them


@dataclass(frozen=True, slots=True)
class ServerPaths:
    """The folder of a server; holds no key that opens a payload."""

    root: Path

    @property
    def settings(self) -> Path:
        """``server.toml``."""
        return self.root / "server.toml"

    @property
    def ledger(self) -> Path:
        """The ledger's database."""
        return self.root / "ledger"

    @property
    def vault(self) -> Path:
        """Sealed bodies and key slots."""
        return self.root / "vault"

    @property
    def keys(self) -> Path:
        """The server's key store (secretariat, server, log, cosigner, CA, TSA)."""
        return self.root / "keys"

    @property
    def directory(self) -> Path:
        """Names of institutions, beside the ledger."""
        return self.root / "directory.db"

    @property
    def public(self) -> Path:
        """CA certificate, trust file: public files."""
        return self.root / "public"


@dataclass(frozen=True, slots=True)
class GatewayPaths:
    """The folder of one institution's gateway."""

    root: Path

    @property
    def settings(self) -> Path:
        """``gateway.toml``."""
        return self.root / "gateway.toml"

    @property
    def database(self) -> Path:
        """People, sessions, journal, outbox."""
        return self.root / "gateway.db"

    @property
    def conformity(self) -> Path:
        """Answers, runs and evidence lists of conformity, sealed under the key store."""
        return self.root / "conformity.db"

    @property
    def keys(self) -> Path:
        """The institution's key store (signing, opening, device)."""
        return self.root / "keys"

    @property
    def maps(self) -> Path:
        """Where ``standard-format.yaml`` of a licensee may lie; map files there are not used."""
        return self.root / "maps"

    @property
    def map_documents(self) -> Path:
        """Texts, drafts and decisions of the institution's maps, sealed under the key store."""
        return self.root / "maps.db"

    @property
    def words(self) -> Path:
        """Findings that nobody understood yet, and the institution's own words for them, sealed under the key store."""
        return self.root / "words.db"

    @property
    def trust(self) -> Path:
        """The pinned trust file."""
        return self.root / "trust.txt"

    @property
    def ca(self) -> Path:
        """The CA certificate, PEM."""
        return self.root / "ca.pem"

    @property
    def crl(self) -> Path:
        """The last revocation list that the server gave, PEM; used while the server is away, until it expires."""
        return self.root / "crl.pem"

    @property
    def certificate(self) -> Path:
        """The gateway machine's own client certificate, PEM."""
        return self.root / "gateway.pem"

    @property
    def server_certificate(self) -> Path:
        """The certificate of the gateway's own web origin, PEM."""
        return self.root / "web.pem"

    @property
    def document_trust(self) -> Path:
        """Authorities and lists that document signatures are judged by (docs/signatures.md section 3)."""
        return self.root / "document-trust"


def server_paths(home: Path) -> ServerPaths:
    """The server part of ``home``."""
    return ServerPaths(home / "server")


def gateway_paths(home: Path, institution: str) -> GatewayPaths:
    """The gateway of ``institution`` in ``home``."""
    return GatewayPaths(home / "gateways" / institution)


def gateways_in(home: Path) -> list[str]:
    """Institutions whose gateways live in ``home``, sorted."""
    folder = home / "gateways"
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if (entry / "gateway.toml").is_file())


def load_settings(path: Path, of: type[S]) -> S:
    """Read a settings file strictly. Raises :class:`HomeMissing` or :class:`SettingsInvalid`."""
    if not path.is_file():
        raise HomeMissing(name=os.fspath(path.parent.name))
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(setting=path.name) from error
    known = {f.name: type(f.default) for f in fields(of)}
    for name, value in values.items():
        if name not in known or type(value) is not known[name]:
            raise SettingsInvalid(setting=name)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise SettingsInvalid(setting=name)
    return of(**values)


def save_settings(path: Path, settings: ServerSettings | GatewaySettings) -> None:
    """Write all settings, durably; ``load_settings`` gives the same back."""
    lines = []
    for f in fields(settings):
        value = getattr(settings, f.name)
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int):
            text = str(value)
        else:
            if not isinstance(value, str) or any(c in value for c in '"\\\n\r'):
                raise SettingsInvalid(setting=f.name)
            text = f'"{value}"'
        lines.append(f"{f.name} = {text}\n")
    write_file(path, "".join(lines).encode())


def passkey_roles(settings: GatewaySettings) -> Role:
    """Whom ``require_passkey`` asks for a passkey. Raises :class:`SettingsInvalid` for a word that is none of the three."""
    if settings.require_passkey not in _PASSKEY_ROLES:
        raise SettingsInvalid(setting="require_passkey")
    return _PASSKEY_ROLES[settings.require_passkey]


def web_site(settings: GatewaySettings) -> Site:
    """Relying party and origin of passkeys. Raises :class:`SettingsInvalid` for an address that browsers would not take."""
    address = settings.web_address or f"https://localhost:{settings.port}"
    found = _ORIGIN.fullmatch(address)
    # WebAuthn wants a domain name: no numbers, and https everywhere.
    if found is None or found.group(1).rpartition(".")[2].isdigit():
        raise SettingsInvalid(setting="web_address")
    return Site(found.group(1), address.removesuffix(":443"))
