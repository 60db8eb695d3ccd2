"""Commands about a home: found it, try it, serve it, copy it, keep it in order."""

from __future__ import annotations

from akashi.cli.groups import Group, Held, held

INIT = Held(f"{__name__}.init", ("init",), help="found a service: ledger, keys, CA, and the secretariat's gateway")
DEMO = Held(
    f"{__name__}.demo",
    ("demo",),
    help="convert, send, receive, erase and prove with invented people; then measure the system that did it",
)
SERVE = Held(f"{__name__}.serve", ("serve",), help="serve the home over HTTPS")
HOME = Group("home", help="a home: snapshot", description="Commands about a home.", members=held(__name__, "snapshot"))
HOUSE = Group(
    "house",
    help="housekeeping: run",
    description="The server's own work on transfers.",
    members=held(__name__, "house: run"),
)
