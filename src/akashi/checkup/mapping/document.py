"""Writing a draft down as a map: adopted columns as rules, the undecided ones as comments.

Guarantees: what is written loads with ``load_map``; every rule carries its confidence in a comment; without decisions all
proposals are written, with decisions only what a person adopted. Refuses: a map without any rule (:class:`MapEmpty`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from akashi.checkup.cells.fold import fold
from akashi.checkup.errors import MapEmpty
from akashi.checkup.mapping.model import Choice, ColumnDraft, Decision, Draft, Placing, Proposal
from akashi.checkup.mapping.sentences import sentence
from akashi.checkup.model import Role
from akashi.checkup.tabular.layout import Columns

_DECIDED = {Decision.ADOPT: Placing.MAP, Decision.IGNORE: Placing.IGNORE, Decision.WATCH: Placing.WATCH}


@dataclass(frozen=True, slots=True)
class MapHead:
    """What stands at the head of the map besides the draft's own facts."""

    map_id: str
    valid_from: date
    valid_to: date
    version: int = 1
    program: str = ""


def _quoted(text: str) -> str:
    """A YAML text in double quotes; signs that cannot be seen are written as escapes."""
    signs = (
        sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return '"' + "".join(signs) + '"'


def _comment(text: str) -> str:
    """A heading or sentence that cannot leave its comment line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


class _Places:
    """Names places: by heading where that is enough, with upper heading and occurrence where it is not."""

    def __init__(self, headers: tuple[tuple[str, ...], ...]) -> None:
        self._columns = Columns(headers)
        self._low = [*headers[-1], *[""] * (self._columns.size - len(headers[-1]))]
        self._two = len(headers) == 2
        self._same: dict[str, list[int]] = {}
        for index, low in enumerate(self._columns.lower):
            self._same.setdefault(low, []).append(index)

    def name(self, column: int) -> str:
        """YAML for the place of column number ``column`` (from 1)."""
        index = column - 1
        low, top = self._columns.lower[index], self._columns.upper[index]
        if not low:
            return f"{{column: {column}}}"
        same = self._same[low]
        if same == [index]:
            return _quoted(self._low[index])
        parts = [f"header: {_quoted(self._low[index])}"]
        if self._two and top:
            same = [place for place in same if self._columns.upper[place] == top]
            parts.append(f"context: {_quoted(fold(top))}")
        if len(same) > 1:
            parts.append(f"occurrence: {same.index(index) + 1}")
        return "{" + ", ".join(parts) + "}"


def _settled(draft: Draft, decisions: Mapping[int, Choice] | None) -> Iterator[tuple[ColumnDraft, Placing, Proposal]]:
    """What becomes of each column. A decision without a usable proposal leaves it undecided."""
    for column in draft.columns:
        if decisions is None:
            yield column, column.proposal.placing, column.proposal
            continue
        choice = decisions.get(column.column, Choice(column.state))
        proposal = choice.proposal or column.proposal
        placing = _DECIDED.get(choice.state, Placing.UNDECIDED)
        if placing is Placing.MAP and proposal.placing is not Placing.MAP:
            placing = proposal.placing
        yield column, placing, proposal


def _rule(proposal: Proposal, at: str, places: _Places, tables: set[str]) -> str:
    parts = [f"to: {_quoted(proposal.target) if proposal.target[0].isdigit() else proposal.target}"]
    if proposal.occurrence != 1:
        parts.append(f"occurrence: {proposal.occurrence}")
    if proposal.role is not Role.VALUE:
        parts.append(f"role: {proposal.role.value}")
    parts += [f"at: {at}", f"kind: {proposal.kind}"]
    if proposal.unit:
        parts.append(f"unit: {_quoted(proposal.unit)}")
    if proposal.factor != "1":
        parts.append(f"factor: {proposal.factor}")
    if proposal.digits:
        parts.append(f"digits: {proposal.digits}")
    if proposal.table:
        tables.add(proposal.table)
        parts.append(f"table: {proposal.table}")
    if proposal.terms and proposal.kind == "findings":
        parts.append(f"terms: {proposal.terms}")
    if proposal.when_column:
        words = ", ".join(map(_quoted, proposal.when_words))
        parts.append(f"when: {{at: {places.name(proposal.when_column)}, in: [{words}]}}")
    return "- {" + ", ".join(parts) + "}"


def _rules(draft: Draft, decisions: Mapping[int, Choice] | None, places: _Places, tables: set[str]) -> list[str]:
    """Rule lines; columns joined into one item share a line."""
    grouped: dict[tuple[str, int, str, int], list[tuple[ColumnDraft, Proposal]]] = {}
    for column, placing, proposal in _settled(draft, decisions):
        if placing is not Placing.MAP:
            continue
        twins = column.twins if proposal == column.proposal else ()
        for one in (proposal, *twins):
            place = one.target, one.occurrence, one.role.value, one.when_column
            grouped.setdefault(place, []).append((column, one))
    lines = []
    for members in grouped.values():
        first = members[0][1]
        names = [places.name(column.column) for column, _one in members]
        at = names[0] if len(names) == 1 else "[" + ", ".join(names) + "]"
        why = _comment(" ".join(sentence(reason, "en") for reason in first.reasons))
        lines.append(f"{_rule(first, at, places, tables)}  # {first.confidence}: {why}")
    return lines


def _run(columns: list[int]) -> Iterator[str]:
    """Column numbers as YAML places, runs joined."""
    start = 0
    for index, column in enumerate(columns):
        if index + 1 == len(columns) or columns[index + 1] != column + 1:
            first = columns[start]
            yield f"- {{column: {first}}}" if first == column else f"- {{columns: {first}-{column}}}"
            start = index + 1


def to_yaml(draft: Draft, head: MapHead, decisions: Mapping[int, Choice] | None = None) -> str:
    """The map as text. ``decisions`` name columns from 1; ``None`` writes every proposal, for reading by a person.

    Raises :class:`MapEmpty` where nothing would be converted.
    """
    places = _Places(draft.headers)
    tables: set[str] = set()
    rules = _rules(draft, decisions, places, tables)
    if not rules:
        raise MapEmpty
    lines = [
        f"# Drafted on {draft.on.isoformat()} from {draft.sampled_rows} rows. The number behind each rule is the drafter's confidence.",
        "map: 1", f"id: {_quoted(head.map_id)}", f"institution: {_quoted(draft.institution)}", f"layout: {draft.layout_hash}",
        f"version: {head.version}", f"valid: {{from: {head.valid_from.isoformat()}, to: {head.valid_to.isoformat()}}}",
        f"header_rows: {len(draft.headers)}",
    ]  # fmt: skip
    lines += [f'program: "{head.program}"'] if head.program else []
    if tables:
        lines.append("tables:")
        lines += [
            f"  {name}: {{"
            + ", ".join(f"{_quoted(word)}: {_quoted(code)}" for word, code in draft.tables[name].items())
            + "}"
            for name in sorted(tables)
        ]
    lines += ["rules:", *rules]
    settled = list(_settled(draft, decisions))
    decides = {proposal.when_column for _c, placing, proposal in settled if placing is Placing.MAP}
    for key, wanted in (("ignore", Placing.IGNORE), ("spare", Placing.SPARE), ("watch", Placing.WATCH)):
        columns = [column.column for column, placing, _p in settled if placing is wanted]
        lines += [f"{key}:", *_run(columns)] if columns else []
    undecided = [
        column
        for column, placing, _p in settled
        if placing is Placing.UNDECIDED or (placing is Placing.DECIDES and column.column not in decides)
    ]
    lines += ["# undecided:"] if undecided else []
    lines += [f"# - column {column.column}: {_comment(column.heading)}" for column in undecided]
    return "\n".join(lines) + "\n"
