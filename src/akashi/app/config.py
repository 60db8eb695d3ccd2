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
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from akashi.app.errors import HomeMissing, SettingsInvalid
from akashi.durable import write_file

S = TypeVar("S", "ServerSettings", "GatewaySettings")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of a server (``server.toml``)."""

    domain: str = "akashi.example"  # trusted: whoever can change this can make receipts name another log
    host: str = "127.0.0.1"  # trusted: whoever can change this can expose the port to other networks
    port: int = 8443  # trusted: whoever can change this can make gateways miss the server
    public_port: int = 8442  # trusted: whoever can change this can move the enrolment pages
    tsa_url: str = ""  # trusted: whoever can change this can choose who stamps; empty: local test authority
    stamp_every_ms: int = HOUR_MS  # trusted: whoever can change this can widen the interval a stamp proves
    orphan_after_ms: int = 8 * DAY_MS  # trusted: whoever can change this can keep staged bytes longer, never shorter
    housekeeping_every_ms: int = 60_000  # trusted: whoever can change this can delay erasure


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Settings of a gateway (``gateway.toml``)."""

    institution: str = ""  # trusted: whoever can change this can only make the gateway refuse (keys must match)
    server_url: str = ""  # trusted: whoever can change this can withhold answers, not forge them (pinned trust file)
    host: str = "127.0.0.1"  # trusted: whoever can change this can expose the port to other networks
    port: int = 8444  # trusted: whoever can change this can move the users' address
    suite: int = 1  # trusted: whoever can change this can choose another shipped suite for new payloads
    idle_timeout_ms: int = 15 * 60_000  # trusted: whoever can change this can keep unattended sessions open
    session_ms: int = 8 * HOUR_MS  # trusted: whoever can change this can lengthen sessions
    require_totp: bool = True  # trusted: whoever can change this can drop the second factor
    default_life_ms: int = 30 * DAY_MS  # trusted: whoever can change this can keep payloads longer, at most 90 days
    default_retention_ms: int = 7 * DAY_MS  # trusted: whoever can change this can delay erasure, at most 90 days
    upload_limit_bytes: int = 512 * 1024 * 1024  # trusted: whoever can change this can let a file exhaust memory


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
        """Map files of the institution."""
        return self.root / "maps"

    @property
    def trust(self) -> Path:
        """The pinned trust file."""
        return self.root / "trust.txt"

    @property
    def ca(self) -> Path:
        """The CA certificate, PEM."""
        return self.root / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The gateway machine's own client certificate, PEM."""
        return self.root / "gateway.pem"

    @property
    def server_certificate(self) -> Path:
        """The certificate of the gateway's own web origin, PEM."""
        return self.root / "web.pem"


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
