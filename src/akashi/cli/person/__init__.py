"""Commands about the people of one institution, at its gateway."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "person",
    help="people of an institution: add, list, disable, password, totp, factor, recovery, temporary, key",
    description="The people of one institution. A manager signs in with --as; without it whoever holds the home acts.",
    members=held(
        __name__, "add", "listing: list", "disable", "password", "totp", "factor", "recovery", "temporary", "key"
    ),
)
