"""Operation kinds: permanent tags, numbered fields, bounded shapes, nowhere to put a name."""

from __future__ import annotations

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.events import (
    Context,
    Kind,
    KindTable,
    Shape,
    any_handle,
    digest,
    dump_body,
    enum,
    event,
    handle,
    info_of,
    integer,
    load_body,
    many,
    moment,
    number,
    octets,
    truth,
)
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.registry import LEDGER_KINDS
from akashi.ledger.state import Memory, Overlay, WriteState
from akashi.ledger.wire.cbor import Value


class Colour(IntEnum):
    """An invented enumeration."""

    RED = 1
    BLUE = 2


@event("testing.shaped", signers={Purpose.SERVER}, version=3)
class Shaped:
    """One field of every shape."""

    place: str = number(1, handle("inst"))
    mark: bytes = number(2, digest())
    amount: int = number(3, integer(-5, 5))
    at_ms: int = number(4, moment())
    sure: bool = number(5, truth())
    colour: Colour = number(6, enum(Colour))
    parts: tuple[bytes, ...] = number(7, many(octets(1, 4), 2))
    extra: int | None = number(8, integer(0, 9), default=None)


BODY = Shaped("inst-abcd", bytes(32), 0, 5, sure=True, colour=Colour.BLUE, parts=(b"a", b"bc"))
DUMPED: dict[int, Value] = {1: "inst-abcd", 2: bytes(32), 3: 0, 4: 5, 5: True, 6: 2, 7: [b"a", b"bc"]}


def test_fields_travel_under_their_numbers() -> None:
    """Dump and load are inverse; an absent optional field stays absent."""
    assert dump_body(BODY) == DUMPED
    assert load_body(Shaped, DUMPED) == BODY


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (1, "per-abcd"),
        (1, "inst-abcd\n"),
        (1, "Yamada Taro"),
        (1, 5),
        (2, bytes(31)),
        (2, "x"),
        (3, 6),
        (3, -6),
        (3, True),
        (4, -1),
        (4, 1 << 60),
        (5, 1),
        (6, 3),
        (6, True),
        (7, [b"a", b"b", b"c"]),
        (7, [b""]),
        (7, b"a"),
        (8, 10),
        (8, None),
    ],
)
def test_misshapen_field_is_refused(at: int, value: Value) -> None:
    """No field takes anything but its shape."""
    with pytest.raises(EncodingError, match="field"):
        load_body(Shaped, {**DUMPED, at: value})


def test_missing_and_unknown_fields_are_refused() -> None:
    """A field too few or too many is not guessed at."""
    with pytest.raises(EncodingError, match="missing"):
        load_body(Shaped, {key: value for key, value in DUMPED.items() if key != 3})
    with pytest.raises(EncodingError, match="unknown"):
        load_body(Shaped, {**DUMPED, 9: 0})


def test_misshapen_value_is_not_written_either() -> None:
    """The writer checks what the reader would."""
    with pytest.raises(EncodingError):
        dump_body(Shaped("Yamada", bytes(32), 0, 5, sure=True, colour=Colour.RED, parts=()))


def test_tag_is_used_once() -> None:
    """Reusing a tag raises at import."""
    with pytest.raises(Misuse):

        @event("testing.shaped", signers={Purpose.SERVER})
        class Again:
            """A second use of the tag."""


def test_malformed_tag_is_refused() -> None:
    """Tags have one form."""
    with pytest.raises(Misuse):

        @event("Testing", signers={Purpose.SERVER})
        class Malformed:
            """A tag without its dot."""


def test_numbers_have_no_gap() -> None:
    """Field numbers are 1, 2, 3 …, so that appending is the only change there is."""
    with pytest.raises(Misuse):

        @event("testing.gap", signers={Purpose.SERVER})
        class Gap:
            """Number 1 is missing."""

            late: int = number(2, integer(0, 1))


def test_declaration_is_readable() -> None:
    """What a kind is can be asked for, for the documentation."""
    info = info_of(Shaped)

    assert (info.tag, info.version, info.signers) == ("testing.shaped", 3, frozenset({Purpose.SERVER}))
    assert [(n, name, shape.name) for n, name, shape, _ in info.fields][:2] == [
        (1, "place", "handle:inst"),
        (2, "mark", "bytes:32-32"),
    ]


def nothing(state: WriteState, body: Shaped, context: Context) -> None:
    """Apply nothing."""


STATEMENT = Statement(
    bytes(16), "testing.shaped", 3, Actor("inst-a"), Auth(AuthMethod.MACHINE, 0), None, DUMPED, 0, 1, bytes(16)
)


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.SERVER])
def test_only_listed_purposes_may_say_a_kind(purpose: Purpose) -> None:
    """A kind names who may sign it; everybody else is refused before anything is applied."""
    context = Context(STATEMENT, bytes(32), bytes(32), purpose, 0)

    with pytest.raises(Refused, match="purpose"):
        Kind(Shaped, nothing).run(Overlay(Memory()), context)


def test_table_refuses_a_kind_twice_and_finds_by_version() -> None:
    """The table is unambiguous."""
    kind = Kind(Shaped, nothing)

    with pytest.raises(Misuse):
        KindTable([kind, kind])
    assert KindTable([kind]).find("testing.shaped", 3) is kind
    with pytest.raises(Refused, match="unknown"):
        KindTable([kind]).find("testing.shaped", 1)


@given(st.text(max_size=40))
def test_no_free_text_in_the_ledgers_own_kinds(text: str) -> None:
    """No text field of an own kind takes a text that is neither a handle nor an origin: there is nowhere to put a name."""
    shapes: list[Shape[object]] = [shape for kind in LEDGER_KINDS for _, _, shape, _ in kind.info.fields]
    taken = []
    for shape in shapes:
        try:
            taken.append(shape.load(text))
        except EncodingError:
            continue
    assert all("-" in str(each) or "/akashi/" in str(each) for each in taken)


def test_any_handle_takes_all_prefixes() -> None:
    """A subject may be of any sort."""
    assert [any_handle().load(text) for text in ("tr-abcd", "inst-1234")] == ["tr-abcd", "inst-1234"]
