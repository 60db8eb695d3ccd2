"""A gateway whose server lies: the real machine API, with single answers replaced on the way.

What the tests replace is what an operator of the server could: rows of the state, trails, receipts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import httpx

from akashi.app.gateway.following import PinnedTrust
from akashi.app.gateway.home import Gateway, Line
from akashi.app.gateway.remote import RemoteDirectory, RemoteLedger, RemotePayloads
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.identity.model import Session
from akashi.ledger.model import Purpose
from akashi.ledger.registry import opening_key
from akashi.ledger.wire import cbor
from tests.app.line import AppChannel
from tests.app.service import CLINIC, SHELF, Service

Lie = Callable[[bytes], bytes]
"""From the true answer to the one given."""


class LyingChannel(AppChannel):
    """Answers as the server does, but for the paths in ``lies``; ``asked`` counts all."""

    lies: dict[str, Lie]
    asked: list[str]

    def call(self, method: str, path: str, *, content: bytes | Iterable[bytes] | None = None) -> httpx.Response:
        """One request; a lie also answers what the server itself would refuse."""
        self.asked.append(path)
        lie = self.lies.get(path)
        if lie is None:
            return super().call(method, path, content=content)
        true = self._client.request(method, path, content=content)
        return httpx.Response(200, content=lie(true.content))


@dataclass
class Lied:
    """A gateway behind a lying line."""

    gateway: Gateway
    channel: LyingChannel
    session: Session = field(repr=False)


def lied_to(service: Service, part: str = CLINIC) -> Lied:
    """A second gateway process on the clinic's (or another's) home, whose line can lie. Close its gateway."""
    own = service.gateway(part)
    channel = LyingChannel(service.server, own.paths.certificate.read_bytes())
    channel.lies, channel.asked = {}, []
    pinned, seen = PinnedTrust(own.paths.trust), SeenCheckpoint(own.paths.database)
    ledger = RemoteLedger(channel, pinned.read(), seen.read, seen.keep, pinned)
    payloads = RemotePayloads(channel, ledger.ledger_id)
    line = Line(ledger, payloads, RemoteDirectory(channel), seen, ledger.follow_key, channel)
    gateway = Gateway(own.paths, own.keystore, line, service.clock)
    gateway.maps = SHELF
    session = gateway.accounts.session(service.cast.tokens[part], gateway.machine_certificate())
    return Lied(gateway, channel, session)


def opening_of(service: Service, institution: str) -> bytes:
    """The id of an institution's real opening key."""
    with service.server.engine.view() as state:
        found = opening_key(state, institution, service.clock.now_ms())
    assert found is not None
    return found.key


def row_path(key: bytes) -> str:
    """Where a gateway asks for a key's record."""
    return f"/api/v1/state/key/{key.hex()}"


def scan_path(institution: str) -> str:
    """Where a gateway asks which opening keys an institution has."""
    return f"/api/v1/state/keyof?prefix={(bytes([Purpose.OPENING]) + institution.encode() + bytes(1)).hex()}"


def row_with(service: Service, key: bytes, public: bytes) -> Lie:
    """A record like the true one of ``key``, with another public key in it."""
    with service.server.engine.view() as state:
        true = state.get("key", key)
    assert isinstance(true, list)
    forged = base64.b64encode(cbor.encode([true[0], public, *true[2:]])).decode()
    return lambda _: json.dumps({"value": forged}).encode()


def scan_with(institution: str, key: bytes) -> Lie:
    """An index that names ``key`` as the institution's one opening key."""
    at = bytes([Purpose.OPENING]) + institution.encode() + bytes(1) + key
    row = {"key": at.hex(), "value": base64.b64encode(cbor.encode(1)).decode()}
    return lambda _: json.dumps({"rows": [row]}).encode()


def stranger_key(service: Service) -> tuple[bytes, bytes]:
    """Id and public half of a key that the operator could open with: here simply another institution's real one."""
    office = service.gateway("office")
    public = office.keystore.public("opening")
    return sha256(public).digest(), public
