"""The user's own Excel: read and filled in by a mapping that says which column is what.

Guarantees: the headings are compared before anything is read or written; a row is matched to an item by id or clause, exactly, and
everything weaker is a proposal that a person confirms; filling in goes through ``patch``, so no formatting is lost. 一部 becomes いいえ
where a form has no word for it, never はい. Refuses another heading at the first cell that differs, an id twice, and to fill in another
file than was matched. Trusts the person who confirms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from akashi.conformity.catalogues.catalogue import Reader, read_yaml
from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.cells import cell_name, folded, parse_cell, read_date
from akashi.conformity.forms.model import (
    CellBook,
    CellSheet,
    ColumnMap,
    FormFinding,
    FormRow,
    MappedRow,
    Matching,
    Proposal,
    Wording,
)
from akashi.conformity.forms.package import refused
from akashi.conformity.forms.patching import patch
from akashi.conformity.forms.sheets import REPLIES
from akashi.conformity.forms.wording import Likeness, clause_key, clauses_of
from akashi.conformity.forms.workbook import MAX_ROWS, MergedAreas, find_sheet, read_workbook, text_at
from akashi.conformity.model import Catalogue, Mode, Reply

FIELDS = ("id", "clause", "text", "reply", "answer", "evidence", "comment", "date")
PROPOSED_FROM = 350
"""Texts less alike than this (per mille) are not even proposed."""
PROPOSALS = 3
MAX_COMPARED = 4_000


def parse_mapping(data: bytes, name: str) -> ColumnMap:
    """A mapping file (docs/conformity-forms.md). Raises ``CatalogueInvalid``, :class:`WorkbookRefused` for a column that is none."""
    known = {"mapping", "catalogue", "sheet", "header", "rows", "columns", "replies"}
    top = Reader(name, read_yaml(data, name), "top", known)
    header = Reader(name, top.raw("header"), "header", {"row", "cells"})
    rows = Reader(name, top.raw("rows") or {}, "rows", {"first", "last"})
    row = header.integer("row")
    named = _texts(top, "columns")
    if not set(named) <= set(FIELDS) or not {"id", "clause", "text"} & set(named):
        raise top.fail("columns")
    columns = {field: _column(letters) for field, letters in named.items()}
    said = {word: reply for reply, word in REPLIES.items()}
    given = _texts(top, "replies")
    if not set(given) <= set(said):
        raise top.fail("replies")
    words = {said[key]: word for key, word in given.items()}
    if len(set(columns.values())) != len(columns) or len({folded(word) for word in words.values()}) != len(words):
        raise top.fail("replies")
    cells = {_column(letters): text for letters, text in _texts(header, "cells").items()}
    if not cells or not 0 < row < MAX_ROWS:
        raise header.fail("cells")
    first, last, sheet = rows.integer("first", row + 1), rows.integer("last", 0), top.raw("sheet")
    if first <= row or not isinstance(sheet, str | int):
        raise top.fail("rows" if first <= row else "sheet")
    return ColumnMap(top.text("mapping"), top.text("catalogue"), str(sheet), row, cells, columns, words, first, last)


def must_be_for(mapping: ColumnMap, catalogue: Catalogue) -> None:
    """Raises :class:`WorkbookRefused` for a mapping of another catalogue: the same clause there is about something else."""
    if mapping.catalogue != catalogue.id:
        raise refused("mapping", "other_catalogue")


def _texts(reader: Reader, key: str) -> dict[str, str]:
    value = reader.raw(key) or {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for pair in value.items() for one in pair):
        raise reader.fail(key)
    return value


def _column(letters: str) -> int:
    return parse_cell(f"{letters}1")[1]


def mapped_sheet(book: CellBook, mapping: ColumnMap) -> CellSheet:
    """The mapping's sheet, its headings compared. Raises :class:`WorkbookRefused` at the first heading that differs."""
    sheet = find_sheet(book, mapping.sheet)
    merged = MergedAreas(sheet.merged)
    for column, text in sorted(mapping.header.items()):
        if folded(text_at(sheet, merged, mapping.header_row, column)) != folded(text):
            raise refused(f"sheet{sheet.number}!{cell_name(mapping.header_row, column)}", "header")
    return sheet


def read_rows(book: CellBook, mapping: ColumnMap) -> tuple[tuple[MappedRow, ...], tuple[FormFinding, ...]]:
    """The rows that hold an id, a clause or a text, and the cells that could not be read. Raises :class:`WorkbookRefused`."""
    sheet = mapped_sheet(book, mapping)
    merged = MergedAreas(sheet.merged)
    last = mapping.last_row or max((row for row, _ in sheet.texts), default=0)
    rows: list[MappedRow] = []
    findings: list[FormFinding] = []
    seen: set[str] = set()
    for at in range(mapping.first_row, min(last, MAX_ROWS) + 1):
        said = {
            field: sheet.texts.get((at, column), "") if field == "id" else text_at(sheet, merged, at, column)
            for field, column in mapping.columns.items()
        }
        if not any(said.get(field, "").strip() for field in ("id", "clause", "text")):
            continue
        key = folded(said.get("id", ""))
        if key and key in seen:
            raise refused(f"sheet{sheet.number}!{cell_name(at, mapping.columns['id'])}", "duplicate")
        seen.add(key)
        row, odd = _row(mapping, at, said)
        rows.append(row)
        findings += [
            FormFinding(f"sheet{sheet.number}!{cell_name(at, mapping.columns[field])}", field) for field in odd
        ]
    return tuple(rows), tuple(findings)


def _row(mapping: ColumnMap, at: int, said: Mapping[str, str]) -> tuple[MappedRow, list[str]]:
    word, day = said.get("reply", ""), said.get("date", "")
    words = {folded(one): reply for reply, one in mapping.replies.items()}
    reply = words.get(folded(word)) if word.strip() else None
    odd = ["reply"] if word.strip() and reply is None else []
    odd += ["date"] if day.strip() and not read_date(day) else []
    texts = said.get("answer", ""), said.get("evidence", ""), said.get("comment", "")
    row = FormRow("", reply, *texts, read_date(day))
    return MappedRow(at, said.get("id", "").strip(), said.get("clause", "").strip(), said.get("text", ""), row), odd


def match_rows(
    rows: Sequence[MappedRow], catalogue: Catalogue, digest: bytes, wording: Wording | None = None
) -> Matching:
    """By id, by a clause that both sides have once; for the rest up to three proposals each by likeness to the attached wording."""
    known = clauses_of(catalogue)
    ids = {folded(item.id): item.id for item in catalogue.items}
    clauses = Counter(clause_key(row.clause) for row in rows)
    exact: dict[int, str] = {}
    for row in rows:
        item = ids.get(folded(row.id)) if row.id else None
        if item is None and row.clause and clauses[clause_key(row.clause)] == 1:
            item = known.get(clause_key(row.clause))
        if item is not None and item not in exact.values():
            exact[row.row] = item
    open_items = [
        item for item in catalogue.items if item.id not in set(exact.values()) and item.mode is not Mode.GROUP
    ]
    texts = wording.texts if wording is not None and wording.catalogue == catalogue.id else {}
    told = {item.id: texts.get(item.id, item.text.ja) for item in open_items if not item.place or item.id in texts}
    likeness = Likeness(told)
    proposals: list[Proposal] = []
    for row in [one for one in rows if one.row not in exact][:MAX_COMPARED]:
        likely = [(score, item) for score, item in likeness.of(row.text[:2_000]) if score >= PROPOSED_FROM]
        proposals += [Proposal(row.row, item, score) for score, item in likely[:PROPOSALS]]
    guessed = {one.row for one in proposals}
    unmatched = tuple(row.row for row in rows if row.row not in exact and row.row not in guessed)
    return Matching(digest, exact, tuple(proposals), unmatched, tuple(item.id for item in open_items))


def confirm(matching: Matching, accepted: Mapping[int, str], catalogue: Catalogue) -> Matching:
    """The matching with what a person confirmed (row to item). Raises :class:`WorkbookRefused` for a row or item that is not open."""
    open_rows = {one.row for one in matching.proposals} | set(matching.unmatched)
    open_items = {item.id for item in catalogue.items if item.id in set(matching.missing)}
    for row, item in accepted.items():
        if row not in open_rows or item not in open_items:
            raise WorkbookRefused(where=f"row{row}", reason="not_open")
        open_items.discard(item)
    exact = {**matching.exact, **accepted}
    left = tuple(one for one in matching.proposals if one.row not in accepted and one.item not in accepted.values())
    unmatched = tuple(sorted(open_rows - set(accepted) - {one.row for one in left}))
    return Matching(matching.digest, exact, left, unmatched, tuple(i for i in matching.missing if i in open_items))


def rows_of(rows: Sequence[MappedRow], matching: Matching) -> tuple[FormRow, ...]:
    """What the matched rows say, each under its item."""
    return tuple(
        replace(row.said, item=matching.exact[row.row])
        for row in rows
        if row.row in matching.exact and row.said != FormRow("")
    )


def fill_in(data: bytes, mapping: ColumnMap, matching: Matching, answers: Mapping[str, FormRow]) -> bytes:
    """The user's file with the answers in its cells; a cell that an answer says nothing for stays. Raises :class:`WorkbookRefused`."""
    if sha256(data).digest() != matching.digest:
        raise refused("file", "another_file")
    book = read_workbook(data)
    sheet = mapped_sheet(book, mapping)
    merged = MergedAreas(sheet.merged)
    changes: dict[tuple[str, str], str] = {}
    for row, item in sorted(matching.exact.items()):
        answer = answers.get(item)
        for field, text in _fields(answer, mapping).items() if answer is not None else ():
            if not text or field not in mapping.columns:
                continue
            place = cell_name(*merged.anchor(row, mapping.columns[field]))
            if changes.setdefault((sheet.name, place), text) != text:
                raise refused(f"sheet{sheet.number}!{place}", "merged")
    return patch(data, changes)


def _fields(answer: FormRow, mapping: ColumnMap) -> dict[str, str]:
    word = ""
    if answer.reply is not None:
        word = mapping.replies.get(answer.reply, "")
        if not word and answer.reply is Reply.PARTLY:
            word = mapping.replies.get(Reply.NO, "")
    return {
        "reply": word,
        "answer": answer.text,
        "evidence": answer.evidence,
        "comment": answer.comment,
        "date": answer.date,
    }
