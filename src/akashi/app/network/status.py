"""How the servers of a network are, as one of them sees it.

Guarantees: everything is read from this server itself; nothing a peer says of itself is taken for more than that. Numbers, handles and codes only.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from akashi.app.network.running import NetworkNode
from akashi.errors import AkashiError
from akashi.ledger.keyring.members import quorum
from akashi.network.node.process import NodeState
from akashi.network.peers.lines import read_note, signed_by
from akashi.network.peers.words import read_word
from akashi.network.records import incidents
from akashi.network.scrub.rules import decode_report

SHOWN_INCIDENTS = 20
STALE_MS = 30_000
MOST_ALARMS = 100


@dataclass(frozen=True, slots=True)
class OwnWord:
    """A server's own word and when it came (of this server: now). ``stale``: it has said nothing since ``said_ms`` for longer than :data:`STALE_MS`."""

    said_ms: int
    height: int | None
    size: int | None
    disk_free: int | None
    scrubbed_ms: int | None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One server: ``size`` is how many leaves it signed for last, as seen here; ``up`` whether it answered last time (``None``: this one);
    ``cosigned``: its cosignature is in the newest quorum note.
    """

    server: str
    number: int
    role: str
    votes: bool
    up: bool | None
    size: int
    seconds: int
    cosigned: bool = False
    said: OwnWord | None = None
    """What it says of itself; believed in nothing."""


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """Something a server found."""

    server: str
    kind: str
    place: str
    at: int
    block_ms: int
    about: str | None


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """What a person wants to know first: ``ordering`` says whether operations become final now, as far as this server can tell."""

    own: str
    number: int
    node: str
    height: int
    size: int
    quorum_size: int
    unfinished: int
    members: int
    needed: int
    ordering: bool
    disk_free: int
    split_views: int
    servers: tuple[ServerLine, ...]
    incidents: tuple[IncidentLine, ...]
    problems: tuple[str, ...]
    scrubbed_ms: int | None = None
    """When this server had last looked through all of its own data."""
    overdue: tuple[tuple[int, int], ...] = ()
    """Numbers of servers that owe erasure receipts for too long, and how many."""
    mistrusted: tuple[tuple[str, int], ...] = ()
    """Servers that handed out other bytes of a payload than they should have, and how often, since this one started."""

    def encode(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def decode(cls, value: dict[str, Any]) -> NetworkStatus:
        """Inverse of :meth:`encode`. Raises ``TypeError``, ``KeyError``."""
        rows = {
            "servers": tuple(_line(one) for one in value["servers"]),
            "incidents": tuple(IncidentLine(**one) for one in value["incidents"]),
            "problems": tuple(str(one) for one in value["problems"]),
            "overdue": tuple((int(number), int(count)) for number, count in value.get("overdue", ())),
            "mistrusted": tuple((str(server), int(count)) for server, count in value.get("mistrusted", ())),
        }
        return cls(**{**value, **rows})


def _line(row: dict[str, Any]) -> ServerLine:
    said = row.get("said")
    return ServerLine(**{**row, "said": None if said is None else OwnWord(**said)})


def status_of(node: NetworkNode, problems: tuple[str, ...]) -> NetworkStatus:
    """How it is now."""
    newest, voting = node.notes.newest(), node.roll.members()
    lines = _servers(node)
    reached = sum(1 for one in lines if one.votes and one.up is not False)
    running = node.process.state is NodeState.RUNNING and node.engine.unproven is None
    with node.engine.view() as state:
        found = [
            IncidentLine(one.server, one.kind.name, one.place.name, one.at, one.block_ms, one.about)
            for one in incidents(state)
        ]
    return NetworkStatus(
        own=node.seat.book.own,
        number=node.seat.book.me.number,
        node=node.process.state.name,
        height=node.chain.position.height,
        size=node.engine.size,
        quorum_size=0 if newest is None else newest[0],
        unfinished=node.engine.unfinished(),
        members=len(voting),
        needed=quorum(len(voting)),
        ordering=running and reached >= quorum(len(voting)),
        disk_free=shutil.disk_usage(node.seat.paths.root).free,
        split_views=len(node.store.evidence()),
        servers=lines,
        incidents=tuple(found[-SHOWN_INCIDENTS:]),
        problems=problems,
        scrubbed_ms=decode_report(node.store.scrub()).complete_ms,
        overdue=tuple(node.copies.overdue.items()),
        mistrusted=tuple(node.copies.mistrusted.items()),
    )


def _servers(node: NetworkNode) -> tuple[ServerLine, ...]:
    links, positions, own = node.links.states(), node.notes.positions(), node.seat.book.own
    cosigned = _cosigned(node)
    lines = []
    for one in node.roll.servers():
        if one.retired_ms is not None:
            continue
        link, seen = links.get(one.handle), positions.get(one.number)
        up = None if one.handle == own else link is not None and link.up
        lines.append(
            ServerLine(
                one.handle, one.number, one.role.name, one.votes, up, 0 if seen is None else seen.size,
                0 if seen is None else seen.seconds, one.number in cosigned, _said(node, one.handle),
            )
        )  # fmt: skip
    return tuple(lines)


def _said(node: NetworkNode, server: str) -> OwnWord | None:
    """Of this server what it would tell the others; of another what it said last."""
    now_ms = node.now_ms()
    if server == node.seat.book.own:
        word = read_word(node.desk.status(), now_ms)
    else:
        found = node.company.word_of(server)
        if found is None:
            return None
        word = found
    stale = not 0 <= now_ms - word.said_ms < STALE_MS
    return OwnWord(word.said_ms, word.height, word.size, word.disk_free, word.scrubbed_ms, stale)


def _cosigned(node: NetworkNode) -> frozenset[int]:
    """The numbers of the members whose cosignatures are in the newest quorum note: kept, so they were verified."""
    newest = node.notes.newest()
    if newest is None:
        return frozenset()
    note = read_note(node.seat.origin, newest[1])
    return frozenset(one.number for one in node.roll.members() if signed_by(note, one, whole=False) is not None)


def new_alarms() -> deque[AkashiError]:
    """Where a server's alarms are kept, newest last: handed on from one opening of a home to the next, so that each is told once and the oldest give way."""
    return deque(maxlen=MOST_ALARMS)


def offer_status(node: NetworkNode, problems: Iterable[AkashiError]) -> None:
    """Answer ``status`` at the node's control socket; ``problems`` are what went wrong lately."""
    node.verbs["status"] = lambda _: status_of(node, codes_of(problems)).encode()


def codes_of(problems: Iterable[AkashiError]) -> tuple[str, ...]:
    """Their codes, oldest first. Other threads may add to ``problems`` meanwhile: they are copied in one step, as going through a deque that grows is an error."""
    return tuple(one.code for one in tuple(problems))
