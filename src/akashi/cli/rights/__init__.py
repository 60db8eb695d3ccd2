"""Rights are applied for by a department, decided by another person, confirmed by the department manager."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "rights",
    help="rights: apply, list, decide, confirm, leave",
    description="Rights are applied for by a department, decided by another person, confirmed by the department manager.",
    members=held(__name__, "applying: apply", "listing: list", "deciding: decide confirm", "leaving: leave"),
)
