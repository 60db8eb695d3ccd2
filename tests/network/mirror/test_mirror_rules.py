"""The pure decisions about bundles and recovery, for all small cases."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from akashi.network.mirror.model import Imported
from akashi.network.mirror.rules import (
    ImportDecision,
    OriginDecision,
    decide_import,
    decide_origin,
    destroyable,
)

SMALL = st.integers(0, 6)
LAST = st.none() | st.builds(
    Imported, st.integers(1, 4), st.sampled_from([b"a", b"b"]), SMALL, SMALL, SMALL, st.just(0), st.just(0)
)


@given(LAST, SMALL, SMALL, SMALL, st.integers(1, 5), st.sampled_from([b"a", b"b"]))
def test_only_what_joins_is_taken(
    last: Imported | None, size: int, start: int, more: int, number: int, digest: bytes
) -> None:
    """What is taken begins within the mirror, never ends before it, and is newer than everything before; the rest has its own name."""
    end = start + more
    said = decide_import(last, size, start=start, end=end, number=number, digest=digest)
    newest = 0 if last is None else last.number

    assert (said is ImportDecision.TAKE) == (start <= size <= end and number > newest)
    assert (said is ImportDecision.REPEAT) == (last is not None and (number, digest) == (last.number, last.digest))
    assert number > newest or said in {ImportDecision.REPEAT, ImportDecision.REPLAYED}


@given(st.frozensets(st.integers(1, 9)), st.integers(0, 9))
def test_a_key_in_use_or_to_come_is_never_destroyed(held: frozenset[int], in_use: int) -> None:
    """Only older ones, all of them."""
    gone = destroyable(held, in_use)

    assert all(number < in_use for number in gone)
    assert min(held - set(gone), default=in_use) >= in_use


@given(st.booleans(), SMALL, st.lists(st.tuples(SMALL, st.booleans())))
def test_a_log_goes_on_only_where_nothing_speaks_against_it(
    has_log_key: bool, size: int, seen: list[tuple[int, bool]]
) -> None:
    """One newer or contradicting checkpoint is enough to refuse, whatever the others say."""
    said = decide_origin(has_log_key=has_log_key, size=size, seen=seen)
    clean = all(other <= size and same for other, same in seen)

    assert (said is OriginDecision.CONTINUE) == (clean and has_log_key)
    assert (said is OriginDecision.NO_LOG_KEY) == (clean and not has_log_key)
