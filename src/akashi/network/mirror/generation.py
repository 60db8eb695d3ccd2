"""One generation of wraps: what a mirror can hand out in a recovery, and only until the next generation replaces it.

Guarantees: the wraps of all payloads that are alive are sealed together under a fresh key. That key is sealed twice: inside to the
service's *recovery key*, which is in the server's key store and nowhere else, outside to the mirror's *transport key*, which the mirror
destroys when it has a generation sealed to a newer one. So a medium, or an old generation, opens nothing once the mirror has moved on; and
a mirror without the service's key store opens nothing at any time. A generation that was cut short or reordered does not open. Refuses
nothing else. Trusts the exporter to leave out what is ordered to be erased.

Layout: ``["keys", transport number, recovery key id, suite, hpke]``, then ``["sealed", AES-256-GCM]`` one or more: the nonce is a counter with
a flag on the last one, the associated data name ledger, mirror and bundle (docs/spec/mirror-bundle.md section 4).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from akashi.errors import AkashiError
from akashi.keys.openers import Opener
from akashi.keys.suites import find_suite, wrap_key
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.network.mirror.errors import BundleMalformed, MirrorDamaged, MirrorKeysMissing
from akashi.network.mirror.framing import Item, header_item, parse_header_item
from akashi.network.mirror.model import BundleHeader, SealedWraps, ServiceFile, Transport

KEYS, SEALED = "keys", "sealed"
RECOVERY_KEY = "mirror"
"""The name of the recovery key in the server's key store."""
_KEY_SIZE = 32
_PART_BYTES = 1 << 20
MAX_FILE_BYTES = 8 << 20
MAX_SEALED_BYTES = (8 << 20) + 4096
MAX_GENERATION_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """The public half of the service's recovery key."""

    key_id: bytes
    suite: int
    public: bytes


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as it travels and as it lies at the mirror."""

    transport: int
    recovery: bytes
    suite: int
    hpke: bytes
    sealed: tuple[bytes, ...]

    def items(self) -> Iterator[Item]:
        """The items of a bundle, or of the file at the mirror."""
        yield [KEYS, self.transport, self.recovery, self.suite, self.hpke]
        for part in self.sealed:
            yield [SEALED, part]


def seal_generation(
    header: BundleHeader,
    transport: Transport,
    recovery: RecoveryKey,
    wraps: Iterable[SealedWraps],
    files: Iterable[ServiceFile],
) -> Generation:
    """Seal what a recovery needs. Raises what the key suites raise for a public key that is none."""
    key = secrets.token_bytes(_KEY_SIZE)
    inner = wrap_key(find_suite(recovery.suite), recovery.public, _info(b"inner", header, 0, recovery.key_id), key)
    hpke = wrap_key(
        find_suite(transport.suite), transport.public, _info(b"outer", header, transport.number, recovery.key_id), inner
    )
    cipher, parts = AESGCM(key), list(_parts(wraps, files))
    aad, last = _aad(header), len(parts) - 1
    sealed = tuple(cipher.encrypt(_nonce(at, last=at == last), part, aad) for at, part in enumerate(parts))
    return Generation(transport.number, recovery.key_id, recovery.suite, hpke, sealed)


def open_generation(
    header: BundleHeader, generation: Generation, transport: Opener, recovery: Opener
) -> tuple[list[SealedWraps], list[ServiceFile]]:
    """What was sealed. Raises :class:`MirrorKeysMissing` (another recovery key), ``OpeningFailed``, :class:`MirrorDamaged`."""
    inner = open_outer(header, generation, transport)
    if recovery.key_id != generation.recovery:
        raise MirrorKeysMissing(name=RECOVERY_KEY)
    cipher = AESGCM(recovery.open(inner, _info(b"inner", header, 0, generation.recovery)))
    aad, last = _aad(header), len(generation.sealed) - 1
    wraps: list[SealedWraps] = []
    files: list[ServiceFile] = []
    for at, part in enumerate(generation.sealed):
        try:
            plain = cbor.decode(cipher.decrypt(_nonce(at, last=at == last), part, aad))
        except InvalidTag as error:
            raise MirrorDamaged("generation.sealed") from error
        _take(plain, wraps, files)
    return wraps, files


def open_outer(header: BundleHeader, generation: Generation, transport: Opener) -> bytes:
    """The inner sealing: shows at import that this generation is for this mirror. Raises ``OpeningFailed``."""
    return transport.open(generation.hpke, _info(b"outer", header, generation.transport, generation.recovery))


def parse_keys_item(item: Item) -> Generation:
    """The first item of a generation, without its parts yet. Raises :class:`BundleMalformed` ``keys``."""
    match item:
        case [str(name), int(transport), bytes(recovery), int(suite), bytes(hpke)] if name == KEYS:
            if type(transport) is int and transport > 0 and len(recovery) == _KEY_SIZE and len(hpke) <= MAX_FILE_BYTES:
                return Generation(transport, recovery, suite, hpke, ())
    raise BundleMalformed("keys")


def encode_generation(header: BundleHeader, generation: Generation) -> bytes:
    """The file at the mirror: the header of the bundle it came with, then the generation's items."""
    return cbor.encode(header_item(header)) + b"".join(cbor.encode(item) for item in generation.items())


def parse_generation(data: bytes) -> tuple[BundleHeader, Generation]:
    """Inverse of :func:`encode_generation`. Raises :class:`MirrorDamaged`."""
    try:
        fields, at = cbor.decode_item(data, 0)
        header = parse_header_item(fields if isinstance(fields, list) else [])
        first, at = cbor.decode_item(data, at)
        head = parse_keys_item(first if isinstance(first, list) else [])
        sealed: list[bytes] = []
        while at < len(data):
            item, at = cbor.decode_item(data, at)
            sealed.append(sealed_part(item if isinstance(item, list) else []))
    except AkashiError as error:
        raise MirrorDamaged("generation.format") from error
    return header, Generation(head.transport, head.recovery, head.suite, head.hpke, tuple(sealed))


def sealed_part(item: Item) -> bytes:
    """The bytes of one ``sealed`` item. Raises :class:`BundleMalformed` ``keys``."""
    match item:
        case [str(name), bytes(part)] if name == SEALED and len(part) <= MAX_SEALED_BYTES:
            return part
    raise BundleMalformed("keys")


def _parts(wraps: Iterable[SealedWraps], files: Iterable[ServiceFile]) -> Iterator[bytes]:
    """Plain parts of about a megabyte; always at least one."""
    for file in files:
        yield cbor.encode(["file", file.name, file.data])
    rows: list[Value] = []
    size = 0
    for one in wraps:
        rows.append([one.payload, list(one.wraps)])
        size += sum(map(len, one.wraps))
        if size >= _PART_BYTES:
            yield cbor.encode(["wraps", rows])
            rows, size = [], 0
    yield cbor.encode(["wraps", rows])


def _take(plain: Value, wraps: list[SealedWraps], files: list[ServiceFile]) -> None:
    match plain:
        case ["file", str(name), bytes(data)]:
            files.append(ServiceFile(name, data))
        case ["wraps", list(rows)]:
            wraps += [_wraps(row) for row in rows]
        case _:
            raise MirrorDamaged("generation.part")


def _wraps(row: Value) -> SealedWraps:
    match row:
        case [bytes(payload), list(wraps)]:
            return SealedWraps(payload, tuple(one for one in wraps if isinstance(one, bytes)))
    raise MirrorDamaged("generation.part")


def _nonce(at: int, *, last: bool) -> bytes:
    return b"\x00" * 3 + bytes([last]) + at.to_bytes(8, "big")


def _aad(header: BundleHeader) -> bytes:
    return b"akashi/mirror/part/1\x00" + cbor.encode([header.origin, header.mirror, header.number])


def _info(layer: bytes, header: BundleHeader, transport: int, recovery: bytes) -> bytes:
    named = cbor.encode([header.origin, header.mirror, header.number, transport, recovery])
    return b"akashi/mirror/" + layer + b"/1\x00" + named
