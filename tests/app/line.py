"""A gateway's line over the server's real machine API, without sockets: the application is called in this process.

What TLS would say (which certificate the peer holds) is put where the protocol puts it; everything behind is the product.
"""

from __future__ import annotations

import asyncio

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.types import ASGIApp, Receive, Scope, Send

from akashi.api.server.app import server_app
from akashi.api.tls import ClientCertificate
from akashi.app.gateway.home import Gateway
from akashi.app.gateway.remote import Channel, RemoteLedger
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.ledger.proof.trust import parse_trust


class AppChannel(Channel):
    """A :class:`Channel` whose server is in this process. ``down`` makes it answer to nobody."""

    def __init__(self, server: Server, certificate_pem: bytes) -> None:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        self.peer = ClientCertificate(
            certificate.public_bytes(Encoding.DER), certificate.fingerprint(hashes.SHA256()), certificate.serial_number
        )
        self.down = False
        self.connect(server)

    def connect(self, server: Server) -> None:
        """Talk to this server from now on."""
        self._client = httpx.Client(
            base_url="https://server.example",
            transport=_InProcess(self, server_app(server, ErrorCounter(server.clock))),
        )


class _InProcess(httpx.BaseTransport):
    """Calls an ASGI application as if its peer had shown the channel's certificate."""

    def __init__(self, channel: AppChannel, app: ASGIApp) -> None:
        self._channel, self._app = channel, app

    async def _with_peer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(
            {**scope, "extensions": {"tls": {"akashi.client_certificate": self._channel.peer}}}, receive, send
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._channel.down:
            raise httpx.ConnectError("nobody answers")
        body = request.read()

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._with_peer)) as client:
                return await client.request(request.method, request.url, content=body)

        answer = asyncio.run(ask())
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def remote_ledger(gateway: Gateway, channel: AppChannel) -> RemoteLedger:
    """The ledger as this gateway sees it over ``channel``, remembering what it saw where the gateway does."""
    trust = parse_trust(gateway.paths.trust.read_bytes())
    return RemoteLedger(channel, trust, gateway.seen.read, gateway.seen.keep)
