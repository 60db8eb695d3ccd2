"""A node that falls is started again, within bounds; one that halted on purpose is not; none outlives us."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from akashi.errors import AkashiError, Misuse
from akashi.network.node.errors import ConsensusHalted, NodeDied, NodeGaveUp, NotReady, SignStateLost
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import make_keys
from akashi.network.node.process import LAUNCH, NodeProcess, NodeState, Patience
from tests.network.node.chain import until

Begin = Callable[..., NodeProcess]


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    """A node's home, with keys."""
    home = NodeHome(tmp_path / "network")
    make_keys(home)
    return home


@pytest.fixture
def problems() -> list[AkashiError]:
    """What was reported."""
    return []


@pytest.fixture
def node(home: NodeHome, tmp_path: Path, problems: list[AkashiError]) -> Iterator[Begin]:
    """Makes a node of the stand-in that behaves as told; what still runs is stopped in the end."""
    program = tmp_path / "cometbft"
    shutil.copy(Path(__file__).with_name("stand_in.py"), program)
    program.write_text(f"#!{sys.executable} -IS\n" + program.read_text(encoding="utf-8"), encoding="utf-8")
    program.chmod(0o755)
    made: list[NodeProcess] = []

    def make(behave: str = "", patience: Patience | None = None) -> NodeProcess:
        (home.cometbft / "behave").write_text(behave, encoding="utf-8")
        made.append(NodeProcess(program, home, report=problems.append, patience=patience))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def alive(pid: int) -> bool:
    """Whether there is such a process, and it is not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_starts_answers_and_stops(node: Begin, problems: list[AkashiError]) -> None:
    """Started means that it answers; stopped means that it is gone; nothing is reported."""
    running = node()
    running.start()
    pid = running.pid
    state, chain = running.state, running.client.status().chain_id
    running.stop()

    assert (state, chain) == (NodeState.RUNNING, "akashi-invented")
    assert (running.state, running.pid, problems) == (NodeState.STOPPED, None, [])
    assert pid is not None
    assert not alive(pid)


def test_nothing_of_our_environment_reaches_it(node: Begin, home: NodeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """CometBFT takes settings from its environment: it gets a home of its own and how Go runs, and nothing else of ours."""
    monkeypatch.setenv("CMT_RPC_LADDR", "tcp://0.0.0.0:26657")
    monkeypatch.setenv("GOMAXPROCS", "64")
    node().start()

    seen = json.loads((home.cometbft / "seen").read_text(encoding="utf-8"))

    assert {name: value for name, value in seen.items() if name != "LC_CTYPE"} == {
        "HOME": str(home.cometbft), "GOMAXPROCS": "1",
    }  # fmt: skip


def test_a_fallen_node_is_reported_and_started_again(node: Begin, problems: list[AkashiError]) -> None:
    """A kill that nobody asked for: the report says how it ended, and another process answers."""
    running = node()
    running.start()
    first = running.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: running.state is NodeState.RUNNING and running.pid not in {None, first})

    assert [(type(problem), problem.params) for problem in problems] == [(NodeDied, {"status": -9})]
    assert running.client.status().height == 0


def test_a_node_that_keeps_falling_is_given_up(node: Begin, problems: list[AkashiError]) -> None:
    """So many ends in a row and no more starts: the caller hears it, and so does who is told of problems."""
    running = node("fall", Patience(most=2))

    with pytest.raises(NodeGaveUp):
        running.start()

    assert [type(problem) for problem in problems] == [NodeDied, NodeDied, NodeGaveUp]
    assert problems[0].params == {"status": 5}
    assert (running.state, running.pid) == (NodeState.FAILED, None)


def test_one_that_falls_after_answering_is_given_up_too(node: Begin) -> None:
    """To have answered once is not to run steadily."""
    running = node("fall-later", Patience(most=2))
    with suppress(NodeGaveUp):  # on a busy machine it is over before anybody looks
        running.start()
    until(lambda: running.state is NodeState.FAILED)

    assert running.pid is None


def test_a_halted_consensus_is_not_started_again(node: Begin, problems: list[AkashiError]) -> None:
    """CometBFT would go on answering without voting: it is stopped, reported, and left for a person to look at."""
    running = node("halt")
    running.start()
    until(lambda: running.state is NodeState.HALTED)

    assert [type(problem) for problem in problems] == [ConsensusHalted]
    assert running.pid is None
    with pytest.raises(ConsensusHalted):
        running.wait(0)


def test_the_ledger_can_halt_it(node: Begin, problems: list[AkashiError]) -> None:
    """A halt from any thread returns at once; the node is gone and stays so until it is started by hand."""
    running = node()
    running.start()
    running.halt()
    until(lambda: running.state is NodeState.HALTED)
    running.start()

    assert running.state is NodeState.RUNNING
    assert [type(problem) for problem in problems] == [ConsensusHalted]


def test_one_that_does_not_mind_is_killed(node: Begin) -> None:
    """After the grace a node that was asked to stop is killed; stopping always ends."""
    running = node("deaf", Patience(grace_s=0.2))
    running.start()
    pid = running.pid
    running.stop()

    assert pid is not None
    assert not alive(pid)
    assert running.state is NodeState.STOPPED


def test_a_stop_ends_a_pause(node: Begin) -> None:
    """While it waits for the next start, a stop is a stop."""
    running = node("fall", Patience(most=100))
    with pytest.raises(NotReady):
        running.start(timeout_s=0.1)
    running.stop()

    assert (running.state, running.pid) == (NodeState.STOPPED, None)


def test_it_is_not_started_twice(node: Begin) -> None:
    """Two processes on one key would vote twice: the second start is a mistake, and changes nothing."""
    running = node()
    running.start()
    pid = running.pid

    with pytest.raises(Misuse):
        running.start()

    assert running.pid == pid


def test_without_its_sign_state_it_does_not_start(node: Begin, home: NodeHome) -> None:
    """A key that forgot what it voted votes no more."""
    running = node()
    home.sign_state.unlink()

    with pytest.raises(SignStateLost):
        running.start()

    assert (running.state, running.pid) == (NodeState.STOPPED, None)


def test_what_it_says_is_kept(node: Begin, home: NodeHome) -> None:
    """Its words stand in its log, the launcher's too, for their owner alone."""
    running = node()
    running.start()
    running.stop()

    assert home.log.read_text(encoding="utf-8") == "it begins\n"
    assert home.log.stat().st_mode & 0o777 == 0o600


PARENT = """
import sys, time
from pathlib import Path
from akashi.network.node.home import NodeHome
from akashi.network.node.process import NodeProcess
node = NodeProcess(Path(sys.argv[1]), NodeHome(Path(sys.argv[2])))
node.start()
print(node.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.usefixtures("node")
def test_it_dies_with_us(home: NodeHome, tmp_path: Path) -> None:
    """The server is killed with SIGKILL and can clean up nothing: its node is gone all the same."""
    command = [sys.executable, "-c", PARENT, str(tmp_path / "cometbft"), str(home.root)]
    environment = os.environ | {"PYTHONPATH": str(LAUNCH.parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    until(lambda: not alive(pid))


def test_it_does_not_start_for_a_parent_that_is_gone() -> None:
    """Between the start and the tie the parent may end: then nothing is started."""
    done = subprocess.run([sys.executable, "-I", "-S", LAUNCH, "1", "/bin/true"], check=False, stdin=subprocess.DEVNULL)

    assert done.returncode == 72
