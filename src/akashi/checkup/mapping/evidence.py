"""What the cells say about a candidate: confidence up or down, and how the cells are to be read.

Guarantees: pure; a reading whose cells have another shape loses; a factor is only proposed, with its reason. Refuses:
converting: the unit of a proposal is always the item's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.checkup.cells.fold import key
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.mapping.candidates import Candidate, Heading
from akashi.checkup.mapping.headings import unit_key
from akashi.checkup.mapping.model import ColumnShape, Placing, Proposal, Reason
from akashi.checkup.mapping.shapes import FEW
from akashi.checkup.mapping.words import WordList
from akashi.checkup.model import Role

_GRADED = "1.2.392.200119.6.2102"
_FIELD_KINDS = {
    "person.name": "name", "person.kana": "kana", "person.sex": "sex", "person.birth": "date", "person.postal": "postal",
    "visit.date": "date", "visit.created": "date", "institution.code": "digits", "insurance.insurer": "digits",
    "insurance.branch": "digits", "ticket.number": "digits", "ticket.expires": "date",
}  # fmt: skip
_DIGITS = {"institution.code": 10, "insurance.insurer": 8, "insurance.branch": 2, "ticket.number": 11}
_ROLE_KINDS = {
    Role.LOWER: "number", Role.UPPER: "number", Role.JUDGEMENT: "judgement", Role.FLAG: "text", Role.METHOD: "text",
    Role.QUALIFIER: "text", Role.TEXT: "findings",
}  # fmt: skip
# What share of the filled cells must look so, and what it costs when they do not.
_SHOULD = {
    "number": ("number", 0.6, 55), "date": ("date", 0.7, 55), "sex": ("sex", 0.9, 55), "kana": ("kana", 0.7, 40),
    "graded": ("graded", 0.6, 45), "postal": ("postal", 0.7, 40), "digits": ("digits", 0.7, 55), "hearing": ("hearing", 0.7, 45),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighing:
    """What weighing needs to know besides candidate and cells."""

    items: ItemTable
    words: WordList


def item_kind(item: Item) -> str:
    """How an item's cells are read."""
    if item.type == "PQ":
        return "number"
    if item.oid == _GRADED:
        return "graded"
    if item.type in {"CD", "CO"}:
        return "code"
    if "判定" in item.category:
        return "judgement"
    if item.category == "聴力":
        return "hearing"
    if "年月日" in item.name:
        return "date"
    if "氏名" in item.name:
        return "name"
    finding = "所見" in item.name or bool(item.depends)
    return "findings" if finding else "text"


def kind_of(target: str, role: Role, items: ItemTable) -> str:
    """The cell kind of a rule for this target and role."""
    if role is not Role.VALUE:
        return _ROLE_KINDS[role]
    item = items.items.get(target)
    return item_kind(item) if item else _FIELD_KINDS.get(target, "text")


def _against(kind: str, shape: ColumnShape) -> float:
    """What the shape costs a reading of this kind."""
    numeric = shape.shares.get("number", 0.0)
    many = shape.distinct > FEW
    if kind in {"code", "judgement"} and numeric >= 0.9 and many:
        return 50
    if kind == "code" and (shape.kind == "findings" or (many and not shape.words)):
        return 40
    if kind == "judgement" and shape.shares.get("judgement", 0.0) < 0.5 and many:
        return 25
    if kind in {"findings", "name"} and (numeric >= 0.9 or shape.shares.get("date", 0.0) >= 0.9):
        return 45
    if kind == "findings" and shape.kind in {"judgement", "graded"}:
        return 30
    # A name all in kana is the kana name, whatever the heading calls it.
    if kind == "name" and shape.kind == "kana":
        return 30
    if kind in {"text", "name"} and shape.kind == "date":
        return 45
    return 0


def _by_values(kind: str, shape: ColumnShape) -> tuple[float, Reason]:
    if not shape.filled:
        return 0, Reason("values.none")
    if kind in _SHOULD:
        name, share, price = _SHOULD[kind]
        fits = shape.shares.get(name, 0.0)
        return (3.0, Reason("values.fit", name)) if fits >= share else (-float(price), Reason("values.differ", name))
    cost = _against(kind, shape)
    return (-cost, Reason("values.differ", kind)) if cost else (1, Reason("values.possible", kind))


def _by_unit(item: Item | None, role: Role, heading: Heading) -> tuple[float, Reason | None]:
    if not heading.unit or role is Role.JUDGEMENT:
        return 0, None
    if item is None or item.type != "PQ":
        return -30, Reason("unit.unexpected", heading.unit)
    if unit_key(item.unit) == unit_key(heading.unit):
        return 3, Reason("unit.same", item.unit)
    return (-30, Reason("unit.differs", heading.unit)) if item.unit else (0, None)


def _factor(item: Item, shape: ColumnShape, weighing: Weighing) -> tuple[str, float, Reason | None]:
    """A factor where the middle value only makes sense multiplied; a cost where it makes no sense at all."""
    low, high = weighing.words.usual.get(item.code) or (float(item.low or 0), float(item.high or 0))
    if shape.middle is None or not high or low <= shape.middle <= high:
        return "1", 0, None
    if item.code in weighing.words.usual and low <= shape.middle * 100 <= high:
        return "100", -12, Reason("values.hundreds")
    return "1", -12, Reason("values.range")


def _answers(item: Item, shape: ColumnShape, weighing: Weighing) -> tuple[str, float, Reason | None]:
    """The lookup table that knows the words of a coded column; "" where its own labels do."""
    own = {key(label) for label in weighing.items.labels(item.code).values()} | set(weighing.items.labels(item.code))
    if not shape.words or set(shape.words) <= own:
        return "", 0, None
    name, table = weighing.words.answers.get(item.oid, ("", {}))
    known = sum(word in table or word in own for word in shape.words)
    # Levels in dB, or judgement letters, in a column that should hold answers: something else is meant.
    if 2 * known < len(shape.words) and (shape.shares.get("number", 0) >= 0.5 or shape.kind == "judgement"):
        return "", -40, Reason("answers.unknown")
    if name and all(word in table or word in own for word in shape.words):
        return name, 2, Reason("answers.known", name)
    return name, -4, Reason("answers.unknown")


def weigh(candidate: Candidate, heading: Heading, shape: ColumnShape, weighing: Weighing) -> Proposal:
    """A proposal with all evidence in. Confidence is cut to 0–99."""
    kind = kind_of(candidate.target, candidate.role, weighing.items)
    item = weighing.items.items.get(candidate.target)
    points, reason = _by_values(kind, shape)
    confidence = candidate.confidence + points
    reasons = [*candidate.reasons, reason]
    more, said = _by_unit(item, candidate.role, heading)
    confidence += more
    reasons += [said] if said else []
    factor = table = unit = ""
    if item is not None and candidate.role is Role.VALUE:
        unit = item.unit if kind == "number" else ""
        if kind == "number":
            factor, more, said = _factor(item, shape, weighing)
        elif kind == "code":
            table, more, said = _answers(item, shape, weighing)
        else:
            more, said = 0, None
        confidence += more
        reasons += [said] if said else []
    return Proposal(
        Placing.MAP, max(0, min(99, round(confidence))), tuple(reasons), candidate.target, candidate.role, 1, kind, unit,
        factor or "1", _DIGITS.get(candidate.target, 0), table,
    )  # fmt: skip
