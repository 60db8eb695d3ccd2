"""The ledger, the payload store and the directory of a server elsewhere, over HTTPS with client certificates.

Guarantees: an acknowledgement counts only after its receipt was verified here: the leaf holds exactly the envelope sent,
with result 0, in a tree signed and cosigned as the pinned trust file demands, and that tree extends the newest one this
gateway has seen (kept durably by the caller); a changed log key is followed only where evidence proves it. Refuses answers that do not verify (:class:`RemoteDistrusted`). Trusts the
server for availability only; what ``view`` shows is the server's word until an operation built on it is acknowledged.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import httpx

from akashi.app.directory import DirectoryEntry
from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.gateway.following import UNSIGNED, PinnedTrust
from akashi.errors import AkashiError, Conflict, Denied, InputError, NotFound
from akashi.identity.errors import CertificateRefused
from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.proof.trust import Trust
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash, root_from_inclusion, verify_consistency
from akashi.ledger.wire.note import Checkpoint, origin_parts, parse_checkpoint, verify_cosignatures, verify_log
from akashi.ledger.wire.receipt import parse_receipt
from akashi.vault.errors import WrapMissing
from akashi.vault.sealing import write_container

T = TypeVar("T")
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class RefusedElsewhere(AkashiError):
    """The server answered with one of its own errors; its code is kept."""

    code = "app.refused_elsewhere"
    http_status, exit_status = 502, 1
    ja, en = "サーバーが受け付けませんでした（{failure}）。", "The server refused ({failure})."


class InvalidElsewhere(InputError):
    """The server could not use what was sent."""

    code = "app.invalid_elsewhere"
    ja, en = "サーバーが読み取れませんでした（{failure}）。", "The server could not use it ({failure})."


class DeniedElsewhere(Denied):
    """The server's rules do not allow it."""

    code = "app.denied_elsewhere"
    ja, en = "サーバーが許可しませんでした（{failure}）。", "The server does not allow it ({failure})."


class MissingElsewhere(NotFound):
    """The server has no such thing, or none that this gateway may know of."""

    code = "app.missing_elsewhere"
    ja, en = "サーバーにありません（{failure}）。", "The server has no such thing ({failure})."


class ConflictElsewhere(Conflict):
    """The state has moved on at the server."""

    code = "app.conflict_elsewhere"
    ja, en = "サーバー側の状態が変わっています（{failure}）。", "The state has moved on at the server ({failure})."


_BY_STATUS: dict[int, type[AkashiError]] = {
    400: InvalidElsewhere,
    403: DeniedElsewhere,
    404: MissingElsewhere,
    409: ConflictElsewhere,
    410: ConflictElsewhere,
    413: InvalidElsewhere,
}


class Channel:
    """One HTTPS client with this gateway's machine certificate. Thread-safe."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._client = httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def call(self, method: str, path: str, *, content: bytes | Iterable[bytes] | None = None) -> httpx.Response:
        """One request; maps failures to the error tree. Raises :class:`ServerAway` where nothing answered."""
        try:
            answer = self._client.request(method, path, content=content)
        except httpx.TransportError as error:
            raise ServerAway from error
        if answer.is_success:
            return answer
        raise _mapped(answer)

    def json(self, path: str) -> Mapping[str, object]:
        """GET an object."""
        return _object(self.call("GET", path).json())

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """GET a body in pieces."""
        try:
            with self._client.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    raise _mapped(answer)
                yield answer.iter_bytes()
        except httpx.TransportError as error:
            raise ServerAway from error


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise RemoteDistrusted(failure="answer")
    return value


def _mapped(answer: httpx.Response) -> AkashiError:
    try:
        body = _object(answer.json())
    except ValueError:
        body = {}
    code, reason = str(body.get("code", "")), str(body.get("reason", ""))
    if code == Refused.code:
        return Refused(reason)
    if code == EncodingError.code:
        return EncodingError(reason)
    if code == CertificateRefused.code:
        return CertificateRefused(reason=reason)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return ServerAway()
    make = _BY_STATUS.get(answer.status_code, RefusedElsewhere)
    return make(failure=code or str(answer.status_code))


class RemoteLedger:
    """:class:`akashi.ledger.port.Ledger` over a :class:`Channel`, verifying what it is told."""

    def __init__(
        self,
        channel: Channel,
        trust: Trust,
        seen: Callable[[], bytes | None],
        keep: Callable[[bytes], None],
        pinned: PinnedTrust | None = None,
    ) -> None:
        """``pinned``: the file of ``trust``, which follows the log's key; without it another key is never believed."""
        self._channel, self._trust, self._seen, self._keep = channel, trust, seen, keep
        self._pinned = pinned
        answer = channel.json("/api/v1/ledger")
        self._origin = str(answer["origin"])
        # Whose ledger this is, is not the server's to say: an operation signed for another ledger could be replayed there.
        if self._origin not in {key.name for key in trust.logs}:
            raise RemoteDistrusted(failure="note.origin")
        self._ledger_id, _ = origin_parts(self._origin)

    @property
    def ledger_id(self) -> bytes:
        """16 bytes."""
        return self._ledger_id

    @property
    def origin(self) -> str:
        """The origin line of its checkpoints."""
        return self._origin

    def submit(self, envelope: bytes) -> Acknowledged:
        """Append one operation and verify its receipt before believing the acknowledgement."""
        answer = _object(self._channel.call("POST", "/api/v1/operations", content=envelope).json())
        receipt = base64.b64decode(str(answer["receipt"]), validate=True)
        try:
            return self._verified(envelope, receipt)
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error

    def _verified(self, envelope: bytes, data: bytes) -> Acknowledged:
        receipt = parse_receipt(data)
        leaf, sent = parse_leaf(receipt.leaf), parse_operation(envelope)
        if parse_operation(leaf.envelope).id != sent.id or leaf.result != 0:
            raise RemoteDistrusted(failure="receipt.operation")
        checkpoint = parse_checkpoint(receipt.note)
        root = root_from_inclusion(leaf_hash(receipt.leaf), receipt.index, checkpoint.size, receipt.path)
        if root != checkpoint.root:
            raise RemoteDistrusted(failure="proof.inclusion")
        self._verify_trusted(checkpoint)
        self._extend(receipt.note)
        return Acknowledged(sent.id, receipt.index, leaf.height, leaf.block_ms)

    def _verify_trusted(self, checkpoint: Checkpoint) -> None:
        """As :func:`verify_trusted`; where no believed key signed it, the log may have changed its key: follow once."""
        try:
            verify_trusted(checkpoint, self._trust)
        except ProofError as error:
            if error.failure != UNSIGNED or self._pinned is None:
                raise
            self.follow_key()
            verify_trusted(checkpoint, self._trust)

    def follow_key(self) -> None:
        """Believe the log's present key if the server can prove it under the pinned file. Raises :class:`RemoteDistrusted`."""
        if self._pinned is None:
            raise RemoteDistrusted(failure=UNSIGNED)
        try:
            evidence = self._channel.call("GET", "/api/v1/log/evidence").content
            self._trust = self._pinned.follow(evidence, self._extend)
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error
        except NotFound as error:  # a server that has no such route
            raise RemoteDistrusted(failure=UNSIGNED) from error

    def _extend(self, note: bytes) -> None:
        """Check that the new tree and the newest one seen are one history: a server that forgot or forked is found out here.

        A smaller tree than the one seen may be an answer that another thread's overtook; then the server can still prove that the
        larger one extends it. A server that was rolled back cannot: it does not have those leaves any more.
        """
        new, earlier = parse_checkpoint(note), self._seen()
        if earlier is not None:
            old = parse_checkpoint(earlier)
            if old.origin != new.origin:
                raise RemoteDistrusted(failure="note.origin")
            first, last = sorted((old, new), key=lambda one: one.size)
            verify_consistency(first.size, first.root, last.size, last.root, self._consistency(first.size, last.size))
            if new.size <= old.size:
                return
        self._keep(note)

    def _consistency(self, old: int, new: int) -> list[bytes]:
        if old == new:
            return []
        try:
            hashes = self._channel.json(f"/api/v1/consistency?old={old}&new={new}")["hashes"]
        except (NotFound, InputError, Conflict) as error:
            raise RemoteDistrusted(failure="rolled_back") from error
        return [bytes.fromhex(str(one)) for one in hashes] if isinstance(hashes, list) else []

    @contextmanager
    def view(self) -> Iterator[ReadState]:
        """What the server shows this member."""
        yield _RemoteView(self._channel)

    def entries(self, subject: str) -> Sequence[Entry]:
        """All leaves on ``subject``."""
        rows = self._channel.json(f"/api/v1/subjects/{subject}/operations")["operations"]
        if not isinstance(rows, list):
            raise RemoteDistrusted(failure="answer")
        return [_entry(_object(row)) for row in rows]

    def entry(self, operation_id: bytes) -> Entry | None:
        """The leaf of one operation, or ``None``."""
        try:
            return _entry(self._channel.json(f"/api/v1/operations/{operation_id.hex()}"))
        except NotFound:
            return None

    def receipt(self, operation_id: bytes) -> bytes:
        """The C2SP tlog-proof, as the server gives it (verify before relying on it)."""
        return self._channel.call("GET", f"/api/v1/operations/{operation_id.hex()}/receipt").content

    def checkpoint(self) -> bytes:
        """The newest checkpoint, verified against the trust file and the newest one seen."""
        note = self._channel.call("GET", "/api/v1/checkpoint").content
        try:
            self._verify_trusted(parse_checkpoint(note))
            self._extend(note)
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error
        return note


def verify_trusted(checkpoint: Checkpoint, trust: Trust) -> None:
    """A believed log key signed it and the policy's cosigners are there. Raises ``ProofError``."""
    verify_log(checkpoint, [key for key in trust.logs if key.name == checkpoint.origin])
    if not trust.quorum_met(set(verify_cosignatures(checkpoint, trust.witnesses))):
        raise ProofError("note.quorum")


def _entry(row: Mapping[str, object]) -> Entry:
    index = row["index"]
    if not isinstance(index, int):
        raise RemoteDistrusted(failure="answer")
    return Entry(index, bytes.fromhex(str(row["operation_id"])), base64.b64decode(str(row["leaf"]), validate=True))


class _RemoteView:
    """A :class:`ReadState` that asks row by row and remembers, so that one view answers alike twice."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._rows: dict[tuple[str, bytes], Value] = {}

    def get(self, space: str, key: bytes) -> Value:
        if (space, key) not in self._rows:
            raw = self._channel.json(f"/api/v1/state/{space}/{key.hex()}")["value"]
            self._rows[space, key] = None if raw is None else cbor.decode(base64.b64decode(str(raw), validate=True))
        return self._rows[space, key]

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        rows = self._channel.json(f"/api/v1/state/{space}?prefix={prefix.hex()}")["rows"]
        for row in rows if isinstance(rows, list) else ():
            pair = _object(row)
            key, raw = bytes.fromhex(str(pair["key"])), base64.b64decode(str(pair["value"]), validate=True)
            self._rows[space, key] = cbor.decode(raw)
            yield key, self._rows[space, key]


class RemotePayloads:
    """:class:`akashi.vault.port.PayloadStore` over a :class:`Channel`; only sealed bytes travel."""

    def __init__(self, channel: Channel, ledger_id: bytes) -> None:
        self._channel, self._ledger_id = channel, ledger_id

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """Hand over a sealed container; returns the server's storage receipt."""
        pieces = write_container(self._ledger_id, wraps, body)
        return self._channel.call("PUT", f"/api/v1/payloads/{payload_id.hex()}", content=pieces).content

    def wrap(self, payload_id: bytes, key_id: bytes) -> bytes:
        """The data key wrapped to one opening key."""
        try:
            return self._channel.call("GET", f"/api/v1/payloads/{payload_id.hex()}/wraps/{key_id.hex()}").content
        except MissingElsewhere as error:
            if error.params.get("failure") == WrapMissing.code:
                raise WrapMissing(payload=payload_id.hex()) from error
            raise

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """The sealed body in pieces."""
        with self._channel.stream(f"/api/v1/payloads/{payload_id.hex()}/body") as pieces:
            yield from pieces

    def size(self, payload_id: bytes) -> int | None:
        """Bytes of the sealed body, or ``None`` if it is not there."""
        try:
            found = self._channel.json(f"/api/v1/payloads/{payload_id.hex()}")["size"]
        except NotFound:
            return None
        return found if isinstance(found, int) else None


class RemoteDirectory:
    """The server's directory; the gateway checks names against the ledger's commitments when it shows them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def entries(self) -> Sequence[DirectoryEntry]:
        """All institutions, by name."""
        rows = self._channel.json("/api/v1/directory")["institutions"]
        found = [_object(row) for row in rows] if isinstance(rows, list) else []
        return [
            DirectoryEntry(str(r["handle"]), str(r["name"]), str(r["number"]), bytes.fromhex(str(r["salt"])))
            for r in found
        ]
