"""Every good machine reads 適合, no broken one ever does, and what cannot be read is undecided or worse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from akashi.conformity.judges.registry import JUDGES
from akashi.conformity.model import Verdict
from akashi.conformity.probing import PROBES
from tests.conformity.cases_host import CASES as HOST
from tests.conformity.cases_software import CASES as SOFTWARE
from tests.conformity.hoststand import PARTS, Case, opinion

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


def test_the_page_names_every_probe_option_fact_and_check() -> None:
    """docs/conformity-probes-host.md is held to the code: probe, the option that switches it on, facts of a good fixture, checks."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "conformity-probes-host.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 9}
    probes = [one for one in PROBES if one.measure.__module__ in {part.__name__ for part in PARTS}]
    seen = [one.measurements()[0] for one in CASES if one.quality == "good"]
    facts = {one.probe: one.facts for one in seen}

    assert len(probes) == 21
    for probe in probes:
        row = rows[probe.name]
        assert f"| {'yes' if probe.active else 'no'} |" in row
        assert f"`{probe.option}`" in row or not probe.option
        assert {f"`{name}`" for name in facts[probe.name]} <= set(re.findall(r"`[^`]+`", row)), probe.name
        judged = {check for check in JUDGES.checks if (judge := JUDGES.find(check)) and judge.probe == probe.name}
        assert {f"`{check}`" for check in judged} <= set(re.findall(r"`[^`]+`", row)), probe.name
