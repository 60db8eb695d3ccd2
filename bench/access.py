"""How long one permission decision takes: action, role, job, institution and department, against a bare dict look-up.

The promise is less than 20 µs for the longest decision that there is: a department's head about a person of another department, so that every
question is asked. It stands beside what a look-up in a dict takes in the same run, which is as little as Python can do.

Run: ``PYTHONPATH=src:. python bench/access.py``
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable

from akashi.identity.access.model import Standing, Subject
from akashi.identity.access.rules import decide_access
from akashi.identity.model import Job, Role
from akashi.identity.permissions import PERMISSIONS
from bench.measurement import Measurement

TIMES, REPEATS, PROMISED_US = 20_000, 5, 20.0
HERE = "inst-clin0000"
HEAD = Standing(HERE, Role.OPERATOR, "per-head0000", Job.NURSE, "dep-ward0000", frozenset({"dep-ward0000"}))
OTHER = Subject(frozenset({HERE}), "per-other000", "dep-labo0000")
CLIENT = Standing(HERE, Role(0), "cli-x0000000", actions=frozenset({"transfer.open"}))
TRANSFER = Subject(frozenset({HERE, "inst-payr0000"}))


def microseconds(work: Callable[[], object]) -> float:
    """The best of several runs, per call: what is above it is the machine's other work."""
    return min(timeit.repeat(work, number=TIMES, repeat=REPEATS)) / TIMES * 1e6


def measure() -> list[Measurement]:
    """One figure per kind of decision, against the promise; and against the dict."""
    bare = microseconds(lambda: PERMISSIONS.get("person.confirm"))
    cases: list[tuple[str, Callable[[], object]]] = [
        ("by role alone", lambda: decide_access(HEAD, "transfer.open")),
        ("about another department's person", lambda: decide_access(HEAD, "person.confirm", OTHER)),
        ("of a machine client about a transfer", lambda: decide_access(CLIENT, "transfer.open", TRANSFER)),
    ]
    measured = []
    for name, work in cases:
        value = microseconds(work)
        text = f"access: a decision {name} ({value / bare:.0f} dict look-ups of {bare:.2f} µs)"
        measured.append(Measurement(text, value, "µs", PROMISED_US, value / PROMISED_US, "≤ 1.0 of the promised 20 µs"))
    return measured


if __name__ == "__main__":
    for measurement in measure():
        sys.stdout.write(
            f"{measurement.name}: {measurement.value:.2f} {measurement.unit} ({measurement.ratio or 0:.3f})\n"
        )
