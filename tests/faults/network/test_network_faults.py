"""Four servers under faults, each run judged over the files of every home: nothing acknowledged is lost, nothing is invented, every home is whole and of one tree.

The same items with more rounds: ``python -m tools.faults`` (``make faults``); what they showed stands in docs/network-faults.md and bench/FAULTS.md.
"""

from __future__ import annotations

import pytest

from tests.faults.network import disks
from tests.faults.network.wires import why_not
from tests.network.cometbft import needs_cometbft
from tools.faults import run

NO_LINES = why_not()
pytestmark = [needs_cometbft, pytest.mark.network, pytest.mark.timeout(1800)]
cuts_lines = pytest.mark.skipif(bool(NO_LINES), reason=f"network namespaces: {NO_LINES}")


def _unharmed(item: str, rounds: int) -> None:
    report = run(item, seed=1, rounds=rounds)

    assert report.good, report.line()
    assert report.acknowledged > 0
    assert (report.lost, report.invented, report.unrepaired) == (0, 0, 0)


def test_killed_at_every_step() -> None:
    """Killed (SIGKILL) at begin, written, committed, published and at any time: what was acknowledged is on all four, at its place."""
    _unharmed("kill", 5)


@pytest.mark.slow
def test_killed_twenty_times() -> None:
    """The same, also of several at once."""
    _unharmed("kill", 20)


@pytest.mark.slow
def test_switched_off() -> None:
    """Must fail: an acknowledgement while two of four are off; and one of four off is not felt."""
    _unharmed("down", 1)


@pytest.mark.slow
@cuts_lines
@pytest.mark.parametrize("item", ["halves", "outvoted"])
def test_parted(item: str) -> None:
    """Must fail: an acknowledgement by half of the servers or by one alone; healed, there is one tree."""
    _unharmed(item, 1)


@pytest.mark.slow
@cuts_lines
def test_cables_that_come_and_go() -> None:
    """Operations handed in meanwhile become final or stay unfinished; none is lost."""
    _unharmed("flapping", 8)


@pytest.mark.slow
@pytest.mark.parametrize("item", ["wiped", "rollback", "differs", "tamper"])
def test_repaired_by_itself(item: str) -> None:
    """What is missing, old, wrong or changed on one server is found, rebuilt from the others, and votes again."""
    _unharmed(item, 1)


@pytest.mark.slow
def test_somebody_who_knows_the_files() -> None:
    """Must fail: leaves that only one server signed; a vote on journals or blocks that were changed. A damaged key store is refused."""
    _unharmed("rewrite", 1)


@pytest.mark.slow
def test_a_proposer_who_lies() -> None:
    """Must fail: a proposal that no honest server makes. Forged copies, repetitions and silence change nothing: what was handed in becomes final as it is."""
    _unharmed("proposer", 1)


@pytest.mark.slow
@cuts_lines
def test_lines_that_change_bytes() -> None:
    """Connections break, nothing that was changed is taken, the others go on."""
    _unharmed("corrupt", 1)


@pytest.mark.slow
@pytest.mark.skipif(bool(disks.why_not()), reason=f"preloaded library: {disks.why_not()}")
def test_a_disk_that_answers_with_errors() -> None:
    """Must fail: an acknowledgement by a server whose disk keeps nothing."""
    _unharmed("disk errors", 1)


@pytest.mark.slow
def test_executed_again_from_the_founding_on() -> None:
    """The recorded blocks of a run give the same app hash one by one, by the Python that ``AKASHI_OTHER_PYTHON`` names (else once more by this one)."""
    _unharmed("versions", 1)


@pytest.mark.slow
def test_clocks_that_are_wrong() -> None:
    """Ten minutes off, forward, back and jumping, on one and on two servers: all go on."""
    _unharmed("skew", 1)
