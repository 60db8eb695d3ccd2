"""Conformity for the transcripts: the shipped catalogues, with judges and probes whose answers are known beforehand.

The real judges and probes have tests of their own; the command line must show what it is given, whatever that is.
"""

from __future__ import annotations

from functools import cache

import pytest

from akashi.app.conformity import library, running
from akashi.app.gateway import home
from akashi.app.selfcheck.context import SelfContext
from akashi.cli.conformity import catalog
from akashi.conformity.catalogues.books import Books, read_books
from akashi.conformity.judges.registry import Given, Judges, Limits, conforms, fails, partial
from akashi.conformity.model import Opinion, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Probe
from tests.conformity.checks import CHECKS

FAILING, HALF, MEASURED = "log.coverage", "log.access", ("log.", "session.", "password.", "ledger.")


def _decide(given: Given, _limits: Limits) -> Opinion:
    match given.text("found"):
        case "bad":
            return fails("stage.bad", "記録に残らない操作がありました。", "An operation left no record.")
        case "half":
            return partial("stage.half", "一部だけ満たしています。", "Only a part is met.")
        case _:
            return conforms("stage.good", "満たしています。", "It is met.")


@cache
def stage_judges() -> Judges:
    """One judge for every check of the catalogues."""
    made = Judges()
    for check in sorted(CHECKS):
        made.judge(check, probe=f"stage-{check}")(_decide)
    return made


@cache
def stage_books() -> Books:
    """The shipped catalogues, read once for all transcripts."""
    return read_books(library.CATALOGUES, stage_judges())


def _probe(check: str) -> Probe:
    found = {FAILING: "bad", HALF: "half"}.get(check, "good")

    def measure(_target: Target, _bench: Bench) -> Observed:
        return Observed({"found": found}, b"seen on the stage", "stage 1")

    return Probe(f"stage-{check}", 1, TargetKind.AKASHI, active=True, measure=measure)


def stage_probes(_context: SelfContext) -> list[Probe]:
    """Probes for the checks that look at Akashi itself; the rest stays unmeasured."""
    return [_probe(check) for check in sorted(CHECKS) if check.startswith(MEASURED)]


def put_on_stage(patch: pytest.MonkeyPatch) -> None:
    """Every gateway that a command opens has the stage's books, judges and probes."""
    patch.setattr(catalog, "books", stage_books)
    for module in (home, library):
        patch.setattr(module, "books", stage_books)
        patch.setattr(module, "judges", stage_judges)
    patch.setattr(running, "all_probes", stage_probes)
