"""How long probes wait, where that stands, and what the sheet says where it was too short: real sockets, and answers that come when the test says so."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import GatewaySettings
from akashi.app.conformity.running import patience_of
from akashi.app.errors import SettingsInvalid
from akashi.conformity.errors import Unreached
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import RAN_OUT, CheckResult, Fact, Measurement, Reach, TargetKind, Verdict
from akashi.conformity.probing import ANSWER_LEAST_MS, ANSWER_MOST_MS, Pace, Patience
from akashi.conformity.wire import dial
from akashi.conformity.wire.dial import Place
from akashi.conformity.wire.reach import State, look_all
from akashi.errors import Misuse
from tests.conformity.test_judges_wire import TLS
from tests.conformity.wirepeers import GOOD_SSH, ssh_handler
from tests.conformity.wirestand import HOST, bench, measured, serving
from tests.waiting import PATIENCE_S, until

SHORT, LONG = Patience(ANSWER_LEAST_MS), Patience(ANSWER_MOST_MS)


class Slow:
    """A server that says nothing to whoever comes before it is let go, and what it has to say to those who still wait then."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self._handle, self._go, self._lock = handle, threading.Event(), threading.Lock()
        self.came = 0

    def __call__(self, line: socket.socket) -> None:
        """One connection."""
        with self._lock:
            self.came += 1
        self._go.wait(PATIENCE_S)
        self._handle(line)

    def answer(self) -> None:
        """Everybody is answered from now on."""
        self._go.set()


def _ssh(port: int, patience: Patience) -> Measurement:
    return measured("ssh", TargetKind.HOST, HOST, {"ssh_port": str(port)}, patience)[0]


def _mute(line: socket.socket) -> None:
    while line.recv(1 << 16):
        pass


def _judged(check: str, one: Measurement) -> CheckResult:
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, [one], {})


@pytest.mark.network
def test_a_slow_answer_is_judged_by_whoever_waits_for_it() -> None:
    """One server, asked twice: who waits shortly has 判定不能 and is told how short; who waits on, at the same time, has the verdict."""
    server = Slow(ssh_handler(GOOD_SSH))
    with serving(server) as port, ThreadPoolExecutor(1) as pool:
        patient = pool.submit(_ssh, port, LONG)
        until(lambda: server.came == 1, "the patient one")
        impatient = _ssh(port, SHORT)
        server.answer()
        waited = patient.result()

    told = _judged("ssh.policy", impatient).opinion
    assert (impatient.reach, impatient.note, impatient.facts) == (Reach.UNREACHED, "ssh", {RAN_OUT: ANSWER_LEAST_MS})
    assert (told.verdict, told.why.ja) == (Verdict.UNDECIDED, "対象に届きませんでした。答えを 0.5 秒まで待ちました。")
    assert told.why.en == "The target was not reached. Answers were waited for up to 0.5 s."
    assert (waited.reach, RAN_OUT in waited.facts) == (Reach.REACHED, False)
    assert _judged("ssh.policy", waited).opinion.verdict is Verdict.CONFORMS


@pytest.mark.network
@pytest.mark.parametrize(
    ("probe", "kind", "options", "limit"),
    [
        ("tls", TargetKind.TLS, {}, 500),
        ("ssh", TargetKind.HOST, {"ssh_port": "PORT"}, 500),
        ("defaults", TargetKind.HOST, {"defaults": "admin:admin", "defaults_url": "http://HOST:PORT/", "defaults_way": "basic"}, 500),
    ],
    ids=["tls", "ssh", "http"],
)  # fmt: skip
def test_a_silent_server_says_which_wait_ran_out(
    probe: str, kind: TargetKind, options: dict[str, str], limit: int
) -> None:
    """It takes the connection and never speaks: unreached, with the limit that was used."""
    with serving(_mute) as port:
        told = {key: text.replace("PORT", str(port)).replace("HOST", HOST) for key, text in options.items()}
        (one,) = measured(probe, kind, f"{HOST}:{port}" if kind is TargetKind.TLS else HOST, told, SHORT)

    assert one.reach is Reach.UNREACHED
    assert one.facts == {RAN_OUT: limit}


@pytest.mark.network
def test_a_silent_ike_gateway_says_which_wait_ran_out() -> None:
    """Its questions go side by side: a third of the wait for one answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((HOST, 0))
        port = str(mute.getsockname()[1])
        (one,) = measured("ike", TargetKind.HOST, HOST, {"ike_port": port}, SHORT)

    assert (one.reach, one.note, one.facts) == (Reach.UNREACHED, "silent", {RAN_OUT: 167})


def test_a_tool_that_hangs_says_which_wait_ran_out() -> None:
    """A tool of its own pace is ended, and the limit is told; one that is not there is no wait."""
    hung, missing = Pace(1000, SHORT), Pace(1000, SHORT)
    with pytest.raises(Unreached):
        replace(bench(), pace=hung).run([sys.executable, "-c", "import signal; signal.pause()"], seconds=0.1)
    with pytest.raises(Unreached):
        replace(bench(), pace=missing).run(["akashi-no-such-tool"])

    assert (hung.ran_out_ms, missing.ran_out_ms) == (100, 0)


@pytest.mark.network
def test_a_refusal_is_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever refuses has answered; whoever does not, among many asked side by side, has a third of the time."""

    def connected(address: tuple[str, int], timeout: float) -> socket.socket:
        waits.append(timeout)
        raise ConnectionRefusedError if address[1] == 1 else TimeoutError

    waits: list[float] = []
    monkeypatch.setattr(socket, "create_connection", connected)
    refused, silent = Pace(1000, SHORT), Pace(1000, SHORT)

    assert look_all([Place(HOST, 1)], refused) == [State.REFUSED]
    assert look_all([Place(HOST, 1), Place(HOST, 2)], silent) == [State.REFUSED, State.SILENT]
    assert (refused.ran_out_ms, silent.ran_out_ms) == (0, 167)
    assert set(waits) == {SHORT.many_s}


def test_only_what_is_undecided_names_the_wait() -> None:
    """A verdict does not hang on a wait that was in vain; a fact of a stranger's bundle that is no number is not told."""
    facts: dict[str, Fact] = {RAN_OUT: 3000}
    silent = Measurement("ssh", 1, "tgt-a", "here", "", 0, 1, Reach.UNREACHED, facts, "silent")
    strange = [replace(silent, facts={RAN_OUT: value}) for value in (True, "3000", ("3000",))]
    lacking = replace(silent, reach=Reach.REACHED)

    assert _judged("ssh.policy", silent).opinion.why.ja.endswith("答えを 3 秒まで待ちました。")
    assert _judged("ssh.policy", lacking).opinion.why.ja.endswith("答えを 3 秒まで待ちました。")
    assert {_judged("ssh.policy", one).opinion.why.ja for one in strange} == {"対象に届きませんでした。"}
    good = replace(lacking, probe="tls", facts=TLS)
    assert _judged("tls.versions", good).opinion.verdict is Verdict.CONFORMS
    assert _judged("tls.versions", replace(good, facts=TLS | facts)) == _judged("tls.versions", good)


def test_the_setting_is_bounded() -> None:
    """From half a second to a minute; beyond, the run is refused and the setting named."""
    assert patience_of(GatewaySettings()) == Patience()
    assert patience_of(GatewaySettings(probe_answer_ms=ANSWER_MOST_MS)) == LONG
    for wrong in (0, ANSWER_LEAST_MS - 1, ANSWER_MOST_MS + 1):
        with pytest.raises(SettingsInvalid) as refused:
            patience_of(GatewaySettings(probe_answer_ms=wrong))
        assert refused.value.params == {"setting": "probe_answer_ms"}
        with pytest.raises(Misuse):
            Patience(wrong)


def test_no_probe_of_the_wire_has_a_limit_of_its_own() -> None:
    """A number for a wait stands in ``Patience`` and nowhere else, so that the setting counts for all of them."""
    folder = Path(dial.__file__).parent
    found = {
        (path.name, line)
        for path in folder.glob("*.py")
        for line in re.findall(
            r".*(?:timeout\(|timeout=|seconds=|monotonic\(\) \+ )[0-9_A-Z].*", path.read_text(encoding="utf-8")
        )
    }

    assert found == set()
