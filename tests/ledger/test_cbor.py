"""The CBOR profile: one encoding per value, everything else refused, and an independent decoder agrees."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value, decode, decode_item, encode

SCALARS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.binary(max_size=300),
    st.text(max_size=60),
    st.booleans(),
    st.none(),
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 1 << 40), inner, max_size=5),
    max_leaves=20,
)


def same(left: object, right: object) -> bool:
    """Equal also in type: ``True`` is not 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right


@given(VALUES)
def test_decode_inverts_encode(value: Value) -> None:
    """Every value of the profile comes back, type for type."""
    assert decode(encode(value)) == value


@given(VALUES)
def test_another_library_encodes_the_same(value: Value) -> None:
    """``cbor2`` in canonical mode gives the same bytes, so our encoding is RFC 8949's deterministic one."""
    assert cbor2.dumps(value, canonical=True) == encode(value)


@settings(max_examples=250)
@given(st.binary(max_size=40) | VALUES.map(encode))
def test_whatever_is_accepted_reencodes_to_itself(data: bytes) -> None:
    """No two encodings of one value are both accepted, and another decoder reads the same."""
    try:
        value = decode(data)
    except EncodingError:
        return
    assert encode(value) == data
    assert same(cbor2.loads(data), value)


@settings(max_examples=200)
@given(VALUES.map(encode), st.data())
def test_a_changed_byte_is_another_value_or_refused(data: bytes, draw: st.DataObject) -> None:
    """Mutation of any byte never yields the same value again."""
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + bytes((data[at] ^ draw.draw(st.integers(1, 255)),)) + data[at + 1 :]
    try:
        value = decode(changed)
    except EncodingError:
        return
    assert not same(value, decode(data))
    assert encode(value) == changed


@given(VALUES, VALUES)
def test_items_of_a_sequence_follow_each_other(first: Value, second: Value) -> None:
    """A CBOR sequence (RFC 8742) is read item by item."""
    data = encode(first) + encode(second)

    value, position = decode_item(data, 0)
    other, end = decode_item(data, position)

    assert [value, other, end] == [first, second, len(data)]


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"", "cbor.short"),
        (b"\x00\x00", "cbor.trailing"),
        (b"\x18\x17", "cbor.shortest"),
        (b"\x19\x00\xff", "cbor.shortest"),
        (b"\x1a\x00\x00\xff\xff", "cbor.shortest"),
        (b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", "cbor.shortest"),
        (b"\x58\x05hello", "cbor.shortest"),
        (b"\x18", "cbor.short"),
        (b"\x19\x01", "cbor.short"),
        (b"\x1c", "cbor.head"),
        (b"\x5f\x41a\xff", "cbor.head"),
        (b"\x9f\xff", "cbor.head"),
        (b"\xbf\xff", "cbor.head"),
        (b"\x1b\x80\x00\x00\x00\x00\x00\x00\x00", "cbor.range"),
        (b"\x3b\x80\x00\x00\x00\x00\x00\x00\x00", "cbor.range"),
        (b"\x42a", "cbor.short"),
        (b"\x61\xff", "cbor.text"),
        (b"\x63\xed\xa0\x80", "cbor.text"),
        (b"\xc0\x00", "cbor.tag"),
        (b"\xd8\x18\x40", "cbor.tag"),
        (b"\xf7", "cbor.simple"),
        (b"\xf9\x00\x00", "cbor.simple"),
        (b"\xfb" + bytes(8), "cbor.simple"),
        (b"\xff", "cbor.simple"),
        (b"\xa1\x20\x00", "cbor.key"),
        (b"\xa1\x61a\x00", "cbor.key"),
        (b"\xa1\xf5\x00", "cbor.key"),
        (b"\xa2\x01\x00\x01\x00", "cbor.order"),
        (b"\xa2\x02\x00\x01\x00", "cbor.order"),
        (b"\xa1\x01", "cbor.short"),
        (b"\x82\x00", "cbor.short"),
        (b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "cbor.short"),
        (b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", "cbor.short"),
        (b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "cbor.short"),
        (b"\x81" * 16 + b"\x80", "cbor.depth"),
    ],
)
def test_everything_else_is_refused_with_its_class(data: bytes, failure: str) -> None:
    """Each departure from the profile has its own failure class (docs/spec/cbor.md)."""
    with pytest.raises(EncodingError) as error:
        decode(data)

    assert error.value.failure == failure


def test_depth_sixteen_is_allowed() -> None:
    """The limit itself is inside."""
    data = b"\x81" * 15 + b"\x80"

    assert encode(decode(data)) == data


@pytest.mark.parametrize(
    ("value", "failure"),
    [
        (1 << 63, "cbor.range"),
        (-(1 << 63) - 1, "cbor.range"),
        (1.0, "cbor.type"),
        ({-1: 0}, "cbor.key"),
        ({True: 0}, "cbor.key"),
        ({1 << 63: 0}, "cbor.range"),
        ("\ud800", "cbor.text"),
        ({1, 2}, "cbor.type"),
        (bytearray(b"x"), "cbor.type"),
    ],
)
def test_encoder_refuses_what_the_decoder_would(value: Value, failure: str) -> None:
    """Nothing outside the profile is ever written."""
    with pytest.raises(EncodingError) as error:
        encode(value)

    assert error.value.failure == failure


def test_encoder_refuses_depth_seventeen() -> None:
    """What could not be read back is not written."""
    value: Value = []
    for _ in range(16):
        value = [value]

    with pytest.raises(EncodingError, match="depth"):
        encode(value)


@given(st.integers(0, 1 << 33))
def test_head_of_a_byte_string(length: int) -> None:
    """Callers that splice get the same head as the encoder writes."""
    head = cbor.encode_bytes_head(length)

    assert head[0] >> 5 == 2
    assert encode(length)[1:] == head[1:]
