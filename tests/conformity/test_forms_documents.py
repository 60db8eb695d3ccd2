"""Questionnaires, disclosures, service levels and roles: made from one base of answers, out and in again."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.catalogues.catalogue import defined_features, parse_catalogue, read_yaml
from akashi.conformity.errors import CatalogueInvalid, WorkbookRefused
from akashi.conformity.forms.model import FormFinding, FormRow, Outline, Statement
from akashi.conformity.forms.patching import patch
from akashi.conformity.forms.questionnaire import (
    ABOUT,
    PARTLY,
    Kind,
    Questions,
    export_questionnaire,
    import_questionnaire,
    parse_questions,
)
from akashi.conformity.forms.statement import (
    draft_statement,
    entries_of,
    export_roles,
    export_statement,
    import_roles,
    import_statement,
    parse_outline,
    read_statement,
    write_statement,
)
from akashi.conformity.model import Reply
from tests.conformity.books import form_catalogue
from tests.conformity.checks import CHECKS

NOW = 1_795_219_200_000
ROOT = Path(__file__).resolve().parents[2] / "catalogs"
CATALOGUE = form_catalogue()
QUESTIONS = Questions("door-questions", "door-1", ("1-1", "1-2-1", "2-1"), ("1-1", "2-1", "2-2"))
OUTLINE = parse_outline(
    """
outline: door-disclosure
title: 戸締まりの開示
kind: statement
catalogue: door-1
sections:
  - id: "1"
    title: 鍵
    entries:
      - {id: "1.1", title: 台帳, ask: いつ見直すか, items: ["1-1", "1-2-1"]}
      - {id: "1.2", title: 合い言葉}
  - {id: "2", title: 戸, entries: [{id: "2.1", title: 戸締まり, items: ["2-1"]}]}
""".encode(),
    "t",
    CATALOGUE,
)
ROLES = Outline("door-roles", "分担", "roles", "door-1", OUTLINE.sections)
ENTRIES = [entry.id for entry in entries_of(OUTLINE)]
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
LINES = st.lists(
    st.one_of(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12), st.sampled_from(["", "# x", "> y", "\\", "\\# z", "### 1.2 合い言葉"])),
    max_size=5,
).map("\n".join)  # fmt: skip
SUBJECT = st.text("品名 v1", max_size=8).map(lambda text: " ".join(text.split()))


def refusal(act: Any, *given_args: Any) -> tuple[str, str]:
    """Where and why something is refused."""
    with pytest.raises(WorkbookRefused) as caught:
        act(*given_args)
    return str(caught.value.params["where"]), str(caught.value.params["reason"])


@given(
    st.dictionaries(
        st.sampled_from(QUESTIONS.product),
        st.tuples(st.none() | st.sampled_from(Reply), TEXT.filter(lambda text: not text.startswith(PARTLY))),
    ),
    st.dictionaries(st.sampled_from(sorted(ABOUT)), TEXT.filter(bool)),
)
@settings(max_examples=30)
def test_a_questionnaire_comes_back(said: dict[str, tuple[Reply | None, str]], about: dict[str, str]) -> None:
    """Answers and what stands above them, whatever they look like; 一部 survives its way over いいえ."""
    rows = {item: FormRow(item, *fields) for item, fields in said.items()}
    rows = {item: row for item, row in rows.items() if row != FormRow(item)}
    data = export_questionnaire(CATALOGUE, QUESTIONS, "product", rows, about, NOW)
    found, made = import_questionnaire(data, CATALOGUE, QUESTIONS, "product")

    assert {row.item: row for row in made.rows} == rows
    assert (found, made.findings) == (about, ())


def test_questions_are_asked_of_the_right_thing() -> None:
    """Only the chosen items, by chapter, in our words; three answers to choose from, 一部 is not one of them."""
    rows = {"2-1": FormRow("2-1", Reply.PARTLY, "夜だけ")}
    data = export_questionnaire(CATALOGUE, QUESTIONS, "service", rows, {}, NOW)
    sheet: Any = openpyxl.load_workbook(io.BytesIO(data))["door-questions-service"]

    assert [cell.value for cell in sheet["B"]][7:] == ["1", "1", "2", "2", "3"]
    assert sheet["D9"].value == "鍵の台帳を作り、半年ごとに見直す。このサービスで対応していますか。"
    assert [sheet.cell(11, column).value for column in (5, 6)] == ["いいえ", "（一部対応）夜だけ"]
    assert sheet.data_validations.dataValidation[0].formula1 == '"はい,いいえ,対象外"'


def test_a_questionnaire_of_another_kind_is_refused() -> None:
    """The product's sheet is not the service's."""
    data = export_questionnaire(CATALOGUE, QUESTIONS, "product", {}, {}, NOW)

    assert refusal(import_questionnaire, data, CATALOGUE, QUESTIONS, "service") == ("workbook", "other_form")


def test_an_answer_that_is_none_of_the_three_is_a_finding() -> None:
    """Named by its cell; the remark is kept."""
    data = export_questionnaire(CATALOGUE, QUESTIONS, "product", {"1-1": FormRow("1-1", text="備考")}, {}, NOW)
    _, made = import_questionnaire(
        patch(data, {("door-questions-product", "E9"): "一部"}), CATALOGUE, QUESTIONS, "product"
    )

    assert (made.rows, made.findings) == ((FormRow("1-1", text="備考"),), (FormFinding("sheet1!E9", "reply"),))


@given(st.dictionaries(st.sampled_from(ENTRIES), TEXT.filter(bool)), TEXT, TEXT)
@settings(max_examples=20)
def test_a_statement_comes_back_from_a_workbook(texts: dict[str, str], subject: str, day: str) -> None:
    """Any texts."""
    statement = Statement(OUTLINE.id, subject, day, texts)

    assert import_statement(export_statement(OUTLINE, statement, NOW), OUTLINE) == statement


@given(st.dictionaries(st.sampled_from(ENTRIES), LINES.filter(bool)), SUBJECT, st.dates().map(str))
def test_a_statement_comes_back_from_plain_text(texts: dict[str, str], subject: str, day: str) -> None:
    """Also where a line looks like a heading of the text itself."""
    statement = Statement(OUTLINE.id, subject, day, texts)
    written = write_statement(OUTLINE, statement)

    assert read_statement(written, OUTLINE) == statement
    assert read_statement("\ufeff" + written.replace("\n", "\r\n"), OUTLINE) == statement


PLAIN = "# 戸締まりの開示\n対象: 引き戸\n作成日: 2026-11-21\n\n## 1 鍵\n### 1.1 台帳\n半年\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("line1", "other_form")),
        (PLAIN.replace("戸締まり", "戸あけ"), ("line1", "other_form")),
        (PLAIN.replace("対象", "相手"), ("line2", "header")),
        (PLAIN + "### 1.1 台帳\n", ("line8", "duplicate")),
        (PLAIN + "### 9.9 別\n", ("line8", "heading")),
        (PLAIN.replace("## 1 鍵", "はみ出した文"), ("line5", "heading")),
        (PLAIN + "あ" * (1 << 20), ("file", "too_large")),
    ],
)
def test_a_text_that_is_no_such_statement_is_refused(text: str, expected: tuple[str, str]) -> None:
    """With the number of the line, never with what stands there."""
    assert refusal(read_statement, text, OUTLINE) == expected


def test_what_a_person_wrote_by_hand_is_read() -> None:
    """Without empty lines and hints it is the same statement."""
    assert read_statement(PLAIN, OUTLINE) == Statement(OUTLINE.id, "引き戸", "2026-11-21", {"1.1": "半年"})


def test_a_draft_names_the_clause_of_each_answer() -> None:
    """Texts of the entry's items with their clauses; an answer that falls short says so; no answer, no text."""
    rows = {
        "1-1": FormRow("1-1", Reply.YES, "台帳があります"),
        "1-2-1": FormRow("1-2-1", Reply.NO, "来年"),
        "2-2": FormRow("2-2", Reply.YES),
    }
    made = draft_statement(OUTLINE, CATALOGUE, rows, "引き戸", "2026-11-21")

    assert made.texts == {"1.1": "（第1章 ①）台帳があります\n（第1章 ②(1)）【いいえ】来年"}


def test_the_table_of_roles_goes_out_and_comes_back() -> None:
    """項番・項目・内容・初回確認・完了日; only はい is はい."""
    rows = {
        "1.1": FormRow("1.1", Reply.YES, date="2026-11-21"), "1.2": FormRow("1.2", Reply.NO, comment="来月まで"),
        "2.1": FormRow("2.1", Reply.PARTLY),
    }  # fmt: skip
    data = export_roles(ROLES, rows, "戸の保守", NOW)
    sheet: Any = openpyxl.load_workbook(io.BytesIO(data))["door-roles"]

    assert [cell.value for cell in sheet[4]][1:6] == ["項番", "項目", "内容", "初回確認", "完了日"]
    assert sheet["F7"].value.date() == date(2026, 11, 21)
    subject, made = import_roles(data, ROLES)
    assert subject == "戸の保守"
    assert made.rows == (rows["1.1"], rows["1.2"], FormRow("2.1", Reply.NO))


def test_odd_cells_of_a_table_of_roles_are_findings() -> None:
    """A word that is neither, a day that is none."""
    data = patch(export_roles(ROLES, {}, "", NOW), {("door-roles", "E7"): "たぶん", ("door-roles", "F7"): "いつか"})

    assert import_roles(data, ROLES)[1].findings == (
        FormFinding("sheet1!E7", "reply"),
        FormFinding("sheet1!F7", "date"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: statement", "kind: other"),
        ('items: ["2-1"]', 'items: ["9-9"]'),
        ('id: "1.2"', 'id: "1.1"'),
        ("catalogue: door-1", "catalogue: x"),
    ],
)
def test_an_outline_that_refers_to_nothing_is_refused(old: str, new: str) -> None:
    """Unknown kind, item or catalogue, or an id twice."""
    text = """
outline: a
title: b
kind: statement
catalogue: door-1
sections: [{id: "1", title: c, entries: [{id: "1.1", title: d}, {id: "1.2", title: e, items: ["2-1"]}]}]
"""
    assert parse_outline(text.encode(), "t", CATALOGUE).id == "a"
    with pytest.raises(CatalogueInvalid):
        parse_outline(text.replace(old, new).encode(), "t", CATALOGUE)


@pytest.mark.parametrize("change", ["[1-1, 1-1]", "[1-2]", "[9-9]"])
def test_a_question_list_that_asks_nothing_is_refused(change: str) -> None:
    """An item twice, a heading, an unknown item."""
    text = f"{{questions: a, catalogue: door-1, product: {change}, service: [1-1]}}"

    with pytest.raises(CatalogueInvalid):
        parse_questions(text.encode(), "t", CATALOGUE)


@pytest.fixture(scope="module")
def operations() -> Any:
    """The catalogue that the shipped outlines refer to."""
    features = defined_features(read_yaml((ROOT / "features.yaml").read_bytes(), "features"))
    return parse_catalogue((ROOT / "mhlw-7.0-draft-ops.yaml").read_bytes(), "mhlw", checks=CHECKS, features=features)


@pytest.mark.parametrize(("name", "entries"), [("service-disclosure", 29), ("sla", 17), ("roles", 21)])
def test_the_shipped_outlines_hold(name: str, entries: int, operations: Any) -> None:
    """Each refers to items that are there, and goes out and in again empty."""
    made = parse_outline((ROOT / "forms" / f"{name}.yaml").read_bytes(), name, operations)

    assert len(list(entries_of(made))) == entries
    if made.kind == "roles":
        back = import_roles(export_roles(made, {}, "契約", NOW), made)
        assert (back[0], back[1].rows) == ("契約", ())
    else:
        empty = Statement(made.id, "品", "2026-11-21", {})
        assert import_statement(export_statement(made, empty, NOW), made) == empty
        assert read_statement(write_statement(made, empty), made) == empty


@pytest.mark.parametrize("kind", ["product", "service"])
def test_the_shipped_questions_hold(kind: Kind, operations: Any) -> None:
    """All questions about products and services go out and come back answered; every chapter with technical measures is asked about."""
    questions = parse_questions((ROOT / "forms" / "questions.yaml").read_bytes(), "questions", operations)
    rows = {item: FormRow(item, Reply.YES) for item in questions.of(kind)}
    _, made = import_questionnaire(
        export_questionnaire(operations, questions, kind, rows, {}, NOW), operations, questions, kind
    )

    assert {row.item for row in made.rows} == set(questions.of(kind))
    assert {item.partition("-")[0] for item in questions.of(kind)} >= {
        "2",
        "5",
        "8",
        "9",
        "11",
        "13",
        "14",
        "15",
        "17",
        "18",
    }
