"""Forms of vendors and of one's own on the command line: out, filled in by people, and in again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.cli.stage import Stage
from tests.cli.test_conformity import MAPPING, SECRET, SHEET, own_form, value
from tests.cli.test_conformity import answered as answered  # noqa: PLC0414  # a fixture: named again, so that it is not unused

OUT = "akashi conformity export --format {form} --audience {audience} --out {{tmp}}/{folder} @mori"
IN = f"akashi conformity import {{{{tmp}}}}/{{file}} --kind {{kind}} --sheet {SHEET} --json @mori"


def taken_out(stage: Stage, form: str, folder: str, audience: str = "customers") -> Path:
    """The folder of an export."""
    assert stage.run(OUT.format(form=form, audience=audience, folder=folder))[2] == 0
    return stage.folder / folder


def cell_beside(path: Path, word: str) -> tuple[Workbook, str]:
    """The workbook and the address of the cell that holds a word."""
    book = load_workbook(path)
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == word]
    assert cells, word
    return book, cells[0].coordinate


def test_questions_go_out_with_our_answers_and_come_back(answered: Stage) -> None:
    """Both kinds; an answered cell becomes an answer of the item, what stands above the questions stands there again."""
    folder = taken_out(answered, "questions", "asked")
    book, place = cell_beside(folder / "questions-service.xlsx", "第2章 ②")
    sheet, row = book.worksheets[0], int("".join(one for one in place if one.isdigit()))
    sheet.cell(row, sheet[place].column + 2).value = "いいえ"
    _, above = cell_beside(folder / "questions-service.xlsx", "製品・サービスの名称と版")
    sheet.cell(sheet[above].row, sheet[above].column + 2).value = "架空サービス 1"
    book.save(answered.folder / "filled.xlsx")

    kept = value(answered, IN.format(file="filled.xlsx", kind="questions"))
    again = taken_out(answered, "questions", "again")
    words = {str(one.value) for line in load_workbook(again / "questions-service.xlsx").worksheets[0] for one in line}

    assert sorted(one.name for one in folder.iterdir()) == ["questions-product.xlsx", "questions-service.xlsx"]
    assert kept["kept"] == 1
    assert {"架空サービス 1", "いいえ"} <= words


@pytest.mark.parametrize("form", ["service", "sla"])
def test_a_statement_is_drafted_and_kept(answered: Stage, form: str) -> None:
    """The draft comes from answers that the audience may see; what a person makes of it is what goes out from then on."""
    name = {"service": "service-disclosure", "sla": "sla"}[form]
    draft = (taken_out(answered, form, "draft", "assessor") / f"{name}.txt").read_text(encoding="utf-8")
    public = (taken_out(answered, form, "public", "public") / f"{name}.txt").read_text(encoding="utf-8")
    entry = next(line for line in draft.splitlines() if line.startswith("### "))
    written = draft.replace("対象: ", "対象: 架空サービス").replace(entry, f"{entry}\n人が書いた文", 1)
    (answered.folder / "mine.txt").write_text(written, encoding="utf-8")

    kept = value(answered, IN.format(file="mine.txt", kind=form))
    again = taken_out(answered, form, "again", "assessor")
    as_book = value(answered, IN.format(file=f"again/{name}.xlsx", kind=form))

    assert SECRET not in public
    assert kept["kept"] == as_book["kept"] > 0
    assert "人が書いた文" in (again / f"{name}.txt").read_text(encoding="utf-8")
    assert "対象: 架空サービス" in (again / f"{name}.txt").read_text(encoding="utf-8")


def test_the_table_of_roles_says_what_people_agreed(answered: Stage) -> None:
    """Empty at first, whatever the answers say; kept as it came back, and not shown to everybody."""
    folder = taken_out(answered, "roles", "roles")
    book, place = cell_beside(folder / "roles.xlsx", "1-1")
    sheet = book.worksheets[0]
    start = sheet[place]
    sheet.cell(start.row, start.column + 3).value = "はい"
    sheet.cell(start.row, start.column + 4).value = "2026/11/21"
    book.save(answered.folder / "agreed.xlsx")

    kept = value(answered, IN.format(file="agreed.xlsx", kind="roles"))
    said = {}
    for audience in ("customers", "public"):
        path = taken_out(answered, "roles", f"to-{audience}", audience) / "roles.xlsx"
        again = load_workbook(path).worksheets[0]
        said[audience] = again.cell(start.row, start.column + 3).value

    assert kept["kept"] == 1
    assert (said["customers"], said["public"] or "") == ("はい", "")


def test_another_form_is_refused_in_words(answered: Stage) -> None:
    """A disclosure for an SLA, a text for a table, a paper for questions: the reason is a sentence, and nothing is kept."""
    taken_out(answered, "service", "one")
    refused = [
        answered.run(IN.format(file="one/service-disclosure.xlsx", kind="sla")),
        answered.run(IN.format(file="one/service-disclosure.txt", kind="sla")),
        answered.run(IN.format(file="one/service-disclosure.txt", kind="roles")),
        answered.run(IN.format(file="one/service-disclosure.xlsx", kind="questions")),
    ]

    assert [one[2] for one in refused] == [2] * 4
    assert {json.loads(one[1][0])["code"] for one in refused} == {"conformity.workbook"}
    spoken = answered.run(IN.format(file="one/service-disclosure.xlsx", kind="sla").replace("--json ", ""))
    assert any("別の様式です" in line for line in spoken[1])


def test_proposals_are_shown_and_taken_by_a_person(answered: Stage) -> None:
    """An own workbook comes back with the exact rows; what is only alike is named with the option that takes it, and then filled in."""
    answered.step(f"text mapping.yaml '{MAPPING}'")
    own_form(
        answered.folder / "form.xlsx",
        [("独自1", "使っているシステム・サービス・機器について、仕様と使い方の資料を最新にそろえておく", "", "")],
    )
    line = (
        f"akashi conformity export --format own --fill {{tmp}}/form.xlsx --mapping {{tmp}}/mapping.yaml --sheet {SHEET}"
        " --audience assessor --out {tmp}/%s @mori"
    )

    shown = answered.run(line % "first")
    taken = answered.run((line % "second").replace("--sheet", "--accept 2=2-1 --sheet"))
    rows = {
        name: list(load_workbook(answered.folder / name / "form.xlsx").worksheets[0].iter_rows(values_only=True))[1]
        for name in ("first", "second")
    }

    assert any("--accept 2=2-1" in one for one in shown[0])
    assert not any("--accept" in one for one in taken[0])
    assert (rows["first"][2] or "", rows["second"][2]) == ("", "はい")


def test_a_mapping_of_another_catalogue_is_refused(answered: Stage) -> None:
    """The same clause there is about something else: nothing is read, nothing is filled in."""
    answered.step(f"text mapping.yaml '{MAPPING.replace(SHEET, 'meti-2')}'")
    own_form(answered.folder / "form.xlsx", [("第2章 ①", "書類", "はい", "")])
    inward = IN.format(file="form.xlsx --mapping {tmp}/mapping.yaml", kind="own").replace("--json ", "")

    refused = answered.run(inward)

    assert refused[2] == 2
    assert any("別の一覧" in one for one in refused[1])
