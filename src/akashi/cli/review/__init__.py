"""Periodic reviews (棚卸) of accounts, devices and clients, at the gateway."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "review",
    help="periodic reviews of accounts: open, list, show, export, decide, close",
    description="Periodic reviews (棚卸) of accounts, devices and clients, at the gateway.",
    members=held(__name__, "opening: open close", "listing: list show export", "deciding: decide"),
)
