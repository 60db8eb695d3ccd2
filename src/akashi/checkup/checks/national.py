"""The checks for one kind of checkup, built from the item table; and what a layout lacks for them.

Guarantees: with ``present`` (the cells a layout has) a check is made only where its partners exist, so that a missing column is
said once by :func:`missing_columns` and not in each row. Refuses: item codes the table does not know.

>>> from akashi.checkup.formats.items import ItemTable
>>> [check.name for check in checks_for(ItemTable("none", {}, {}), "")]
['insurer', 'branch', 'ticket', 'institution', 'age']
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date

from akashi.checkup.checks.identity import identity_checks
from akashi.checkup.checks.measures import DRAW_TIME, draw_checks, measure_checks
from akashi.checkup.checks.model import Check, Wanted
from akashi.checkup.checks.needs import need_checks, required_groups, required_items
from akashi.checkup.checks.pairs import pair_checks
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding

__all__ = ["checks_for", "missing_columns"]

# Fields that only add to a check: it is made without them.
_OPTIONAL = frozenset({"visit.age"})


def _known(check: Check, items: ItemTable) -> bool:
    return all("." in cell.target or cell.target in items.items for cell in check.wanted)


def _all(items: ItemTable, program: str, on: date | None) -> Iterator[Check]:
    yield from pair_checks(items)
    yield from (check for check in measure_checks(items) if _known(check, items))
    yield from identity_checks(program, on)
    yield from need_checks(items, program)


def _fitted(check: Check, present: Collection[Wanted]) -> Check | None:
    """The check for a layout that has only these cells, or ``None`` where it could say nothing true."""
    there = [cell for cell in check.wanted if cell in present]
    if check.name.startswith("one_of."):
        return replace(check, wanted=tuple(there)) if there else None
    if check.name == "egfr":
        needed, alternatives = check.wanted[:2], check.wanted[2:]
    elif check.name.startswith("pair."):
        needed, alternatives = check.wanted[:1], check.wanted[1:]
    else:
        needed, alternatives = tuple(cell for cell in check.wanted if cell.target not in _OPTIONAL), ()
    whole = all(cell in there for cell in needed)
    return check if whole and (not alternatives or any(cell in there for cell in alternatives)) else None


def checks_for(
    items: ItemTable, program: str, *, on: date | None = None, present: Collection[Wanted] | None = None
) -> tuple[Check, ...]:
    """The checks for checkups of ``program`` (OID …6.1002; "" asks for no required item).

    ``on`` is the day whose fiscal year visits should lie in (not checked without). ``present`` are the cells a layout has
    (``None``: any may come, as in documents).
    """
    checks = _all(items, program, on)
    if present is None:
        return tuple(checks)
    fitted = (_fitted(check, present) for check in checks)
    return tuple(check for check in fitted if check is not None)


def _said(items: ItemTable, code: str, target: str) -> Finding:
    item = items.items.get(target)
    return Finding(code, row=0, line=1, column=0, header=item.name if item else target, item=target)


def missing_columns(items: ItemTable, program: str, present: Collection[Wanted]) -> tuple[Finding, ...]:
    """What the layout lacks, once per file (row 0): required items, groups, and the other half of pairs."""
    targets = {cell.target for cell in present}
    found = [_said(items, "column.required", code) for code in required_items(items, program) if code not in targets]
    groups = required_groups(items, program).values()
    found += [_said(items, "column.one_of", codes[0]) for codes in groups if targets.isdisjoint(codes)]
    for check in pair_checks(items):
        flag, *texts = check.wanted
        if (flag in present) != any(text in present for text in texts) and not _is_medicine(check):
            lacking = texts[0].target if flag in present else flag.target
            found.append(_said(items, "column.partner", lacking))
    if DRAW_TIME not in targets and any(check.wanted[1] in present for check in draw_checks(items)):
        found.append(_said(items, "column.partner", DRAW_TIME))
    return tuple(found)


def _is_medicine(check: Check) -> bool:
    # Names of medicines are asked for nowhere: a layout without them lacks nothing.
    return check.wanted[0].target.startswith(("9N701", "9N706", "9N711"))
