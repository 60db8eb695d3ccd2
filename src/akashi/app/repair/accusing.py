"""A server that signed twice, said on the ledger by one of those that saw the evidence.

Guarantees: a server is found also by a key that it has no longer: the ledger's leaves say whose it was. It is said once (the ledger's rules refuse it a second time), also when whoever has the turn is down or is killed on the way. Refuses to accuse oneself:
the others do. Trusts: consensus for the evidence.
"""

from __future__ import annotations

from contextlib import suppress

from akashi.app.network.running import NetworkNode
from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.network.errors import Misbehaved
from akashi.network.events import ServerIncident
from akashi.network.model import IncidentKind, IncidentPlace
from akashi.network.records import is_accused
from akashi.network.scrub.accusing import Accusation, keys_ever, turn_ms


def report_accused(node: NetworkNode, author: Author, clock: Clock) -> None:
    """Say what is kept and is not on the ledger, if it is this server's turn; what is not final yet is said again by the next call."""
    if node.accusations.unnamed():
        for server, height in node.accusations.name(keys_ever(node.engine.leaves(0, node.engine.size))):
            node.tell(Misbehaved(server=server, height=height))
    for one in node.accusations.all():
        with node.engine.view() as state:
            known = is_accused(state, one.server, one.height)
        if known or one.server == node.seat.book.own:
            node.accusations.drop(one)
        elif _is_due(node, one, clock.now_ms()):
            own = node.seat.book.own
            body = ServerIncident(own, IncidentKind.MISBEHAVED, IncidentPlace.CONSENSUS, one.height, one.server)
            with suppress(Unavailable, Refused):  # not final yet, or another server was faster
                author.submit(body, subject=own)


def _is_due(node: NetworkNode, one: Accusation, now_ms: int) -> bool:
    waited = now_ms - one.found_ms
    # A clock that was set back must not silence anybody: then it is said at once, which costs nothing.
    return not 0 <= waited < turn_ms(node.roll.servers(), one.server, node.seat.book.own)
