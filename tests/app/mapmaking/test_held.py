"""Files that drafts are tried on: one session's own, for a short while, bounded."""

from __future__ import annotations

import pytest

from akashi.app.mapmaking import held
from akashi.app.mapmaking.held import LIFE_MS, MOST_EACH, MOST_OPEN, HeldFiles
from akashi.clock import FixedClock

ANN, BOB = b"ann", b"bob"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock(1_795_219_200_000)


@pytest.fixture
def files(clock: FixedClock) -> HeldFiles:
    """Nothing held yet."""
    return HeldFiles(clock)


def names(files: HeldFiles, session: bytes, drafts: int) -> list[str]:
    """What of the drafts ``0`` … is still held."""
    return [one.name for draft in range(drafts) if (one := files.look(session, str(draft))) is not None]


def test_a_file_is_its_sessions_own(files: HeldFiles) -> None:
    """Another session gets nothing, nor does another draft of the same session."""
    files.keep(ANN, "0", "a.csv", b"x")

    assert [files.look(*place) for place in ((BOB, "0"), (ANN, "1"))] == [None, None]
    assert (found := files.look(ANN, "0")) is not None
    assert found.data == b"x"


def test_a_file_is_forgotten_when_nobody_uses_it(files: HeldFiles, clock: FixedClock) -> None:
    """Each look begins the time anew; then it is gone, and the sweep counts what it took away."""
    files.keep(ANN, "0", "a.csv", b"x")
    files.keep(BOB, "0", "b.csv", b"x")
    clock.advance(LIFE_MS - 1)
    looked = files.look(ANN, "0")
    clock.advance(LIFE_MS - 1)
    swept = files.sweep()
    still = names(files, ANN, 1)
    clock.advance(LIFE_MS)

    assert looked is not None
    assert (swept, still, files.look(ANN, "0")) == (1, ["a.csv"], None)


def test_signing_out_forgets(files: HeldFiles) -> None:
    """Of this session only; stopping forgets all."""
    files.keep(ANN, "0", "a.csv", b"x")
    files.keep(BOB, "0", "b.csv", b"x")
    files.forget(ANN)
    left = names(files, ANN, 1) + names(files, BOB, 1)
    files.clear()

    assert (left, names(files, BOB, 1)) == (["b.csv"], [])


def test_the_oldest_gives_way(files: HeldFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a session's own, of all files, and where they would take too much memory."""
    for number in range(MOST_EACH + 1):
        files.keep(ANN, str(number), f"{number}.csv", b"x")
    own = names(files, ANN, MOST_EACH + 1)
    for number in range(MOST_OPEN):
        files.keep(b"%d" % number, "0", "other.csv", b"x")
    crowded = names(files, ANN, MOST_EACH + 1)
    monkeypatch.setattr(held, "MOST_BYTES", 10)
    files.keep(BOB, "0", "big.csv", b"x" * 10)

    assert (own, crowded) == (["1.csv", "2.csv"], [])
    assert (names(files, b"31", 1), names(files, BOB, 1)) == ([], ["big.csv"])


def test_a_held_file_does_not_show_itself(files: HeldFiles) -> None:
    """Neither its name nor its content is in ``repr``."""
    files.keep(ANN, "0", "yamada.csv", b"secret")

    assert "yamada" not in repr(files.look(ANN, "0"))
    assert "secret" not in repr(files.look(ANN, "0"))
