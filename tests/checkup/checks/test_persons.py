"""The same person twice in one file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup.checks.persons import Duplicates

INSURANCE = ("01130012", "12", "345", "00", "1980-05-16")


def test_the_same_number_and_day_is_a_repetition() -> None:
    """Another day is another visit; another number another person."""
    seen = Duplicates()

    told = [seen.see(*visit) for visit in (("P1", "d1"), ("P1", "d2"), ("P2", "d1"), ("P1", "d1"), ("P1", "d1"))]

    assert told == [False, False, False, True, True]


def test_the_same_insurance_and_birth_is_a_repetition_under_another_number() -> None:
    """Two institutions' numbers in one file do not hide one person."""
    seen = Duplicates()
    seen.see("P1", "d1", *INSURANCE)

    assert seen.see("P2", "d1", *INSURANCE)
    assert seen.see("P2", "d1")


def test_one_differing_part_of_the_insurance_is_another_person() -> None:
    """A branch number tells the members of a family apart; so does the day of birth, and the day of the visit."""
    for place in range(len(INSURANCE)):
        other = tuple("9" + part if number == place else part for number, part in enumerate(INSURANCE))
        seen = Duplicates()
        seen.see("", "d1", *INSURANCE)
        assert not seen.see("", "d1", *other)
        assert not seen.see("", "d2", *INSURANCE)


def test_what_names_nobody_is_never_a_repetition() -> None:
    """No number, no day, or insurance without birth: nothing can be said."""
    seen = Duplicates()

    told = [seen.see("", "d1"), seen.see("", "d1"), seen.see("P1", ""), seen.see("P1", "")]
    told += [seen.see("", "d1", "01130012", "", "345"), seen.see("", "d1", "01130012", "", "345")]

    assert told == [False] * 6


def test_memory_has_an_end() -> None:
    """Beyond the limit those remembered are still found, the others are no longer kept."""
    seen = Duplicates(most=2)
    for name in ("P1", "P2", "P3"):
        seen.see(name, "d1")

    assert [seen.see(name, "d1") for name in ("P1", "P2", "P3")] == [True, True, False]


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("12")), max_size=20))
def test_as_many_repetitions_as_visits_less_distinct_visits(visits: list[tuple[str, str]]) -> None:
    """Whatever the order."""
    seen = Duplicates()

    assert sum(seen.see(*visit) for visit in visits) == len(visits) - len(set(visits))
