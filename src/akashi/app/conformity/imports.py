"""Answers, papers and wording brought in: our own sheets and questions, the user's own Excel by a mapping, a disclosure as text, YAML.

Guarantees: rows are matched exactly or not at all (what is only alike is reported, never taken); nothing is kept before everything was
read; an answer that says only words never becomes はい by itself; official wording stays here, sealed, every version. Refuses: other
layouts, other headings, unknown items. Trusts: the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from akashi.app.conformity.desk import ANSWER, answer, journalled
from akashi.app.desk import statements
from akashi.app.gateway.home import Gateway
from akashi.conformity.answers import default_reply
from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.errors import DisclosureLayout
from akashi.conformity.forms.disclosure import parse_disclosure
from akashi.conformity.forms.mapping import (
    confirm,
    match_rows,
    must_be_for,
    parse_mapping,
    read_rows,
    rows_of,
)
from akashi.conformity.forms.model import FormFinding, FormRow, MappedRow, Matching, Wording
from akashi.conformity.forms.questionnaire import Kind as Asked
from akashi.conformity.forms.sheets import import_disclosure, import_sheet
from akashi.conformity.forms.wording import attach_rows, attach_text
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.model import Answer, Catalogue, Mode, Reply
from akashi.conformity.proof.codec import Fields
from akashi.conformity.service import Conformity
from akashi.identity.model import Session
from akashi.ledger.wire.cbor import Value

LIMIT = 20 << 20
MAPPING = "mapping"
"""What messages call the mapping file."""
_ITEM_KEYS = {"item", "reply", "text", "owner"}
_SPACE = "wording"
_WORDING_FIELDS = 2
_NAMES = {one.name.lower(): one for one in Reply}


class Kind(StrEnum):
    """What a file is."""

    SHEET = "sheet"
    """A workbook in three blocks that Akashi wrote."""
    DISCLOSURE = "disclosure"
    """A workbook with the columns of a disclosure that Akashi wrote."""
    TEXT = "text"
    """A disclosure as plain text."""
    LIST = "list"
    """YAML: ``catalogue``, and ``answers`` of item, reply, text, owner."""
    OWN = "own"
    """The user's own workbook, with a mapping."""
    WORDING = "wording"
    """Official wording: plain text, or the user's own workbook with a mapping."""
    QUESTIONS = "questions"
    """Our questions about a product or a service, answered in the workbook."""
    SERVICE = "service"
    """A service disclosure, as workbook or plain text."""
    SLA = "sla"
    """A service level agreement, as workbook or plain text."""
    ROLES = "roles"
    """The table of roles in a contract."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file. ``proposals``: (row, item, likeness per mille) for a person to confirm; ``odd``: places left out."""

    kept: int
    catalogue: str
    odd: tuple[str, ...] = ()
    proposals: tuple[tuple[int, str, int], ...] = ()
    unmatched: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file to bring in. ``reply``: what a row without a reply of its own means."""

    kind: Kind
    name: str
    data: bytes = field(repr=False)
    catalogue: str
    mapping: bytes = b""
    reply: Reply = Reply.PARTLY
    accepted: Mapping[int, str] = field(default_factory=dict)
    """Rows of an own workbook that a person says are about an item, where the program only proposed it."""


@dataclass(frozen=True, slots=True)
class _Read:
    rows: tuple[FormRow, ...]
    brought: Brought
    owners: Mapping[str, str]
    about: tuple[Asked, Mapping[str, str]] | None = None
    """What stands above questions."""


def bring(gateway: Gateway, session: Session, parcel: Parcel) -> Brought:
    """Read a file and keep what it says. Raises ``WorkbookRefused``, ``DisclosureLayout``, ``CatalogueInvalid``, ``CatalogueUnknown``."""
    conformity = gateway.conformity
    catalogue = _asked(conformity, parcel)
    if parcel.kind in _KEEPERS:
        with journalled(gateway, session, ANSWER):
            return _KEEPERS[parcel.kind](conformity, catalogue, parcel)
    gateway.accounts.require(session, ANSWER)
    read = _READERS[parcel.kind](conformity, catalogue, parcel)
    answers = list(_answers(conformity, catalogue, read, parcel.reply))
    if answers:
        answer(gateway, session, answers)
    if read.about is not None:
        with journalled(gateway, session, ANSWER):
            statements.keep_about(conformity, *read.about)
    return replace(read.brought, kept=len(answers))


def _asked(conformity: Conformity, parcel: Parcel) -> Catalogue:
    """The catalogue that a file is about: questions and papers belong to one, whatever was chosen beside them."""
    shelf = conformity.books.shelf
    if parcel.kind is Kind.QUESTIONS:
        return statements.questions_of(shelf)[1]
    return (
        statements.outline_of(_PAPERS[parcel.kind], shelf)[1]
        if parcel.kind in _PAPERS
        else shelf.catalogue(parcel.catalogue)
    )


def _answers(conformity: Conformity, catalogue: Catalogue, read: _Read, reply: Reply) -> Iterable[Answer]:
    """The rows that say something new, on top of what was said before."""
    leaves = {item.id for item in catalogue.items if item.mode is not Mode.GROUP}
    for row in read.rows:
        if row.item not in leaves or (row.reply is None and not row.text):
            continue
        before = conformity.answers.of(catalogue.id, row.item)
        base = before or Answer(catalogue.id, row.item, reply, 0)
        said = replace(
            base,
            reply=row.reply or base.reply,
            text=row.text or base.text,
            owner=read.owners.get(row.item, base.owner),
            carried_from="",
        )
        if before is None or said != replace(before, carried_from=""):
            yield said


def _sheet(_conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    filled = import_sheet(parcel.data, catalogue)
    odd = tuple(f"{one.where} {one.code}" for one in filled.findings)
    return _Read(filled.rows, Brought(0, catalogue.id, odd), {})


def _disclosure(_conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    filled = import_disclosure(parcel.data, catalogue)
    odd = tuple(f"{one.where} {one.code}" for one in filled.findings)
    return _Read(filled.rows, Brought(0, catalogue.id, odd), {})


def _text(_conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    try:
        text = parcel.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DisclosureLayout(where="encoding") from error
    leaves = [item.id for item in catalogue.items if item.mode is not Mode.GROUP]
    found = parse_disclosure(text, leaves)
    rows = tuple(FormRow(item, text=said) for item, said in found.answers().items() if said)
    odd = tuple(f"row{one.number} {code}" for one in found.rows for code in one.findings)
    return _Read(rows, Brought(0, catalogue.id, odd, unmatched=found.unknown), {})


def _list(_conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    top = Reader(parcel.name, read_yaml(parcel.data, parcel.name), "top", {"catalogue", "answers"})
    if top.text("catalogue", catalogue.id) != catalogue.id:
        raise top.fail("catalogue")
    rows, owners = [], {}
    known = {item.id for item in catalogue.items if item.mode is not Mode.GROUP}
    for at, value in enumerate(top.rows("answers")):
        one = Reader(parcel.name, value, f"answers[{at}]", _ITEM_KEYS)
        item, word = one.text("item"), one.text("reply", "")
        reply = _NAMES.get(word) or default_reply(word)
        if item not in known or (word and reply is None):
            raise one.fail("reply" if item in known else "item")
        rows.append(FormRow(item, reply, one.text("text", "")))
        if one.text("owner", ""):
            owners[item] = one.text("owner")
    return _Read(tuple(rows), Brought(0, catalogue.id), owners)


def matched(
    conformity: Conformity, catalogue: Catalogue, parcel: Parcel
) -> tuple[Sequence[MappedRow], Sequence[FormFinding], Matching]:
    """The rows of the user's own workbook with the items that they are about, exactly or because a person accepted it."""
    mapping = parse_mapping(parcel.mapping, MAPPING)
    must_be_for(mapping, catalogue)
    book = read_workbook(parcel.data)
    rows, findings = read_rows(book, mapping)
    matching = match_rows(rows, catalogue, book.digest, wording_of(conformity, catalogue.id))
    return rows, findings, confirm(matching, parcel.accepted, catalogue) if parcel.accepted else matching


def _questions(conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    filled, kind, about = statements.read_questions(conformity, parcel.data)
    odd = tuple(f"{one.where} {one.code}" for one in filled.findings)
    return _Read(filled.rows, Brought(0, catalogue.id, odd), {}, (kind, about))


def proposals(gateway: Gateway, parcel: Parcel) -> tuple[tuple[tuple[int, str, int], ...], tuple[int, ...]]:
    """Rows of an own workbook that only resemble an item (row, item, likeness per mille), and rows that resemble none."""
    catalogue = gateway.conformity.books.shelf.catalogue(parcel.catalogue)
    _, _, matching = matched(gateway.conformity, catalogue, parcel)
    return tuple((one.row, one.item, one.score) for one in matching.proposals), matching.unmatched


def _own(conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> _Read:
    rows, findings, matching = matched(conformity, catalogue, parcel)
    brought = Brought(
        0,
        catalogue.id,
        tuple(f"{one.where} {one.code}" for one in findings),
        tuple((one.row, one.item, one.score) for one in matching.proposals),
        matching.unmatched,
    )
    return _Read(rows_of(rows, matching), brought, {})


def _bring_wording(conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> Brought:
    if parcel.mapping:
        rows, _, matching = matched(conformity, catalogue, parcel)
        wording, proposals = attach_rows(catalogue, rows, matching), matching.proposals
    else:
        wording, proposals = attach_text(catalogue, parcel.data), ()
    keep_wording(conformity, wording)
    guesses = tuple((one.row, one.item, one.score) for one in proposals)
    return Brought(len(wording.texts), catalogue.id, (), guesses, wording.unmatched)


_PAPERS = {Kind.SERVICE: statements.SERVICE, Kind.SLA: statements.SLA, Kind.ROLES: statements.ROLES}


def _bring_paper(conformity: Conformity, catalogue: Catalogue, parcel: Parcel) -> Brought:
    kept, odd = statements.keep_paper(conformity, _PAPERS[parcel.kind], parcel.data)
    return Brought(kept, catalogue.id, odd)


_READERS: Mapping[Kind, Callable[[Conformity, Catalogue, Parcel], _Read]] = {
    Kind.SHEET: _sheet,
    Kind.DISCLOSURE: _disclosure,
    Kind.TEXT: _text,
    Kind.LIST: _list,
    Kind.OWN: _own,
    Kind.QUESTIONS: _questions,
}


_KEEPERS: Mapping[Kind, Callable[[Conformity, Catalogue, Parcel], Brought]] = {
    Kind.WORDING: _bring_wording,
    **dict.fromkeys(_PAPERS, _bring_paper),
}
"""Kinds that are kept as they are, and are no answers."""


def kinds() -> Sequence[str]:
    """The names of all kinds."""
    return [one.value for one in Kind]


def keep_wording(conformity: Conformity, wording: Wording) -> None:
    """Attach official wording from now on."""
    rows: list[Value] = [[item, text] for item, text in sorted(wording.texts.items())]
    conformity.documents.put(_SPACE, wording.catalogue, [wording.digest, rows], conformity.now_ms())


def wording_of(conformity: Conformity, catalogue: str) -> Wording | None:
    """The newest wording of a catalogue, or ``None``."""
    found = conformity.documents.get(_SPACE, catalogue)
    if found is None:
        return None
    fields = Fields(found.value, _WORDING_FIELDS)
    digest, texts = fields.octets(), {}
    for row in fields.rows():
        pair = Fields(row, 2)
        item = pair.text()
        texts[item] = pair.text()
    return Wording(catalogue, digest, texts)
