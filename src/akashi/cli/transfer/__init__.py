"""Commands about transfers, for a signed-in person of one institution."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "transfer",
    help="transfers: send, list, show, receive, confirm, refuse, withdraw, resend, pending",
    description="Send and receive. Each command signs a person in (--as) and out again.",
    members=held(
        __name__, "send", "listing: list", "show", "receive", "confirm", "refuse", "withdraw", "resend", "pending"
    ),
)
