"""How a copy travels: an offer, then a container (docs/network-payloads.md section 2); checked, and resumed where it breaks off.

Guarantees: one encoding of the offer's head; a stream of :func:`resumed` hands out each byte once and in order, whichever server it came from;
:func:`checked` ends with an error before the last byte counts if the digest is another. Trusts no sender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.network.payloads.errors import CopyBroken, CopyDiffers, CopyRefused
from akashi.network.payloads.port import PeerVault
from akashi.vault.model import MAX_BODY_BYTES
from akashi.vault.receipt import MAX_RECEIPT
from akashi.vault.sealing import write_container
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.service import Vault

_NAME = "akashi-copy"
_MAX_HEAD = MAX_RECEIPT + 32


def offer_head(receipt: bytes) -> bytes:
    """What stands before the container: the offering server's own storage receipt."""
    return cbor.encode([_NAME, 1, receipt])


def take_offer(source: Pieces) -> bytes:
    """The offering server's receipt. Raises :class:`CopyRefused`."""
    try:
        value, _ = source.take_item(_MAX_HEAD)
    except EncodingError as error:
        raise CopyRefused("offer.encoding") from error
    match value:
        case ["akashi-copy", 1, bytes(receipt)] if receipt:
            return receipt
    raise CopyRefused("offer.encoding")


def container_of(vault: Vault, ledger_id: bytes, payload_id: bytes, start: int = 0) -> Iterator[bytes]:
    """The bytes of a stored payload's container from ``start``; the same for every server. Refusals come at the call."""
    return after(write_container(ledger_id, vault.wraps(payload_id), vault.body(payload_id)), start)


def after(pieces: Iterable[bytes], start: int) -> Iterator[bytes]:
    """A stream without its first ``start`` bytes."""
    for piece in pieces:
        if start < len(piece):
            yield piece[start:]
        start = max(0, start - len(piece))


def resumed(payload_id: bytes, first: Iterator[bytes] | None, peers: Iterable[PeerVault], size: int) -> Iterator[bytes]:
    """A container's bytes from ``first``, and from where that ends from each of ``peers`` in turn, until one reaches an end.

    ``size``: an end before so many bytes is none (the body's size; 0 if unknown). Raises :class:`CopyBroken` when nobody is left.
    """
    at = 0
    sources: list[Callable[[], Iterator[bytes]]] = [] if first is None else [lambda: first]
    sources += [lambda peer=peer: peer.get(payload_id, at) for peer in peers]  # type: ignore[misc]  # a default binds the loop's variable
    for source in sources:
        try:
            for piece in source():
                at += len(piece)
                if at > 2 * MAX_BODY_BYTES:
                    raise CopyDiffers(payload=payload_id.hex())
                yield piece
        except CopyDiffers:
            raise
        except (AkashiError, OSError):  # gone, refused or broken off: the next one goes on where this one stopped
            continue
        if at >= max(size, 1):
            return
    raise CopyBroken(payload=payload_id.hex())


def checked(payload_id: bytes, body: Iterable[bytes], digest: bytes) -> Iterator[bytes]:
    """The same bytes. Raises :class:`CopyDiffers` at their end unless their SHA-256 is ``digest``."""
    seen = sha256()
    for piece in body:
        seen.update(piece)
        yield piece
    if seen.digest() != digest:
        raise CopyDiffers(payload=payload_id.hex())
