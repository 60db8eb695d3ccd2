"""Commands about devices: browsers and machines that hold a client certificate."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "device",
    help="devices of an institution: ask for, approve, add, list, renew, hand on, report lost, revoke, limit",
    description="Devices with a client certificate. Adding, revoking and limiting need the server's home, which holds the CA; the rest is asked of the server.",
    members=held(
        __name__,
        "add",
        "listing: list",
        "revoke",
        "request",
        "requests",
        "approve",
        "renew",
        "reassign",
        "lost",
        "limit",
    ),
)
