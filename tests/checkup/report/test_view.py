"""What is shown of a person: everything that was given, once, and nothing of our own."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import FormatDefinition, ItemTable, NeutralRecord, Status, SubmissionContext, hc08_document
from akashi.checkup.fhir.people import DocumentContext
from akashi.checkup.fhir.writer import write_bundle
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.readers.opening import read_any
from akashi.checkup.report.people import gather
from akashi.checkup.report.view import MOST_VISITS, Cell, PersonView, person_view, remarks
from akashi.checkup.writers.fkac import write_fkac522
from akashi.checkup.writers.jma import write_jma
from akashi.checkup.writers.standard_records import write_standard
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW
from tests.checkup.report.samples import ECG, GLUCOSE, HEIGHT, URINE, record, result
from tests.checkup.strategies import records

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def cells(view: PersonView) -> dict[str, list[Cell | None]]:
    """Item name -> what each visit says."""
    return {row.name: list(row.cells) for section in view.sections for row in section.rows}


def only(view: PersonView) -> Cell:
    """The one cell of a view."""
    ((cell,),) = cells(view).values()
    assert cell is not None
    return cell


@FEW
@given(data=st.data())
def test_every_result_is_shown_once(items: ItemTable, data: st.DataObject) -> None:
    """As many cells as results, each with what was given: flag, judgement, text."""
    made = data.draw(records(items))
    view = person_view([made], items)
    shown = [cell for section in view.sections for row in section.rows for cell in row.cells]

    assert len(shown) == len(made.items)
    for name in ("flag", "judgement", "text"):
        given_texts = sorted(getattr(one, name) for one in made.items)
        assert sorted(getattr(cell, name) for cell in shown if cell is not None) == given_texts


@FEW
@given(data=st.data())
def test_items_stand_in_the_order_of_the_table(items: ItemTable, data: st.DataObject) -> None:
    """By category, then by place; each category has one section."""
    view = person_view([data.draw(records(items))], items)
    titles = [section.title for section in view.sections]
    categories = list(dict.fromkeys(item.category for item in items.items.values()))
    places = list(items.items)

    assert titles == [category for category in categories if category in titles]
    for section in view.sections:
        codes = [places.index(row.code) for row in section.rows]
        assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("status", "qualifier", "standard", "ja", "en"),
    [
        (Status.VALUE, "", "95", "95", "95"),
        (Status.NOT_DONE, "", "未実施", "未実施", "not done"),
        (Status.UNMEASURABLE, "", "測定不能", "測定不能", "not measurable"),
        (Status.BELOW, "<", "0.1未満", "0.1未満", "< 0.1"),
        (Status.ABOVE, ">=", "300以上", "300以上", ">= 300"),
        (Status.EMPTY, "", "", "", ""),
    ],
)
def test_a_status_is_said_in_words(
    items: ItemTable, status: Status, qualifier: str, standard: str, ja: str, en: str
) -> None:
    """What was not done or not measured is no blank, and a bound keeps its word."""
    made = record(result(GLUCOSE, standard, status=status, qualifier=qualifier, original="", judgement="C"))

    assert [only(person_view([made], items, language)).value for language in ("ja", "en")] == [ja, en]


@pytest.mark.parametrize("status", [Status.NOT_DONE, Status.UNMEASURABLE])
def test_what_was_not_measured_has_no_unit(items: ItemTable, status: Status) -> None:
    """Its words stand alone; the unit of the item is the row's."""
    view = person_view([record(result(GLUCOSE, status=status, unit="mg/dl"))], items)

    assert (only(view).unit, view.sections[0].rows[0].unit) == ("", "mg/dl")


def test_what_nobody_understood_is_shown_as_it_was(items: ItemTable) -> None:
    """The source's own text, marked so."""
    cell = only(person_view([record(result(URINE, "たぶん", status=Status.UNMATCHED))], items))

    assert (cell.value, cell.verbatim, remarks(cell, "ja")) == ("たぶん", True, ["（原文）"])


def test_a_value_beyond_its_range_gets_no_mark(items: ItemTable) -> None:
    """Only the source's marks are marks, even where they contradict its range."""
    plain = only(person_view([record(result(GLUCOSE, "400", low="70", high="99"))], items))
    wrong = only(person_view([record(result(GLUCOSE, "400", low="70", high="99", flag="N"))], items))

    assert (plain.flag, plain.range, wrong.flag) == ("", "70～99", "N")


@pytest.mark.parametrize(("low", "high", "shown"), [("70", "", "70～"), ("", "99", "～99"), ("", "", "")])
def test_a_range_with_one_end_is_shown_with_one(items: ItemTable, low: str, high: str, shown: str) -> None:
    """Nothing is filled in, least of all from the item table."""
    assert only(person_view([record(result(HEIGHT, "165", low=low, high=high))], items)).range == shown


def test_a_judgement_is_shown_as_given_with_its_meaning(items: ItemTable) -> None:
    """The letter of the institution, and what its own table says it means."""
    made = record(result(HEIGHT, "165", judgement="C6", judgement_standard="要再検査（6か月）"))

    assert only(person_view([made], items)).judgement == "C6（要再検査（6か月））"


def test_a_doctor_is_named_once(items: ItemTable) -> None:
    """Where the record has the name as an item of its own, the judgement does not repeat it; a different name stands there."""
    code, name = next((code, item.author_item) for code, item in items.items.items() if item.author_item)
    judged = result(code, "異常なし", performer="架空　医師")
    both = person_view([record(judged, result(name, "架空　医師"))], items)
    other = person_view([record(judged)], items)

    assert [cell.doctor for row in cells(both).values() for cell in row if cell] == ["", ""]
    assert only(other).doctor == "架空　医師"


def test_what_the_table_lacks_stands_at_the_end(items: ItemTable) -> None:
    """Unknown codes, and known codes of somebody else's system, under their own name."""
    made = record(
        result("ZZZ", "あ", name="謎の検査"),
        result(HEIGHT, "い", name="別の身長", system="1.2.3"),
        result(HEIGHT, "165"),
    )
    view = person_view([made], items)

    assert [section.title for section in view.sections] == ["身体計測", "項目表にない項目"]
    assert sorted(row.name for row in view.sections[1].rows) == ["別の身長", "謎の検査"]


def test_history_stands_beside_with_its_own_unit_and_range(items: ItemTable) -> None:
    """Newest first; an earlier visit's other unit and range are said with its value; a visit without the item is blank."""
    now = record(result(GLUCOSE, "95", unit="mg/dl", low="70", high="99"))
    same = record(result(GLUCOSE, "96", unit="mg/dl", low="70", high="99"), fields={"visit.date": "2025-05-01"})
    none = record(result(HEIGHT, "165"), fields={"visit.date": "2024-05-01"})
    other = record(result(GLUCOSE, "5.2", unit="mmol/l", low="4.0", high="5.5"), fields={"visit.date": "2023-05-01"})
    view = person_view([now, same, none, other], items)
    row = next(row for section in view.sections for row in section.rows if row.code == GLUCOSE)

    assert [visit.day for visit in view.visits] == ["2026-05-16", "2025-05-01", "2024-05-01", "2023-05-01"]
    assert [cell and (cell.value, cell.differs) for cell in row.cells] == [
        ("95", ""), ("96", ""), None, ("5.2", "mmol/l　4.0～5.5"),
    ]  # fmt: skip
    assert (row.unit, row.range) == ("mg/dl", "70～99")


def test_a_range_of_an_earlier_visit_is_not_taken_for_this_one(items: ItemTable) -> None:
    """Where only an earlier visit has the item, its range stands with its value."""
    earlier = record(result(GLUCOSE, "96", low="70", high="99"), fields={"visit.date": "2025-05-01"})
    row = person_view([record(), earlier], items).sections[0].rows[0]

    assert (row.range, row.cells[1] and row.cells[1].differs) == ("", "70～99")


def test_at_most_five_visits_are_shown_and_the_others_counted(items: ItemTable) -> None:
    """What is left out is said."""
    view = person_view([record(fields={"visit.date": f"{year}-05-01"}) for year in range(2026, 2018, -1)], items)

    assert (len(view.visits), view.left_out) == (MOST_VISITS, 3)


def test_days_are_shown_in_both_calendars(items: ItemTable) -> None:
    """Birth and visit; in English the ISO date alone; what is no date stands as it was."""
    ja, en = (dict(person_view([record()], items, language).facts) for language in ("ja", "en"))
    broken = record(fields={"person.birth": ""})
    told = person_view([NeutralRecord(1, 2, "t", "t", broken.fields, {"person.birth": "S43.13.1"}, ())], items)

    assert ja["生年月日"] == "1968-01-01（昭和43年1月1日）"
    assert (en["Born"], en["Sex"], ja["性別"]) == ("1968-01-01", "female", "女")
    assert dict(told.facts)["生年月日"] == "S43.13.1"


def _table(made: list[NeutralRecord], items: ItemTable, _subset: FormatDefinition) -> bytes:
    del made, items
    return "\r\n".join(",".join(row) for row in (TINY_HEADERS, TINY_ROW)).encode("cp932")


def _hc08(made: list[NeutralRecord], items: ItemTable, _subset: FormatDefinition) -> bytes:
    return hc08_document(made[0], SubmissionContext("9910000001", "架空健診センター", ON, items))


def _fhir(made: list[NeutralRecord], items: ItemTable, _subset: FormatDefinition) -> bytes:
    context = DocumentContext(
        "1319999999", "架空健診センター", 1_780_000_000_123, "架空　医師", "00-0000-0000", "100-0000", "県"
    )
    return write_bundle(made[0], context, items)


def _csv(made: list[NeutralRecord], items: ItemTable, subset: FormatDefinition) -> bytes:
    out = io.BytesIO()
    write_standard(made, subset, items, out)
    return out.getvalue()


def _jma(made: list[NeutralRecord], items: ItemTable, _subset: FormatDefinition) -> bytes:
    out = io.BytesIO()
    write_jma(made, items, out)
    return out.getvalue()


def _fkac(made: list[NeutralRecord], items: ItemTable, _subset: FormatDefinition) -> bytes:
    out = io.BytesIO()
    write_fkac522(made, items, out)
    return out.getvalue()


@pytest.mark.parametrize("write", [_table, _hc08, _fhir, _csv, _jma, _fkac])
def test_a_person_of_any_format_is_shown(
    write: Callable[[list[NeutralRecord], ItemTable, FormatDefinition], bytes],
    items: ItemTable,
    subset: FormatDefinition,
    tiny: LayoutMap,
) -> None:
    """Whatever the file was, the height is there, and where the record came from is said."""
    made = record(
        result(HEIGHT, "165.5", unit="cm"),
        fields={
            "visit.created": "2026-05-20",
            "visit.program": "010",
            "visit.report": "10",
            "person.address": "架空県",
        },
    )
    data = write([made], items, subset)
    _name, read = read_any(io.BytesIO(data), items=items, definition=subset, maps=[tiny], on=date(2026, 6, 1))
    view = person_view(gather(read).records(1), items)
    (shown,) = cells(view)["身長"]

    assert shown is not None
    assert (shown.value, shown.unit) == ("165.5", "cm")
    assert "元の形式・変換表" in dict(view.visits[0].facts)


def test_guidance_is_not_called_a_checkup(items: ItemTable) -> None:
    """The title says which of the two it is."""
    checkup, guidance = record(), record(map_id="format:hg08")

    assert [person_view([one], items).title for one in (checkup, guidance)] == [
        "健診結果（写し）", "特定保健指導の記録（写し）",
    ]  # fmt: skip


def test_findings_are_shown_with_their_item(items: ItemTable) -> None:
    """A text that belongs to a result needs the width of the page."""
    row = person_view([record(result(ECG, "異常", text="不整脈"))], items).sections[0].rows[0]

    assert row.wide
    assert row.cells[0] is not None
    assert remarks(row.cells[0], "ja") == ["所見: 不整脈"]
