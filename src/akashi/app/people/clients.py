"""Managing machine clients, and letting them in: what pages, commands and the API call.

Guarantees: a permission is asked and a refusal recorded before anything is changed; a client's session passes the same use cases as a
person's, and those alone that its actions name. Refuses what ``identity.access`` refuses.
"""

from __future__ import annotations

from akashi.app.desk.transfers import recorded
from akashi.app.gateway.home import Gateway
from akashi.identity.access.model import Client, ClientAccount, ClientReason, ClientTerms, Issued
from akashi.identity.access.service import OVERLAP_MS
from akashi.identity.journal import What
from akashi.identity.model import Session
from akashi.ledger.port import Acknowledged

_MANAGE = "client.manage"


def enrolled(
    gateway: Gateway, session: Session, device: str, terms: ClientTerms, *, label: str, networks: tuple[str, ...] = ()
) -> Issued:
    """A new machine client on one of the institution's devices; its secret is shown this once."""
    gateway.accounts.require(session, _MANAGE)
    with recorded(gateway, session, What.CLIENT_CHANGED):
        return gateway.people.clients.enrol(session, device, terms, label=label, networks=networks)


def changed(
    gateway: Gateway, session: Session, client: str, terms: ClientTerms, *, networks: tuple[str, ...] | None = None
) -> Acknowledged:
    """Other actions, end, responsible person, counterpart or networks, from the next request on."""
    gateway.accounts.require(session, _MANAGE)
    with recorded(gateway, session, What.CLIENT_CHANGED):
        return gateway.people.clients.change(session, client, terms, networks=networks)


def networks_set(gateway: Gateway, session: Session, client: str, networks: tuple[str, ...]) -> None:
    """From where the client may come."""
    gateway.accounts.require(session, _MANAGE)
    with recorded(gateway, session, What.CLIENT_CHANGED):
        gateway.people.clients.set_networks(session, client, networks)


def rotated(gateway: Gateway, session: Session, client: str, *, overlap_ms: int = OVERLAP_MS) -> Issued:
    """A new secret, shown this once; those before it go on for ``overlap_ms``."""
    gateway.accounts.require(session, _MANAGE)
    with recorded(gateway, session, What.CLIENT_CHANGED):
        return gateway.people.clients.rotate(session, client, overlap_ms=overlap_ms)


def disabled(gateway: Gateway, session: Session, client: str, reason: ClientReason) -> Acknowledged:
    """Stop the client for good."""
    gateway.accounts.require(session, _MANAGE)
    with recorded(gateway, session, What.CLIENT_CHANGED):
        return gateway.people.clients.disable(session, client, reason)


def listed(gateway: Gateway, session: Session) -> list[ClientAccount]:
    """All clients of the institution."""
    gateway.accounts.require(session, _MANAGE, proof=False)
    found = gateway.people.clients.clients()
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def shown(gateway: Gateway, session: Session, client: str) -> Client:
    """One client. Raises ``NoSuchClient``, also for another institution's."""
    gateway.accounts.require(session, _MANAGE)
    return gateway.people.clients.client(client)


def authenticate(gateway: Gateway, header: str, certificate: bytes, address: str | None = None) -> Session:
    """The session of one request of a machine (see ``Clients.authenticate``). Raises ``ClientRefused``."""
    return gateway.people.clients.authenticate(header, certificate, address)
