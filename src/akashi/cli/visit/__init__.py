"""Commands about visits of maintainers."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "visit",
    help="visits of maintainers: request, decide, begin, act-as, end, report, review, list, show",
    description="Visits of maintainers: applied for with a plan, decided by somebody else, compared with the plan, reported, reviewed.",
    members=held(
        __name__, "request", "decide", "begin", "act_as: act-as", "end", "report", "review", "listing: list", "show"
    ),
)
