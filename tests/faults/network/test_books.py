"""The judge itself: what it must call lost, invented and unrepaired."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.clock import FixedClock
from akashi.network.model import Address
from tests.faults.network.books import Books, Composer, Report, judge, size_of
from tests.faults.network.fleet import make_homes

START = 1_795_219_200_000


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two homes that were handed over and never ran."""
    addresses = [Address("127.0.0.1", 30_101 + 2 * at, 30_102 + 2 * at) for at in range(2)]
    return make_homes(tmp_path_factory.mktemp("two"), addresses, FixedClock(START))


def test_homes_that_agree_are_good(homes: list[Path]) -> None:
    """Nothing was handed in, nothing is there."""
    report = judge(Report("none", 1), homes, size_of(homes[0]), Books())

    assert report.good


def test_what_is_not_there_is_lost(homes: list[Path]) -> None:
    """Must fail: an acknowledgement of an operation that no home holds counts once for each home."""
    books = Books()
    (one,) = Composer(homes[0], 1).make(1)
    books.give([one])
    books.answer([one], [size_of(homes[0])])

    report = judge(Report("none", 1), homes, size_of(homes[0]), books)

    assert report.lost == 2
    assert not report.good


def test_what_nobody_handed_in_is_invented(homes: list[Path]) -> None:
    """Must fail: leaves beyond those of the founding that the books do not know."""
    report = judge(Report("none", 1), homes, size_of(homes[0]) - 1, Books())

    assert report.invented == 2
    assert not report.good


def test_an_operation_at_two_places_is_noted(homes: list[Path]) -> None:
    """Must fail: the same operation acknowledged at two indices."""
    books = Books()
    (one,) = Composer(homes[0], 1).make(1)
    books.give([one])

    for index in (7, 8):
        books.answer([one], [index])

    assert books.moved == 1


def test_names_follow_from_the_seed(homes: list[Path]) -> None:
    """The same seed asks for the same institutions in the same order."""
    first, again, other = (Composer(homes[0], seed) for seed in (5, 5, 6))

    assert first.names(3) == again.names(3) != other.names(3)
