"""Commands about files of every format: read, check, write, words not understood, and the checks of archives and FHIR documents. No home is needed."""

from __future__ import annotations

from akashi.cli.groups import Group, Held, held

MEMBERS: tuple[Held | Group, ...] = (
    *held(__name__, "read", "check", "write", "terms"),
    Group(
        "archive",
        help="archives of 特定健診: check",
        description="Look at archives of 特定健診 on this machine.",
        members=held(__name__, "archive: check"),
    ),
    Group(
        "fhir",
        help="FHIR documents: check",
        description="Look at FHIR documents on this machine.",
        members=held(__name__, "fhir: check"),
    ),
)
"""What stands beside the commands of ``akashi.cli.checkup`` under the one word ``checkup``."""
