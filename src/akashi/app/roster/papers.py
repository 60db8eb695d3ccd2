"""The two papers of a server that joins: what it offers, and what it is invited with.

Guarantees: both are public and are parsed strictly; an offer's fingerprint covers all of it. Refuses other types and shapes (:class:`PaperInvalid`) without
quoting them. Trusts: whoever carries an offer to the secretariat not to exchange it (compare the fingerprint).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from akashi.app.errors import SettingsInvalid
from akashi.app.network.places import AddressBook, Reached
from akashi.app.server.logkeys import TRUST_FILE
from akashi.network.errors import PaperInvalid
from akashi.network.model import Address

_OFFER = "akashi-server-offer/1"
_INVITATION = "akashi-server-invitation/1"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server shows of itself before it is one: public keys, its address, and that its server key is its own."""

    address: Address
    certificate: bytes
    server_spki: bytes
    log_key: bytes
    cosigner_key: bytes
    validator: bytes
    node: bytes
    possession: bytes = b""

    def encode(self) -> bytes:
        """A file to carry to the secretariat."""
        binary = ("certificate", "server_spki", "log_key", "cosigner_key", "validator", "node", "possession")
        rows = {name: base64.b64encode(getattr(self, name)).decode() for name in binary}
        place = {"host": self.address.host, "peer_port": self.address.peer_port, "node_port": self.address.node_port}
        return json.dumps({"type": _OFFER, **place, **rows}, indent=2).encode() + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Offer:
        """Raises :class:`PaperInvalid`."""
        try:
            value = json.loads(data)
            if value.pop("type") == _OFFER:
                address = Address(str(value.pop("host")), int(value.pop("peer_port")), int(value.pop("node_port")))
                rows = {name: base64.b64decode(text, validate=True) for name, text in value.items()}
                return cls(address, **rows)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            pass  # said below, without the file's contents
        raise PaperInvalid

    @property
    def fingerprint(self) -> str:
        """What two people compare over the telephone: 16 hex digits."""
        return sha256(self.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a new server needs to begin: public, the same for all but ``own``."""

    own: str
    origin: str
    secretariat: str
    genesis: str
    size: int
    root: bytes
    public: dict[str, str]
    servers: tuple[Reached, ...]

    def encode(self) -> bytes:
        """A file to carry back."""
        book = json.loads(AddressBook(self.own, self.servers).encode())
        value = {
            "type": _INVITATION, "origin": self.origin, "secretariat": self.secretariat, "genesis": self.genesis,
            "size": self.size, "root": self.root.hex(), "public": self.public, "book": book,
        }  # fmt: skip
        return json.dumps(value, indent=2).encode() + b"\n"


def parse_invitation(data: bytes) -> Invitation:
    """Raises :class:`PaperInvalid`."""
    try:
        value = json.loads(data)
        if value["type"] == _INVITATION:
            return _invitation(value)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, SettingsInvalid):
        pass  # said below, without the file's contents
    raise PaperInvalid


def _invitation(value: dict[str, Any]) -> Invitation:
    book = AddressBook.parse(json.dumps(value["book"]).encode())
    public = {
        str(name): str(text) for name, text in value["public"].items() if name in {"ca.pem", "tsa.pem", TRUST_FILE}
    }
    root = bytes.fromhex(value["root"])
    return Invitation(
        book.own, str(value["origin"]), str(value["secretariat"]), str(value["genesis"]), int(value["size"]), root,
        public, book.servers,
    )  # fmt: skip
