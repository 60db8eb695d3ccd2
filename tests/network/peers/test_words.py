"""What a peer says of itself: taken field by field, within bounds, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.network.peers.words import Word, Words, read_word

WHOLE = {
    "height": 7,
    "size": 9,
    "disk_free": 1 << 40,
    "scrubbed_ms": 5,
    "certificate": "-----BEGIN",
    "known": {"2": 99},
    "ordering": True,
    "lag": {},
    "chain": "x",
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_a_whole_word_is_taken() -> None:
    """Every field that is known; others are none of this page's business."""
    assert read_word(WHOLE, 3) == Word(3, 7, 9, 1 << 40, 5, b"-----BEGIN", {2: 99}, ordering=True)


@pytest.mark.parametrize("wrong", [-1, True, 1.5, "7", None, 1 << 60, [], {}])
def test_what_is_no_number_is_unknown(wrong: Any) -> None:
    """The rest of the word counts still."""
    word = read_word(WHOLE | {"disk_free": wrong}, 3)

    assert (word.disk_free, word.height) == (None, 7)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("certificate", "é"),
        ("certificate", "x" * 5000),
        ("certificate", 5),
        ("known", [1]),
        ("known", {str(at): 1 for at in range(40)}),
        ("ordering", 1),
        ("ordering", "yes"),
    ],
)
def test_what_is_out_of_bounds_is_dropped(field: str, wrong: Any) -> None:
    """A liar fills no memory."""
    word = read_word(WHOLE | {field: wrong}, 3)

    assert not getattr(word, field)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), _JSON))
def test_no_answer_makes_it_fall(told: dict[str, Any]) -> None:
    """Whatever JSON comes: numbers within bounds or nothing."""
    word = read_word(told, 3)

    assert all(one is None or 0 <= one < 1 << 53 for one in (word.height, word.size, word.disk_free, word.scrubbed_ms))
    assert all(0 <= number < 10_000 and end >= 0 for number, end in word.known.items())


def test_who_is_no_peer_any_more_is_forgotten() -> None:
    """The newest word of each of the others stays."""
    words = Words()
    words.take("srv-a", Word(1))
    words.take("srv-a", Word(2))
    words.take("srv-b", Word(1))

    words.keep_only(frozenset({"srv-a"}))

    assert words.all() == {"srv-a": Word(2)}
