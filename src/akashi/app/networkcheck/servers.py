"""How many servers keep the ledger, which of them answer, what they found in themselves, and how far their clocks are apart.

Guarantees: who must sign is read from the ledger; the newest quorum note is verified here against those keys; clocks are compared by the times that the
servers signed into their votes on blocks, each vote verified; scrub reports are read from copies of the databases of the servers whose homes are on this machine. Refuses: to call
a server answering because its home is there. Trusts: the running server of this home for which peers answered it lately (it asks each of them every two
seconds); the machine's owner for the homes. A home with one server has nothing of this, and the facts say so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from statistics import median

from akashi.app.config import ServerPaths, server_paths
from akashi.app.network.control import ask
from akashi.app.network.local import homes
from akashi.app.network.places import AddressBook, NetworkPlaces
from akashi.app.network.status import NetworkStatus
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, scratch
from akashi.app.selfcheck.ledgers import Books, books
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import AkashiError
from akashi.ledger.keyring.members import Member, handed_over, members, quorum
from akashi.network.light.parsing import parse_commit
from akashi.network.light.values import ValidatorSet
from akashi.network.light.verifying import verify_commit
from akashi.network.model import IncidentKind, ServerRecord
from akashi.network.node.process import NodeState
from akashi.network.node.rpc import NodeClient
from akashi.network.peers.lines import read_note, signed_by
from akashi.network.records import incidents
from akashi.network.records import servers as enrolled
from akashi.network.scrub.rules import decode_report
from akashi.network.store import NetworkStore
from akashi.network.validators import POWER

BLOCKS = 5
"""Blocks whose votes are compared."""
_MINUTE_MS = 60_000
_LASTING = frozenset({IncidentKind.MISBEHAVED, IncidentKind.SPLIT_VIEW})
"""What is over only when the server that it is about is none any more."""


def servers(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Members, who answers, quorum note, scrubs, incidents, clocks."""
    paths = here.server_paths
    with books(here, bench) as opened, scratch(bench) as place:
        if handed_over(opened.state) is None:
            facts: dict[str, Fact] = {"several": False, "voting": 1, "leaves": len(opened.lines)}
        else:
            facts = _several(here, paths, opened, place)
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _several(here: SelfContext, paths: ServerPaths, opened: Books, place: Path) -> dict[str, Fact]:
    voting, known = members(opened.state), enrolled(opened.state)
    facts: dict[str, Fact] = {
        "several": True,
        "voting": len(voting),
        "needed": quorum(len(voting)),
        "leaves": len(opened.lines),
        "hosts": hosts_of(paths, known),
        **_answering(paths),
        **signed_facts(paths, voting, len(opened.lines), place),
        **incident_facts(opened, known),
        **_scrubbed(paths, here.gateway.clock.now_ms(), place),
    }
    return facts | _clocks(paths, handed_over(opened.state) or "", known)


def hosts_of(paths: ServerPaths, known: Sequence[ServerRecord]) -> int:
    """On how many different hosts the voting servers are, by the address book; all of this machine count as one."""
    voting = {one.handle for one in known if one.votes}
    try:
        book = AddressBook.read(NetworkPlaces.of(paths).book)
    except (AkashiError, OSError) as error:
        raise Unreached(reason="servers.book") from error
    return len({one.address.host for one in book.servers if one.server in voting})


def _answering(paths: ServerPaths) -> dict[str, Fact]:
    """What the running server says of itself and of who answered it; ``asked`` is false where it does not run."""
    try:
        said = NetworkStatus.decode(ask(NetworkPlaces.of(paths).root, "status"))
    except (AkashiError, KeyError, TypeError):
        return {"asked": False, "answering": 0, "unfinished": 0}
    own = said.node == NodeState.RUNNING.name
    up = sum(1 for one in said.servers if one.votes and (own if one.up is None else one.up))
    return {"asked": True, "answering": up, "unfinished": said.unfinished}


def signed_facts(paths: ServerPaths, voting: Sequence[Member], leaves: int, place: Path) -> dict[str, Fact]:
    """The newest note that this server keeps: how many of the present members signed it, how many leaves it lacks; and split views."""
    copied = copy_database(NetworkPlaces.of(paths).store, place / "network.db")
    origin = (paths.public / "origin").read_text(encoding="utf-8").strip()
    with closing(NetworkStore(copied)) as store:
        newest, split = store.newest_note(), len(store.evidence())
    size = signers = 0
    with suppress(AkashiError):  # a note that does not verify counts for nothing
        if newest is not None:
            note = read_note(origin, newest[1])
            signers = sum(1 for one in voting if signed_by(note, one, whole=False) is not None)
            size = note.size
    return {"note.signers": signers, "note.behind": max(0, leaves - size), "split_views": split}


def incident_facts(opened: Books, known: Sequence[ServerRecord]) -> dict[str, Fact]:
    """Incidents on the ledger, and those that nothing has ended: damage without a later repair; a lying server that is still one."""
    serving = {one.handle for one in known if one.retired_ms is None}
    total, lasting = 0, 0
    broken: set[str] = set()
    for one in incidents(opened.state):
        total += 1
        if one.kind is IncidentKind.DAMAGED:
            broken.add(one.server)
        elif one.kind is IncidentKind.REPAIRED:
            broken.discard(one.server)
        elif one.kind in _LASTING and (one.about or one.server) in serving:
            lasting += 1
    return {"incidents": total, "incidents.open": len(broken & serving) + lasting}


def _scrubbed(paths: ServerPaths, now_ms: int, place: Path) -> dict[str, Fact]:
    """When each server whose home is on this machine had last looked through all of its own data."""
    ends = []
    for number, home in enumerate(homes(paths.root.parent)):
        with suppress(AkashiError, OSError):
            copied = copy_database(NetworkPlaces.of(server_paths(home)).store, place / f"scrub-{number}.db")
            with closing(NetworkStore(copied)) as store:
                ends.append(decode_report(store.scrub()).complete_ms)
    done = [one for one in ends if one is not None]
    oldest = max(0, now_ms - min(done)) // _MINUTE_MS if done else 0
    return {"scrub.seen": len(ends), "scrub.done": len(done), "scrub.oldest_min": oldest}


def _clocks(paths: ServerPaths, chain: str, known: Sequence[ServerRecord]) -> dict[str, Fact]:
    """How far apart the times are that the servers signed into their votes on the last blocks: the median over the blocks."""
    keys = {one.keys.validator for one in known if one.votes}
    spreads: list[int] = []
    voters: set[bytes] = set()
    client = NodeClient(NetworkPlaces.of(paths).node.rpc_socket)
    with closing(client), suppress(AkashiError):
        height = client.status().height
        for at in range(max(1, height - BLOCKS), height + 1):
            times = _voted(client, at, chain, keys)
            if len(times) > 1:
                spreads.append(max(times.values()) - min(times.values()))
                voters |= times.keys()
    return {
        "clocks.blocks": len(spreads),
        "clocks.servers": len(voters),
        "clocks.spread_ms": int(median(spreads)) if spreads else 0,
    }


def _voted(client: NodeClient, height: int, chain: str, keys: set[bytes]) -> dict[bytes, int]:
    """The times (ms) in the votes on a block, by the voter's address; none where it is not there (a chain need not begin at 1), or not signed by these keys."""
    try:
        header, commit = parse_commit({"signed_header": client.commit(height), "canonical": False})
        verify_commit(chain, header, commit, ValidatorSet.of((key, POWER) for key in keys))
    except AkashiError:
        return {}
    return {one.address: one.time.ms for one in commit.signatures if one.signature}
