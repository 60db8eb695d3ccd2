"""The file that is carried: a CBOR sequence, written and read as a stream (docs/spec/mirror-bundle.md).

Guarantees: memory is bounded by one item (:data:`MAX_ITEM_BYTES`); every byte before the ``end`` item is covered by its digest, which the
exporting server's signature after it covers; nothing may follow. A reader refuses what is not the one allowed encoding, what is cut short
and what stands in the wrong place. Left to the caller: what the items say, and whose key may sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import HANDLE, Algorithm
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import Signer, key_id, parse_cose, sign_cose, verify_signature
from akashi.ledger.wire.note import origin_parts
from akashi.network.mirror.errors import BundleForged, BundleMalformed
from akashi.network.mirror.model import BundleHeader

MAGIC, FORMAT = "akashi-mirror", 1
BUNDLE_TYPE = "akashi-mirror-bundle/1"
MAX_ITEM_BYTES = 9 << 20
MAX_ITEMS = 10_000_000
_READ = 16 << 20
_END, _SIGNATURE = "end", "signature"
_MOST = 1 << 53
_COUNTS = 5

Item = list[Value]


def header_item(header: BundleHeader) -> Item:
    """The first item."""
    counts: Item = [header.number, header.start, header.end, header.acknowledged, header.sealed]
    return [MAGIC, FORMAT, header.origin, header.mirror, *counts]


def parse_header_item(item: Item) -> BundleHeader:
    """Strict inverse of :func:`header_item`. Raises :class:`BundleMalformed` ``header``."""
    match item:
        case [str(magic), int(form), str(origin), str(mirror), *counts] if len(counts) == _COUNTS:
            pass
        case _:
            raise BundleMalformed("header")
    if (magic, form) != (MAGIC, FORMAT) or form is True or not HANDLE.fullmatch(mirror):
        raise BundleMalformed("header")
    plain = [one for one in counts if type(one) is int and 0 <= one < _MOST]
    if len(plain) != _COUNTS:
        raise BundleMalformed("header")
    header = BundleHeader(origin, mirror, *plain)
    if header.start > header.end or header.number <= header.acknowledged:
        raise BundleMalformed("header")
    try:
        origin_parts(origin)
    except EncodingError as error:
        raise BundleMalformed("header") from error
    return header


def written(header: BundleHeader, items: Iterable[Item], signer: Signer) -> Iterator[bytes]:
    """The bytes of a bundle, piece by piece: header, ``items``, end, signature."""
    digest, count = sha256(), 0
    for item in _chained(header_item(header), items):
        data = cbor.encode(item)
        digest.update(data)
        count += 1
        yield data
    yield cbor.encode([_END, count, digest.digest()])
    yield cbor.encode([_SIGNATURE, sign_cose(signer, BUNDLE_TYPE, _signed(header, digest.digest()))])


def _chained(first: Item, rest: Iterable[Item]) -> Iterator[Item]:
    yield first
    yield from rest


def _signed(header: BundleHeader, digest: bytes) -> bytes:
    return cbor.encode([*header_item(header), digest])


class BundleReader:
    """One pass over a bundle. :attr:`digest` and :attr:`signature` are known when :meth:`items` has ended."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self._at = 0
        self._ended = False
        self._hash = sha256()
        self._count = 0
        self.digest = b""
        self.signature = b""
        self.header = parse_header_item(self._take())

    def items(self) -> Iterator[Item]:
        """Every item between header and end, in order. Raises :class:`BundleMalformed`."""
        while True:
            began, item = self._peeked()
            if item[0] == _END:
                self._finish(item)
                return
            self._count_in(began)
            yield item

    def _take(self) -> Item:
        began, item = self._peeked()
        self._count_in(began)
        return item

    def _count_in(self, began: int) -> None:
        self._hash.update(memoryview(self._data)[began : self._at])
        self._count += 1
        if self._count > MAX_ITEMS:
            raise BundleMalformed("items")

    def _peeked(self) -> tuple[int, Item]:
        """The next item, and where it begins in the buffer."""
        if len(self._data) - self._at < MAX_ITEM_BYTES and not self._ended:
            more = self._read()
            self._ended = len(more) < _READ
            self._data, self._at = self._data[self._at :] + more, 0
        if self._at == len(self._data):
            raise BundleMalformed("cut")
        began = self._at
        try:
            item, self._at = cbor.decode_item(self._data, began)
        except EncodingError as error:
            raise BundleMalformed("cut" if error.failure == "cbor.short" else error.failure) from error
        if not isinstance(item, list) or not item or not isinstance(item[0], str):
            raise BundleMalformed("item")
        if self._at - began > MAX_ITEM_BYTES:
            raise BundleMalformed("item")
        return began, item

    def _read(self) -> bytes:
        try:
            return self._file.read(_READ)
        except OSError as error:  # the medium failed or was taken out
            raise BundleMalformed("file") from error

    def _finish(self, item: Item) -> None:
        self.digest = self._hash.digest()
        if item != [_END, self._count, self.digest] or type(item[1]) is not int:
            raise BundleMalformed("end")
        _, last = self._peeked()
        match last:
            case [str(name), bytes(signature)] if name == _SIGNATURE:
                self.signature = signature
            case _:
                raise BundleMalformed("signature")
        if self._at != len(self._data) or self._file.read(1):
            raise BundleMalformed("trailing")

    @property
    def signer(self) -> bytes:
        """The key id that the signature names."""
        try:
            _, key, payload, _, _ = parse_cose(self.signature, BUNDLE_TYPE)
        except EncodingError as error:
            raise BundleMalformed("signature") from error
        if payload != _signed(self.header, self.digest):
            raise BundleForged("signature")
        return key

    def verify(self, algorithm: int, spki: bytes) -> None:
        """Raise :class:`BundleForged` unless ``spki`` signed exactly this file."""
        try:
            stated, key, payload, signed, signature = parse_cose(self.signature, BUNDLE_TYPE)
            if key != key_id(spki) or int(stated) != algorithm or payload != _signed(self.header, self.digest):
                raise BundleForged("signature")
            verify_signature(Algorithm(algorithm), spki, signed, signature)
        except BundleForged:
            raise
        except EncodingError as error:
            raise BundleMalformed("signature") from error
        except ProofError as error:
            raise BundleForged("signature") from error


@contextmanager
def opened_bundle(path: Path) -> Iterator[BundleReader]:
    """A reader over a file. Raises :class:`BundleMalformed` ``file`` where it cannot be read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BundleMalformed("file") from error
    with file:
        yield BundleReader(file)
