"""Commands of a witness: the small program that another organisation runs (docs/witness.md)."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "witness",
    help="a witness of other organisations' ledgers: init, run, keys, show",
    description="A witness (C2SP tlog-witness): cosigns checkpoints that extend those it saw, and keeps proof of the others.",
    members=held(__name__, "init", "run", "keys", "show"),
)
