"""Long lines: nothing is early, nothing overtakes, nothing is changed; what is narrow is slow, and a full queue loses."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.network.delays import QUEUE_S, ROOT, Access, Area, Delays, Narrow, Roads, area_of
from tests.faults.network.wires import Wires, why_not

NO_LINES = why_not()
TRIANGLE = Area(
    ((0, 10, 600), (10, 0, 40), (600, 40, 0)), (Access(), Access(jitter=3), Access(round_trip=50, jitter=8))
)
_SENDINGS = st.lists(
    st.tuples(st.integers(0, 2_000), st.permutations(range(3)), st.integers(60, 9_000)), min_size=1, max_size=60
)
_LISTEN = """
import hashlib, socket
with socket.create_server(("10.77.0.2", 7000)) as door:
    print("listening", flush=True)
    line, _ = door.accept()
    told = hashlib.sha256()
    while piece := line.recv(1 << 16):
        told.update(piece)
    print(told.hexdigest(), flush=True)
"""
_SAY = """
import random, socket
with socket.create_connection(("10.77.0.2", 7000)) as line:
    line.sendall(random.Random(1).randbytes(1 << 20))
"""


def _all(roads: Roads) -> list[tuple[float, int, bytes]]:
    """Everything under way with the time of its arrival."""
    arrived = []
    while (due := roads.next) is not None:
        arrived += [(due, receiver, frame) for receiver, frame in roads.leave(due)]
    return arrived


@given(sendings=_SENDINGS, seed=st.integers(0, 2**32))
def test_nothing_is_early_and_nothing_overtakes(sendings: list[tuple[int, list[int], int]], seed: int) -> None:
    """Between two servers the order is kept and each frame takes half the round trip at least; without a full queue each arrives."""
    roads, sent = Roads(TRIANGLE, seed), []
    for number, (ms, (sender, receiver, _), size) in enumerate(sorted(sendings)):
        roads.enter(ms / 1000, sender, receiver, number.to_bytes(4, "big").ljust(size, b"."))
        sent.append((ms / 1000, sender, receiver))

    arrived = _all(roads)

    numbers = [int.from_bytes(frame[:4], "big") for _, _, frame in arrived]
    assert sorted(numbers) == list(range(len(sent)))
    for (when, receiver, _), number in zip(arrived, numbers, strict=True):
        begun, sender, meant = sent[number]
        assert receiver == meant
        assert when >= begun + TRIANGLE.round_trip(sender, receiver) / 2_000 - 1e-9
    for pair in {one[1:] for one in sent}:
        kept = [number for number in numbers if sent[number][1:] == pair]
        assert kept == sorted(kept)


@given(sizes=st.lists(st.integers(60, 65_000), min_size=1, max_size=50), mbit=st.floats(0.1, 1_000))
def test_a_narrow_line_is_never_faster_than_it_is(sizes: list[int], mbit: float) -> None:
    """All that came through took at least its bytes' time, and nothing waits longer than the queue holds."""
    line, carried, last = Narrow(mbit), 0, 0.0
    for size in sizes:
        ready = line.through(0.0, size)
        if ready is not None:
            carried, last = carried + size, ready

    assert last >= carried * 8 / (mbit * 1e6) * (1 - 1e-9)
    assert last <= QUEUE_S + max(sizes) * 8 / (mbit * 1e6) + 1e-9


def test_a_full_queue_loses() -> None:
    """A megabit takes no two megabytes at once: most is dropped and counted."""
    roads = Roads(Area(((0, 10), (10, 0)), (Access(up=1), Access())), 1)

    taken = sum(roads.enter(0.0, 0, 1, bytes(10_000)) for _ in range(200))

    assert taken + roads.lost == 200
    assert 1 <= taken <= 6


def test_what_comes_from_afar_does_not_hold_up_what_is_near() -> None:
    """A frame that will arrive in a third of a second takes no place before one that arrives in 25 ms."""
    roads = Roads(TRIANGLE, 1)
    roads.enter(0.0, 0, 2, b"far")
    roads.enter(0.0, 1, 2, b"near")

    assert [frame for _, _, frame in _all(roads)] == [b"near", b"far"]


def test_the_same_seed_gives_the_same_times() -> None:
    """Jitter follows from the seed alone."""
    times = []
    for seed in (7, 7, 8):
        roads = Roads(TRIANGLE, seed)
        for at in range(20):
            roads.enter(at / 10, 1, 2, b"frame")
        times.append([when for when, _, _ in _all(roads)])

    assert times[0] == times[1] != times[2]


def test_the_longest_round_trip_counts_both_ends() -> None:
    """600 ms between the places, 50 ms for how one of them is connected."""
    assert (TRIANGLE.longest(), TRIANGLE.round_trip(1, 2)) == (650, 90)


def test_orders_are_read_as_they_were_written() -> None:
    """What goes to the process that carries is the same area there."""
    written = {"round_trips": TRIANGLE.round_trips, "access": [vars(one) for one in TRIANGLE.ends]}

    assert area_of(written) == TRIANGLE


@pytest.mark.network
def test_the_loopback_has_no_long_lines() -> None:
    """Where there are no namespaces nothing is pretended."""
    with pytest.raises(ValueError, match="no namespaces"):
        Delays(Wires(2, loopback=True), TRIANGLE)


@pytest.mark.network
@pytest.mark.skipif(bool(NO_LINES), reason=f"network namespaces: {NO_LINES}")
def test_bytes_arrive_unchanged() -> None:
    """A megabyte of TCP through a real delayed, narrow line is the same megabyte; the line says what it carried."""
    wires = Wires(2)
    try:
        lines = Delays(wires, Area(((0, 4), (4, 0)), (Access(up=200, jitter=0.5), Access())))
        lines.start()
        words = [*wires.before(2), sys.executable, "-c", _LISTEN]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as listening:
            assert listening.stdout is not None
            listening.stdout.readline()
            subprocess.run([*wires.before(1), sys.executable, "-c", _SAY], check=True, timeout=30)
            heard = listening.stdout.readline().strip()
        carried = lines.stop()
    finally:
        wires.remove()

    assert heard == hashlib.sha256(random.Random(1).randbytes(1 << 20)).hexdigest()
    assert carried["bytes"] > 1 << 20


def test_the_process_tells_why_it_cannot() -> None:
    """Where the cables are not there (another namespace) it ends with an error instead of carrying nothing in silence."""
    words = [
        sys.executable,
        "-m",
        "tests.faults.network.delays",
        "1",
        '{"round_trips": [[0, 1], [1, 0]], "access": []}',
    ]

    done = subprocess.run(words, check=False, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)

    assert done.returncode != 0
    assert b"ready" not in done.stdout
