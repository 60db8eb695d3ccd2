"""hg08 documents read: each ``act`` is a session, each of its statements a result.

Guarantees: ``read_hg08(write(r))`` equals ``expressible_guidance(r)`` but for row and line; what the item table does not
know, or what does not read, stays verbatim with a finding. Refuses: documents that are no hg08, or name two persons
(:class:`DocumentInvalid`). Trusts: nothing of the document but its safe parsing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from akashi.checkup.cda.forms import CODED, HIGH_LOW, NO_INFORMATION, ROOT, canonical, iso_date, same_unit
from akashi.checkup.cda.guidance import (
    FIRST_HALF,
    FORMAT,
    FORMS_OF,
    GUIDANCE_SYSTEM,
    SUPPORT,
    ActKey,
    act_key,
    known,
    place,
)
from akashi.checkup.cda.parsing import DEFAULT_LIMIT, line_of, parse
from akashi.checkup.cda.reading import Head, checked
from akashi.checkup.cda.statements import NS, whole_text
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Status

FindingSink = Callable[[Finding], None]
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DIRECT = ("date", "end", "form", "performer", "institution", "institution_name")


@dataclass
class _Act:
    """One act as it stands: its own statements by place, and its observations."""

    key: ActKey
    said: dict[str, tuple[str, str, str]] = field(default_factory=dict, repr=False)
    observations: list[etree._Element] = field(default_factory=list, repr=False)


def _coded(node: etree._Element | None) -> tuple[str, str, str]:
    """(code, code system, text shown) of a coded element; blanks where there is none."""
    if node is None:
        return "", "", ""
    return node.get("code") or "", node.get("codeSystem") or "", (node.get("displayName") or "").strip()


def _act(section: str, node: etree._Element) -> _Act:
    act = _Act(ActKey(section, node.get("moodCode") or "EVN"))
    if node.find(NS + "code") is not None:
        act.said["form"] = _coded(node.find(NS + "code"))
    when = node.find(NS + "effectiveTime")
    if when is not None:
        last = when.find(NS + "high")
        act.said["date"] = (when.get("value") or "", "", "")
        act.said["end"] = ((last.get("value") or "") if last is not None else "", "", "")
    who = node.find(f"{NS}performer/{NS}assignedEntity")
    if who is not None:
        act.said["performer"] = _coded(who.find(NS + "code"))
        organisation = who.find(NS + "representedOrganization")
        if organisation is not None:
            number = organisation.find(NS + "id")
            act.said["institution"] = ((number.get("extension") or "") if number is not None else "", "", "")
            act.said["institution_name"] = (whole_text(organisation.find(NS + "name")), "", "")
    act.observations = node.findall(f"{NS}entryRelationship/{NS}observation")
    if section == SUPPORT:
        act.key = replace(act.key, support=_support(act))
    return act


def _support(act: _Act) -> str:
    """Which kind of support: as its observations say, else as its form says; A where nothing tells."""
    for observation in act.observations:
        code = _coded(observation.find(NS + "code"))[0]
        if code.startswith("1032") and len(code) == 10:
            return code[4]
    form = act.said.get("form", ("", "", ""))[0]
    return next((kind for kind, forms in FORMS_OF.items() if form and form in forms), "1")


class _Reader:
    """One document being read."""

    def __init__(self, items: ItemTable, row: int, sink: FindingSink | None) -> None:
        self._items, self._row, self._sink = items, row, sink
        self._table = known(items)
        self._order = {code: position for position, code in enumerate(self._table)}
        # Where an act itself says it: kind of session and place -> the item it is.
        self._direct: dict[tuple[ActKey, str], Item] = {}
        for item in self._table.values():
            key, where = act_key(item), place(item.code)
            if where in _DIRECT:
                self._direct[key, where] = item
                self._direct.setdefault((replace(key, section=FIRST_HALF), where), item)

    def _say(self, code: str, line: int, item: str, original: str) -> None:
        if self._sink is not None:
            self._sink(Finding(code, self._row, line, 0, "", original, item))

    def sections(self, root: etree._Element) -> Iterator[ItemResult]:
        """All results, in the order of the document; sessions of a kind are counted."""
        counted: dict[ActKey, int] = {}
        for section in root.iterfind(f"{NS}component/{NS}structuredBody/{NS}component/{NS}section"):
            code = _coded(section.find(NS + "code"))[0]
            for node in section.iterfind(f"{NS}entry/{NS}act"):
                act = _act(code, node)
                number = counted.get(act.key, 0) + 1
                found = list(self._results(act, number, line_of(node)))
                if found:
                    counted[act.key] = number
                yield from found
            for node in section.iterfind(f"{NS}entry/{NS}observation"):
                yield self._observation(_Act(ActKey(code, "EVN")), node, 1)

    def _results(self, act: _Act, number: int, line: int) -> Iterator[ItemResult]:
        found: list[ItemResult] = []
        for where in _DIRECT:
            text, system, shown = act.said.get(where, ("", "", ""))
            if not text:
                continue
            item = self._direct.get((act.key, where))
            if item is None:
                self._say("hc08.item", line, "", text)
                continue
            empty = ItemResult(item.code, number, Status.VALUE, "", text, text, name=item.name, group=act.key.section)
            if item.type in CODED:
                found.append(self._answer(empty, item, (text, system, shown), line))
            elif where in {"date", "end"}:
                found.append(self._day(empty, line))
            else:
                found.append(empty)
        found += [self._observation(act, node, number) for node in act.observations]
        order = self._order
        yield from sorted(found, key=lambda one: order.get(one.code, len(order)))

    def _day(self, made: ItemResult, line: int) -> ItemResult:
        day = iso_date(made.original)
        if day:
            return replace(made, standard=day)
        self._say("hc08.value", line, made.code, made.original)
        return replace(made, status=Status.UNMATCHED)

    def _answer(self, made: ItemResult, item: Item | None, said: tuple[str, str, str], line: int) -> ItemResult:
        code, system, shown = said
        own = item.oid if item else ""
        labels = self._items.answers.get(system or own, {})
        label = labels.get(code, "")
        text = label or shown or code
        other = system if system != own else ""
        if not code or (labels and not label):
            self._say("hc08.answer", line, made.code, text)
            return replace(
                made, status=Status.UNMATCHED, original=shown or code, standard=shown or code, coded=code, answers=other
            )
        return replace(made, original=shown or text, standard=text, coded=code, answers=other)

    def _observation(self, act: _Act, node: etree._Element, number: int) -> ItemResult:
        line = line_of(node)
        code, system, shown = _coded(node.find(NS + "code"))
        foreign = system if system not in {"", GUIDANCE_SYSTEM} else ""
        item = None if foreign else self._table.get(code)
        if item is None:
            self._say("hc08.item", line, code, shown)
        made = ItemResult(
            code, number, Status.VALUE, "", "", "", name=shown or (item.name if item else ""), group=act.key.section,
            system=foreign,
        )  # fmt: skip
        if node.get("negationInd") in {"true", "1"}:
            return replace(made, status=Status.NOT_DONE, standard=NOT_DONE)
        value = node.find(f"{NS}effectiveTime/{NS}width")
        kind = "PQ"
        if value is None:
            value = node.find(NS + "value")
            kind = (value.get(_XSI_TYPE) or "").rpartition(":")[2] if value is not None else ""
        if value is not None and value.get("nullFlavor") == NO_INFORMATION:
            return replace(made, status=Status.UNMEASURABLE, original=NO_INFORMATION, standard=UNMEASURABLE)
        return self._value(made, item, value, kind, line)

    def _value(
        self, made: ItemResult, item: Item | None, value: etree._Element | None, kind: str, line: int
    ) -> ItemResult:
        wanted = item.type if item else kind
        if value is not None and kind in {"PQ", "INT"} and wanted in {"PQ", "INT"}:
            text, unit = (value.get("value") or "").strip(), value.get("unit") or ""
            if canonical(text):
                shown = item.unit if item and same_unit(unit, item) else unit
                if item is not None and not same_unit(unit, item):
                    self._say("hc08.unit", line, made.code, unit)
                return replace(made, original=text, standard=canonical(text), unit=shown)
        if value is not None and kind in CODED and wanted in CODED and value.get("codeSystem") != HIGH_LOW:
            return self._answer(made, item, _coded(value), line)
        text = whole_text(value)
        if kind == "ST" and wanted == "ST" and text:
            return replace(made, original=text, standard=text)
        text = text or ("" if value is None else value.get("value") or value.get("code") or "")
        self._say("hc08.value", line, made.code, text)
        return replace(made, status=Status.UNMATCHED, original=text, standard=text)


def _tickets(root: etree._Element, values: dict[str, str], originals: dict[str, str]) -> None:
    """The guidance ticket, or the checkup ticket where there is no other."""
    found: dict[str, tuple[str, str, str]] = {}
    for holder in root.findall(f"{NS}participant[@typeCode='HLD']"):
        last = holder.find(f"{NS}time/{NS}high")
        for node in holder.findall(f"{NS}associatedEntity/{NS}id"):
            kind = (node.get("root") or "").removeprefix(f"{ROOT}.")[:5]
            number = (node.get("extension") or "").strip()
            if number and kind in {"209.1", "210.1"}:
                function = _coded(holder.find(NS + "functionCode"))[0]
                found.setdefault(kind, (number, function, "" if last is None else last.get("value") or ""))
    for target in ("ticket.number", "ticket.kind", "ticket.expires"):
        values.pop(target, None)
        originals.pop(target, None)
    number, kind, last_day = found.get("210.1") or found.get("209.1") or ("", "", "")
    for target, text, value in (
        ("ticket.number", number, number),
        ("ticket.kind", kind, kind),
        ("ticket.expires", last_day, iso_date(last_day)),
    ):
        if value:
            values[target], originals[target] = value, text


def read_hg08(
    data: bytes,
    items: ItemTable,
    *,
    row: int = 1,
    finding_sink: FindingSink | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> NeutralRecord:
    """The record of one document. Raises :class:`DocumentInvalid` or :class:`FileTooLarge`; the rest are findings."""
    root = checked(parse(data, limit_bytes))
    head = Head(root)
    if finding_sink is not None:
        for remark in head.remarks:
            finding_sink(Finding(remark.code, row, 1, 0, remark.name, remark.original, remark.item))
    _tickets(root, head.values, head.originals)
    results = tuple(_Reader(items, row, finding_sink).sections(root))
    return NeutralRecord(row, 0, FORMAT, items.table_id, head.values, head.originals, results)
