"""What the drafter proposes, and what it does not show."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.errors import EmptyFile, HeadingMissing, NoRows, TooManyColumns
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.model import Decision, Placing
from akashi.checkup.mapping.sentences import DECISIONS, PLACINGS, REASONS, sentence
from akashi.checkup.mapping.shapes import masked
from akashi.checkup.mapping.words import WordList
from akashi.checkup.model import Role
from akashi.errors import AkashiError
from tests.checkup.drafting.layouts import unseen
from tests.checkup.drafting.measure import drafted, file_of
from tests.checkup.mapping.conftest import ON, Desk

NUMBERS = ["165.5", "170.2", "158.0", "181.3", "149.9"]
LETTERS = ["A", "B", "C6", "A", "D2"]


def test_a_heading_with_its_unit_and_fitting_values_is_sure(desk: Desk) -> None:
    """Target, kind and unit are proposed, with a reason for each piece of evidence."""
    column = desk.column("身長(cm)", NUMBERS)

    assert (column.proposal.target, column.proposal.kind, column.proposal.unit) == ("9N001000000000001", "number", "cm")
    assert column.suggested is Decision.ADOPT
    assert {reason.code for reason in column.proposal.reasons} >= {"heading.name", "values.fit", "unit.same"}


def test_values_of_another_shape_overrule_the_heading(desk: Desk) -> None:
    """A column named 身長 that holds dates is no height."""
    column = desk.column("身長", ["2026/04/01", "2026/05/02", "2026/05/03"])

    assert column.proposal.placing is Placing.UNDECIDED


def test_another_unit_than_the_items_is_never_proposed_quietly(desk: Desk) -> None:
    """Weight in per cent is no weight."""
    column = desk.column("体重(%)", NUMBERS)

    assert column.suggested is Decision.NEEDS_CONFIRMATION
    assert all(one.confidence < 80 for one in (column.proposal, *column.alternatives))


def test_columns_without_names_follow_their_value(desk: Desk) -> None:
    """判定 and H/L belong to the value before them."""
    found = desk.draft(
        [("GOT", ["23", "30", "18"]), ("H/L", ["", "H", "L"]), ("判定", ["A", "B", "A"]), ("GPT", ["20", "21", "22"])]
    )

    places = [(one.proposal.target[:5], one.proposal.role) for one in found.columns]

    assert places == [("3B035", Role.VALUE), ("3B035", Role.FLAG), ("3B035", Role.JUDGEMENT), ("3B045", Role.VALUE)]


def test_no_target_is_taken_twice(desk: Desk) -> None:
    """The second of two equal columns says to whom it lost."""
    found = desk.draft([("体重", NUMBERS), ("体重", NUMBERS)])

    assert [one.proposal.placing for one in found.columns] == [Placing.MAP, Placing.UNDECIDED]
    assert [reason.code for reason in found.columns[1].proposal.reasons] == ["target.taken"]


def test_numbered_findings_are_joined(desk: Desk) -> None:
    """所見1 to 3 become one item."""
    cells = ["不整脈、右脚ブロック", "所見なし", "所見なし"]
    found = desk.draft([("心電図所見1", cells), ("心電図所見2", cells), ("心電図所見3", cells)])

    assert {one.proposal.target for one in found.columns} == {"9A110160800000049"}


def test_an_undecided_glucose_is_parted_by_the_column_beside_it(desk: Desk) -> None:
    """One value column, two items, and the words that decide."""
    found = desk.draft([("血糖", ["95", "120", "88"]), ("食後区分", ["空腹", "随時", "空腹"])])

    value, decider = found.columns
    assert (value.proposal.when_column, value.proposal.when_words, value.twins[0].when_words) == (
        2,
        ("空腹",),
        ("随時",),
    )
    assert {value.proposal.target, value.twins[0].target} == {"3D010000001927201", "3D010129901927201"}
    assert decider.proposal.placing is Placing.DECIDES


def test_glucose_alone_wants_a_persons_eye(desk: Desk) -> None:
    """The usual meaning is proposed, and said to be only that."""
    column = desk.column("血糖", ["95", "120", "88"])

    assert column.suggested is Decision.NEEDS_CONFIRMATION
    assert "heading.usual" in {reason.code for reason in column.proposal.reasons}


def test_white_cells_in_hundreds_get_a_factor_and_a_question(desk: Desk) -> None:
    """63 can only be 6300."""
    column = desk.column("白血球数", ["63", "58", "71", "49"])

    assert column.proposal.factor == "100"
    assert "values.hundreds" in {reason.code for reason in column.proposal.reasons}


@pytest.mark.parametrize(
    ("heading", "cells", "placing"),
    [
        ("前回_身長", NUMBERS, Placing.IGNORE), ("予備12", ["", "", ""], Placing.SPARE), ("予備12", ["x", "", ""], Placing.UNDECIDED),
        ("独自欄", ["", "", ""], Placing.WATCH), ("独自欄", ["あ", "い", "う"], Placing.UNDECIDED), ("端末番号", ["T1", "T2", "T1"], Placing.IGNORE),
        ("単位", ["cm", "cm", "cm"], Placing.IGNORE),
    ],
)  # fmt: skip
def test_columns_that_are_no_result_are_put_aside(desk: Desk, heading: str, cells: list[str], placing: Placing) -> None:
    """Earlier values, spare and unknown empty columns, the system's own; a spare column with values is not decided."""
    assert desk.column(heading, cells).proposal.placing is placing


def test_a_name_in_kana_is_the_kana_name(desk: Desk) -> None:
    """Whatever the heading calls it, the cells decide."""
    found = desk.draft({"氏名": ["星　空太", "緑　波"], "シメイ": ["ホシ　ソラタ", "ミドリ　ナミ"]})

    assert [one.proposal.target for one in found.columns] == ["person.name", "person.kana"]


def test_remarks_are_left_to_a_person(desk: Desk) -> None:
    """備考 is an item, and a place for notes that must not leave."""
    column = desk.column("備考", ["次回は午後", "特になし", "電話済"])

    assert (column.proposal.placing, column.suggested) == (Placing.UNDECIDED, Decision.NEEDS_CONFIRMATION)


def test_examples_are_masked_unless_they_are_our_words(desk: Desk) -> None:
    """A name, an id and a free text show their shape only; 男 and 女 may be read."""
    found = desk.draft(
        {
            "氏名": ["星　空太", "緑　波"],
            "性別": ["男", "女"],
            "メモ": ["父が A 型", "3月に来る"],
            "身長": ["165.5", "170"],
        }
    )

    assert [one.shape.examples for one in found.columns] == [
        ("漢　漢漢", "漢　漢"),
        ("男", "女"),
        ("漢カ A 漢", "9漢カ漢カ"),
        ("999.9", "999"),
    ]


def test_a_draft_never_shows_a_cell(items: ItemTable, words: WordList) -> None:
    """The canary: nothing of a planted name, id or remark is in any field of the draft, not even hidden from ``repr``."""
    planted = ["佐久良薫", "ZZ-448-1", "左足に金属"]
    text = "氏名,ID,備考\r\n" + ",".join(planted) + "\r\n" + ",".join(planted) + "\r\n"

    found = draft(io.BytesIO(text.encode()), items, words, institution="here", on=ON)

    shown = repr(found) + "".join(repr(one) + str(asdict(one)) for one in found.columns)
    assert not any(word in shown or word.casefold() in shown for word in planted)


def test_the_same_file_gives_the_same_draft(items: ItemTable, words: WordList) -> None:
    """Nothing depends on chance or on the order of dictionaries."""
    layout = unseen(items)[3]

    assert drafted(layout, items, words) == drafted(layout, items, words)


def test_only_the_first_rows_are_looked_at(items: ItemTable, words: WordList) -> None:
    """The bound on rows holds, whatever the file."""
    data = file_of(unseen(items)[1], items, 50)

    assert draft(io.BytesIO(data), items, words, institution="here", on=ON, rows=20).sampled_rows == 20


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", EmptyFile),
        ("身長,体重\r\n", NoRows),
        ("P1,星　空,1970/01/02,165.5\r\nP2,緑　波,1980/01/02,170.1\r\n", HeadingMissing),
    ],
)
def test_files_that_cannot_be_drafted_are_refused(desk: Desk, text: str, error: type[Exception]) -> None:
    """Nothing, headings only, or a person where headings should be."""
    with pytest.raises(error):
        desk.text(text)


def test_endless_columns_are_refused(desk: Desk) -> None:
    """100,000 headings are no list of results."""
    with pytest.raises(TooManyColumns):
        desk.text("x," * 100_000 + "\r\n" + "1," * 100_000 + "\r\n")


def test_long_cells_are_looked_at_from_the_front(desk: Desk) -> None:
    """A report in a cell costs no more than its beginning."""
    column = desk.column("心電図所見", ["不整脈、" * 50_000, "所見なし"])

    assert (column.proposal.target, column.shape.distinct) == ("9A110160800000049", 2)
    assert max(map(len, column.shape.examples)) <= 40


@given(st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_whatever_the_cells_a_draft_is_made_or_refused(desk: Desk, rows: list[list[str]]) -> None:
    """No error but our own, and confidences within their bounds."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["身長", "性別", "メモ"], *rows])
    try:
        found = desk.text(text.getvalue())
    except AkashiError:
        return

    assert all(0 <= one.proposal.confidence <= 99 for one in found.columns)


def test_every_reason_has_a_sentence_in_both_languages(items: ItemTable, words: WordList) -> None:
    """All reasons that the unseen layouts raise, and the words for placings and decisions."""
    reasons = {
        reason
        for layout in unseen(items)
        for column in drafted(layout, items, words).columns
        for proposal in (column.proposal, *column.alternatives)
        for reason in proposal.reasons
    }

    assert {reason.code for reason in reasons} <= REASONS.keys()
    assert all(sentence(reason, "ja") != sentence(reason, "en") for reason in reasons)
    assert PLACINGS.keys() == set(Placing)
    assert DECISIONS.keys() == set(Decision)


@pytest.mark.parametrize(
    ("text", "mask"), [("S43.1.1", "A99.9.9"), ("ﾎｼ ｿﾗ", "ｶｶ ｶｶ"), ("Ａ１", "A9"), ("①", "9"), ("", "")]
)
def test_masks_keep_lengths_and_classes(text: str, mask: str) -> None:
    """One sign for one sign."""
    assert masked(text) == mask
