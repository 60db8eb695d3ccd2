"""Devices' files that wait on the public origin, where anybody may ask.

Attack: an outsider without a certificate asks for codes that do not exist, again and again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.server.pickups import LIFE_MS, Pickups, PickupUnknown
from akashi.clock import FixedClock
from tests.app.service import START


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test moves."""
    return FixedClock(START)


def test_a_wrong_code_opens_no_file(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that waits is read for somebody who has no code: a stranger's question costs one look at a name."""
    pickups = Pickups(tmp_path / "pickups", clock)
    for number in range(3):
        pickups.offer(bytes([number]) * 100)
    read: list[str] = []
    true = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return true(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    with pytest.raises(PickupUnknown):
        pickups.collect("0" * 32)

    assert read == []


def test_an_old_file_is_not_handed_out(tmp_path: Path, clock: FixedClock) -> None:
    """After its time the right code finds nothing, and the file is gone."""
    pickups = Pickups(tmp_path / "pickups", clock)
    code = pickups.offer(b"p12")
    clock.advance(LIFE_MS + 1)
    with pytest.raises(PickupUnknown):
        pickups.collect(code)

    assert list((tmp_path / "pickups").iterdir()) == []


def test_what_nobody_fetched_goes_by_itself(tmp_path: Path, clock: FixedClock) -> None:
    """A sweep removes what is too old, also if no device is ever made or fetched again."""
    pickups = Pickups(tmp_path / "pickups", clock)
    pickups.offer(b"p12")
    clock.advance(LIFE_MS)
    young = pickups.sweep()
    clock.advance(1)

    assert (young, pickups.sweep()) == (0, 1)
    assert list((tmp_path / "pickups").iterdir()) == []


def test_a_sweep_of_nothing_is_fine(tmp_path: Path, clock: FixedClock) -> None:
    """Before the first device there is no folder."""
    assert Pickups(tmp_path / "pickups", clock).sweep() == 0
