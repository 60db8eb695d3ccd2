"""What went wrong is told by ``network status`` also after the home was closed and opened again: each once, the newest always."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network import status
from akashi.app.network.serving import ReplicaServer
from akashi.app.network.status import MOST_ALARMS, codes_of, new_alarms, offer_status
from akashi.app.server.home import Server
from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.errors import Misbehaved, NotFinal, PortsOut
from tests.app.network.four import PASSPHRASE, found_four
from tests.network.cometbft import needs_cometbft

START = 1_795_219_200_000
EARLIER, WHILE_CLOSED, LATER = Misbehaved(server="srv-a", height=7), NotFinal(), PortsOut(least=1, most=2)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """One that keeps its ledger alone: alarms are kept as everywhere."""
    return Server.create(
        tmp_path / "home", ServerSettings(), "架空事務局", PASSPHRASE, FixedClock(START), cost=FAST_UNSAFE_COST
    )


def _again(server: Server) -> Server:
    server.close()
    return Server.reopen(server, threading.Event())


def test_alarms_of_before_and_after_a_reopening_are_told_once(server: Server) -> None:
    """In the order in which they came, over several reopenings; what a thread of the closed one still says is among them."""
    server.alarms.append(EARLIER)
    second = _again(server)
    server.alarms.append(WHILE_CLOSED)
    third = _again(second)
    third.alarms.append(LATER)
    third.close()

    assert list(third.alarms) == [EARLIER, WHILE_CLOSED, LATER]


def test_old_alarms_never_push_out_new_ones(server: Server) -> None:
    """A list that was full before the reopening keeps the newest."""
    server.alarms.extend([EARLIER] * MOST_ALARMS)
    again = _again(server)
    again.alarms.append(LATER)
    again.close()

    assert len(again.alarms) == MOST_ALARMS
    assert again.alarms[-1] is LATER


def test_what_status_tells_is_the_list_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what was added after the verb was offered, by number and order."""
    node: Any = SimpleNamespace(verbs={})
    monkeypatch.setattr(status, "status_of", lambda _node, problems: SimpleNamespace(encode=lambda: problems))
    alarms = new_alarms()
    alarms.append(EARLIER)
    offer_status(node, alarms)
    alarms.append(LATER)

    assert node.verbs["status"]({}) == (EARLIER.code, LATER.code)


def test_alarms_that_come_while_they_are_told_are_no_error() -> None:
    """Other threads add at any time; a list that grows under its reader would be an error of ours in place of the status."""
    alarms: deque[AkashiError] = new_alarms()

    class Telling(AkashiError):
        """Whose code takes long to say."""

        @property
        def code(self) -> str:  # type: ignore[override]  # a moment at which another thread adds one
            """As such."""
            alarms.append(LATER)
            return "testing.told"

    alarms.extend([Telling(), Telling()])

    assert codes_of(alarms) == ("testing.told", "testing.told")
    assert len(alarms) == 4


@needs_cometbft
def test_a_further_server_tells_them_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`network run` opens its home again after a repair with the alarms of before; the verb of the control socket has both, once."""
    root = tmp_path_factory.mktemp("a")  # names of sockets are short
    folder = found_four(root, FixedClock(START), range(32_051, 32_055), servers=2).folders[1]
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    alarms = new_alarms()
    first = ReplicaServer.reopen(folder, keystore, FixedClock(START), alarms=alarms)
    first.node.tell(EARLIER)
    first.stop()
    second = ReplicaServer.reopen(folder, keystore, FixedClock(START), alarms=alarms)
    second.node.tell(LATER)
    told = second.node.verbs["status"]({})
    second.stop()

    assert told["problems"] == (EARLIER.code, LATER.code)
