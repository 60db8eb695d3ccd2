"""Which chain may order next: the first after one server, then always the one that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.ledger.errors import Refused
from akashi.ledger.keyring.members import Member, handed_over, next_chain, put_handover, put_members
from akashi.ledger.state import Memory, Overlay

ID = "akashi-" + "0a" * 16


def _state(*, members: bool = True) -> Overlay:
    state = Overlay(Memory())
    if members:
        put_members(state, [Member(1, bytes(32), b"\1" * 32, b"\2" * 32)])
    return state


def test_chains_follow_each_other() -> None:
    """One after the other, each exactly once."""
    state = _state()
    chains = [f"{ID}-{number}" for number in (1, 2, 3)]
    for chain in chains:
        put_handover(state, chain)
        assert handed_over(state) == chain
    assert [next_chain(chain) for chain in chains[:2]] == chains[1:]


@pytest.mark.parametrize(
    ("before", "chain"),
    [
        ((), f"{ID}-2"),  # not the first
        ((f"{ID}-1",), f"{ID}-1"),  # again
        ((f"{ID}-1",), f"{ID}-3"),  # one is left out
        ((f"{ID}-1", f"{ID}-2"), f"{ID}-1"),  # back
        ((f"{ID}-1",), f"akashi-{'0b' * 16}-2"),  # another ledger's
    ],
)
def test_another_chain_is_refused(before: tuple[str, ...], chain: str) -> None:
    """Must fail, and change nothing."""
    state = _state()
    for one in before:
        put_handover(state, one)

    with pytest.raises(Refused, match=r"handover\.chain"):
        put_handover(state, chain)
    assert handed_over(state) == (before[-1] if before else None)


def test_without_members_nobody_is_there_to_take_over() -> None:
    """Must fail."""
    with pytest.raises(Refused, match=r"handover\.members"):
        put_handover(_state(members=False), f"{ID}-1")


@given(st.integers(1, 9_998))
def test_a_later_epoch_goes_on_from_any_number(number: int) -> None:
    """Chains of the former logs had the numbers before; after the first one they follow each other as ever."""
    state = _state()
    state.put("log", b"genesis", [f"example.jp/akashi/{'0a' * 16}/2", bytes(32), "inst-a"])
    put_handover(state, f"{ID}-{number}")
    put_handover(state, f"{ID}-{number + 1}")

    with pytest.raises(Refused, match=r"handover\.chain"):
        put_handover(state, f"{ID}-{number}")
    assert handed_over(state) == f"{ID}-{number + 1}"


def test_a_first_epoch_begins_with_the_first_chain() -> None:
    """Must fail: another number, in a log that follows none."""
    state = _state()
    state.put("log", b"genesis", [f"example.jp/akashi/{'0a' * 16}/1", bytes(32), "inst-a"])

    with pytest.raises(Refused, match=r"handover\.chain"):
        put_handover(state, f"{ID}-2")


@given(st.integers(1, 9_998), st.integers(1, 9_999))
def test_only_the_next_number_is_accepted(number: int, wanted: int) -> None:
    """Whatever the numbers."""
    state = _state()
    state.put("log", b"handover", f"{ID}-{number}")
    try:
        put_handover(state, f"{ID}-{wanted}")
    except Refused:
        assert wanted != number + 1
    else:
        assert wanted == number + 1
