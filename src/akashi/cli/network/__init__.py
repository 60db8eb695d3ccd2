"""Commands of a ledger that several servers keep (docs/network.md)."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "network",
    help="several servers that keep one ledger: init, run, start, status, add, remove, repair, ipsec, stop",
    description="Hands the ledger over to several servers, runs them, and says how they are.",
    members=held(
        __name__,
        "init",
        "run",
        "start: start stop",
        "status",
        "offer",
        "add",
        "accept",
        "promote: promote renew",
        "remove",
        "repair: repair rekey",
        "ipsec",
    ),
)
