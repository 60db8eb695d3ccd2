"""Every good machine reads 適合, no broken one ever does, and what cannot be read is undecided or worse."""

from __future__ import annotations

import pytest

from akashi.conformity.model import Verdict
from tests.conformity.cases_host import CASES as HOST
from tests.conformity.cases_software import CASES as SOFTWARE
from tests.conformity.hoststand import Case, opinion

CASES = [*HOST, *SOFTWARE]


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.check}-{one.name}")
def test_good_conforms_and_broken_does_not(one: Case) -> None:
    """A good fixture is 適合; a broken one is anything but."""
    found = opinion(one.check, one.measurements())

    assert (found.verdict is Verdict.CONFORMS) == (one.quality == "good"), found


def test_each_check_has_a_good_and_two_broken_fixtures() -> None:
    """No check rests on one way of being bad."""
    for check in {one.check for one in CASES}:
        qualities = [one.quality for one in CASES if one.check == check]
        assert qualities.count("broken") >= 2, check
        assert qualities.count("good") >= 1, check
