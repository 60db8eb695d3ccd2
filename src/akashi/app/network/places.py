"""Where one server of several keeps what belongs to the network, and how the others are reached.

Guarantees: every path follows from the server's home; the address book is parsed strictly and says where the others are, never who they are: the ledger does.
Trusted: whoever can change the address book can cut this server off, and nothing more (keys are compared with the ledger's).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akashi.app.config import ServerPaths
from akashi.app.errors import SettingsInvalid
from akashi.app.server.founding import COSIGNER_KEY, LOG_KEY
from akashi.durable import write_file
from akashi.keys.keystore import FileKeystore
from akashi.ledger.engine.chain import LogKeys
from akashi.network.model import Address
from akashi.network.node.home import NodeHome
from akashi.network.peers.lines import cosigner_name

PEER_KEY = "peer"
_MOST = 32


@dataclass(frozen=True, slots=True)
class NetworkPlaces:
    """The network's files in a server's folder."""

    root: Path

    @classmethod
    def of(cls, paths: ServerPaths) -> NetworkPlaces:
        """Those of a server."""
        return cls((paths.root / "network").absolute())

    @property
    def node(self) -> NodeHome:
        """CometBFT's."""
        return NodeHome(self.root)

    @property
    def store(self) -> Path:
        """Quorum notes, operations that are not final, evidence."""
        return self.root / "network.db"

    @property
    def book(self) -> Path:
        """The address book."""
        return self.root / "servers.json"

    @property
    def certificate(self) -> Path:
        """The certificate of this server towards the others, PEM."""
        return self.root / "peer.pem"

    @property
    def exists(self) -> bool:
        """Whether this server is one of several."""
        return self.book.is_file()


@dataclass(frozen=True, slots=True)
class Reached:
    """One server in the address book. ``certificate``: PEM; its key is the one that the ledger names. ``former``: the one before, over the same key."""

    server: str
    number: int
    address: Address
    certificate: bytes
    former: bytes = b""

    @property
    def trusted(self) -> tuple[bytes, ...]:
        """The certificates that it may show; one that has ended TLS refuses."""
        return (self.certificate, self.former) if self.former else (self.certificate,)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """All servers, and which one this is."""

    own: str
    servers: tuple[Reached, ...]

    @property
    def me(self) -> Reached:
        """The entry of this server itself."""
        return next(one for one in self.servers if one.server == self.own)

    @property
    def others(self) -> tuple[Reached, ...]:
        """Everybody else."""
        return tuple(one for one in self.servers if one.server != self.own)

    def encode(self) -> bytes:
        """The file."""
        rows = [
            {
                "server": one.server,
                "number": one.number,
                "host": one.address.host,
                "peer_port": one.address.peer_port,
                "node_port": one.address.node_port,
                "certificate": one.certificate.decode("ascii"),
            }
            | ({"former": one.former.decode("ascii")} if one.former else {})
            for one in self.servers
        ]
        return json.dumps({"own": self.own, "servers": rows}, indent=2).encode() + b"\n"

    def write(self, path: Path) -> None:
        """Keep it, durably."""
        write_file(path, self.encode())

    @classmethod
    def read(cls, path: Path) -> AddressBook:
        """Raises :class:`SettingsInvalid`."""
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, data: bytes) -> AddressBook:
        """Inverse of :meth:`encode`. Raises :class:`SettingsInvalid`."""
        try:
            value = json.loads(data)
            book = cls(_text(value["own"]), tuple(_reached(one) for one in value["servers"]))
            named = [one.server for one in book.servers]
            if set(value) == {"own", "servers"} and len(named) <= _MOST and named.count(book.own) == 1:
                return book
        except (KeyError, TypeError, ValueError, UnicodeError):
            pass  # said below, without the cause: it would quote the file
        raise SettingsInvalid(setting="servers.json")


def _reached(row: Any) -> Reached:
    if set(row) - {"former"} != {"server", "number", "host", "peer_port", "node_port", "certificate"}:
        raise ValueError
    address = Address(_text(row["host"]), _port(row["peer_port"]), _port(row["node_port"]))
    certificate, former = _text(row["certificate"]).encode("ascii"), _text(row.get("former", "")).encode("ascii")
    return Reached(_text(row["server"]), _number(row["number"]), address, certificate, former)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 8192:
        raise ValueError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < 10_000:
        raise ValueError
    return value


def _port(value: Any) -> int:
    if type(value) is not int or not 0 < value < 65_536:
        raise ValueError
    return value


def replica_keys(keystore: FileKeystore, origin: str, number: int, log_name: str = LOG_KEY) -> LogKeys:
    """The keys with which a server of a network signs checkpoints."""
    return LogKeys(
        keystore.note_signer(log_name, origin), keystore.note_signer(COSIGNER_KEY, cosigner_name(origin, number))
    )
