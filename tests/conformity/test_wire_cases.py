"""Every check of the wire against its good and its broken fixtures; and against nothing at all."""

from __future__ import annotations

from collections import Counter

import pytest

from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Reach, Verdict
from tests.conformity.cases_wire import CASES, Case
from tests.conformity.checks import WIRE

_TRIES = 3
"""An answer that a busy machine kept back for longer than a probe listens is one that it did not hear: it is asked again."""
CHECKS = sorted(WIRE - {"tls.revocation"})
"""``tls.revocation`` is judged where something can be revoked: by the application."""


def verdict(check: str, measurements: list[Measurement]) -> Verdict:
    """What the newest judge of the check says under its own thresholds."""
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, measurements, {}).opinion.verdict


@pytest.mark.network
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_good_reads_conforming_and_broken_never_does(case: Case) -> None:
    """The good fixture is 適合; a broken one is anything else."""
    check, _, kind, make = case
    made = make()
    for _ in range(_TRIES):
        if (verdict(check, made) is Verdict.CONFORMS) == (kind == "good"):
            break
        made = make()

    assert (verdict(check, made) is Verdict.CONFORMS) == (kind == "good"), made


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_has_a_good_and_two_broken_fixtures(check: str) -> None:
    """One way to be good, at least two to be bad."""
    kinds = Counter(kind for name, _, kind, _ in CASES if name == check)

    assert (kinds["good"] >= 1, kinds["broken"] >= 2) == (True, True)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("reach", [Reach.UNREACHED, Reach.REFUSED, Reach.BROKEN])
def test_what_was_not_reached_is_undecided(check: str, reach: Reach) -> None:
    """Unreached, without consent, or with a broken tool: 判定不能."""
    judge = JUDGES.find(check)
    assert judge is not None
    measurement = Measurement(judge.probe, 1, "tgt-wire", "test", "", 0, 1, reach, {})

    assert verdict(check, [measurement]) is Verdict.UNDECIDED


@pytest.mark.parametrize("check", CHECKS)
def test_empty_facts_are_undecided(check: str) -> None:
    """A measurement without facts decides nothing."""
    judge = JUDGES.find(check)
    assert judge is not None

    assert (
        verdict(check, [Measurement(judge.probe, 1, "tgt-wire", "test", "", 0, 1, Reach.REACHED, {})])
        is Verdict.UNDECIDED
    )
