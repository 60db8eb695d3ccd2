"""The checks over records of any format."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import FINDING_KINDS, ItemResult, ItemTable, NeutralRecord, Status
from akashi.checkup.checks.running import check_records
from akashi.checkup.model import Finding
from tests.checkup.strategies import records

ON = date(2026, 6, 1)
FIELDS = {
    "person.id": "P1", "person.birth": "1980-05-16", "visit.date": "2026-05-16", "insurance.insurer": "01130012",
    "insurance.number": "345",
}  # fmt: skip


def result(code: str, standard: str, **more: str) -> ItemResult:
    """A value."""
    return ItemResult(code, 1, Status.VALUE, "", more.pop("original", standard), standard, **more)


def record(*results: ItemResult, row: int = 1, **fields: str) -> NeutralRecord:
    """A person with these results; fields are given with ``_`` for the dot."""
    values = FIELDS | {name.replace("_", ".", 1): value for name, value in fields.items()}
    return NeutralRecord(row, row + 1, "format:hc08", "none", values, values, results)


def found(items: ItemTable, *given_records: NeutralRecord, program: str = "") -> list[Finding]:
    """What is said of these records."""
    said: list[Finding] = []
    list(check_records(given_records, items, program, ON, said.append))
    return said


def test_records_pass_through_unchanged(items: ItemTable) -> None:
    """In order, the same objects."""
    given_records = [record(row=1), record(row=2, person_id="P2", insurance_number="346")]

    assert list(check_records(given_records, items, "", ON, lambda _one: None)) == given_records


def test_a_finding_names_its_place_and_original(items: ItemTable) -> None:
    """Row, line, the item's name and code, and the text of the source."""
    ecg = result("9A110160700000011", "所見あり", coded="1", original="有り")

    (said,) = found(items, record(ecg, row=4))

    assert said == Finding("flag.text_missing", 4, 5, 0, "心電図(所見の有無)", "有り", "9A110160700000011")


def test_the_text_may_stand_beside_the_flag(items: ItemTable) -> None:
    """A reader that keeps the finding text with its flag satisfies the pair."""
    assert found(items, record(result("9A110160700000011", "所見あり", coded="1", text="不整脈"))) == []


def test_a_clean_record_says_nothing(items: ItemTable) -> None:
    """Without a programme nothing is missing."""
    clean = (
        result("9N001000000000001", "165.5"),
        result("9N006000000000001", "62.3"),
        result("9N011000000000001", "22.7"),
    )

    assert found(items, record(*clean)) == []


def test_cells_are_held_to_their_items(items: ItemTable) -> None:
    """Range, answers of the table the document names, bytes."""
    said = found(
        items,
        record(
            result("9N001000000000001", "16.5"),
            result("9N736000000000011", "いいえ", coded="3", answers="1.2.392.200119.6.2003"),
            result("9A110160800000049", "字" * 129),
            result("9A110160700000011", "所見あり", coded="1"),
        ),
    )

    assert [one.code for one in said] == ["cell.range", "cell.answer", "cell.bytes"]


def test_the_programme_of_the_document_counts(items: ItemTable) -> None:
    """A 特定健診 document misses its items; the caller's programme wins over the document's."""
    assert {one.code for one in found(items, record(visit_program="010"))} == {"item.required", "item.one_of"}
    assert found(items, record(visit_program="990")) == []
    assert found(items, record(visit_program="010"), program="990") == []


def test_programmes_that_do_not_exist_ask_for_nothing(items: ItemTable) -> None:
    """A foreign file may name anything."""
    assert found(items, *(record(visit_program=str(n), person_id=str(n), insurance_number="") for n in range(50))) == []


def test_the_second_record_of_a_visit_is_said(items: ItemTable) -> None:
    """At the later row."""
    said = found(items, record(row=1), record(row=2))

    assert [(one.code, one.row) for one in said] == [("persons.duplicate", 2)]


def test_only_the_first_of_two_equal_results_is_checked_across_cells(items: ItemTable) -> None:
    """A document that repeats an item (its reader says so) is still checked, once."""
    pressure = (
        result("9A751000000000001", "70"),
        result("9A751000000000001", "150"),
        result("9A761000000000001", "80"),
    )

    assert [one.code for one in found(items, record(*pressure))] == ["pressure.order"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data())
def test_any_record_is_checked_without_an_error(items: ItemTable, data: st.DataObject) -> None:
    """Every finding has a kind and a place in the record or the table; the record is not touched."""
    one = data.draw(records(items))
    before = repr(one), one.items, dict(one.fields)

    said = found(items, one, program=data.draw(st.sampled_from(("", "010", "030"))))

    assert (repr(one), one.items, dict(one.fields)) == before
    assert {finding.code for finding in said} <= set(FINDING_KINDS)
    assert all(finding.item in items.items or "." in finding.item for finding in said)


def test_an_item_of_another_code_system_is_none_of_ours(items: ItemTable) -> None:
    """The same signs mean something else there: neither range nor relation is asked of it."""
    other = result("9N001000000000001", "999", system="http://example.org/codes")

    assert "cell.range" not in {finding.code for finding in found(items, record(other))}
