"""Comparing the columns with each other: nothing is taken twice, companions find their value, pairs find their decider.

Guarantees: pure and independent of dictionary order; the surest proposal takes a target, the loser says to whom it lost.
Refuses: proposals below ``THRESHOLD``: such a column stays undecided, with its alternatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from akashi.checkup.cells.fold import key
from akashi.checkup.mapping.candidates import Candidate, Heading, Matcher, role_of
from akashi.checkup.mapping.evidence import Weighing, weigh
from akashi.checkup.mapping.model import ColumnShape, Placing, Proposal, Reason
from akashi.checkup.model import Role

THRESHOLD = 50
_REACH = 8
_JOINED = frozenset({"findings", "text"})
_MEAL = frozenset({"fasting", "casual", "drawtime"})
_FASTING = tuple(map(key, ("空腹", "空腹時", "食後10時間以上", "10時間以上", "絶食")))
_CASUAL = tuple(map(key, ("随時", "食後", "食後3.5時間以上10時間未満", "3.5時間以上10時間未満", "非空腹")))

Place = tuple[tuple[str, str], Role]


@dataclass
class Board:
    """Who has taken what while proposals are dealt out."""

    matcher: Matcher
    headings: Sequence[Heading]
    shapes: Sequence[ColumnShape]
    weighing: Weighing
    chosen: dict[int, Proposal] = field(default_factory=dict)
    twins: dict[int, tuple[Proposal, ...]] = field(default_factory=dict)
    _taken: dict[Place, list[int]] = field(default_factory=dict)
    _lost: dict[int, int] = field(default_factory=dict)

    def place(self, proposal: Proposal) -> Place:
        """What a proposal takes away from the others."""
        return self.matcher.family(proposal.target), proposal.role

    def offer(self, column: int, proposal: Proposal) -> bool:
        """Give the column this proposal unless its place is taken (numbered text columns share one)."""
        holders = self._taken.setdefault(self.place(proposal), [])
        if holders and not self._may_join(column, proposal, holders):
            self._lost.setdefault(column, holders[0])
            return False
        if holders:
            proposal = replace(proposal, reasons=(*proposal.reasons, Reason("columns.joined", str(holders[0] + 1))))
        holders.append(column)
        self.chosen[column] = proposal
        return True

    def _may_join(self, column: int, proposal: Proposal, holders: Sequence[int]) -> bool:
        number = self.headings[column].number
        if proposal.role is not Role.VALUE or proposal.kind not in _JOINED or "." in proposal.target or not number:
            return False
        return all(self.headings[holder].number not in {"", number} for holder in holders)

    def undecided(self, column: int) -> Proposal:
        """Why the column got nothing."""
        if column in self._lost:
            return Proposal(Placing.UNDECIDED, 0, (Reason("target.taken", str(self._lost[column] + 1)),))
        code = "values.none" if not self.shapes[column].filled else "heading.unknown"
        placing = Placing.WATCH if not self.shapes[column].filled else Placing.UNDECIDED
        return Proposal(placing, 50 if placing is Placing.WATCH else 0, (Reason(code),))


_WITH_VALUE, _WITHOUT_VALUE = 15, -10


def deal(board: Board, offers: Sequence[Sequence[Proposal]]) -> None:
    """Deal proposals out, surest first; a column that loses one tries its next.

    Values go first: a judgement or limit belongs rather to an item whose value is in the file.
    """
    _deal(board, [[one for one in found if one.role is Role.VALUE] for found in offers], keep=offers)
    held = {board.place(known)[0] for known in board.chosen.values() if known.target and known.role is Role.VALUE}
    roles = [
        [
            replace(
                one,
                confidence=max(
                    0, min(99, one.confidence + (_WITH_VALUE if board.place(one)[0] in held else _WITHOUT_VALUE))
                ),
            )
            for one in found
            if one.role is not Role.VALUE
        ]
        for found in offers
    ]
    _deal(board, roles, keep=())


def _deal(board: Board, offers: Sequence[Sequence[Proposal]], *, keep: Sequence[Sequence[Proposal]]) -> None:
    waiting = sorted(
        ((proposal, column) for column, proposals in enumerate(offers) for proposal in proposals),
        key=lambda pair: (-pair[0].confidence, pair[1], pair[0].target, pair[0].role.value),
    )
    for proposal, column in waiting:
        if proposal.confidence < THRESHOLD or column in board.chosen:
            continue
        # A column that is rather a judgement than a value waits for the second round.
        if keep and any(
            other.role is not Role.VALUE and other.confidence > proposal.confidence for other in keep[column]
        ):
            continue
        board.offer(column, proposal)


def _anchor(board: Board, column: int) -> int | None:
    """The value column that a column without a name of its own stands behind."""
    heading = board.headings[column]
    for place in range(column - 1, max(-1, column - 1 - _REACH), -1):
        other = board.headings[place]
        if other.upper != heading.upper:
            return None
        if other.alone or "PREVIOUS" in other.skips:
            continue
        known = board.chosen.get(place)
        if known is None or known.role is not Role.VALUE or "." in known.target or known.kind == "judgement":
            return None
        return place
    return None


def companions(board: Board) -> None:
    """Columns that say only 判定, H/L, 下限 … belong to the value before them."""
    for column, heading in enumerate(board.headings):
        if column in board.chosen or not heading.alone or "UNIT" in heading.roles or "GROUP" in heading.roles:
            continue
        place = _anchor(board, column)
        if place is None:
            continue
        anchor = board.chosen[place]
        role = role_of(heading.roles)[0]
        if role is Role.TEXT and anchor.kind in _JOINED:
            continue
        sure = min(88.0, anchor.confidence - 3.0)
        candidate = Candidate(anchor.target, role, sure, (Reason("column.beside", str(place + 1)),))
        proposal = weigh(candidate, heading, board.shapes[column], board.weighing)
        if proposal.confidence >= THRESHOLD:
            board.offer(column, proposal)


def beside_symbol(board: Board) -> None:
    """記号 and 番号 of an insurance card stand side by side; 番号 alone says nothing elsewhere."""
    for column, heading in enumerate(board.headings):
        before = board.chosen.get(column - 1)
        if heading.terms != {"number"} or before is None or before.target != "insurance.symbol":
            continue
        proposal = Proposal(Placing.MAP, 85, (Reason("column.beside", str(column)),), "insurance.number", kind="text")
        previous = board.chosen.pop(column, None)
        if not board.offer(column, proposal) and previous is not None:
            board.chosen[column] = previous


def _meal_words(shape: ColumnShape) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    words = shape.words
    fasting = tuple(word for word in words if word in _FASTING)
    casual = tuple(word for word in words if word in _CASUAL)
    return (fasting, casual) if fasting and casual and len(fasting) + len(casual) == len(words) else None


def _decider(board: Board, column: int) -> tuple[int, tuple[tuple[str, ...], tuple[str, ...]]] | None:
    for place in sorted(range(len(board.headings)), key=lambda other: abs(other - column)):
        if abs(place - column) > _REACH or place == column or not board.headings[place].terms & _MEAL:
            continue
        words = _meal_words(board.shapes[place])
        if words is not None and (place not in board.chosen or board.chosen[place].role is not Role.VALUE):
            return place, words
    return None


def exclusive(board: Board, make: Callable[[str, Heading], str]) -> None:
    """血糖 or 中性脂肪 without 空腹時/随時, beside a column whose words say which: one column, two targets by condition."""
    for column, proposal in sorted(board.chosen.items()):
        usual = any(reason.code == "heading.usual" for reason in proposal.reasons)
        other = make(proposal.target, board.headings[column]) if usual else ""
        found = _decider(board, column) if other else None
        if found is None:
            continue
        place, (fasting, casual) = found
        why = (*proposal.reasons, Reason("column.decides", str(place + 1)))
        sure = min(85, proposal.confidence + 10)
        first = replace(proposal, confidence=sure, reasons=why, when_column=place + 1, when_words=fasting)
        second = replace(first, target=other, when_words=casual)
        board.chosen[column] = first
        board.twins[column] = (second,)
        board.chosen[place] = Proposal(Placing.DECIDES, sure, (Reason("column.decides_for", str(column + 1)),))
