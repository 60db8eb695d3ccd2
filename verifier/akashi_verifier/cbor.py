r"""The CBOR profile of `docs/spec/cbor.md`: an iterative decoder with an explicit stack, and a small encoder.

Guarantees: each accepted input has exactly one value and each value one encoding; work and memory are linear in the
input. Refuses: everything the profile does not name (`cbor.*`). Trusts: nobody.

>>> decode(bytes.fromhex("820141ff"))
[1, b'\xff']
>>> encode({1: [None, -1]}).hex()
'a10182f620'
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from akashi_verifier import Failure, demand

MAX_DEPTH = 16
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
_WIDTH = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}


@dataclass(slots=True)
class _Open:
    """A container whose members are still being read."""

    members: list[Any] | dict[int, Any]
    left: int
    key: int | None = None  # of a map: the key that waits for its value
    last: int = -1  # of a map: the largest key so far


def decode(data: bytes) -> Any:
    """Return the one item that `data` holds (raises `cbor.*`)."""
    value, end = _item(data, 0)
    demand(end == len(data), "cbor.trailing")
    return value


def sequence(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield (offset, item) for each item of a CBOR sequence (RFC 8742)."""
    position = 0
    while position < len(data):
        start = position
        value, position = _item(data, position)
        yield start, value


def _argument(data: bytes, position: int) -> tuple[int, int, int]:
    """Read a head at `position`: (major type, argument, position after it)."""
    demand(position < len(data), "cbor.short")
    first = data[position]
    major, info = first >> 5, first & 31
    position += 1
    if major == 7:
        demand(first in _SIMPLE, "cbor.simple")
        return 7, first, position
    if info < 24:
        return major, info, position
    demand(info < 28, "cbor.head")
    width = _WIDTH[info]
    demand(len(data) - position >= width, "cbor.short")
    argument = int.from_bytes(data[position : position + width], "big")
    demand(argument >= _SMALLEST[info], "cbor.shortest")
    return major, argument, position + width


def _string(data: bytes, position: int, length: int, text: bool) -> tuple[Any, int]:
    demand(length <= len(data) - position, "cbor.short")
    raw = bytes(data[position : position + length])
    if not text:
        return raw, position + length
    try:
        return raw.decode("utf-8", "strict"), position + length
    except UnicodeDecodeError:
        raise Failure("cbor.text") from None


def _item(data: bytes, position: int) -> tuple[Any, int]:
    """Read one item; containers wait on a stack, so depth costs no Python recursion."""
    stack: list[_Open] = []
    while True:
        major, argument, position = _argument(data, position)
        value: Any
        if major <= 1:
            demand(argument < 1 << 63, "cbor.range")
            value = argument if major == 0 else -1 - argument
        elif major <= 3:
            value, position = _string(data, position, argument, text=major == 3)
        elif major <= 5:
            demand(len(stack) < MAX_DEPTH, "cbor.depth")
            demand(argument <= len(data) - position, "cbor.short")
            opened = _Open([] if major == 4 else {}, argument)
            if argument:
                stack.append(opened)
                continue
            value = opened.members
        else:
            demand(major == 7, "cbor.tag")
            value = _SIMPLE[argument]
        value, done = _close(stack, value)
        if done:
            return value, position


def _close(stack: list[_Open], value: Any) -> tuple[Any, bool]:
    """Hand a finished value to the container that waits; finish containers that are full."""
    while stack:
        top = stack[-1]
        if isinstance(top.members, list):
            top.members.append(value)
        elif top.key is None:
            demand(type(value) is int and value >= 0, "cbor.key")
            demand(value > top.last, "cbor.order")
            top.key = top.last = value
            return None, False
        else:
            top.members[top.key] = value
            top.key = None
        top.left -= 1
        if top.left:
            return None, False
        value = stack.pop().members
    return value, True


def encode(value: Any) -> bytes:
    """Encode a value of the profile; for the few structures a verifier has to rebuild."""
    if value is None or isinstance(value, bool):
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    return _head(5, len(value)) + b"".join(encode(key) + encode(value[key]) for key in sorted(value))


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, width in _WIDTH.items():
        if argument < 1 << (8 * width):
            return bytes([major << 5 | info]) + argument.to_bytes(width, "big")
    raise Failure("cbor.range")
