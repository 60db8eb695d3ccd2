"""Operation kinds: permanent tags, appended fields, and what may be said at all (docs/spec/kinds.md).

Guarantees: a body is decoded into a frozen dataclass whose every field has a number and a bounded shape: handles, digests,
enums, bounded integers, times, bounded bytes, lists of those. There is no free text, so there is nowhere to put a name.
Registering the same tag twice raises at import. ``apply`` of a kind sees the state and the block time, nothing else; it
raises :class:`~akashi.ledger.errors.Refused` to refuse.

A kind in another part::

    @event("transfer.confirmed", signers={Purpose.GATEWAY})
    class TransferConfirmed:
        transfer: str = number(1, handle("tr"))
        purpose: ReadPurpose = number(2, enum(ReadPurpose))

    KINDS = [Kind(TransferConfirmed, apply_confirmed)]
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar, dataclass_transform, overload

from akashi.errors import Misuse
from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.model import HANDLE, KIND, Approver, Purpose, Statement
from akashi.ledger.rules import Allowed, Denied
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_TAGS: dict[str, type] = {}
T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)
MAX_MS = 1 << 53


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How one field travels: ``load`` checks and converts, ``dump`` is its inverse."""

    name: str
    load: Callable[[Value], T]
    dump: Callable[[T], Value]


def _text(name: str, pattern: re.Pattern[str]) -> Shape[str]:
    def load(value: Value) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise EncodingError("event.field")
        return value

    return Shape(name, load, lambda value: value)


def handle(prefix: str) -> Shape[str]:
    """A handle such as ``inst-…``; never a name."""
    return _text(f"handle:{prefix}", re.compile(re.escape(prefix) + r"-[0-9a-z]{4,32}", re.ASCII))


def any_handle() -> Shape[str]:
    """A handle of any prefix."""
    return _text("handle", HANDLE)


def octets(low: int, high: int) -> Shape[bytes]:
    """A byte string of ``low`` to ``high`` bytes: keys, tokens, identifiers."""

    def load(value: Value) -> bytes:
        if not isinstance(value, bytes) or not low <= len(value) <= high:
            raise EncodingError("event.field")
        return value

    return Shape(f"bytes:{low}-{high}", load, lambda value: value)


def digest() -> Shape[bytes]:
    """32 bytes."""
    return octets(32, 32)


def integer(low: int, high: int) -> Shape[int]:
    """An integer within bounds (both included)."""

    def load(value: Value) -> int:
        if type(value) is not int or not low <= value <= high:
            raise EncodingError("event.field")
        return value

    return Shape(f"int:{low}-{high}", load, lambda value: value)


def moment() -> Shape[int]:
    """Milliseconds since the Unix epoch."""
    return integer(0, MAX_MS)


def truth() -> Shape[bool]:
    """A boolean."""

    def load(value: Value) -> bool:
        if not isinstance(value, bool):
            raise EncodingError("event.field")
        return value

    return Shape("bool", load, lambda value: value)


def enum(of: type[E]) -> Shape[E]:
    """A member of ``of``; its numbers are permanent and only appended."""
    members = {int(member): member for member in of}

    def load(value: Value) -> E:
        if type(value) is not int or value not in members:
            raise EncodingError("event.field")
        return members[value]

    return Shape(f"enum:{of.__name__}", load, int)


def many(of: Shape[T], most: int) -> Shape[tuple[T, ...]]:
    """A tuple of at most ``most`` items."""
    load_one = of.load

    def load(value: Value) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise EncodingError("event.field")
        return tuple([load_one(item) for item in value])

    return Shape(f"[{of.name}]*{most}", load, lambda value: [of.dump(item) for item in value])


@overload
def number(n: int, shape: Shape[T]) -> T: ...
@overload
def number(n: int, shape: Shape[T], *, default: None) -> T | None: ...
def number(n: int, shape: Shape[T], **options: None) -> object:
    """Declare field ``n``; with ``default=None`` it is optional and must come after the required ones."""
    metadata = {"number": n, "shape": shape, "optional": "default" in options}
    if options:
        return dataclasses.field(default=None, metadata=metadata)
    return dataclasses.field(metadata=metadata)


@dataclass(frozen=True, slots=True)
class EventInfo:
    """What a kind is: tag, version, who may sign it, and its fields."""

    tag: str
    version: int
    signers: frozenset[Purpose]
    fields: tuple[tuple[int, str, Shape[object], bool], ...]


_INFO: dict[type, EventInfo] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(number,))
def event(tag: str, *, signers: Iterable[Purpose], version: int = 1) -> Callable[[type[T]], type[T]]:
    """Turn a class into the frozen body of kind ``tag``. Tags are permanent; a second use raises ``Misuse``."""

    def wrap(cls: type[T]) -> type[T]:
        if not KIND.fullmatch(tag) or tag in _TAGS:
            raise Misuse(what=f"event tag {tag}")
        made = dataclass(frozen=True, slots=True)(cls)
        rows = [
            (f.metadata["number"], f.name, f.metadata["shape"], f.metadata["optional"])
            for f in dataclasses.fields(made)  # type: ignore[arg-type]  # dataclass() above made it one
        ]
        if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise Misuse(what=f"field numbers of {tag}")
        _TAGS[tag] = made
        _INFO[made] = EventInfo(tag, version, frozenset(signers), tuple(rows))
        return made

    return wrap


def info_of(body_type: type) -> EventInfo:
    """The declaration of an event class."""
    return _INFO[body_type]


def dump_body(body: object) -> dict[int, Value]:
    """The CBOR map of an event; checks every field against its shape. Raises :class:`EncodingError`."""
    result: dict[int, Value] = {}
    for n, name, shape, optional in _INFO[type(body)].fields:
        value = getattr(body, name)
        if value is None and optional:
            continue
        dumped = shape.dump(value)
        shape.load(dumped)
        result[n] = dumped
    return result


def load_body(body_type: type[T], body: dict[int, Value]) -> T:
    """The event of a CBOR map; unknown, missing or misshapen fields raise :class:`EncodingError`."""
    values: list[object] = []  # in the order of the fields, which is that of the constructor
    absent = 0
    for n, _, shape, optional in _INFO[body_type].fields:
        if n in body:
            values.append(shape.load(body[n]))
        elif optional:
            values.append(None)
            absent += 1
        else:
            raise EncodingError("event.missing")
    if len(values) - absent != len(body):
        raise EncodingError("event.unknown")
    return body_type(*values)


class Context(NamedTuple):
    """What ``apply`` may know beside the state: the statement, its id, the signing key's purpose, the block time."""

    statement: Statement
    operation_id: bytes
    signer_key: bytes
    signer_purpose: Purpose
    block_ms: int
    approvers: tuple[Approver, ...] = ()
    """Whose approvals were verified, each person at most once."""


def require(decision: Allowed | Denied) -> None:
    """Refuse what was denied, for its reason: raises :class:`Refused`. What ``apply`` does with a decision of its rules."""
    if isinstance(decision, Denied):
        raise Refused(decision.reason)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """An event class with its deterministic ``apply(state, body, context)``; raises ``Refused`` to refuse."""

    body: type[T]
    apply: Callable[[WriteState, T, Context], None]

    @property
    def info(self) -> EventInfo:
        """Tag, version, signers and fields."""
        return _INFO[self.body]

    def run(self, state: WriteState, context: Context) -> None:
        """Decode and apply. Raises :class:`EncodingError` or :class:`Refused`."""
        if context.signer_purpose not in self.info.signers:
            raise Refused("signer.purpose")
        self.apply(state, load_body(self.body, context.statement.body), context)


class AnyKind(Protocol):
    """A :class:`Kind` of any event class."""

    @property
    def info(self) -> EventInfo:
        """Tag, version, signers and fields."""
        ...

    def run(self, state: WriteState, context: Context) -> None:
        """Decode and apply."""
        ...


class KindTable:
    """``(tag, version) -> Kind``, and whose approval counts: assembled once in ``app/wiring.py`` and handed to the engine.

    ``is_active(state, person, institution)``: whether a person may approve for the institution now; a table without people asks nobody.
    """

    def __init__(
        self, kinds: Iterable[AnyKind], is_active: Callable[[ReadState, str, str], bool] | None = None
    ) -> None:
        self.is_active = is_active or (lambda _state, _person, _institution: True)
        self._kinds: dict[tuple[str, int], AnyKind] = {}
        for kind in kinds:
            at = (kind.info.tag, kind.info.version)
            if at in self._kinds:
                raise Misuse(what=f"kind {at[0]} twice")
            self._kinds[at] = kind

    def __iter__(self) -> Iterator[AnyKind]:
        return iter([self._kinds[at] for at in sorted(self._kinds)])

    def find(self, tag: str, version: int) -> AnyKind:
        """The kind, or :class:`Refused` ``kind.unknown``."""
        kind = self._kinds.get((tag, version))
        if kind is None:
            raise Refused("kind.unknown")
        return kind
