"""Vectors of receipts and bundles: right ones, and one fault each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from akashi.ledger.model import Purpose
from akashi.ledger.proof.bundle import Bundle, Disclosure, write_bundle
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import KeyRevoked, LogRekeyed, LogStamped, RevocationReason, log_key_commitment
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id
from akashi.ledger.wire.leaf import encode_header, encode_leaf, parse_header, parse_leaf
from akashi.ledger.wire.note import NoteKey, NoteKind, cosign, encode_base64, sign_checkpoint
from akashi.ledger.wire.receipt import format_receipt
from tests.vectors.cases_log import LOG_FAULTS
from tests.vectors.cases_wire import Vector
from tests.vectors.world import (
    CONTENT,
    COSIGNER,
    LAST_LOG,
    LOG,
    NEXT_LOG,
    ORIGIN,
    RECEIVER,
    RECEIVER_KEY,
    ROOT_KEY,
    SALT,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    SERVER,
    TRANSFER,
    YEAR_MS,
    EdKey,
    Log,
    begun,
    enrolled,
    erased_body,
    sent_body,
    stamp_note,
    token_over,
    tsa_crl,
)


def full_log() -> tuple[Log, list[tuple[bytes, bytes]], int]:
    """A whole story: stamp, transfer, confirmation, refused attempt, erasure, stamp; (log, [(note, token)], index of sent)."""
    log = begun()
    first = log.note()
    stamps = [(first, stamp_note(first, log.now_ms - 400))]
    log.say(LogStamped(*stamps[0], (), ()), SERVER, SECRETARIAT)
    log.block()
    sent = log.say(("transfer.sent", sent_body()), SENDER_KEY, SENDER, subject=TRANSFER)
    log.say(("transfer.opened", {1: TRANSFER, 2: 1}), RECEIVER_KEY, RECEIVER, subject=TRANSFER)
    log.block()
    log.say(("transfer.confirmed", {1: TRANSFER}), EdKey("nobody"), RECEIVER, subject=TRANSFER, result=7)
    log.say(("payload.erased", erased_body(bytes(32), log.now_ms)), SERVER, SECRETARIAT, subject=TRANSFER)
    log.block()
    second = log.note()
    stamps.append((second, stamp_note(second, log.now_ms - 400)))
    log.say(LogStamped(*stamps[1], (), ()), SERVER, SECRETARIAT)
    log.block()
    return log, stamps, sent


def opened(log: Log, index: int) -> Disclosure:
    """The disclosure of the transfer at ``index``."""
    return Disclosure(log.operation_id(index), SALT, CONTENT)


def full_bundle() -> tuple[Log, Bundle]:
    """The whole story as a bundle of the whole log."""
    log, stamps, sent = full_log()
    items = [log.stamp(*stamp) for stamp in stamps]
    return log, log.bundle(stamps=items, disclosures=[opened(log, sent)])


def accepted(name: str, comment: str, data: bytes, trust: bytes | None) -> Vector:
    """A right bundle or receipt; the result is ours, and the second implementation's must be equal."""
    shown = verify_file(data, trust).to_json()
    words = shown["unproven"]
    if isinstance(words, list):
        shown["unproven"] = [word for word in words if word != "kinds"]
    kind = "receipt" if data.startswith(b"c2sp") else "bundle"
    return Vector(kind, name, comment, data, trust=trust, result=shown)


def right_bundles() -> Iterator[Vector]:
    """Accepted, each with another trust file or another choice of leaves."""
    log, bundle = full_bundle()
    data = write_bundle(bundle)
    yield accepted("whole", "the whole log, stamped twice, disclosed, erased", data, log.trust_file())
    yield accepted("whole-no-trust", "without a trust file it is self-consistent only", data, None)
    derived = log.trust_file(logs=(), witnesses={}, quorum="none", tsa_roots=())
    yield accepted("genesis-trust", "the log key follows from leaf 0; no TSA root, so no stamp counts", data, derived)
    plain = log.trust_file(genesis=None)
    yield accepted("log-trust", "a log line and no genesis", data, plain)
    chosen = [0, 1, 2, 3, 4, 5, 6, 8, 9]
    part = log.bundle(chosen, stamps=bundle.stamps, disclosures=bundle.disclosures)
    yield accepted("subject", "one transfer without the refused attempt: attested only", write_bundle(part), plain)
    few = log.bundle([0, 2, 5], stamps=bundle.stamps[1:])
    yield accepted("three-ranges", "three leaves apart; no stamp before them", write_bundle(few), log.trust_file())
    yield from _counted_or_not(log, bundle)
    yield from _rekeyed()


def _counted_or_not(log: Log, bundle: Bundle) -> Iterator[Vector]:
    revoked = tsa_crl(log.now_ms - 3_600_000)
    stamps = [replace(item, crls=[revoked]) for item in bundle.stamps]
    data = write_bundle(replace(bundle, stamps=stamps))
    yield accepted("revoked-tsa", "the TSA's certificate was revoked before: not counted", data, log.trust_file())
    stamps = [replace(item, crls=[tsa_crl(log.now_ms + 3_600_000)]) for item in bundle.stamps]
    data = write_bundle(replace(bundle, stamps=stamps))
    yield accepted("later-revoked-tsa", "the TSA's certificate was revoked after: counted", data, log.trust_file())
    late = [log.stamp(item.note, stamp_note(item.note, log.now_ms + 30 * YEAR_MS)) for item in bundle.stamps[:1]]
    data = write_bundle(replace(bundle, stamps=late))
    yield accepted("expired-tsa", "stamped after the TSA's certificate ended: not counted", data, log.trust_file())


def _rekeyed() -> Iterator[Vector]:
    log = begun()
    body = LogRekeyed(NEXT_LOG.public_key, log_key_commitment(LAST_LOG.public_key))
    log.say(body, ROOT_KEY, SECRETARIAT)
    log.block()
    derived = log.trust_file(logs=())
    data = write_bundle(log.bundle(note=log.note(key=NEXT_LOG)))
    yield accepted("rekeyed", "the successor that leaf 0 committed to signs after log.rekeyed", data, derived)
    old = write_bundle(log.bundle(note=log.note()))
    yield Vector("bundle", "old-log-key", "the old log key signs after log.rekeyed", old, "note.unsigned", derived)


def wrong_files() -> Iterator[Vector]:
    """Steps 1 and 3: the file and its proofs."""
    log, bundle = full_bundle()
    data, trust = write_bundle(bundle), log.trust_file()
    part = log.bundle([0, 2, 5])
    body = data[: data.rindex(b"\x83\x63end")]
    count = 3 + 1 + 2 + 1
    items = list(_items(write_bundle(part)))[:-1]
    first, second, third = items[3:6]
    head = parse_header(bundle.head)
    longer = replace(log.range(2, 3), proof=[*log.range(2, 3).proof, bytes(32)])
    faults: dict[str, tuple[bytes, str, str]] = {
        "empty": (b"", "bundle.end", "nothing"),
        "text": (b"\x65hello", "bundle.header", "no CBOR array"),
        "format-2": (b"\x84\x6dakashi-bundle\x02" + data[16:], "bundle.header", "format 2"),
        "cut": (data[:-1], "cbor.short", "the last byte is missing"),
        "no-end": (body, "bundle.end", "the end item is missing"),
        "wrong-count": (body + cbor.encode(["end", count + 1, sha256(body).digest()]), "bundle.end", "a wrong count"),
        "wrong-digest": (body + cbor.encode(["end", count, bytes(32)]), "bundle.end", "a wrong digest"),
        "trailing": (data + b"\x00", "bundle.end", "a byte after the end"),
        "other-origin": (data.replace(b"example.org/akashi/", b"example.net/akashi/", 1), "bundle.header", "header"),
        "other-size": (ended([["akashi-bundle", 1, ORIGIN, 9], *items[1:]]), "bundle.size", "the header's size differs"),
        "no-head": (ended([*items[:2], *items[3:]]), "bundle.item", "the head is missing"),
        "no-range": (ended(items[:3]), "bundle.item", "no range"),
        "unknown-item": (ended([*items, ["note", b""]]), "bundle.item", "an unknown item"),
        "range-of-five": (ended([*items[:3], [*first, 0], second]), "bundle.item", "a field too many"),
        "empty-range": (ended([*items[:3], ["range", 0, [], []]]), "bundle.range", "a range without leaves"),
        "beyond": (ended([*items[:3], ["range", 10, [b"a"], []]]), "bundle.range", "a range beyond the size"),
        "swapped": (ended([*items[:3], first, third, second]), "bundle.order", "ranges in the wrong order"),
        "twice": (ended([*items[:3], first, first]), "bundle.order", "a range twice"),
        "short-hash": (ended([*items[:3], [*first[:3], [bytes(31)]]]), "bundle.range", "a proof hash of 31 bytes"),
        "header-shape": (ended([*items[:2], ["head", cbor.encode([1])], first]), "header.shape", "a head of one field"),
        "header-range": (
            write_bundle(replace(part, head=encode_header(replace(head, height=0)))), "header.range", "height 0",
        ),
        "flipped-leaf": (_flipped(part), "proof.inclusion", "the last byte of a leaf changed, all else recomputed"),
        "missing-hash": (
            write_bundle(replace(part, ranges=[*part.ranges[:2], replace(part.ranges[2], proof=part.ranges[2].proof[1:])])),
            "proof.length", "a proof hash is missing",
        ),
        "extra-hash": (
            write_bundle(replace(part, ranges=[part.ranges[0], longer])), "proof.length", "a proof hash too many",
        ),
        "moved": (
            write_bundle(replace(part, ranges=[part.ranges[0], replace(log.range(4, 5), start=3)])),
            "proof.inclusion", "a leaf at another index",
        ),
        "head-size": (
            write_bundle(replace(bundle, head=encode_header(replace(head, size=9)))), "chain", "another block's size",
        ),
        "head-previous": (
            write_bundle(replace(bundle, head=encode_header(replace(head, previous=bytes(32))))),
            "chain", "the head names another block before it",
        ),
        "no-genesis": (write_bundle(log.bundle([2, 5])), "bundle.genesis", "leaf 0 is missing"),
    }  # fmt: skip
    for name, (made, failure, comment) in faults.items():
        yield Vector("bundle", name, comment, made, failure, trust)


def _items(data: bytes) -> Iterator[list[cbor.Value]]:
    at = 0
    while at < len(data):
        item, at = cbor.decode_item(data, at)
        if isinstance(item, list):
            yield item


def ended(items: list[list[cbor.Value]]) -> bytes:
    """Items with the right end item."""
    body = b"".join(map(cbor.encode, items))
    return body + cbor.encode(["end", len(items), sha256(body).digest()])


def _flipped(bundle: Bundle) -> bytes:
    first = bundle.ranges[1]
    leaf = parse_leaf(first.leaves[0])
    changed = encode_leaf(replace(leaf, effects=bytes(32)))
    return write_bundle(replace(bundle, ranges=[bundle.ranges[0], replace(first, leaves=[changed]), bundle.ranges[2]]))


def wrong_trust() -> Iterator[Vector]:
    """Step 7: whom to believe."""
    log, bundle = full_bundle()
    data = write_bundle(bundle)
    size, root = len(log.leaves), log.root()
    forged = sign_checkpoint(ORIGIN, size, root, replace(LAST_LOG, name=ORIGIN))
    note = log.note()
    alone = log.note(cosigned=False)
    broken_log = note.replace(note.split(b"\n")[4], _broken(note.split(b"\n")[4]))
    broken_cosigner = note.replace(note.split(b"\n")[5], _broken(note.split(b"\n")[5]))
    stranger = cosign(alone, replace(LAST_LOG, name="example.org/stranger"), log.now_ms // 1000)
    two = {
        "a": NoteKey(COSIGNER.name, NoteKind.COSIGNATURE, COSIGNER.public_key),
        "b": NoteKey("example.org/b", NoteKind.COSIGNATURE, LAST_LOG.public_key),
    }
    elsewhere = NoteKey("example.net/akashi/" + "00" * 16 + "/1", NoteKind.ED25519, LOG.public_key)
    both = log.trust_file(witnesses=two, quorum="none").replace(b"quorum none", b"group g all a b\nquorum g")
    either = log.trust_file(witnesses=two, quorum="none").replace(b"quorum none", b"group g any a b\nquorum g")
    yield accepted("any-of-two", "one of two witnesses is enough", data, either)
    believed = log.trust_file()
    faults: dict[str, tuple[bytes, bytes | None, str, str]] = {
        "bad-trust-file": (data, b"quorum none\n", "trust.format", "a trust file without log or genesis"),
        "other-genesis": (data, log.trust_file(genesis=bytes(32)), "trust.genesis", "leaf 0 is another's"),
        "forged": (write_bundle(replace(bundle, note=forged)), believed, "note.unsigned", "signed by an unknown key"),
        "forged-no-trust": (write_bundle(replace(bundle, note=forged)), None, "note.unsigned", "nor is it leaf 0's key"),
        "other-log": (data, log.trust_file(logs=(elsewhere,), genesis=None), "note.unsigned", "a key for another origin"),
        "broken-log-line": (
            write_bundle(replace(bundle, note=broken_log)), believed, "note.signature", "the log's signature is wrong",
        ),
        "broken-log-line-no-trust": (
            write_bundle(replace(bundle, note=broken_log)), None, "note.signature", "the log's signature is wrong",
        ),
        "broken-cosignature": (
            write_bundle(replace(bundle, note=broken_cosigner)), believed, "note.signature", "a known cosignature is wrong",
        ),
        "no-cosignature": (write_bundle(replace(bundle, note=alone)), believed, "note.quorum", "nobody cosigned"),
        "stranger": (write_bundle(replace(bundle, note=stranger)), believed, "note.quorum", "a stranger cosigned"),
        "all-of-two": (data, both, "note.quorum", "one of two is not all"),
    }  # fmt: skip
    for name, (made, trust, failure, comment) in faults.items():
        yield Vector("bundle", name, comment, made, failure, trust)


def _broken(line: bytes) -> bytes:
    """A signature line whose last signature byte is another."""
    head, _, encoded = line.rpartition(b" ")
    blob = bytearray(base64.b64decode(encoded))
    blob[-1] ^= 1
    return head + b" " + encode_base64(bytes(blob)).encode()


def wrong_stamps() -> Iterator[Vector]:
    """Steps 8 to 10: stamps, disclosures, erasures."""
    log, bundle = full_bundle()
    first, second = bundle.stamps
    other = Log()
    other.leaves = [b"another tree"] * 4
    split = other.note(cosigned=False)
    later = sign_checkpoint(ORIGIN, 44, bytes(32), LOG)
    flipped = bytearray(first.token)
    flipped[-1] ^= 1
    foreign = sign_checkpoint(ORIGIN, 4, log.root(4), replace(LAST_LOG, name=ORIGIN))
    sent = bundle.disclosures[0]
    good: dict[str, tuple[Bundle, str, str]] = {
        "stamps-swapped": (replace(bundle, stamps=[second, first]), "bundle.order", "stamps in the wrong order"),
        "stamp-other-message": (
            replace(bundle, stamps=[replace(first, token=token_over(b"x", log.now_ms))]), "stamp", "over something else",
        ),
        "stamp-other-note": (replace(bundle, stamps=[replace(first, token=second.token)]), "stamp", "over another note"),
        "stamp-flipped": (replace(bundle, stamps=[replace(first, token=bytes(flipped))]), "stamp", "a signature bit"),
        "stamp-empty": (replace(bundle, stamps=[replace(first, token=b"")]), "stamp", "no token"),
        "stamp-usage": (
            replace(bundle, stamps=[replace(first, token=stamp_note(first.note, log.now_ms, usage="code"))]),
            "stamp", "a certificate for code signing",
        ),
        "stamp-not-critical": (
            replace(bundle, stamps=[replace(first, token=stamp_note(first.note, log.now_ms, usage="lax"))]),
            "stamp", "time stamping, but not critical",
        ),
        "stamp-broken-crl": (replace(bundle, stamps=[replace(first, crls=[b"crl"])]), "stamp", "a CRL that is none"),
        "stamp-broken-certificate": (
            replace(bundle, stamps=[replace(first, certificates=[b"certificate"])]), "stamp", "a certificate that is none",
        ),
        "stamp-split-view": (
            replace(bundle, stamps=[log.stamp(split, stamp_note(split, log.now_ms))]),
            "proof.consistency", "the stamped tree is another",
        ),
        "stamp-unsigned": (replace(bundle, stamps=[replace(first, note=foreign)]), "note.unsigned", "not the log's note"),
        "stamp-larger": (
            replace(bundle, stamps=[replace(first, note=later, token=stamp_note(later, log.now_ms))]),
            "proof.size", "a note beyond the bundle's",
        ),
        "stamp-short-proof": (replace(bundle, stamps=[replace(first, consistency=[])]), "proof.length", "no proof"),
        "disclosure-salt": (
            replace(bundle, disclosures=[replace(sent, salt=bytes(32))]), "bundle.disclosure", "another salt",
        ),
        "disclosure-unknown": (
            replace(bundle, disclosures=[replace(sent, operation=bytes(32))]), "bundle.disclosure", "no such operation",
        ),
        "disclosure-twice": (replace(bundle, disclosures=[sent, sent]), "bundle.order", "a disclosure twice"),
    }  # fmt: skip
    for name, (made, failure, comment) in good.items():
        yield Vector("bundle", name, comment, write_bundle(made), failure, log.trust_file())


def log_faults() -> Iterator[Vector]:
    """Steps 2, 4, 5, 6 and 10: logs that a faithful operator would not have written."""
    for name, (failure, comment, spoil) in LOG_FAULTS.items():
        log = begun()
        spoil(log)
        log.block()
        trust = log.trust_file()
        yield Vector("bundle", name, comment, write_bundle(log.bundle()), failure, trust)


def right_logs() -> Iterator[Vector]:
    """Accepted: what looks unusual and is allowed."""
    log = begun()
    second = EdKey("sender's second gateway key")
    log.say(enrolled(second, SENDER, Purpose.GATEWAY), SENDER_KEY, SENDER)
    log.say(KeyRevoked(key_id(SENDER_KEY.spki), RevocationReason.SUPERSEDED), second, SENDER)
    log.block()
    log.say(("example.said", {}), second, SENDER)
    log.say(("example.said", {}), EdKey("nobody"), SENDER, result=3)
    log.block()
    data = write_bundle(log.bundle())
    yield accepted("second-gateway", "a gateway enrols its successor and retires itself", data, log.trust_file())


def receipts() -> Iterator[Vector]:
    """Receipts."""
    log = full_log()[0]
    trust, note = log.trust_file(), log.note()
    good = format_receipt(log.leaves[5], 5, log.path(5), note)
    yield accepted("good", "one leaf, its path, a cosigned checkpoint", good, trust)
    yield accepted("no-trust", "no signature is judged without a trust file", good, None)
    first = format_receipt(log.leaves[0], 0, log.path(0), note)
    yield accepted("genesis", "leaf 0 is compared with the trust file's", first, trust)
    refused = format_receipt(log.leaves[7], 7, log.path(7), note)
    yield accepted("refused-operation", "inclusion is not acceptance: result 7", refused, trust)
    path = log.path(5)
    foreign = Log(ledger=bytes(16))
    foreign.say(("example.said", {}), ROOT_KEY, SECRETARIAT)
    faults: dict[str, tuple[bytes, str, str]] = {
        "magic": (good.replace(b"@v1", b"@v2", 1), "receipt.format", "another version"),
        "no-extra": (b"\n".join(good.split(b"\n")[:1] + good.split(b"\n")[2:]), "receipt.format", "no leaf"),
        "lax-index": (good.replace(b"index 5", b"index 05"), "receipt.format", "a leading zero"),
        "short-hash": (good.replace(encode_base64(path[0]).encode(), b"AAAA"), "receipt.format", "a hash of 3 bytes"),
        "cut": (good[:-1], "note.format", "the last line feed is missing"),
        "other-index": (format_receipt(log.leaves[5], 4, path, note), "proof.inclusion", "another index"),
        "index-beyond": (format_receipt(log.leaves[5], 10, path, note), "proof.index", "an index beyond the tree"),
        "other-leaf": (format_receipt(log.leaves[6], 5, path, note), "proof.inclusion", "another leaf"),
        "short-path": (format_receipt(log.leaves[5], 5, path[:-1], note), "proof.length", "a hash is missing"),
        "long-path": (format_receipt(log.leaves[5], 5, [*path, bytes(32)], note), "proof.length", "a hash too many"),
        "no-leaf": (format_receipt(b"leaf", 0, [], note), "cbor.short", "the leaf is no leaf"),
        "foreign": (format_receipt(foreign.leaves[0], 0, [], foreign.note()), "op.foreign", "another ledger's operation"),
        "uncosigned": (format_receipt(log.leaves[5], 5, path, log.note(cosigned=False)), "note.quorum", "no quorum"),
        "unsigned": (format_receipt(log.leaves[5], 5, path, log.note(key=LAST_LOG)), "note.unsigned", "an unknown key"),
    }  # fmt: skip
    for name, (data, failure, comment) in faults.items():
        yield Vector("receipt", name, comment, data, failure, trust)
    other = log.trust_file(genesis=bytes(32))
    yield Vector("receipt", "other-genesis", "leaf 0 is not the trusted one", first, "trust.genesis", other)


BUNDLES: tuple[Callable[[], Iterator[Vector]], ...] = (
    right_bundles,
    right_logs,
    wrong_files,
    wrong_trust,
    wrong_stamps,
    log_faults,
    receipts,
)
