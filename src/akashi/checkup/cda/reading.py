"""Reading hc08 documents of the 4th and 3rd term into neutral records.

Guarantees: the order of parts does not matter; what the item table does not know is kept verbatim with a finding; a
document is parsed safely and within bounds. Refuses: other roots, more or fewer than one person, no body
(:class:`DocumentInvalid`). Trusts: the item table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lxml.etree import _Element

from akashi.checkup.cda.cutting import ENTRIES, EntryMemory, lines_of_entries
from akashi.checkup.cda.forms import ROOT, iso_date
from akashi.checkup.cda.header import IDENTIFIERS, TELEPHONE, TICKET
from akashi.checkup.cda.parsing import DEFAULT_LIMIT, line_of, parse_refused, refuse_shape
from akashi.checkup.cda.statements import NS, Entry, Remark, read_entry, whole_text
from akashi.checkup.cells.terms import read_kana
from akashi.checkup.errors import DocumentInvalid
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Status

MAP_ID = "format:hc08"
FindingSink = Callable[[Finding], None]


def _at(node: _Element | None, *names: str) -> _Element | None:
    """The first element down this path."""
    for name in names:
        if node is None:
            return None
        node = node.find(NS + name)
    return node


def _attribute(node: _Element | None, name: str) -> str:
    return "" if node is None else (node.get(name) or "").strip()


class Head:
    """The fields of a document's head: standard values, the texts they stand in, and what is wrong with them."""

    def __init__(self, root: _Element) -> None:
        self.values: dict[str, str] = {}
        self.originals: dict[str, str] = {}
        self.remarks: list[Remark] = []
        event = _at(root, "documentationOf", "serviceEvent")
        self._date("visit.created", _at(root, "effectiveTime"))
        self._put("visit.report", _attribute(_at(root, "code"), "code"))
        self._put("visit.program", _attribute(_at(event, "code"), "code"))
        self._event_date(_at(event, "effectiveTime"))
        self._person(_at(root, "recordTarget", "patientRole"))
        performed = _at(event, "performer", "assignedEntity", "representedOrganization")
        written = _at(root, "author", "assignedAuthor", "representedOrganization")
        self._institution(written if performed is None else performed)
        for holder in root.findall(NS + "participant"):
            if holder.get("typeCode") == "HLD" and "ticket.number" not in self.values:
                self._ticket(holder)

    def _put(self, target: str, text: str, value: str | None = None, wrong: str = "") -> None:
        """Note a text and its standard value; ``wrong`` is the finding where the text has none."""
        if not text:
            return
        self.originals[target] = text
        value = text if value is None else value
        if value:
            self.values[target] = value
        else:
            self.remarks.append(Remark(wrong, 0, target, target, text))

    def _date(self, target: str, node: _Element | None) -> None:
        text = _attribute(node, "value")
        self._put(target, text, iso_date(text), "cell.date")

    def _event_date(self, node: _Element | None) -> None:
        # The day of the visit, or, of a visit over several days, the first.
        self._date("visit.date", _at(node, "low") if node is not None and not node.get("value") else node)

    def _address(self, owner: str, node: _Element | None) -> None:
        if node is None:
            return
        code = node.find(NS + "postalCode")
        self._put(f"{owner}.postal", whole_text(code))
        texts = [node.text, *(child.tail for child in node)] if code is not None else [whole_text(node)]
        self._put(f"{owner}.address", "".join(text or "" for text in texts).strip())

    def _person(self, role: _Element | None) -> None:
        if role is None:
            return
        for node in role.findall(NS + "id"):
            target = IDENTIFIERS.get((node.get("root") or "").removeprefix(ROOT + "."))
            if target is not None and target not in self.originals:
                self._put(target, _attribute(node, "extension"))
        self._address("person", _at(role, "addr"))
        patient = _at(role, "patient")
        name = whole_text(_at(patient, "name"))
        kana = read_kana(name)
        self._put("person.kana", name, kana.standard, "cell.kana")
        self.remarks += [Remark(code, 0, "person.kana", "person.kana", name) for code in kana.findings if kana.standard]
        sex = _attribute(_at(patient, "administrativeGenderCode"), "code")
        self._put("person.sex", sex, sex if sex in {"1", "2"} else "", "cell.sex")
        self._date("person.birth", _at(patient, "birthTime"))

    def _institution(self, node: _Element | None) -> None:
        self._put("institution.code", _attribute(_at(node, "id"), "extension"))
        self._put("institution.name", whole_text(_at(node, "name")))
        telephone = _attribute(_at(node, "telecom"), "value")
        self._put("institution.telephone", telephone, telephone.removeprefix(TELEPHONE).strip() or telephone)
        self._address("institution", _at(node, "addr"))

    def _ticket(self, holder: _Element) -> None:
        for node in holder.findall(f"{NS}associatedEntity/{NS}id"):
            if (node.get("root") or "").startswith(f"{ROOT}.{TICKET}"):
                self._put("ticket.number", _attribute(node, "extension"))
        if "ticket.number" in self.values:
            self._put("ticket.kind", _attribute(_at(holder, "functionCode"), "code"))
            self._date("ticket.expires", _at(holder, "time", "high"))


def document_head(
    root: _Element, *, row: int = 1, finding_sink: FindingSink | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """(values, original texts) of the head of an hc08 or hg08 document; what is unreadable there goes to the sink."""
    head = Head(root)
    if finding_sink is not None:
        for remark in head.remarks:
            finding_sink(Finding(remark.code, row, 1, 0, remark.name, remark.original, remark.item))
    return head.values, head.originals


def checked(root: _Element) -> _Element:
    """Steps: (1) an HL7 v3 clinical document, (2) of exactly one person, (3) with a body. Codes are the caller's."""
    if root.tag != NS + "ClinicalDocument":  # (1)
        raise DocumentInvalid(line=line_of(root), what="root")
    targets = root.findall(NS + "recordTarget")
    if len(targets) != 1:  # (2)
        raise DocumentInvalid(line=line_of(targets[1] if targets else root), what="recordTarget")
    if root.find(f"{NS}component/{NS}structuredBody") is None:  # (3)
        raise DocumentInvalid(line=line_of(root), what="structuredBody")
    return root


def _numbered(entries: list[Entry], items: ItemTable) -> tuple[ItemResult, ...]:
    """All results in document order with their occurrences, and the doctors' names as the items that hold them."""
    results = [result for entry in entries for result in entry.results]
    codes = {result.code for result in results}
    if len(codes) < len(results):
        seen: dict[str, int] = {}
        for nth, result in enumerate(results):
            count = seen[result.code] = seen.get(result.code, 0) + 1
            if count > 1:
                results[nth] = replace(result, occurrence=count)
    names: dict[str, str] = {}
    for result in [result for result in results if result.performer and not result.system]:
        item = items.items.get(result.code)
        if item is not None and item.author_item and item.author_item not in codes:
            names.setdefault(item.author_item, result.performer)
    for code, name in names.items():
        holder = items.items.get(code)
        shown = holder.name if holder else ""
        results.append(ItemResult(code, 1, Status.VALUE, "", name, name, name=shown))
    return tuple(results)


class DocumentReader:
    """Reads documents against one item table; make one per run, it remembers entries it has read."""

    def __init__(self, items: ItemTable, *, limit_bytes: int = DEFAULT_LIMIT, remember: bool = True) -> None:
        self._items, self._limit = items, limit_bytes
        self._memory = EntryMemory(items) if remember else None
        # Entries of the document in hand that stand where hc08 has none; they are not read, and that is said.
        self._elsewhere = 0

    def _parts(self, data: bytes) -> tuple[_Element, list[Entry], Callable[[], list[int]]]:
        """(root, entries, a function that gives the lines the entries start on)."""
        self._elsewhere = 0
        parted = self._memory.parted(data) if self._memory is not None else None
        if parted is not None:
            root, entries = parted
            return checked(root), entries, lambda: lines_of_entries(data)
        root = checked(parse_refused(data))
        nodes = root.findall(ENTRIES)
        self._elsewhere = sum(1 for _node in root.iter(NS + "entry")) - len(nodes)
        return root, [read_entry(node, self._items) for node in nodes], lambda: [line_of(node) for node in nodes]

    def read(self, data: bytes, *, row: int = 1, finding_sink: FindingSink | None = None) -> NeutralRecord:
        """The record of one document. Raises :class:`DocumentInvalid` or :class:`FileTooLarge`; the rest are findings."""
        refuse_shape(data, self._limit)
        root, entries, lines = self._parts(data)
        values, originals = document_head(root, row=row, finding_sink=finding_sink)
        if finding_sink is not None:
            for _entry in range(self._elsewhere):
                finding_sink(Finding("hc08.value", row, 0, 0))
            remarked = any(entry.remarks for entry in entries)
            for first, entry in zip(lines(), entries, strict=True) if remarked else ():
                for code, line, item, name, original in entry.remarks:
                    finding_sink(Finding(code, row, first + line, 0, name, original, item))
        results = _numbered(entries, self._items)
        return NeutralRecord(row, 0, MAP_ID, self._items.table_id, values, originals, results)


def read_hc08(
    data: bytes,
    items: ItemTable,
    *,
    row: int = 1,
    finding_sink: FindingSink | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> NeutralRecord:
    """The record of one hc08 document (v4 or v3); for many use a :class:`DocumentReader`.

    ``row`` is the person's number in the caller's file. Raises :class:`DocumentInvalid` or :class:`FileTooLarge`.
    """
    return DocumentReader(items, limit_bytes=limit_bytes, remember=False).read(data, row=row, finding_sink=finding_sink)
