"""How often a broken machine reads 適合: every broken fixture of every check, looked at by its real probe and judged by its real judge.

The figure is no speed: it is the share of broken fixtures that pass, and its budget is none at all. That the good ones do pass stands beside it,
because a judge that refuses everything would keep the budget too.

Run: ``PYTHONPATH=src:. python bench/false_pass.py``
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module

from akashi.app.conformity.library import judges
from akashi.conformity.judges.registry import judge_check
from akashi.conformity.model import Verdict
from bench.measurement import Measurement

CASES = ("cases_akashi", "cases_akashi_records", "cases_host", "cases_software", "cases_wire")


def counted() -> tuple[Counter[str], list[str]]:
    """How many fixtures of each sort there are and pass, and the names of the false passes."""
    counts: Counter[str] = Counter()
    false: list[str] = []
    for module in CASES:
        for check, name, kind, make in import_module(f"tests.conformity.{module}").CASES:
            judge = judges().find(check)
            passes = judge is not None and judge_check(judge, make(), {}).opinion.verdict is Verdict.CONFORMS
            counts[kind] += 1
            counts[f"{kind}.passes"] += passes
            counts[f"check.{check}"] += 1
            if passes and kind != "good":
                false.append(f"{check}: {name}")
    return counts, false


def measure() -> list[Measurement]:
    """The false-pass rate."""
    counts, false = counted()
    for name in false:
        print("false pass:", name, file=sys.stderr)
    checks = sum(1 for name in counts if name.startswith("check."))
    broken = counts["broken"]
    return [
        Measurement(
            f"conformity: broken fixtures of {checks} checks that read 適合",
            float(counts["broken.passes"]),
            f"of {broken} (good ones: {counts['good.passes']} of {counts['good']})",
            float(broken),
            counts["broken.passes"] / broken,
            "≤ 0 false passes",
        )
    ]


if __name__ == "__main__":
    print(measure())
