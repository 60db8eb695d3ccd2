"""Commands about the ledger itself."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "ledger",
    help="the ledger: audit, checkpoint, receipt, stamp, rekey, rebuild",
    description="The ledger itself, for whoever holds the home.",
    members=held(__name__, "audit", "checkpoint", "receipt", "stamp", "rekey", "rebuild"),
)
