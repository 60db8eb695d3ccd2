"""Our own probe for IKE, run inside a machine's namespace: ``python -m``. Prints the verdict and what was seen.

Guarantees: the same probe and the same judge as ``akashi conformity run``.
"""

from __future__ import annotations

import json
import sys

from akashi.conformity.judges import tunnel
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Target, TargetKind
from akashi.conformity.probing import measure
from akashi.conformity.wire import ike
from tests.conformity.wirestand import bench, probe_named

CONSULTED = (ike, tunnel)
"""Registered by being imported."""


def judge(host: str) -> None:
    """Ask the IKE daemon of another machine."""
    target = Target("tgt-tunnel", TargetKind.HOST, host, {"ike_port": "500"}, 1 << 60, 1000)
    made = measure(probe_named("ike"), target, bench())
    judged = JUDGES.find("ike.answers")
    assert judged is not None
    opinion = judge_check(judged, [made], {}).opinion
    print(json.dumps({"verdict": opinion.verdict.name, "facts": {key: str(made.facts[key]) for key in made.facts}}))


if __name__ == "__main__":
    judge(sys.argv[1])
