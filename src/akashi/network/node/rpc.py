"""Asking the node: JSON-RPC over its Unix socket.

Guarantees: every call ends, in a value of ours or in one of :class:`NodeAway`, :class:`NodeRefused`, :class:`BadAnswer`; answers are
bounded in size. :class:`NodeClient` may be used by any number of threads; connections are kept and reused. Refuses: to believe the
node: a commit, a block and a set of validators are handed on as the JSON they came in, for ``network.light`` to verify. Trusts: the
folder of the socket (0700); who can open it can ask the same.

Never call it from within the ledger's ``Commit``: the node waits for that to end before it answers (ABCI, "mempool lock").

Source: CometBFT v0.38 ``rpc/core``. Integers of 64 bits are strings there, hashes hex, transactions base64.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from akashi.network.node.config import TX_BYTES
from akashi.network.node.errors import BadAnswer, NodeAway, NodeRefused
from akashi.network.peers.timed import TimedSocket

Json = dict[str, Any]

PAGE = 100
MOST_VALIDATORS = 1_000
LARGEST_ANSWER = 16 << 20
TIMEOUT_S = 5.0
KEPT = 8
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_HEX = re.compile(r"(?:[0-9A-F]{2})*")


class Sent(Enum):
    """What became of a transaction that was handed in. Only a commit says that it counts."""

    TAKEN = "taken"
    """It waits for a block here and is passed on to the others."""
    KNOWN = "known"
    """This very transaction was handed in before; it waits, or is in a block."""
    REFUSED = "refused"
    """The ledger's first look refused it."""
    FULL = "full"
    """Too many are waiting: try again later."""
    TOO_LARGE = "too_large"
    """It exceeds the configured size."""


@dataclass(frozen=True)
class NodeStatus:
    """How the node is. ``height`` 0: no block yet. ``app_hash``: as of the block before (spec: header's AppHash)."""

    node_id: str
    chain_id: str
    height: int
    app_hash: bytes
    catching_up: bool
    power: int


@dataclass(frozen=True)
class PeerSeen:
    """A node that is connected now."""

    node_id: str
    dialled_by_us: bool


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise
        self.sock = TimedSocket(self.sock)
        self.allow()

    def allow(self) -> None:
        """What one question and its whole answer may take, also on a connection that is opened for it."""
        if isinstance(self.sock, TimedSocket):
            self.sock.allow(self.timeout or TIMEOUT_S, LARGEST_ANSWER)


class NodeClient:
    """The node behind the socket ``path``. ``timeout_s`` bounds all waits of a question together, and a second more for each ``timed.RATE`` bytes."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        self._path, self._timeout_s = path, timeout_s
        self._lock = threading.Lock()
        self._idle: list[_UnixConnection] = []
        self._numbers = itertools.count(1)

    def status(self) -> NodeStatus:
        """How the node is now."""
        answer = self._ask("status")
        with _reading("status"):
            sync, node = answer["sync_info"], answer["node_info"]
            return NodeStatus(
                node_id=str(node["id"]),
                chain_id=str(node["network"]),
                height=_integer(sync["latest_block_height"]),
                app_hash=_hex(sync["latest_app_hash"]),
                catching_up=sync["catching_up"] is True,
                power=_integer(answer["validator_info"]["voting_power"]),
            )

    def broadcast_tx_sync(self, tx: bytes) -> Sent:
        """Hand in a transaction; returns after the ledger's first look at it, long before it counts."""
        if len(tx) > TX_BYTES:
            return Sent.TOO_LARGE
        method = "broadcast_tx_sync"
        answer = self._exchange(method, tx=base64.b64encode(tx).decode())
        with _reading(method):
            failed = _error(method, answer)
            if failed is None:
                return Sent.TAKEN if answer["result"]["code"] == 0 else Sent.REFUSED
        for words, sent in _WORDS.items():
            if words in failed[1]:
                return sent
        raise failed[0]

    def commit(self, height: int) -> Json:
        """``signed_header`` (header and commit) of a block; the newest one's commit is what this node saw itself."""
        return self._dict("commit", "signed_header", height)

    def block(self, height: int) -> Json:
        """``block``: header, data (base64 transactions), evidence, last commit."""
        return self._dict("block", "block", height)

    def validators(self, height: int) -> list[Json]:
        """Who votes on the block at ``height``, in the order of the commit's signatures."""
        found: list[Json] = []
        for page in range(1, MOST_VALIDATORS // PAGE + 1):
            answer = self._ask("validators", height=str(height), page=str(page), per_page=str(PAGE))
            with _reading("validators"):
                found.extend(dict(item) for item in answer["validators"])
                total = _integer(answer["total"])
            if len(found) >= total:
                return found
        raise BadAnswer(method="validators")

    def net_info(self) -> tuple[PeerSeen, ...]:
        """Who is connected."""
        answer = self._ask("net_info")
        with _reading("net_info"):
            return tuple(
                PeerSeen(str(peer["node_info"]["id"]), dialled_by_us=peer["is_outbound"] is True)
                for peer in answer["peers"]
            )

    def close(self) -> None:
        """Close what is idle; calls under way end by themselves."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _dict(self, method: str, name: str, height: int) -> Json:
        answer = self._ask(method, height=str(height))
        with _reading(method):
            return dict(answer[name])

    def _ask(self, method: str, **params: str) -> Json:
        """The result of one call. Raises :class:`NodeAway`, :class:`NodeRefused` or :class:`BadAnswer`."""
        answer = self._exchange(method, **params)
        with _reading(method):
            failed = _error(method, answer)
            if failed is None:
                return dict(answer["result"])
        raise failed[0]

    def _exchange(self, method: str, **params: str) -> Json:
        """One question and the whole answer to it."""
        number = next(self._numbers)
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        body = self._send(method, json.dumps(question).encode())
        with _reading(method):
            answer = dict(json.loads(body))
            if answer["id"] == number:
                return answer
        raise BadAnswer(method=method)

    def _send(self, method: str, body: bytes) -> bytes:
        """Send and receive; a kept connection that the node has closed meanwhile gives way to the next one."""
        for connection, kept in self._connections():
            try:
                connection.allow()
                connection.request("POST", "/", body, {"Content-Type": "application/json"})
                answer = connection.getresponse().read(LARGEST_ANSWER + 1)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept and isinstance(error, ConnectionError | http.client.BadStatusLine):
                    continue
                raise NodeAway(method=method) from error
            if len(answer) > LARGEST_ANSWER:
                connection.close()
                raise BadAnswer(method=method)
            self._keep(connection)
            return answer
        raise NodeAway(method=method)

    def _connections(self) -> Iterator[tuple[_UnixConnection, bool]]:
        """Every kept connection (``True``), then a new one."""
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            yield kept or _UnixConnection(self._path, self._timeout_s), kept is not None
            if kept is None:
                return

    def _keep(self, connection: _UnixConnection) -> None:
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        connection.close()


_WORDS = {
    "tx already exists in cache": Sent.KNOWN,
    "mempool is full": Sent.FULL,
    "mempool is still rechecking": Sent.FULL,
    "Tx too large": Sent.TOO_LARGE,
}
"""What the node's words say about a transaction (v0.38 ``mempool/errors.go``)."""


def _error(method: str, answer: Json) -> tuple[NodeRefused, str] | None:
    """The error of an answer, and the node's words on it, which are looked at and never shown: they may quote what was sent."""
    error = answer.get("error")
    if error is None:
        return None
    return NodeRefused(method=method, number=int(error["code"])), str(error.get("data", ""))


@contextmanager
def _reading(method: str) -> Iterator[None]:
    """Turn every surprise in an answer into :class:`BadAnswer`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadAnswer(method=method) from None  # the cause would show the answer


def _integer(text: Any) -> int:
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _hex(text: Any) -> bytes:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise ValueError
    return bytes.fromhex(text)
