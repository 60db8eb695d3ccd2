"""A repair that is killed goes on at the next start; one that is lied to asks somebody else; one that would overfill the quarantine does not begin."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from akashi.app.repair.repairing import MOST_QUARANTINES, QUARANTINE, Repairer
from akashi.clock import SystemClock
from akashi.ledger.errors import LedgerDamaged
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.peers.client import Peer
from akashi.network.scrub.errors import QuarantineFull, SignStateTouched
from akashi.network.scrub.marks import Mark
from akashi.network.scrub.model import Damage
from tests.app.repair.lab import Lab, until
from tests.network.cometbft import needs_cometbft

pytestmark = [pytest.mark.network, pytest.mark.slow, needs_cometbft]
ROOT = Path(__file__).resolve().parents[3]
ASKED = Damage(IncidentPlace.LEAVES, "asked", 0)


@pytest.mark.parametrize(
    ("step", "seconds"), [("aside", 0.0), ("leaves", 0.0), ("leaves", 0.05), ("blocks", 0.3), ("blocks", 1.5)]
)
def test_a_killed_repair_goes_on(lab: Lab, step: str, seconds: float) -> None:
    """Killed at each step: the server refuses to vote meanwhile, ends the repair at its next start, and tells once."""
    victim, before = lab.victim, len(lab.incidents())
    victim.stop()
    node = victim.places.node
    kept = (node.sign_state.read_bytes(), node.validator_key.read_bytes())

    words = [sys.executable, "-m", "tests.app.repair.breaking", str(victim.folder), step, str(seconds)]
    done = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": "src:.", "PATH": "/usr/bin:/bin"}, check=False)

    assert done.returncode == -signal.SIGKILL
    assert (node.sign_state.read_bytes(), node.validator_key.read_bytes()) == kept
    assert victim.marked()
    victim.start()
    mended = until(lambda: len(lab.incidents()) >= before + 2 and not victim.marked(), victim)
    print(f"killed in {step} after {seconds} s: repaired {mended:.2f} s after the start")
    lab.submit()
    until(lab.level)
    assert [one.kind for one in lab.incidents()[before:]] == [IncidentKind.DAMAGED, IncidentKind.REPAIRED]


def test_a_server_does_not_open_before_its_repair_ended(lab: Lab) -> None:
    """Must fail: the node of a home whose repair was cut off."""
    victim = lab.victim
    victim.stop()
    Mark(1, ASKED).write(victim.places.root)
    try:
        from_home = type(victim.server.node) if victim.server is not None else None
        assert from_home is not None
        with pytest.raises(LedgerDamaged, match=r"repair\.wanted"):
            from_home(victim.paths, victim.keystore, SystemClock())
    finally:
        Mark.remove(victim.places.root)
        victim.start()
    until(victim.is_running, victim)


def test_who_lies_is_not_asked_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One peer hands out changed leaves, one breaks off: the ledger comes from the third, and is the true one."""
    victim = lab.victim
    victim.stop()
    true, asked = Peer.leaves, []

    def lying(self: Peer, start: int, end: int) -> list[bytes]:
        if (start, end) == (0, 1):  # whether there is anybody at all
            return true(self, start, end)
        asked.append(self.address.server)
        place = list(dict.fromkeys(asked)).index(self.address.server)
        found = true(self, start, end)
        if place == 0:
            return [*found[:3], found[3][:-1] + bytes([found[3][-1] ^ 1]), *found[4:]]
        return found[:-1] if place == 1 and start == 0 else ([] if place == 1 else found)

    monkeypatch.setattr(Peer, "leaves", lying)
    repaired = Repairer(victim.paths, victim.keystore, SystemClock()).run(ASKED)
    monkeypatch.undo()

    assert len(set(asked)) == 3
    assert repaired.root == lab.first.root(repaired.size)
    victim.start()
    until(victim.is_running, victim)
    until(lambda: not victim.marked(), victim)


def test_a_full_quarantine_stops_the_repair(lab: Lab) -> None:
    """Must fail: one more quarantine than are kept. Nothing was moved."""
    victim = lab.victim
    victim.stop()
    with ExitStack() as back:
        folder = victim.places.root / QUARANTINE
        folder.mkdir(exist_ok=True)
        for number in range(MOST_QUARANTINES):
            (folder / f"full-{number}").mkdir()
            back.callback((folder / f"full-{number}").rmdir)
        back.callback(Mark.remove, victim.places.root)

        with pytest.raises(QuarantineFull):
            Repairer(victim.paths, victim.keystore, SystemClock()).run(ASKED)

        assert victim.ledger.is_file()
    victim.start()
    until(victim.is_running, victim)


def test_a_sign_state_that_was_touched_meanwhile_is_told(lab: Lab) -> None:
    """Must fail: somebody sets the sign state back while the repair runs."""
    victim = lab.victim
    victim.stop()
    state = victim.places.node.sign_state
    kept = state.read_bytes()

    def touch(step: str) -> None:
        if step == "blocks":
            state.write_bytes(kept + b"\n")

    with pytest.raises(SignStateTouched):
        Repairer(victim.paths, victim.keystore, SystemClock(), told=touch).run(ASKED)

    assert victim.marked()
    state.write_bytes(kept)
    victim.start()
    until(victim.is_running, victim)
    until(lambda: not victim.marked(), victim)
