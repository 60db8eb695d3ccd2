"""Documents that vendors show: サービス仕様適合開示書, SLA, and the table of roles in a contract, from one base of answers.

Guarantees: the outline is data, in our own words; as workbook and as plain text what is written is read back (line ends are unified
in plain text); a draft made from answers names each answer's clause, so that a person sees where a sentence comes from. Refuses a text
or sheet of another outline, and headings that the outline does not have. Trusts nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.errors import CatalogueInvalid, WorkbookRefused
from akashi.conformity.forms.cells import read_date
from akashi.conformity.forms.layout import Column, Line, Table, place_of, read_table, write_tables
from akashi.conformity.forms.model import Entry, FilledForm, FormFinding, FormRow, Outline, Section, Statement
from akashi.conformity.forms.sheets import REPLIES, read_choice
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.model import Catalogue, Reply

MAX_TEXT_BYTES = 2 << 20
STATEMENT = (
    Column("番号", 8, given=True),
    Column("項目", 30, given=True),
    Column("書くこと", 40, given=True),
    Column("内容", 84),
)
_ANSWERS = {Reply.YES: REPLIES[Reply.YES], Reply.NO: REPLIES[Reply.NO]}
ROLES = (
    Column("項番", 8, given=True),
    Column("項目", 20, given=True),
    Column("内容", 64, given=True),
    Column("初回確認", 12, choices=tuple(_ANSWERS.values())),
    Column("完了日", 14, date=True),
    Column("備考", 40),
)
_NOTES = {
    "statement": "項目と説明は要約です。公式の様式で出すときは、内容を写してお使いください。",
    "roles": "「いいえ」の項は、済ませる予定の日を備考に、済んだ日を完了日に書いてください。",
}
_SUBJECT, _DATE = "対象: ", "作成日: "
_SPECIAL = ("#", ">", "\\")


def parse_outline(data: bytes, name: str, catalogue: Catalogue) -> Outline:
    """An outline file (``catalogs/forms/*.yaml``), its items checked. Raises :class:`CatalogueInvalid`."""
    top = Reader(name, read_yaml(data, name), "top", {"outline", "title", "kind", "catalogue", "sections"})
    made = Outline(
        top.text("outline"),
        top.text("title"),
        top.text("kind"),
        top.text("catalogue"),
        tuple(_section(name, row, at) for at, row in enumerate(top.rows("sections"))),
    )
    entries = [entry for section in made.sections for entry in section.entries]
    ids = [one.id for one in entries] + [f"@{section.id}" for section in made.sections]
    items = {item for entry in entries for item in entry.items}
    known = {item.id for item in catalogue.items}
    if len(set(ids)) != len(ids) or made.kind not in _NOTES or made.catalogue != catalogue.id or not items <= known:
        raise CatalogueInvalid(name=name, where="sections")
    return made


def _section(name: str, row: object, at: int) -> Section:
    reader = Reader(name, row, f"sections[{at}]", {"id", "title", "entries"})
    entries = []
    for number, one in enumerate(reader.rows("entries")):
        entry = Reader(name, one, f"sections[{at}].entries[{number}]", {"id", "title", "ask", "items"})
        entries.append(Entry(entry.text("id"), entry.text("title"), entry.text("ask", ""), entry.texts("items")))
    return Section(reader.text("id"), reader.text("title"), tuple(entries))


def entries_of(outline: Outline) -> Iterator[Entry]:
    """All entries in order."""
    return (entry for section in outline.sections for entry in section.entries)


def draft_statement(
    outline: Outline, catalogue: Catalogue, rows: Mapping[str, FormRow], subject: str, date: str
) -> Statement:
    """A first version from the answers: for each entry the texts of its items, each with its clause; no answer, no text."""
    clauses = {item.id: item.clause for item in catalogue.items}
    texts = {}
    for entry in entries_of(outline):
        said = [(item, rows[item]) for item in entry.items if item in rows and (rows[item].text or rows[item].reply)]
        lines = [f"（{clauses[item]}）{_reply(row)}{row.text}" for item, row in said]
        if lines:
            texts[entry.id] = "\n".join(lines)
    return Statement(outline.id, subject, date, texts)


def _reply(row: FormRow) -> str:
    """An answer that falls short says so; はい is what a statement is about."""
    short = row.reply not in (None, Reply.YES)
    return f"【{REPLIES[row.reply]}】" if short and row.reply is not None else ""


def _mark(outline: Outline) -> str:
    return f"akashi/{outline.kind}/1 {outline.id}"


def _ids(outline: Outline) -> list[str]:
    heads = [f"@{section.id}" for section in outline.sections]
    return [
        "@subject",
        *(["@date"] if outline.kind == "statement" else []),
        *heads,
        *(entry.id for entry in entries_of(outline)),
    ]


def statement_table(outline: Outline, statement: Statement) -> Table:
    """番号・項目・書くこと・内容."""
    lines = [
        Line("@subject", ("", "対象", "製品・サービスの名称", statement.subject)),
        Line("@date", ("", "作成日", "", statement.date)),
    ]
    for section in outline.sections:
        lines.append(Line(f"@{section.id}", (section.id, section.title, "", ""), heading=True))
        lines += [
            Line(one.id, (one.id, one.title, one.ask, statement.texts.get(one.id, ""))) for one in section.entries
        ]
    return Table(outline.id[:31], _mark(outline), outline.title, _NOTES[outline.kind], STATEMENT, tuple(lines))


def export_statement(outline: Outline, statement: Statement, made_ms: int) -> bytes:
    """The statement as a workbook."""
    return write_tables([statement_table(outline, statement)], made_ms)


def import_statement(data: bytes, outline: Outline) -> Statement:
    """The statement of a workbook. Raises :class:`WorkbookRefused`."""
    read = {
        line.id: line.cells[-1] for _, line in read_table(read_workbook(data), _mark(outline), STATEMENT, _ids(outline))
    }
    texts = {entry.id: read[entry.id] for entry in entries_of(outline) if read[entry.id]}
    return Statement(outline.id, read["@subject"], read["@date"], texts)


def write_statement(outline: Outline, statement: Statement) -> str:
    """The statement as plain text: ``##`` sections, ``###`` entries, ``>`` what belongs there; a line that looks like these is escaped."""
    lines = [f"# {outline.title}", f"{_SUBJECT}{_line(statement.subject)}", f"{_DATE}{_line(statement.date)}", ""]
    for section in outline.sections:
        lines += [f"## {section.id} {section.title}", ""]
        for entry in section.entries:
            lines += [f"### {entry.id} {entry.title}", *([f"> {entry.ask}"] if entry.ask else [])]
            text = statement.texts.get(entry.id, "")
            said = text.replace("\r\n", "\n").split("\n") if text else []
            lines += [f"\\{line}" if line.startswith(_SPECIAL) else line for line in said]
            lines.append("")
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def read_statement(text: str, outline: Outline) -> Statement:
    """The statement of a plain text. Raises :class:`WorkbookRefused` with the number of the line that does not belong."""
    if len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
        raise WorkbookRefused(where="file", reason="too_large")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if len(lines) < 3 or lines[0].rstrip() != f"# {outline.title}":
        raise WorkbookRefused(where="line1", reason="other_form")
    if not lines[1].startswith(_SUBJECT.rstrip()) or not lines[2].startswith(_DATE.rstrip()):
        raise WorkbookRefused(where="line2", reason="header")
    known = {f"### {entry.id} {entry.title}": entry.id for entry in entries_of(outline)}
    heads = {f"## {section.id} {section.title}" for section in outline.sections}
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    for number, line in enumerate(lines[3:], 4):
        if line.startswith("#"):
            entry = known.get(line.rstrip())
            if entry in found or (entry is None and line.rstrip() not in heads):
                raise WorkbookRefused(where=f"line{number}", reason="duplicate" if entry else "heading")
            here = found.setdefault(entry, []) if entry is not None else None
        elif here is not None and not line.startswith(">"):
            here.append(line.removeprefix("\\"))
        elif line.strip() and here is None:
            raise WorkbookRefused(where=f"line{number}", reason="heading")
    # one empty line behind each text is the writer's
    texts = {entry: "\n".join(said[:-1] if said and not said[-1] else said) for entry, said in found.items()}
    subject, date = lines[1][len(_SUBJECT.rstrip()) :].strip(), lines[2][len(_DATE.rstrip()) :].strip()
    return Statement(outline.id, subject, date, {entry: said for entry, said in texts.items() if said})


def roles_table(outline: Outline, rows: Mapping[str, FormRow], subject: str) -> Table:
    """項番・項目・内容・初回確認・完了日; rows by entry id: ``reply`` はい or いいえ, ``date`` of completion, ``comment``."""
    lines = [Line("@subject", ("", "対象", "契約と相手", "", "", subject))]
    for section in outline.sections:
        lines.append(Line(f"@{section.id}", (section.id, section.title, "", "", "", ""), heading=True))
        for entry in section.entries:
            row = rows.get(entry.id, FormRow(entry.id))
            reply = "" if row.reply is None else _ANSWERS.get(row.reply, _ANSWERS[Reply.NO])
            lines.append(Line(entry.id, (entry.id, entry.title, entry.ask, reply, row.date, row.comment)))
    return Table(outline.id[:31], _mark(outline), outline.title, _NOTES[outline.kind], ROLES, tuple(lines))


def export_roles(outline: Outline, rows: Mapping[str, FormRow], subject: str, made_ms: int) -> bytes:
    """The table of roles as a workbook; only はい is はい, everything else that was answered is いいえ."""
    return write_tables([roles_table(outline, rows, subject)], made_ms)


def import_roles(data: bytes, outline: Outline) -> tuple[str, FilledForm]:
    """Subject and rows of a table of roles. Raises :class:`WorkbookRefused`."""
    book, mark, subject = read_workbook(data), _mark(outline), ""
    rows, findings = [], []
    for at, line in read_table(book, mark, ROLES, _ids(outline)):
        said, day, comment = line.cells[-3:]
        if line.id.startswith("@"):
            subject = comment if line.id == "@subject" else subject
            continue
        row = FormRow(line.id, read_choice(_ANSWERS, said), comment=comment, date=read_date(day))
        odd = [("初回確認", "reply", bool(said) and row.reply is None), ("完了日", "date", bool(day) and not row.date)]
        findings += [FormFinding(place_of(book, mark, at, ROLES, col), code) for col, code, found in odd if found]
        if row != FormRow(line.id):
            rows.append(row)
    return subject, FilledForm(tuple(rows), tuple(findings))
