"""Commands about checkup files. They work on files and maps only: nothing is sent, and nobody signs in but to approve maps."""

from __future__ import annotations

from akashi.cli import checkup_formats, checkup_map, checkup_words
from akashi.cli.groups import Group, held

GROUP = Group(
    "checkup",
    help="checkup files: inspect, read, check, convert, write, terms, words, batch, show, emergency, generate; archives, FHIR, maps",
    description="Look at and convert checkup files on this machine. Nothing leaves it.",
    members=(
        *held(__name__, "inspect", "convert", "batch"),
        *held(__name__, "show", "emergency", "generate"),
        *checkup_formats.MEMBERS,
        checkup_map.GROUP,
        checkup_words.GROUP,
    ),
)
