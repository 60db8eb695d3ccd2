"""Strict deterministic CBOR: exactly one encoding for every value (docs/spec/cbor.md).

Guarantees: ``encode(decode(data)) == data`` for every accepted input, and everything outside the allow-list is
refused: int64, byte strings, UTF-8 text, arrays, maps with non-negative integer keys, booleans, null. No floats, no
indefinite lengths, no tags (the COSE tag is handled by ``envelope``), no duplicate or unordered keys, no trailing
bytes, depth at most 16. Source: RFC 8949 section 4.2.1, narrowed.

>>> decode(encode({1: [True, None, "証", b"x", -1]}))
{1: [True, None, '証', b'x', -1]}
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import TypeAlias

from akashi.ledger.errors import EncodingError

Value: TypeAlias = int | str | bytes | bool | list["Value"] | dict[int, "Value"] | None

MAX_DEPTH = 16
_INT64 = 1 << 63
_SHORT = 24  # arguments below this sit in the initial byte
_LONG = Struct(">BQ").pack
_TWO, _FOUR, _EIGHT = Struct(">H").unpack_from, Struct(">I").unpack_from, Struct(">Q").unpack_from
_SIMPLE: dict[int, bool | None] = {0xF4: False, 0xF5: True, 0xF6: None}


def _head(major: int, argument: int) -> bytes:
    if argument < _SHORT:
        return bytes((major << 5 | argument,))
    if argument < 1 << 8:
        return bytes((major << 5 | 24, argument))
    if argument < 1 << 16:
        return (major << 5 | 25).to_bytes(1, "big") + argument.to_bytes(2, "big")
    if argument < 1 << 32:
        return (major << 5 | 26).to_bytes(1, "big") + argument.to_bytes(4, "big")
    return _LONG(major << 5 | 27, argument)


# The heads that nearly every item has: built once, for this runs for every item of every operation.
_NEAR = 256
_INTEGERS, _NEGATIVES, _BYTES, _TEXTS, _LISTS = (tuple(_head(major, n) for n in range(_NEAR)) for major in range(5))


def encode_bytes_head(length: int) -> bytes:
    """The head of a byte string of ``length`` bytes (for callers that splice encodings together)."""
    return _BYTES[length] if length < _NEAR else _head(2, length)


def encode_list_head(count: int) -> bytes:
    """The head of an array of ``count`` items (as above)."""
    return _LISTS[count] if count < _NEAR else _head(4, count)


def encode(value: Value) -> bytes:
    """The one encoding of ``value``. Raises :class:`EncodingError` for anything outside the allow-list."""
    out: list[bytes] = []
    _encode((value,), out, 0)
    return b"".join(out)


def _encode(values: Iterable[Value], out: list[bytes], depth: int) -> None:
    """Item after item. Scalars are encoded in the loop and only containers recurse."""
    add = out.append
    for value in values:
        # type() and not isinstance(): bool is an int, and subclasses (an IntEnum) must be converted by whoever knows why.
        kind = type(value)
        if kind is bytes:
            length = len(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
            add(_BYTES[length] if length < _NEAR else _head(2, length))
            add(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
        elif kind is int:
            add(_integer(value))  # type: ignore[arg-type]  # type() narrows, mypy does not follow
        elif kind is str:
            raw = _utf8(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
            add(_TEXTS[len(raw)] if len(raw) < _NEAR else _head(3, len(raw)))
            add(raw)
        elif value is None:
            add(b"\xf6")
        elif kind is bool:
            add(b"\xf5" if value else b"\xf4")
        else:
            _encode_container(value, out, depth + 1)


def _utf8(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("cbor.text") from error


def _integer(value: int) -> bytes:
    if 0 <= value < _NEAR:
        return _INTEGERS[value]
    if not -_INT64 <= value < _INT64:
        raise EncodingError("cbor.range")
    return _head(0, value) if value >= 0 else _head(1, -1 - value)


def _encode_container(value: Value, out: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise EncodingError("cbor.depth")
    if isinstance(value, (list, tuple)):
        out.append(encode_list_head(len(value)))
        _encode(value, out, depth)
    elif isinstance(value, dict):
        out.append(_head(5, len(value)))
        flat: list[Value] = []
        for key in sorted(value):
            if type(key) is not int or key < 0:
                raise EncodingError("cbor.key")
            flat += (key, value[key])
        _encode(flat, out, depth)
    else:
        raise EncodingError("cbor.type")


def decode(data: bytes) -> Value:
    """The value whose one encoding is ``data``. Raises :class:`EncodingError` for every other input."""
    value, end = decode_item(data, 0)
    if end != len(data):
        raise EncodingError("cbor.trailing")
    return value


def decode_item(data: bytes, position: int) -> tuple[Value, int]:
    """One item of a CBOR sequence (RFC 8742) at ``position`` and where the next begins."""
    try:
        items, end = _items(data, position, 1, 0)
    except (IndexError, StructError) as error:  # the only way to either: a byte or a number after the end of the data
        raise EncodingError("cbor.short") from error
    except UnicodeDecodeError as error:
        raise EncodingError("cbor.text") from error
    return items[0], end


def _argument(data: bytes, position: int, info: int) -> tuple[int, int]:
    """The number in the 1, 2, 4 or 8 bytes after an initial byte, and where it ends."""
    if info == 24:
        argument, least, width = data[position], _SHORT, 1
    elif info == 25:
        (argument,), least, width = _TWO(data, position), 1 << 8, 2
    elif info == 26:
        (argument,), least, width = _FOUR(data, position), 1 << 16, 4
    else:
        raise EncodingError("cbor.head")  # 28-30 reserved, 31 indefinite
    if argument < least:
        raise EncodingError("cbor.shortest")
    return argument, position + width


def _items(
    data: bytes, position: int, count: int, depth: int, keys: list[int] | None = None
) -> tuple[list[Value], int]:
    """``count`` items one after the other; with ``keys`` each has its key before it, which goes there.

    Scalars are decoded in the loop, only containers recurse. Data that ends too early raises ``IndexError`` or ``StructError``.
    """
    if depth > MAX_DEPTH:
        raise EncodingError("cbor.depth")
    if count > len(data) - position:
        raise EncodingError("cbor.short")  # every item takes at least one byte: refuse before allocating
    items: list[Value] = []
    item: Value
    last = -1
    for _ in range(count):
        initial = data[position]
        position += 1
        if keys is not None:
            if initial >= _SHORT:
                initial, position = _key(data, position - 1, depth)
            if initial <= last:
                raise EncodingError("cbor.order")  # for non-negative keys byte order and numeric order agree
            last = initial
            keys.append(initial)
            initial = data[position]
            position += 1
        argument = initial & 0x1F
        if argument >= _SHORT and initial < 0xE0:
            if argument == 24 and data[position] >= _SHORT:  # a short string: two cases of ``_argument`` stand here
                argument = data[position]
                position += 1
            elif argument == 27:  # a time
                (argument,) = _EIGHT(data, position)
                position += 8
                if argument < 1 << 32:
                    raise EncodingError("cbor.shortest")
            else:
                argument, position = _argument(data, position, argument)
        if initial < 0x40:  # 0 and 1: integers
            if argument >= _INT64:
                raise EncodingError("cbor.range")
            item = argument if initial < 0x20 else -1 - argument
        elif initial < 0x80:  # 2 and 3: byte and text strings
            raw = data[position : position + argument]
            if len(raw) != argument:
                raise EncodingError("cbor.short")
            position += argument
            item = raw if initial < 0x60 else raw.decode()
        elif initial < 0xA0:  # 4: arrays
            item, position = _items(data, position, argument, depth + 1)
        elif initial < 0xC0:  # 5: maps
            item, position = _map(data, position, argument, depth + 1)
        elif initial < 0xE0:
            raise EncodingError("cbor.tag")
        elif initial in _SIMPLE:  # major type 7
            item = _SIMPLE[initial]
        else:
            raise EncodingError("cbor.simple")
        items.append(item)
    return items, position


def _key(data: bytes, position: int, depth: int) -> tuple[int, int]:
    """A key of a map that is not in one byte, and where it ends."""
    (key,), position = _items(data, position, 1, depth)
    if type(key) is not int or key < 0:
        raise EncodingError("cbor.key")
    return key, position


def _map(data: bytes, position: int, count: int, depth: int) -> tuple[Value, int]:
    keys: list[int] = []
    values, position = _items(data, position, count, depth, keys)
    return dict(zip(keys, values, strict=True)), position
