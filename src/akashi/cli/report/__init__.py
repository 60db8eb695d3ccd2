"""Who read what, from the access journal; the review of a report is on the ledger."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "report",
    help="reports of access: show, review, list",
    description="Who read what, from the access journal; the review of a report is on the ledger.",
    members=held(__name__, "showing: show", "reviewing: review list"),
)
