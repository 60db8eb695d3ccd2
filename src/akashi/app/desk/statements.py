"""Papers between vendor and institution, out and in: questions about a product or service, service disclosure, SLA, roles in a contract.

Guarantees: what people wrote is kept sealed here, every version, and comes out again as it went in; what nobody wrote yet is drafted from
the answers that the audience may see (of the roles nothing: whether a contract says so is no answer to a requirement). Refuses: another
outline's file; words kept for fewer than the audience. Trusts: the caller for permission and journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from akashi.conformity.catalogues.catalogue import Reader, Shelf, read_yaml
from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.model import FilledForm, FormRow, Outline, Statement
from akashi.conformity.forms.questionnaire import Kind as Asked
from akashi.conformity.forms.questionnaire import (
    Questions,
    export_questionnaire,
    import_questionnaire,
    parse_questions,
)
from akashi.conformity.forms.sheets import day_of
from akashi.conformity.forms.statement import (
    draft_statement,
    export_roles,
    export_statement,
    import_roles,
    import_statement,
    parse_outline,
    read_statement,
    write_statement,
)
from akashi.conformity.model import Audience, Catalogue, Reply
from akashi.conformity.proof.codec import Fields
from akashi.conformity.service import Conformity
from akashi.ledger.wire.cbor import Value

OUTLINES = Path(__file__).resolve().parents[4] / "catalogs" / "forms"
SERVICE, SLA, ROLES = "service-disclosure", "sla", "roles"
READERS: Mapping[str, Audience] = {
    SERVICE: Audience.PUBLIC,
    SLA: Audience.CUSTOMERS,
    ROLES: Audience.CUSTOMERS,
    "questions-product": Audience.CUSTOMERS,
    "questions-service": Audience.CUSTOMERS,
}
"""For whom the words of each paper are at least; a disclosure is published, a contract is between two."""
KINDS: tuple[Asked, ...] = ("product", "service")
_SPACE = "statement"
_FIELDS, _ROW_FIELDS = 3, 5
_ZIP = b"PK"
Rows = Mapping[str, FormRow]


def outline_of(name: str, shelf: Shelf) -> tuple[Outline, Catalogue]:
    """An outline of ``catalogs/forms`` with the catalogue that it points to. Raises ``CatalogueInvalid``."""
    data, file = (OUTLINES / f"{name}.yaml").read_bytes(), f"{name}.yaml"
    catalogue = _catalogue(data, file, {"outline", "title", "kind", "catalogue", "sections"}, shelf)
    return parse_outline(data, file, catalogue), catalogue


def questions_of(shelf: Shelf) -> tuple[Questions, Catalogue]:
    """The list of questions with its catalogue. Raises ``CatalogueInvalid``."""
    data, file = (OUTLINES / "questions.yaml").read_bytes(), "questions.yaml"
    catalogue = _catalogue(data, file, {"questions", "catalogue", "product", "service"}, shelf)
    return parse_questions(data, file, catalogue), catalogue


def _catalogue(data: bytes, name: str, keys: set[str], shelf: Shelf) -> Catalogue:
    return shelf.catalogue(Reader(name, read_yaml(data, name), "top", keys).text("catalogue"))


def write_questions(conformity: Conformity, rows: Rows, audience: Audience) -> dict[str, bytes]:
    """The questions of both kinds as workbooks, answered as far as ``rows`` (of the questions' catalogue) say anything."""
    asked, catalogue = questions_of(conformity.books.shelf)
    made = {}
    for kind in KINDS:
        _, about = _kept(conformity, f"questions-{kind}", audience)
        told = {key: row.text for key, row in about.items()}
        data = export_questionnaire(catalogue, asked, kind, rows, told, conformity.now_ms())
        made[f"questions-{kind}.xlsx"] = data
    return made


def read_questions(conformity: Conformity, data: bytes) -> tuple[FilledForm, Asked, dict[str, str]]:
    """The answers of a questionnaire of either kind, which it was, and what stands above them. Raises ``WorkbookRefused``."""
    asked, own = questions_of(conformity.books.shelf)
    for kind in KINDS[:-1]:
        try:
            about, filled = import_questionnaire(data, own, asked, kind)
        except WorkbookRefused as error:
            if error.params["reason"] != "other_form":
                raise
        else:
            return filled, kind, about
    about, filled = import_questionnaire(data, own, asked, KINDS[-1])
    return filled, KINDS[-1], about


def keep_about(conformity: Conformity, kind: Asked, about: Mapping[str, str]) -> None:
    """Keep what stands above the questions: product, vendor, date."""
    _keep(conformity, f"questions-{kind}", "", {key: FormRow(key, text=said) for key, said in about.items()})


def write_paper(conformity: Conformity, name: str, rows: Rows, audience: Audience) -> dict[str, bytes]:
    """A statement as workbook and plain text, or the table of roles: as kept, else drafted from ``rows`` (of its catalogue)."""
    outline, catalogue = outline_of(name, conformity.books.shelf)
    now = conformity.now_ms()
    heading, kept = _kept(conformity, name, audience)
    if outline.kind == "roles":
        return {f"{name}.xlsx": export_roles(outline, kept, heading[0], now)}
    if kept or heading[0]:
        made = Statement(outline.id, *heading, {entry: row.text for entry, row in kept.items()})
    else:
        made = draft_statement(outline, catalogue, rows, "", day_of(now))
    return {
        f"{name}.xlsx": export_statement(outline, made, now),
        f"{name}.txt": write_statement(outline, made).encode(),
    }


def keep_paper(conformity: Conformity, name: str, data: bytes) -> tuple[int, tuple[str, ...]]:
    """Keep a paper that came back; how many entries say something, and what was left out. Raises ``WorkbookRefused``."""
    outline, _ = outline_of(name, conformity.books.shelf)
    if outline.kind == "roles":
        subject, filled = import_roles(data, outline)
        _keep(conformity, name, subject, {row.item: row for row in filled.rows})
        return len(filled.rows), tuple(f"{one.where} {one.code}" for one in filled.findings)
    said = import_statement(data, outline) if data.startswith(_ZIP) else read_statement(_text(data), outline)
    _keep(
        conformity,
        name,
        said.subject,
        {entry: FormRow(entry, text=text) for entry, text in said.texts.items()},
        said.date,
    )
    return len(said.texts), ()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkbookRefused(where="file", reason="encoding") from error


def _keep(conformity: Conformity, name: str, subject: str, rows: Rows, date: str = "") -> None:
    kept: list[Value] = [
        [row.item, 0 if row.reply is None else int(row.reply), row.text, row.date, row.comment]
        for _, row in sorted(rows.items())
    ]
    conformity.documents.put(_SPACE, name, [subject, date, kept], conformity.now_ms())


def _kept(conformity: Conformity, name: str, audience: Audience) -> tuple[tuple[str, str], dict[str, FormRow]]:
    """Subject and date, and the rows, where the audience may see them."""
    found = conformity.documents.get(_SPACE, name) if audience >= READERS[name] else None
    if found is None:
        return ("", ""), {}
    fields = Fields(found.value, _FIELDS)
    heading, rows = (fields.text(), fields.text()), {}
    for value in fields.rows():
        one = Fields(value, _ROW_FIELDS)
        entry, reply = one.text(), one.number()
        rows[entry] = FormRow(entry, Reply(reply) if reply else None, one.text(), date=one.text(), comment=one.text())
    return heading, rows
