"""Commands about findings that no thesaurus understood at a gateway: list them, decide what they mean."""

from __future__ import annotations

from akashi.cli.groups import Group, held

GROUP = Group(
    "words",
    help="words that no thesaurus understood at a gateway: list, decide",
    description="What conversions at a gateway did not understand, and what it means from now on.",
    members=held(__name__, "listing: list", "decide"),
    metavar="STEP",
)
