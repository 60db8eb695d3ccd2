"""Four real servers begin the next chain over the same ledger: nothing is lost, everything before it still verifies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.running import NetworkNode
from akashi.app.repair.repairing import Repairer
from akashi.app.roster.enrolling import Roster
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import new_handle
from akashi.ledger.author import Author
from akashi.ledger.keyring.handover import LogHandover
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.network.errors import AllNeeded, NotFinal
from akashi.network.model import IncidentPlace
from akashi.network.node.preparing import chain_of
from akashi.network.scrub.model import Damage
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports
from tests.waiting import until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


def _node(folder: Path) -> NetworkNode:
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    return NetworkNode(server_paths(folder), keystore, SystemClock())


class Stage:
    """Four servers that run; :meth:`again` closes and opens them, as each does by itself when its chain is over."""

    def __init__(self, homes: Homes, held: ExitStack) -> None:
        self.folders = homes.folders
        self.nodes: list[NetworkNode] = []
        self.over: set[int] = set()
        held.callback(self.stop)
        self.again(range(4))

    def again(self, which: range | list[int]) -> None:
        """Close these, if they run, and open them."""
        self.nodes = self.nodes or [_node(folder) for folder in self.folders]
        for at in which:
            self.nodes[at].stop()
            self.nodes[at] = _node(self.folders[at])
            self.nodes[at].on_next_chain.append(lambda at=at: self.over.add(at))  # type: ignore[misc]  # bound now
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: self.nodes[at].start(), which))
        keystore = open_keystore(self.folders[0], server_paths(self.folders[0]).keys, PASSPHRASE, ServerSettings())
        secretariat = (server_paths(self.folders[0]).public / "secretariat").read_text().strip()
        self.author = Author(self.nodes[0].engine, keystore.signer(SECRETARIAT_KEY), secretariat, SystemClock())
        self.roster = Roster(self.nodes[0], self.author, SystemClock())

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something that servers do by themselves; fails with where each of them stands."""
        until(holds, what, lambda: [self.told(at) for at in range(len(self.nodes))])

    def told(self, at: int) -> str:
        """Where one server stands, for messages."""
        node = self.nodes[at]
        up = sum(link.up for link in node.links.states().values())
        newest, over = node.notes.newest(), "over" if at in self.over else "not over"
        signed = 0 if newest is None else newest[0]
        return f"server {at + 1}: {node.process.state.name}, {node.engine.size} leaves, {signed} signed, hears {up}, {over}"

    def stop(self) -> None:
        """End them all."""
        for node in self.nodes:
            node.stop()

    def register(self) -> tuple[Acknowledged, str]:
        """An invented institution, acknowledged; its handle."""
        handle = new_handle("inst")
        body = InstitutionRegistered(institution=handle, roles=1, directory=bytes(32))
        return self.author.submit(body, subject=handle), handle

    def succeeded(self) -> str:
        """End the chain; the id of the next, once every server knows."""
        chain = str(self.roster.succeed({})["chain"])
        self.until(lambda: self.over == {0, 1, 2, 3}, "four servers that know of the end")
        self.over.clear()
        return chain


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Four running servers; whatever was started is stopped."""
    with ExitStack() as held:
        yield Stage(found_four(tmp_path, SystemClock(), free_ports(8)), held)


def test_a_chain_ends_and_the_next_one_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ledger under the next chain: the numbers go on, proofs from before verify, what was voted and the former blocks are kept, what was handed in meanwhile becomes final."""
    _, before = stage.register()
    first = stage.nodes[0].chain_id
    trust = (server_paths(stage.folders[0]).public / "trust.txt").read_bytes()
    chain = stage.succeeded()
    size = stage.nodes[0].engine.size
    monkeypatch.setattr("akashi.network.service.ACK_TIMEOUT_S", 1.0)
    with pytest.raises(NotFinal):
        stage.register()
    monkeypatch.undo()
    voted = [json.loads(node.seat.places.node.sign_state.read_text())["height"] for node in stage.nodes]

    stage.again(range(4))

    stage.until(
        lambda: stage.nodes[0].engine.unfinished() == 0 and stage.nodes[0].engine.size == size + 1,
        "what was handed in meanwhile",
    )
    done, after = stage.register()
    assert (done.index, chain) == (size + 1, first.removesuffix("-1") + "-2")
    homes = [node.seat.places.node for node in stage.nodes]
    assert {home.genesis.read_text() for home in homes} == {homes[0].genesis.read_text()}
    assert [chain_of(home.genesis.read_text()) for home in homes] == [chain] * 4
    for home, height in zip(homes, voted, strict=True):
        kept = home.root / "chains" / first
        assert chain_of((kept / "genesis.json").read_text()) == first
        assert int(json.loads((kept / "data" / home.sign_state.name).read_text())["height"]) >= int(height) > 1
        assert (kept / "data" / "blockstore.db").is_dir()
    for handle in (before, after):
        assert verify_file(export_subject(stage.nodes[0].engine, handle), trust, KINDS).status is Status.VERIFIED


def test_a_cut_on_the_way_is_finished_at_the_next_start(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut before each of the steps: the server stands where the others do, and its old votes are kept."""
    stage.register()
    stage.succeeded()
    stage.stop()
    first = stage.nodes[3].seat.places.node
    for step in ("set_aside", "NetworkStore.put_voters", "ReplicaChain.begin_anew", "begin"):
        monkeypatch.setattr(f"akashi.app.roster.succeeding.{step}", _cut)
        with pytest.raises(KeyboardInterrupt):
            _node(stage.folders[3])
        monkeypatch.undo()

    stage.again(range(4))

    assert chain_of(first.genesis.read_text()).endswith("-2")
    assert (first.root / "chains" / (chain_of(first.genesis.read_text()).removesuffix("-2") + "-1")).is_dir()
    done, _ = stage.register()
    stage.until(lambda: all(node.engine.size == done.index + 1 for node in stage.nodes), "all four level")


def test_whoever_asks_twice_ends_one_chain(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end that became final later than an operation may is told as done; asked again while it ends the answer is the same, and nothing more is said on the ledger."""
    stage.register()
    first = stage.nodes[0].chain_id
    monkeypatch.setattr("akashi.network.service.ACK_TIMEOUT_S", 0.0)
    chain = stage.succeeded()
    monkeypatch.undo()
    size = stage.nodes[0].engine.size

    again = stage.roster.succeed({})

    assert (chain, again) == (first.removesuffix("-1") + "-2", {"chain": chain})
    stage.until(lambda: stage.nodes[0].engine.unfinished() == 0, "nothing that is kept")
    assert stage.nodes[0].engine.size == size


def _cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_server_that_missed_the_end_is_rebuilt(stage: Stage) -> None:
    """It was down when the chain ended: refused while it is expected; afterwards the others' next chain is found, proven by a quorum, and joined."""
    stage.register()
    stage.nodes[3].stop()
    stage.until(lambda: not stage.nodes[0].links.states()[stage.nodes[3].seat.book.own].up, "one that is away")
    size = stage.nodes[0].engine.size
    with pytest.raises(AllNeeded):
        stage.roster.succeed({})
    assert stage.nodes[0].engine.size == size
    body = LogHandover(chain=stage.nodes[0].chain_id.removesuffix("-1") + "-2", size=size, root=bytes(32))
    stage.author.submit(body, subject=stage.author.institution)
    stage.until(lambda: stage.over == {0, 1, 2}, "three servers that know of the end")
    stage.again([0, 1, 2])
    done, _ = stage.register()
    paths = server_paths(stage.folders[3])
    keystore = open_keystore(stage.folders[3], paths.keys, PASSPHRASE, ServerSettings())

    repaired = Repairer(paths, keystore, SystemClock(), timeout_s=240.0).run(
        Damage(IncidentPlace.CONSENSUS, "chain", 0)
    )

    assert repaired.size == done.index + 1
    stage.again([3])
    done, _ = stage.register()
    stage.until(lambda: stage.nodes[3].engine.size == done.index + 1, "the fourth to be level")
    stage.until(stage.nodes[3].notes.votes, "the fourth to vote")
