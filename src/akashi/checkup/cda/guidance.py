"""特定保健指導 XML: one hg08 document per person and report (sections 90010 to 90080).

Guarantees: what is written is what :func:`expressible_guidance` says; a session (initial interview, each support, interim
and final evaluation) is one ``act`` with its form as code, its day, who held it, and its observations. Refuses: results
that were not standardised, and statements beyond a measuring range, which guidance does not have. Trusted: the
item table and the context. Sources: hg08_V08.xsd; formats/guidance-forms.csv (facts of XMLhg18tab) for moods and places.

A record's ``occurrence`` counts the sessions of one kind. ``group`` is the section: ``90020`` asks for the first half
of a divided initial interview, all else follows from the item table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from akashi.checkup.cda.forms import (
    CODED,
    NO_INFORMATION,
    ROOT,
    attribute,
    canonical,
    compact_date,
    element_text,
    said,
    same_unit,
)
from akashi.checkup.cda.header import SubmissionContext, carried, head, stamped
from akashi.checkup.cells.fold import width
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status

FORMAT = "format:hg08"
GUIDANCE_SYSTEM = f"{ROOT}.1006"
PROGRAM, REPORTS = "100", frozenset({"21", "22", "23", "24", "25"})
TITLES = {
    "90010": "指導共通情報", "90020": "指導初回①情報", "90030": "指導初回情報", "90040": "継続支援情報",
    "90050": "中間評価情報", "90060": "最終評価情報", "90070": "指導集計情報", "90080": "指導機関情報",
}  # fmt: skip
FIRST_HALF, INITIAL, SUPPORT = "90020", "90030", "90040"
_DAYS = {"00011": "date", "00022": "end"}
_PLACES = _DAYS | {
    "00012": "form", "00013": "width", "00015": "performer", "00081": "institution", "00082": "institution_name",
    "00085": "form", "00086": "observation",
}  # fmt: skip
# Support A and B (until 2023) have the same places; their forms tell them apart (OID …1113). 3 is the 4th term's.
FORMS_OF = {"1": frozenset("1346"), "2": frozenset("257")}
_INSTITUTION = re.compile("[0-9]{10}")
_TICKETS = {"1": "209.1", "2": "210.1"}


@dataclass(frozen=True, slots=True)
class ActKey:
    """One kind of session: section, the act's mood (planned or done), and which support (A 1, B 2, of the 4th term 3)."""

    section: str
    mood: str
    support: str = ""


def act_key(item: Item, group: str = "") -> ActKey:
    """The kind of session an item belongs to."""
    section = FIRST_HALF if group == FIRST_HALF and item.section == INITIAL else item.section
    mood = "INT" if item.code[:4] in {"1021", "1041"} else "EVN"
    return ActKey(section, mood, item.code[4] if section == SUPPORT else "")


def place(code: str) -> str:
    """Where in an act the item stands: date, end, form, performer, institution, width or observation."""
    return _PLACES.get(code[5:], "observation")


def observation_mood(code: str) -> str:
    """GOL for goals, INT for plans, else EVN."""
    if code.startswith("1021001"):
        return "GOL"
    return "INT" if code[:4] in {"1021", "1041"} else "EVN"


def value_type(item: Item) -> str:
    """The XML type of an observation's value: a number without a unit is a count."""
    return "INT" if item.type == "PQ" and not item.xml_unit else item.type


def known(items: ItemTable) -> dict[str, Item]:
    """The guidance items of the table, by code."""
    return {code: item for code, item in items.items.items() if item.section in TITLES and len(code) == 10}


def _number(given: ItemResult, item: Item, where: str) -> tuple[str, str, str] | None:
    number = canonical(given.standard)
    whole = value_type(item) == "INT" or where == "width"
    if not number or given.qualifier or not same_unit(given.unit, item) or (whole and not number.isdigit()):
        return None
    return number, number, ""


def _text(given: ItemResult, item: Item, where: str) -> tuple[str, str, str] | None:
    text = said(given.standard)
    if where in {"date", "end"}:
        return (compact_date(text), text, "") if compact_date(text) else None
    if where == "institution" and not _INSTITUTION.fullmatch(text):
        return None
    return (text, text, "") if 0 < width(text) <= item.bytes else None


def _answer(given: ItemResult, item: Item, items: ItemTable) -> tuple[str, str, str] | None:
    labels = items.answers.get(item.oid, {})
    if given.answers not in {"", item.oid} or not re.fullmatch("[0-9A-Za-z]{1,8}", given.coded):
        return None
    if labels and given.coded not in labels:
        return None
    shown = labels.get(given.coded) or said(given.standard) or given.coded
    return shown, shown, given.coded


def express(given: ItemResult, item: Item, items: ItemTable) -> ItemResult | None:
    """The result as hg08 says it (idempotent); ``None`` where it cannot."""
    where, key = place(item.code), act_key(item, given.group)
    made = ItemResult(
        item.code, given.occurrence, given.status, item.unit if item.type == "PQ" else "", "", "",
        name=item.name, group=key.section,
    )  # fmt: skip
    if given.system not in {"", item.system}:
        return None
    if given.status in {Status.NOT_DONE, Status.UNMEASURABLE}:
        absent = given.status is Status.NOT_DONE
        word, text = (NOT_DONE, "") if absent else (UNMEASURABLE, NO_INFORMATION)
        return replace(made, unit="", standard=word, original=text) if where == "observation" else None
    if given.status is not Status.VALUE:
        return None
    if item.type in CODED:
        found = _answer(given, item, items)
    else:
        found = _number(given, item, where) if item.type == "PQ" else _text(given, item, where)
    if found is None or (where == "form" and key.support and found[2] not in FORMS_OF.get(key.support, found[2])):
        return None
    return replace(made, original=found[0], standard=found[1], coded=found[2])


Acts = Mapping[ActKey, Mapping[int, list[ItemResult]]]


def acts_of(record: NeutralRecord, items: ItemTable) -> tuple[Acts, tuple[str, ...]]:
    """The sessions of a record in document order, and the codes of guidance results that hg08 cannot say."""
    table = known(items)
    order = {code: number for number, code in enumerate(table)}
    first: dict[ActKey, int] = {}
    for code, listed in table.items():
        first.setdefault(act_key(listed), order[code])
    found: dict[ActKey, dict[int, dict[str, ItemResult]]] = {}
    left: list[str] = []
    for given in record.items:
        item = table.get(given.code)
        if item is None or given.status is Status.EMPTY:
            continue
        made = express(given, item, items)
        if made is None:
            left.append(given.code)
            continue
        found.setdefault(act_key(item, given.group), {}).setdefault(given.occurrence, {}).setdefault(given.code, made)
    acts: dict[ActKey, dict[int, list[ItemResult]]] = {}
    for key in sorted(
        found, key=lambda key: (key.section, first[replace(key, section=INITIAL) if key.section == FIRST_HALF else key])
    ):
        sessions = [sorted(found[key][n].values(), key=lambda one: order[one.code]) for n in sorted(found[key])]
        if key.support == "2":
            # Without form and observation nothing tells a support B from a support A.
            left += [one.code for session in sessions if not _told(session) for one in session]
            sessions = [session for session in sessions if _told(session)]
        acts[key] = {
            number: [replace(one, occurrence=number) for one in session] for number, session in enumerate(sessions, 1)
        }
    return acts, tuple(left)


def _told(session: Iterable[ItemResult]) -> bool:
    return any(place(one.code) in {"form", "width", "observation"} for one in session)


def guidance_fields(record: NeutralRecord) -> dict[str, str]:
    """The record's fields as a guidance document states them: programme 100, a report of 21 to 25, a guidance ticket."""
    fields = dict(record.fields)
    fields["visit.program"] = PROGRAM
    if fields.get("visit.report") not in REPORTS:
        fields["visit.report"] = "24"
    if fields.get("ticket.number") and fields.get("ticket.kind") not in _TICKETS:
        fields["ticket.kind"] = "2"
    return fields


def is_guidance(record: NeutralRecord, items: ItemTable) -> bool:
    """Whether the record is about guidance: its report says so; where it says nothing, its programme or its results do."""
    report = record.fields.get("visit.report", "")
    if report:
        return report in REPORTS
    if record.fields.get("visit.program"):
        return record.fields["visit.program"] == PROGRAM
    found = (items.items.get(one.code) for one in record.items)
    return any(item is not None and item.section in TITLES for item in found)


def expressible_guidance(record: NeutralRecord, context: SubmissionContext) -> NeutralRecord:
    """The record as far as hg08 carries it; sessions are numbered from 1 without gaps. Idempotent."""
    values, texts = carried(guidance_fields(stamped(record, context)))
    acts, _left = acts_of(record, context.items)
    results = tuple(one for sessions in acts.values() for session in sessions.values() for one in session)
    return replace(
        record, map_id=FORMAT, table_id=context.items.table_id, fields=values, originals=texts, items=results
    )


def _coded(name: str, one: ItemResult, item: Item) -> str:
    shown = f" displayName={attribute(one.standard)}"
    return f'<{name} code={attribute(one.coded)} codeSystem="{item.oid}"{shown}/>'


def _observation(one: ItemResult, item: Item) -> str:
    kind, unit = value_type(item), f" unit={attribute(item.xml_unit)}" if item.xml_unit else ""
    negation, value = "", ""
    if one.status is Status.NOT_DONE:
        negation = ' negationInd="true"'
    elif one.status is Status.UNMEASURABLE:
        value = f'<value xsi:type="{kind}" nullFlavor="{NO_INFORMATION}"/>'
    elif place(one.code) == "width":
        value = f'<effectiveTime><width value="{one.original}"{unit}/></effectiveTime>'
    elif item.type in CODED:
        value = _coded(f'value xsi:type="{kind}"', one, item)
    elif kind == "ST":
        value = f'<value xsi:type="ST">{element_text(one.original)}</value>'
    else:
        value = f'<value xsi:type="{kind}" value="{one.original}"{unit}/>'
    return (
        f'<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="{observation_mood(one.code)}"'
        f"{negation}><code code={attribute(one.code)} displayName={attribute(item.name)}/>{value}"
        "</observation></entryRelationship>"
    )


def _act(key: ActKey, session: Iterable[ItemResult], table: Mapping[str, Item]) -> str:
    said_at: dict[str, str] = {}
    observations = []
    for one in session:
        item, where = table[one.code], place(one.code)
        if where in {"width", "observation"}:
            observations.append(_observation(one, item))
        elif where in {"form", "performer"}:
            said_at[where] = _coded("code", one, item)
        else:
            said_at[where] = one.original
    when = f'<effectiveTime value="{said_at["date"]}"/>' if "date" in said_at else ""
    if "end" in said_at:
        when = f'<effectiveTime><high value="{said_at["end"]}"/></effectiveTime>'
    number, name = said_at.get("institution", ""), said_at.get("institution_name", "")
    organisation = f'<id root="{ROOT}.102" extension={attribute(number)}/>' if number else ""
    organisation += f"<name>{element_text(name)}</name>" if name else ""
    if organisation:
        organisation = f"<representedOrganization>{organisation}</representedOrganization>"
    who = said_at.get("performer", "") + organisation
    if who:
        who = f'<performer><assignedEntity><id nullFlavor="NI"/>{who}</assignedEntity></performer>'
    form = said_at.get("form", '<code nullFlavor="NA"/>')
    return f'<entry><act classCode="ACT" moodCode="{key.mood}">{form}{when}{who}{"".join(observations)}</act></entry>'


def _ticket(values: Mapping[str, str], texts: Mapping[str, str]) -> str:
    if not values.get("ticket.number"):
        return ""
    insurer, kind = values["insurance.insurer"], values["ticket.kind"]
    root = f"{ROOT}.{_TICKETS[kind]}{insurer}"
    until = f'<time><high value="{texts["ticket.expires"]}"/></time>' if "ticket.expires" in values else ""
    return (
        f'<participant typeCode="HLD"><functionCode code="{kind}" codeSystem="{ROOT}.208"/>{until}'
        f'<associatedEntity classCode="IDENT"><id root="{root}" extension={attribute(values["ticket.number"])}/>'
        f'<scopingOrganization><id root="{ROOT}.101" extension={attribute(insurer)}/></scopingOrganization>'
        "</associatedEntity></participant>"
    )


@dataclass(frozen=True)
class GuidanceWriter:
    """Writes documents of one sender."""

    context: SubmissionContext
    table: Mapping[str, Item] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look the guidance items up once."""
        object.__setattr__(self, "table", known(self.context.items))

    def write(self, record: NeutralRecord) -> tuple[bytes, tuple[str, ...]]:
        """(document in UTF-8, codes left out because hg08 cannot say them). Raises ``Misuse`` without identity."""
        fields = guidance_fields(stamped(record, self.context))
        values, texts = carried(fields)
        plain = {target: text for target, text in fields.items() if not target.startswith("ticket.")}
        front, mark, rest = head(plain).partition("<documentationOf>")
        acts, left = acts_of(record, self.context.items)
        sections: dict[str, list[str]] = {} if acts else {"90010": []}
        for key, sessions in acts.items():
            sections.setdefault(key.section, []).extend(_act(key, one, self.table) for one in sessions.values())
        body = "".join(
            f'<component><section><code code="{code}" codeSystem="{ROOT}.1010"/><title>{TITLES[code]}</title><text/>'
            f"{''.join(entries)}</section></component>"
            for code, entries in sections.items()
        )
        document = (
            f"{front}{_ticket(values, texts)}{mark}{rest}"
            f"<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"
        )
        return document.encode(), left

    def document(self, record: NeutralRecord) -> bytes:
        """The document alone."""
        return self.write(record)[0]


def hg08_document(record: NeutralRecord, context: SubmissionContext) -> bytes:
    """One document, UTF-8. The caller has checked ``missing_identity``."""
    return GuidanceWriter(context).document(record)
