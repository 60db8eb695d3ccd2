"""The ABCI server against a node that the test plays: order, silence after a failure, refusals."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from akashi.network.abci.errors import ApplicationStopped
from akashi.network.abci.messages import (
    Request,
    RequestApplySnapshotChunk,
    RequestBlock,
    RequestCheckTx,
    RequestExtendVote,
    RequestInfo,
    RequestInitChain,
    RequestLoadSnapshotChunk,
    RequestOfferSnapshot,
    RequestPrepareProposal,
    RequestQuery,
    RequestVerifyVoteExtension,
    ResponseCheckTx,
    ResponseCommit,
    ResponseException,
    ResponseExtendVote,
    ResponseInfo,
    ResponseInitChain,
    ResponseListSnapshots,
    ResponseLoadSnapshotChunk,
    ResponsePrepareProposal,
    ResponseQuery,
    ResponseSnapshot,
    ResponseVerdict,
    format_request,
    parse_response,
)
from akashi.network.abci.protobuf import varint
from akashi.network.abci.server import AbciServer, Block, Finalized, Misbehaviour, TxResult
from akashi.network.abci.values import (
    BlockParams,
    ConsensusParams,
    Echo,
    Misbehavior,
    MisbehaviourKind,
    Nothing,
    PublicKey,
    SnapshotVerdict,
    Timestamp,
    Validator,
    ValidatorUpdate,
    Verdict,
)
from tests.network.abci.counting import Counting
from tests.waiting import PATIENCE_S

FLUSH = Request(flush=Nothing())
BLOCK = RequestBlock(
    txs=(b"one", b"two"), hash=bytes(32), height=1, time=Timestamp(12, 345_999_999), proposer_address=bytes(20)
)


class PlayedNode:
    """One connection of a node; a context manager."""

    def __init__(self, path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(PATIENCE_S)
        self.connection.connect(str(path))
        self.stream = self.connection.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.connection.close()

    def send(self, *requests: Request) -> None:
        """The requests in one write."""
        bodies = [format_request(one) for one in requests]
        self.connection.sendall(b"".join(varint(len(body)) + body for body in bodies))

    def read(self) -> tuple[str, Any] | None:
        """The next answer; ``None`` when the server has hung up."""
        length = self.stream.read(1)
        while length and length[-1] >= 0x80:
            length += self.stream.read(1)
        if not length:
            return None
        size = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(length))
        return parse_response(self.stream.read(size))

    def ask(self, **request: Any) -> Any:
        """The answer to one request, after a Flush."""
        self.send(Request(**request), FLUSH)
        answer = self.read()
        assert answer is not None
        if answer[0] != "exception":
            assert self.read() == ("flush", Nothing())
        return answer[1]


@pytest.fixture
def app() -> Counting:
    """A fresh application."""
    return Counting()


@pytest.fixture
def failures() -> list[ApplicationStopped]:
    """What the server told of itself."""
    return []


@pytest.fixture
def server(tmp_path: Path, app: Counting, failures: list[ApplicationStopped]) -> Iterator[AbciServer]:
    """A running server."""
    with AbciServer(tmp_path / "app.sock", app, on_failure=failures.append) as running:
        yield running


@pytest.fixture
def node(server: AbciServer) -> Iterator[PlayedNode]:
    """A connection to it."""
    with PlayedNode(server.path) as connected:
        yield connected


def test_a_life_of_one_block(node: PlayedNode, app: Counting) -> None:
    """From Info to Commit, every answer is the application's."""
    key = ValidatorUpdate(PublicKey(ed25519=bytes(32)), 1)
    app.updates = [(b"k" * 32, 3)]

    assert node.ask(info=RequestInfo()) == ResponseInfo("akashi", app_version=1)
    genesis = RequestInitChain(
        chain_id="c", validators=(key,), initial_height=1, consensus_params=ConsensusParams(block=BlockParams(99, -1))
    )
    assert node.ask(init_chain=genesis) == ResponseInitChain(app_hash=app.app_hash(0))
    assert node.ask(check_tx=RequestCheckTx(b"bad")) == ResponseCheckTx(1)
    proposal = RequestPrepareProposal(max_tx_bytes=10, txs=(b"one", b"two"))
    assert node.ask(prepare_proposal=proposal) == ResponsePrepareProposal((b"one", b"two"))
    assert node.ask(process_proposal=BLOCK) == ResponseVerdict(Verdict.ACCEPT)
    assert node.ask(process_proposal=replace(BLOCK, txs=(b"bad",))) == ResponseVerdict(Verdict.REJECT)
    outcome = node.ask(finalize_block=BLOCK)
    assert (outcome.app_hash, [one.data for one in outcome.tx_results]) == (app.app_hash(2), [b"one", b"two"])
    assert outcome.validator_updates == (ValidatorUpdate(PublicKey(ed25519=b"k" * 32), 3),)
    assert node.ask(commit=Nothing()) == ResponseCommit()
    assert node.ask(info=RequestInfo()).last_block_height == 1
    assert app.genesis is not None
    assert (app.genesis.block_max_bytes, app.genesis.validators) == (99, ((bytes(32), 1),))
    assert app.blocks == [Block(1, 12_345, bytes(32), (b"one", b"two"), bytes(20))]


def test_evidence_is_handed_over(node: PlayedNode, app: Counting) -> None:
    """Who signed twice, when, and how much of the power that was."""
    culprit = Validator(b"a" * 20, 5)
    evidence = Misbehavior(MisbehaviourKind.DUPLICATE_VOTE, culprit, 7, Timestamp(8), 20)

    node.ask(finalize_block=replace(BLOCK, misbehavior=(evidence,)))

    assert app.blocks[0].misbehaviour == (Misbehaviour(MisbehaviourKind.DUPLICATE_VOTE, b"a" * 20, 5, 7, 8000, 20),)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"echo": Echo("証")}, Echo("証")),
        ({"query": RequestQuery(path="/x")}, ResponseQuery(code=1)),
        ({"list_snapshots": Nothing()}, ResponseListSnapshots()),
        ({"offer_snapshot": RequestOfferSnapshot()}, ResponseSnapshot(SnapshotVerdict.ABORT)),
        ({"load_snapshot_chunk": RequestLoadSnapshotChunk()}, ResponseLoadSnapshotChunk()),
        ({"apply_snapshot_chunk": RequestApplySnapshotChunk()}, ResponseSnapshot(SnapshotVerdict.ABORT)),
        ({"extend_vote": RequestExtendVote()}, ResponseExtendVote()),
        ({"verify_vote_extension": RequestVerifyVoteExtension()}, ResponseVerdict(Verdict.ACCEPT)),
        ({"verify_vote_extension": RequestVerifyVoteExtension(vote_extension=b"x")}, ResponseVerdict(Verdict.REJECT)),
    ],
)
def test_what_the_application_is_not_asked(node: PlayedNode, request_: dict[str, Any], answer: object) -> None:
    """Echo, queries, snapshots and extensions have one answer."""
    assert node.ask(**request_) == answer


def test_answers_keep_the_order_of_the_requests(node: PlayedNode) -> None:
    """Many requests in one write, answered in their order at the Flush."""
    node.send(*[Request(echo=Echo(str(number))) for number in range(200)], FLUSH)

    answers = [node.read() for _ in range(201)]

    assert answers == [*[("echo", Echo(str(number))) for number in range(200)], ("flush", Nothing())]


class Meeting(Counting):
    """Notices when two calls are in it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = threading.Semaphore(1)
        self.met = False

    def check_tx(self, tx: bytes) -> int:
        """Stays for a moment."""
        if not self.inside.acquire(blocking=False):
            self.met = True
            return 1
        threading.Event().wait(0.002)
        self.inside.release()
        return 0


def test_calls_of_several_connections_come_one_at_a_time(tmp_path: Path) -> None:
    """Four connections, as a node opens them; never two calls at once."""
    app = Meeting()

    def ask(path: Path) -> None:
        with PlayedNode(path) as node:
            node.send(*[Request(check_tx=RequestCheckTx(b"x"))] * 20, FLUSH)
            while node.read() != ("flush", Nothing()):
                pass

    with AbciServer(tmp_path / "app.sock", app) as server:
        threads = [threading.Thread(target=ask, args=(server.path,)) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    assert not app.met


class Secretive(Counting):
    """Answers what a node cannot use."""

    def prepare(self, txs: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """More than fits."""
        return [bytes(max_bytes)]

    def finalize(self, block: Block) -> Finalized:
        """A result too few."""
        return Finalized([TxResult()], bytes(32))


@pytest.mark.parametrize(
    "request_",
    [{"prepare_proposal": RequestPrepareProposal(max_tx_bytes=10)}, {"finalize_block": BLOCK}],
)
def test_an_answer_that_the_node_could_not_use_stops_the_server(tmp_path: Path, request_: dict[str, Any]) -> None:
    """It is our defect, so this server stops and the others go on."""
    with AbciServer(tmp_path / "app.sock", Secretive()) as server, PlayedNode(server.path) as node:
        assert node.ask(**request_) == ResponseException("akashi.misuse")
        assert node.read() is None


def test_after_a_failure_nothing_is_answered(
    server: AbciServer, node: PlayedNode, app: Counting, failures: list[ApplicationStopped]
) -> None:
    """On no connection, and the reason is told once, without the exception's text."""
    app.poison = b"two"
    with PlayedNode(server.path) as other:
        other.ask(echo=Echo("here"))

        assert node.ask(finalize_block=BLOCK) == ResponseException("ValueError")
        assert node.read() is None
        assert other.ask(commit=Nothing()) == ResponseException("ValueError")
        assert other.read() is None
    with PlayedNode(server.path) as late:
        assert late.read() is None
    assert [one.failure for one in failures] == ["ValueError"]
    assert server.failure is failures[0]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\x02\x22\x00", "network.abci:field"),  # a reserved number
        (b"\x00", "network.abci:oneof"),
        (b"\x80\x00", "network.abci:varint"),
        (b"\xff\xff\xff\x7f", "network.abci:size"),
        (b"\xff\xff\xff\xff", "network.abci:size"),
        (varint(2) + b"\xff\xff", "network.abci:cut"),
        (b"\x03\xa2\x01\x00", "network.abci:missing"),  # a block without its fields
    ],
)
def test_what_no_node_sends_ends_the_conversation(
    server: AbciServer, node: PlayedNode, frame: bytes, reason: str, failures: list[ApplicationStopped]
) -> None:
    """The server says which fault, and goes silent: it no longer knows what the node thinks."""
    node.connection.sendall(frame)

    assert node.read() == ("exception", ResponseException(reason))
    assert node.read() is None
    assert server.failure is not None


@pytest.mark.parametrize(
    "fault",
    [
        {"finalize_block": replace(BLOCK, height=0)},
        {"finalize_block": replace(BLOCK, hash=bytes(31))},
        {"finalize_block": replace(BLOCK, proposer_address=b"")},
        {"finalize_block": replace(BLOCK, time=Timestamp(1, 1_000_000_000))},
        {"finalize_block": replace(BLOCK, misbehavior=(Misbehavior(),))},
        {"init_chain": RequestInitChain(chain_id="c", initial_height=0)},
        {"init_chain": RequestInitChain(initial_height=1, validators=(ValidatorUpdate(PublicKey(secp256k1=b"x"), 1),))},
    ],
)
def test_values_out_of_bounds_never_reach_the_application(
    node: PlayedNode, app: Counting, fault: dict[str, Any]
) -> None:
    """Whatever the wire format allows, the application sees heights, hashes, keys and times that can be."""
    assert node.ask(**fault) == ResponseException("network.abci")
    assert not app.blocks
    assert app.genesis is None


def test_a_node_that_goes_away_is_no_failure(server: AbciServer, node: PlayedNode) -> None:
    """It may come again."""
    node.ask(echo=Echo("here"))
    node.__exit__()

    with PlayedNode(server.path) as again:
        assert again.ask(echo=Echo("again")) == Echo("again")
    assert server.failure is None


@pytest.mark.parametrize("frame", [b"\x80", b"\x05", b"\x05\x0a", varint(3) + b"\x0a\x01"])
def test_a_node_killed_in_the_middle_of_a_request_is_no_failure(
    server: AbciServer, node: PlayedNode, frame: bytes
) -> None:
    """It asked nothing, and the one that is started in its place is answered."""
    node.connection.sendall(frame)
    node.connection.shutdown(socket.SHUT_WR)

    assert node.read() is None
    with PlayedNode(server.path) as again:
        assert again.ask(echo=Echo("again")) == Echo("again")
    assert server.failure is None


def test_another_users_process_is_not_served(server: AbciServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs as somebody else is hung up on, even where the folder would let it in."""
    monkeypatch.setattr("akashi.network.abci.server._is_ours", lambda _: False)

    with PlayedNode(server.path) as stranger:
        assert stranger.read() is None


def test_the_socket_is_private_and_goes_with_the_server(tmp_path: Path, app: Counting) -> None:
    """Mode 0600; a file that a dead process left is replaced; nothing stays behind."""
    path = tmp_path / "app.sock"
    path.write_bytes(b"")
    running = AbciServer(path, app)
    running.start()

    mode = path.stat().st_mode & 0o777
    running.stop()
    running.stop()

    assert (mode, path.exists()) == (0o600, False)


def test_a_server_can_be_stopped_by_its_own_failure(tmp_path: Path, app: Counting) -> None:
    """The callback holds none of the server's locks and may stop it."""
    done = threading.Event()

    def stop(_: ApplicationStopped) -> None:
        running.stop()
        done.set()

    running = AbciServer(tmp_path / "app.sock", app, on_failure=stop)
    app.poison = b"one"
    running.start()
    with PlayedNode(running.path) as node:
        node.ask(finalize_block=BLOCK)
        assert done.wait(PATIENCE_S)


@pytest.mark.parametrize("name", ["x" * 120, os.path.join("no-such-folder", "app.sock")])
def test_a_path_that_cannot_be_bound_is_refused(tmp_path: Path, app: Counting, name: str) -> None:
    """As an error of ours."""
    with pytest.raises(ApplicationStopped):
        AbciServer(tmp_path / name, app).start()
