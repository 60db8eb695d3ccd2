"""Evidence bundles: leaves with their proofs in one file (docs/spec/bundle.md).

Guarantees: one encoding; ``parse_bundle`` accepts exactly what ``write_bundle`` can produce, refuses everything else with
a failure class, and notices a change of any byte. Verifies no signature and no proof: that is ``proof.verify``. Trusts
nobody; the end digest can be recomputed by anybody and only guards against damage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from akashi.ledger.errors import EncodingError
from akashi.ledger.model import Header
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.leaf import parse_header
from akashi.ledger.wire.note import Checkpoint, origin_parts, parse_checkpoint

FORMAT = 1
MAX_BUNDLE_BYTES = 256 * 1024 * 1024
MAX_LEAVES = 1_000_000
MAX_CERTIFICATES = 16
_DIGEST = 32
_MAGIC = "akashi-bundle"


@dataclass(frozen=True, slots=True)
class Range:
    """Leaves ``[start, start + len(leaves))`` and the hashes beside them (spec/tree.md section 4)."""

    start: int
    leaves: Sequence[bytes]
    proof: Sequence[bytes]

    @property
    def end(self) -> int:
        """Index after the last leaf."""
        return self.start + len(self.leaves)


@dataclass(frozen=True, slots=True)
class StampItem:
    """A time stamp over a checkpoint of this log, and the consistency proof to the bundle's."""

    note: bytes
    token: bytes
    certificates: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()
    consistency: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Opens the commitment of one ``transfer.sent``: salt and digest of the plain content."""

    operation: bytes
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One parsed bundle; ``head`` is the encoded header of the block whose tree the checkpoint signs."""

    note: bytes
    head: bytes
    ranges: Sequence[Range]
    stamps: Sequence[StampItem] = ()
    disclosures: Sequence[Disclosure] = ()

    @property
    def checkpoint(self) -> Checkpoint:
        """The parsed checkpoint."""
        return parse_checkpoint(self.note)

    @property
    def header(self) -> Header:
        """The parsed head."""
        return parse_header(self.head)


def write_bundle(bundle: Bundle) -> bytes:
    """The file. Ranges, stamps and disclosures must already be in their order; shapes are the caller's promise."""
    checkpoint = bundle.checkpoint
    items: list[list[Value]] = [
        [_MAGIC, FORMAT, checkpoint.origin, checkpoint.size],
        ["checkpoint", bundle.note],
        ["head", bundle.head],
    ]
    items += [["range", part.start, list(part.leaves), list(part.proof)] for part in bundle.ranges]
    items += [
        ["stamp", stamp.note, stamp.token, list(stamp.certificates), list(stamp.crls), list(stamp.consistency)]
        for stamp in bundle.stamps
    ]
    items += [["disclosure", opened.operation, opened.salt, opened.digest] for opened in bundle.disclosures]
    body = b"".join(map(cbor.encode, items))
    return body + cbor.encode(["end", len(items), sha256(body).digest()])


def parse_bundle(data: bytes) -> Bundle:
    """Step 1 of verification: the whole file, strictly. Raises :class:`EncodingError`."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise EncodingError("bundle.size")
    return _Parser(data).run()


def _octets(value: Value) -> bool:
    return isinstance(value, bytes)


def _hash(value: Value) -> bool:
    return isinstance(value, bytes) and len(value) == _DIGEST


def _list_of(value: Value, test: Callable[[Value], bool], most: int | None = None) -> list[bytes]:
    if not isinstance(value, list) or not all(map(test, value)) or (most is not None and len(value) > most):
        raise EncodingError("bundle.item")
    return [item for item in value if isinstance(item, bytes)]


class _Parser:
    """Walks the sequence once; each method takes the items of one name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = self._began = self._count = 0
        self._leaves = 0

    def run(self) -> Bundle:
        origin, size = self._header(self._next())
        note = self._single("checkpoint")
        checkpoint = parse_checkpoint(note)
        if checkpoint.origin != origin:
            raise EncodingError("bundle.header")
        if checkpoint.size != size:
            raise EncodingError("bundle.size")
        head = self._single("head")
        parse_header(head)
        fields = self._next()
        ranges: list[Range] = []
        while fields[0] == "range":
            ranges.append(self._range(fields, size, ranges))
            fields = self._next()
        stamps: list[StampItem] = []
        while ranges and fields[0] == "stamp":
            stamps.append(self._stamp(fields, stamps))
            fields = self._next()
        disclosures: list[Disclosure] = []
        while ranges and fields[0] == "disclosure":
            disclosures.append(self._disclosure(fields, disclosures))
            fields = self._next()
        if not ranges or fields[0] != "end":
            raise EncodingError("bundle.item")
        self._end(fields)
        return Bundle(note, head, ranges, stamps, disclosures)

    def _next(self) -> list[Value]:
        self._began = self._at
        if self._at == len(self._data):
            raise EncodingError("bundle.end")
        item, self._at = cbor.decode_item(self._data, self._at)
        self._count += 1
        if not isinstance(item, list) or not item or not isinstance(item[0], str):
            raise EncodingError("bundle.item" if self._count > 1 else "bundle.header")
        return item

    def _header(self, fields: list[Value]) -> tuple[str, int]:
        if len(fields) != 4 or fields[0] != _MAGIC or type(fields[1]) is not int or fields[1] != FORMAT:
            raise EncodingError("bundle.header")
        origin, size = fields[2], fields[3]
        if not isinstance(origin, str) or type(size) is not int or size < 1:
            raise EncodingError("bundle.header")
        try:
            origin_parts(origin)
        except EncodingError as error:
            raise EncodingError("bundle.header") from error
        return origin, size

    def _single(self, name: str) -> bytes:
        fields = self._next()
        if len(fields) != 2 or fields[0] != name or not isinstance(fields[1], bytes):
            raise EncodingError("bundle.item")
        return fields[1]

    def _range(self, fields: list[Value], size: int, before: list[Range]) -> Range:
        if len(fields) != 4:
            raise EncodingError("bundle.item")
        _, start, leaves, proof = fields
        if type(start) is not int:
            raise EncodingError("bundle.item")
        part = Range(start, _list_of(leaves, _octets), _list_of(proof, _octets))
        if start < 0 or not part.leaves or part.end > size or not all(map(_hash, part.proof)):
            raise EncodingError("bundle.range")
        if before and start <= before[-1].end:
            raise EncodingError("bundle.order")
        self._leaves += len(part.leaves)
        if self._leaves > MAX_LEAVES:
            raise EncodingError("bundle.size")
        return part

    def _stamp(self, fields: list[Value], before: list[StampItem]) -> StampItem:
        if len(fields) != 6:
            raise EncodingError("bundle.item")
        _, note, token, certificates, crls, consistency = fields
        if not isinstance(note, bytes) or not isinstance(token, bytes):
            raise EncodingError("bundle.item")
        stamp = StampItem(
            note,
            token,
            _list_of(certificates, _octets, MAX_CERTIFICATES),
            _list_of(crls, _octets, MAX_CERTIFICATES),
            _list_of(consistency, _hash),
        )
        size = parse_checkpoint(note).size
        if before and size < parse_checkpoint(before[-1].note).size:
            raise EncodingError("bundle.order")
        return stamp

    def _disclosure(self, fields: list[Value], before: list[Disclosure]) -> Disclosure:
        if len(fields) != 4:
            raise EncodingError("bundle.item")
        opened = Disclosure(*_list_of(fields[1:], _hash))
        if before and opened.operation <= before[-1].operation:
            raise EncodingError("bundle.order")
        return opened

    def _end(self, fields: list[Value]) -> None:
        digest = sha256(memoryview(self._data)[: self._began]).digest()
        if len(fields) != 3 or type(fields[1]) is not int or not isinstance(fields[2], bytes):
            raise EncodingError("bundle.item")
        if fields[1] != self._count - 1 or fields[2] != digest or self._at != len(self._data):
            raise EncodingError("bundle.end")
