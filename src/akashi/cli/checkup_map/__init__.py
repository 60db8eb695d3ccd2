"""Commands about maps: draft, try, explain, compare; and, at a gateway, approve, list, show, retire, share, adopt."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "map",
    help="maps: draft, check, explain, diff, approve, list, show, retire, share, adopt",
    description="How an institution's own layout is read: propose it, try it, sign it.",
    members=held(
        __name__, "draft", "check", "explain", "diff", "approve", "listing: list", "show", "retire", "share", "adopt"
    ),
    metavar="STEP",
)
