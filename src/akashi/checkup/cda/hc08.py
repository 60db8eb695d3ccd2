"""特定健診 XML: one hc08 document per person (ministry XSD set v4, knowledge 3.3).

Guarantees: every observation form of the specification: number, code, text, not done, unmeasurable, beyond the
input range (CD H/L, then the measured PQ), grouped (COMP/RSON), the doctor's name as author inside the judgement.
Refuses: values that were not standardised (``write`` names them), L/N/H that the source does not give.
Trusted: the context, which names the sending institution.

The writer is compiled once per item table: finished observations are remembered by the few texts that made them, so
that most of a document is joined from parts that exist already. What is remembered is bounded in number and length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from akashi.checkup.cda.forms import ROOT, Frame, express, frame, render, said
from akashi.checkup.cda.header import SubmissionContext, head, missing_identity, stamped
from akashi.checkup.cells.fold import width
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Status

__all__ = [
    "DocumentWriter", "SubmissionContext", "document_name", "hc08_document", "missing_identity",
]  # fmt: skip

CODE_LENGTH = 17
"""Signs of a national item code."""
OPTIONAL = "01990"
SECTIONS = {
    "010": ("01010", "検査・問診結果セクション"), "020": ("01020", "広域連合保健事業セクション"),
    "030": ("01030", "労働安全衛生法健診結果セクション"), "040": ("01040", "学校保健安全法健診結果セクション"),
    "060": ("01060", "がん検診セクション"), "090": ("01090", "肝炎検診セクション"),
}  # fmt: skip
"""Programme -> its section (OID …1010) and title; what the programme does not ask for goes to :data:`OPTIONAL`."""
_OPTIONAL_TITLE = "任意追加項目セクション"
_REMEMBERED, _LONGEST = 16_384, 64
# A series has a parent without a code of its own; the reasons (RSON) stand beside the values (COMP).
_SERIES = '<entry><observation classCode="OBS" moodCode="EVN"><code nullFlavor="NA"/>'
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item's observation stands: its series (blank: none), and the programmes that ask for it or its series."""

    item: Item = field(repr=False)
    begun: Frame = field(repr=False)
    group: str
    opening: str
    closing: str
    author: str
    programs: frozenset[str]


def places(items: ItemTable) -> dict[str, Place]:
    """Code -> place of every item that hc08 can carry as an observation."""
    asked: dict[str, set[str]] = {}
    for item in items.items.values():
        asked.setdefault(item.group or item.code, set()).update(code for code, _need in item.programs)
    return {
        code: _place(item, frozenset(asked[item.group or code]))
        for code, item in items.items.items()
        if len(code) == CODE_LENGTH and item.entry and not item.system
    }


def _place(item: Item, programs: frozenset[str]) -> Place:
    opening, closing = "<entry>", "</entry>"
    if item.group:
        opening, closing = f'<entryRelationship typeCode="{item.group_rel or "COMP"}">', "</entryRelationship>"
    return Place(item, frame(item), item.group, opening, closing, item.author_item, programs)


def document_name(context: SubmissionContext, number: int) -> str:
    """``h`` + institution 10 + day 8 + send count + purpose + serial 6 (knowledge 3.1)."""
    day = context.created.strftime("%Y%m%d")
    return f"h{context.institution_code:0>10}{day}{context.send_count}{context.purpose}{number:06d}.xml"


def doctor_of(result: ItemResult, item: Item, record: NeutralRecord, items: ItemTable) -> str:
    """Who judged: the result's performer, else the record's name item; blank where the name is too long for its item."""
    if not item.author_item:
        return ""
    named = record.item(item.author_item)
    given = result.performer or (named.standard if named is not None and named.status is Status.VALUE else "")
    name, holder = said(given), items.items.get(item.author_item)
    return name if holder is None or width(name) <= holder.bytes else ""


def asked_for(place: Place, program: str) -> bool:
    """Whether the item stands in the programme's own section."""
    return program in SECTIONS and program in place.programs


class DocumentWriter:
    """Writes documents of one sender; make one per run, it remembers what it has written."""

    def __init__(self, context: SubmissionContext) -> None:
        self.context = context
        self._places = places(context.items)
        self._holders = {place.author for place in self._places.values() if place.author}
        self._remembered: dict[_Key, str] = {}

    def _entry(self, key: _Key, result: ItemResult, place: Place, doctor: str) -> str:
        """The entry, or the member of a series; a blank where the result cannot be said."""
        given = express(result, place.item, self.context.items.answers, doctor)
        made = "" if given is None else f"{place.opening}{render(given, place.item, place.begun)}{place.closing}"
        if len(result.standard) <= _LONGEST:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = made
        return made

    def write(self, record: NeutralRecord) -> tuple[bytes, tuple[str, ...]]:
        """(document in UTF-8, codes of results that were left out: they cannot be said, or name a doctor who judged nothing).

        The caller has made sure that ``missing_identity`` is empty; raises ``Misuse`` otherwise.
        """
        record = stamped(record, self.context)
        items, located, remembered = self.context.items, self._places, self._remembered
        program = record.fields["visit.program"]
        legal: list[str] = []
        optional: list[str] = []
        series: dict[tuple[str, int], tuple[list[str], int, list[str]]] = {}
        left_out: list[str] = []
        names: list[str] = []
        signed: set[str] = set()
        for result in record.items:
            place = located.get(result.code)
            if place is None or result.status is Status.EMPTY:
                if result.code in self._holders:
                    names.append(result.code)
                continue
            doctor = doctor_of(result, place.item, record, items) if place.author else ""
            key = (
                result.code, result.status._value_, result.standard, result.coded, result.qualifier, result.low,
                result.high, result.flag, result.unit, result.method, result.answers, result.system, doctor,
            )  # fmt: skip
            made = remembered.get(key)
            if made is None:
                made = self._entry(key, result, place, doctor)
            if not made:
                left_out.append(result.code)
                continue
            if doctor:
                signed.add(place.author)
            section = legal if asked_for(place, program) else optional
            if not place.group:
                section.append(made)
                continue
            known = series.get((place.group, result.occurrence))
            if known is None:
                known = series[place.group, result.occurrence] = (section, len(section), [])
                section.append("")
            known[2].append(made)
        for section, index, members in series.values():
            section[index] = f"{_SERIES}{''.join(members)}</observation></entry>"
        parts = [head(record.fields), "<component><structuredBody>"]
        parts += _section(*SECTIONS.get(program, SECTIONS["010"]), legal) if legal or not optional else ()
        parts += _section(OPTIONAL, _OPTIONAL_TITLE, optional) if optional else ()
        parts.append("</structuredBody></component></ClinicalDocument>")
        return "".join(parts).encode(), (*left_out, *(code for code in names if code not in signed))

    def document(self, record: NeutralRecord) -> bytes:
        """The document alone."""
        return self.write(record)[0]


def _section(code: str, title: str, entries: list[str]) -> list[str]:
    opening = f'<component><section><code code="{code}" codeSystem="{ROOT}.1010"/><title>{title}</title><text/>'
    return [opening, *entries, "</section></component>"]


def hc08_document(record: NeutralRecord, context: SubmissionContext) -> bytes:
    """One document, UTF-8; for many use a :class:`DocumentWriter`. The caller has checked ``missing_identity``."""
    return DocumentWriter(context).document(record)
