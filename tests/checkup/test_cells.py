"""Reading cells: every form of real files, never an exception, and standard texts stay as they are."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup.cells.dates import parse_date, read_date
from akashi.checkup.cells.fold import fold, key, width
from akashi.checkup.cells.kinds import KINDS, CellRule, reader, unchanged
from akashi.checkup.cells.numbers import NumberRule, number_reader, read_digits, read_graded, read_hearing, read_number
from akashi.checkup.cells.terms import (
    read_absence,
    read_code,
    read_findings,
    read_judgement,
    read_kana,
    read_name,
    read_sex,
    read_text,
)
from akashi.checkup.model import Outcome, Status

ON = date(2026, 6, 1)
MESS = st.text(
    alphabet="0123456789０１９．.,+-－±（）()AＣc未満以上下実施測定不能要受診年月日SR令和/、 　ｷﾔﾝｾﾙ=@\n\x00①²",
    max_size=14,
)
LABELS = {"1": "はい", "2": "いいえ"}


def rule(kind: str) -> CellRule:
    """A rule as a map would give it."""
    table = {"a": "異常なし"} if kind == "judgement" else {key("有"): "1"} if kind == "code" else None
    return CellRule(on=ON, table=table, labels=LABELS if kind == "code" else {}, digits=8 if kind == "digits" else 0)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(text=st.one_of(MESS, st.text(max_size=20)))
def test_no_reader_ever_raises_and_reading_again_changes_nothing(kind: str, text: str) -> None:
    """Whatever the text, a reader answers; its standard text is a fixed point."""
    read = reader(kind, rule(kind))

    first = read(text)

    assert read(first.standard).standard == first.standard


@pytest.mark.parametrize(
    ("text", "standard", "status", "qualifier"),
    [
        ("63", "63", Status.VALUE, ""), ("１２．５", "12.5", Status.VALUE, ""), ("6,300", "6300", Status.VALUE, ""),
        ("007.50", "7.50", Status.VALUE, ""), (".5", "0.5", Status.VALUE, ""), ("-0", "0", Status.VALUE, ""),
        ("－５", "-5", Status.VALUE, ""), ("0.1未満", "0.1未満", Status.BELOW, "<"),
        ("1.005以下", "1.005以下", Status.BELOW, "<="), ("３５未満", "35未満", Status.BELOW, "<"),
        ("500以上", "500以上", Status.ABOVE, ">="), ("≧500", "500以上", Status.ABOVE, ">="),
        ("<0.1", "0.1未満", Status.BELOW, "<"), ("＞９", "9超", Status.ABOVE, ">"),
        ("ｷﾔﾝｾﾙ", "未実施", Status.NOT_DONE, ""), ("キャンセル", "未実施", Status.NOT_DONE, ""),
        ("測定不能", "測定不能", Status.UNMEASURABLE, ""), ("　", "", Status.EMPTY, ""),
    ],
)  # fmt: skip
def test_numbers_of_every_form(text: str, standard: str, status: Status, qualifier: str) -> None:
    """Widths, thousands, signs, bounds and absences become one spelling and a status."""
    outcome = read_number(text, NumberRule())

    assert (outcome.standard, outcome.status, outcome.qualifier, outcome.findings) == (standard, status, qualifier, ())


@pytest.mark.parametrize("text", ["10²", "①", "1,2", "12-3", "なし", "1e5", "0x1F", "H", "--5", "1.2.3"])
def test_a_text_that_only_resembles_a_number_stays_verbatim(text: str) -> None:
    """Superscripts, wrong thousands and words are never read as digits."""
    outcome = read_number(text, NumberRule())

    assert (outcome.standard, outcome.status) == (text, Status.UNMATCHED)
    assert outcome.findings[0] in {"cell.number", "cell.unit"}


def test_the_unit_is_taken_off_only_where_it_is_the_maps_unit() -> None:
    """170cm under cm is 170; 1.7m is an error and is not converted."""
    assert read_number("170ｃｍ", NumberRule(unit="cm")).standard == "170"
    assert read_number("0.1mg/dl未満", NumberRule(unit="mg/dl")).qualifier == "<"
    assert read_number("1.7m", NumberRule(unit="cm")) == Outcome("1.7m", Status.UNMATCHED, findings=("cell.unit",))


def test_a_flag_behind_the_number_is_kept_as_given() -> None:
    """130H is 130 with flag H; without a flag none is made up."""
    assert (read_number("130H", NumberRule()).standard, read_number("130H", NumberRule()).flag) == ("130", "H")
    assert read_number("130", NumberRule(low="0", high="100")).flag == ""


@pytest.mark.parametrize(
    ("text", "factor", "standard"), [("63", "100", "6300"), ("6.3", "1000", "6300"), ("63", "0.1", "6.3")]
)
def test_only_the_maps_factor_scales(text: str, factor: str, standard: str) -> None:
    """White cells written in hundreds are scaled exactly."""
    assert read_number(text, NumberRule(factor=factor)).standard == standard


@pytest.mark.parametrize(("text", "inside"), [("100", True), ("99.9", False), ("250", True), ("250.1", False)])
def test_the_input_range_includes_its_ends(text: str, *, inside: bool) -> None:
    """A value outside the input range is kept and marked."""
    outcome = read_number(text, NumberRule(low="100", high="250"))

    assert outcome.standard == text
    assert outcome.findings == (() if inside else ("cell.range",))


def test_too_many_decimals_are_kept_and_said() -> None:
    """Digits are never cut."""
    assert read_number("1.25", NumberRule(decimals=1)) == Outcome("1.25", Status.VALUE, findings=("cell.decimals",))


@pytest.mark.parametrize(
    ("text", "grade"),
    [("（－）", "－"), ("-", "－"), ("ー", "－"), ("（±）", "±"), ("+-", "±"), ("（＋）", "＋"), ("1+", "＋"), ("2+", "＋＋"),
     ("（＋＋＋）", "＋＋＋"), ("（４＋）", "＋＋＋＋")],
)  # fmt: skip
def test_graded_results_of_every_form(text: str, grade: str) -> None:
    """Parentheses, widths and counts become the signs of answer table 2102."""
    assert read_graded(text).standard == grade


def test_a_grade_beyond_the_answer_table_gets_no_code() -> None:
    """４＋ is not rounded down to ＋＋＋."""
    read = reader("graded", CellRule(on=ON, labels={"1": "－", "5": "＋＋＋"}))

    assert read("3+").coded == "5"
    assert read("4+") == Outcome("＋＋＋＋", Status.UNMATCHED, findings=("cell.term",))


@pytest.mark.parametrize(
    ("text", "standard"), [("-5", "-5"), ("２５", "25"), ("所見なし", "所見なし"), ("異常なし", "所見なし")]
)
def test_hearing_as_level_or_word(text: str, standard: str) -> None:
    """Decibels may be negative; words are unified."""
    assert read_hearing(text, coded=False).standard == standard


def test_hearing_1_and_2_are_ambiguous_unless_the_map_says_codes() -> None:
    """1 dB and code 1 look the same: only the map can tell."""
    assert read_hearing("1", coded=False).findings == ("cell.hearing",)
    assert read_hearing("1", coded=True) == Outcome("所見あり", Status.VALUE, "1")
    assert read_hearing("2", coded=True) == Outcome("所見なし", Status.VALUE, "2")


@pytest.mark.parametrize(
    ("text", "digits", "standard", "findings"),
    [("01234567", 8, "01234567", ()), ("1234567", 8, "01234567", ("cell.dropped_zero",)), ("0", 2, "00", ("cell.dropped_zero",)),
     ("00", 2, "00", ()), ("１２", 2, "12", ()), ("123", 2, "123", ("cell.digits",)), ("12a", 8, "12a", ("cell.digits",)), ("", 8, "", ())],
)  # fmt: skip
def test_identifying_numbers_get_their_dropped_zeros_back(
    text: str, digits: int, standard: str, findings: tuple[str, ...]
) -> None:
    """A zero lost in a spreadsheet is restored and said; anything else is only said."""
    outcome = read_digits(text, digits)

    assert (outcome.standard, outcome.findings) == (standard, findings)


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026/5/16", "2026-05-16"), ("20260516", "2026-05-16"), ("S430101", "1968-01-01"), ("令和8年5月16日", "2026-05-16"),
     ("令和元年5月1日", "2019-05-01"), ("R08.05.16", "2026-05-16"), ("２０２６年５月１６日", "2026-05-16"),
     ("2026/5/10 0:00:00", "2026-05-10"), ("2026-05-10 00:00", "2026-05-10"), ("昭和64年1月7日", "1989-01-07"), ("H010108", "1989-01-08")],
)  # fmt: skip
def test_dates_of_every_form(text: str, day: str) -> None:
    """Western and era dates become ISO 8601."""
    assert read_date(text, ON).standard == day


@pytest.mark.parametrize(
    "text", ["20260230", "S650101", "H010107", "R000101", "26/5/16", "16/5/2026", "46158", "平成元年", "2026/13/1"]
)
def test_what_is_no_date_stays_verbatim(text: str) -> None:
    """Days the calendar or the era lacks are not bent into other days."""
    assert parse_date(text) is None
    assert read_date(text, ON).findings == ("cell.date",)


@given(st.dates(date(1868, 1, 25), date(2026, 6, 1)))
def test_iso_dates_come_back(day: date) -> None:
    """Every day since Meiji in ISO form is itself."""
    assert read_date(day.isoformat(), ON) == Outcome(day.isoformat(), Status.VALUE)


def test_a_date_after_the_day_of_conversion_is_said() -> None:
    """The day itself is fine, the next is not."""
    assert read_date("2026-06-01", ON).findings == ()
    assert read_date("2026-06-02", ON).findings == ("cell.date_future",)


@pytest.mark.parametrize(("text", "standard"), [("Ａ", "A"), ("Ｃ６", "C6"), ("Ｃ１２", "C12"), ("d2", "D2")])
def test_judgements_without_a_table_are_only_folded(text: str, standard: str) -> None:
    """No meaning is given to a letter whose institution has no table."""
    assert read_judgement(text, None).standard == standard


def test_judgements_follow_the_institutions_table_alone() -> None:
    """A letter outside the table stays verbatim; a standard word is accepted."""
    table = {"c6": "要再検査（6か月）"}

    assert read_judgement("Ｃ６", table) == Outcome("要再検査（6か月）", Status.VALUE, "C6")
    assert read_judgement("Ｚ", table) == Outcome("Ｚ", Status.UNMATCHED, findings=("cell.judgement",))


@pytest.mark.parametrize(
    ("text", "standard", "advice"),
    [("胆石/脂肪肝/", "胆石、脂肪肝", ""), ("胆石、脂肪肝", "胆石、脂肪肝", ""), ("胆石 脂肪肝", "胆石、脂肪肝", ""), ("不整脈 要受診", "不整脈", "要受診"),
     ("異常(所見)なし", "所見なし", ""), ("異常なし/", "所見なし", ""), ("要受診", "要受診", ""), ("a 要受診 要治療", "a", "要受診、要治療")],
)  # fmt: skip
def test_finding_lists_are_joined_and_judgement_words_taken_off(text: str, standard: str, advice: str) -> None:
    """Slash, comma and space part a list; a trailing judgement word is not a finding."""
    outcome = read_findings(text)

    assert (outcome.standard, outcome.advice) == (standard, advice)


def test_spaces_part_a_list_only_where_the_map_lets_them() -> None:
    """Some institutions write spaces inside one finding."""
    assert read_findings("S状結腸 ポリープ", spaces=False).standard == "S状結腸 ポリープ"


@pytest.mark.parametrize(("text", "code"), [("男", "1"), ("M", "1"), ("１", "1"), ("女性", "2"), ("F", "2")])
def test_sex_of_every_form(text: str, code: str) -> None:
    """Word, letter or code."""
    assert read_sex(text).coded == code


def test_an_unknown_sex_is_not_guessed() -> None:
    """3 is no sex."""
    assert read_sex("3").findings == ("cell.sex",)


def test_codes_come_from_the_map_first_then_from_labels() -> None:
    """The map's words win over the answer table; unknown words stay verbatim."""
    labels = {"1": "はい", "2": "いいえ"}

    assert read_code("喫煙", {"喫煙": "1"}, labels) == Outcome("はい", Status.VALUE, "1")
    assert read_code("2", {"2": "1"}, labels).coded == "1"
    assert read_code("いいえ", {}, labels).coded == "2"
    assert read_code("ときどき", {}, labels) == Outcome("ときどき", Status.UNMATCHED, findings=("cell.term",))
    assert read_code("未実施", {}, labels).status is Status.NOT_DONE


def test_a_text_that_is_one_answers_label_and_anothers_code_is_not_guessed() -> None:
    """Scheie grades are numbered one lower than their codes: 「１」 may mean either, unless the map's table decides."""
    labels = {"1": "0", "2": "１", "3": "２"}

    assert read_code("１", {}, labels) == Outcome("１", Status.UNMATCHED, findings=("cell.term",))
    assert read_code("1", {"1": "2"}, labels) == Outcome("１", Status.VALUE, "2")
    assert read_code("0", {}, labels).coded == "1"
    assert read_code("3", {}, labels).coded == "3"


def test_names_are_never_folded() -> None:
    """髙 and 﨑 stay; only spaces are unified."""
    assert read_name(" 髙橋 﨑田 ").standard == "髙橋　﨑田"


def test_kana_becomes_full_width() -> None:
    """Half-width kana is spelled out; other signs are said."""
    assert read_kana("ﾔﾏﾀﾞ ﾀﾛｳ") == Outcome("ヤマダ　タロウ", Status.VALUE)
    assert read_kana("やまだ").findings == ("cell.kana",)


def test_free_text_keeps_its_signs() -> None:
    """Circled digits and half-width kana in free text are not folded; line breaks are said."""
    assert read_text("①ｶﾅ") == Outcome("①ｶﾅ", Status.VALUE)
    assert read_text("a\nb") == Outcome("a b", Status.VALUE, findings=("cell.control",))


def test_absence_is_found_only_as_the_whole_cell() -> None:
    """A sentence about a cancelled test is a text."""
    assert read_absence("本人の希望により中止した検査あり") is None
    assert read_absence("中止") == Outcome("未実施", Status.NOT_DONE)


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folding is a projection, and so is key."""
    assert fold(fold(text)) == fold(text)
    assert key(key(text)) == key(text)


def test_an_outcome_never_shows_its_text() -> None:
    """Its repr is safe to log."""
    assert "165" not in repr(read_number("165", NumberRule()))


@given(st.text(alphabet="aｱ漢1", max_size=20))
def test_width_counts_two_for_full_width(text: str) -> None:
    """The same count as the length in CP932."""
    assert width(text) == len(text.encode("cp932"))


@given(
    st.one_of(
        st.text(alphabet="01aZ-　éホし漢ー\u3099", max_size=9),
        st.from_regex("[0-9]{3}-[0-9]{4}|[0-9]{8}", fullmatch=True),
    ),
    st.sampled_from(["text", "digits", "date", "number", "postal", "name", "kana"]),
    st.integers(1, 20),
)
def test_the_shortcut_for_plain_texts_agrees_with_the_reader(text: str, kind: str, max_bytes: int) -> None:
    """What counts as unchanged really is what the reader would give, without a finding, and short enough."""
    pattern = unchanged(kind, 8, max_bytes)
    taken = pattern is not None and re.fullmatch(pattern, text) is not None

    outcome = reader(kind, rule(kind))(text)

    assert not taken or (outcome == Outcome(text, Status.VALUE) and width(text) <= max_bytes)


@given(
    st.from_regex(
        "[0-9]{0,4}(\\.[0-9]{0,4})?(未満|以上|mg/dl|H)?|[０-９]{1,3}|未実施|[-+<]?[0-9]{1,3}", fullmatch=True
    ),
    st.sampled_from([NumberRule(), NumberRule("mg/dl", "1", "10", "600", 1), NumberRule("", "100", "", "50")]),
)
def test_the_quick_reader_of_numbers_reads_like_the_slow_one(text: str, limits: NumberRule) -> None:
    """Whatever the range, decimals and factor."""
    assert number_reader(limits)(text) == read_number(text, limits)
