"""Asking the node: whatever comes back, or nothing, ends in a value or in one of three errors."""

from __future__ import annotations

import base64
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from akashi.network.node.config import TX_BYTES
from akashi.network.node.errors import BadAnswer, NodeAway, NodeRefused
from akashi.network.node.rpc import LARGEST_ANSWER, NodeClient, NodeStatus, PeerSeen, Sent
from tests.waiting import PATIENCE_S

STATUS = {
    "node_info": {"id": "ab" * 20, "network": "akashi-invented"},
    "sync_info": {"latest_block_height": "7", "latest_app_hash": "00FF", "catching_up": False},
    "validator_info": {"voting_power": "1"},
}


class StandIn(socketserver.ThreadingUnixStreamServer):
    """A node of the test's making: ``answer`` turns a question into the bytes of an answer; ``hang_up`` closes after each."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.answer: Callable[[dict[str, Any]], bytes] = lambda question: result(question, STATUS)
        self.asked: list[dict[str, Any]] = []
        self.hang_up = False
        self.connections = 0
        super().__init__(str(path), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """As always, counted, with an invented address."""
        request, _ = super().get_request()
        self.connections += 1
        return request, ("local", 0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(question)
        body = self.server.answer(question)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        # Without saying so before: as a node does that grew tired of an idle connection.
        self.close_connection = self.server.hang_up

    def log_message(self, *_: object) -> None:
        pass


def result(question: dict[str, Any], value: object) -> bytes:
    """An answer as the node forms it."""
    return json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": value}).encode()


def error(question: dict[str, Any], words: str) -> bytes:
    """An error as the node forms it."""
    failure = {"code": -32603, "message": "Internal error", "data": words}
    return json.dumps({"jsonrpc": "2.0", "id": question["id"], "error": failure}).encode()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StandIn]:
    """The stand-in, listening."""
    with StandIn(tmp_path / "rpc.sock") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(node: StandIn, tmp_path: Path) -> Iterator[NodeClient]:
    """A client of it."""
    client = NodeClient(tmp_path / "rpc.sock", timeout_s=PATIENCE_S)
    yield client
    client.close()


def test_the_status_is_typed(client: NodeClient) -> None:
    """Strings of digits become integers, hex becomes bytes."""
    assert client.status() == NodeStatus("ab" * 20, "akashi-invented", 7, b"\x00\xff", catching_up=False, power=1)


def test_a_transaction_is_handed_in_as_base64(client: NodeClient, node: StandIn) -> None:
    """The very bytes go to the node; a zero means that it waits for a block, anything else that it was refused."""
    node.answer = lambda question: result(question, {"code": 0})
    taken = client.broadcast_tx_sync(b"\x00\xffbytes")
    node.answer = lambda question: result(question, {"code": 1})

    assert (taken, client.broadcast_tx_sync(b"")) == (Sent.TAKEN, Sent.REFUSED)
    assert base64.b64decode(node.asked[0]["params"]["tx"]) == b"\x00\xffbytes"


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("tx already exists in cache", Sent.KNOWN),
        ("mempool is full: number of txs 5000 (max: 5000), total txs bytes 1 (max: 2)", Sent.FULL),
        ("mempool is still rechecking after a new committed block, so it is considered as full", Sent.FULL),
        ("Tx too large. Max size is 1, but got 2", Sent.TOO_LARGE),
    ],
)
def test_why_a_transaction_was_not_taken_is_told_apart(
    client: NodeClient, node: StandIn, words: str, sent: Sent
) -> None:
    """Whoever hands it in does something else in each case."""
    node.answer = lambda question: error(question, words)

    assert client.broadcast_tx_sync(b"x") is sent


def test_a_transaction_that_is_too_large_is_not_sent(client: NodeClient, node: StandIn) -> None:
    """The node would refuse it, and its words would not come through."""
    assert client.broadcast_tx_sync(bytes(TX_BYTES + 1)) is Sent.TOO_LARGE
    assert node.asked == []


def test_the_words_of_an_error_are_not_shown(client: NodeClient, node: StandIn) -> None:
    """They may quote what was sent: the error names the method and the number."""
    node.answer = lambda question: error(question, "cannot take 山田花子")

    for ask in (lambda: client.broadcast_tx_sync(b"x"), lambda: client.commit(9)):
        with pytest.raises(NodeRefused) as refusal:
            ask()
        assert "山田" not in f"{refusal.value!r}{refusal.value.__cause__!r}{refusal.value.__context__!r}"
        assert refusal.value.params["number"] == -32603


def test_blocks_and_commits_are_handed_on_as_they_came(client: NodeClient, node: StandIn) -> None:
    """Nothing is believed here: what verifies them sees every field."""
    node.answer = lambda question: result(
        question, {"signed_header": {"header": {"height": "7"}}, "block": {"data": {}}}
    )

    assert client.commit(7) == {"header": {"height": "7"}}
    assert client.block(7) == {"data": {}}
    assert [asked["params"] for asked in node.asked] == [{"height": "7"}] * 2


def test_validators_come_page_by_page(client: NodeClient, node: StandIn) -> None:
    """All of them, in order, however many pages that takes; a node that has no end is not followed."""

    def page(question: dict[str, Any]) -> bytes:
        first = 100 * (int(question["params"]["page"]) - 1)
        return result(question, {"validators": [{"n": n} for n in range(first, min(first + 100, 130))], "total": "130"})

    node.answer = page
    assert [validator["n"] for validator in client.validators(7)] == list(range(130))
    node.answer = lambda question: result(question, {"validators": [], "total": "130"})
    with pytest.raises(BadAnswer):
        client.validators(7)


def test_the_peers_are_named(client: NodeClient, node: StandIn) -> None:
    """Who is connected, and who dialled."""
    node.answer = lambda question: result(question, {"peers": [{"node_info": {"id": "cd" * 20}, "is_outbound": True}]})

    assert client.net_info() == (PeerSeen("cd" * 20, dialled_by_us=True),)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"jsonrpc":"2.0","id":-5,"result":{}}',
        b'{"jsonrpc":"2.0","result":{}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":[]}',
        b'{"jsonrpc":"2.0","id":1,"error":"no"}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":"no"}}',
        json.dumps({"id": 1, "result": STATUS | {"sync_info": {"latest_block_height": 7}}}).encode(),
        json.dumps({"id": 1, "result": STATUS | {"validator_info": {"voting_power": "1_0"}}}).encode(),
        json.dumps({"id": 1, "result": STATUS | {"node_info": None}}).encode(),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused(client: NodeClient, node: StandIn, answer: bytes) -> None:
    """Not JSON, to another question, of another shape: one error, and no cause that would show the answer."""
    node.answer = lambda _: answer

    with pytest.raises(BadAnswer) as refusal:
        client.status()

    assert refusal.value.__cause__ is None


def test_an_answer_without_end_is_refused(client: NodeClient, node: StandIn) -> None:
    """No more than the limit is read."""
    node.answer = lambda question: b" " * LARGEST_ANSWER + result(question, STATUS)

    with pytest.raises(BadAnswer):
        client.status()


def test_a_node_that_is_away_is_away(tmp_path: Path) -> None:
    """No socket, or nobody behind it."""
    with pytest.raises(NodeAway):
        NodeClient(tmp_path / "none.sock").status()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dead.sock"))
    with pytest.raises(NodeAway):
        NodeClient(tmp_path / "dead.sock").status()


def test_a_node_that_says_nothing_is_away(tmp_path: Path) -> None:
    """A connection that is taken and never answered ends with the time allowed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute.sock"))
        listener.listen()
        with pytest.raises(NodeAway):
            NodeClient(tmp_path / "mute.sock", timeout_s=0.05).status()


def test_connections_are_kept_and_shared(client: NodeClient, node: StandIn) -> None:
    """Calls in a row use one connection; many threads get their own answers, over a few."""
    for _ in range(5):
        client.status()
    assert node.connections == 1
    node.answer = lambda question: result(question, {"block": {"height": question["params"]["height"]}})
    with ThreadPoolExecutor(8) as pool:
        heights = list(pool.map(lambda height: client.block(height)["height"], range(200)))

    assert heights == [str(height) for height in range(200)]
    assert node.connections <= 9


def test_a_connection_that_the_node_closed_is_replaced(client: NodeClient, node: StandIn) -> None:
    """CometBFT closes idle connections after ten seconds: the next call does not fail for it."""
    node.hang_up = True

    assert [client.status().height for _ in range(5)] == [7] * 5
    assert node.connections == 5
