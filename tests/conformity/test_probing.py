"""How probes are run: every attempt becomes a measurement, consent and pace hold."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.clock import FixedClock
from akashi.conformity.errors import ToolMissing, Unreached
from akashi.conformity.model import Facts, Reach, Target, TargetKind
from akashi.conformity.probing import MAX_RAW, Bench, Observed, Pace, Probe, Probes, measure, run_probes
from akashi.errors import Misuse
from tests.conformity.small import DAY, NOW, door_probe
from tests.waiting import PATIENCE_S

FOLDER = Path("nowhere")
HERE = Target("tgt-here00", TargetKind.MACHINE, "this machine", {}, NOW + DAY)


def bench(*tools: Path) -> Bench:
    """A bench whose clock stands still."""
    return Bench(FixedClock(NOW), "here", Pace(1000), FOLDER, tools)


def raising(error: Exception) -> Probe:
    """A probe that ends so."""

    def look(_target: Target, _bench: Bench) -> Observed:
        raise error

    return Probe("door", 1, TargetKind.MACHINE, False, look)  # noqa: FBT003  # not active


@pytest.mark.parametrize(
    ("error", "reach", "note"),
    [
        (Unreached(reason="port.closed"), Reach.UNREACHED, "port.closed"),
        (ConnectionRefusedError(), Reach.UNREACHED, "network"),
        (TimeoutError(), Reach.UNREACHED, "network"),
        (ToolMissing(name="tool"), Reach.BROKEN, "conformity.tool_missing"),
        (ValueError("secret-host-name"), Reach.BROKEN, "probe"),
        (RecursionError(), Reach.BROKEN, "probe"),
    ],
)
def test_whatever_a_probe_trips_over_becomes_a_measurement(error: Exception, reach: Reach, note: str) -> None:
    """Unreached, broken and refused are told apart; there are no facts, and no words of the error."""
    made = measure(raising(error), HERE, bench())
    assert (made.reach, made.note, dict(made.facts), made.raw) == (reach, note, {}, b"")


def test_an_active_probe_without_consent_sends_nothing() -> None:
    """The probe is not even called."""
    called = []

    def look(_target: Target, _bench: Bench) -> Observed:
        called.append(1)
        return Observed({}, b"", "t")

    over = Target("tgt-here00", TargetKind.MACHINE, "x", {}, NOW)
    made = measure(Probe("door", 1, TargetKind.MACHINE, True, look), over, bench())  # noqa: FBT003  # active
    assert (made.reach, called) == (Reach.REFUSED, [])


def test_raw_output_is_bounded() -> None:
    """A target that sends without end fills no disk."""

    def look(_target: Target, _bench: Bench) -> Observed:
        return Observed({}, b"x" * (MAX_RAW + 5), "t")

    made = measure(Probe("door", 1, TargetKind.MACHINE, False, look), HERE, bench())  # noqa: FBT003  # not active
    assert len(made.raw) == MAX_RAW


def test_probes_run_on_targets_of_their_kind_and_option() -> None:
    """A probe that asks for an option skips targets without it; progress names each attempt first."""
    told: list[tuple[str, int, int]] = []
    plain = door_probe({"locked": True})
    picky = Probe("window", 1, TargetKind.MACHINE, False, plain.measure, option="glass")  # noqa: FBT003  # not active
    targets = [
        HERE,
        Target("tgt-file00", TargetKind.FILE, "x", {"glass": "1"}, NOW + DAY),
        Target("tgt-glass0", TargetKind.MACHINE, "x", {"glass": "1"}, NOW + DAY),
    ]
    made = run_probes([plain, picky], targets, bench(), lambda name, _t, done, total: told.append((name, done, total)))
    assert [(one.probe, one.target) for one in made] == [
        ("door", "tgt-here00"),
        ("door", "tgt-glass0"),
        ("window", "tgt-glass0"),
    ]
    assert told == [("door", 0, 3), ("door", 1, 3), ("window", 2, 3)]


def test_kinds_that_do_not_disturb_each_other_run_side_by_side() -> None:
    """TLS, Akashi and the rest wait for each other here, which they can only at the same time; the order of results is that of the probes."""
    meeting = threading.Barrier(3, timeout=PATIENCE_S)

    def meet(_target: Target, _bench: Bench) -> Observed:
        meeting.wait()
        return Observed({}, b"", "t")

    kinds = (TargetKind.TLS, TargetKind.AKASHI, TargetKind.FILE)
    probes = [Probe(f"meet-{one.value}", 1, one, False, meet) for one in kinds]  # noqa: FBT003  # not active
    made = run_probes(probes, [Target(f"tgt-{one.value}", one, "x", {}, NOW + DAY) for one in kinds], bench())

    assert [(one.probe, one.reach) for one in made] == [(one.name, Reach.REACHED) for one in probes]


def test_what_signs_in_at_akashi_does_not_run_beside_its_own_probes() -> None:
    """Probes of a host may try passwords at Akashi's own door; Akashi's own probes count such entries."""
    at_once: list[int] = []
    inside: set[str] = set()

    def look(target: Target, _bench: Bench) -> Observed:
        inside.add(target.handle)
        at_once.append(len(inside))
        time.sleep(0.01)
        inside.discard(target.handle)
        return Observed({}, b"", "t")

    kinds = (TargetKind.HOST, TargetKind.AKASHI)
    probes = [Probe(f"{number}-{one.value}", 1, one, False, look) for number in range(3) for one in kinds]  # noqa: FBT003
    run_probes(probes, [Target(f"tgt-{one.value}", one, "x", {}, NOW + DAY) for one in kinds], bench())

    assert at_once == [1] * 6


def test_a_name_is_registered_once() -> None:
    """Two probes of one name could not be told apart in a bundle."""
    table = Probes()
    table.add(door_probe({}))
    with pytest.raises(Misuse):
        table.add(door_probe({}))


def test_the_pace_spreads_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five connections at 100 a second the first goes at once, each other waits until its hundredth is there."""
    slept: list[float] = []
    # Not in ``time`` itself: threads of other tests look at it too.
    watch = SimpleNamespace(monotonic=lambda: 50.0 + sum(slept), sleep=slept.append)
    monkeypatch.setattr("akashi.conformity.probing.time", watch)
    pace = Pace(100)
    for _ in range(5):
        pace.wait()
    assert [round(one, 6) for one in slept] == [0.01] * 4


def test_tools_are_looked_for_where_the_bench_says(tmp_path: Path) -> None:
    """A program elsewhere is not found, one in the folder is."""
    (tmp_path / "scanner").write_text("#!/bin/sh\n")
    assert bench().tool("scanner") is None
    assert bench(tmp_path).tool("scanner") == str(tmp_path / "scanner")


def test_a_tool_that_is_missing_or_hangs_is_not_reached() -> None:
    """The runner turns it into a measurement that decides nothing."""
    with pytest.raises(Unreached):
        bench().run(["/nonexistent/tool"])
    with pytest.raises(Unreached):
        bench().run(["/bin/sleep", "5"], seconds=0)


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.booleans(), st.integers(), st.text(max_size=5)), max_size=4))
def test_facts_arrive_as_they_were_observed(facts: Facts) -> None:
    """Nothing is added to what the probe says."""
    made = measure(door_probe(facts), HERE, bench())
    assert (dict(made.facts), made.reach, made.started_ms) == (dict(facts), Reach.REACHED, NOW)
