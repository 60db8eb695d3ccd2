"""The connections between the servers: each one's listener is knocked at by nobody, by a stranger and with an old protocol, and its key is compared with the ledger's.

Guarantees: only the addresses of this home's address book are knocked at, a handful of times each; the stranger's key is made for the occasion and kept in memory. Refuses: to take silence for a
refusal: a listener that could not be reached is counted as such. Trusts: the ledger for which key is whose.
"""

from __future__ import annotations

import json
import socket
import ssl
from enum import Enum

from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.ledgers import books
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import AkashiError
from akashi.ledger.keyring.members import handed_over
from akashi.network.model import Address
from akashi.network.peers.certificates import (
    PeerIdentity,
    client_context,
    peer_certificate,
    peer_identity,
    read_certificate,
    spki_digest,
)
from akashi.network.records import servers as enrolled

_SECONDS = 5.0
_DAY_MS = 86_400_000


class Outcome(Enum):
    """What came of a knock."""

    REFUSED = "refused"
    LET_IN = "let in"
    AWAY = "away"


def peers(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Every server's listener: pinned key, no certificate, a stranger's, TLS 1.2."""
    with books(here, bench) as opened:
        several = handed_over(opened.state) is not None
        keys = {one.handle: one.keys.peer for one in enrolled(opened.state) if one.retired_ms is None}
    if not several:
        facts: dict[str, Fact] = {"several": False}
        return Observed(facts, json.dumps(facts).encode(), TOOL)
    try:
        book = AddressBook.read(NetworkPlaces.of(here.server_paths).book)
    except (AkashiError, OSError) as error:
        raise Unreached(reason="servers.book") from error
    now_ms = here.gateway.clock.now_ms()
    asked = [one for one in book.servers if one.server in keys]
    seen = [_Seen(one.address, keys[one.server], now_ms) for one in asked]
    left = [(read_certificate(one.certificate).to_ms - now_ms) // _DAY_MS for one in asked]
    facts = {
        "several": True,
        "servers": len(keys),
        "knocked": len(seen),
        "reached": sum(1 for one in seen if one.reached),
        "pinned": sum(1 for one in seen if one.pinned),
        "nobody.refused": sum(1 for one in seen if one.nobody is Outcome.REFUSED),
        "stranger.refused": sum(1 for one in seen if one.stranger is Outcome.REFUSED),
        "older.refused": sum(1 for one in seen if one.older is Outcome.REFUSED),
        "let_in": sum(1 for one in seen if Outcome.LET_IN in (one.nobody, one.stranger, one.older)),
        "days_left": max(0, min(left, default=0)),
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


class _Seen:
    """One listener, knocked at four times."""

    def __init__(self, address: Address, key: bytes, now_ms: int) -> None:
        shown = _shown(address)
        self.reached = shown is not None
        self.pinned = shown is not None and spki_digest(shown) == key
        self.nobody = self.stranger = self.older = Outcome.AWAY
        if shown is not None:
            self.nobody = _knock(address, _blind())
            self.stranger = _knock(address, _stranger(ssl.DER_cert_to_PEM_cert(shown).encode(), now_ms))
            self.older = _knock(address, _older())


def _blind() -> ssl.SSLContext:
    """Nobody: no certificate, and no question about theirs (it is compared with the ledger afterwards)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _older() -> ssl.SSLContext:
    context = _blind()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _stranger(theirs: bytes, now_ms: int) -> ssl.SSLContext:
    """Somebody with a sound certificate of their own that nobody enrolled."""
    key = ec.generate_private_key(ec.SECP256R1())
    made: PeerIdentity = peer_identity(key, peer_certificate(key, ["localhost"], now_ms))
    return client_context(made, [theirs])


def _shown(address: Address) -> bytes | None:
    """The certificate (DER) that a listener shows; a client without one sees it before it is refused."""
    try:
        with (
            socket.create_connection((address.host, address.peer_port), _SECONDS) as line,
            _blind().wrap_socket(line) as secured,
        ):
            return secured.getpeercert(binary_form=True)
    except (OSError, ssl.SSLError):
        return None


def _knock(address: Address, context: ssl.SSLContext) -> Outcome:
    """Ask for the status: in TLS 1.3 a refusal of one's certificate arrives with the first answer."""
    try:
        line = socket.create_connection((address.host, address.peer_port), _SECONDS)
    except OSError:
        return Outcome.AWAY
    with line:
        try:
            with context.wrap_socket(line) as secured:
                secured.sendall(b"GET /peer/v1/status HTTP/1.1\r\nHost: peer\r\nConnection: close\r\n\r\n")
                return Outcome.LET_IN if secured.recv(1) else Outcome.REFUSED
        except (TimeoutError, ssl.SSLCertVerificationError):  # silence, or it was we who refused
            return Outcome.AWAY
        except (OSError, ssl.SSLError):
            return Outcome.REFUSED
