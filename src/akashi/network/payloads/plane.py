"""Payloads over the peer plane: another server as a :class:`~akashi.network.payloads.port.PeerVault`, and this one as its peers see it.

Guarantees: ids travel as 32 hexadecimal digits and nothing else; a stream that the connection cut short is an error, never an end. Refuses ids of
another form. Trusts ``peers`` for who is on the other side, and nobody for the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from akashi.network.payloads.errors import CopyBroken, CopyDiffers, CopyRefused
from akashi.network.payloads.intake import Intake
from akashi.network.peers.client import Peer
from akashi.network.peers.routes import BodyBroken
from akashi.vault.errors import PayloadMissing, SealError

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


class PlanePeer:
    """A :class:`PeerVault` behind HTTPS."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    @property
    def server(self) -> str:
        """Its handle."""
        return self._peer.address.server

    def put(self, payload_id: bytes, stream: Callable[[], Iterator[bytes]]) -> bytes:
        """See :class:`PeerVault`."""
        return self._peer.put_payload(payload_id.hex(), stream)

    def get(self, payload_id: bytes, start: int) -> Iterator[bytes]:
        """See :class:`PeerVault`."""
        return self._peer.payload(payload_id.hex(), start)

    def ids(self, after: bytes) -> list[bytes]:
        """See :class:`PeerVault`; ids of another form are left out."""
        return [bytes.fromhex(one) for one in self._peer.payload_ids(after.hex()) if _ID.fullmatch(one)]


class PayloadSide:
    """The three payload calls of :class:`akashi.network.peers.routes.PeerSide`, for a server to pass on."""

    def __init__(self, intake: Intake, gate: Callable[[], None] = lambda: None) -> None:
        """``gate`` is called before every answer and may raise (``gate.Gate``)."""
        self._intake, self._gate = intake, gate

    def payload_ids(self, after: str) -> list[str]:
        """Some ids of payloads held here, in order, behind ``after``; a thousand at most."""
        self._gate()
        start = bytes.fromhex(after) if _ID.fullmatch(after) else b""
        return [one.hex() for one in self._intake.ids(start)]

    def payload(self, _server: str, payload: str, offset: int) -> Iterator[bytes]:
        """The bytes of a payload's container from ``offset``. Raises ``PayloadMissing``, ``PayloadErased``."""
        self._gate()
        return self._intake.give(_parsed(payload), offset)

    def take_payload(self, server: str, payload: str, offset: int, body: Iterator[bytes]) -> bytes:
        """Keep a copy; the signed storage receipt. An offer has no offset: the rest of a copy is fetched."""
        self._gate()
        if offset:
            raise CopyRefused("offset")
        try:
            return self._intake.take(server, _parsed(payload), _ours(payload, body))
        except (CopyDiffers, SealError) as error:
            raise CopyRefused("bytes") from error  # the sender's fault, not this server's


def _parsed(payload: str) -> bytes:
    if not _ID.fullmatch(payload):
        raise PayloadMissing(payload="-")
    return bytes.fromhex(payload)


def _ours(payload: str, body: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from body
    except BodyBroken as error:
        raise CopyBroken(payload=payload) from error
