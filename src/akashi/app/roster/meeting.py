"""How a running server learns where a new one is, and lets go of one that was removed.

Guarantees: an address is taken over only together with the certificate whose key the ledger names for that server; a server that the ledger does not
name, or has retired, gets into no address book. Refuses another ledger's book (:class:`ServerUnknown`). Trusts: the ledger for who the others are,
the caller (same user, over the control socket) for where they are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from akashi.app.network.places import AddressBook, Reached
from akashi.app.network.running import NetworkNode
from akashi.errors import AkashiError
from akashi.ledger.keyring.members import quorum
from akashi.network.errors import ServerUnknown
from akashi.network.model import ServerRecord
from akashi.network.peers.certificates import read_certificate

_WAIT_S, _POLL_S = 10.0, 0.1
COMPANY_S = 30.0
"""How long a node that started again may take to find the others: they try each other again every few seconds."""


def learn(node: NetworkNode, request: dict[str, Any]) -> dict[str, Any]:
    """Verb ``learn``: take over what ``book`` (the text of an address book, may be empty) says of others, let go of the retired, start the node again."""
    text = str(request.get("book", ""))
    told = AddressBook.parse(text.encode()).servers if text else ()
    meet(node, told)
    await_company(node)  # whoever is told next starts again too
    return {"servers": len(node.seat.book.servers)}


def await_company(node: NetworkNode, within_s: float = COMPANY_S) -> bool:
    """Wait until the node beside this server is connected to as many as a quorum needs and has caught up; whether it is."""
    wanted, ends = quorum(len(node.roll.members())) - 1, time.monotonic() + within_s
    while time.monotonic() < ends:
        with suppress(AkashiError):  # it is starting
            if len(node.process.client.net_info()) >= wanted and not node.process.client.status().catching_up:
                return True
        time.sleep(_POLL_S)
    return False


def meet(node: NetworkNode, told: Iterable[Reached]) -> None:
    """As :func:`learn`. Raises :class:`ServerUnknown`, and what keeps the node from starting."""
    known = {one.server: one for one in node.seat.book.servers}
    for one in told:
        if one.server != node.seat.book.own and _is_named(node, one):
            known[one.server] = one
    node.renew(sorted(known.values(), key=lambda one: one.number))


def _is_named(node: NetworkNode, told: Reached) -> bool:
    """Whether the ledger names this server with this key; false for one that is retired. Raises :class:`ServerUnknown`."""
    record = _record(node, told.server)
    if record is None or record.number != told.number:
        raise ServerUnknown(number=told.number)
    if record.retired_ms is not None:
        return False
    if read_certificate(told.certificate).spki != record.keys.peer:
        raise ServerUnknown(number=told.number)
    return True


def _record(node: NetworkNode, handle: str) -> ServerRecord | None:
    """What the ledger says; waits a little for a server that is a block behind."""
    ends = time.monotonic() + _WAIT_S
    while True:
        found = next((one for one in node.roll.servers() if one.handle == handle), None)
        if found is not None or time.monotonic() > ends:
            return found
        time.sleep(_POLL_S)


def offer_learning(node: NetworkNode) -> None:
    """Answer ``learn`` at the node's control socket."""
    node.verbs["learn"] = lambda request: learn(node, request)
