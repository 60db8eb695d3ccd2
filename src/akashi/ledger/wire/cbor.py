"""Strict deterministic CBOR: exactly one encoding for every value (docs/spec/cbor.md).

Guarantees: ``encode(decode(data)) == data`` for every accepted input, and everything outside the allow-list is
refused: int64, byte strings, UTF-8 text, arrays, maps with non-negative integer keys, booleans, null. No floats, no
indefinite lengths, no tags (the COSE tag is handled by ``envelope``), no duplicate or unordered keys, no trailing
bytes, depth at most 16. Source: RFC 8949 section 4.2.1, narrowed.

>>> decode(encode({1: [True, None, "証", b"x", -1]}))
{1: [True, None, '証', b'x', -1]}
"""

from __future__ import annotations

from struct import Struct
from typing import TypeAlias

from akashi.ledger.errors import EncodingError

Value: TypeAlias = int | str | bytes | bool | list["Value"] | dict[int, "Value"] | None

MAX_DEPTH = 16
_INT64 = 1 << 63
_SHORT = 24  # arguments below this sit in the initial byte
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
_wide = Struct(">Q").unpack_from
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
    return (major << 5 | 27).to_bytes(1, "big") + argument.to_bytes(8, "big")


_BYTES_HEADS = tuple(_head(2, length) for length in range(256))


def encode_bytes_head(length: int) -> bytes:
    """The head of a byte string of ``length`` bytes (for callers that splice encodings together)."""
    return _head(2, length)


def encode(value: Value) -> bytes:
    """The one encoding of ``value``. Raises :class:`EncodingError` for anything outside the allow-list."""
    out: list[bytes] = []
    _encode(value, out, 0)
    return b"".join(out)


def _encode(value: Value, out: list[bytes], depth: int) -> None:
    # type() and not isinstance(): bool is an int, and subclasses (an IntEnum) must be converted by whoever knows why.
    kind = type(value)
    if kind is int:
        out.append(_integer(value))  # type: ignore[arg-type]  # type() narrows, mypy does not follow
    elif kind is bytes:
        length = len(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
        out.append(_BYTES_HEADS[length] if length < len(_BYTES_HEADS) else _head(2, length))
        out.append(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
    elif kind is str:
        raw = _utf8(value)  # type: ignore[arg-type]  # type() narrows, mypy does not follow
        out.append(_head(3, len(raw)))
        out.append(raw)
    elif value is None:
        out.append(b"\xf6")
    elif kind is bool:
        out.append(b"\xf5" if value else b"\xf4")
    else:
        _encode_container(value, out, depth + 1)


def _utf8(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("cbor.text") from error


def _integer(value: int) -> bytes:
    if not -_INT64 <= value < _INT64:
        raise EncodingError("cbor.range")
    return _head(0, value) if value >= 0 else _head(1, -1 - value)


def _encode_container(value: Value, out: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise EncodingError("cbor.depth")
    if isinstance(value, (list, tuple)):
        out.append(_head(4, len(value)))
        for item in value:
            _encode(item, out, depth)
    elif isinstance(value, dict):
        out.append(_head(5, len(value)))
        for key in sorted(value):
            if type(key) is not int or key < 0:
                raise EncodingError("cbor.key")
            out.append(_integer(key))
            _encode(value[key], out, depth)
    else:
        raise EncodingError("cbor.type")


def decode(data: bytes) -> Value:
    """The value whose one encoding is ``data``. Raises :class:`EncodingError` for every other input."""
    (value,), end = _items(data, 0, 1, 0)
    if end != len(data):
        raise EncodingError("cbor.trailing")
    return value


def decode_item(data: bytes, position: int) -> tuple[Value, int]:
    """One item of a CBOR sequence (RFC 8742) at ``position`` and where the next begins."""
    (value,), end = _items(data, position, 1, 0)
    return value, end


def _argument(data: bytes, position: int, info: int) -> tuple[int, int]:
    width = _WIDTHS.get(info)
    if width is None:
        raise EncodingError("cbor.head")  # 28-30 reserved, 31 indefinite
    end = position + width
    if end > len(data):
        raise EncodingError("cbor.short")
    argument = int.from_bytes(data[position:end], "big")
    if argument < _SMALLEST[info]:
        raise EncodingError("cbor.shortest")
    return argument, end


def _items(data: bytes, position: int, count: int, depth: int, *, keyed: bool = False) -> tuple[list[Value], int]:
    """``count`` items one after the other; with ``keyed`` every second one, from the first on, is a key of a map.

    Scalars are decoded in the loop and only containers recurse: this runs for every item of every operation.
    """
    size, last, key_next = len(data), -1, keyed
    items: list[Value] = []
    for _ in range(count):
        if position >= size:
            raise EncodingError("cbor.short")
        initial = data[position]
        position += 1
        item: Value
        if initial >= 0xE0:  # major type 7
            if initial not in _SIMPLE:
                raise EncodingError("cbor.simple")
            item = _SIMPLE[initial]
        else:
            argument = initial & 0x1F
            if argument == _SHORT and position < size and data[position] >= _SHORT:
                argument = data[position]  # the common case of ``_argument``: one byte, in its shortest form
                position += 1
            elif argument >= _SHORT:
                argument, position = _argument(data, position, argument)
            if initial < 0x40:  # 0 and 1: integers
                if argument >= _INT64:
                    raise EncodingError("cbor.range")
                item = argument if initial < 0x20 else -1 - argument
            elif initial < 0x80:  # 2 and 3: byte and text strings
                end = position + argument
                if end > size:
                    raise EncodingError("cbor.short")
                raw = data[position:end]
                item = raw if initial < 0x60 else _text(raw)
                position = end
            elif initial < 0xC0:  # 4 and 5: arrays and maps
                item, position = _container(data, position, argument, initial >= 0xA0, depth + 1)
            else:
                raise EncodingError("cbor.tag")
        if keyed:
            if key_next:
                if type(item) is not int or item < 0:
                    raise EncodingError("cbor.key")
                if item <= last:
                    raise EncodingError("cbor.order")  # for non-negative keys byte order and numeric order agree
                last = item
            key_next = not key_next
        items.append(item)
    return items, position


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError("cbor.text") from error


def _container(data: bytes, position: int, count: int, is_map: bool, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        raise EncodingError("cbor.depth")
    if count > len(data) - position:
        raise EncodingError("cbor.short")  # every item takes at least one byte: refuse before allocating
    if not is_map:
        return _items(data, position, count, depth)
    flat, position = _items(data, position, 2 * count, depth, keyed=True)
    keys = [key for key in flat[::2] if isinstance(key, int)]
    return dict(zip(keys, flat[1::2], strict=True)), position
