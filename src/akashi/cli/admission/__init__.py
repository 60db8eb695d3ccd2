"""How institutions join, step by step. Acts as the secretariat: for whoever holds the home of the server and its passphrase."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "admission",
    help="admission of institutions: apply, attest, map, complete, list",
    description="How institutions join, step by step. Acts as the secretariat: for whoever holds the home of the server and its passphrase.",
    members=held(__name__, "applying: apply", "stepping: attest map complete list"),
)
