"""Four real servers with their nodes in one process: what is acknowledged, what is not, and what evidence made there proves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.running import NetworkNode
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import new_handle
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network import service
from akashi.network.errors import GenesisDiffers, NotFinal
from akashi.network.node.process import NodeState
from tests.app.network.four import PASSPHRASE, Homes, found_four
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


class Four:
    """The servers, some of them running."""

    def __init__(self, homes: Homes) -> None:
        self.homes, self.alarms = homes, list[AkashiError]()
        self.nodes: dict[int, NetworkNode] = {}
        self.start(1, 2, 3, 4)
        keystore = self.keystore(1)
        secretariat = (server_paths(homes.folders[0]).public / "secretariat").read_text().strip()
        self.author = Author(self.nodes[1].engine, keystore.signer(SECRETARIAT_KEY), secretariat, SystemClock())

    def keystore(self, number: int) -> FileKeystore:
        """That server's keys."""
        folder = self.homes.folders[number - 1]
        return open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())

    def start(self, *numbers: int) -> None:
        """Start these together."""
        for number in numbers:
            paths = server_paths(self.homes.folders[number - 1])
            node = NetworkNode(paths, self.keystore(number), SystemClock(), alarm=self.alarms.append)
            self.nodes[number] = node
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: self.nodes[number].start(), numbers))

    def stop(self, *numbers: int) -> None:
        """Stop these."""
        for number in numbers:
            self.nodes.pop(number).stop()

    def envelope(self) -> tuple[bytes, str]:
        """Another invented institution is registered."""
        handle = new_handle("inst")
        body = InstitutionRegistered(institution=handle, roles=1, directory=os.urandom(32))
        return self.author.compose(body, subject=handle), handle


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """Founded, running, stopped at the end."""
    made = Four(found_four(tmp_path_factory.mktemp("n"), SystemClock(), free_ports(8)))
    yield made
    made.stop(*list(made.nodes))


def test_acknowledged_is_final_everywhere(four: Four) -> None:
    """Who is told success has a checkpoint with three cosignatures; asking again gives the same place; a refusal has its reason."""
    envelope, _ = four.envelope()
    engine = four.nodes[1].engine

    done = engine.submit(envelope)

    note = parse_checkpoint(engine.checkpoint())
    assert note.size > done.index
    assert sum("/server/" in line.name for line in note.lines) >= 3
    assert engine.submit(envelope) == done
    forged = bytearray(four.envelope()[0])
    forged[-1] ^= 1
    outcomes = engine.submit_many([bytes(forged), envelope, b"junk"])
    assert [type(one).__name__ for one in outcomes] == ["ProofError", "Acknowledged", "EncodingError"]


def test_evidence_verifies_offline(four: Four) -> None:
    """A bundle of server 1 verifies under the published trust file, which asks for a quorum; one with too few cosignatures does not."""
    envelope, handle = four.envelope()
    engine = four.nodes[1].engine
    engine.submit(envelope)
    trust = (server_paths(four.homes.folders[0]).public / "trust.txt").read_bytes()

    note, bundle = engine.checkpoint(), export_subject(engine, handle)
    while note not in bundle:  # another server's cosignature came in between
        note, bundle = engine.checkpoint(), export_subject(engine, handle)

    assert verify_file(bundle, trust, KINDS).status is Status.VERIFIED
    own = four.nodes[1].chain.head
    assert own is not None
    alone = bundle.replace(note, own.row.note)
    assert alone != bundle
    assert verify_file(alone, trust, KINDS).status is not Status.VERIFIED


def test_below_a_quorum_nothing_is_told_done(four: Four, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of four down: it goes on. Two down: kept and 未確定, never done. One back: final by itself, at one place on every server."""
    four.stop(4)
    envelope, _ = four.envelope()
    assert isinstance(four.nodes[1].engine.submit(envelope), Acknowledged)

    four.stop(3)
    waiting, _ = four.envelope()
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", 3.0)
    with pytest.raises(NotFinal):
        four.nodes[1].engine.submit(waiting)
    assert four.nodes[1].engine.unfinished() == 1

    four.start(3, 4)
    monkeypatch.setattr(service, "ACK_TIMEOUT_S", PATIENCE_S)
    done = four.nodes[1].engine.submit(waiting)
    assert four.nodes[1].notes.wait(done.index + 1, PATIENCE_S) is not None
    for node in four.nodes.values():
        assert node.notes.wait(done.index + 1, PATIENCE_S) is not None
        entry = node.engine.entry(done.operation_id)
        assert entry is not None
        assert entry.index == done.index
    until(lambda: four.nodes[1].engine.unfinished() == 0, "nothing unfinished", four.nodes[1].engine.unfinished)


def test_the_log_key_changes_no_more(four: Four) -> None:
    """Servers change their own keys; the log's alone has ended with the handover."""
    with pytest.raises(Refused, match="handed_over"):
        four.nodes[1].engine.rekey(None, b"")


def test_a_home_of_another_history_does_not_start(four: Four, tmp_path: Path) -> None:
    """Must fail: the chain's genesis of another ledger beside this one."""
    other = found_four(tmp_path, SystemClock(), free_ports(2), servers=1)
    strange = server_paths(other.folders[0]).root / "network" / "cometbft" / "config" / "genesis.json"
    ours = server_paths(four.homes.folders[0]).root / "network" / "cometbft" / "config" / "genesis.json"
    strange.write_bytes(ours.read_bytes())
    keystore = open_keystore(other.folders[0], server_paths(other.folders[0]).keys, PASSPHRASE, ServerSettings())

    with pytest.raises(GenesisDiffers):
        NetworkNode(server_paths(other.folders[0]), keystore, SystemClock())


def test_nothing_votes_before_it_was_checked(four: Four) -> None:
    """Must fail: a server whose ledger turns out to be another history when it asks the others, before its node runs."""
    four.stop(4)
    paths = server_paths(four.homes.folders[3])
    node = NetworkNode(paths, four.keystore(4), SystemClock())
    running = list[NodeState]()

    def _forked() -> None:
        running.append(node.process.state)
        raise LedgerDamaged("forked")

    node.before_voting.append(_forked)

    with pytest.raises(LedgerDamaged, match="forked"):
        node.start(15)

    assert running == [NodeState.STOPPED]
    assert node.process.state is NodeState.STOPPED
    four.start(4)
