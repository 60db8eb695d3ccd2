"""Asking a witness to cosign (C2SP tlog-witness v1).

Guarantees: a returned line is a cosignature by the pinned key over exactly the checkpoint that was sent; answers are bounded in size and, as a whole, in time.
Refuses redirects, lines of other keys, and a witness that answers 409 twice. Trusts the network for nothing, the witness for its own key only.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire.note import NoteKey, parse_checkpoint, verify_cosignatures
from akashi.network.peers.timed import TimedSocket
from akashi.network.witness.errors import WitnessAhead, WitnessAway, WitnessDistrusted, WitnessRefused, WitnessSettings
from akashi.network.witness.rules import (
    BUSY,
    OK,
    PATH,
    SIZE_TYPE,
    STALE,
    format_submission,
    parse_size,
)

TIMEOUT_S = 5.0
_MAX_ANSWER = 4 * 1024

Prove = Callable[[int, int], Sequence[bytes]]
"""The consistency proof from one size to another."""


class WitnessClient:
    """One witness, pinned by its vkey. One thread at a time uses it."""

    def __init__(
        self, url: str, key: NoteKey, *, timeout_s: float = TIMEOUT_S, context: ssl.SSLContext | None = None
    ) -> None:
        """``url``: the submission prefix (http or https). Raises :class:`WitnessSettings`.

        Trusted: whoever can change ``url`` can keep the cosignature away; whoever can change ``key`` decides whose it is.
        """
        parts = urlsplit(url)
        try:
            self._port = parts.port
        except ValueError as error:
            raise WitnessSettings(setting="witness_urls") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise WitnessSettings(setting="witness_urls")
        self._parts, self.key = parts, key
        self._timeout_s, self._context = timeout_s, context
        self._size = 0

    def cosigned(self, note: bytes, prove: Prove) -> bytes:
        """The witness's signature line over ``note``, with its line feed.

        Raises ``WitnessAway``, ``WitnessRefused``, ``WitnessDistrusted``, and ``WitnessAhead`` where the witness knows a larger tree.
        """
        size = parse_checkpoint(note).size
        for _ in range(2):  # once more with the size that a 409 names
            old = self._size if self._size <= size else 0
            status, kind, body = self._post(format_submission(old, prove(old, size), note))
            if status == OK:
                line = self._verified(note, body)
                self._size = size
                return line
            if status != STALE:
                raise WitnessAway(failure=str(status)) if status in {BUSY, 503} else WitnessRefused(failure=str(status))
            known = parse_size(body)
            if known is None or kind != SIZE_TYPE:
                raise WitnessDistrusted(failure="size")
            if known > size:
                raise WitnessAhead(size=known)
            self._size = known
        raise WitnessAway(failure=str(STALE))  # somebody else is bringing newer checkpoints of this log just now

    def _verified(self, note: bytes, body: bytes) -> bytes:
        """The one line of the answer that the pinned key made; lines of keys that we do not know are left out."""
        body_end = note.index(b"\n\n") + 2
        for row in body.split(b"\n")[:-1]:
            line = row + b"\n"
            try:
                checkpoint = parse_checkpoint(note[:body_end] + line)
                if verify_cosignatures(checkpoint, {"witness": self.key}):
                    return line
            except (EncodingError, ProofError) as error:
                raise WitnessDistrusted(failure=error.failure) from error
        raise WitnessDistrusted(failure="note.unsigned")

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        connection = self._connect()
        try:
            connection.connect()
            connection.sock = TimedSocket(connection.sock)
            connection.sock.allow(self._timeout_s, _MAX_ANSWER)
            connection.request("POST", self._parts.path.rstrip("/") + PATH, body, {"Content-Type": "text/plain"})
            with connection.getresponse() as answer:
                data = answer.read(_MAX_ANSWER + 1)
                kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip()
                status = answer.status
        except (OSError, http.client.HTTPException) as error:
            raise WitnessAway(failure="connection") from error
        finally:
            connection.close()
        if len(data) > _MAX_ANSWER:
            raise WitnessDistrusted(failure="answer")
        return status, kind, data

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
