"""Every way to alter a sealed payload is refused, each with its own error; nothing foreign leaks out."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import AkashiError
from akashi.keys.errors import SuiteUnknown
from akashi.ledger.wire import cbor
from akashi.vault.errors import (
    ContentMismatch,
    KeyMismatch,
    SealAltered,
    SealError,
    SealExtended,
    SealForeign,
    SealMalformed,
    SealReordered,
    SealTruncated,
)
from akashi.vault.model import CHUNK_SIZE
from akashi.vault.sealing import parse_wrap, read_container, unseal, write_container
from akashi.vault.sealing.body import ChunkCipher, derive
from akashi.vault.sealing.inner import encode_trailer
from tests.vault.forge import ALICE, ALICE_OPENER, BOB, DATA_KEY, LEDGER, PAYLOAD, forged, noise, packed, sealed

CONTENT = noise(3 * CHUNK_SIZE + 1000)
SEALING = sealed(CONTENT)
BODY = list(SEALING.chunks())
HEADER, FIRST, SECOND, THIRD, LAST = BODY


def read(body: list[bytes], wrap: bytes = SEALING.wraps[0]) -> bytes:
    """Open everything."""
    return b"".join(unseal(wrap, ALICE_OPENER, LEDGER, body).contents())


def test_the_unaltered_body_opens() -> None:
    """The baseline without which the refusals below would mean nothing."""
    assert read(BODY) == CONTENT


@pytest.mark.parametrize(
    ("body", "error", "failure"),
    [
        ([], SealTruncated, "header"),
        ([HEADER[:20]], SealTruncated, "header"),
        ([HEADER], SealTruncated, "chunk.short"),
        ([HEADER, FIRST], SealTruncated, "chunk.last"),
        ([HEADER, FIRST, SECOND, THIRD], SealTruncated, "chunk.last"),
        ([HEADER, FIRST, SECOND, THIRD, LAST[:10]], SealTruncated, "chunk.short"),
        ([HEADER, FIRST, SECOND, THIRD, LAST[:-1]], SealAltered, "chunk"),
        ([HEADER, FIRST, SECOND, THIRD, LAST + b"\0"], SealAltered, "chunk"),
        ([HEADER, FIRST, SECOND, THIRD, LAST, LAST], SealAltered, "chunk"),
        ([HEADER, SECOND, FIRST, THIRD, LAST], SealReordered, "chunk.order"),
        ([HEADER, FIRST, FIRST, SECOND, THIRD, LAST], SealReordered, "chunk.order"),
        ([HEADER, FIRST, THIRD, LAST], SealReordered, "chunk.order"),
        ([HEADER, FIRST[1:], SECOND, THIRD, LAST], SealAltered, "chunk"),
        ([HEADER, FIRST[:-1] + bytes([FIRST[-1] ^ 1]), SECOND, THIRD, LAST], SealAltered, "chunk"),
    ],
)
def test_cut_swapped_repeated_extended_and_flipped(body: list[bytes], error: type[SealError], failure: str) -> None:
    """Each alteration of the order or the bytes of chunks, with its own class."""
    with pytest.raises(error) as caught:
        read(body)
    assert caught.value.failure == failure


def test_a_whole_chunk_after_a_whole_last_chunk_is_extension() -> None:
    """The last chunk is bound to being the last, even if it is full."""
    inner = cbor.encode([1, "text/csv", bytes(32), ["a"]])
    wrap, body = forged(packed(inner + noise(CHUNK_SIZE)).ljust(CHUNK_SIZE, b"\0")[:CHUNK_SIZE])

    with pytest.raises(SealExtended, match="after_last"):
        read([*body, LAST], wrap)


def test_every_flipped_byte_of_a_small_body_is_refused() -> None:
    """Byte by byte over header, chunk and tag; only our own errors come out."""
    sealing = sealed(b"a small content", b"of two parts")
    body = b"".join(sealing.chunks())

    for at in range(len(body)):
        altered = body[:at] + bytes([body[at] ^ 0x01]) + body[at + 1 :]
        with pytest.raises((SealError, SuiteUnknown)):
            read([altered], sealing.wraps[0])


def test_every_flipped_byte_of_a_wrap_is_refused() -> None:
    """Ids, suite, encapsulated key and ciphertext."""
    wrap = SEALING.wraps[0]

    for at in range(0, len(wrap), 7):
        altered = wrap[:at] + bytes([wrap[at] ^ 0x01]) + wrap[at + 1 :]
        with pytest.raises(AkashiError):
            read(BODY[:2], altered)


def test_a_body_of_another_payload_is_foreign() -> None:
    """Attack: a server answers with the body of another transfer to the same recipient."""
    other = sealed(b"another", payload_id=bytes(16))

    with pytest.raises(SealForeign, match="payload"):
        read(list(other.chunks()))


def test_a_body_under_another_key_is_refused_by_its_header() -> None:
    """Attack: same payload id, another data key; AES-GCM alone could be made to open under both."""
    again = sealed(b"another")

    with pytest.raises(KeyMismatch):
        read(list(again.chunks()))


def test_a_wrap_relabelled_for_another_suite_is_refused() -> None:
    """Attack: downgrade by changing the suite number in the wrap or in the header."""
    wrap = parse_wrap(SEALING.wraps[0])
    relabelled = cbor.encode([1, wrap.payload_id, wrap.key_id, 2, wrap.hpke])
    header = cbor.decode(HEADER)
    assert isinstance(header, list)
    header[2] = 2

    with pytest.raises(SealMalformed, match="length"):
        read(BODY, relabelled)
    with pytest.raises(SealForeign, match="suite"):
        read([cbor.encode(header), *BODY[1:]])
    with pytest.raises(SuiteUnknown):
        parse_wrap(cbor.encode([1, wrap.payload_id, wrap.key_id, 9, wrap.hpke]))


def test_a_moved_wrap_does_not_open() -> None:
    """Attack: present Alice's wrap of one payload under another payload's id."""
    wrap = parse_wrap(SEALING.wraps[0])
    moved = cbor.encode([1, bytes(16), wrap.key_id, wrap.suite, wrap.hpke])

    with pytest.raises(AkashiError) as caught:
        read(BODY, moved)
    assert caught.value.code == "keys.opening_failed"


def test_the_body_digest_is_compared_when_given() -> None:
    """A caller who knows the digest from the ledger is told of a replaced body at the latest at its end."""
    good = sha256(b"".join(BODY)).digest()

    def opened(digest: bytes) -> bytes:
        return b"".join(unseal(SEALING.wraps[0], ALICE_OPENER, LEDGER, BODY, body_digest=digest).contents())

    assert opened(good) == CONTENT
    with pytest.raises(SealForeign, match="digest"):
        opened(bytes(32))


INNER = cbor.encode([1, "text/csv", bytes(32), ["a"]])
GOOD = INNER + b"xyz" + encode_trailer([3], sha256(b"xyz").digest())


def _big_window() -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(GOOD) + packer.flush()


@pytest.mark.parametrize(
    ("stream", "error", "failure"),
    [
        (packed(GOOD) + b"hidden", SealExtended, "frame.trailing"),
        (packed(GOOD) + packed(b"hidden"), SealExtended, "frame.trailing"),
        (packed(GOOD)[:-5], SealTruncated, "frame.short"),
        (packed(GOOD)[:-1] + b"\0", SealMalformed, "frame.content"),
        (b"\x50\x2a\x4d\x18\0\0\0\0" + packed(GOOD), SealMalformed, "frame.header"),
        (b"not zstd at all", SealMalformed, "frame.header"),
        (b"", SealTruncated, "frame.short"),
        (_big_window(), SealMalformed, "frame.window"),
        (b"\x28\xb5\x2f\xfd\x01\x58\x07" + packed(GOOD)[6:], SealMalformed, "frame.header"),
        (b"\x28\xb5\x2f\xfd\x00\x58\x07\x00\x00", SealMalformed, "frame.block"),
        (packed(INNER), SealMalformed, "inner.trailer"),
        (packed(b""), SealMalformed, "inner.header"),
        (packed(INNER + b"xyz" + encode_trailer([2], sha256(b"xyz").digest())), ContentMismatch, "trailer.length"),
        (packed(INNER + b"xyz" + encode_trailer([3], sha256(b"xyZ").digest())), ContentMismatch, "trailer.digest"),
        (packed(cbor.encode([2, "text/csv", bytes(32), ["a"]]) + bytes(99)), SealMalformed, "inner.header"),
        (packed(cbor.encode([1, "text/csv", bytes(31), ["a"]]) + bytes(99)), SealMalformed, "inner.header"),
        (packed(cbor.encode([1, "text/csv", bytes(32), ["../a"]]) + bytes(99)), SealMalformed, "inner.parts"),
        (packed(cbor.encode([1, "text/csv", bytes(32), ["a", 1]]) + bytes(99)), SealMalformed, "inner.header"),
        (packed(cbor.encode([1, "text/csv", bytes(32), []]) + bytes(99)), SealMalformed, "inner.parts"),
    ],
)
def test_a_dishonest_sealer(stream: bytes, error: type[SealError], failure: str) -> None:
    """What authenticates may still be malformed: hidden bytes, large windows, harmful names, lying trailers."""
    wrap, body = forged(stream)

    with pytest.raises(error) as caught:
        read(body, wrap)
    assert caught.value.failure == failure


def test_another_writers_frame_is_accepted() -> None:
    """Content size and checksum in the frame are allowed: the format asks for one frame, not for our settings."""
    wrap, body = forged(packed(GOOD))

    assert read(body, wrap) == b"xyz"


def test_an_empty_chunk_after_a_full_one_is_refused() -> None:
    """There is one way to end: the last chunk of a stream that has bytes is not empty."""
    wrap, body = forged(packed(INNER + noise(2 * CHUNK_SIZE))[:CHUNK_SIZE])
    chunk_key, _ = derive(DATA_KEY, PAYLOAD, 1)
    cipher = ChunkCipher(chunk_key, body[0])
    first = cipher.open(0, body[1], last=True)
    ended = [body[0], cipher.seal(0, first, last=False), cipher.seal(1, b"", last=True)]

    with pytest.raises(SealMalformed, match="empty"):
        read(ended, wrap)


@settings(max_examples=60)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_our_errors(data: bytes) -> None:
    """As a body, as a wrap and as a container."""
    attempts: list[Callable[[], object]] = [
        lambda: read([data]),
        lambda: read(BODY, data),
        lambda: read_container([data], LEDGER),
    ]
    for attempt in attempts:
        with pytest.raises(AkashiError):
            attempt()


def test_a_container_with_an_altered_head_is_refused() -> None:
    """Cut heads, no wraps, foreign items and a recipient who is not in it."""
    whole = b"".join(write_container(LEDGER, SEALING.wraps, [HEADER]))

    for data in (
        whole[:30],
        cbor.encode(["akashi-sealed", 1, LEDGER, []]),
        cbor.encode(["akashi-sealed", 1, LEDGER, [1]]),
        cbor.encode(["akashi-sealed", 1, b"", list(SEALING.wraps)]),
        cbor.encode(["akashi-sealed", True, LEDGER, list(SEALING.wraps)]),
    ):
        with pytest.raises(SealMalformed):
            read_container([data], LEDGER)
    with pytest.raises(SealForeign, match=r"container\.ledger"):
        read_container([whole], bytes(16))
    with pytest.raises(SealForeign, match="recipient"):
        read_container([whole], LEDGER).wrap_for(BOB.key_id)
    assert read_container([whole], LEDGER).wrap_for(ALICE.key_id) == SEALING.wraps[0]
