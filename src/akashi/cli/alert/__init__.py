"""Commands about alerts: what somebody of the institution must look at."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "alert",
    help="alerts: list, acknowledge",
    description="Alerts about lock-outs, second places, devices, factors, emergencies. Open until a person says that they looked.",
    members=held(__name__, "listing: list", "acknowledge"),
)
