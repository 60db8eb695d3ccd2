"""Every check with cells it lets pass and cells it speaks of. A check that cannot fail breaks the coverage test below."""

from __future__ import annotations

from datetime import date

import pytest

from akashi.checkup import ItemTable, Status
from akashi.checkup.checks.cells import cell_findings, limits_of
from akashi.checkup.checks.model import Check, Wanted
from akashi.checkup.checks.national import checks_for
from akashi.checkup.findings.checks import KINDS
from akashi.checkup.model import Outcome

ON = date(2026, 6, 1)
PROGRAM = "010"
NO = Outcome()


def said(text: str, coded: str = "") -> Outcome:
    """A value."""
    return Outcome(text, Status.VALUE, coded)


def bound(text: str, qualifier: str) -> Outcome:
    """A bound such as 10未満."""
    status = Status.BELOW if qualifier.startswith("<") else Status.ABOVE
    return Outcome(text, status, qualifier=qualifier)


FOUND, NOTHING = said("所見あり", "1"), said("所見なし", "2")
NOT_DONE, UNREAD = Outcome("未実施", Status.NOT_DONE), Outcome("？", Status.UNMATCHED, findings=("cell.term",))
TEN_HOURS, FOUR_HOURS, ONE_HOUR = said("食後10時間以上", "2"), said("3.5時間以上", "3"), said("3.5時間未満", "4")
ECG, CHEST = "pair.9A110160800000049", "pair.9N206160800000049"
FASTING_TG, CASUAL_TG = "draw.3F015000002327101", "draw.3F015129902327101"
FASTING_SUGAR, CASUAL_SUGAR = "draw.3D010000001926101", "draw.3D010129901926101"
PRESSURES = ("pressure.9A751000000000001", "pressure.9A752000000000001", "pressure.9A755000000000001")
MEDICINE, REASON = "pair.9N701167000000049", "pair.9N701167100000049"
CREATININE = said("0.80")

# (check, cells, code and place of what is said)
CASES: tuple[tuple[str, tuple[Outcome, ...], tuple[tuple[str, int], ...]], ...] = (
    (ECG, (FOUND, said("不整脈"), NO), ()),
    (ECG, (FOUND, NO, said("不整脈")), ()),
    (ECG, (FOUND, NO, NO), (("flag.text_missing", 0),)),
    (ECG, (FOUND, NOT_DONE, NO), ()),
    (ECG, (FOUND, said("所見なし"), NO), (("flag.contradicts", 0),)),
    (ECG, (FOUND, said("特に無し"), NO), (("flag.contradicts", 0),)),
    (ECG, (FOUND, said("所見なし、異常なし"), NO), (("flag.contradicts", 0),)),
    (ECG, (NOTHING, said("所見なし、異常なし"), NO), ()),
    (ECG, (FOUND, said("聴力低下なし、耳鳴"), NO), ()),
    (ECG, (NOTHING, NO, NO), ()),
    (ECG, (NOTHING, said("異常なし"), NO), ()),
    (ECG, (NOTHING, said("不整脈"), NO), (("flag.contradicts", 0),)),
    (ECG, (NO, said("不整脈"), NO), (("flag.missing", 1),)),
    (ECG, (NO, NO, NO), ()),
    (ECG, (NOT_DONE, said("妊娠中"), NO), ()),
    (ECG, (UNREAD, said("不整脈"), NO), ()),
    (CHEST, (said("要再撮影", "3"), said("体動あり"), NO), ()),
    (CHEST, (said("要再撮影", "3"), NO, NO), (("flag.text_missing", 0),)),
    (CHEST, (NOTHING, said("陳旧性陰影"), NO), (("flag.contradicts", 0),)),
    ("pair.9N561000000000011", (said("介護予防事業の利用が望ましい", "1"), NO, NO), ()),
    ("pair.9N561000000000011", (said("不適当", "2"), NO, NO), (("flag.text_missing", 0),)),
    ("pair.9N561000000000011", (said("低下なし", "3"), said("すべて", "1"), NO), (("flag.contradicts", 0),)),
    (MEDICINE, (said("はい", "1"), said("架空錠"), NO), ()),
    (MEDICINE, (said("はい", "1"), NO, NO), (("flag.medicine", 0),)),
    (MEDICINE, (said("いいえ", "2"), said("架空錠"), NO), (("flag.contradicts", 0),)),
    (MEDICINE, (NO, said("架空錠"), NO), (("flag.missing", 1),)),
    (REASON, (said("はい", "1"), NO, NO), ()),
    (FASTING_TG, (TEN_HOURS, said("110")), ()),
    (FASTING_TG, (NO, NO), ()),
    (FASTING_TG, (ONE_HOUR, NOT_DONE), ()),
    (FASTING_TG, (FOUR_HOURS, said("110")), (("draw.fasting", 1),)),
    (FASTING_TG, (ONE_HOUR, bound("10未満", "<")), (("draw.fasting", 1),)),
    (FASTING_TG, (NO, said("110")), (("draw.missing", 1),)),
    (CASUAL_TG, (FOUR_HOURS, said("110")), ()),
    (CASUAL_TG, (ONE_HOUR, said("110")), ()),
    (CASUAL_TG, (TEN_HOURS, said("110")), (("draw.casual", 1),)),
    (FASTING_SUGAR, (TEN_HOURS, said("96")), ()),
    (FASTING_SUGAR, (ONE_HOUR, said("96")), (("draw.fasting", 1),)),
    (CASUAL_SUGAR, (ONE_HOUR, said("96")), ()),
    (CASUAL_SUGAR, (TEN_HOURS, said("96")), (("draw.casual", 1),)),
    (CASUAL_SUGAR, (UNREAD, said("96")), ()),
    ("egfr", (said("対象者", "1"), said("75.0"), CREATININE, NO), ()),
    ("egfr", (said("対象者", "1"), NOT_DONE, CREATININE, NO), ()),
    ("egfr", (said("対象者", "1"), NO, NO, CREATININE), (("item.egfr", 1),)),
    ("egfr", (said("詳細以外", "0"), NO, CREATININE, NO), ()),
    ("egfr", (said("対象者", "1"), NO, NO, NO), ()),
    ("bmi", (said("165.5"), said("62.3"), said("22.7")), ()),
    ("bmi", (said("165.5"), said("62.3"), said("22.9")), ()),
    ("bmi", (said("165.5"), said("62.3"), said("23.1")), (("bmi.differs", 2),)),
    ("bmi", (said("165.5"), said("62.3"), said("22")), (("bmi.differs", 2),)),
    ("bmi", (said("166"), said("62"), said("22")), ()),
    ("bmi", (said("1.655"), said("62.3"), said("22.7")), (("bmi.differs", 2),)),
    ("bmi", (said("0"), said("62.3"), said("22.7")), ()),
    ("bmi", (said("165.5"), bound("20未満", "<"), said("22.7")), ()),
    ("bmi", (said("165.5"), NO, said("22.7")), ()),
    *((name, (said("124"), said("76")), ()) for name in PRESSURES),
    *((name, (said("76"), said("76")), (("pressure.order", 0),)) for name in PRESSURES),
    *((name, (said("76"), said("124")), (("pressure.order", 0),)) for name in PRESSURES),
    (PRESSURES[0], (said("124"), NOT_DONE), ()),
    (PRESSURES[0], (said("nan"), said("76")), ()),
    ("insurer", (said("01130012"),), ()),
    ("insurer", (said("01130013"),), (("number.check_digit", 0),)),
    ("insurer", (said("06480017"),), (("number.prefecture", 0),)),
    ("insurer", (said("130012"),), (("cell.digits", 0),)),
    ("insurer", (said("０１１３００１２"),), (("cell.digits", 0),)),
    ("insurer", (Outcome("13-0012", Status.UNMATCHED, findings=("cell.digits",)),), ()),
    ("insurer", (NO,), ()),
    ("branch", (said("01"),), ()),
    ("branch", (said("1"),), (("cell.digits", 0),)),
    ("ticket", (said("26100000001"),), ()),
    ("ticket", (said("2610000001"),), (("cell.digits", 0),)),
    ("institution", (said("6631111116"),), ()),
    ("institution", (said("6631111117"),), (("number.check_digit", 0),)),
    ("institution", (said("663111111"),), (("cell.digits", 0),)),
    ("year", (said("2026-04-01"),), ()),
    ("year", (said("2027-03-31"),), ()),
    ("year", (said("2026-03-31"),), (("visit.year", 0),)),
    ("year", (said("2027-04-01"),), (("visit.year", 0),)),
    ("year", (said("2026-02-30"),), ()),
    ("age", (said("2026-05-16"), said("1980-05-16"), said("46")), ()),
    ("age", (said("2026-05-16"), said("1980-05-17"), said("45歳")), ()),
    ("age", (said("2026-05-16"), said("1980-05-17"), said("46")), ()),
    ("age", (said("2026-05-16"), said("1980-05-16"), said("47")), (("visit.age_differs", 2),)),
    ("age", (said("2026-05-16"), said("2026-05-17"), NO), (("visit.before_birth", 0),)),
    ("age", (said("2026-05-16"), said("1987-04-01"), NO), (("visit.age", 1),)),
    ("age", (said("2026-05-16"), said("1987-03-31"), NO), ()),
    ("age", (said("2026-05-16"), said("1951-05-17"), NO), ()),
    ("age", (said("2026-05-16"), said("1951-05-16"), NO), (("visit.age", 1),)),
    ("age", (said("2026-05-16"), UNREAD, said("46")), ()),
    ("required.9N001000000000001", (said("165.5"),), ()),
    ("required.9N001000000000001", (NOT_DONE,), ()),
    ("required.9N001000000000001", (NO,), (("item.required", 0),)),
    ("one_of.G", (NO, said("23")), ()),
    ("one_of.G", (NO, NOT_DONE), ()),
    ("one_of.G", (NO, NO), (("item.one_of", 0),)),
    ("one_of.b/c/d", (NO,) * 12, (("item.one_of", 0),)),
    ("one_of.b/c/d", (*(NO,) * 11, said("5.6")), ()),
)  # fmt: skip


def named(items: ItemTable) -> dict[str, Check]:
    """All checks of 特定健診 by name."""
    return {check.name: check for check in checks_for(items, PROGRAM, on=ON)}


def test_each_check_says_what_the_table_says(items: ItemTable) -> None:
    """Passing and failing cells, check by check."""
    checks = named(items)

    wrong = [
        (name, number)
        for number, (name, cells, expected) in enumerate(CASES)
        if tuple(map(tuple, checks[name].judge(cells))) != expected or len(cells) != len(checks[name].wanted)
    ]

    assert wrong == []


def test_each_kind_of_check_has_a_passing_and_a_failing_case(items: ItemTable) -> None:
    """And no kind stands outside the table."""
    kinds = {name.split(".")[0] for name in named(items)}

    assert {name.split(".")[0] for name, _cells, expected in CASES if expected} == kinds
    assert {name.split(".")[0] for name, _cells, expected in CASES if not expected} == kinds


def test_each_code_about_cells_is_said_somewhere() -> None:
    """Codes of columns and persons are said elsewhere (test_columns, test_persons)."""
    codes = {kind.code for kind in KINDS if not kind.code.startswith(("column.", "persons."))}

    assert {code for _name, _cells, expected in CASES for code, _at in expected} == codes | {"cell.digits"}


def test_every_pair_of_the_national_table_can_fail_both_ways(items: ItemTable) -> None:
    """29 pairs: a text without a flag is always said; an answer that claims a finding asks for a text (but for reasons)."""
    checks = [check for name, check in named(items).items() if name.startswith(("pair.9", "pair.1A"))]
    national = [check for check in checks if len(items.items[check.wanted[1].target].code) == 17]
    answers = [
        [said(label, code) for code, label in items.labels(check.wanted[0].target).items()] for check in national
    ]

    lonely = [check.judge((NO, said("架空"), NO)) for check in national]
    silent = [
        check.name
        for check, choices in zip(national, answers, strict=True)
        if not any(check.judge((choice, NO, NO)) for choice in [*choices, said("その他", "5")])
    ]

    assert len(items.dependents()) >= 29
    assert all(found == (("flag.missing", 1),) for found in lonely)
    assert [name for name in silent if not name.endswith("167100000049")] == []


@pytest.mark.parametrize(
    ("code", "outcome", "expected"),
    [
        ("9N001000000000001", said("100"), ()),
        ("9N001000000000001", said("99.9"), ("cell.range",)),
        ("9N001000000000001", said("250.1"), ("cell.range",)),
        ("9N001000000000001", bound("99未満", "<"), ("cell.range",)),
        ("9N001000000000001", NOT_DONE, ()),
        ("9N001000000000001", Outcome("300", Status.VALUE, findings=("cell.range",)), ()),
        ("9N001000000000001", Outcome("３００", Status.UNMATCHED), ()),
        ("9N121000000000001", said("900"), ()),
        ("9N736000000000011", said("以前", "2"), ()),
        ("9N736000000000011", said("ときどき", "4"), ("cell.answer",)),
        ("9N736000000000011", UNREAD, ()),
        ("9A110160800000049", said("字" * 128), ()),
        ("9A110160800000049", said("字" * 128 + "a"), ("cell.bytes",)),
        ("9A110160800000049", said("ｱ" * 256), ()),
        ("9N211161100000049", said("2026-05-16"), ()),
        ("9N211161100000049", said("2026/05/16"), ("cell.bytes",)),
        ("no such item", said("字" * 900), ()),
    ],
)
def test_a_cell_is_held_to_its_item(items: ItemTable, code: str, outcome: Outcome, expected: tuple[str, ...]) -> None:
    """Range, answers, bytes counted 2 and 1; what the reader has said is not said again."""
    assert cell_findings(limits_of(items, code), outcome) == expected


def test_answers_of_another_table_are_held_to_that_table(items: ItemTable) -> None:
    """A 3rd-term document names its own answers of smoking (はい, いいえ), which have no code 3."""
    old = limits_of(items, "9N736000000000011", "1.2.392.200119.6.2003")

    assert cell_findings(old, said("いいえ", "2")) == ()
    assert cell_findings(old, said("いいえ", "3")) == ("cell.answer",)


def test_every_answer_that_claims_a_finding_is_an_answer(items: ItemTable) -> None:
    """What the table calls abnormal must not be refused by the check of answers (draw time still names a 3rd-term code)."""
    odd = {
        code
        for code, item in items.items.items()
        if item.abnormal and item.abnormal.lstrip("=!>") not in items.labels(code)
    }

    assert odd <= {"9N141000000000011"}


def test_checks_name_places_that_exist(items: ItemTable) -> None:
    """Each wanted cell is an item of the table or a field; each finding points at one of them."""
    for check in checks_for(items, "030", on=ON):
        assert all(isinstance(cell, Wanted) for cell in check.wanted)
        assert all("." in cell.target or cell.target in items.items for cell in check.wanted)
