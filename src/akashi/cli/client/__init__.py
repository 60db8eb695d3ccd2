"""Commands about machine clients: programs of the institution that use the API with narrow credentials of their own."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "client",
    help="machine clients: add, list, change, rotate, disable",
    description="Machine clients: a device certificate and a secret of their own, and a few actions. A manager signs in.",
    members=held(__name__, "add", "listing: list", "change", "rotate", "disable"),
)
