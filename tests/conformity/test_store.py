"""The sealed documents: every version stays, nothing can be read or moved without the key."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.model import (
    Answer,
    Audience,
    Basis,
    CheckResult,
    Decision,
    Measurement,
    Opinion,
    Reach,
    Reply,
    Verdict,
    Words,
)
from akashi.conformity.proof.codec import (
    dump_answer,
    dump_decision,
    dump_measurement,
    load_answer,
    load_decision,
    load_measurement,
)
from akashi.keys.errors import KeystoreDamaged
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.errors import EncodingError
from akashi.vault.documents import Documents

SECRET = "架空の氏名"


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    """A store under a real keystore."""
    return Documents(
        tmp_path / "c.db", FileKeystore.create(tmp_path / "keys", b"invented", cost=FAST_UNSAFE_COST), "conformity"
    )


def test_every_version_stays(documents: Documents) -> None:
    """The newest first; other keys and spaces are apart."""
    assert [documents.put("s", "k", text, at) for at, text in enumerate(["a", "b"])] == [1, 2]
    documents.put("t", "k", "c", 5)
    history = [(one.version, one.value) for one in documents.history("s", "k")]
    newest = [one.value for one in documents.newest("s")]
    assert (history, newest, documents.keys("t")) == ([(2, "b"), (1, "a")], ["b"], ["k"])
    assert documents.get("s", "none") is None


def test_the_file_shows_nothing(documents: Documents, tmp_path: Path) -> None:
    """Contents are encrypted, in the database and beside it."""
    documents.put("s", "k", [SECRET], 1)
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert files
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_a_moved_row_is_refused(documents: Documents, tmp_path: Path) -> None:
    """What was sealed for one key does not open under another."""
    documents.put("s", "k", "yes", 1)
    documents.put("s", "other", "no", 1)
    with sqlite3.connect(tmp_path / "c.db") as other:
        other.execute(
            "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE key = 'other') WHERE key = 'k'"
        )
    with pytest.raises(KeystoreDamaged):
        documents.get("s", "k")


def test_several_are_kept_or_none(documents: Documents) -> None:
    """A value that cannot be encoded leaves nothing behind."""
    with pytest.raises((EncodingError, TypeError)):
        documents.put_all("s", [("a", "fine"), ("b", 1.5)], 1)  # type: ignore[list-item]  # that is the point
    assert documents.keys("s") == []


TEXTS = st.text(max_size=8)
TIMES = st.integers(0, 1 << 50)
FACTS = st.dictionaries(TEXTS, st.one_of(st.booleans(), st.integers(0, 99), TEXTS, st.tuples(TEXTS, TEXTS)), max_size=4)
MEASUREMENTS = st.builds(
    Measurement, TEXTS, st.integers(1, 9), TEXTS, TEXTS, TEXTS, TIMES, TIMES, st.sampled_from(list(Reach)), FACTS, TEXTS,
    st.binary(max_size=32),
)  # fmt: skip
WORDS = st.builds(Words, TEXTS, TEXTS)
OPINIONS = st.builds(Opinion, st.sampled_from(list(Verdict)), TEXTS, WORDS, TIMES)
DECISIONS = st.builds(
    Decision, TEXTS, TEXTS, st.sampled_from(list(Verdict)), st.sampled_from(list(Basis)), TEXTS, WORDS, TIMES,
    st.lists(st.builds(CheckResult, TEXTS, st.integers(1, 9), OPINIONS, TIMES, st.booleans()), max_size=3).map(tuple),
    st.booleans(), TEXTS,
)  # fmt: skip
ANSWERS = st.builds(
    Answer, TEXTS, TEXTS, st.sampled_from(list(Reply)), TIMES, st.lists(TEXTS, max_size=3).map(tuple),
    st.sampled_from(list(Audience)), TIMES, carried_from=TEXTS,
)  # fmt: skip


@settings(max_examples=50)
@given(MEASUREMENTS, DECISIONS, ANSWERS)
def test_values_come_back_as_they_were(measured: Measurement, decided: Decision, answered: Answer) -> None:
    """``load(dump(x)) == x`` for all three."""
    assert load_measurement(dump_measurement(measured)) == measured
    assert load_decision(dump_decision(decided)) == decided
    assert load_answer(dump_answer(answered)) == answered


@settings(max_examples=100)
@given(MEASUREMENTS, st.integers(0, 10), st.one_of(st.none(), st.integers(), TEXTS, st.lists(TEXTS, max_size=2)))
def test_another_shape_is_refused_or_means_itself(measured: Measurement, at: int, value: object) -> None:
    """A field of another type never becomes a value of the right one."""
    row = dump_measurement(measured)
    row[at] = value  # type: ignore[call-overload]  # that is the point
    try:
        made = load_measurement(row)
    except EncodingError:
        return
    assert dump_measurement(made) == row


def test_the_last_one_is_found_without_opening_any(documents: Documents) -> None:
    """By the time of writing, not by name."""
    for key, at in (("b", 5), ("a", 9), ("c", 7)):
        documents.put("s", key, "x", at)
    assert (documents.last("s"), documents.last("none")) == ("a", None)
