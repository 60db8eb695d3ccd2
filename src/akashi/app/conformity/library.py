"""The books that ship with the program, the table of all judges, and what a verifier brings along.

Guarantees: loaded once a process, on first use; every check that a catalogue names has a judge. Refuses to start with a catalogue that
does not hold what it announces. Trusts: whoever can write the program's folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.conformity.catalogues.books import Books, read_books
from akashi.conformity.flow.boundary import Task, read_tasks
from akashi.conformity.judges import akashi as judges_akashi
from akashi.conformity.judges import backup as judges_backup
from akashi.conformity.judges import conversion as judges_conversion
from akashi.conformity.judges import duties as judges_duties
from akashi.conformity.judges import host as judges_host
from akashi.conformity.judges import people as judges_people
from akashi.conformity.judges import records as judges_records
from akashi.conformity.judges import servers as judges_servers
from akashi.conformity.judges import software as judges_software
from akashi.conformity.judges import tunnel as judges_tunnel
from akashi.conformity.judges import wire as judges_wire
from akashi.conformity.judges.registry import JUDGES, Judges
from akashi.conformity.proof.items import links_digest
from akashi.conformity.proof.verify import Rulebook

CATALOGUES = Path(__file__).resolve().parents[4] / "catalogs"
JUDGE_MODULES = (
    judges_akashi, judges_backup, judges_conversion, judges_duties, judges_host, judges_people, judges_records, judges_servers,
    judges_software, judges_tunnel, judges_wire,
)  # fmt: skip
"""Imported for what they register."""


def judges() -> Judges:
    """Every judge."""
    return JUDGES


@cache
def boundary_tasks() -> tuple[Task, ...]:
    """The tasks that customer and vendor have to share out. Raises ``CatalogueInvalid``."""
    return tuple(read_tasks((CATALOGUES / "boundary" / "tasks.yaml").read_bytes()))


@cache
def books() -> Books:
    """Catalogues, crosswalk, features and presets. Raises ``CatalogueInvalid``."""
    return read_books(CATALOGUES, JUDGES)


def rulebook() -> Rulebook:
    """What a verifier brings along: judges, features, kinds and books of this program."""
    found = books()
    known = {one.id: one.digest for one in found.shelf.catalogues}
    known["crosswalk"] = links_digest(found.crosswalk.links)
    return Rulebook(judges(), frozenset(found.features), KINDS, known)
