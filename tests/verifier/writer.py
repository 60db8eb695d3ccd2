"""A tiny writer of logs, bundles and trust files from `docs/spec/`, for tests of the verifier only.

Guarantees: what it writes is well-formed unless a test bends it. Refuses: nothing; it must be able to write faults.
Trusts: its seed keys, which are invented and secret to nobody.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi_verifier import tree
from akashi_verifier.cbor import encode
from akashi_verifier.note import COSIGNER, LOG, Key

LEDGER = bytes(range(16))
ORIGIN = f"example.jp/akashi/{LEDGER.hex()}/1"
START = 1_700_000_000_000
OFFICE = "inst-0001"


class Signer:
    """A key that signs operations; `algorithm` -19 (from a seed) or -9."""

    def __init__(self, seed: int, algorithm: int = -19) -> None:
        self.algorithm = algorithm
        self._ed = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._ec = ec.derive_private_key(seed + 1, ec.SECP256R1())
        public = self._ed.public_key() if algorithm == -19 else self._ec.public_key()
        self.spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = sha256(self.spki).digest()

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature."""
        if self.algorithm == -19:
            return self._ed.sign(message)
        r, s = decode_dss_signature(self._ec.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class NoteKey:
    """A key of the log or of a cosigner."""

    def __init__(self, seed: int, name: str = ORIGIN, kind: int = LOG) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self._private.public_key().public_bytes_raw()
        self.key = Key(name, kind, self.public)
        self.commitment = tree.digest("akashi/logkey/1", self.public)

    @property
    def vkey(self) -> str:
        """The verifier key as trust files hold it."""
        return f"{self.key.name}+{self.key.hash.hex()}+{b64encode(bytes([self.key.type]) + self.public).decode()}"

    def line(self, body: bytes, seconds: int = START // 1000) -> bytes:
        """A signature line with its U+000A."""
        if self.key.type == COSIGNER:
            message = f"cosignature/v1\ntime {seconds}\n".encode() + body
            signature = seconds.to_bytes(8, "big") + self._private.sign(message)
        else:
            signature = self._private.sign(body)
        return f"— {self.key.name} {b64encode(self.key.hash + signature).decode()}\n".encode()


OFFICE_KEY, GATEWAY_KEY, SERVER_KEY = Signer(1), Signer(2), Signer(3, -9)
LOG_KEY, NEXT_LOG_KEY, COSIGNER_KEY = NoteKey(11), NoteKey(12), NoteKey(13, "example.jp/server/1", COSIGNER)


def envelope(signer: Signer, statement: list[Any], **bend: Any) -> bytes:
    """A COSE_Sign1 of operation.md 1; `bend` replaces protected, unprotected, approvals or signature."""
    protected = encode(bend.get("protected", {1: signer.algorithm, 4: signer.id, 16: "akashi-op/1"}))
    payload = encode([statement, bend.get("approvals", [])])
    signature = signer.sign(encode(["Signature1", protected, b"", payload]))
    return b"\xd2" + encode([protected, bend.get("unprotected", {}), payload, bend.get("signature", signature)])


def statement(kind: str, body: dict[int, Any], institution: str, claimed: int, **bend: Any) -> list[Any]:
    """A statement of operation.md 2; `bend` replaces single fields by `f<number>`."""
    nonce = sha256(repr((kind, claimed, institution, sorted(body))).encode()).digest()[:16]
    actor, auth = [institution, None, None], [0, claimed, None]
    fields = [1, LEDGER, kind, 1, actor, auth, None, body, claimed, claimed + 600_000, nonce]
    for name, value in bend.items():
        fields[int(name[1:])] = value
    return fields


def genesis_body() -> dict[int, Any]:
    """The body of leaf 0."""
    cosigner = COSIGNER_KEY.public
    commitment = NEXT_LOG_KEY.commitment
    return {1: ORIGIN, 2: LOG_KEY.public, 3: commitment, 4: cosigner, 5: OFFICE_KEY.spki, 6: -19, 7: OFFICE}


def enrolment(key: Signer, institution: str, purpose: int, **bend: Any) -> dict[int, Any]:
    """The body that enrols a key, with its proof of possession."""
    proof = key.sign(b"akashi/pop/1\0" + LEDGER + key.id + institution.encode())
    body = {1: key.id, 2: key.algorithm, 3: key.spki, 4: institution, 5: purpose, 6: 0, 7: START * 2, 8: proof}
    body.update({int(name[1:]): value for name, value in bend.items()})
    return body


def inclusion(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH(index, D) of RFC 6962 2.1.1."""
    if len(hashes) == 1:
        return []
    k = tree.split(len(hashes))
    if index < k:
        return [*inclusion(index, hashes[:k]), tree.root(hashes[k:])]
    return [*inclusion(index - k, hashes[k:]), tree.root(hashes[:k])]


def consistency(m: int, hashes: Sequence[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D, b) of RFC 6962 2.1.2."""
    if m == len(hashes):
        return [] if known else [tree.root(hashes)]
    k = tree.split(len(hashes))
    if m <= k:
        return [*consistency(m, hashes[:k], known), tree.root(hashes[k:])]
    return [*consistency(m - k, hashes[k:], known=False), tree.root(hashes[:k])]


def range_proof(start: int, end: int, hashes: Sequence[bytes], low: int = 0) -> list[bytes]:
    """The range proof of tree.md 4 for [start, end)."""
    high = low + len(hashes)
    if high <= start or low >= end:
        return [tree.root(hashes)]
    if start <= low and high <= end:
        return []
    k = tree.split(len(hashes))
    return [*range_proof(start, end, hashes[:k], low), *range_proof(start, end, hashes[k:], low + k)]


@dataclass
class Log:
    """A log in memory: one leaf a block unless told otherwise, one minute apart."""

    leaves: list[bytes] = field(default_factory=list)
    headers: list[tree.Header] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes."""
        return [tree.leaf_hash(leaf) for leaf in self.leaves]

    @property
    def now(self) -> int:
        """The time of the next block in milliseconds."""
        return START + 60_000 * len(self.headers)

    def block(self, *envelopes: bytes, result: int = 0, ms: int | None = None, height: int | None = None) -> None:
        """Append one block of operations."""
        at = self.now if ms is None else ms
        number = len(self.headers) + 1 if height is None else height
        for each in envelopes:
            self.leaves.append(encode([1, number, at, each, result, tree.digest("akashi/effects/1", b"\x80")]))
        previous = tree.header_hash(self.headers[-1]) if self.headers else tree.ZERO
        self.headers.append(tree.Header(number, previous, len(self.leaves), tree.root(self.hashes), at))

    def add(self, signer: Signer, kind: str, body: dict[int, Any], institution: str, **bend: Any) -> bytes:
        """Append one operation as a block of its own; return its id."""
        fields = statement(kind, body, institution, self.now, **bend)
        self.block(envelope(signer, fields))
        return tree.digest("akashi/op/1", encode(fields))

    def note(self, *keys: NoteKey, size: int | None = None) -> bytes:
        """A checkpoint of the first `size` leaves under these keys."""
        count = len(self.leaves) if size is None else size
        root = b64encode(tree.root(self.hashes[:count])).decode()
        body = f"{ORIGIN}\n{count}\n{root}\n".encode()
        return body + b"\n" + b"".join(key.line(body) for key in keys or (LOG_KEY, COSIGNER_KEY))

    def items(self, *ranges: tuple[int, int], note: bytes | None = None, more: Sequence[Any] = ()) -> list[Any]:
        """The items of a bundle before its end; without ranges: of the whole log."""
        size = len(self.leaves)
        head = self.headers[-1]
        fields = [1, head.height, head.previous, head.size, head.root, head.ms]
        items: list[Any] = [["akashi-bundle", 1, ORIGIN, size], ["checkpoint", note or self.note()]]
        items.append(["head", encode(fields)])
        for start, end in ranges or [(0, size)]:
            items.append(["range", start, self.leaves[start:end], range_proof(start, end, self.hashes)])
        return [*items, *more]

    def bundle(self, *ranges: tuple[int, int], note: bytes | None = None, more: Sequence[Any] = ()) -> bytes:
        """A bundle."""
        return seal(self.items(*ranges, note=note, more=more))

    def receipt(self, index: int, note: bytes | None = None) -> bytes:
        """A receipt of one leaf."""
        path = "".join(b64encode(part).decode() + "\n" for part in inclusion(index, self.hashes))
        extra = b64encode(self.leaves[index]).decode()
        return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n{path}\n".encode() + (note or self.note())

    def trust(self, *more: str) -> bytes:
        """A trust file that pins this log."""
        lines = [f"log {LOG_KEY.vkey}", f"witness server-1 {COSIGNER_KEY.vkey}", "quorum server-1"]
        lines += [f"#!genesis {self.hashes[0].hex()}", *more]
        return "".join(line + "\n" for line in lines).encode()


def seal(items: Sequence[Any]) -> bytes:
    """Encode items and put the end item after them."""
    data = b"".join(map(encode, items))
    return data + encode(["end", len(items), sha256(data).digest()])


def founded() -> Log:
    """A log with leaf 0, a gateway of `inst-0002` and a server of the office."""
    log = Log()
    log.add(OFFICE_KEY, "ledger.genesis", genesis_body(), OFFICE)
    log.add(OFFICE_KEY, "key.enrolled", enrolment(GATEWAY_KEY, "inst-0002", 2), OFFICE)
    log.add(OFFICE_KEY, "key.enrolled", enrolment(SERVER_KEY, OFFICE, 3), OFFICE)
    return log
