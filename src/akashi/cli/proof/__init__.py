"""Commands about proof: the trail of a transfer, evidence bundles, verifying them offline."""

from __future__ import annotations

from akashi.cli.groups import Group, Held, held

TRAIL = Held(f"{__name__}.trail", ("trail",), help="the steps of a transfer, as both sides see them")
EVIDENCE = Group(
    "evidence",
    help="evidence bundles: export, renew",
    description="Evidence bundles (.akashi).",
    members=(*held(__name__, "renew", homed=False), *held(__name__, "evidence: export")),
)
VERIFY = Held(
    f"{__name__}.verify",
    ("verify",),
    homed=False,
    help="check an evidence bundle (.akashi) or a receipt (.tlog-proof), offline",
)
FOLLOW = Held(
    f"{__name__}.follow",
    ("follow",),
    homed=False,
    help="from an old trust file to the servers of today, by a trust chain, offline",
)
