"""A stage for the pages of conformity: the shipped catalogues with judges and probes whose answers are known beforehand.

The real judges and probes have tests of their own; here a page must show what it is given, whatever that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from akashi.app.conformity import running
from akashi.app.conformity.library import CATALOGUES
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.conformity.books import read_books
from akashi.conformity.judges.registry import Given, Judges, Limits, conforms, fails, partial
from akashi.conformity.model import Opinion, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Probe
from akashi.conformity.service import Conformity
from tests.conformity.checks import CHECKS

OUTCOMES = ("good", "half", "bad")
FAILING = "log.coverage"
"""The one check that the stage's probes find bad."""


def outcome_of(check: str) -> str:
    """What the stage's probe finds of a check."""
    if check == FAILING:
        return "bad"
    return "half" if check == "log.access" else "good"


def _decide(given: Given, limits: Limits) -> Opinion:
    said = given.text("found")
    if said == "bad":
        return fails("stage.bad", "記録に残らない操作がありました。", "An operation left no record.")
    if said == "half":
        return partial("stage.half", "一部だけ満たしています。", "Only a part is met.")
    return conforms("stage.good", f"{limits.number('stage.limit')} を満たしています。", "It is met.")


def stage_judges() -> Judges:
    """One judge for every check of the catalogues."""
    made = Judges()
    for check in sorted(CHECKS):
        made.judge(check, probe=f"stage-{check}", defaults={"stage.limit": 3})(_decide)
    return made


def _probe(check: str) -> Probe:
    def measure(_target: Target, _bench: Bench) -> Observed:
        return Observed({"found": outcome_of(check), "count": 4}, b"seen on the stage", "stage 1")

    return Probe(f"stage-{check}", 1, TargetKind.AKASHI, active=False, measure=measure)


def stage_probes() -> list[Probe]:
    """Probes for the part of the checks that look at Akashi itself; the rest stays unmeasured."""
    return [_probe(check) for check in sorted(CHECKS) if check.startswith(("log.", "session.", "password.", "ledger."))]


def put_on_stage(gateway: Gateway) -> Conformity:
    """Give a gateway the stage's conformity in place of its own."""
    made = Conformity(
        database=gateway.paths.conformity,
        box=gateway.keystore,
        author=gateway.author,
        payloads=gateway.payloads,
        openers=[gateway.keystore.opener(OPENING_KEY)],
        clock=gateway.clock,
        books=read_books(CATALOGUES, stage_judges()),
        judges=stage_judges(),
    )
    gateway.__dict__["conformity"] = made  # where the cached property would keep its own
    return made


@contextmanager
def staged_probes() -> Iterator[None]:
    """Runs use the stage's probes while the block runs."""
    with patch.object(running, "all_probes", lambda _context: stage_probes()):
        yield
