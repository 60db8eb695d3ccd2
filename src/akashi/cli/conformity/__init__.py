"""Commands about conformity: what is asked, what applies, what is measured and answered, what stands, and the way out and in."""

from __future__ import annotations

from akashi.cli import flow
from akashi.cli.groups import Group, held

GROUP = Group(
    "conformity",
    help="conformity: measure, answer, report, prove; boundaries, notices, production, certificates, assessments",
    description="Sheets that are computed, not claimed: measure, ask people for the rest, prove it.",
    members=(
        *held(__name__, "features: declare", "target", "run", "rehearse", "answer"),
        *held(__name__, "report", "compare", "export", "importing: import"),
        *flow.MEMBERS,
        *held(__name__, "catalog", "verify", homed=False),
    ),
)
