"""The ledger of resets: an identity check, then a ticket with which the person sets a new password."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "reset",
    help="password resets: issue, list, redeem",
    description="The ledger of resets: an identity check, then a ticket with which the person sets a new password.",
    members=held(__name__, "issuing: issue list", "redeeming: redeem"),
)
