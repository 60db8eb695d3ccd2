"""What is said on the ledger about its servers, and how the state follows.

Guarantees: a server is enrolled with a server key that the ledger knows, a number that nobody had, and keys that no other server uses; after every change the
voting members of the ledger are those named here; somebody always votes. What a server found, and its own new keys for voting, are said by that server's own key. Refuses
free text. Trusts: the secretariat's key for who the servers are, and nobody for what they hold.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.ledger.errors import Refused
from akashi.ledger.events import (
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    number,
    octets,
)
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState, WriteState
from akashi.network import records
from akashi.network.model import (
    Incident,
    IncidentKind,
    IncidentPlace,
    RetireReason,
    ServerKeys,
    ServerRecord,
    ServerRole,
)
from akashi.vault.accounting import drop_holder, put_holder
from akashi.vault.events import close_copies

_SECRETARIAT = {Purpose.SECRETARIAT}
_MOST = (1 << 53) - 1


@event("server.enrolled", signers=_SECRETARIAT)
class ServerEnrolled:
    """A further server, what it does, and the public halves of its keys."""

    server: str = number(1, handle("srv"))
    server_number: int = number(2, integer(1, 9999))
    role: ServerRole = number(3, enum(ServerRole))
    server_key: bytes = number(4, digest())
    log_key: bytes = number(5, digest())
    cosigner_key: bytes = number(6, digest())
    validator: bytes = number(7, digest())
    node: bytes = number(8, octets(20, 20))
    peer: bytes = number(9, digest())


@event("server.changed", signers=_SECRETARIAT)
class ServerChanged:
    """Another role, or new keys; what is not named stays."""

    server: str = number(1, handle("srv"))
    role: ServerRole | None = number(2, enum(ServerRole), default=None)
    log_key: bytes | None = number(3, digest(), default=None)
    cosigner_key: bytes | None = number(4, digest(), default=None)
    validator: bytes | None = number(5, digest(), default=None)
    node: bytes | None = number(6, octets(20, 20), default=None)
    peer: bytes | None = number(7, digest(), default=None)
    server_key: bytes | None = number(8, digest(), default=None)


@event("server.rekeyed", signers={Purpose.SERVER})
class ServerRekeyed:
    """A server's own new keys for voting and for its connections; what is not named stays. The keys that sign checkpoints change with ``server.changed``."""

    server: str = number(1, handle("srv"))
    validator: bytes | None = number(2, digest(), default=None)
    node: bytes | None = number(3, octets(20, 20), default=None)
    peer: bytes | None = number(4, digest(), default=None)


@event("server.retired", signers=_SECRETARIAT)
class ServerRetired:
    """It counts no more from the next operation on; what it still holds is not proven erased."""

    server: str = number(1, handle("srv"))
    reason: RetireReason = number(2, enum(RetireReason))


@event("server.incident", signers={Purpose.SERVER})
class ServerIncident:
    """What a server found on itself or saw of another."""

    server: str = number(1, handle("srv"))
    what: IncidentKind = number(2, enum(IncidentKind))
    place: IncidentPlace = number(3, enum(IncidentPlace))
    at: int = number(4, integer(0, _MOST))
    about: str | None = number(5, handle("srv"), default=None)


def _apply_enrolled(state: WriteState, body: ServerEnrolled, context: Context) -> None:
    if records.server(state, body.server) is not None or records.numbered(state, body.server_number) is not None:
        raise Refused("server.again")
    keys = ServerKeys(body.server_key, body.log_key, body.cosigner_key, body.validator, body.node, body.peer)
    record = ServerRecord(body.server, body.server_number, body.role, keys, context.block_ms)
    _require_keys(state, record, context)
    records.put_server(state, record)
    _hold(state, record)


def _apply_changed(state: WriteState, body: ServerChanged, context: Context) -> None:
    old = _serving(state, body.server)
    keys = ServerKeys(
        body.server_key or old.keys.server_key,
        body.log_key or old.keys.log_key,
        body.cosigner_key or old.keys.cosigner_key,
        body.validator or old.keys.validator,
        body.node or old.keys.node,
        body.peer or old.keys.peer,
    )
    new = old.changed(old.role if body.role is None else body.role, keys)
    if new == old:
        raise Refused("server.unchanged")
    _require_keys(state, new, context)
    records.put_server(state, new)
    _hold(state, new)


def _apply_rekeyed(state: WriteState, body: ServerRekeyed, context: Context) -> None:
    old = _serving(state, body.server)
    if old.keys.server_key != context.signer_key:
        raise Refused("server.signer")
    keys = replace(
        old.keys,
        validator=body.validator or old.keys.validator,
        node=body.node or old.keys.node,
        peer=body.peer or old.keys.peer,
    )
    if keys == old.keys:
        raise Refused("server.unchanged")
    new = old.changed(old.role, keys)
    _require_keys(state, new, context)
    records.put_server(state, new)


def _apply_retired(state: WriteState, body: ServerRetired, context: Context) -> None:
    record = replace(_serving(state, body.server), retired_ms=context.block_ms)
    records.put_server(state, record)
    close_copies(state, record.number, context.block_ms)


def _apply_incident(state: WriteState, body: ServerIncident, context: Context) -> None:
    who = _serving(state, body.server)
    if who.keys.server_key != context.signer_key:
        raise Refused("server.signer")
    if body.about is not None and records.server(state, body.about) is None:
        raise Refused("server.unknown")
    if body.what is IncidentKind.MISBEHAVED:
        if body.about is None or body.about == body.server:
            raise Refused("incident.about")
        if records.is_accused(state, body.about, body.at):  # every server sees the same evidence: it is said once
            raise Refused("incident.known")
    found = Incident(context.operation_id, body.server, body.what, body.place, body.at, context.block_ms, body.about)
    records.put_incident(state, found)


def _hold(state: WriteState, record: ServerRecord) -> None:
    """Who holds copies without voting owes erasure receipts like those who vote (``vault.accounting``)."""
    if record.votes:
        drop_holder(state, record.number)
    else:
        put_holder(state, record.number, record.keys.server_key)


def _serving(state: ReadState, handle_: str) -> ServerRecord:
    record = records.server(state, handle_)
    if record is None or record.retired_ms is not None:
        raise Refused("server.unknown")
    return record


def _require_keys(state: ReadState, record: ServerRecord, context: Context) -> None:
    """Its server key is enrolled for that, and none of its keys is another server's, or used twice here."""
    enrolled = key_record(state, record.keys.server_key)
    if enrolled is None or enrolled.purpose is not Purpose.SERVER or not is_current(enrolled, context.block_ms):
        raise Refused("server.key")
    own = _key_set(record)
    others = [other for other in records.servers(state) if other.handle != record.handle]
    if len(own) < _KEYS or any(own & _key_set(other) for other in others):
        raise Refused("server.keys")


_KEYS = 6


def _key_set(record: ServerRecord) -> frozenset[bytes]:
    keys = record.keys
    return frozenset((keys.server_key, keys.log_key, keys.cosigner_key, keys.validator, keys.node, keys.peer))


NETWORK_KINDS: tuple[AnyKind, ...] = (
    Kind(ServerEnrolled, _apply_enrolled),
    Kind(ServerChanged, _apply_changed),
    Kind(ServerRekeyed, _apply_rekeyed),
    Kind(ServerRetired, _apply_retired),
    Kind(ServerIncident, _apply_incident),
)
"""The kinds of this part."""
