"""A small invented log with fixed seeds, keys and times, for vectors and tests: the same bytes each time.

Nothing here is secret and nothing is real: private keys are hashes of their names. The log is written without the engine, so that
broken ones can be made as easily as right ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from akashi.clock import FixedClock
from akashi.ledger.events import dump_body, info_of
from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, Header, Leaf, Purpose, Statement
from akashi.ledger.proof.bundle import Bundle, Disclosure, Range, StampItem
from akashi.ledger.proof.stamp import LocalTsa
from akashi.ledger.proof.trust import Trust, format_trust
from akashi.ledger.proof.tsa import local_root, local_tsa_certificate
from akashi.ledger.registry import Genesis, KeyEnrolled, log_key_commitment, possession_message
from akashi.ledger.wire.envelope import Signer, key_id, parse_operation, seal_operation
from akashi.ledger.wire.leaf import NO_EFFECTS, ZERO_HASH, encode_header, encode_leaf, header_hash, parse_leaf
from akashi.ledger.wire.merkle import (
    Subtree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_proof,
    root_of,
    subtree_over,
)
from akashi.ledger.wire.note import (
    NoteKey,
    NoteKind,
    cosign,
    origin_of,
    parse_checkpoint,
    sign_checkpoint,
    verify_log,
)

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
SECRETARIAT, SENDER, RECEIVER = "inst-secretariat", "inst-clinic0", "inst-hospital"
TRANSFER, PAYLOAD = "tr-00000001", bytes(range(16))


def seed(name: str) -> bytes:
    """32 fixed bytes per name."""
    return sha256(b"akashi test key: " + name.encode()).digest()


@dataclass(frozen=True)
class EdKey:
    """An Ed25519 key: a signer of operations and, under ``name``, of notes."""

    label: str
    name: str = ""
    algorithm: Algorithm = Algorithm.ED25519

    @cached_property
    def _key(self) -> ed25519.Ed25519PrivateKey:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed(self.label))

    @property
    def spki(self) -> bytes:
        """DER."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_key(self) -> bytes:
        """Raw, 32 bytes."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


@dataclass(frozen=True)
class P256Key:
    """A P-256 key that signs deterministically (RFC 6979)."""

    label: str
    algorithm: Algorithm = Algorithm.ESP256

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key, for certificates."""
        return ec.derive_private_key(int.from_bytes(seed(self.label), "big") >> 8, ec.SECP256R1())

    @property
    def spki(self) -> bytes:
        """DER."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """R || s."""
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


LEDGER_ID = sha256(b"akashi test ledger").digest()[:16]
ORIGIN = origin_of("example.org", LEDGER_ID, 1)
LOG, NEXT_LOG, LAST_LOG = (EdKey(label, ORIGIN) for label in ("log 1", "log 2", "log 3"))
COSIGNER = EdKey("cosigner", f"{ORIGIN.rsplit('/', 1)[0]}/server/1")
ROOT_KEY = EdKey("secretariat")
SERVER = EdKey("server")
SENDER_KEY = P256Key("sender's gateway")
RECEIVER_KEY = EdKey("receiver's gateway")
TSA_ROOT_KEY, TSA_KEY = P256Key("tsa root"), P256Key("tsa")


def _tsa_certificate(usage: str) -> x509.Certificate:
    root = local_root(TSA_ROOT_KEY.key, START_MS - HOUR_MS)
    made = local_tsa_certificate(TSA_KEY.key.public_key(), root, TSA_ROOT_KEY.key, START_MS - HOUR_MS)
    if usage == "right":
        return made
    oid = ExtendedKeyUsageOID.CODE_SIGNING if usage == "code" else ExtendedKeyUsageOID.TIME_STAMPING
    builder = x509.CertificateBuilder(
        made.issuer,
        made.subject,
        made.public_key(),
        made.serial_number,
        made.not_valid_before_utc,
        made.not_valid_after_utc,
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage([oid]), critical=usage != "lax")
    return builder.sign(TSA_ROOT_KEY.key, hashes.SHA256(), ecdsa_deterministic=True)


def tsa(at_ms: int, usage: str = "right") -> LocalTsa:
    """The local time-stamping authority with its clock at ``at_ms``; ``usage`` "code" or "lax" spoils its certificate."""
    return LocalTsa(TSA_KEY.key, _tsa_certificate(usage), FixedClock(at_ms))


def tsa_root() -> bytes:
    """DER of the root that trust files name."""
    return local_root(TSA_ROOT_KEY.key, START_MS - HOUR_MS).public_bytes(Encoding.DER)


def tsa_crl(revoked_ms: int) -> bytes:
    """A CRL of that root: the TSA's certificate is revoked since ``revoked_ms``."""
    root = local_root(TSA_ROOT_KEY.key, START_MS - HOUR_MS)
    moment = datetime.fromtimestamp(revoked_ms // 1000, UTC)
    entry = x509.RevokedCertificateBuilder(_tsa_certificate("right").serial_number, moment).build()
    builder = x509.CertificateRevocationListBuilder(root.subject, moment, moment + timedelta(days=30), [], [entry])
    made = builder.sign(TSA_ROOT_KEY.key, hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.DER)


def stamp_note(note: bytes, at_ms: int, usage: str = "right") -> bytes:
    """A token over ``note`` (signed by any of the log's keys), without a nonce."""
    checkpoint = parse_checkpoint(note)
    keys = [NoteKey(key.name, NoteKind.ED25519, key.public_key) for key in (LOG, NEXT_LOG)]
    message = checkpoint.body + verify_log(checkpoint, keys).text.encode() + b"\n"
    return token_over(message, at_ms, usage)


def token_over(message: bytes, at_ms: int, usage: str = "right") -> bytes:
    """A token over any message."""
    return tsa(at_ms, usage).token(message)


class Log:
    """A log in the making; every ``say`` is one leaf, ``block`` closes a block."""

    def __init__(self, origin: str = ORIGIN, ledger: bytes = LEDGER_ID) -> None:
        self.origin = origin
        self.ledger = ledger
        self.leaves: list[bytes] = []
        self.headers: list[bytes] = []
        self.now_ms = START_MS
        self._nonce = 0

    def statement(self, kind: str, body: dict[int, object], institution: str, **more: object) -> Statement:
        """A statement of this moment; ``more`` replaces fields."""
        self._nonce += 1
        made = Statement(
            ledger=self.ledger,
            kind=kind,
            version=1,
            actor=Actor(institution),
            auth=Auth(AuthMethod.MACHINE, self.now_ms),
            subject=None,
            body=body,  # type: ignore[arg-type]  # broken bodies are made on purpose
            claimed_ms=self.now_ms,
            not_after_ms=self.now_ms + HOUR_MS,
            nonce=sha256(b"%d" % self._nonce).digest()[:16],
        )
        return made._replace(**more)  # type: ignore[arg-type]  # as above

    def say(self, body: object, signer: Signer, institution: str, *, result: int = 0, **more: object) -> int:
        """Append one leaf in the open block; returns its index. ``body``: an event, or (kind, map)."""
        return self.append(self.envelope(body, signer, institution, **more), result=result)

    def envelope(self, body: object, signer: Signer, institution: str, **more: object) -> bytes:
        """One signed operation of this moment, not appended."""
        kind, fields = body if isinstance(body, tuple) else (info_of(type(body)).tag, dump_body(body))
        return seal_operation(self.statement(kind, fields, institution, **more), signer)

    def append(
        self, envelope: bytes, *, result: int = 0, height: int | None = None, block_ms: int | None = None
    ) -> int:
        """Append a leaf around any envelope."""
        at = len(self.headers) + 1 if height is None else height
        leaf = Leaf(at, self.now_ms if block_ms is None else block_ms, envelope, result, NO_EFFECTS)
        self.leaves.append(encode_leaf(leaf))
        return len(self.leaves) - 1

    def block(self, advance_ms: int = 1000) -> None:
        """Close the open block and let time pass."""
        previous = header_hash(self.headers[-1]) if self.headers else ZERO_HASH
        header = Header(len(self.headers) + 1, previous, len(self.leaves), self.root(), self.now_ms)
        self.headers.append(encode_header(header))
        self.now_ms += advance_ms

    def operation_id(self, index: int) -> bytes:
        """Of the operation in a leaf."""
        return parse_operation(parse_leaf(self.leaves[index]).envelope).id

    def subtree(self, size: int | None = None) -> Subtree:
        """For proofs."""
        return subtree_over([leaf_hash(leaf) for leaf in self.leaves[:size]])

    def root(self, size: int | None = None) -> bytes:
        """Of the first ``size`` leaves."""
        return root_of([leaf_hash(leaf) for leaf in self.leaves[:size]])

    def note(self, size: int | None = None, key: EdKey = LOG, *, cosigned: bool = True) -> bytes:
        """A checkpoint over the first ``size`` leaves."""
        size = len(self.leaves) if size is None else size
        note = sign_checkpoint(self.origin, size, self.root(size), replace(key, name=self.origin))
        return cosign(note, COSIGNER, self.now_ms // 1000) if cosigned else note

    def range(self, start: int, end: int) -> Range:
        """Leaves with their range proof."""
        return Range(start, self.leaves[start:end], range_proof(start, end, len(self.leaves), self.subtree()))

    def ranges(self, indexes: Iterable[int]) -> list[Range]:
        """The fewest ranges that hold ``indexes``."""
        found: list[Range] = []
        start = end = -1
        for index in sorted(set(indexes)):
            if index != end:
                if end > 0:
                    found.append(self.range(start, end))
                start = index
            end = index + 1
        return [*found, self.range(start, end)]

    def path(self, index: int) -> list[bytes]:
        """Inclusion proof of a leaf."""
        return inclusion_proof(index, len(self.leaves), self.subtree())

    def stamp(self, note: bytes, token: bytes) -> StampItem:
        """A stamp item with its consistency proof."""
        size = parse_checkpoint(note).size
        return StampItem(note, token, (), (), consistency_proof(size, len(self.leaves), self.subtree()))

    def bundle(
        self,
        indexes: Iterable[int] | None = None,
        *,
        note: bytes | None = None,
        stamps: Sequence[StampItem] = (),
        disclosures: Sequence[Disclosure] = (),
    ) -> Bundle:
        """A bundle of ``indexes``, by default of the whole log."""
        chosen = range(len(self.leaves)) if indexes is None else indexes
        return Bundle(note or self.note(), self.headers[-1], self.ranges(chosen), stamps, disclosures)

    def trust(self, **more: object) -> Trust:
        """A trust file's content: this log, its cosigner, its genesis, the TSA's root."""
        made = Trust(
            logs=(NoteKey(self.origin, NoteKind.ED25519, LOG.public_key),),
            witnesses={"server-1": NoteKey(COSIGNER.name, NoteKind.COSIGNATURE, COSIGNER.public_key)},
            quorum="server-1",
            genesis=leaf_hash(self.leaves[0]),
            tsa_roots=(tsa_root(),),
        )
        return replace(made, **more)  # type: ignore[arg-type]  # fields by name

    def trust_file(self, **more: object) -> bytes:
        """The same as a file."""
        return format_trust(self.trust(**more))


def genesis(**more: object) -> Genesis:
    """The first operation's body."""
    made = Genesis(
        origin=ORIGIN,
        log_key=LOG.public_key,
        next_log_key=log_key_commitment(NEXT_LOG.public_key),
        cosigner_key=COSIGNER.public_key,
        secretariat_spki=ROOT_KEY.spki,
        secretariat_algorithm=int(ROOT_KEY.algorithm),
        secretariat=SECRETARIAT,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def enrolled(key: Signer, institution: str, purpose: Purpose, /, **more: object) -> KeyEnrolled:
    """An enrolment with its proof of possession."""
    identifier = key_id(key.spki)
    made = KeyEnrolled(
        key=identifier,
        algorithm=int(key.algorithm),
        public=key.spki,
        institution=institution,
        purpose=purpose,
        valid_from_ms=START_MS - HOUR_MS,
        valid_to_ms=START_MS + YEAR_MS,
        possession=key.sign(possession_message(LEDGER_ID, identifier, institution)),
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def begun() -> Log:
    """Genesis, then the server's and two gateways' keys, in two blocks."""
    log = Log()
    log.say(genesis(), ROOT_KEY, SECRETARIAT)
    log.block()
    log.say(enrolled(SERVER, SECRETARIAT, Purpose.SERVER), ROOT_KEY, SECRETARIAT)
    log.say(enrolled(SENDER_KEY, SENDER, Purpose.GATEWAY), ROOT_KEY, SECRETARIAT)
    log.say(enrolled(RECEIVER_KEY, RECEIVER, Purpose.GATEWAY), ROOT_KEY, SECRETARIAT)
    log.block()
    return log


SALT, CONTENT = seed("salt"), seed("content")
BODY_DIGEST, WRAPS = seed("body"), [seed("wrap 1"), seed("wrap 2")]


def sent_body() -> dict[int, object]:
    """The fields of ``transfer.sent`` that verification reads, and its handle and receiver."""
    commitment = sha256(b"akashi/commit/1\x00" + SALT + CONTENT).digest()
    return {1: TRANSFER, 2: RECEIVER, 3: PAYLOAD, 4: BODY_DIGEST, 5: list(WRAPS), 6: commitment}


def erased_body(order: bytes, at_ms: int) -> dict[int, object]:
    """An erasure receipt (spec/sealed-payload.md section 6)."""
    return {1: PAYLOAD, 2: order, 3: BODY_DIGEST, 4: list(WRAPS), 5: 1, 6: at_ms, 7: at_ms, 8: 1}
