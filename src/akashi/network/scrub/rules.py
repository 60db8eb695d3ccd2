"""What counts as whole: pure judgements over what was read.

Guarantees: a root counts only if a quorum of the members that our own ledger names signed it; each step of an audit belongs to one place; a report's bytes
are read strictly. Refuses a note of fewer, or of strangers. Trusts whoever names the members: with an old copy of the ledger those are old ones, which is why
notes of the other servers are asked for as well.

>>> place_of(7).name
'STATE'
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from akashi.errors import AkashiError
from akashi.ledger.keyring.members import Member
from akashi.network.model import IncidentPlace
from akashi.network.peers.lines import has_quorum, read_note, signed_by
from akashi.network.scrub.model import Damage, ScrubReport

MAX_FINDINGS = 100
_STATE_STEP = 7
_APP_HASH = 40


class Anchor(NamedTuple):
    """A tree that a quorum signed."""

    size: int
    root: bytes


def anchor_of(origin: str, members: Sequence[Member], note: bytes) -> Anchor | None:
    """The tree of a note if a quorum of ``members`` signed it, else ``None``."""
    try:
        checkpoint = read_note(origin, note)
        signed = [one for member in members if (one := signed_by(checkpoint, member, whole=False)) is not None]
    except AkashiError:
        return None
    return Anchor(checkpoint.size, checkpoint.root) if has_quorum(members, signed) else None


def is_signed(origin: str, servers: Sequence[Member], note: bytes) -> bool:
    """Whether two at least of all servers that ever were signed this note, and nobody's line is false: a note of former members."""
    try:
        checkpoint = read_note(origin, note)
        return sum(signed_by(checkpoint, one, whole=False) is not None for one in servers) > 1
    except AkashiError:
        return False


def place_of(step: int) -> IncidentPlace:
    """Where a finding of a step of ``ledger.audit`` lies."""
    return IncidentPlace.STATE if step == _STATE_STEP else IncidentPlace.LEAVES


def tree_of(app_hash: bytes) -> Anchor | None:
    """The tree that a header's app hash names: 8 bytes of size, 32 of root; ``None`` for another form."""
    if len(app_hash) != _APP_HASH:
        return None
    return Anchor(int.from_bytes(app_hash[:8], "big"), app_hash[8:])


def advanced(index: int, places: Sequence[int | None]) -> int | None:
    """The next leaf after a block's operations, each at its ``places`` (``None``: refused, no leaf).

    ``None`` where a leaf came before its turn: then one in between was in no block. An operation that was a leaf before is one still.

    >>> advanced(5, [5, None, 3, 6]), advanced(5, [6])
    (7, None)
    """
    for place in places:
        if place is None or place < index:
            continue
        if place > index:
            return None
        index += 1
    return index


def quarantine_places(names: Sequence[str], most: int) -> bool:
    """Whether there is room for one more quarantine beside those that are there."""
    return len(names) < most


def encode_report(report: ScrubReport) -> bytes:
    """For ``network.db``; at most :data:`MAX_FINDINGS` findings."""
    findings = [[int(one.place), one.failure, one.at] for one in report.findings[:MAX_FINDINGS]]
    value = {
        "findings": findings, "complete_ms": report.complete_ms, "height": report.height, "index": report.index,
        "payload": report.payload, "rounds": report.rounds,
    }  # fmt: skip
    return json.dumps(value).encode()


def decode_report(data: bytes | None) -> ScrubReport:
    """Inverse; an empty report where there is none, or a damaged one: then everything is looked at from the beginning."""
    try:
        return ScrubReport() if data is None else _report(json.loads(data))
    except (KeyError, TypeError, ValueError):
        return ScrubReport()


def _report(value: Mapping[str, Any]) -> ScrubReport:
    findings = tuple(Damage(IncidentPlace(place), str(failure), int(at)) for place, failure, at in value["findings"])
    complete = value["complete_ms"]
    height, index, rounds = int(value["height"]), int(value["index"]), int(value["rounds"])
    if height < 1 or index < 0:
        raise ValueError
    return ScrubReport(
        findings, None if complete is None else int(complete), height, index, str(value["payload"]), rounds
    )
