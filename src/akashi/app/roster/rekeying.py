"""A server changes the keys with which it votes and connects, by itself, while it runs.

Guarantees: the new keys are made here and wait beside the present ones; they are used only when the ledger names them, and asking again after any interruption goes on with
the same ones; no other server's keys can be changed this way. Refuses a server that the ledger does not name. Trusts: the server's own key, which says so on the ledger.

The keys that sign checkpoints do not change here: others believe those, so the secretariat says so (a new server in the place of the old one).
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from akashi.app.network.running import NetworkNode
from akashi.app.roster.meeting import COMPANY_S
from akashi.errors import AkashiError
from akashi.ledger.author import Author
from akashi.network.errors import ServerUnknown
from akashi.network.events import ServerRekeyed
from akashi.network.node.keys import next_keys, validator_public_key

_POLL_S = 0.1


def rekey(node: NetworkNode, author: Author, _request: dict[str, Any]) -> dict[str, Any]:
    """Verb ``rekey``: new keys for voting and for the node's name, named on the ledger; the node starts again with them by itself, which is waited for: two that start
    again at once could be one too many. Raises :class:`ServerUnknown`.
    """
    own = node.seat.book.own
    validator, name = next_keys(node.seat.places.node)
    record = next((one for one in node.roll.servers() if one.handle == own and one.retired_ms is None), None)
    if record is None:
        raise ServerUnknown(number=node.seat.book.me.number)
    if record.keys.validator != validator:
        author.submit(ServerRekeyed(server=own, validator=validator, node=name), subject=own)
    _await_use(node, validator)
    return {"number": record.number, "validator": validator.hex()}


def _await_use(node: NetworkNode, validator: bytes) -> None:
    ends = time.monotonic() + COMPANY_S
    while validator_public_key(node.seat.places.node) != validator and time.monotonic() < ends:
        time.sleep(_POLL_S)
    with suppress(AkashiError):  # it starts in its own time: the beat goes on with it
        node.process.wait(COMPANY_S)


def offer_rekeying(node: NetworkNode, author: Author) -> None:
    """Answer ``rekey`` at the node's control socket."""
    node.verbs["rekey"] = lambda request: rekey(node, author, request)
