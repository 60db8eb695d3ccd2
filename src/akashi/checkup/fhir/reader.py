"""A document Bundle as a neutral record.

Guarantees: the same bytes give the same record; what a Bundle of ours says comes back whole (``expressible``);
profiles that we do not know are read as far as their elements go. Refuses: a Bundle that is no document, has no
Composition or nobody examined, repeats a ``fullUrl`` or lets a series contain itself (:class:`BundleInvalid`);
results of another person (a finding); any reference that leads out of the Bundle. Trusts: the item table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from akashi.checkup.errors import BundleInvalid
from akashi.checkup.fhir import names
from akashi.checkup.fhir.forms import numbered, with_names
from akashi.checkup.fhir.names import clean
from akashi.checkup.fhir.reading import Source, results
from akashi.checkup.fhir.strict_json import DEFAULT_LIMIT, first_text, parse, texts, walk
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Finding, ItemResult, NeutralRecord

MAP_ID = "format:echeckup"
MOST_ENTRIES = 5_000
_DEEPEST_SERIES = 8
_SEXES = {"male": "1", "female": "2"}
Node = Mapping[str, Any]


class _Document:
    """The resources of one Bundle, by what refers to them."""

    def __init__(self, root: Any, tell: Callable[[str, str, str], None]) -> None:
        if not isinstance(root, dict) or root.get("resourceType") != "Bundle":
            raise BundleInvalid(what="not a Bundle")
        if root.get("type") != "document":
            raise BundleInvalid(what="not a document")
        entries = root.get("entry")
        if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
            raise BundleInvalid(what="entries")
        self.tell = tell
        self._places: dict[str, Node] = {}
        self.resources: list[Node] = []
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict):
                self.resources.append(resource)
                self._file(entry, resource)

    def _file(self, entry: Node, resource: Node) -> None:
        own = f"{first_text(resource, 'resourceType')}/{first_text(resource, 'id')}"
        places = {first_text(entry, "fullUrl"), own if resource.get("id") else ""} - {""}
        for place in places:
            if place in self._places:
                raise BundleInvalid(what="repeated fullUrl")
            self._places[place] = resource

    def of_type(self, kind: str) -> Iterator[Node]:
        """Resources of this type in the order of the entries."""
        return (resource for resource in self.resources if resource.get("resourceType") == kind)

    def follow(self, reference: Any, kind: str) -> Node | None:
        """The resource a Reference leads to within this Bundle; told where there is none."""
        place = first_text(reference, "reference")
        found = self._places.get(place)
        if found is not None and found.get("resourceType") == kind:
            return found
        if place and found is None:
            self.tell("fhir.reference", place, "")
        return None

    def refers(self, reference: Any, target: Node) -> bool:
        """Whether a Reference, if it names anything (by place or by identifier), leads to ``target``."""
        place = first_text(reference, "reference")
        if place:
            return self._places.get(place) is target
        named = first_text(reference, "identifier", "system"), clean(first_text(reference, "identifier", "value"))
        own = list(_identifiers(target))
        return not named[1] or named in own or (not named[0] and named[1] in [value for _system, value in own])

    def examined(self, composition: Node) -> Node:
        """The Patient whom the Composition is about; never another one that happens to be in the Bundle."""
        subject = composition.get("subject")
        person = self.follow(subject, "Patient")
        if person is None and not first_text(subject, "reference"):
            persons = [one for one in self.of_type("Patient") if self.refers(subject, one)]
            person = persons[0] if len(persons) == 1 else None
        if person is None:
            raise BundleInvalid(what="no Patient")
        return person


def _person_name(resource: Node, form: str = "") -> str:
    for name in walk(resource, "name"):
        forms = [
            extension.get("valueCode")
            for extension in walk(name, "extension")
            if isinstance(extension, dict) and extension.get("url") == names.NAME_FORM
        ]
        if form and form not in forms:
            continue
        text = first_text(name, "text") or " ".join(part for path in ("family", "given") for part in texts(name, path))
        if clean(text):
            return clean(text)
    return ""


def _identifiers(resource: Node) -> Iterator[tuple[str, str]]:
    for identifier in walk(resource, "identifier"):
        yield first_text(identifier, "system"), clean(first_text(identifier, "value"))


def _coverages(document: _Document, person: Node) -> Iterator[Node]:
    """The person's own: a Coverage may name another beneficiary."""
    for coverage in document.of_type("Coverage"):
        if document.refers(coverage.get("beneficiary"), person):
            yield coverage


def _member(document: _Document, person: Node) -> dict[str, str]:
    """The insured person's identifier: from the Patient, else from a Coverage."""
    for resource in (person, *_coverages(document, person)):
        for system, value in _identifiers(resource):
            parts = value.split(":")
            if system == names.MEMBER_ID and len(parts) == 4:
                targets = ("insurer", "symbol", "number", "branch")
                return {f"insurance.{target}": part for target, part in zip(targets, parts, strict=True)}
    return {}


def _patient(person: Node) -> dict[str, str]:
    own = [value for system, value in _identifiers(person) if system not in {names.MEMBER_ID, names.PAYER_ID}]
    return {
        "person.id": own[0] if own else "",
        "person.name": _person_name(person, "IDE"),
        "person.kana": _person_name(person, "SYL"),
        "person.sex": first_text(person, "gender"),
        "person.birth": first_text(person, "birthDate"),
        "person.postal": clean(first_text(person, "address", "postalCode")),
        "person.address": clean(first_text(person, "address", "text")),
    }


def _institution(organization: Node | None) -> dict[str, str]:
    if organization is None:
        return {}
    codes = [value for system, value in _identifiers(organization) if system == names.INSTITUTION_ID]
    return {
        "institution.code": codes[0] if codes else "",
        "institution.name": clean(first_text(organization, "name")),
        "institution.telephone": clean(first_text(organization, "telecom", "value")),
        "institution.postal": clean(first_text(organization, "address", "postalCode")),
        "institution.address": clean(first_text(organization, "address", "text")),
    }


def _ticket(document: _Document, person: Node) -> dict[str, str]:
    for coverage in _coverages(document, person):
        if first_text(coverage, "type", "coding", "system") == names.TICKETS:
            payer = document.follow(next(walk(coverage, "payor"), None), "Organization")
            return {
                "ticket.number": clean(first_text(coverage, "subscriberId")),
                "ticket.kind": first_text(coverage, "type", "coding", "code"),
                "ticket.expires": first_text(coverage, "period", "end"),
                "insurance.insurer_name": clean(first_text(payer, "name")) if payer else "",
            }
    return {}


def _visit(document: _Document, composition: Node, person: Node) -> tuple[dict[str, str], dict[str, str]]:
    visit = document.follow(composition.get("encounter"), "Encounter") or next(document.of_type("Encounter"), {})
    if not document.refers(visit.get("subject"), person):
        document.tell("fhir.subject", "", "visit.date")
        visit = {}
    provider = document.follow(visit.get("serviceProvider"), "Organization")
    day = first_text(visit, "period", "start") or first_text(composition, "event", "period", "start")
    return {
        "visit.date": day,
        "visit.number": clean(first_text(visit, "identifier", "value")),
        "visit.course": clean(first_text(visit, "type", "text")),
        "visit.created": first_text(composition, "date"),
        "visit.report": first_text(composition, "category", "coding", "code"),
        "visit.program": first_text(composition, "event", "code", "coding", "code"),
    }, _institution(provider)


def _standard(originals: Mapping[str, str]) -> dict[str, str]:
    fields = dict(originals)
    if "person.sex" in fields:
        fields["person.sex"] = _SEXES.get(fields["person.sex"], "")
    for target in ("visit.created", "visit.date"):
        if target in fields:
            fields[target] = fields[target][:10]
    return {target: value for target, value in fields.items() if value}


def _sections(section: Any) -> Iterator[Any]:
    for node in walk(section):
        if isinstance(node, dict):
            yield from walk(node, "entry")
            yield from _sections(node.get("section"))


def _members(document: _Document, head: Node) -> list[Node]:
    found = (document.follow(link, "Observation") for link in walk(head, "hasMember"))
    return [member for member in found if member is not None]


def _series(document: _Document) -> tuple[dict[int, str], dict[int, list[Node]]]:
    """The head's code of each member, and the members of each head. A series that contains itself is refused."""
    members = {id(node): _members(document, node) for node in document.of_type("Observation") if "hasMember" in node}
    groups: dict[int, str] = {}
    done: set[int] = set()

    def enter(node: Node, above: tuple[int, ...]) -> None:
        if id(node) in above or len(above) > _DEEPEST_SERIES:
            raise BundleInvalid(what="series within itself")
        if id(node) in done:
            return
        for member in members.get(id(node), ()):
            groups.setdefault(id(member), first_text(node, "code", "coding", "code"))
            enter(member, (*above, id(node)))
        done.add(id(node))

    for node in document.of_type("Observation"):
        enter(node, ())
    return groups, members


def _ordered(document: _Document, composition: Node, members: Mapping[int, list[Node]]) -> Iterator[Node]:
    """Every Observation once: as the Composition lists them, unlisted members behind their head, the rest at the end."""
    listed = [
        node
        for reference in _sections(composition.get("section"))
        if (node := document.follow(reference, "Observation")) is not None
    ]
    own_place = {id(node) for node in listed}
    seen: set[int] = set()

    def visit(node: Node) -> Iterator[Node]:
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            for member in members.get(id(node), ()):
                if id(member) not in own_place:
                    yield from visit(member)

    for node in (*listed, *document.of_type("Observation")):
        yield from visit(node)


def _tell(finding_sink: Callable[[Finding], None] | None, row: int) -> Callable[[str, str, str], None]:
    def tell(code: str, original: str, item: str) -> None:
        if finding_sink is not None:
            finding_sink(Finding(code, row, 0, 0, original=original, item=item))

    return tell


def _items(document: _Document, composition: Node, person: Node, source: Source) -> tuple[ItemResult, ...]:
    groups, members = _series(document)
    made: list[ItemResult] = []
    for node in _ordered(document, composition, members):
        if document.refers(node.get("subject"), person):
            made += results(node, source, groups.get(id(node), ""))
        else:
            source.tell("fhir.subject", "", first_text(node, "code", "coding", "code"))
    return with_names(numbered(made), source.items)


def read_bundle(
    data: bytes,
    items: ItemTable,
    *,
    finding_sink: Callable[[Finding], None] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
    row: int = 1,
) -> NeutralRecord:
    """The record of the person whom the document reports on. Raises :class:`BundleInvalid`, :class:`FileTooLarge`."""
    tell = _tell(finding_sink, row)
    document = _Document(parse(data, limit_bytes), tell)
    composition = next(document.of_type("Composition"), None)
    if composition is None:
        raise BundleInvalid(what="no Composition")
    person = document.examined(composition)
    visit, institution = _visit(document, composition, person)
    texts = _patient(person) | _member(document, person) | visit | institution | _ticket(document, person)
    originals = {target: text for target, text in texts.items() if text}

    # One doctor signs thousands of results, and may come with as many names.
    known: dict[int, str] = {}

    def doctor(reference: Any) -> str:
        found = document.follow(reference, "Practitioner")
        if found is None:
            return clean(first_text(reference, "display"))
        if id(found) not in known:
            known[id(found)] = _person_name(found)
        return known[id(found)]

    source = Source(items, tell, doctor, originals.get("visit.date", "")[:10])
    read = _items(document, composition, person, source)
    return NeutralRecord(row, 0, MAP_ID, items.table_id, _standard(originals), originals, read)
