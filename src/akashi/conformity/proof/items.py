"""A run as a list of salted commitments: head, measurements, answers, decisions (docs/spec/conformity-bundle.md section 2).

Guarantees: the head fixes what the verdicts stand on: who, when, features, digests of catalogues and crosswalk, version of every judge, and
how many items of each sort follow. Raw output and texts of answers have commitments of their own, so that they can be shown to some and
withheld from others. Refuses: to put a text or a raw byte into an item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from akashi.conformity.evaluation import Inputs, Results
from akashi.conformity.model import Answer, Decision, Link, Measurement
from akashi.conformity.proof.codec import (
    Fields,
    dump_answer,
    dump_decision,
    dump_links,
    dump_measurement,
    load_answer,
    load_decision,
    load_measurement,
)
from akashi.conformity.proof.commitments import Committed, commit, commit_bytes, commitment_root
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value

_FORM = "akashi-run/1"


@dataclass(frozen=True, slots=True)
class Head:
    """What a run stands on. ``counts``: measurements, answers, decisions."""

    institution: str
    run: str
    features: tuple[str, ...]
    now_ms: int
    catalogues: tuple[tuple[str, bytes], ...]
    crosswalk: bytes
    judges: tuple[tuple[str, int], ...]
    counts: tuple[int, int, int]
    answered: tuple[str, ...]
    """``catalogue/item`` of each answer, in order; what was answered may be withheld, that it was may not."""
    probes: tuple[str, ...]
    """The probe of each measurement, in order."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A run ready to be recorded: items in order, and the apart commitments to raw bytes and texts by item index."""

    head: Head
    items: tuple[Committed, ...]
    apart: Mapping[int, Committed]

    @property
    def root(self) -> bytes:
        """What the ledger records."""
        return commitment_root([one.digest for one in self.items])


def links_digest(links: Sequence[Link]) -> bytes:
    """SHA-256 of a whole crosswalk."""
    return sha256(b"akashi/crosswalk/1\x00" + cbor.encode(dump_links(links))).digest()


def seal_run(  # everything a run stands on
    *,
    institution: str,
    run: str,
    inputs: Inputs,
    results: Results,
    catalogues: Sequence[tuple[str, bytes]],
    crosswalk: bytes,
) -> Sealed:
    """Commit to everything of a run."""
    decisions = [one for name, _ in catalogues for one in results.of(name)]
    judges = {check.check: check.judge_version for one in decisions for check in one.checks}
    counts = (len(inputs.measurements), len(inputs.answers), len(decisions))
    head = Head(
        institution, run, tuple(sorted(inputs.features)), inputs.now_ms, tuple(catalogues), crosswalk,
        tuple(sorted(judges.items())), counts, tuple(f"{one.catalogue}/{one.item}" for one in inputs.answers),
        tuple(one.probe for one in inputs.measurements),
    )  # fmt: skip
    items, apart = [commit(dump_head(head))], {}
    for measured in inputs.measurements:
        raw = commit_bytes(measured.raw)
        apart[len(items)] = raw
        items.append(commit([*dump_measurement(replace(measured, raw_digest=raw.digest))]))
    for answer in inputs.answers:
        text = commit([answer.owner, answer.text])
        apart[len(items)] = text
        items.append(commit([*dump_answer(answer), text.digest]))
    items.extend(commit(dump_decision(one)) for one in decisions)
    return Sealed(head, tuple(items), apart)


def dump_head(head: Head) -> Value:
    """The head's CBOR value."""
    return [
        _FORM, head.institution, head.run, list(head.features), head.now_ms,
        [[name, digest] for name, digest in head.catalogues], head.crosswalk,
        [[name, version] for name, version in head.judges], list(head.counts), list(head.answered), list(head.probes),
    ]  # fmt: skip


def load_head(data: bytes) -> Head:
    """Inverse of :func:`dump_head`. Raises ``EncodingError``."""
    fields = Fields(cbor.decode(data), 11)
    if fields.text() != _FORM:
        raise EncodingError("conformity.head")
    institution, run, features, now = fields.text(), fields.text(), fields.texts(), fields.number()
    catalogues = tuple(_pair(row) for row in fields.rows())
    crosswalk = fields.octets()
    judges = []
    for row in fields.rows():
        pair = Fields(row, 2)
        judges.append((pair.text(), pair.number()))
    counts, places, probes = fields.rows(), fields.texts(), fields.texts()
    match counts:
        case [int(measured), int(answered), int(decided)] if (
            (measured, answered) == (len(probes), len(places)) and len(set(places)) == answered and decided >= 0
        ):
            number = (measured, answered, decided)
            head = (institution, run, features, now, catalogues, crosswalk, tuple(judges))
            return Head(*head, number, places, probes)
        case _:
            raise EncodingError("conformity.head")


def _pair(row: Value) -> tuple[str, bytes]:
    fields = Fields(row, 2)
    return fields.text(), fields.octets()


def item_measurement(data: bytes) -> Measurement:
    """A measurement item; its ``raw_digest`` is the salted commitment to the raw bytes."""
    return load_measurement(cbor.decode(data))


def item_answer(data: bytes) -> tuple[Answer, bytes]:
    """An answer item and the commitment to its owner and text."""
    value = cbor.decode(data)
    if not isinstance(value, list) or not value or not isinstance(value[-1], bytes):
        raise EncodingError("conformity.answer")
    return load_answer(value[:-1]), value[-1]


def disclosed_answers(disclosed: Mapping[int, tuple[bytes, bytes]], head: Head) -> list[Answer]:
    """The answers among disclosed items (index to salt and value) of a run with this head."""
    first = 1 + head.counts[0]
    places = range(first, first + head.counts[1])
    return [item_answer(disclosed[index][1])[0] for index in places if index in disclosed]


def item_decision(data: bytes) -> Decision:
    """A decision item."""
    return load_decision(cbor.decode(data))
