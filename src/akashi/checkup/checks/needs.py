"""What a kind of checkup requires: single items, and groups of which one must be there.

Guarantees: an item counts as there when the source says anything of it, also that it was not done. Refuses: asking for a text
that only a flag calls for (``pairs``), and for anything where no programme is named. Source: the needs of each programme in the
ministry's item table; that one of fasting glucose, casual glucose and HbA1c is enough is our reading (knowledge 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from akashi.checkup.checks.model import Check, Judge, Said, Wanted
from akashi.checkup.formats.items import GLUCOSE_GROUPS, ItemTable
from akashi.checkup.model import Outcome, Status

# Upper gastrointestinal X-ray of school staff: asked from an age on, and of one of two ways.
_BY_AGE = frozenset({"e", "f"})
# Names of the checks that speak of what is not there.
ABSENCE = ("required.", "one_of.")
# Codes of OID …6.1002 that the item table knows needs of.
PROGRAMS = frozenset({"010", "020", "030", "040", "060", "090", "990"})


def required_items(items: ItemTable, program: str) -> tuple[str, ...]:
    """Items that must have a statement; texts that depend on a flag are left to the flag."""
    dependents = items.dependents()
    return tuple(code for code in items.required(program) if code not in dependents) if program else ()


def required_groups(items: ItemTable, program: str) -> Mapping[str, tuple[str, ...]]:
    """Group -> items of which one must have a statement."""
    if not program:
        return {}
    groups = {name: codes for name, codes in items.one_of_groups(program).items() if name not in _BY_AGE}
    sugar = tuple(code for name in GLUCOSE_GROUPS for code in groups.pop(name, ()))
    return groups | ({"b/c/d": sugar} if sugar else {})


def _empty(code: str) -> Judge:
    said = (Said(code, 0),)

    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        return said if all(cell.status is Status.EMPTY for cell in cells) else ()

    return judge


def need_checks(items: ItemTable, program: str) -> Iterator[Check]:
    """One check per required item and per group."""
    single, group = _empty("item.required"), _empty("item.one_of")
    for code in required_items(items, program):
        yield Check(f"required.{code}", (Wanted(code),), single)
    for name, codes in required_groups(items, program).items():
        yield Check(f"one_of.{name}", tuple(map(Wanted, codes)), group, few=False)
