"""Commands about keys: the passphrase of the key stores, where keys are, changing them, a leak, shares."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "keys",
    help="keys: passphrase, report, rotate, move, leak-drill, shares",
    description="The keys of a home, for whoever holds it.",
    members=held(
        __name__,
        "passphrase",
        "report",
        "rotate",
        "move",
        "drill: leak-drill",
        "shares",
        "trial: shares-check",
        "recover",
    ),
)
