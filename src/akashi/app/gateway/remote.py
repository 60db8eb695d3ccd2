"""The ledger, the payload store and the directory of a server elsewhere, over HTTPS with client certificates.

Guarantees: an acknowledgement counts only after its receipt was verified here: the leaf holds exactly the envelope sent,
with result 0, in a tree signed and cosigned as the pinned trust file demands, and that tree extends the newest one this
gateway has seen (kept durably by the caller); a changed log key, and other servers, are followed only where evidence proves them. Refuses answers that do not verify
(:class:`RemoteDistrusted`), a proof of other servers that does not hold included. Trusts the
server for availability only; what ``view`` shows is the server's word until an operation built on it is acknowledged.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from akashi.app.directory import DirectoryEntry
from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.app.gateway.answers import MissingElsewhere, error_of, object_of
from akashi.app.gateway.following import QUORUM, UNSIGNED, Lookout, PinnedTrust
from akashi.app.gateway.snapshot import STATE, Snapshot, something_sent
from akashi.errors import Conflict, InputError, NotFound, Unavailable
from akashi.late import late
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.proof.trust import Trust
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash, root_from_inclusion, verify_consistency
from akashi.ledger.wire.note import Checkpoint, origin_parts, parse_checkpoint
from akashi.ledger.wire.receipt import parse_receipt
from akashi.network.trustchain import verify_trusted
from akashi.vault.errors import WrapMissing
from akashi.vault.sealing import write_container

if TYPE_CHECKING:
    import httpx
else:
    httpx = late("httpx")

T = TypeVar("T")
_ANSWER_S, _CONNECT_S = 30.0, 5.0


class Channel:
    """One HTTPS client with this gateway's machine certificate. Thread-safe."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._client = httpx.Client(
            base_url=url, verify=context, timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S), trust_env=False
        )

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def call(self, method: str, path: str, *, content: bytes | Iterable[bytes] | None = None) -> httpx.Response:
        """One request; maps failures to the error tree. Raises :class:`ServerAway` where nothing answered."""
        if method != "GET":
            something_sent()
        try:
            answer = self._client.request(method, path, content=content)
        except httpx.TransportError as error:
            raise ServerAway from error
        if answer.is_success:
            return answer
        raise error_of(answer)

    def json(self, path: str) -> Mapping[str, object]:
        """GET an object."""
        return object_of(self.call("GET", path).json())

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """GET a body in pieces."""
        try:
            with self._client.stream("GET", path) as answer:
                if not answer.is_success:
                    answer.read()
                    raise error_of(answer)
                yield answer.iter_bytes()
        except httpx.TransportError as error:
            raise ServerAway from error


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
        self._lookout = Lookout()
        self._snapshot = Snapshot(channel.json)
        try:
            self._origin = str(channel.json("/api/v1/ledger")["origin"])
        except ServerAway:
            note = seen()
            if note is None:
                raise
            self._origin = parse_checkpoint(note).origin  # verified when it was kept; every answer is verified again
        # Whose ledger this is, is not the server's to say: an operation signed for another ledger could be replayed there.
        if self._origin not in {key.name for key in trust.logs}:
            raise RemoteDistrusted(failure="note.origin")
        self._ledger_id, _ = origin_parts(self._origin)
        with suppress(RemoteDistrusted, ServerAway):  # what does not hold is said by the first answer that must
            self._follow_servers()

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
        answer = object_of(self._channel.call("POST", "/api/v1/operations", content=envelope).json())
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
        """As :func:`verify_trusted`; where that fails, where a server signed that the file does not name, and now and then: follow once."""
        try:
            verify_trusted(checkpoint, self._trust)
        except ProofError as error:
            if error.failure not in {UNSIGNED, QUORUM} or self._pinned is None:
                raise
            self.follow_key()
            verify_trusted(checkpoint, self._trust)
            return
        if self._pinned is not None and self._lookout.is_due(checkpoint, self._trust) and self._follow_servers():
            verify_trusted(checkpoint, self._trust)

    def follow_key(self) -> None:
        """Believe those who sign now (servers, or the log's one key) if the server can prove them. Raises :class:`RemoteDistrusted`."""
        try:
            if self._follow_servers():
                return
        except RemoteDistrusted as error:
            if error.params.get("failure") != UNSIGNED:
                raise
        self._follow_log_key()
        self._follow_servers()

    def _follow_servers(self) -> bool:
        """Whether the pinned file is another one now; false also where the server shows no chain."""
        before = self._trust
        if self._pinned is None:
            return False
        try:
            chain = self._channel.call("GET", "/api/v1/log/trust").content
            self._trust = self._pinned.follow_servers(chain, self._extend)
        except (ProofError, EncodingError) as error:
            raise RemoteDistrusted(failure=error.failure) from error
        except (NotFound, Unavailable):  # one server, or an older one, or nothing that it can prove yet
            return False
        return self._trust != before

    def _follow_log_key(self) -> None:
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
        yield _RemoteView(self._snapshot)

    def entries(self, subject: str) -> Sequence[Entry]:
        """All leaves on ``subject``."""
        rows = self._channel.json(f"/api/v1/subjects/{subject}/operations")["operations"]
        if not isinstance(rows, list):
            raise RemoteDistrusted(failure="answer")
        return [_entry(object_of(row)) for row in rows]

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


def _entry(row: Mapping[str, object]) -> Entry:
    index = row["index"]
    if not isinstance(index, int):
        raise RemoteDistrusted(failure="answer")
    return Entry(index, bytes.fromhex(str(row["operation_id"])), base64.b64decode(str(row["leaf"]), validate=True))


class _RemoteView:
    """A :class:`ReadState` that asks row by row and remembers, so that one view answers alike twice."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._rows: dict[tuple[str, bytes], Value] = {}

    def get(self, space: str, key: bytes) -> Value:
        if (space, key) not in self._rows:
            raw = self._snapshot.answer(f"{STATE}/{space}/{key.hex()}")["value"]
            self._rows[space, key] = None if raw is None else cbor.decode(base64.b64decode(str(raw), validate=True))
        return self._rows[space, key]

    def scan(self, space: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Value]]:
        rows = self._snapshot.answer(f"{STATE}/{space}?prefix={prefix.hex()}")["rows"]
        for row in rows if isinstance(rows, list) else ():
            pair = object_of(row)
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
        found = [object_of(row) for row in rows] if isinstance(rows, list) else []
        return [
            DirectoryEntry(str(r["handle"]), str(r["name"]), str(r["number"]), bytes.fromhex(str(r["salt"])))
            for r in found
        ]
