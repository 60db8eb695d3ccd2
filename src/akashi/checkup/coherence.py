"""Makes an invented row agree with itself, as real rows mostly do: BMI, blood pressure, draw time, flags and their texts.

Guarantees: the same row in, the same row out; only cells that contradict others are written again. Refuses: chance (``generate``
has the random source). It knows the same facts as the checks, so a test that wants contradictions must make them itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from akashi.checkup.cells.fold import key
from akashi.checkup.cells.numbers import NumberRule, read_number
from akashi.checkup.checks.measures import BMI, DRAW_TIME, HEIGHT, PRESSURES, WEIGHT
from akashi.checkup.checks.pairs import says_nothing
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap, MapRule
from akashi.checkup.model import Role, Status
from akashi.checkup.tabular.layout import Columns

_PARTS = re.compile(r"[/、，\s]+")
_TIMED, _CASUAL = ("3F015", "3D010"), "1299"
_FASTING_CODE, _CASUAL_CODE = "2", "3"


@dataclass(frozen=True)
class _Place:
    """Where one rule finds its cells."""

    rule: MapRule
    indexes: tuple[int, ...]
    decider: int | None
    words: Mapping[str, str] = field(repr=False)


def _number(text: str) -> float | None:
    outcome = read_number(text, NumberRule())
    return float(outcome.standard) if outcome.status is Status.VALUE else None


class Coherence:
    """For one layout; :meth:`mend` changes a row in place."""

    def __init__(self, columns: Columns, layout_map: LayoutMap, items: ItemTable) -> None:
        self._items, self._tables = items, layout_map.tables
        self._places: dict[str, _Place] = {}
        self._timed: list[_Place] = []
        for rule in layout_map.rules:
            found = [columns.find_optional(place) for place in rule.at]
            indexes = tuple(index for index in found if index is not None)
            if rule.role is not Role.VALUE or rule.occurrence != 1 or not indexes:
                continue
            decider = columns.find_optional(rule.when.at) if rule.when is not None else None
            place = _Place(rule, indexes, decider, self._words(rule))
            self._places[rule.target] = place
            if rule.target.startswith(_TIMED):
                self._timed.append(place)
        dependents = items.dependents().items()
        self._pairs = [(self._places[flag], self._places[text]) for text, flag in dependents
                       if flag in self._places and text in self._places]  # fmt: skip

    def _words(self, rule: MapRule) -> dict[str, str]:
        """Folded word -> answer code, of a rule that reads codes."""
        labels = {key(label): code for code, label in self._items.labels(rule.target).items()}
        return labels | {code: code for code in labels.values()} | dict(self._tables.get(rule.table, {}))

    def mend(self, row: list[str]) -> None:
        """Make ``row`` agree with itself."""
        self._bmi(row)
        self._pressures(row)
        self._draw(row)
        for flag, text in self._pairs:
            said = any(self._says_something(row[index]) for index in text.indexes)
            self._answer(row, flag, "1" if said else "2")

    def _value(self, row: list[str], target: str) -> tuple[int, float] | None:
        place = self._places.get(target)
        if place is None or place.rule.factor != "1":
            return None
        number = _number(row[place.indexes[0]])
        return None if number is None else (place.indexes[0], number)

    def _bmi(self, row: list[str]) -> None:
        height, weight, bmi = (self._value(row, target) for target in (HEIGHT, WEIGHT, BMI))
        if height and weight and bmi and height[1]:
            row[bmi[0]] = f"{weight[1] / (height[1] / 100) ** 2:.{self._items.items[BMI].decimals}f}"

    def _pressures(self, row: list[str]) -> None:
        for upper, lower in PRESSURES:
            systolic, diastolic = self._value(row, upper), self._value(row, lower)
            if systolic and diastolic and systolic[1] <= diastolic[1]:
                row[systolic[0]] = f"{diastolic[1] + 40:.0f}"

    def _draw(self, row: list[str]) -> None:
        free = {place.rule.target[5:9] == _CASUAL for place in self._timed
                if place.decider is None and any(row[index].strip() for index in place.indexes)}  # fmt: skip
        time = self._places.get(DRAW_TIME)
        if len(free) == 2 or time is None:
            return
        code = time.words.get(key(row[time.indexes[0]]), "")
        casual = free.pop() if free else code != _FASTING_CODE
        self._answer(row, time, _CASUAL_CODE if casual else _FASTING_CODE)
        for place in self._timed:
            when = place.rule.when
            if place.decider is not None and when is not None and (place.rule.target[5:9] == _CASUAL) == casual:
                row[place.decider] = _kept(row[place.decider], when.words)

    def _answer(self, row: list[str], place: _Place, code: str) -> None:
        """Write a word for ``code`` unless the cell already says it."""
        index = place.indexes[0]
        if place.words.get(key(row[index])) != code:
            label = self._items.labels(place.rule.target).get(code, "")
            row[index] = label if place.words.get(key(label)) == code else _first(place.words, code)

    @staticmethod
    def _says_something(text: str) -> bool:
        return any(part and not says_nothing(part) for part in _PARTS.split(text))


def _kept(word: str, words: Iterable[str]) -> str:
    """``word`` where it is one of ``words``, else the first of them."""
    return word if key(word) in words else min(words)


def _first(words: Mapping[str, str], code: str) -> str:
    return min((word for word, meant in words.items() if meant == code), default="")
