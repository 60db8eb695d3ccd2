"""Commands about break-glass accounts and declared emergencies."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "emergency",
    help="break-glass accounts: prepare, open, confirm, take, close, review, rotate; declare, step, end",
    description="Sealed accounts for emergencies, and declared emergencies with their checklist. Everything is recorded and reviewed.",
    members=held(
        __name__,
        "prepare",
        "opening: open",
        "confirm",
        "take",
        "close",
        "review",
        "rotate",
        "declare_command: declare",
        "step",
        "end",
        "listing: list",
    ),
)
