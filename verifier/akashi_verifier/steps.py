"""Steps 1 to 10 of `docs/spec/verification.md`, numbered as there, over a bundle or a receipt.

Guarantees: `verify` returns a result in the specified form for any bytes; `status` is `verified` only after every step
passed with a trust file. Refuses: to go on after the first failure. Leaves to the caller: reading files, and
re-executing the rules of the ledger (`effects`). Trusts: the trust file.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, demand, tree
from akashi_verifier import bundle as bundles
from akashi_verifier import note as notes
from akashi_verifier import operation as operations
from akashi_verifier import registry as registries
from akashi_verifier import stamp as stamps
from akashi_verifier import trust as trusts
from akashi_verifier.bundle import Bundle
from akashi_verifier.note import LOG, Key, Note
from akashi_verifier.operation import Operation
from akashi_verifier.registry import Enrolled
from akashi_verifier.tree import Leaf
from akashi_verifier.trust import Trust

MAX_AHEAD_MS = 300_000


@dataclass(slots=True)
class Entry:
    """A leaf at its index, with the operation in it."""

    index: int
    hash: bytes
    leaf: Leaf
    op: Operation
    after_ms: int | None = None
    before_ms: int | None = None
    approved: list[Enrolled] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the log recorded the operation as accepted."""
        return self.leaf.result == 0


@dataclass(slots=True)
class Findings:
    """What the steps have established so far."""

    entries: list[Entry]
    log_keys: list[tuple[int, Key]] = field(default_factory=list)  # (first size, key) of leaf 0 and rekeyings
    stamps: list[dict[str, Any]] = field(default_factory=list)
    erasures: list[dict[str, Any]] = field(default_factory=list)


def verify(data: bytes, trust_data: bytes | None = None) -> dict[str, Any]:
    """Verify a bundle or a receipt; return the result object of verification.md."""
    try:
        # `cryptography` warns of certificates it will refuse one day; a warning is neither a failure nor output.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trust = None if trust_data is None else trusts.parse(trust_data)
            if data.startswith(notes.RECEIPT_PREFIX):
                return _verify_receipt(data, trust)
            return _verify_bundle(data, trust)
    except Failure as failure:
        return {
            "status": "failed",
            "failure": failure.code,
            "level": None,
            "origin": None,
            "size": None,
            "operations": [],
            "stamps": [],
            "erasures": [],
            "unproven": [],
        }


def _verify_bundle(data: bytes, trust: Trust | None) -> dict[str, Any]:
    bundle = bundles.parse(data)  # (1) format
    findings = Findings(_read_leaves(bundle))  # (2) leaves
    _check_tree(bundle, findings)  # (3) tree
    _check_ledger(bundle, findings)  # (4) ledger
    _check_signers(findings)  # (5) signers
    whole = bundle.leaves == bundle.size
    if whole:
        _check_chain(bundle, findings)  # (6) chain
    _check_trust(bundle, findings, trust)  # (7) trust
    _check_stamps(bundle, findings, trust)  # (8) stamps
    _check_disclosures(bundle, findings)  # (9) disclosures
    _check_erasures(findings)  # (10) erasure
    level = "replayed" if whole else "attested"
    return _result(bundle.note, findings, trust, level, [])


# (2) Leaves: every leaf and the operation in it.
def _read_leaves(bundle: Bundle) -> list[Entry]:
    return [_read_leaf(each.start + offset, raw) for each in bundle.ranges for offset, raw in enumerate(each.leaves)]


def _read_leaf(index: int, raw: bytes) -> Entry:
    leaf = tree.parse_leaf(raw)
    return Entry(index, tree.leaf_hash(raw), leaf, operations.parse(leaf.envelope))


# (3) Tree: every range leads to the checkpoint's root, and so does the head.
def _check_tree(bundle: Bundle, findings: Findings) -> None:
    used = 0
    for each in bundle.ranges:
        hashes = [entry.hash for entry in findings.entries[used : used + len(each.leaves)]]
        used += len(each.leaves)
        found = tree.range_root(each.start, hashes, bundle.size, each.proof)
        demand(found == bundle.note.root, "proof.inclusion", f"range at {each.start}")
    head = bundle.head
    demand(head.size == bundle.size and head.root == bundle.note.root, "chain", "head")


# (4) Ledger: leaf 0 founds it, and every operation belongs to it, once and in time.
def _check_ledger(bundle: Bundle, findings: Findings) -> None:
    first = findings.entries[0]
    demand(first.index == 0, "bundle.genesis", "absent")
    genesis = first.op
    demand(genesis.kind == "ledger.genesis" and genesis.version == 1 and first.accepted, "bundle.genesis")
    demand(registries.body_is_formed(genesis) and genesis.body[1] == bundle.origin, "bundle.genesis", "body")
    accepted, before = set[bytes](), first.leaf
    for entry in findings.entries:
        leaf, op, where = entry.leaf, entry.op, f"leaf {entry.index}"
        demand(op.ledger == genesis.ledger == bundle.note.ledger, "op.foreign", where)
        demand(before.height <= leaf.height <= bundle.head.height, "chain", where)
        demand(before.ms <= leaf.ms <= bundle.head.ms, "chain", where)
        before = leaf
        if not entry.accepted:
            continue
        demand(op.id not in accepted, "op.replayed", where)
        accepted.add(op.id)
        demand(leaf.ms <= op.expires, "op.expired", where)
        demand(op.claimed <= leaf.ms + MAX_AHEAD_MS, "op.ahead", where)


# (5) Signers: the registry as of each leaf, and the signatures.
def _check_signers(findings: Findings) -> None:
    genesis = findings.entries[0].op
    registry = registries.Registry(genesis)
    origin = genesis.body[1]
    findings.log_keys.append((0, Key(origin, LOG, genesis.body[2])))
    for entry in findings.entries[1:]:
        if not entry.accepted:
            continue
        entry.approved = registry.admit(entry.op, entry.leaf.ms, f"leaf {entry.index}")
        if entry.op.kind == "log.rekeyed" and entry.op.version == 1:
            findings.log_keys.append((entry.index + 1, Key(origin, LOG, entry.op.body[1])))


# (6) Chain: all headers from the leaves; the last one is the head.
def _check_chain(bundle: Bundle, findings: Findings) -> None:
    previous, header = tree.ZERO, None
    peaks: list[tuple[int, bytes]] = []  # (leaves, hash) of the perfect subtrees so far, largest first
    entries = findings.entries
    for position, entry in enumerate(entries):
        leaf = entry.leaf
        if position == 0 or leaf.height != entries[position - 1].leaf.height:
            expected = 1 if position == 0 else entries[position - 1].leaf.height + 1
            demand(leaf.height == expected, "chain", f"leaf {position}")
        else:
            demand(leaf.ms == entries[position - 1].leaf.ms, "chain", f"leaf {position}")
        peaks.append((1, entry.hash))
        while len(peaks) > 1 and peaks[-2][0] == peaks[-1][0]:
            count, right = peaks.pop()
            peaks[-1] = (2 * count, tree.node(peaks[-1][1], right))
        if position + 1 == len(entries) or entries[position + 1].leaf.height != leaf.height:
            top = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                top = tree.node(left, top)
            header = tree.Header(leaf.height, previous, position + 1, top, leaf.ms)
            previous = tree.header_hash(header)
    demand(header == bundle.head, "chain", "head")


def _believed(note: Note, findings: Findings, trust: Trust | None) -> list[Key]:
    """Keys that may sign this checkpoint for the log; of the derived ones, the one in force at its size."""
    derived = [key for since, key in findings.log_keys if since <= note.size][-1:]
    if trust is None:
        return derived
    return [*trust.logs, *(derived if trust.genesis is not None else [])]


# (7) Trust: leaf 0 is the pinned one, a believed log key signed, the quorum cosigned.
def _check_trust(bundle: Bundle, findings: Findings, trust: Trust | None) -> None:
    if trust is not None and trust.genesis is not None:
        demand(findings.entries[0].hash == trust.genesis, "trust.genesis")
    _check_note(bundle.note, findings, trust)


def _check_note(note: Note, findings: Findings, trust: Trust | None) -> None:
    notes.log_line(note, _believed(note, findings, trust))
    if trust is not None:
        cosigned = {key for key, _ in notes.lines_of(note, trust.witnesses.values())}
        demand(trust.quorum_met(cosigned), "note.quorum")


# (8) Stamps: over checkpoints of this log; the counted ones bound the times of the operations.
def _check_stamps(bundle: Bundle, findings: Findings, trust: Trust | None) -> None:
    tokens: dict[bytes, int] = {}
    for entry in findings.entries:
        if entry.accepted and entry.op.kind == "log.stamped" and entry.op.version == 1:
            tokens.setdefault(entry.op.body[2], entry.index)
    after: list[tuple[int, int]] = []  # (index of the log.stamped leaf, time) of counted stamps
    before: list[tuple[int, int]] = []  # (size of the note, time) of counted stamps
    for stamp in bundle.stamps:
        line = notes.log_line(stamp.note, _believed(stamp.note, findings, trust))
        demand(stamp.note.origin == bundle.origin, "stamp", "origin")
        old, new = stamp.note, bundle.note
        tree.check_consistency(old.size, old.root, new.size, new.root, stamp.proof)
        imprint = sha256(stamp.note.body + line.raw).digest()
        opened = stamps.open_token(stamp.token, imprint, stamp.certificates, stamp.crls)
        counted = trust is not None and stamps.path_holds(opened, trust.tsa_roots, stamp.crls)
        findings.stamps.append({"size": old.size, "time_ms": opened.time_ms, "counted": counted})
        if counted:
            before.append((old.size, opened.time_ms))
            if stamp.token in tokens:
                after.append((tokens[stamp.token], opened.time_ms))
    _bound(findings.entries, after, before)


def _bound(entries: list[Entry], after: list[tuple[int, int]], before: list[tuple[int, int]]) -> None:
    """Give every entry the latest time it is after and the earliest it is before, by two sweeps."""
    after.sort()
    before.sort()
    latest: int | None = None
    done = 0
    for entry in entries:
        while done < len(after) and after[done][0] < entry.index:
            latest = after[done][1] if latest is None else max(latest, after[done][1])
            done += 1
        entry.after_ms = latest
    earliest: int | None = None
    for entry in reversed(entries):
        while before and before[-1][0] > entry.index:
            time = before.pop()[1]
            earliest = time if earliest is None else min(earliest, time)
        entry.before_ms = earliest


# (9) Disclosures: each opens the commitment of a transfer in the bundle.
def _check_disclosures(bundle: Bundle, findings: Findings) -> None:
    sent = {entry.op.id: entry.op for entry in findings.entries if entry.accepted and entry.op.kind == "transfer.sent"}
    for disclosure in bundle.disclosures:
        op = sent.get(disclosure.operation)
        commitment = tree.digest("akashi/commit/1", disclosure.salt, disclosure.digest)
        demand(op is not None and op.body.get(6) == commitment, "bundle.disclosure")


# (10) Erasure: every erased payload is one that was sent, body and wraps alike.
def _check_erasures(findings: Findings) -> None:
    sent: dict[bytes, dict[int, Any]] = {}
    for entry in findings.entries:
        if not entry.accepted:
            continue
        body, where = entry.op.body, f"leaf {entry.index}"
        if entry.op.kind == "transfer.sent" and tree.is_bytes(body.get(3)):
            sent[body[3]] = body
        elif entry.op.kind == "payload.erased":
            demand(_is_erasure(body), "erasure", where)
            transfer = sent.get(body[1], {})
            demand(transfer.get(4) == body[3], "erasure", where)
            wraps = transfer.get(5)
            demand(isinstance(wraps, list) and sorted(map(repr, wraps)) == sorted(map(repr, body[4])), "erasure", where)
            findings.erasures.append(
                {"payload": body[1].hex(), "level": body[8], "method": body[5], "backup_horizon_ms": body[7]}
            )


def _is_erasure(body: dict[int, Any]) -> bool:
    lengths = {1: 16, 2: 32, 3: 32}
    return (
        body.keys() == set(range(1, 9))
        and all(tree.is_bytes(body[key], length) for key, length in lengths.items())
        and isinstance(body[4], list)
        and all(tree.is_bytes(wrap, 32) for wrap in body[4])
        and all(tree.is_int(body[key]) and body[key] >= 0 for key in (5, 6, 7, 8))
    )


def _verify_receipt(data: bytes, trust: Trust | None) -> dict[str, Any]:
    receipt = notes.parse_receipt(data)  # (1) format
    note = receipt.note
    entry = _read_leaf(receipt.index, receipt.leaf)  # (2) leaves
    found = tree.inclusion_root(receipt.index, note.size, entry.hash, receipt.path)  # (3) tree
    demand(found == note.root, "proof.inclusion")
    demand(entry.op.ledger == note.ledger, "op.foreign")  # (4) ledger
    findings = Findings([entry])
    if trust is not None:  # (7) trust
        if trust.genesis is not None and receipt.index == 0:
            demand(entry.hash == trust.genesis, "trust.genesis")
            _take_genesis(entry, findings)
        _check_note(note, findings, trust)
    return _result(note, findings, trust, "attested", ["signer"])


def _take_genesis(entry: Entry, findings: Findings) -> None:
    """Believe the log key of a pinned leaf 0 after its own signature was verified."""
    op = entry.op
    if op.kind == "ledger.genesis" and op.version == 1 and registries.body_is_formed(op):
        registries.Registry(op)
        findings.log_keys.append((0, Key(op.body[1], LOG, op.body[2])))


def _result(note: Note, findings: Findings, trust: Trust | None, level: str, more: list[str]) -> dict[str, Any]:
    entries = findings.entries
    unknown = any(entry.accepted and not registries.is_known(entry.op) for entry in entries)
    words = {
        "no_trust": trust is None,
        "revocation_absence": level == "attested",
        "no_stamp_before": any(entry.after_ms is None for entry in entries),
        "no_stamp_after": any(entry.before_ms is None for entry in entries),
        "effects": True,
        "signer": "signer" in more,
        "kinds": unknown,
    }
    return {
        "status": "self_consistent" if trust is None else "verified",
        "failure": None,
        "level": level,
        "origin": note.origin,
        "size": note.size,
        "operations": [_row(entry) for entry in entries],
        "stamps": findings.stamps,
        "erasures": findings.erasures,
        "unproven": [word for word, stands in words.items() if stands],
    }


def _row(entry: Entry) -> dict[str, Any]:
    op = entry.op
    return {
        "index": entry.index,
        "id": op.id.hex(),
        "kind": op.kind,
        "result": entry.leaf.result,
        "institution": op.institution,
        "person": op.person,
        "block_ms": entry.leaf.ms,
        "after_ms": entry.after_ms,
        "before_ms": entry.before_ms,
        "approvals": [{"person": key.person, "kind": key.approval, "basis": key.basis} for key in entry.approved],
    }
