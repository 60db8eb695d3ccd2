"""JSON from outside: strict, bounded, and numbers with all their digits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup.errors import BundleInvalid, FileTooLarge
from akashi.checkup.fhir.strict_json import DEEPEST, LONGEST_TEXT, MOST_PARTS, parse, render
from akashi.errors import AkashiError

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False).map(lambda value: value + 0),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"a": 1, "a": 2}', "repeated key"),
        (b'{"entry": [{"a": {"b": 1, "b": 1}}]}', "repeated key"),
        (b'{"a": NaN}', "not a number"),
        (b'{"a": -Infinity}', "not a number"),
        (b'{"a": 1e999999999}', "long number"),
        (b'{"a": 1E-999999999}', "long number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "long number"),
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "depth"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "depth"),
        (b"[" + b"[]," * (MOST_PARTS + 1) + b"1]", "too many parts"),
        (b"[" + b"1," * (4 * MOST_PARTS + 1) + b"1]", "too many parts"),
        (b'["' + b"a" * (LONGEST_TEXT + 1) + b'"]', "text"),
        (b'["\\ud800"]', "text"),
        (b'{"\\udfff": 1}', "text"),
        (b'{"a": "\xff"}', "encoding"),
        (b'{"a": "\x01"}', "json"),
        (b'{"a": 1} {"b": 2}', "json"),
        (b"{'a': 1}", "json"),
        (b'{"a": 01}', "json"),
        (b"", "json"),
    ],
)
def test_what_is_unsafe_or_broken_is_refused(data: bytes, what: str) -> None:
    """With our error, which says what kind of thing it is and nothing of what stood there."""
    with pytest.raises(BundleInvalid) as caught:
        parse(data)

    assert caught.value.params == {"what": what}


def test_more_bytes_than_the_caller_allows_are_refused() -> None:
    """Before anything is parsed."""
    with pytest.raises(FileTooLarge):
        parse(b"[1, 2]", 5)


def test_digits_stay() -> None:
    """As written: 5.60 is measured more finely than 5.6."""
    assert render(parse('{"値": [5.60, 0, -0.10, 1E+2]}'.encode())) == '{"値":[5.60,0,-0.10,100]}'.encode()


@settings(max_examples=200, deadline=None)
@given(value=_VALUES)
def test_what_is_rendered_is_parsed_again(value: object) -> None:
    """Any value that we could write."""
    assert parse(render(value)) == value


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=60) | st.text('{}[]",:\\ua0d81eE+-.', max_size=60).map(str.encode))
def test_any_bytes_give_a_value_or_our_error(data: bytes) -> None:
    """No other exception."""
    try:
        made = parse(data)
    except AkashiError:
        made = None

    assert made is None or isinstance(made, str | bool | Decimal | list | dict)
