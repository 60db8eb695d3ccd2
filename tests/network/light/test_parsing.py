"""Reading the node's answers: whatever comes, it is a value or a refusal, and nothing is read leniently."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.network.abci.values import Timestamp
from akashi.network.light.errors import LightMalformed
from akashi.network.light.parsing import parse_block, parse_commit, parse_time, parse_validators
from akashi.network.light.values import MAX_TOTAL_POWER, MAX_VALIDATORS, ValidatorSet, address_of
from tests.network.light.test_vectors import recorded

Reader = Callable[[object], object]
READERS: dict[str, Reader] = {"commit": parse_commit, "validators": parse_validators, "block": parse_block}
OTHERS: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    10**30,
    "",
    "x",
    "-1",
    "1e3",
    "٣",
    "0001-01-01T00:00:00Z",
    [],
    {},
    [[]],
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a JSON value."""
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at ``path``."""
    copy = deepcopy(value)
    row = copy
    for step in path[:-1]:
        row = row[step]
    row[path[-1]] = new
    return copy


@pytest.mark.parametrize("name", READERS)
def test_any_value_of_another_kind_is_read_or_refused(name: str) -> None:
    """Each place of an answer takes each odd value in turn; none takes most of them, and only our own error is raised."""
    answer = recorded()[-1][name]
    for path in places(answer):
        refused = sum(is_refused(name, replaced(answer, path, other)) for other in OTHERS)
        assert refused >= len(OTHERS) - 4, path  # a chain may be called by any word


def is_refused(name: str, answer: object) -> bool:
    """Whether the reader refuses; any other error is the test's failure."""
    try:
        READERS[name](answer)
    except LightMalformed:
        return True
    return False


@pytest.mark.parametrize("name", READERS)
def test_a_missing_or_added_field_is_refused(name: str) -> None:
    """Every object has exactly its fields."""
    answer = recorded()[-1][name]
    objects = [(), *(path for path in places(answer) if isinstance(at(answer, path), dict))]
    for path in objects:
        changed = [{**at(answer, path), "added": 1}]
        changed += [{k: v for k, v in at(answer, path).items() if k != field} for field in at(answer, path)]
        for other in changed:
            assert is_refused(name, replaced(answer, path, other) if path else other), path


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands there."""
    for step in path:
        value = value[step]
    return value


@settings(max_examples=100)
@given(JSON)
def test_random_json_is_refused(value: object) -> None:
    """No accident is an answer."""
    for reader in READERS.values():
        with pytest.raises(LightMalformed):
            reader(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", Timestamp(0)),
        ("2026-11-22T02:06:26.049166818Z", Timestamp(1_795_313_186, 49_166_818)),
        ("0001-01-01T00:00:00Z", Timestamp(-62_135_596_800)),
        ("1969-12-31T23:59:59.000000001Z", Timestamp(-1, 1)),
        ("2024-02-29T00:00:00.1Z", Timestamp(1_709_164_800, 100_000_000)),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text: str, expected: Timestamp) -> None:
    """Before 1970 too: ``nanos`` counts forward."""
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22t02:06:26Z", "2026-11-22T02:06:26z", "2026-11-22 02:06:26Z", "2026-11-22T02:06:26+00:00", "2026-11-22T02:06:26.Z",
        "2026-11-22T02:06:26.0Z", "2026-11-22T02:06:26.10Z", "2026-11-22T02:06:26.1234567891Z", "2026-11-22T24:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-22T02:06:60Z", "0000-01-01T00:00:00Z", "20261122T020626Z", "2026-11-22T02:06:26Z\n", "２026-11-22T02:06:26Z", 0, None,
    ],
)  # fmt: skip
def test_another_spelling_of_a_time_is_refused(text: object) -> None:
    """One moment has one spelling."""
    with pytest.raises(LightMalformed):
        parse_time(text)


def test_validators_of_another_page_or_order_are_refused() -> None:
    """A page of a longer list is no set, nor is a set in another order than its hash is made of."""
    answer = recorded()[0]["validators"]
    height, validators = parse_validators(answer)
    turned = replaced(answer, ("validators",), answer["validators"][::-1])
    partial = replaced(answer, ("total",), "5")

    assert (height, len(validators.validators)) == (1, 4)
    for fault in (turned, partial):
        with pytest.raises(LightMalformed):
            parse_validators(fault)


def test_an_address_is_its_keys() -> None:
    """A validator under another one's address is refused before anything is built on it."""
    answer = recorded()[0]["validators"]
    fault = replaced(answer, ("validators", 0, "address"), answer["validators"][1]["address"])

    with pytest.raises(LightMalformed, match="address"):
        parse_validators(fault)


@pytest.mark.parametrize("step", [("hash",), ("parts", "hash")])
def test_a_block_id_is_whole_or_empty(step: tuple[str, ...]) -> None:
    """Half of one is none that a node writes."""
    fault = replaced(recorded()[-1]["commit"], ("signed_header", "commit", "block_id", *step), "")

    with pytest.raises(LightMalformed, match="block_id"):
        parse_commit(fault)


def test_a_sets_order_does_not_depend_on_the_callers() -> None:
    """Strongest first, then by address."""
    keys = [bytes([number]) * 32 for number in range(5)]
    pairs = [(key, 1 + number % 2) for number, key in enumerate(keys)]

    found = ValidatorSet.of(pairs)

    assert ValidatorSet.of(pairs[::-1]) == found
    assert [one.power for one in found.validators] == [2, 2, 1, 1, 1]
    assert [one.address for one in found.validators[:2]] == sorted(address_of(keys[number]) for number in (1, 3))


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [(bytes(32), 0)],
        [(bytes(32), -1)],
        [(bytes(31), 1)],
        [(bytes(32), 1), (bytes(32), 2)],
        [(bytes(32), MAX_TOTAL_POWER + 1)],
        [(number.to_bytes(32, "big"), 1) for number in range(MAX_VALIDATORS + 1)],
    ],
)
def test_a_set_that_cannot_be_is_refused(pairs: list[tuple[bytes, int]]) -> None:
    """Nobody, no power, half a key, a key twice, too much, too many."""
    with pytest.raises(LightMalformed):
        ValidatorSet.of(pairs)


def test_an_error_shows_no_value() -> None:
    """The place, and nothing of what stood there."""
    row = recorded()[-1]["commit"]
    fault = replaced(row, ("signed_header", "header", "chain_id"), "x" * 51)

    with pytest.raises(LightMalformed) as caught:
        parse_commit(fault)

    assert "xx" not in str(caught.value) + json.dumps(caught.value.params)
