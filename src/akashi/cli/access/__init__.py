"""Commands about permissions: the table, and why somebody may or may not do something."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "access",
    help="permissions: explain, table",
    description="Permissions: the one table of actions, and why somebody may or may not do one of them.",
    members=held(__name__, "explain", "table"),
)
