"""Trust files: quorum rules and strict reading."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.trust import MAX_TRUST_BYTES, Trust, format_trust, parse_trust
from akashi.ledger.wire.note import NoteKind, vkey
from tests.vectors.world import ORIGIN, EdKey, begun

NAMES = ("a", "b", "c", "d")
KEYS = {name: vkey(f"example.org/{name}", NoteKind.COSIGNATURE, EdKey(name).public_key) for name in NAMES}
HEAD = f"log {vkey(ORIGIN, NoteKind.ED25519, EdKey('log').public_key)}\n" + "".join(
    f"witness {name} {key}\n" for name, key in KEYS.items()
)


def policy(rules: str) -> Trust:
    """A trust file with four witnesses and these group and quorum lines."""
    return parse_trust((HEAD + rules).encode())


@pytest.mark.parametrize(
    ("rules", "least"),
    [
        ("group g any a b c d\nquorum g\n", 1),
        ("group g 2 a b c d\nquorum g\n", 2),
        ("group g 3 a b c d\nquorum g\n", 3),
        ("group g all a b c d\nquorum g\n", 4),
    ],
)
def test_threshold_counts_witnesses(rules: str, least: int) -> None:
    """A group is witnessed by exactly those sets that are large enough."""
    trust = policy(rules)
    for size in range(5):
        for chosen in combinations(NAMES, size):
            assert trust.quorum_met(set(chosen)) == (size >= least)


def test_groups_of_groups() -> None:
    """Two organisations: at least one witness of each."""
    trust = policy("group x any a b\ngroup y any c d\ngroup both all x y\nquorum both\n")
    assert trust.quorum_met({"a", "d"})
    assert not trust.quorum_met({"a", "b"})


def test_unknown_names_fulfil_nothing() -> None:
    """Names outside the file do not count, nor does the name of a group."""
    trust = policy("group g any a b\nquorum g\n")
    assert not trust.quorum_met({"g", "z", "none"})


def test_empty_policy_needs_nobody() -> None:
    """``quorum none`` is the one way to ask for no witness."""
    assert policy("quorum none\n").quorum_met(set())


def test_round_trip_of_content() -> None:
    """What is formatted is read back as the same content."""
    trust = begun().trust()
    assert parse_trust(format_trust(trust)) == trust


def test_too_large_a_file_is_refused() -> None:
    """Size is bounded."""
    with pytest.raises(EncodingError):
        policy("quorum none\n" + "#" * MAX_TRUST_BYTES + "\n")


def test_too_many_witnesses_are_refused() -> None:
    """Counts are bounded."""
    more = "".join(
        f"witness w{n} {vkey('example.org/w', NoteKind.COSIGNATURE, EdKey(f'w{n}').public_key)}\n" for n in range(29)
    )
    with pytest.raises(EncodingError):
        policy(more + "quorum none\n")


@given(st.binary(max_size=120))
def test_arbitrary_lines_never_raise_anything_else(data: bytes) -> None:
    """A hostile trust file is refused with its one class."""
    failure = None
    try:
        parse_trust(HEAD.encode() + b"quorum none\n" + data)
    except EncodingError as error:
        failure = error.failure
    lines = [line.strip(b" \t") for line in data.split(b"\n")]
    ignorable = all(not line or (line.startswith(b"#") and not line.startswith(b"#!")) for line in lines)
    assert failure in ({None, "trust.format"} if ignorable else {"trust.format"})
