"""Commands about the access journal of one gateway."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "journal",
    help="the access journal: verify, list",
    description="Who signed in, read, took out or was refused what, at one gateway.",
    members=held(__name__, "verify", "listing: list"),
)
