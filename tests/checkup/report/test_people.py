"""Who is one person and who is not; what is held comes back whole."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.errors import TooManyPeople
from akashi.checkup.report.people import People, gather, pack, unpack
from tests.checkup.report.samples import HEIGHT, record, result
from tests.checkup.strategies import records

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(data=st.data())
def test_what_is_packed_comes_back(items: ItemTable, data: st.DataObject) -> None:
    """Every field of every record, whatever it holds."""
    made = data.draw(records(items))

    assert unpack(pack(made)) == made


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"visit.date": "2025-05-01"},
        {"insurance.number": ""},
        {"person.id": "X9"},
        {"institution.code": "9910000002"},
        {"person.kana": "ﾎｼ ｿﾗ"},
        {"person.address": "架空県"},
    ],
)
def test_one_person(other: dict[str, str]) -> None:
    """Name, birth and sex agree and one of the numbers does: the visits belong together."""
    assert len(gather([record(), record(fields=other)])) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"person.birth": "1968-01-02"},
        {"person.kana": "ホシ　ソラコ"},
        {"person.sex": "1"},
        {"person.birth": ""},
        {"person.id": "X9", "insurance.number": "23"},
        {"person.id": "X9", "insurance.insurer": "99000002"},
        {"institution.code": "9910000002", "insurance.symbol": "2"},
        {"person.id": "", "insurance.number": ""},
    ],
)
def test_two_people(other: dict[str, str]) -> None:
    """The same id elsewhere, the same number of another insurer, a twin, or nothing to go by: nobody gets another's results."""
    assert len(gather([record(), record(fields=other)])) == 2


def test_nobody_without_birth_or_number_is_put_with_anybody() -> None:
    """Even equal records stand alone where nothing says that they are one person's."""
    bare = record(fields={"person.birth": ""})

    assert len(gather([bare, bare, bare])) == 3


def test_two_become_one_where_a_record_has_both_numbers() -> None:
    """An id here, an insured number there, and then both: three visits of one person."""
    people = gather([record(fields={"insurance.number": ""}), record(fields={"person.id": ""}), record()])

    assert [(one.number, len(one.visits)) for one in people.listed()] == [(1, 3)]


def test_visits_are_newest_first() -> None:
    """Whatever the order of the files."""
    days = ["2024-05-01", "2026-05-16", "2023-04-01", "2025-06-30"]
    people = gather(record(fields={"visit.date": day}) for day in days)

    assert people.person(1) is not None
    assert [one.fields["visit.date"] for one in people.records(1)] == sorted(days, reverse=True)
    assert people.listed()[0].visits == tuple(sorted(days, reverse=True))


@pytest.mark.parametrize("number", [0, -1, 2])
def test_a_number_that_is_not_in_the_list_is_nobody(number: int) -> None:
    """No error, nobody."""
    people = gather([record()])

    assert (people.person(number), people.records(number)) == (None, [])


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ("P1", True),
        ("p1", True),
        ("ホシソラ", True),
        ("ﾎｼ", True),
        ("星", True),
        ("1968", True),
        ("", True),
        ("月", False),
    ],
)
def test_people_are_found_by_id_kana_name_or_birth(wanted: str, fits: bool) -> None:
    """Width, case and spaces do not matter."""
    assert gather([record()]).listed()[0].fits(wanted) is fits


def test_there_is_a_limit() -> None:
    """In people and in bytes; another visit of somebody known is no further person."""
    others = [record(fields={"person.id": f"P{n}", "insurance.number": str(n)}) for n in range(3)]
    gather([*others[:2], *others[:2]], most=2)
    with pytest.raises(TooManyPeople):
        gather(others, most=2)
    with pytest.raises(TooManyPeople):
        People(most_bytes=100).add(record(result(HEIGHT, "165.5")))


def test_a_list_shows_nobody_by_repr() -> None:
    """Neither a person nor the people."""
    people = gather([record()])

    assert all(word not in repr(people.listed()) + repr(people) for word in ("P1", "星", "ホシ", "1968"))
