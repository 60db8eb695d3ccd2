"""A server that missed the end of a chain is rebuilt into the next one, wherever the power goes meanwhile, and however far the others are by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.repair.repairing import QUARANTINE, Repairer
from akashi.clock import SystemClock
from akashi.ledger.keyring.handover import LogHandover
from akashi.network.model import IncidentPlace
from akashi.network.node.preparing import chain_of
from akashi.network.scrub.model import Damage
from tests.app.network.four import PASSPHRASE, found_four
from tests.app.roster.test_next_chain import Stage
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]
MISSED = Damage(IncidentPlace.CONSENSUS, "chain", 0)
STEPS = (
    "akashi.app.roster.succeeding.set_aside",
    "akashi.network.node.preparing.fsync_directory",  # blocks and votes were moved, nothing is in their place yet
    "akashi.app.roster.succeeding.NetworkStore.put_voters",
    "akashi.app.roster.succeeding.ReplicaChain.begin_anew",
    "akashi.app.roster.succeeding.begin",
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Four servers that run, of which the last one is stopped and misses the end of the chain."""
    with ExitStack() as held:
        stage = Stage(found_four(tmp_path, SystemClock(), free_ports(8)), held)
        stage.register()
        stage.nodes[3].stop()
        _end_without_it(stage, 2)
        yield stage


def _end_without_it(stage: Stage, number: int) -> None:
    """The three others begin the chain with this number."""
    size = stage.nodes[0].engine.size
    name = f"{stage.nodes[0].chain_id.rpartition('-')[0]}-{number}"
    stage.author.submit(LogHandover(chain=name, size=size, root=bytes(32)), subject=stage.author.institution)
    stage.until(lambda: stage.over >= {0, 1, 2}, "three servers that know of the end")
    stage.over.clear()
    stage.again([0, 1, 2])


def _repairer(stage: Stage) -> Repairer:
    paths = server_paths(stage.folders[3])
    keystore = open_keystore(stage.folders[3], paths.keys, PASSPHRASE, ServerSettings())
    return Repairer(paths, keystore, SystemClock(), timeout_s=240.0)


def _cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _cut_everywhere(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in STEPS:
        with monkeypatch.context() as patch:
            patch.setattr(step, _cut)
            with pytest.raises(KeyboardInterrupt):
                _repairer(stage).run(MISSED)


def test_a_rebuild_goes_on_after_a_cut_at_any_step(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cut after the other: the next attempt ends in the next chain, what was voted in the former is kept as it was, and the server votes."""
    home = stage.nodes[3].seat.places.node
    voted, first = home.sign_state.read_bytes(), chain_of(home.genesis.read_text())
    _cut_everywhere(stage, monkeypatch)
    done, _ = stage.register()

    repaired = _repairer(stage).run(MISSED)

    assert repaired.size >= done.index + 1
    assert chain_of(home.genesis.read_text()).endswith("-2")
    assert (home.set_aside(first) / "data" / home.sign_state.name).read_bytes() == voted
    stage.again([3])
    done, _ = stage.register()
    stage.until(lambda: stage.nodes[3].engine.size >= done.index + 1, "the fourth to be level")
    stage.until(stage.nodes[3].notes.votes, "the fourth to vote")


def test_a_rebuild_into_a_chain_that_ended_begins_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are in the third chain when it goes on with the blocks of the second, which nobody has any more."""
    with monkeypatch.context() as patch:
        patch.setattr("akashi.app.repair.repairing.Follower.start", _cut)
        with pytest.raises(KeyboardInterrupt):
            _repairer(stage).run(MISSED)
    home = stage.nodes[3].seat.places.node
    assert chain_of(home.genesis.read_text()).endswith("-2")
    stage.register()
    _end_without_it(stage, 3)
    done, _ = stage.register()
    monkeypatch.setattr("akashi.app.repair.repairing._STALLED_S", 1.0)

    repaired = _repairer(stage).run(MISSED)

    assert repaired.size >= done.index + 1
    assert chain_of(home.genesis.read_text()).endswith("-3")
    assert len(list((home.root / QUARANTINE).iterdir())) == 2
    stage.again([3])
    done, _ = stage.register()
    stage.until(lambda: stage.nodes[3].engine.size >= done.index + 1, "the fourth to be level")
