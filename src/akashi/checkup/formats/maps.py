"""Map files: how one institution's layout becomes the neutral record.

Guarantees: a loaded map names every rule's target, role, place and kind; exclusive rules read one deciding
column with disjoint words; nothing is defaulted silently. Refuses: unknown keys, tables, kinds and roles, two
rules for one target, and dates the wrong way round. Each mistake has its line in the file.

The schema is written out in docs/checkup.md. Layouts are named by the hash of their headings (``layout.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from akashi.checkup.cells.fold import key
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.cells.terms import DEFAULT_SEPARATORS
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.documents import Node, SchemaError, parse
from akashi.checkup.model import Role

FIELD_TARGETS = frozenset(
    {
        "person.id", "person.name", "person.kana", "person.sex", "person.birth", "person.postal", "person.address",
        "visit.date", "visit.number", "visit.course", "visit.age", "visit.program", "visit.report", "visit.created",
        "institution.code", "institution.name", "institution.telephone", "institution.postal", "institution.address",
        "insurance.insurer", "insurance.insurer_name", "insurance.symbol", "insurance.number", "insurance.branch",
        "ticket.number", "ticket.kind", "ticket.expires", "employer.name", "employer.section", "employer.number",
    }
)  # fmt: skip

MOST_COLUMNS = 100_000

MODALITIES = frozenset(
    {
        "ecg", "fundus", "chest_xray", "upper_gi_xray", "upper_gi_endoscopy", "abdominal_ultrasound", "breast_ultrasound",
        "mammography",
    }
)  # fmt: skip
"""What a thesaurus may have words for, and a rule's ``terms`` may name."""


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a column is: by heading (with the upper heading and occurrence), or by number from 1."""

    header: str = ""
    context: str = ""
    occurrence: int | None = None
    column: int | None = None

    @property
    def label(self) -> str:
        """How to name this place to a person; words of our own map, never of the file."""
        return f"{self.context}/{self.header}".strip("/") if self.header else f"#{self.column}"


@dataclass(frozen=True, slots=True)
class Condition:
    """The rule holds only where the column ``at`` says one of ``words`` (folded)."""

    at: Locator
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class MapRule:
    """One target from one column, or from several joined by 「、」 (multi-entry)."""

    target: str
    occurrence: int
    role: Role
    at: tuple[Locator, ...]
    kind: str
    unit: str = ""
    factor: str = "1"
    table: str = ""
    digits: int = 0
    separators: str = DEFAULT_SEPARATORS
    spaces: bool = True
    required: bool = False
    when: Condition | None = None
    terms: str = ""
    vocabulary: str = ""


@dataclass(frozen=True)
class LayoutMap:
    """One institution's map for one layout. ``tables`` hold folded words -> codes or standard words.

    ``watched`` columns were empty when the map was made: one that fills is told (``column.watched``). ``program`` is
    the kind of checkup (OID …1002) whose required items the rows must have; empty: none is asked.
    """

    map_id: str
    institution: str
    layout_hash: str
    valid_from: date
    valid_to: date
    header_rows: int
    tables: Mapping[str, Mapping[str, str]] = field(repr=False)
    rules: tuple[MapRule, ...] = field(repr=False)
    ignored: tuple[Locator, ...] = field(default=(), repr=False)
    spare: tuple[Locator, ...] = field(default=(), repr=False)
    watched: tuple[Locator, ...] = field(default=(), repr=False)
    program: str = ""
    version: int = 1
    digest: bytes = field(default=b"", repr=False, compare=False)
    """SHA-256 of the text it was loaded from: what an approval names. Empty where it was not loaded from a text."""

    def valid_on(self, day: date) -> bool:
        """Whether ``day`` lies within the map's dates, both ends included."""
        return self.valid_from <= day <= self.valid_to


def _locator(node: Node) -> Locator:
    if node.is_text():
        return Locator(header=node.text())
    found = node.fields(set(), {"header", "context", "occurrence", "column"})
    if ("header" in found) == ("column" in found) or ("column" in found and len(found) > 1):
        raise node.wrong("either header (with context, occurrence) or column is expected")
    if "column" in found:
        return Locator(column=found["column"].integer(1, MOST_COLUMNS))
    return Locator(
        header=found["header"].text(),
        context=found["context"].text() if "context" in found else "",
        occurrence=found["occurrence"].integer(1, 999) if "occurrence" in found else None,
    )


def _places(node: Node) -> tuple[Locator, ...]:
    """A list of places; ``{columns: 22-26}`` stands for a run of column numbers."""
    places: list[Locator] = []
    for child in node.items():
        if child.is_text() or "columns" not in child.table():
            places.append(_locator(child))
            continue
        span = child.fields({"columns"})["columns"]
        match = re.fullmatch(r"([1-9][0-9]{0,5})-([1-9][0-9]{0,5})", span.text())
        if match is None or int(match[1]) > int(match[2]):
            raise span.wrong("columns such as 22-26 are expected")
        if int(match[2]) > MOST_COLUMNS or len(places) + int(match[2]) - int(match[1]) >= MOST_COLUMNS:
            raise span.wrong("too many columns")
        places += [Locator(column=number) for number in range(int(match[1]), int(match[2]) + 1)]
    return tuple(places)


def _condition(node: Node) -> Condition:
    found = node.fields({"at", "in"})
    words = frozenset(key(child.text()) for child in found["in"].items())
    if not words:
        raise node.wrong("at least one word is expected")
    return Condition(_locator(found["at"]), words)


_RULE_OPTIONAL = frozenset(
    {
        "occurrence", "role", "unit", "factor", "table", "digits", "separators", "spaces", "required", "when", "terms",
        "vocabulary",
    }
)  # fmt: skip


def _factor(node: Node) -> str:
    text = node.text()
    if not re.fullmatch(r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?", text) or not float(text):
        raise node.wrong("a positive decimal factor is expected")
    return text


def _rule(node: Node, tables: Mapping[str, Mapping[str, str]]) -> MapRule:
    found = node.fields({"to", "at", "kind"}, _RULE_OPTIONAL)
    target = found["to"].text()
    role = Role(found["role"].choice({role.value for role in Role})) if "role" in found else Role.VALUE
    if "." in target and (target not in FIELD_TARGETS or role is not Role.VALUE):
        raise found["to"].wrong("unknown field target")
    if "." not in target and not re.fullmatch(r"[0-9A-Z]{5,17}", target):
        raise found["to"].wrong("not an item code")
    table = found["table"].text() if "table" in found else ""
    if table and table not in tables:
        raise found["table"].wrong("unknown table")
    for name, kind in (("terms", "findings"), ("vocabulary", "judgement")):
        if name in found and found["kind"].text() != kind:
            raise found[name].wrong(f"only a rule of kind {kind} has it")
    if table and "vocabulary" in found:
        raise found["vocabulary"].wrong("either a table or a vocabulary is expected")
    at = tuple(_locator(child) for child in found["at"].items()) if found["at"].is_list() else (_locator(found["at"]),)
    if not at:
        raise found["at"].wrong("a place is expected")
    return MapRule(
        target=target,
        occurrence=found["occurrence"].integer(1, 99) if "occurrence" in found else 1,
        role=role,
        at=at,
        kind=found["kind"].choice(KINDS),
        unit=found["unit"].text() if "unit" in found else "",
        factor=_factor(found["factor"]) if "factor" in found else "1",
        table=table,
        digits=found["digits"].integer(1, 20) if "digits" in found else 0,
        separators=found["separators"].text() if "separators" in found else DEFAULT_SEPARATORS,
        spaces=found["spaces"].boolean() if "spaces" in found else True,
        required=found["required"].boolean() if "required" in found else False,
        when=_condition(found["when"]) if "when" in found else None,
        terms=found["terms"].choice(MODALITIES) if "terms" in found else "",
        vocabulary=_vocabulary(found["vocabulary"]) if "vocabulary" in found else "",
    )


def _vocabulary(node: Node) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", node.text()):
        raise node.wrong("an id of small letters, digits and hyphens is expected")
    return node.text()


def _check_targets(node: Node, rules: list[MapRule]) -> None:
    """One rule per target; rules that share a source by conditions must be disjoint, so one value has one home."""
    targets = Counter((rule.target, rule.occurrence, rule.role) for rule in rules)
    for rule, place in zip(rules, node.items(), strict=True):
        if targets[rule.target, rule.occurrence, rule.role] > 1:
            raise place.wrong("two rules for one target")
    seen: dict[tuple[Locator, ...], tuple[Locator, set[str]]] = {}
    for rule, place in zip(rules, node.items(), strict=True):
        if rule.when is None:
            continue
        decider, words = seen.setdefault(rule.at, (rule.when.at, set()))
        if decider != rule.when.at or words & rule.when.words:
            raise place.wrong("exclusive rules must share the deciding column and no word")
        words |= rule.when.words


def _program(node: Node) -> str:
    if not re.fullmatch(r"[0-9]{3}", node.text()):
        raise node.wrong("a program code of three digits is expected")
    return node.text()


_HEAD = frozenset({"map", "id", "institution", "layout", "valid", "header_rows", "rules"})


def _load(text: str) -> LayoutMap:
    found = parse(text).fields(_HEAD, {"tables", "ignore", "spare", "watch", "program", "version"})
    if found["map"].text() != "1":
        raise found["map"].wrong("only schema 1 is known")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", found["layout"].text()):
        raise found["layout"].wrong("sha256: and 64 hex digits are expected")
    dates = found["valid"].fields({"from", "to"})
    first, last = dates["from"].day(), dates["to"].day()
    if first > last:
        raise found["valid"].wrong("from lies after to")
    tables: dict[str, dict[str, str]] = {}
    for name, node in (found["tables"].table() if "tables" in found else {}).items():
        tables[name] = {key(word): value.text() for word, value in node.table().items()}
    rules = [_rule(node, tables) for node in found["rules"].items()]
    if not rules:
        raise found["rules"].wrong("at least one rule is expected")
    _check_targets(found["rules"], rules)
    return LayoutMap(
        map_id=found["id"].text(),
        institution=found["institution"].text(),
        layout_hash=found["layout"].text(),
        valid_from=first,
        valid_to=last,
        header_rows=found["header_rows"].integer(1, 2),
        tables=tables,
        rules=tuple(rules),
        ignored=_places(found["ignore"]) if "ignore" in found else (),
        spare=_places(found["spare"]) if "spare" in found else (),
        watched=_places(found["watch"]) if "watch" in found else (),
        program=_program(found["program"]) if "program" in found else "",
        version=found["version"].integer(1, 9999) if "version" in found else 1,
    )


def load_map(text: str) -> LayoutMap:
    """Parse a map strictly. Raises :class:`MapInvalid` with the line."""
    try:
        return replace(_load(text), digest=sha256(text.encode()).digest())
    except SchemaError as error:
        raise MapInvalid(line=error.line, what=error.what) from None
