"""A file under a passphrase: how content leaves towards a medium or a person who has no opening key.

Guarantees: whoever has the file and the passphrase gets the documents back whole, or an error; a change of any byte is
noticed. Key: argon2id (RFC 9106) of the passphrase; content: AES-256-GCM in chunks whose nonce is counter and final flag.
Format (``.akashi-locked``): CBOR ``["akashi-locked", 1, salt (16), memory KiB, passes, lanes, chunk size]``, then the chunks
of CBOR ``[[name, bytes], …]``; associated data of each chunk: SHA-256 of the header. Refuses: passphrases under 12
characters when locking, parameters beyond its bounds when unlocking. Trusted: nobody; the passphrase goes another way.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from hashlib import sha256

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from akashi.errors import InputError
from akashi.exchange.errors import LockedUnreadable
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor

CHUNK = 1 << 20
_TAG = 16
MIN_PASSPHRASE = 12
MEMORY_KIB, PASSES, LANES = 64 * 1024, 3, 4
"""RFC 9106 section 4, second recommendation."""
_MAX_MEMORY_KIB, _MAX_PASSES, _MAX_LANES = 1 << 20, 16, 16


class PassphraseTooShort(InputError):
    """A locked file travels outside: its passphrase is all that protects it."""

    code = "exchange.passphrase_short"
    ja, en = "パスフレーズは{least}文字以上にしてください。", "The passphrase needs at least {least} characters."


def _key(passphrase: str, salt: bytes, memory: int, passes: int, lanes: int) -> AESGCM:
    return AESGCM(
        hash_secret_raw(
            passphrase.encode(),
            salt,
            time_cost=passes,
            memory_cost=memory,
            parallelism=lanes,
            hash_len=32,
            type=Type.ID,
        )
    )


def _nonce(counter: int, final: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([final])


def verify_passphrase(passphrase: str) -> None:
    """Raise :class:`PassphraseTooShort`."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseTooShort(least=MIN_PASSPHRASE)


def lock(documents: Sequence[tuple[str, bytes]], passphrase: str, *, memory_kib: int = MEMORY_KIB) -> Iterator[bytes]:
    """Yield the locked file. Raises :class:`PassphraseTooShort` at the first step."""
    verify_passphrase(passphrase)
    salt = secrets.token_bytes(16)
    header = cbor.encode(["akashi-locked", 1, salt, memory_kib, PASSES, LANES, CHUNK])
    aead = _key(passphrase, salt, memory_kib, PASSES, LANES)
    plain = cbor.encode([[name, data] for name, data in documents])
    yield header
    bound = sha256(header).digest()
    last = max(len(plain) - 1, 0) // CHUNK
    for counter in range(last + 1):
        piece = plain[counter * CHUNK : (counter + 1) * CHUNK]
        yield aead.encrypt(_nonce(counter, counter == last), piece, bound)


def unlock(data: bytes, passphrase: str) -> list[tuple[str, bytes]]:
    """The documents of a locked file. Raises :class:`LockedUnreadable`, also for a wrong passphrase."""
    try:
        header, start = cbor.decode_item(data, 0)
        salt, memory, passes, lanes, chunk = _parameters(header)
        aead = _key(passphrase, salt, memory, passes, lanes)
        bound = sha256(data[:start]).digest()
        body = memoryview(data)[start:]
        step = chunk + _TAG
        count = max(-(-len(body) // step), 1)
        plain = b"".join(
            aead.decrypt(_nonce(counter, counter == count - 1), body[counter * step : (counter + 1) * step], bound)
            for counter in range(count)
        )
        return _documents(cbor.decode(plain))
    except (EncodingError, InvalidTag, ValueError) as error:
        raise LockedUnreadable from error


def _parameters(header: cbor.Value) -> tuple[bytes, int, int, int, int]:
    if not isinstance(header, list) or len(header) != 7 or header[:2] != ["akashi-locked", 1]:
        raise EncodingError("locked.header")
    _, _, salt, memory, passes, lanes, chunk = header
    if not isinstance(salt, bytes) or len(salt) != 16:
        raise EncodingError("locked.header")
    # Bounds: a hostile header must not be able to take all memory or all time.
    if not (
        type(memory) is int and 1024 <= memory <= _MAX_MEMORY_KIB and type(passes) is int and 1 <= passes <= _MAX_PASSES
    ):
        raise EncodingError("locked.parameters")
    if not (type(lanes) is int and 1 <= lanes <= _MAX_LANES and type(chunk) is int and chunk == CHUNK):
        raise EncodingError("locked.parameters")
    return salt, memory, passes, lanes, chunk


def _documents(value: cbor.Value) -> list[tuple[str, bytes]]:
    if not isinstance(value, list):
        raise EncodingError("locked.documents")
    documents = []
    for item in value:
        if not isinstance(item, list) or len(item) != 2:
            raise EncodingError("locked.documents")
        name, content = item
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise EncodingError("locked.documents")
        documents.append((name, content))
    return documents
