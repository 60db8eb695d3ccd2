"""A server's new keys for voting: named on the ledger by itself, used once they are named, never another's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.roster.meeting import learn
from akashi.app.roster.rekeying import rekey
from akashi.app.server.founding import SERVER_KEY
from akashi.clock import SystemClock
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.network.events import ServerRekeyed
from akashi.network.node.keys import validator_public_key
from tests.app.network.four import PASSPHRASE, found_four
from tests.app.roster.test_next_chain import Stage
from tests.network.cometbft import needs_cometbft
from tests.ports import free_ports

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Four running servers; whatever was started is stopped."""
    with ExitStack() as held:
        yield Stage(found_four(tmp_path, SystemClock(), free_ports(8)), held)


def _machine(stage: Stage, at: int) -> Author:
    paths = server_paths(stage.folders[at])
    keystore = open_keystore(stage.folders[at], paths.keys, PASSPHRASE, ServerSettings())
    return Author(stage.nodes[at].engine, keystore.signer(SERVER_KEY), stage.author.institution, SystemClock())


def test_a_server_votes_with_its_new_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off after the keys were made, asked again: the same keys are named, used, and their vote is needed and counts; another's row is not changed by it."""
    node, machine, home = stage.nodes[3], _machine(stage, 3), stage.nodes[3].seat.places.node
    before = validator_public_key(home)
    monkeypatch.setattr(machine, "submit", _cut)
    with pytest.raises(KeyboardInterrupt):
        rekey(node, machine, {})
    monkeypatch.undo()
    assert validator_public_key(home) == before
    with pytest.raises(Refused, match=r"server\.signer"):
        machine.submit(ServerRekeyed(server=stage.nodes[2].seat.book.own, validator=b"\7" * 32), subject="srv-other")

    monkeypatch.setattr("akashi.app.network.running.take_next_keys", lambda *_: False)  # named, and not used yet
    monkeypatch.setattr("akashi.app.roster.rekeying.COMPANY_S", 0.5)
    answer = rekey(node, machine, {})
    assert rekey(node, machine, {}) == answer  # named already: nothing is said twice
    monkeypatch.undo()
    node._roll_changed.set()  # a beat may have come meanwhile, and found nothing to be used
    stage.until(lambda: validator_public_key(home) == bytes.fromhex(answer["validator"]), "the new key in its place")
    for other in stage.nodes[:3]:
        learn(other, {})
    stage.nodes[2].stop()  # three are needed: the new key's vote is one of them
    done, _ = stage.register()
    stage.until(lambda: node.engine.size == done.index + 1, "the fourth to be level")
    assert bytes.fromhex(answer["validator"]) in stage.nodes[0].history.at(stage.nodes[0].chain.position.height)
    assert before not in stage.nodes[0].history.at(stage.nodes[0].chain.position.height)


def _cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
