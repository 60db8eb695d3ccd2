"""Wraps: the data key for one recipient (docs/spec/sealed-payload.md section 3).

Guarantees: one encoding; the HPKE context binds ledger, payload, recipient and suite, so a wrap cannot be moved. The
wraps digest does not depend on the order in which recipients were named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from akashi.keys.openers import Opener
from akashi.keys.suites import find_suite, wrap_key
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.vault.errors import SealForeign, SealMalformed
from akashi.vault.model import MAX_WRAP_BYTES, PAYLOAD_ID_SIZE, Recipient


@dataclass(frozen=True, slots=True)
class Wrap:
    """``[1, payload id, recipient key id, suite, hpke]``."""

    payload_id: bytes
    key_id: bytes
    suite: int
    hpke: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The one encoding."""
        return cbor.encode([1, self.payload_id, self.key_id, self.suite, self.hpke])


def parse_wrap(data: bytes) -> Wrap:
    """Strict inverse of :meth:`Wrap.encode`. Raises :class:`SealMalformed`, ``SuiteUnknown``."""
    if len(data) > MAX_WRAP_BYTES:
        raise SealMalformed("wrap")
    try:
        value = cbor.decode(data)
    except EncodingError as error:
        raise SealMalformed("wrap") from error
    match value:
        case [1, bytes(payload_id), bytes(key_id), int(number), bytes(hpke)]:
            wrap = Wrap(payload_id, key_id, number, hpke)
        case _:
            raise SealMalformed("wrap")
    if len(payload_id) != PAYLOAD_ID_SIZE or len(key_id) != 32 or number < 0 or wrap.encode() != data:
        raise SealMalformed("wrap")
    if len(hpke) != find_suite(number).encapsulated + 48:
        raise SealMalformed("wrap.length")
    return wrap


def verify_wrap_set(wraps: Sequence[Wrap]) -> None:
    """Raise :class:`SealMalformed` unless all are of one payload and suite, in ascending order of key id, none twice."""
    if len({(wrap.payload_id, wrap.suite) for wrap in wraps}) > 1:
        raise SealMalformed("container.wraps")
    if any(earlier.key_id >= later.key_id for earlier, later in pairwise(wraps)):
        raise SealMalformed("container.wraps")


def wrap_info(ledger_id: bytes, payload_id: bytes, key_id: bytes, suite: int) -> bytes:
    """The HPKE info of a wrap."""
    return b"akashi/wrap/1\x00" + cbor.encode([ledger_id, payload_id, key_id, suite])


def make_wrap(recipient: Recipient, ledger_id: bytes, payload_id: bytes, data_key: bytes) -> bytes:
    """The encoded wrap of ``data_key`` for one recipient."""
    info = wrap_info(ledger_id, payload_id, recipient.key_id, recipient.suite)
    hpke = wrap_key(find_suite(recipient.suite), recipient.public, info, data_key)
    return Wrap(payload_id, recipient.key_id, recipient.suite, hpke).encode()


def open_wrap(wrap: Wrap, opener: Opener, ledger_id: bytes) -> bytes:
    """The data key. Raises :class:`SealForeign` for another recipient, ``OpeningFailed`` if HPKE does not open."""
    if wrap.key_id != opener.key_id:
        raise SealForeign("wrap.recipient")
    if wrap.suite != opener.suite:
        raise SealForeign("wrap.suite")
    return opener.open(wrap.hpke, wrap_info(ledger_id, wrap.payload_id, wrap.key_id, wrap.suite))


def wraps_digest(wraps: Sequence[bytes]) -> bytes:
    """SHA-256("akashi/wraps/1" 00 CBOR [SHA-256(wrap), …]) in ascending order of recipient key id."""
    return digest_of_digests(wrap_digests(wraps))


def wrap_digests(wraps: Sequence[bytes]) -> tuple[bytes, ...]:
    """SHA-256 of each wrap, in ascending order of recipient key id."""
    ordered = sorted(wraps, key=lambda data: parse_wrap(data).key_id)
    return tuple(sha256(data).digest() for data in ordered)


def digest_of_digests(digests: Sequence[bytes]) -> bytes:
    """The wraps digest of wrap digests that are in order already."""
    return sha256(b"akashi/wraps/1\x00" + cbor.encode(list(digests))).digest()
