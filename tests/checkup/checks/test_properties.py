"""What holds for any cells: no judge raises or speaks of a place it does not have; right values are never doubted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from akashi.checkup import FINDING_KINDS, ItemTable, Status
from akashi.checkup.cells.dates import read_date
from akashi.checkup.cells.numbers import NumberRule, read_digits, read_number
from akashi.checkup.cells.terms import read_text
from akashi.checkup.checks.cells import cell_findings, limits_of
from akashi.checkup.checks.identity import age_on, check_digit_fits, fiscal_year
from akashi.checkup.checks.measures import measure_checks
from akashi.checkup.checks.model import Judge
from akashi.checkup.checks.national import checks_for
from akashi.checkup.model import Outcome

ON = date(2026, 6, 1)
PATIENT = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ODD = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e9",
    "²",
    "１",
    "1_0",
    "所見なし",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "なし、",
    "9" * 40,
)
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
OUTCOMES = st.builds(
    Outcome, TEXTS, st.sampled_from(list(Status)), st.one_of(st.sampled_from(("", "1", "2", "²", "99999")), TEXTS),
    st.sampled_from(("", "<", "<=", ">=", ">")),
)  # fmt: skip
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@PATIENT
@given(st.data())
def test_no_judge_raises_and_each_speaks_of_its_cells(items: ItemTable, data: st.DataObject) -> None:
    """Foreign files hold anything; whatever a cell says, the answer is a known code at one of the wanted cells."""
    pool = data.draw(st.lists(OUTCOMES, min_size=12, max_size=12))

    for check in checks_for(items, "010", on=ON):
        said = check.judge(tuple(pool[: len(check.wanted)]))
        assert all(code in FINDING_KINDS and 0 <= at < len(check.wanted) for code, at in said), check.name


@PATIENT
@given(OUTCOMES)
def test_no_cell_raises(items: ItemTable, outcome: Outcome) -> None:
    """Numbers, codes and texts of any item."""
    for code in ("9N001000000000001", "9N736000000000011", "9A110160800000049", "unknown"):
        assert set(cell_findings(limits_of(items, code), outcome)) <= {"cell.range", "cell.bytes", "cell.answer"}


def bmi_judge(items: ItemTable) -> Judge:
    """The check of BMI."""
    return next(check.judge for check in measure_checks(items) if check.name == "bmi")


@PATIENT
@given(
    st.decimals(100, 220, places=3),
    st.decimals(30, 180, places=3),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 2),
)
def test_a_bmi_of_the_true_values_is_never_doubted(
    items: ItemTable, height: Decimal, weight: Decimal, tall: int, heavy: int, digits: int
) -> None:
    """However many digits the source rounds height, weight and BMI to, each for itself."""
    bmi = weight / (height / 100) ** 2
    shown = [
        str(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
        for value, places in ((height, tall), (weight, heavy), (bmi, digits))
    ]

    assert bmi_judge(items)(tuple(Outcome(text, Status.VALUE) for text in shown)) == ()


@PATIENT
@given(st.integers(1000, 2200), st.integers(300, 1800), st.integers(5, 300))
def test_a_bmi_beyond_tolerance_is_always_doubted(items: ItemTable, height: int, weight: int, off: int) -> None:
    """With one decimal each, half a unit of BMI (and more) is never taken for rounding."""
    bmi = weight / 10 / (height / 1000) ** 2
    assume(bmi < 60)
    texts = f"{height / 10:.1f}", f"{weight / 10:.1f}", f"{bmi + off / 10:.1f}"

    said = bmi_judge(items)(tuple(Outcome(text, Status.VALUE) for text in texts))

    assert [one.code for one in said] == ["bmi.differs"]


@given(st.from_regex(r"[0-9]{7,9}", fullmatch=True), st.integers(0, 9), st.data())
def test_one_wrong_digit_is_always_found(body: str, wrong: int, data: st.DataObject) -> None:
    """Exactly one last digit fits, and changing any one digit breaks it."""
    (number,) = [body + digit for digit in "0123456789" if check_digit_fits(body + digit)]
    place = data.draw(st.integers(0, len(number) - 1))
    assume(number[place] != str(wrong))

    assert not check_digit_fits(number[:place] + str(wrong) + number[place + 1 :])


@given(DAYS)
def test_a_fiscal_year_holds_its_days(day: date) -> None:
    """From 1 April to 31 March."""
    year = fiscal_year(day)

    assert date(year, 4, 1) <= day <= date(year + 1, 3, 31)


@given(DAYS, st.integers(0, 40_000))
def test_an_age_grows_by_one_on_each_birthday(birth: date, days: int) -> None:
    """It is the number of birthdays (29 February: on 1 March of other years) since birth."""
    day = birth + timedelta(days=days)
    assume(day.year <= 2200)
    birthdays = sum(
        1
        for year in range(birth.year + 1, day.year + 1)
        if (day.year, day.month, day.day) >= (year, birth.month, birth.day)
    )

    assert age_on(birth, day) == birthdays


RAW = {
    "ticket.number": st.from_regex(r"[0-9０-９]{10,12}", fullmatch=True),
    "visit.age": st.sampled_from(("", "", "45", "45歳")),
    "visit.date": DAYS.map(lambda day: f"{day:%Y%m%d}"),
    "person.birth": DAYS.map(lambda day: f"{day:%Y%m%d}"),
}
NUMBERS = st.one_of(
    st.decimals(0, 300, places=1).map(str), st.integers(0, 300).map(str),
    st.sampled_from(("1_65", "1e2", "nan", "inf", "-0", "１６５", "140以上", "<80", " 165.0 ", "1,650", "165cm", "H165")),
)  # fmt: skip
READERS = {
    "ticket.number": lambda text: read_digits(text, 11), "visit.age": read_text,
    "visit.date": lambda text: read_date(text, ON), "person.birth": lambda text: read_date(text, ON),
}  # fmt: skip


@settings(parent=PATIENT, max_examples=400)
@given(st.data())
def test_what_is_called_plain_is_what_the_judge_says_nothing_of(items: ItemTable, data: st.DataObject) -> None:
    """The shortcut of the compiled road: what it passes over, reading and judging would pass over too."""
    check = data.draw(st.sampled_from([one for one in checks_for(items, "010", on=ON) if one.plain is not None]))
    texts = [data.draw(st.one_of(RAW.get(one.target, NUMBERS), TEXTS)) for one in check.wanted]
    if check.name == "bmi" and data.draw(st.booleans()):
        height, weight = data.draw(st.integers(140, 190)), data.draw(st.integers(40, 110))
        texts = [str(height), str(weight), f"{weight / (height / 100) ** 2:.1f}"]
    if check.plain is None or not check.plain(*texts):
        return
    number = NumberRule()
    cells = [
        READERS.get(one.target, lambda raw: read_number(raw, number))(text)
        for one, text in zip(check.wanted, texts, strict=True)
    ]

    assert check.judge(tuple(cells)) == ()


@PATIENT
@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_the_shortcut_never_raises(items: ItemTable, texts: list[str]) -> None:
    """Whatever stands in the cells; six checks have one."""
    short = [one for one in checks_for(items, "010", on=ON) if one.plain is not None]

    assert len(short) == 6
    assert {type(one.plain(*texts[: len(one.wanted)])) for one in short if one.plain is not None} == {bool}


@given(DAYS, DAYS)
def test_the_age_at_the_end_of_the_fiscal_year_is_that_of_31_march(birth: date, visit: date) -> None:
    """Counted without a calendar, for every birthday."""
    assume(birth <= visit)
    year = fiscal_year(visit) + 1

    assert age_on(birth, date(year, 3, 31)) == year - birth.year - (birth.month > 3)
