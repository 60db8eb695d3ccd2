"""The witness's one HTTP route, ``POST /add-checkpoint``, over HTTP or HTTPS, with the standard library only.

Guarantees: reads at most 64 KiB per request, serves at most 64 connections at once, closes idle ones after ten seconds and all after
a minute, answers each address at
most so often in a minute; whatever the bytes, the answer is a status of the protocol. Refuses every other path and method. Writes down neither
addresses nor requests. Trusts nobody who calls: what counts is the log's signature.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections import OrderedDict
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6, SHUT_RDWR, socket
from typing import Any

from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.network.witness.model import Reply
from akashi.network.witness.rules import BUSY, MAX_BODY, PATH, Allowance
from akashi.network.witness.service import Witness

_LOG = logging.getLogger("akashi.witness")
CONNECTIONS = 64
CALLERS = 4_096
TIMEOUT_S = 10.0
LIFETIME_S = 60.0
PER_MINUTE = 600


class WitnessServer(ThreadingHTTPServer):
    """Listens from construction on; ``start`` serves in a thread, ``stop`` ends it after the requests under way."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = CONNECTIONS
    allow_reuse_address = True

    def __init__(
        self,
        witness: Witness,
        host: str,
        port: int,
        clock: Clock,
        *,
        context: ssl.SSLContext | None = None,
        per_minute: int = PER_MINUTE,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        """``context``: of a server with its certificate; without one plain HTTP, for a TLS terminator on this machine."""
        self.witness = witness
        self._clock, self._context, self._per_minute, self._lifetime_s = clock, context, per_minute, lifetime_s
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._callers: OrderedDict[str, Allowance] = OrderedDict()
        self._callers_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="akashi-witness", daemon=True)
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, finish those under way, close the port."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()

    def allowed(self, address: str) -> bool:
        """Whether this caller may ask once more now; the callers heard from longest ago are forgotten."""
        with self._callers_lock:
            allowance = self._callers.pop(address, None) or Allowance(self._per_minute)
            self._callers[address] = allowance
            if len(self._callers) > CALLERS:
                self._callers.popitem(last=False)
            return allowance.take(self._clock.now_ms())

    def process_request(self, request: Any, client_address: Any) -> None:
        """One connection in a thread of its own, if fewer than 64 are open; the others are closed at once."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The connection's thread: TLS first, so that a slow handshake holds up nobody else."""
        try:
            with request.dup() as spare:
                # A byte every nine seconds is never idle: the time runs for the connection as a whole.
                limit = threading.Timer(self._lifetime_s, _cut, (spare,))
                limit.daemon = True
                limit.start()
                try:
                    super().process_request_thread(self._secured(request), client_address)
                finally:
                    limit.cancel()
        except OSError:
            self.shutdown_request(request)
        finally:
            self._free.release()

    def _secured(self, request: socket) -> socket:
        request.settimeout(TIMEOUT_S)
        return request if self._context is None else self._context.wrap_socket(request, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is its caller's business."""


def _cut(connection: socket) -> None:
    with suppress(OSError):  # it has ended by itself
        connection.shutdown(SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S
    server: WitnessServer
    server_version, sys_version = "akashi-witness", ""

    def do_POST(self) -> None:
        """``add-checkpoint``."""
        try:
            length = int(self.headers.get("Content-Length") or "-1", 10)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY or "Transfer-Encoding" in self.headers:
            # What follows cannot be told from a request: the connection ends.
            self._close(HTTPStatus.LENGTH_REQUIRED if length < 0 else HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(length)
        if len(body) != length:
            self.close_connection = True
        elif not self.server.allowed(str(self.client_address[0])):
            self._answer(Reply(BUSY))
        elif self.path.rstrip("/") != PATH:
            self._answer(Reply(HTTPStatus.NOT_FOUND))
        else:
            self._answer(self._judged(body))

    def _judged(self, body: bytes) -> Reply:
        try:
            return self.server.witness.add_checkpoint(body)
        except AkashiError as error:
            _LOG.error("no answer: %s", error.code)
        except Exception as error:  # noqa: BLE001 - nothing that a caller sends may end the witness
            _LOG.error("no answer: unexpected %s", type(error).__name__)
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE)

    def do_GET(self) -> None:
        """There is nothing to read here."""
        self._close(HTTPStatus.NOT_FOUND)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if reply.status == BUSY:
            self.send_header("Retry-After", "60")
        self.end_headers()
        self.wfile.write(reply.body)

    def _close(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Callers are not written down."""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 with a certificate chain and its key (PEM). Raises ``OSError`` for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context
