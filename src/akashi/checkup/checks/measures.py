"""Measurements that must fit each other: draw time, eGFR, BMI, blood pressure.

Guarantees: only values that are plainly measured are compared; bounds, absences and unread texts say nothing. Refuses: computing
a value for the record: BMI is computed here to compare and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.checkup.cells.fold import key
from akashi.checkup.checks.cells import number_of
from akashi.checkup.checks.model import Check, Judge, Said, Wanted
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Outcome, Status

DRAW_TIME = "9N141000000000011"
HEIGHT, WEIGHT, BMI = "9N001000000000001", "9N006000000000001", "9N011000000000001"
PRESSURES = (
    ("9A751000000000001", "9A761000000000001"),
    ("9A752000000000001", "9A762000000000001"),
    ("9A755000000000001", "9A765000000000001"),
)
EGFR, EGFR_REASON = "8A065000002391901", "3C015161602399911"
CREATININE = ("3C015000002327101", "3C015000002399901")
# Families of the national table: triglyceride and glucose; "1299" marks the casual items.
_TIMED = ("3F015", "3D010")
_CASUAL = "1299"
# Answers of table 2202: 2 ten hours or more; 3 and 4 less; 1 is the 3rd term's "less than ten hours".
_FASTING = frozenset({"2"})
_NOT_FASTING = frozenset({"1", "3", "4"})
_STATED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})
BMI_TOLERANCE = 0.1


def _timed(code: str, wrong: frozenset[str]) -> Judge:
    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        time, value = cells
        if value.status not in _STATED:
            return ()
        if time.status is Status.EMPTY:
            return (Said("draw.missing", 1),)
        return (Said(code, 1),) if time.coded in wrong else ()

    return judge


def draw_checks(items: ItemTable) -> Iterator[Check]:
    """Fasting items need draw time 2, casual items 3 or 4 (knowledge 3.4)."""
    fasting, casual = _timed("draw.fasting", _NOT_FASTING), _timed("draw.casual", _FASTING)
    for code in items.items:
        if code.startswith(_TIMED) and len(code) == 17 and key(items.items[code].name).startswith(("空腹時", "随時")):
            judge = casual if code[5:9] == _CASUAL else fasting
            yield Check(f"draw.{code}", (Wanted(DRAW_TIME), Wanted(code)), judge)


def _egfr(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
    reason, egfr, *creatinine = cells
    if reason.coded != "1" or egfr.status is not Status.EMPTY:
        return ()
    return (Said("item.egfr", 1),) if any(value.status in _STATED for value in creatinine) else ()


def _half_step(text: str) -> float:
    """Half a unit of the last digit given: how far rounding may have moved the value."""
    return float(0.5 * 10 ** -len(text.partition(".")[2]))


def _bmi(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
    height, weight, bmi = cells
    if not height.status is weight.status is bmi.status is Status.VALUE:
        return ()
    tall, heavy, given = number_of(height), number_of(weight), number_of(bmi)
    if not tall or not heavy or given is None:
        return ()
    real = heavy / (tall / 100) ** 2
    if abs(given - real) <= BMI_TOLERANCE:
        return ()
    rounding = real * (_half_step(weight.standard) / heavy + 2 * _half_step(height.standard) / tall)
    allowed = BMI_TOLERANCE + rounding + _half_step(bmi.standard)
    return (Said("bmi.differs", 2),) if abs(given - real) > allowed else ()


def _plain_bmi(height: str, weight: str, bmi: str) -> bool:
    # What ``float`` reads and a cell reader does not (``1_0``, ``1e2``, ``nan``) the judge passes over as no number.
    try:
        return abs(float(bmi) - float(weight) / (float(height) / 100) ** 2) <= BMI_TOLERANCE
    except (ValueError, ArithmeticError):
        return False


def _plain_pressure(upper: str, lower: str) -> bool:
    try:
        return float(upper) > float(lower)
    except ValueError:
        return False


def _pressure(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
    upper, lower = cells
    if upper.status is not Status.VALUE or lower.status is not Status.VALUE:
        return ()
    systolic, diastolic = number_of(upper), number_of(lower)
    if systolic is None or diastolic is None:
        return ()
    return (Said("pressure.order", 0),) if systolic <= diastolic else ()


def measure_checks(items: ItemTable) -> Iterator[Check]:
    """BMI against height and weight, systolic above diastolic, eGFR with creatinine, draw times."""
    yield Check("bmi", (Wanted(HEIGHT), Wanted(WEIGHT), Wanted(BMI)), _bmi, few=False, plain=_plain_bmi)
    for upper, lower in PRESSURES:
        yield Check(f"pressure.{upper}", (Wanted(upper), Wanted(lower)), _pressure, plain=_plain_pressure)
    yield Check("egfr", tuple(map(Wanted, (EGFR_REASON, EGFR, *CREATININE))), _egfr, few=False)
    yield from draw_checks(items)
