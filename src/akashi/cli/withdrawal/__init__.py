"""How institutions leave. Acts as the secretariat: for whoever holds the home of the server and its passphrase."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "withdrawal",
    help="withdrawal of institutions: begin, status, settle, complete",
    description="How institutions leave. Acts as the secretariat: for whoever holds the home of the server and its passphrase.",
    members=held(__name__, "leaving: begin status settle complete"),
)
