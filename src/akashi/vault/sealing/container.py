"""The ``.sealed`` file: wraps and body in one download (docs/spec/sealed-payload.md section 4).

Guarantees: nothing in it is readable without a recipient's key; one encoding of the head; its wraps belong together.
Refuses: a container of another ledger than the caller's. It authenticates nothing by itself: opening does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.vault.errors import SealForeign, SealMalformed
from akashi.vault.model import MAX_WRAP_BYTES, MAX_WRAPS
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.sealing.wraps import parse_wrap, verify_wrap_set

_MAX_HEAD = MAX_WRAPS * (MAX_WRAP_BYTES + 8) + 64


@dataclass(frozen=True, slots=True)
class Container:
    """A parsed container of the reader's ledger; ``body`` is read once."""

    wraps: tuple[bytes, ...]
    body: Iterator[bytes]

    def wrap_for(self, key_id: bytes) -> bytes:
        """The wrap of one recipient. Raises :class:`SealForeign`."""
        for wrap in self.wraps:
            if parse_wrap(wrap).key_id == key_id:
                return wrap
        raise SealForeign("container.recipient")


def write_container(ledger_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> Iterator[bytes]:
    """The container's bytes, in pieces; ``wraps`` of one body in ascending order of key id, as sealing gives them."""
    yield cbor.encode(["akashi-sealed", 1, ledger_id, list(wraps)])
    yield from body


def read_container(data: Iterable[bytes], ledger_id: bytes) -> Container:
    """Parse the head. Raises :class:`SealMalformed`, ``SuiteUnknown``; :class:`SealForeign` for another ledger's."""
    source = Pieces(data)
    try:
        value, encoded = source.take_item(_MAX_HEAD)
    except EncodingError as error:
        raise SealMalformed("container") from error
    match value:
        case ["akashi-sealed", 1, bytes(named), list(items)]:
            wraps = tuple(item for item in items if isinstance(item, bytes))
        case _:
            raise SealMalformed("container")
    if len(named) != 16 or not 1 <= len(wraps) <= MAX_WRAPS:
        raise SealMalformed("container")
    if cbor.encode(["akashi-sealed", 1, named, list(wraps)]) != encoded:
        raise SealMalformed("container")
    verify_wrap_set([parse_wrap(wrap) for wrap in wraps])
    if named != ledger_id:
        raise SealForeign("container.ledger")
    return Container(wraps, source.rest())
