r"""The Protocol Buffers wire format, as far as CometBFT v0.38 uses it, for frozen dataclasses that say their fields.

Guarantees: a value has one encoding and :func:`decode` accepts that one alone, so decode then encode gives the same bytes; the
work is bounded by the input and :data:`MAX_ITEMS`; nothing but :class:`WireMalformed` is raised for any input. Refuses: what the
format would tolerate (unknown fields, repeated or unordered ones, over-long numbers, written-out defaults), because the node's
version is pinned and anything else is a fault. Trusts nobody; what a message means is for its reader.

Fields: ``Annotated[type, Wire(number, kind)]``. ``tuple[...]`` is ``repeated``; a message without ``| None`` is always written,
also when it is empty (gogoproto's ``nullable=false``).

Source: "Encoding" of the Protocol Buffers documentation; field numbers in :mod:`akashi.network.abci.messages`.

>>> varint(300), read_varint(b"\xac\x02\x00", 0)
(b'\xac\x02', (300, 2))
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum, IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from akashi.errors import Misuse
from akashi.network.abci.errors import WireMalformed

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
MAX_ITEMS: Final = 100_000
_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_MAX_VARINT_BYTES = 10
_MODULUS = 1 << 64
_SIGN = 1 << 63


class Kind(Enum):
    """How a field's value is written."""

    UINT32 = "uint32"
    UINT64 = "uint64"
    INT32 = "int32"
    INT64 = "int64"
    BOOL = "bool"
    ENUM = "enum"
    SFIXED64 = "sfixed64"
    BYTES = "bytes"
    STRING = "string"
    MESSAGE = "message"


_RANGES: Final = {
    Kind.UINT32: (0, (1 << 32) - 1),
    Kind.UINT64: (0, _MODULUS - 1),
    Kind.INT32: (-(1 << 31), (1 << 31) - 1),
    Kind.INT64: (-_SIGN, _SIGN - 1),
    Kind.BOOL: (0, 1),
    Kind.ENUM: (0, (1 << 31) - 1),
    Kind.SFIXED64: (-_SIGN, _SIGN - 1),
}
_SIGNED = frozenset({Kind.INT32, Kind.INT64})
_OF_WIRE: Final = dict.fromkeys(_RANGES, _VARINT) | {
    Kind.SFIXED64: _FIXED64,
    Kind.BYTES: _LENGTH,
    Kind.STRING: _LENGTH,
    Kind.MESSAGE: _LENGTH,
}


@dataclass(frozen=True, slots=True)
class Wire:
    """A field's number and kind, as the ``.proto`` file says."""

    number: int
    kind: Kind


class _Field(NamedTuple):
    """A field of a message class, with all that is looked up for each value. ``type`` is the enum or the message class, else ``None``."""

    name: str
    number: int
    kind: Kind
    repeated: bool
    required: bool  # a message that is written even when it is empty
    type: Any
    wire_type: int
    tag: bytes  # what stands before each value


M = TypeVar("M")


def varint(number: int) -> bytes:
    """``number`` (0 to 2**64 - 1) in groups of seven bits, the lowest first."""
    if not 0 <= number < _MODULUS:
        raise Misuse(what="varint")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at`` and the place behind it. Raises :class:`WireMalformed` ``cut`` or ``varint``."""
    if at < len(data) and data[at] < 0x80:  # nearly every tag and length
        return data[at], at + 1
    number = 0
    for count in range(_MAX_VARINT_BYTES):
        if at + count >= len(data):
            raise WireMalformed("cut")
        byte = data[at + count]
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if number >= _MODULUS or (byte == 0 and count > 0):
                raise WireMalformed("varint")
            return number, at + count + 1
    raise WireMalformed("varint")


def encode(message: Any) -> bytes:
    """The one encoding of ``message``. A value outside its field's range is a defect of ours: :class:`Misuse`."""
    parts: list[bytes] = []
    cls: type = type(message)
    for field in _fields(cls):
        value = getattr(message, field.name)
        if value is None:  # nearly all alternatives of a request are
            continue
        for one in value if field.repeated else (value,):
            # proto3 leaves a default away; a message that is there is written, also an empty one
            if one or field.repeated or field.kind is Kind.MESSAGE:
                body = _encode_value(field.kind, one)
                parts.append(field.tag)
                if field.wire_type == _LENGTH:
                    parts.append(varint(len(body)))
                parts.append(body)
    return b"".join(parts)


def decode(cls: type[M], data: bytes) -> M:
    """A ``cls`` from exactly its encoding. Raises :class:`WireMalformed`."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise WireMalformed("size")
    message = _decode(cls, data, 0, len(data))
    if not isinstance(message, cls):
        raise Misuse(what="decode")
    return message


@cache
def _fields(cls: type) -> tuple[_Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in fields(cls):
        inner, wire = get_args(hints[field.name])
        repeated = get_origin(inner) is tuple
        if repeated:
            inner = get_args(inner)[0]
        optional = isinstance(inner, UnionType)
        if optional:
            inner = next(one for one in get_args(inner) if one is not NoneType)
        required = wire.kind is Kind.MESSAGE and not repeated and not optional
        kept = inner if wire.kind in {Kind.ENUM, Kind.MESSAGE} else None
        wire_type = _OF_WIRE[wire.kind]
        tag = varint(wire.number << 3 | wire_type)
        found.append(_Field(field.name, wire.number, wire.kind, repeated, required, kept, wire_type, tag))
    return tuple(sorted(found, key=lambda one: one.number))


@cache
def _by_number(cls: type) -> dict[int, _Field]:
    return {field.number: field for field in _fields(cls)}


@cache
def _to_fill(cls: type) -> tuple[_Field, ...]:
    """The fields of which something is said even where the bytes say nothing."""
    return tuple(field for field in _fields(cls) if field.repeated or field.required)


def _encode_value(kind: Kind, value: Any) -> bytes:
    if kind is Kind.MESSAGE:
        return encode(value)
    if kind is Kind.BYTES:
        return bytes(value)
    if kind is Kind.STRING:
        return str(value).encode()
    low, high = _RANGES[kind]
    number = int(value)
    if not low <= number <= high:
        raise Misuse(what=f"{kind.value} out of range")
    if kind is Kind.SFIXED64:
        return number.to_bytes(8, "little", signed=True)
    return varint(number % _MODULUS)


def _decode(cls: type, data: bytes, at: int, end: int) -> object:
    known = _by_number(cls)
    found: dict[str, Any] = {}
    last = 0
    while at < end:
        tag, at = read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        field = known.get(number)
        if field is None:
            raise WireMalformed("field")
        if wire_type != field.wire_type:
            raise WireMalformed("wire_type")
        if number < last or (number == last and not field.repeated):
            raise WireMalformed("order")
        last = number
        value, at = _decode_value(field, data, at, end)
        if not field.repeated:
            if not field.required and field.kind is not Kind.MESSAGE and not value:
                raise WireMalformed("default")
            found[field.name] = value
            continue
        items = found.setdefault(field.name, [])
        items.append(value)
        if len(items) > MAX_ITEMS:
            raise WireMalformed("items")
    for field in _to_fill(cls):
        if field.repeated:
            found[field.name] = tuple(found.get(field.name, ()))
        elif field.name not in found:
            raise WireMalformed("missing")
    return cls(**found)


def _decode_value(field: _Field, data: bytes, at: int, end: int) -> tuple[Any, int]:
    """The value at ``at`` and the place behind it, which is not behind ``end``."""
    if field.wire_type == _LENGTH:
        length, at = read_varint(data, at)
        behind = at + length
        if behind > end:
            raise WireMalformed("cut")
        if field.kind is Kind.BYTES:
            return data[at:behind], behind
        if field.kind is Kind.MESSAGE:
            return _decode(field.type, data, at, behind), behind
        return _text(data, at, behind), behind
    if field.wire_type == _FIXED64:
        if at + 8 > end:
            raise WireMalformed("cut")
        return int.from_bytes(data[at : at + 8], "little", signed=True), at + 8
    raw, at = read_varint(data, at)
    if at > end:
        raise WireMalformed("cut")
    return _number(field, raw), at


def _number(field: _Field, raw: int) -> int:
    number = raw - _MODULUS if field.kind in _SIGNED and raw >= _SIGN else raw
    low, high = _RANGES[field.kind]
    if not low <= number <= high:
        raise WireMalformed("range")
    if field.kind is Kind.BOOL:
        return bool(number)
    if field.kind is Kind.ENUM:
        return _enumerated(field.type, number)
    return number


def _enumerated(cls: type[IntEnum], number: int) -> int:
    try:
        return cls(number)
    except ValueError:
        raise WireMalformed("enum") from None


def _text(data: bytes, at: int, end: int) -> str:
    try:
        return data[at:end].decode()
    except UnicodeDecodeError:
        raise WireMalformed("utf8") from None
