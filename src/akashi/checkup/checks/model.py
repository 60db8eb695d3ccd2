"""What a check is: the cells it wants and a pure judge over them.

Guarantees: the same judge serves both ways of looking, at a neutral record (any format) and at the raw cells of a row (the
compiled engine, which remembers answers per distinct texts), so both say the same. Refuses: state; whoever needs
the whole file (duplicates) keeps it outside. Trusts: nothing but the outcomes handed in.

>>> bmi = Wanted("9N011000000000001")
>>> Check("demo", (bmi,), lambda cells: (Said("cell.required", 0),) if cells[0].status is Status.EMPTY else ()).judge(
...     (Outcome(),)
... )
(Said(code='cell.required', at=0),)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from akashi.checkup.model import Outcome, Role, Status

__all__ = ["Check", "Judge", "Outcome", "Said", "Status", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One cell: an item code (with occurrence and role) or a field target such as ``visit.date``."""

    target: str
    occurrence: int = 1
    role: Role = Role.VALUE


class Said(NamedTuple):
    """A finding code and the place it is about: an index into the check's ``wanted``."""

    code: str
    at: int


Judge = Callable[[tuple[Outcome, ...]], tuple[Said, ...]]
"""Outcomes in the order of ``wanted`` (an empty one where the source has no such cell) to what there is to say."""


@dataclass(frozen=True, slots=True)
class Check:
    """A named check. ``few`` says that its cells show few distinct texts, so that answers are worth remembering.

    ``plain`` is a shortcut: whether the raw texts of the cells (empty where the source has no such cell, numbers not
    multiplied by a map) are such that the judge can have nothing to say. It never raises.
    """

    name: str
    wanted: tuple[Wanted, ...]
    judge: Judge
    few: bool = True
    plain: Callable[..., bool] | None = None
