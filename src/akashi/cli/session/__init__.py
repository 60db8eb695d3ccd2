"""Commands about sessions: where somebody is signed in, and ending it."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "session",
    help="sessions: list, end, everywhere, leak",
    description="Where people of one institution are signed in. One's own sessions with --as; a manager's people with --person.",
    members=held(__name__, "listing: list", "end", "everywhere", "leak"),
)
