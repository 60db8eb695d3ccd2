"""Collects evidence from a ledger: bundles, a trust file, and stamps over its newest checkpoint.

Guarantees: a bundle of one subject holds what spec/bundle.md ("Which leaves") names and no other party's leaf; every proof is against one
checkpoint, also while others write. Refuses subjects the ledger does not know. Trusts the source for nothing: whoever receives the
bundle verifies it, with a trust file from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from akashi.errors import NotFound
from akashi.ledger.events import load_body
from akashi.ledger.model import Operation, Purpose
from akashi.ledger.port import Entry
from akashi.ledger.proof.bundle import Bundle, Disclosure, Range, StampItem, write_bundle
from akashi.ledger.proof.stamp import Tsa, obtain
from akashi.ledger.proof.trust import NONE, Trust
from akashi.ledger.proof.verify import stamped_message
from akashi.ledger.registry import Genesis, KeyEnrolled, KeyRevoked, LogRekeyed, LogStamped
from akashi.ledger.wire.envelope import key_id, parse_operation
from akashi.ledger.wire.leaf import parse_header, parse_leaf
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import NoteKey, NoteKind, key_hash, parse_checkpoint, verify_log

REGISTERED = "institution.registered"
SENT_RECEIVER = 2
"""Field of ``transfer.sent`` that names the receiving institution."""


class NoEvidence(NotFound):
    """The ledger has no operation about this subject."""

    code = "ledger.no_evidence"
    ja, en = "台帳に {subject} の記録はありません。", "The ledger has no record about {subject}."


class Source(Protocol):
    """What evidence is made from; ``service.Engine`` is one."""

    @property
    def height(self) -> int:
        """Height of the newest block."""
        ...

    def header(self, height: int) -> bytes:
        """Encoded header of a block."""
        ...

    def note(self, height: int) -> bytes:
        """Checkpoint published with a block."""
        ...

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)``."""
        ...

    def entries(self, subject: str) -> Sequence[Entry]:
        """Leaves whose statement names ``subject``."""
        ...

    def registry(self) -> Sequence[Entry]:
        """Leaves of the ledger's own kinds."""
        ...

    def range(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """Range proof."""
        ...

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Consistency proof."""
        ...


@dataclass(frozen=True, slots=True)
class _Read:
    """One parsed leaf of interest."""

    index: int
    data: bytes
    operation: Operation


def _read(entries: Iterable[Entry], size: int) -> list[_Read]:
    found = []
    for entry in entries:
        leaf = parse_leaf(entry.leaf)
        if entry.index < size and leaf.result == 0:
            found.append(_Read(entry.index, entry.leaf, parse_operation(leaf.envelope)))
    return found


@dataclass
class _Snapshot:
    """The ledger as of its newest block."""

    source: Source
    height: int = field(init=False)

    def __post_init__(self) -> None:
        self.height = self.source.height

    @cached_property
    def note(self) -> bytes:
        """The checkpoint everything is proved against."""
        return self.source.note(self.height)

    @cached_property
    def head(self) -> bytes:
        """Its block header."""
        return self.source.header(self.height)

    @cached_property
    def size(self) -> int:
        """Its tree size."""
        return parse_header(self.head).size

    @cached_property
    def registry(self) -> list[_Read]:
        """The ledger's own kinds, in log order."""
        return _read(self.source.registry(), self.size)

    def of_kind(self, kind: str) -> Iterator[_Read]:
        """Registry leaves of one kind."""
        return (read for read in self.registry if read.operation.statement.kind == kind)

    def stamp(self, read: _Read) -> StampItem:
        """The item for one ``log.stamped`` leaf."""
        body = load_body(LogStamped, read.operation.statement.body)
        size = parse_checkpoint(body.note).size
        consistency = self.source.consistency(size, self.size)
        return StampItem(body.note, body.token, body.certificates, body.revocations, consistency)

    def ranges(self, leaves: dict[int, bytes]) -> list[Range]:
        """The fewest ranges that hold exactly ``leaves``."""
        runs: list[list[int]] = []
        for index in sorted(leaves):
            if runs and runs[-1][-1] == index - 1:
                runs[-1].append(index)
            else:
                runs.append([index])
        return [
            Range(run[0], [leaves[index] for index in run], self.source.range(run[0], run[-1] + 1, self.size))
            for run in runs
        ]

    def bundle(self, ranges: Sequence[Range], stamps: Iterable[StampItem], disclosures: Iterable[Disclosure]) -> bytes:
        """The file, items in their order."""
        ordered = sorted(stamps, key=lambda item: parse_checkpoint(item.note).size)
        opened = sorted(disclosures, key=lambda item: item.operation)
        return write_bundle(Bundle(self.note, self.head, ranges, ordered, opened))


def export_all(source: Source, disclosures: Iterable[Disclosure] = ()) -> bytes:
    """A bundle of the whole log, with every stamp in it: verifies at level *replayed*."""
    snapshot = _Snapshot(source)
    leaves = list(source.leaves(0, snapshot.size))
    whole = Range(0, leaves, source.range(0, snapshot.size, snapshot.size))
    return snapshot.bundle([whole], map(snapshot.stamp, snapshot.of_kind("log.stamped")), disclosures)


def export_subject(
    source: Source, subject: str, disclosures: Iterable[Disclosure] = (), *, registered: str = REGISTERED
) -> bytes:
    """A bundle of one subject (a transfer): verifies at level *attested*. Raises :class:`NoEvidence`.

    ``registered``: the kind, with the institution as its subject, by which the parties were registered.
    """
    snapshot = _Snapshot(source)
    own = _read(source.entries(subject), snapshot.size)
    if not own:
        raise NoEvidence(subject=subject)
    chosen = {read.index: read for read in (*own, *_parties(snapshot, own, registered), *_always(snapshot))}
    stamps = _stamps_around(snapshot, own[0].index, own[-1].index)
    chosen |= {read.index: read for read in stamps}
    _add_signers(snapshot, chosen)
    ranges = snapshot.ranges({index: read.data for index, read in chosen.items()})
    return snapshot.bundle(ranges, map(snapshot.stamp, stamps), disclosures)


def export_log_keys(source: Source) -> bytes:
    """A bundle of the log's own keys: genesis, every ``log.rekeyed``, the secretariat's keys. Level *attested*."""
    snapshot = _Snapshot(source)
    chosen = {read.index: read for read in _always(snapshot)}
    _add_signers(snapshot, chosen)
    return snapshot.bundle(snapshot.ranges({index: read.data for index, read in chosen.items()}), (), ())


def _parties(snapshot: _Snapshot, own: Sequence[_Read], registered: str) -> Iterator[_Read]:
    """How the institutions concerned were registered."""
    parties = {read.operation.statement.actor.institution for read in own}
    named = (read.operation.statement.body.get(SENT_RECEIVER) for read in own)
    parties |= {name for name in named if isinstance(name, str) and name.startswith("inst-")}
    for party in sorted(parties):
        for read in _read(snapshot.source.entries(party), snapshot.size):
            if read.operation.statement.kind == registered:
                yield read


def _always(snapshot: _Snapshot) -> Iterator[_Read]:
    """Genesis, log keys, and the secretariat's keys: what every verification needs."""
    secretariat = set()
    for read in snapshot.registry:
        body = read.operation.statement.body
        match read.operation.statement.kind:
            case "ledger.genesis":
                secretariat.add(key_id(load_body(Genesis, body).secretariat_spki))
                yield read
            case "log.rekeyed":
                yield read
            case "key.enrolled" if load_body(KeyEnrolled, body).purpose is Purpose.SECRETARIAT:
                secretariat.add(load_body(KeyEnrolled, body).key)
                yield read
            case "key.revoked" if load_body(KeyRevoked, body).key in secretariat:
                yield read


def _stamps_around(snapshot: _Snapshot, first: int, last: int) -> list[_Read]:
    """The last stamp recorded before ``first`` and the first one over a tree that holds ``last``."""
    stamped = list(snapshot.of_kind("log.stamped"))
    before = [read for read in stamped if read.index < first][-1:]
    after = [
        read
        for read in stamped
        if parse_checkpoint(load_body(LogStamped, read.operation.statement.body).note).size > last
    ][:1]
    return [*before, *(read for read in after if read not in before)]


def _add_signers(snapshot: _Snapshot, chosen: dict[int, _Read]) -> None:
    """Add enrolment and revocation of every signer and approver, of their enrollers, and so on."""
    about: dict[bytes, list[_Read]] = {}
    for read in snapshot.registry:
        body = read.operation.statement.body
        if read.operation.statement.kind == "key.enrolled":
            about.setdefault(load_body(KeyEnrolled, body).key, []).append(read)
        elif read.operation.statement.kind == "key.revoked":
            about.setdefault(load_body(KeyRevoked, body).key, []).append(read)
    waiting = list(chosen.values())
    while waiting:
        said = waiting.pop().operation
        for key in (said.key, *(approval.key for approval in said.approvals)):
            for read in about.pop(key, ()):
                chosen[read.index] = read
                waiting.append(read)


def trust_of(source: Source, *, ca_roots: Sequence[bytes] = (), tsa_roots: Sequence[bytes] = ()) -> Trust:
    """What this ledger would have others believe; hand it to them by a way of its own, not with the evidence."""
    snapshot = _Snapshot(source)
    first = snapshot.registry[0]
    body = load_body(Genesis, first.operation.statement.body)
    rekeyed = [load_body(LogRekeyed, read.operation.statement.body) for read in snapshot.of_kind("log.rekeyed")]
    public = rekeyed[-1].log_key if rekeyed else body.log_key
    checkpoint = parse_checkpoint(snapshot.note)
    names = [
        line.name
        for line in checkpoint.lines
        if line.hash == key_hash(line.name, NoteKind.COSIGNATURE, body.cosigner_key)
    ]
    witnesses = {"server-1": NoteKey(names[0], NoteKind.COSIGNATURE, body.cosigner_key)} if names else {}
    return Trust(
        logs=(NoteKey(checkpoint.origin, NoteKind.ED25519, public),),
        witnesses=witnesses,
        quorum="server-1" if witnesses else NONE,
        genesis=leaf_hash(first.data),
        ca_roots=tuple(ca_roots),
        tsa_roots=tuple(tsa_roots),
    )


def stamp_head(source: Source, tsa: Tsa) -> LogStamped:
    """Have the newest checkpoint stamped; the caller submits the returned body. Raises ``TsaFailed``."""
    snapshot = _Snapshot(source)
    checkpoint = parse_checkpoint(snapshot.note)
    keys = [
        NoteKey(checkpoint.origin, NoteKind.ED25519, public)
        for public in (
            *(load_body(LogRekeyed, read.operation.statement.body).log_key for read in snapshot.of_kind("log.rekeyed")),
            load_body(Genesis, snapshot.registry[0].operation.statement.body).log_key,
        )
    ]
    stamp = obtain(tsa, stamped_message(snapshot.note, verify_log(checkpoint, keys)))
    return LogStamped(snapshot.note, stamp.token, stamp.certificates, ())
