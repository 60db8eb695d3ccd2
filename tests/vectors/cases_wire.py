"""Vectors of the encodings: CBOR, operations, leaves, notes, trust files. One fault each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from akashi.ledger.model import Actor, Auth, AuthMethod, Leaf
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id, parse_operation, seal_operation
from akashi.ledger.wire.leaf import NO_EFFECTS, encode_leaf, parse_leaf
from akashi.ledger.wire.note import NoteKind, encode_base64, parse_checkpoint, vkey
from tests.vectors.world import COSIGNER, LOG, ORIGIN, ROOT_KEY, SECRETARIAT, SENDER_KEY, START_MS, Log, begun, tsa_root


@dataclass(frozen=True)
class Vector:
    """One file: an input, and what every implementation must say about it."""

    format: str
    name: str
    comment: str
    data: bytes
    failure: str | None = None
    trust: bytes | None = None
    result: object = None

    def to_json(self) -> dict[str, object]:
        """The file's content."""
        return {
            "comment": self.comment,
            "format": self.format,
            "input_hex": self.data.hex(),
            "trust": None if self.trust is None else self.trust.decode("utf-8"),
            "expect": "accept" if self.failure is None else "reject",
            "failure": self.failure,
            "result": self.result,
        }


def cbor_vectors() -> Iterator[Vector]:
    """The one allowed encoding and each way to leave it."""
    accepted = {
        "integers": (
            b"\x86\x00\x17\x18\x18\x20\x1b" + b"\x7f" + b"\xff" * 7 + b"\x3b\x7f" + b"\xff" * 7,
            "edges of int64",
        ),
        "strings": (b"\x82\x43abc\x63\xe8\xa8\xbc", "a byte string and UTF-8 text"),
        "nested": (b"\x81" * 15 + b"\x80", "sixteen arrays deep"),
        "map": (b"\xa3\x00\xf4\x01\xf5\x18\x18\xf6", "keys in order; false, true, null"),
    }
    for name, (data, comment) in accepted.items():
        yield Vector("cbor", name, comment, data)
    refused = {
        "empty": (b"", "cbor.short", "nothing"),
        "short-string": (b"\x45abc", "cbor.short", "a byte string longer than the input"),
        "short-argument": (b"\x19\x01", "cbor.short", "the input ends inside an argument"),
        "huge-count": (
            b"\x9a\xff\xff\xff\xff\x00",
            "cbor.short",
            "a count beyond the input: refused before allocating",
        ),
        "huge-length": (b"\x5b" + b"\x7f" + b"\xff" * 7, "cbor.short", "a length near 2^63"),
        "trailing": (b"\x00\x00", "cbor.trailing", "a byte after the item"),
        "long-integer": (b"\x18\x17", "cbor.shortest", "23 in two bytes"),
        "long-length": (b"\x58\x01a", "cbor.shortest", "length 1 in two bytes"),
        "long-eight": (b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", "cbor.shortest", "32 bits in 64"),
        "indefinite": (b"\x9f\x00\xff", "cbor.head", "an array of indefinite length"),
        "reserved": (b"\x1c", "cbor.head", "additional information 28"),
        "too-large": (b"\x1b\x80" + b"\x00" * 7, "cbor.range", "2^63"),
        "too-small": (b"\x3b\x80" + b"\x00" * 7, "cbor.range", "-2^63 - 1"),
        "bad-text": (b"\x61\xff", "cbor.text", "text that is not UTF-8"),
        "surrogate": (b"\x63\xed\xa0\x80", "cbor.text", "a surrogate in UTF-8"),
        "tag": (b"\xc1\x00", "cbor.tag", "a tag"),
        "float": (b"\xf9\x3c\x00", "cbor.simple", "a half-precision float"),
        "undefined": (b"\xf7", "cbor.simple", "undefined"),
        "break": (b"\xff", "cbor.simple", "a break outside of anything"),
        "text-key": (b"\xa1\x61a\x00", "cbor.key", "a text key"),
        "negative-key": (b"\xa1\x20\x00", "cbor.key", "a negative key"),
        "unordered": (b"\xa2\x02\x00\x01\x00", "cbor.order", "keys in descending order"),
        "duplicate": (b"\xa2\x01\x00\x01\x00", "cbor.order", "a key twice"),
        "deep": (b"\x81" * 16 + b"\x80", "cbor.depth", "seventeen arrays deep"),
    }
    for name, (data, failure, comment) in refused.items():
        yield Vector("cbor", name, comment, data, failure)


def _envelope(protected: dict[int, cbor.Value], payload: bytes, /, **more: object) -> bytes:
    """A COSE_Sign1 with a signature of zeros; ``more`` replaces its parts."""
    parts = {"protected": cbor.encode(protected), "unprotected": {}, "payload": payload, "signature": bytes(64)}
    return b"\xd2" + cbor.encode(list((parts | more).values()))  # type: ignore[arg-type]  # broken ones on purpose


def _operation_result(envelope: bytes) -> dict[str, object]:
    operation = parse_operation(envelope)
    return {"id": operation.id.hex(), "kind": operation.statement.kind, "key": operation.key.hex()}


def operation_vectors() -> Iterator[Vector]:
    """Envelope and statement."""
    log = Log()
    good = log.statement("example.said", {1: "per-000001"}, SECRETARIAT, subject="tr-00000001")
    full = good._replace(
        actor=Actor(SECRETARIAT, "per-000001", "dev-000001"),
        auth=Auth(AuthMethod.PASSWORD_TOTP, START_MS, bytes(32)),
    )
    for name, statement, signer in (("ed25519", good, ROOT_KEY), ("esp256", full, SENDER_KEY)):
        envelope = seal_operation(statement, signer)
        yield Vector(
            "operation", name, f"a well-formed operation under {name}", envelope, result=_operation_result(envelope)
        )
    envelope = seal_operation(good, ROOT_KEY)
    operation = parse_operation(envelope)
    header: dict[int, cbor.Value] = {1: -19, 4: key_id(ROOT_KEY.spki), 16: "akashi-op/1"}
    payload = b"\x82" + operation.statement_bytes + b"\x80"
    refused: dict[str, tuple[bytes, str, str]] = {
        "too-large": (
            _envelope(header, b"\x82" + cbor.encode(bytes(32768)) + b"\x80"),
            "op.size",
            "above 32,768 bytes",
        ),
        "untagged": (envelope[1:], "cose.tag", "without the byte d2"),
        "truncated": (envelope[:-1], "cbor.short", "the last byte is missing"),
        "trailing": (envelope + b"\x00", "cbor.trailing", "a byte too many"),
        "three-parts": (b"\xd2\x83\x40\xa0\x40", "cose.shape", "an array of three"),
        "text-payload": (_envelope(header, payload, payload="x"), "cose.shape", "the payload is a text"),
        "unprotected": (_envelope(header, payload, unprotected={1: -19}), "cose.unprotected", "an unprotected header"),
        "short-signature": (_envelope(header, payload, signature=bytes(63)), "cose.signature", "63 bytes"),
        "extra-header": (_envelope(header | {17: 0}, payload), "cose.protected", "a header key more"),
        "foreign-algorithm": (_envelope(header | {1: -7}, payload), "cose.algorithm", "ES256 (-7) is not listed"),
        "short-key": (_envelope(header | {4: bytes(31)}, payload), "cose.key", "a key id of 31 bytes"),
        "foreign-type": (_envelope(header | {16: "akashi-storage/1"}, payload), "cose.type", "a storage receipt"),
        "payload-of-one": (_envelope(header, b"\x81" + operation.statement_bytes), "op.payload", "no approvals"),
        "approvals": (_envelope(header, payload[:-1] + b"\x81\x00"), "op.approvals", "an approval"),
        "approvals-broken": (_envelope(header, payload[:-1] + b"\xff"), "cbor.simple", "approvals that are no CBOR"),
        "no-array": (_envelope(header, b"\x82\xa0\x80"), "op.statement", "the statement is a map"),
    }
    for name, (data, failure, comment) in refused.items():
        yield Vector("operation", name, comment, data, failure)
    fields = cbor.decode(operation.statement_bytes)
    if not isinstance(fields, list):
        raise TypeError
    for name, levels in (("deepest", 13), ("deep", 14)):
        body: cbor.Value = 0
        for _ in range(levels):
            body = [body]
        data = _envelope(header, b"\x82" + cbor.encode([*fields[:7], {1: body}, *fields[8:]]) + b"\x80")
        if name == "deepest":
            yield Vector("operation", name, "depth 16 from the payload on", data, result=_operation_result(data))
        else:
            yield Vector("operation", name, "depth 17 from the payload on", data, "cbor.depth")
    for name, at, value, failure in _statement_faults(good.claimed_ms):
        changed = [*fields[:at], value, *fields[at + 1 :]]
        data = _envelope(header, b"\x82" + cbor.encode(changed) + b"\x80")  # type: ignore[arg-type]  # faults
        yield Vector("operation", name, f"statement field {at} is wrong", data, failure)


def _statement_faults(claimed: int) -> list[tuple[str, int, object, str]]:
    week = 7 * 24 * 3600 * 1000
    return [
        ("format-2", 0, 2, "op.statement"),
        ("format-true", 0, True, "op.statement"),
        ("short-ledger", 1, bytes(15), "op.ledger"),
        ("capital-kind", 2, "Example.said", "op.kind"),
        ("newline-kind", 2, "example.said\n", "op.kind"),
        ("version-0", 3, 0, "op.version"),
        ("actor-of-two", 4, [SECRETARIAT, None], "op.actor"),
        ("actor-without-institution", 4, [None, None, None], "op.actor"),
        ("actor-with-name", 4, [SECRETARIAT, "\u5c71\u7530", None], "op.actor"),
        ("auth-method-9", 5, [9, claimed, None], "op.auth"),
        ("auth-before-1970", 5, [0, -1, None], "op.auth"),
        ("auth-short-digest", 5, [0, claimed, bytes(31)], "op.auth"),
        ("capital-subject", 6, "TR-00000001", "op.subject"),
        ("array-body", 7, [], "op.body"),
        ("text-time", 8, "now", "op.time"),
        ("expires-before-claim", 9, claimed, "op.time"),
        ("lives-too-long", 9, claimed + week + 1, "op.lifetime"),
        ("short-nonce", 10, bytes(15), "op.nonce"),
    ]


def leaf_vectors() -> Iterator[Vector]:
    """Leaves."""
    envelope = seal_operation(Log().statement("example.said", {}, SECRETARIAT), ROOT_KEY)
    good = Leaf(3, START_MS, envelope, 0, NO_EFFECTS)
    parsed = parse_leaf(encode_leaf(good))
    shown = {"height": parsed.height, "block_ms": parsed.block_ms, "result": parsed.result}
    yield Vector("leaf", "good", "an accepted operation", encode_leaf(good), result=shown)
    refused: dict[str, tuple[object, str, str]] = {
        "five": ([1, 3, START_MS, envelope, 0], "leaf.shape", "five fields"),
        "version": ([2, 3, START_MS, envelope, 0, NO_EFFECTS], "leaf.shape", "format 2"),
        "true": ([True, 3, START_MS, envelope, 0, NO_EFFECTS], "leaf.shape", "true is not 1"),
        "effects": ([1, 3, START_MS, envelope, 0, bytes(31)], "leaf.shape", "31 bytes of effects"),
        "height-0": ([1, 0, START_MS, envelope, 0, NO_EFFECTS], "leaf.range", "height 0"),
        "result": ([1, 3, START_MS, envelope, 65536, NO_EFFECTS], "leaf.range", "a result beyond 65535"),
        "before-1970": ([1, 3, -1, envelope, 0, NO_EFFECTS], "leaf.range", "a negative time"),
    }
    for name, (value, failure, comment) in refused.items():
        yield Vector("leaf", name, comment, cbor.encode(value), failure)  # type: ignore[arg-type]  # faults
    yield Vector("leaf", "short", "cut in the middle", encode_leaf(good)[:-40], "cbor.short")


def note_vectors() -> Iterator[Vector]:
    """Checkpoints: format only; signatures are judged with bundles and receipts."""
    note = begun().note()
    checkpoint = parse_checkpoint(note)
    shown = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    yield Vector("note", "cosigned", "the log's line and one cosignature", note, result=shown)
    unknown = note + b"\xe2\x80\x94 example.org/witness " + encode_base64(b"abcd" + bytes(72)).encode() + b"\n"
    yield Vector("note", "unknown-line", "a line of an unknown key is no fault of the format", unknown, result=shown)
    lines = note.split(b"\n")
    root = lines[2]

    def changed(at: int, line: bytes) -> bytes:
        return b"\n".join([*lines[:at], line, *lines[at + 1 :]])

    refused: dict[str, tuple[bytes, str, str]] = {
        "empty": (b"", "note.format", "nothing"),
        "no-line-feed": (note[:-1], "note.format", "the last line feed is missing"),
        "no-signature": (b"\n".join(lines[:4]) + b"\n", "note.format", "no signature line"),
        "extension": (changed(2, root + b"\nextension"), "note.format", "a fourth line in the body"),
        "crlf": (note.replace(b"\n", b"\r\n"), "note.format", "carriage returns"),
        "hyphen": (changed(4, lines[4].replace(b"\xe2\x80\x94", b"-")), "note.format", "a hyphen for the dash"),
        "many-lines": (note + 15 * (lines[4] + b"\n"), "note.format", "seventeen signature lines"),
        "too-large": (note + b"\xe2\x80\x94 x " + b"A" * 8192 + b"\n", "note.format", "above 8 KiB"),
        "not-utf-8": (changed(4, lines[4].replace(b"\xe2\x80\x94", b"\xe2\x80")), "note.format", "broken UTF-8"),
        "plus-in-name": (changed(4, lines[4].replace(b"example", b"exa+ple")), "note.format", "a plus in the name"),
        "lax-base64": (changed(4, lines[4][:-1]), "note.format", "base64 without its padding"),
        "capital-origin": (changed(0, lines[0].upper()), "note.origin", "capitals in the origin"),
        "epoch-0": (changed(0, lines[0][:-1] + b"0"), "note.origin", "epoch 0"),
        "leading-zero": (changed(1, b"0" + lines[1]), "note.size", "a leading zero"),
        "negative-size": (changed(1, b"-" + lines[1]), "note.size", "a negative size"),
        "huge-size": (changed(1, b"9223372036854775808"), "note.size", "2^63"),
        "short-root": (changed(2, encode_base64(bytes(31)).encode()), "note.root", "a root of 31 bytes"),
        "loose-root": (changed(2, root[:-2] + bytes([root[-2] + 1]) + b"="), "note.root", "unused bits set in base64"),
    }
    for name, (data, failure, comment) in refused.items():
        yield Vector("note", name, comment, data, failure)


def trust_vectors() -> Iterator[Vector]:
    """Trust files."""
    log = f"log {vkey(ORIGIN, NoteKind.ED25519, LOG.public_key)}\n".encode()
    witness = f"witness w1 {vkey(COSIGNER.name, NoteKind.COSIGNATURE, COSIGNER.public_key)}\n".encode()
    other = f"witness w2 {vkey('example.org/w2', NoteKind.COSIGNATURE, LOG.public_key)}\n".encode()
    quorum, none = b"quorum w1\n", b"quorum none\n"
    genesis = b"#!genesis " + b"ab" * 32 + b"\n"
    root = b"#!tsa-root " + encode_base64(tsa_root()).encode() + b"\n"
    accepted = {
        "plain": (log + witness + quorum, "a log, a witness, a quorum"),
        "genesis-only": (genesis + none, "the log key is derived from leaf 0"),
        "groups": (log + witness + other + b"group g 1 w1 w2\ngroup h all g\nquorum h\n", "groups of groups"),
        "blanks": (b"# note\n \n\t" + log[:-1] + b" https://log.example/ \n" + none + root, "comments, blanks, a URL"),
        "utf-8-name": (log + witness.replace(b"w1", "\u8a3c".encode()) + "quorum \u8a3c\n".encode(), "opaque octets"),
    }
    for name, (data, comment) in accepted.items():
        yield Vector("trust", name, comment, data)
    refused = {
        "empty": (b"", "nothing"),
        "no-line-feed": ((log + none)[:-1], "the last line is not ended"),
        "no-quorum": (log, "no quorum line"),
        "two-quorums": (log + none + none, "two quorum lines"),
        "no-log": (none, "neither a log nor a genesis"),
        "unknown-word": (log + none + b"threshold 2\n", "an unknown word"),
        "unknown-own-word": (log + none + b"#!allow-all\n", "an unknown word of ours"),
        "carriage-return": (log + b"quorum none\r\n", "a carriage return"),
        "same-log-twice": (log + log + none, "a log key twice"),
        "same-witness-twice": (log + witness + witness.replace(b"w1", b"w2") + none, "a witness key twice"),
        "name-twice": (log + witness + other.replace(b"w2", b"w1") + none, "a name twice"),
        "named-none": (log + witness.replace(b"w1", b"none") + none, "a witness named none"),
        "undefined-quorum": (log + b"quorum w1\n", "a quorum of nobody"),
        "quorum-first": (log + quorum + witness, "the name is defined after its use"),
        "group-of-itself": (log + witness + b"group g any g\nquorum g\n", "a group in itself"),
        "member-twice": (log + witness + b"group g any w1 w1\nquorum g\n", "a member twice"),
        "member-of-two": (log + witness + b"group g any w1\ngroup h any w1\nquorum h\n", "a member of two groups"),
        "threshold-0": (log + witness + b"group g 0 w1\nquorum g\n", "a threshold of 0"),
        "threshold-2-of-1": (log + witness + b"group g 2 w1\nquorum g\n", "a threshold that cannot be met"),
        "threshold-01": (log + witness + b"group g 01 w1\nquorum g\n", "a leading zero"),
        "wrong-hash": (log.replace(b"+", b"+0", 1) + none, "a key hash of nine digits"),
        "log-as-witness": (log + witness.replace(b"witness w1", b"log") + none, "a cosigner's key as a log"),
        "short-genesis": (b"#!genesis abcd\n" + none, "a short genesis hash"),
        "capital-genesis": (genesis.replace(b"ab", b"AB") + none, "capitals in the genesis hash"),
        "two-geneses": (genesis + genesis + none, "two genesis lines"),
        "broken-root": (log + none + b"#!tsa-root AAAA\n", "a root that is no certificate"),
        "lax-root": (log + none + root[:-1] + b"=\n", "a root in lax base64"),
    }
    for name, (data, comment) in refused.items():
        yield Vector("trust", name, comment, data, "trust.format")


WIRE: tuple[Callable[[], Iterator[Vector]], ...] = (
    cbor_vectors,
    operation_vectors,
    leaf_vectors,
    note_vectors,
    trust_vectors,
)
