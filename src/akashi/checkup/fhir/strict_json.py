"""JSON from outside and to outside: one strict, bounded reader and one writer that keeps every digit.

Guarantees: numbers stay decimal (``98.60`` has two places on both sides); the same value gives the same bytes.
Refuses: repeated keys, NaN, long or huge numbers, lone surrogates, depth, size and number of parts beyond the limits,
always with :class:`BundleInvalid` or :class:`FileTooLarge` and never with what stood there.

>>> parse(b'{"value": 98.60}')
{'value': Decimal('98.60')}
>>> render({"value": Decimal("98.60")})
b'{"value":98.60}'
>>> parse(b'{"a": 1, "a": 2}')
Traceback (most recent call last):
akashi.checkup.errors.BundleInvalid: The FHIR document is wrong (repeated key).
"""

from __future__ import annotations

import json
import json.encoder
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from akashi.checkup.errors import BundleInvalid, FileTooLarge

DEFAULT_LIMIT = 8 << 20
"""Bytes of one Bundle. One person's has 50 to 500 KB."""
MOST_PARTS = 200_000
"""Objects and lists, and (four times) members: bounds the memory before anything is parsed."""
DEEPEST = 24
LONGEST_TEXT = 64 << 10
_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 30
_quote: Callable[[str], str] = json.encoder.encode_basestring
_SURROGATE = re.compile("[\ud800-\udfff]")


def _constant(_name: str) -> NoReturn:
    raise BundleInvalid(what="not a number")


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text) if len(text) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        # An exponent beyond even Decimal's own limits.
        value = None
    # An exponent of a million is nine signs here and a million digits as soon as somebody prints it.
    if value is None or abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise BundleInvalid(what="long number")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BundleInvalid(what="repeated key")
    return made


def _bound(root: Any) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise BundleInvalid(what="depth")
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below += node.keys()
                below += node.values()
            elif isinstance(node, list):
                below += node
            elif isinstance(node, str) and (
                len(node) > LONGEST_TEXT or not (node.isascii() or _SURROGATE.search(node) is None)
            ):
                raise BundleInvalid(what="text")
        level = below


def parse(data: bytes, limit_bytes: int = DEFAULT_LIMIT) -> Any:
    """The value in ``data``: dict, list, str, bool, None, or ``Decimal`` for any number."""
    if len(data) > limit_bytes:
        raise FileTooLarge(limit=limit_bytes)
    if data.count(b"{") + data.count(b"[") > MOST_PARTS or data.count(b",") > 4 * MOST_PARTS:
        raise BundleInvalid(what="too many parts")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BundleInvalid(what="encoding") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_pairs, parse_int=_number, parse_float=_number, parse_constant=_constant
        )
    except RecursionError:
        raise BundleInvalid(what="depth") from None
    except json.JSONDecodeError:
        raise BundleInvalid(what="json") from None
    _bound(value)
    return value


def _render(value: Any, put: Callable[[str], None]) -> None:
    # Ordered by how often each occurs; exact types first, because a document has a hundred thousand of them.
    if type(value) is str:
        put(_quote(value))
    elif isinstance(value, dict):
        mark = "{"
        for key, inner in value.items():
            put(f"{mark}{_quote(key)}:")
            _render(inner, put)
            mark = ","
        put("}" if value else "{}")
    elif isinstance(value, list | tuple):
        mark = "["
        for inner in value:
            put(mark)
            _render(inner, put)
            mark = ","
        put("]" if value else "[]")
    elif isinstance(value, Decimal):
        put(format(value, "f"))
    else:
        put(json.dumps(value, ensure_ascii=False, allow_nan=False))


def render(value: Any) -> bytes:
    """``value`` as UTF-8 JSON without blanks, members in the order they were put in."""
    parts: list[str] = []
    _render(value, parts.append)
    return "".join(parts).encode()


def walk(value: Any, *path: str) -> Iterator[Any]:
    """Everything at ``path``, in order; lists are entered, what has another shape is passed over.

    >>> list(walk({"name": [{"text": "a"}, {}, {"text": "b"}]}, "name", "text"))
    ['a', 'b']
    """
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner, *path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from walk(value[path[0]], *path[1:])


def texts(value: Any, *path: str) -> Iterator[str]:
    """The texts at ``path``; where a text is asked for, what is none is passed over."""
    return (found for found in walk(value, *path) if isinstance(found, str))


def first_text(value: Any, *path: str) -> str:
    """The first text at ``path``, or nothing."""
    return next(texts(value, *path), "")
