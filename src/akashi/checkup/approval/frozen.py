"""Frozen dataclasses as JSON text and back, by their declared types: how a draft is kept.

Guarantees: ``thaw(kind, freeze(x)) == x`` for dataclasses of texts, numbers, booleans, enums, dates, tuples, mappings and optionals of
these; a field that a newer program added takes its default. Refuses any other shape (:class:`KeptOtherwise`). Trusts nobody: types are checked.

>>> from akashi.checkup.mapping.model import Reason
>>> thaw(Reason, freeze(Reason("unit", "cm")))
Reason(code='unit', about='cm')
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

from akashi.errors import IntegrityError

T = TypeVar("T")


class KeptOtherwise(IntegrityError):
    """What was kept has not the shape of what is asked for."""

    code = "checkup.map_kept"
    ja, en = "保管していた変換表の下書きを読めません。", "A kept draft cannot be read."
    hint_ja, hint_en = "新しい下書きを作ってください。", "Start another draft."


def freeze(value: object) -> str:
    """``value`` as one line of JSON with sorted keys."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def thaw(kind: type[T], text: str) -> T:
    """The value of type ``kind`` again. Raises :class:`KeptOtherwise`."""
    try:
        return cast("T", _made(kind, json.loads(text)))
    except (ValueError, TypeError, KeyError) as error:
        raise KeptOtherwise from error


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(one)] for key, one in value.items()]
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _made(kind: object, value: object) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _made(next(one for one in get_args(kind) if one is not type(None)), value)
    if origin is tuple:
        return _row(get_args(kind), _listed(value))
    if origin is not None and issubclass(origin, Mapping):
        of_key, of_value = get_args(kind)
        return {_made(of_key, key): _made(of_value, one) for key, one in map(_listed, _listed(value))}
    if not isinstance(kind, type):
        raise TypeError(kind)
    if is_dataclass(kind):
        return _instance(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if kind is date:
        return date.fromisoformat(cast("str", value))
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(kind)
    return value


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _row(kinds: tuple[object, ...], values: list[object]) -> tuple[object, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_made(kinds[0], one) for one in values)
    return tuple(_made(kind, one) for kind, one in zip(kinds, values, strict=True))


def _instance(kind: type, value: object) -> object:
    if not isinstance(value, dict):
        raise TypeError(kind)
    types_of, needed = _declared(kind)
    if value.keys() - types_of.keys() or needed - value.keys():
        raise KeyError(kind)
    return kind(**{name: _made(types_of[name], one) for name, one in value.items()})


@lru_cache(maxsize=64)
def _declared(kind: type) -> tuple[dict[str, object], frozenset[str]]:
    """The types of a dataclass's fields, and which have no default; asked for thousands of times in one draft."""
    hints = get_type_hints(kind)
    bare = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    return {one.name: hints[one.name] for one in fields(kind)}, frozenset(bare)
