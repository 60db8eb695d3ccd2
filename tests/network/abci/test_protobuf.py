"""The wire codec: one encoding, one parser, nothing but its own error for whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import IntEnum
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.network.abci import messages, protobuf
from akashi.network.abci.errors import WireMalformed
from akashi.network.abci.messages import Request, Response, format_request, parse_request
from akashi.network.abci.protobuf import decode, encode, read_varint, varint
from akashi.network.abci.values import BlockIdFlag, wire

RANGES = {
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "sfixed64": (-(2**63), 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class Inner:
    """A message in a message."""

    number: Annotated[int, wire(1, "int32")] = 0
    text: Annotated[str, wire(3, "string")] = ""


NO_INNER = Inner()


@dataclass(frozen=True, slots=True)
class Sample:
    """A field of each kind."""

    wide: Annotated[int, wire(1, "uint64")] = 0
    fixed: Annotated[int, wire(2, "sfixed64")] = 0
    always: Annotated[Inner, wire(3, "message")] = NO_INNER
    maybe: Annotated[Inner | None, wire(4, "message")] = None
    many: Annotated[tuple[bytes, ...], wire(5, "bytes")] = ()
    flag: Annotated[bool, wire(6, "bool")] = False
    choice: Annotated[BlockIdFlag, wire(16, "enum")] = BlockIdFlag.UNKNOWN


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values for one annotated field."""
    inner, wired = get_args(hint)
    if get_origin(inner) is tuple:
        return st.lists(_one(get_args(inner)[0], wired.kind.value), max_size=3).map(tuple)
    if isinstance(inner, UnionType):
        known = next(one for one in get_args(inner) if one is not NoneType)
        return st.none() | _one(known, wired.kind.value)
    return _one(inner, wired.kind.value)


def _one(known: Any, kind: str) -> st.SearchStrategy[Any]:
    if kind in RANGES:
        return st.integers(*RANGES[kind])
    if kind == "message":
        return message_of(known)
    if isinstance(known, type) and issubclass(known, IntEnum):
        return st.sampled_from(list(known))
    return {"bool": st.booleans(), "bytes": st.binary(max_size=40), "string": st.text(max_size=20)}[kind]


def message_of(cls: type) -> st.SearchStrategy[Any]:
    """Values of a message class."""
    hints = get_type_hints(cls, include_extras=True)
    return st.deferred(lambda: st.builds(cls, **{field.name: any_of(hints[field.name]) for field in fields(cls)}))


def classes() -> Iterator[type]:
    """Every message of the module, the one of one-of-many included."""
    for value in vars(messages).values():
        if isinstance(value, type) and is_dataclass(value):
            yield value


@pytest.mark.parametrize("cls", list(classes()))
@settings(max_examples=8)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(cls: type, data: st.DataObject) -> None:
    """Decode after encode gives the value, whatever its fields are."""
    value = data.draw(message_of(cls))

    assert decode(cls, encode(value)) == value


@settings(max_examples=40)
@given(st.data())
def test_every_truncation_of_a_request_is_refused(data: st.DataObject) -> None:
    """No request is the beginning of another: what was cut off is missed."""
    hints = get_type_hints(Request, include_extras=True)
    name = data.draw(st.sampled_from(sorted(hints)))
    cls = next(one for one in get_args(get_args(hints[name])[0]) if one is not NoneType)
    body = format_request(Request(**{name: data.draw(message_of(cls))}))

    for end in range(len(body)):
        with pytest.raises(WireMalformed):
            parse_request(body[:end])


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_come_back_identical(data: bytes) -> None:
    """Nothing but the codec's own error is raised, and what is accepted has no second encoding."""
    for cls in (Request, Response, Sample):
        try:
            value = decode(cls, data)
        except WireMalformed:
            continue
        assert encode(value) == data


@settings(max_examples=100)
@given(message_of(Request), st.data())
def test_flipped_bytes_are_refused_or_come_back_identical(value: Request, data: st.DataObject) -> None:
    """The same for bytes that are almost right."""
    body = bytearray(encode(value))
    if body:
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(Request, bytes(body))
    except WireMalformed:
        return
    assert encode(found) == bytes(body)


@given(st.integers(0, 2**64 - 1))
def test_a_number_has_one_varint(number: int) -> None:
    """It comes back, and one more byte makes it another's or nobody's."""
    encoded = varint(number)

    assert read_varint(encoded, 0) == (number, len(encoded))
    with pytest.raises(WireMalformed):
        read_varint(encoded[:-1] + bytes([encoded[-1] | 0x80, 0]), 0)


ALWAYS = "1a00"  # the message that is written even when it is empty


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("088100" + ALWAYS, "varint"),  # 1 in two bytes
        ("08ffffffffffffffffff02" + ALWAYS, "varint"),  # beyond 64 bits
        ("08ffffffffffffffffffff01" + ALWAYS, "varint"),  # eleven bytes
        ("0800" + ALWAYS, "default"),
        ("2a0131" + ALWAYS, "order"),
        (ALWAYS + ALWAYS, "order"),
        (ALWAYS + "3801", "field"),
        ("0001" + ALWAYS, "field"),  # number 0
        (ALWAYS + "33", "wire_type"),  # groups
        (ALWAYS + "34", "wire_type"),
        (ALWAYS + "3500000000", "wire_type"),  # fixed32
        (ALWAYS + "36", "wire_type"),
        ("0a0101" + ALWAYS, "wire_type"),  # a number as bytes
        ("1101" + ALWAYS, "cut"),
        (ALWAYS + "2a02", "cut"),
        (ALWAYS + "2affffffffffffffffff01", "cut"),
        ("1a03" + "1a0261", "cut"),  # the inner text is longer than the message around it
        ("1a02" + "0896" + "2200", "cut"),  # a number of the inner message ends outside of it
        ("1a03" + "1a01ff", "utf8"),
        ("1a06" + "088080808010", "range"),  # 2**32 as int32
        (ALWAYS + "3002", "range"),  # a flag of 2
        (ALWAYS + "800104", "enum"),
        ("0801", "missing"),
        ("", "missing"),
    ],
)
def test_what_is_not_the_one_encoding_is_refused(fault: str, failure: str) -> None:
    """Each fault has its class, so that a test that meets another one fails."""
    with pytest.raises(WireMalformed) as caught:
        decode(Sample, bytes.fromhex(fault))

    assert caught.value.failure == failure


def test_the_sample_is_written_as_the_format_says() -> None:
    """Tags, two's complement, little endian and lengths, against bytes worked out by hand."""
    value = Sample(150, -2, Inner(-1, "証"), Inner(), (b"", b"\x00"), flag=True, choice=BlockIdFlag.NIL)

    expected = (
        "089601" "11feffffffffffffff" "1a10" "08ffffffffffffffffff01" "1a03e8a8bc" "2200" "2a00" "2a0100" "3001" "800103"
    )  # fmt: skip
    assert encode(value).hex() == expected
    assert decode(Sample, bytes.fromhex(expected)) == value


def test_too_many_items_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes each would make much memory of little input."""
    monkeypatch.setattr(protobuf, "MAX_ITEMS", 3)
    full = Sample(many=(b"",) * 3)

    assert decode(Sample, encode(full)) == full
    with pytest.raises(WireMalformed, match="items"):
        decode(Sample, encode(replace(full, many=(b"",) * 4)))


def test_too_large_a_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is looked at before the bytes are."""
    monkeypatch.setattr(protobuf, "MAX_MESSAGE_BYTES", 9)

    with pytest.raises(WireMalformed, match="size"):
        decode(Sample, encode(Sample(many=(bytes(8),))))


@pytest.mark.parametrize(
    "value", [Sample(wide=2**64), Sample(wide=-1), Sample(fixed=2**63), Sample(always=Inner(2**31))]
)
def test_a_value_of_ours_out_of_range_is_a_defect(value: Sample) -> None:
    """Nothing is written that would come back as another number."""
    with pytest.raises(Misuse):
        encode(value)


@pytest.mark.parametrize("fault", ["", "0a00" + "1200", "2200", "3a00"])
def test_a_request_is_exactly_one_of_those_known(fault: str) -> None:
    """None, two, and the reserved numbers are refused."""
    with pytest.raises(WireMalformed):
        parse_request(bytes.fromhex(fault))
