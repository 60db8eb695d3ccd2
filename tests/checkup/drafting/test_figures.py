"""How well an unseen layout is drafted: the figures the issue asks for, per layout and in total."""

from __future__ import annotations

import pytest

from akashi.checkup import ItemTable
from akashi.checkup.mapping.words import WordList, load_words
from tests.checkup.conftest import FORMATS, SHARED
from tests.checkup.drafting.found import found, found_last
from tests.checkup.drafting.layouts import Unseen, held_out, unseen
from tests.checkup.drafting.measure import Figures, agency, figures, total

RIGHT, WRONG = 0.80, 0.03


@pytest.fixture(scope="module")
def words() -> WordList:
    """The shipped word list."""
    return load_words((FORMATS / "map-words.yaml").read_text())


def measured(layouts: list[Unseen], name: str, items: ItemTable, words: WordList) -> Figures:
    """The total over some layouts; every layout's own line is printed (``pytest -s``)."""
    each = [figures(layout, items, words) for layout in layouts]
    whole = total(name, each)
    print("\n".join(one.line() for one in (*each, whole)))
    return whole


def test_layouts_of_other_vocabularies_are_placed(items: ItemTable, words: WordList) -> None:
    """Seven layouts made by rules: at least 80 % right, fewer than 3 % wrong."""
    whole = measured(unseen(items), "made by rules", items, words)

    assert whole.share_right >= RIGHT
    assert whole.share_wrong < WRONG


def test_layouts_held_out_are_placed(items: ItemTable, words: WordList) -> None:
    """Two layouts that the drafter was not made with."""
    whole = measured(held_out(items), "held out", items, words)

    assert whole.share_right >= RIGHT
    assert whole.share_wrong < WRONG


def test_layouts_of_real_receivers_are_placed(items: ItemTable, words: WordList) -> None:
    """Three lists of column names found afterwards, and the real layout of 830 columns where it is at hand."""
    real = agency(SHARED, (FORMATS / "maps/agency-830.yaml").read_text())

    whole = measured([*found(), *([real] if real else [])], "found", items, words)

    assert whole.share_right >= RIGHT
    assert whole.share_wrong < WRONG


def test_layouts_found_last_are_placed(items: ItemTable, words: WordList) -> None:
    """Three more lists, found when the drafter was finished and never tuned for."""
    whole = measured(found_last(), "found last", items, words)

    assert whole.share_right >= RIGHT
    assert whole.share_wrong < WRONG


def test_without_the_word_list_the_figures_fall(items: ItemTable, words: WordList) -> None:
    """The measure measures: with official names alone the same layouts are not placed."""
    text = (FORMATS / "map-words.yaml").read_text()
    bare = text.split("\ntargets:")[0] + "\ntargets:\n  person.id: [person number]\nanswers: {}\nusual: {}\n"

    whole = total("bare", [figures(layout, items, load_words(bare)) for layout in unseen(items)])

    assert whole.share_right < RIGHT
