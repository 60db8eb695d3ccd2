"""Headings taken apart: widths, kana, romaji, units, whole words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup.mapping.headings import Lexicon, folded, romaji, split_unit, unit_key

UNITS = {unit_key(unit): unit for unit in ("cm", "mg/dl", "U/l", "/mm3", "%")}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ﾀｲｼﾞｭｳ", "タイジュウ"),
        ("たいじゅう", "タイジュウ"),
        ("ＨＤＬ－Ｃ", "hdl_c"),
        ("マンモグラフィー", "マンモグラフィ"),
        ("1. 身長", "１身長"),
    ],
)
def test_widths_kana_and_signs_do_not_matter(one: str, other: str) -> None:
    """Both spellings fold to one text."""
    assert folded(one).text == folded(other).text


@pytest.mark.parametrize(
    ("kana", "roman"),
    [
        ("シンチョウ", "shincho"),
        ("ケツアツ", "ketsuatsu"),
        ("ハッケッキュウ", "hakkekkyu"),
        ("ジュシンビ", "jushinbi"),
        ("キョウブ", "kyobu"),
    ],
)
def test_katakana_is_read_as_hepburn(kana: str, roman: str) -> None:
    """The short spelling, with long vowels left away, is among the readings."""
    assert roman in romaji(kana)


def test_what_is_not_katakana_has_no_reading() -> None:
    """Kanji are not guessed."""
    assert romaji("身長") == ()


@pytest.mark.parametrize(
    ("heading", "rest", "unit"),
    [
        ("身長(cm)", "身長", "cm"), ("ＡＳＴ［ＩＵ／Ｌ］", "AST", "U/l"), ("白血球数(/μL)", "白血球数", "/mm3"), ("腹囲cm", "腹囲", "cm"),
        ("身長(1)", "身長(1)", ""), ("LDL-C", "LDL-C", ""),
    ],
)  # fmt: skip
def test_units_are_taken_from_headings(heading: str, rest: str, unit: str) -> None:
    """Brackets of a known unit, or its letters at the end; an occurrence is no unit."""
    found, said = split_unit(heading, UNITS)

    assert (found.strip(), said) == (rest, unit)


def test_latin_words_are_found_whole_only() -> None:
    """``p`` (phosphorus) is not found in ``alp``, but beside signs and digits it is."""
    lexicon = Lexicon({"p": "phosphorus", "alp": "alp"})

    assert lexicon.find("ALP").names == ("alp",)
    assert lexicon.find("HELP").names == ()
    assert lexicon.find("P_1").names == ("phosphorus",)


def test_single_signs_are_not_found_inside_other_words() -> None:
    """頸動脈 has no pulse in it."""
    lexicon = Lexicon({"脈": "pulse"})

    assert lexicon.find("頸動脈").names == ()
    assert lexicon.find("脈（回/分）").names == ("pulse",)


def test_the_longest_words_win() -> None:
    """総コレステロール is not a cholesterol with a prefix."""
    lexicon = Lexicon({folded("コレステロール").text: "any", folded("総コレステロール").text: "total"})

    assert lexicon.find("総コレステロール").names == ("total",)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_a_heading(text: str) -> None:
    """Folding and searching never fail, and folding twice is folding once."""
    once = folded(text).text

    assert folded(once).text == once
    assert Lexicon({"ast": "ast"}).find(text).unknown >= 0
