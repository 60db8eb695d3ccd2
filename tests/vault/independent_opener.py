"""A second opener of ``.sealed`` files, written from docs/spec/sealed-payload.md and using nothing of ours.

Guarantees: it shares no line with ``src``: HPKE (RFC 9180) is put together here from its primitives, X-Wing from ML-KEM-768 and X25519,
CBOR and the zstd frame are read here; only AES-GCM, the curves, ML-KEM and the decompressor come from libraries. It holds a whole file in
memory. Refuses everything that the page refuses, with the failure words of tests/vectors/README.md.
"""

from __future__ import annotations

import hmac
import re
import struct
from dataclasses import dataclass
from hashlib import sha3_256, sha256, shake_256

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHUNK, TAG = 1_048_576, 16
XWING, P256 = 0x647A, 0x0010
ENCAPSULATED = {1: 1120, 2: 65}
HEAD_LIMIT, WRAP_LIMIT, HEADER_LIMIT, INNER_LIMIT = 98_624, 3072, 512, 8192


class Refused(Exception):
    """``word`` is the failure."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Short(Exception):
    """CBOR ended inside an item."""


class Broken(Exception):
    """Not the one CBOR encoding of something this format uses."""


def item(data: bytes, at: int = 0) -> tuple[object, int]:
    """One item and where it ends: only non-negative integers, byte strings, text and arrays occur in this format."""
    if at >= len(data):
        raise Short
    major, small = data[at] >> 5, data[at] & 31
    at += 1
    if major not in (0, 2, 3, 4) or small > 27:
        raise Broken
    number = small
    if small >= 24:
        width = 1 << (small - 24)
        raw = data[at : at + width]
        if len(raw) < width:
            raise Short
        number = int.from_bytes(raw, "big")
        if number < (24 if width == 1 else 1 << (4 * width)) or number >> 63:
            raise Broken
        at += width
    if major == 0:
        return number, at
    if number > len(data) - at:
        raise Short
    if major == 4:
        items = []
        for _ in range(number):
            value, at = item(data, at)
            items.append(value)
        return items, at
    raw, at = data[at : at + number], at + number
    if major == 2:
        return raw, at
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError as error:
        raise Broken from error


def fields(value: object, *kinds: type) -> list[object]:
    """The items of an array of just these types."""
    if not isinstance(value, list) or [type(one) for one in value] != list(kinds):
        raise Broken
    return value


def head(kind: int, number: int) -> bytes:
    """A CBOR head; 64 KiB do not occur."""
    return (
        bytes([kind << 5 | number])
        if number < 24
        else (
            struct.pack(">BB", kind << 5 | 24, number) if number < 256 else struct.pack(">BH", kind << 5 | 25, number)
        )
    )


# --- HPKE, RFC 9180 base mode ---------------------------------------------------------------------------------------


def extract(salt: bytes, key: bytes) -> bytes:
    """HKDF-Extract (RFC 5869)."""
    return hmac.digest(salt or bytes(32), key, "sha256")


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand for at most 32 bytes."""
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


def labelled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    """RFC 9180 section 4."""
    return extract(salt, b"HPKE-v1" + suite + label + key)


def labelled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """RFC 9180 section 4."""
    return expand(key, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


@dataclass(frozen=True)
class Key:
    """A recipient's private key: the X-Wing seed (suite 1) or the P-256 scalar (suite 2)."""

    suite: int
    private: bytes

    def _xwing(self) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
        long = shake_256(self.private).digest(96)
        return mlkem.MLKEM768PrivateKey.from_seed_bytes(long[:64]), x25519.X25519PrivateKey.from_private_bytes(
            long[64:]
        )

    def _p256(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.private, "big"), ec.SECP256R1())

    def public(self) -> bytes:
        """The raw HPKE public key."""
        if self.suite == 1:
            lattice, curve = self._xwing()
            return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        return self._p256().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def decapsulate(self, sent: bytes) -> bytes:
        """The shared secret. Raises ``ValueError`` for a point that is none."""
        if self.suite == 1:
            lattice, curve = self._xwing()
            ours = curve.public_key().public_bytes_raw()
            inner = lattice.decapsulate(sent[:1088])
            outer = curve.exchange(x25519.X25519PublicKey.from_public_bytes(sent[1088:]))
            return sha3_256(inner + outer + sent[1088:] + ours + b"\\.//^\\").digest()
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sent)
        suite = b"KEM" + struct.pack(">H", P256)
        start = labelled_extract(suite, b"", b"eae_prk", self._p256().exchange(ec.ECDH(), point))
        return labelled_expand(suite, start, b"shared_secret", sent + self.public(), 32)

    def open(self, hpke: bytes, info: bytes) -> bytes:
        """Single shot, empty associated data."""
        sent, sealed = hpke[: ENCAPSULATED[self.suite]], hpke[ENCAPSULATED[self.suite] :]
        suite = b"HPKE" + struct.pack(">HHH", XWING if self.suite == 1 else P256, 1, 2)
        try:
            shared = self.decapsulate(sent)
            context = b"\x00" + labelled_extract(suite, b"", b"psk_id_hash", b"")
            context += labelled_extract(suite, b"", b"info_hash", info)
            secret = labelled_extract(suite, shared, b"secret", b"")
            key = labelled_expand(suite, secret, b"key", context, 32)
            nonce = labelled_expand(suite, secret, b"base_nonce", context, 12)
            return AESGCM(key).decrypt(nonce, sealed, b"")
        except (InvalidTag, ValueError) as error:
            raise Refused("opening/wrap") from error


# --- the container and its wraps ------------------------------------------------------------------------------------


def open_container(data: bytes, key: Key, ledger: bytes) -> dict[str, object]:
    """The result object of the vectors. Raises :class:`Refused`."""
    try:
        value, end = item(data[:HEAD_LIMIT])
        label, edition, named, wraps = fields(value, str, int, bytes, list)
    except (Broken, Short) as error:
        raise Refused("malformed/container") from error
    assert isinstance(named, bytes)
    assert isinstance(wraps, list)
    good = (label, edition, len(named)) == ("akashi-sealed", 1, 16) and 1 <= len(wraps) <= 32
    if not good or not all(isinstance(wrap, bytes) for wrap in wraps):
        raise Refused("malformed/container")
    parsed = [wrap_fields(wrap) for wrap in wraps]
    payloads, key_ids, suites, _ = zip(*parsed, strict=True)
    if len(set(payloads)) > 1 or len(set(suites)) > 1 or list(key_ids) != sorted(set(key_ids)):
        raise Refused("malformed/container.wraps")
    if named != ledger:
        raise Refused("foreign/container.ledger")
    ours = sha256(key.public()).digest()
    chosen = next((one for one in parsed if one[1] == ours), None)
    if chosen is None:
        raise Refused("foreign/container.recipient")
    payload, _, suite, hpke = chosen
    if suite != key.suite:
        raise Refused("foreign/wrap.suite")
    info = b"akashi/wrap/1\x00\x84" + head(2, 16) + ledger + head(2, 16) + payload + head(2, 32) + ours + head(0, suite)
    result = open_body(data[end:], key.open(hpke, info), payload, suite)
    order = [sha256(wrap).digest() for wrap in wraps]
    listed = head(4, len(order)) + b"".join(head(2, 32) + digest for digest in order)
    return result | {"wraps_digest": sha256(b"akashi/wraps/1\x00" + listed).hexdigest()}


def wrap_fields(wrap: bytes) -> tuple[bytes, bytes, int, bytes]:
    """Payload id, key id, suite, hpke."""
    if len(wrap) > WRAP_LIMIT:
        raise Refused("malformed/wrap")
    try:
        value, end = item(wrap)
        edition, payload, key_id, suite, hpke = fields(value, int, bytes, bytes, int, bytes)
    except (Broken, Short) as error:
        raise Refused("malformed/wrap") from error
    assert isinstance(payload, bytes)
    assert isinstance(key_id, bytes)
    assert isinstance(suite, int)
    assert isinstance(hpke, bytes)
    if (edition, len(payload), len(key_id), end) != (1, 16, 32, len(wrap)):
        raise Refused("malformed/wrap")
    if suite not in ENCAPSULATED:
        raise Refused("suite/wrap")
    if len(hpke) != ENCAPSULATED[suite] + 32 + TAG:
        raise Refused("malformed/wrap.length")
    return payload, key_id, suite, hpke


# --- the body -------------------------------------------------------------------------------------------------------


def open_body(body: bytes, data_key: bytes, payload: bytes, suite: int) -> dict[str, object]:
    """Header, chunks, frame, inner stream."""
    try:
        value, end = item(body[:HEADER_LIMIT])
        label, edition, named_suite, named, size, commitment = fields(value, str, int, int, bytes, int, bytes)
    except Short as error:
        raise Refused("truncated/header" if len(body) < HEADER_LIMIT else "malformed/header") from error
    except Broken as error:
        raise Refused("malformed/header") from error
    assert isinstance(named, bytes)
    assert isinstance(commitment, bytes)
    if (label, edition, len(named), size, len(commitment)) != ("akashi-seal", 1, 16, CHUNK, 32):
        raise Refused("malformed/header")
    if named != payload:
        raise Refused("foreign/body.payload")
    if named_suite != suite:
        raise Refused("foreign/body.suite")
    root, byte = extract(payload, data_key), bytes([suite])
    if not hmac.compare_digest(expand(root, b"akashi/seal/commit/1\x00" + byte, 32), commitment):
        raise Refused("key/body.key")
    cipher = AESGCM(expand(root, b"akashi/seal/enc/1\x00" + byte, 32))
    stream = open_chunks(body[end:], cipher, sha256(body[:end]).digest())
    result = read_inner(unpack(stream))
    return result | {"body_digest": sha256(body).hexdigest()}


def attempt(cipher: AESGCM, bound: bytes, number: int, last: int, chunk: bytes) -> bytes | None:
    """The chunk's plain bytes as this number, or nothing."""
    flag = bytes([last])
    try:
        return cipher.decrypt(number.to_bytes(11, "big") + flag, chunk, bound + struct.pack(">Q", number) + flag)
    except InvalidTag:
        return None


def open_chunks(data: bytes, cipher: AESGCM, bound: bytes) -> bytes:
    """All chunks in their order."""
    chunks = [data[at : at + CHUNK + TAG] for at in range(0, len(data), CHUNK + TAG)] or [b""]
    opened = []
    for number, chunk in enumerate(chunks):
        last = int(number == len(chunks) - 1)
        if len(chunk) < TAG:
            raise Refused("truncated/chunk.short")
        plain = attempt(cipher, bound, number, last, chunk)
        if plain is None:
            raise Refused(why(cipher, bound, number, last, chunk))
        if number and not plain:
            raise Refused("malformed/chunk.empty")
        opened.append(plain)
    return b"".join(opened)


def why(cipher: AESGCM, bound: bytes, number: int, last: int, chunk: bytes) -> str:
    """What a chunk that does not open is instead."""
    if attempt(cipher, bound, number, 1 - last, chunk) is not None:
        return "truncated/chunk.last" if last else "extended/chunk.after_last"
    for other in range(max(0, number - 8), number + 9):
        if any(attempt(cipher, bound, other, flag, chunk) is not None for flag in (0, 1)):
            return "reordered/chunk.order"
    return "altered/chunk"


# --- the frame and the inner stream ---------------------------------------------------------------------------------


def unpack(data: bytes) -> bytes:
    """The content of the one frame (RFC 8878 section 3.1.1)."""
    if len(data) < 5:
        raise Refused("truncated/frame.short")
    magic, described = struct.unpack_from("<IB", data)
    if magic != zstandard.MAGIC_NUMBER or described & 0b1011:
        raise Refused("malformed/frame.header")
    single = described >> 5 & 1
    sized = (single, 2, 4, 8)[described >> 6]
    at = 6 - single + sized
    if at > len(data):
        raise Refused("truncated/frame.short")
    if single:  # the content's size is the window; two bytes count from 256
        window = int.from_bytes(data[5:at], "little") + 256 * (sized == 2)
    else:
        window = (8 + (data[5] & 7)) << (7 + (data[5] >> 3))
    if window > 8 << 20:
        raise Refused("malformed/frame.window")
    last = 0
    while not last:
        if at + 3 > len(data):
            raise Refused("truncated/frame.short")
        mark = int.from_bytes(data[at : at + 3], "little")
        last, kind, size = mark & 1, mark >> 1 & 3, mark >> 3
        if kind == 3 or size > 131_072:
            raise Refused("malformed/frame.block")
        at += 3 + (1 if kind == 1 else size)
    at += 4 * (described >> 2 & 1)
    if at > len(data):
        raise Refused("truncated/frame.short")
    try:
        plain = zstandard.ZstdDecompressor(max_window_size=8 << 20).decompressobj().decompress(data[:at])
    except zstandard.ZstdError as error:
        raise Refused("malformed/frame.content") from error
    if at != len(data):
        raise Refused("extended/frame.trailing")
    return plain


MEDIA = re.compile(r"[a-z]{1,32}/[a-z0-9][a-z0-9.+\-]{0,95}(?:; [a-z]{1,16}=[A-Za-z0-9_.\-]{1,32}){0,4}")
RANGES = """
0000-001F 007F-009F 00AD-00AD 0600-0605 061C-061C 06DD-06DD 070F-070F 0890-0891 08E2-08E2 180E-180E 200B-200F 2028-202E 2060-206F
D800-F8FF FDD0-FDEF FEFF-FEFF FFF0-FFFB FFFE-FFFF 110BD-110BD 110CD-110CD 13430-1343F 1BCA0-1BCA3 1D173-1D17A 1FFFE-1FFFF
2FFFE-2FFFF 3FFFE-E00FF E01F0-10FFFF
"""
BOUNDS = [(int(low, 16), int(high, 16)) for low, _, high in (one.partition("-") for one in RANGES.split())]
PORTS = {f"{word}{digit}" for word in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"}
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | PORTS


def name_allowed(name: object) -> bool:
    """Section 1."""
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= 255:
        return False
    if any(one in '"*/:<>?\\|' or any(low <= ord(one) <= high for low, high in BOUNDS) for one in name):
        return False
    stem = name.split(".", 1)[0].rstrip(" ")
    lowered = "".join(chr(ord(one) | 0x20) if "A" <= one <= "Z" else one for one in stem)
    return name[0] != "." and name[-1] not in ". " and lowered not in DEVICES


def read_inner(data: bytes) -> dict[str, object]:
    """Header, contents, trailer."""
    try:
        value, end = item(data[:INNER_LIMIT])
        version, media, salt, names = fields(value, int, str, bytes, list)
    except (Broken, Short) as error:
        raise Refused("malformed/inner.header") from error
    assert isinstance(media, str)
    assert isinstance(salt, bytes)
    assert isinstance(names, list)
    if version != 1 or len(salt) != 32 or not all(isinstance(name, str) for name in names):
        raise Refused("malformed/inner.header")
    distinct = len({name.casefold() for name in names}) == len(names)
    if not (MEDIA.fullmatch(media) and 1 <= len(names) <= 16 and distinct and all(map(name_allowed, names))):
        raise Refused("malformed/inner.parts")
    cut = len(data) - 8 * len(names) - 32
    if cut < end:
        raise Refused("malformed/inner.trailer")
    contents, trailer = data[end:cut], data[cut:]
    lengths = struct.unpack(f">{len(names)}Q", trailer[:-32])
    if sum(lengths) != len(contents):
        raise Refused("content/trailer.length")
    digest = sha256(contents).digest()
    if digest != trailer[-32:]:
        raise Refused("content/trailer.digest")
    parts, at = [], 0
    for name, length in zip(names, lengths, strict=True):
        part = contents[at : at + length]
        parts.append({"name": name, "sha256": sha256(part).hexdigest(), "length": length})
        at += length
    commitment = sha256(b"akashi/commit/1\x00" + salt + digest).hexdigest()
    return {"media_type": media, "parts": parts, "commitment": commitment}
