"""What the pages of conformity compute for their templates: bars, differences, days, lines of needs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.model import DAY_MS, Answer, Basis, Decision, Reply, Shares, Verdict, Words
from akashi.web.conformity.agreements import pairs
from akashi.web.conformity.answering import FieldWrong, media_type
from akashi.web.conformity.showing import (
    SIGNS,
    TONES,
    Typed,
    added,
    bar,
    changes,
    day_end,
    day_value,
    differences,
    parts,
    verdict,
)

COUNTS = st.integers(0, 400)
SHARES = st.builds(Shares, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


@given(SHARES)
def test_a_bar_is_whole_and_in_order(shares: Shares) -> None:
    """Segments follow each other without a gap up to the end, one for each kind that is there."""
    made = bar(shares)
    ends = [one.start + one.width for one in made]

    assert [one.key for one in made] == [key for key, count in parts(shares) if count]
    assert all(abs(one.start - end) < 0.03 for one, end in zip(made[1:], ends, strict=False))
    assert not made or abs(ends[-1] - 100) < 0.03


@given(st.lists(SHARES, max_size=4))
def test_several_sheets_add_up(shares: list[Shares]) -> None:
    """Nothing is lost when sheets are shown as one."""
    assert added(shares).total == sum(one.total for one in shares)


@given(st.text(max_size=60), st.text(max_size=60))
def test_differences_hold_both_texts(before: str, after: str) -> None:
    """What is the same and gone is the text before, what is the same and new the text after."""
    pieces = differences(before, after)

    assert "".join(text for kind, text in pieces if kind != "new") == before
    assert "".join(text for kind, text in pieces if kind != "gone") == after


def test_verdicts_are_told_apart_without_colour() -> None:
    """Every verdict has a sign of its own, and a tone."""
    assert len(set(SIGNS.values())) == len(Verdict)
    assert set(TONES) == set(Verdict)


@pytest.mark.parametrize(
    ("basis", "days", "soon"), [(Basis.MEASURED, 10, False), (Basis.MEASURED, 6, True), (Basis.WORD, 10, True)]
)
def test_measuring_again_is_asked_for_later_than_answering(basis: Basis, days: int, soon: bool) -> None:
    """A measurement ends soon a week before, an answer a month before."""
    one = Decision("c", "1", Verdict.CONFORMS, basis, "r", Words("架空"), days * DAY_MS)

    assert verdict(one, 0)["soon"] is soon


def test_history_says_what_changed() -> None:
    """The newest first: the reply before, the words that are new, the evidence that came and went."""
    old = Answer("c", "1", Reply.NO, 1, ("evd-a",), text="まだ")
    new = Answer("c", "1", Reply.YES, 2, ("evd-b", "evd-c"), text="もう", carried_from="1")
    first, second = changes([new, old])

    assert (first["before"], first["reply"], first["added"], first["removed"]) == ("no", "yes", 2, 1)
    assert (first["carried"], second["before"], second["pieces"]) == (True, "", [("same", "まだ")])


@given(st.dates(min_value=date(1970, 1, 1)))
def test_a_day_comes_back(day: date) -> None:
    """The end of a day in Japan is shown as that very day."""
    end = day_end(day.isoformat())

    assert end is not None
    assert day_value(end) == day.isoformat()


@pytest.mark.parametrize("text", ["", "0999-01-01", "2026-02-30", "20261121", "2026-11-21T00:00", "明日"])
def test_what_is_no_day_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert day_end(text) is None


@pytest.mark.parametrize("line", ["13-6", "13-6 たぶん", "13-6 はい 0", "13-6 はい 6", "13-6 はい 3 4", "13-6 はい x"])
def test_a_need_that_cannot_be_read_is_refused(line: str) -> None:
    """With the field's name and nothing of what was typed."""
    with pytest.raises(FieldWrong) as refused:
        pairs(f"1-1 はい\n{line}", "needs")

    assert refused.value.params == {"field": "needs"}


def test_needs_are_read_in_both_languages() -> None:
    """Item, reply, weight; the weight may be left out."""
    assert pairs("13-6 yes 3\n\n14-1 一部", "needs") == [("13-6", Reply.YES, 3), ("14-1", Reply.PARTLY, 1)]


def test_a_field_that_nobody_filled_is_empty() -> None:
    """Templates may ask for any field."""
    assert (Typed({"a": "1"})["a"], Typed()["b"]) == ("1", "")


@pytest.mark.parametrize(("name", "kind"), [("a.pdf", "application/pdf"), ("表.unknown", "application/octet-stream")])
def test_the_kind_of_a_file_follows_its_name(name: str, kind: str) -> None:
    """What is not known is plain bytes."""
    assert media_type(name) == kind
