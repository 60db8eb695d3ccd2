"""The ledger's file against itself and against what a quorum signed.

Guarantees: an empty answer of :func:`audit_findings` means what ``ledger.audit`` says, for one snapshot; an empty answer of :func:`note_findings` means that every quorum note that
this server keeps is of exactly this tree. Only notes that a quorum of the present members signed accuse the ledger; any other note that disagrees is itself the damage.
Refuses nothing; reads only. Trusts the members that the ledger's own state names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from akashi.errors import AkashiError
from akashi.ledger.audit import audit
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.events import KindTable
from akashi.ledger.keyring.members import members
from akashi.ledger.state import Overlay
from akashi.ledger.store import STORE_FAULTS, Tables
from akashi.ledger.wire.note import NoteSigner, parse_checkpoint
from akashi.network.model import IncidentPlace
from akashi.network.records import as_member, servers
from akashi.network.scrub.model import Damage
from akashi.network.scrub.rules import MAX_FINDINGS, Anchor, anchor_of, is_signed, place_of

Pause = Callable[[], None]
"""Called between small steps; it may wait, and may raise to end the scrub."""


def audit_findings(directory: Path, kinds: KindTable, cosigner: NoteSigner, pause: Pause) -> list[Damage]:
    """Every leaf, signature, effect, node, header, checkpoint and derived row; one snapshot, at the pace of ``pause``."""
    try:
        report = audit(directory, kinds, cosigner=cosigner, progress=lambda *_: pause())
    except LedgerDamaged as error:
        return [Damage(IncidentPlace.LEAVES, error.failure, 0)]
    return [Damage(place_of(one.step), one.failure, one.at) for one in report.findings[:MAX_FINDINGS]]


def note_findings(tables: Tables, origin: str, notes: Iterable[tuple[int, bytes]]) -> list[Damage]:
    """Quorum notes (with the size that each is kept under) against the tree.

    A larger size than the ledger's, or another root: the ledger was set back or rewritten, if a quorum signed that note (``rolled_back``, ``forked``).
    """
    found: list[Damage] = []
    state = Overlay(tables.state)
    voting, all_servers = members(state), [as_member(one) for one in servers(state)]
    size = tables.size()
    for kept, note in notes:
        anchor = anchor_of(origin, voting, note)
        if anchor is None and is_signed(origin, all_servers, note):
            anchor = Anchor(*_head_of(note))
            if kept == anchor.size and root_at(tables, kept) == anchor.root:
                continue  # of members who were; it accuses nobody, and says nothing false
            anchor = None
        if anchor is None or anchor.size != kept:
            found.append(Damage(IncidentPlace.NOTES, "note.quorum", kept))
        elif anchor.size > size:
            found.append(Damage(IncidentPlace.LEAVES, "rolled_back", anchor.size))
        elif root_at(tables, anchor.size) != anchor.root:
            found.append(Damage(IncidentPlace.LEAVES, "forked", anchor.size))
        if len(found) >= MAX_FINDINGS:
            break
    return found


def _head_of(note: bytes) -> tuple[int, bytes]:
    checkpoint = parse_checkpoint(note)
    return checkpoint.size, checkpoint.root


def root_at(tables: Tables, size: int) -> bytes | None:
    """The tree's root at ``size``, or ``None`` where the nodes for it are not there."""
    try:
        return tables.frontier(size).root()
    except (AkashiError, *STORE_FAULTS, TypeError, ValueError):
        return None
