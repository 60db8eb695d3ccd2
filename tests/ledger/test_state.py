"""The replicated state: an overlay behaves like the plain dictionary it stands for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.state import Memory, Overlay
from akashi.ledger.wire.leaf import NO_EFFECTS, effects_digest

KEYS = st.binary(max_size=3)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "commit", "drop"]), st.sampled_from(["a", "b"]), KEYS, st.integers(0, 9)
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(STEPS, KEYS)
def test_overlay_over_memory_is_a_dictionary(steps: list[tuple[str, str, bytes, int]], prefix: bytes) -> None:
    """Whatever the order of puts, deletes, commits and drops: reads and scans are those of a dictionary."""
    memory, expected, committed = Memory(), {}, {}
    overlay = Overlay(memory)
    for what, space, key, value in steps:
        if what == "put":
            overlay.put(space, key, [value])
            expected[space, key] = [value]
        elif what == "delete":
            overlay.delete(space, key)
            expected.pop((space, key), None)
        elif what == "commit":
            memory.absorb(overlay.changes)
            overlay, committed = Overlay(memory), dict(expected)
        else:
            overlay, expected = Overlay(memory), dict(committed)

    for space in ("a", "b"):
        rows = sorted((key, value) for (at, key), value in expected.items() if at == space and key.startswith(prefix))
        assert list(overlay.scan(space, prefix)) == rows
        assert overlay.get(space, prefix) == expected.get((space, prefix))


def test_deleting_what_was_never_there_is_no_change() -> None:
    """Such a deletion leaves no effect, so that it cannot tell two servers apart."""
    overlay = Overlay(Memory())
    overlay.put("a", b"x", [1])
    overlay.delete("a", b"x")

    assert overlay.changes == {}
    assert effects_digest(overlay.changes) == NO_EFFECTS


@given(st.dictionaries(st.tuples(st.sampled_from(["a", "b"]), KEYS), st.none() | st.binary(max_size=4), max_size=8))
def test_effects_do_not_depend_on_the_order_of_changes(changes: dict[tuple[str, bytes], bytes | None]) -> None:
    """The digest sorts: the same change set has one digest, and another one has another."""
    backwards = dict(reversed(changes.items()))

    assert effects_digest(backwards) == effects_digest(changes)
    assert effects_digest({**changes, ("c", b""): None}) != effects_digest(changes)


def test_overlays_stack() -> None:
    """An operation's overlay over a block's overlay: dropped alone, kept together."""
    block = Overlay(Memory())
    block.put("a", b"x", [1])
    operation = Overlay(block)
    operation.put("a", b"y", [2])
    operation.delete("a", b"x")

    assert block.get("a", b"x") == [1]
    block.absorb(operation.changes)
    assert list(block.scan("a")) == [(b"y", [2])]
