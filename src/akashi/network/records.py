"""Servers and incidents as the state keeps them.

Guarantees: rows that are not of their form stop the reader (:class:`LedgerDamaged`); the voting members that the ledger counts
(``ledger.keyring.members``) are always those that the rows here name. Refuses to judge who may change them: ``events`` does. Trusts the state.

State: ``srv`` handle -> record; ``srvno`` number -> handle; ``incid`` block time, operation id -> incident; ``accus`` height, handle -> the
incident that says that this server signed twice there.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.keyring.members import LogSigner, Member, put_members, put_signers
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.network.model import Incident, IncidentKind, IncidentPlace, ServerKeys, ServerRecord, ServerRole

_SERVERS, _NUMBERS, _INCIDENTS, _ACCUSED = "srv", "srvno", "incid", "accus"


def server(state: ReadState, handle: str) -> ServerRecord | None:
    """One server, also a retired one."""
    value = state.get(_SERVERS, handle.encode())
    return None if value is None else _record(handle, value)


def servers(state: ReadState) -> tuple[ServerRecord, ...]:
    """All servers that ever were, by number."""
    found = [_record(key.decode(), value) for key, value in state.scan(_SERVERS)]
    return tuple(sorted(found, key=lambda one: one.number))


def numbered(state: ReadState, number: int) -> str | None:
    """The handle of the server with this number, or ``None``."""
    value = state.get(_NUMBERS, number.to_bytes(4, "big"))
    return value if isinstance(value, str) else None


def put_server(state: WriteState, record: ServerRecord) -> None:
    """Write a server and bring the voting members in line. Raises ``Refused`` ``members.*``: somebody must be left to vote."""
    keys = record.keys
    state.put(
        _SERVERS,
        record.handle.encode(),
        [
            record.number, int(record.role), keys.server_key, keys.log_key, keys.cosigner_key, keys.validator,
            keys.node, keys.peer, record.enrolled_ms, record.retired_ms,
        ],
    )  # fmt: skip
    state.put(_NUMBERS, record.number.to_bytes(4, "big"), record.handle)
    put_signers(state, [LogSigner(keys.log_key, keys.cosigner_key)])
    put_members(state, [as_member(one) for one in servers(state) if one.votes])


def as_member(record: ServerRecord) -> Member:
    """What the ledger counts of a voting server."""
    return Member(record.number, record.keys.server_key, record.keys.log_key, record.keys.cosigner_key)


def incidents(state: ReadState) -> Iterator[Incident]:
    """What servers found, oldest first."""
    for key, value in state.scan(_INCIDENTS):
        match value:
            case [str(who), int(kind), int(place), int(at), None | str() as about]:
                when = int.from_bytes(key[:8], "big")
                yield Incident(key[8:], who, IncidentKind(kind), IncidentPlace(place), at, when, about)
            case _:
                raise LedgerDamaged("state.incident")


def put_incident(state: WriteState, one: Incident) -> None:
    """Remember what was found."""
    row: list[Value] = [one.server, int(one.kind), int(one.place), one.at, one.about]
    state.put(_INCIDENTS, one.block_ms.to_bytes(8, "big") + one.operation, row)
    if one.kind is IncidentKind.MISBEHAVED and one.about is not None:
        state.put(_ACCUSED, _accusation(one.about, one.at), one.operation)


def is_accused(state: ReadState, server: str, height: int) -> bool:
    """Whether an incident says already that this server signed twice at ``height``."""
    return state.get(_ACCUSED, _accusation(server, height)) is not None


def _accusation(server: str, height: int) -> bytes:
    return height.to_bytes(8, "big") + server.encode()


def _record(handle: str, value: Value) -> ServerRecord:
    match value:
        case [
            int(number), int(role), bytes(server_key), bytes(log_key), bytes(cosigner_key), bytes(validator),
            bytes(node), bytes(peer), int(enrolled), None | int() as retired,
        ]:  # fmt: skip
            keys = ServerKeys(server_key, log_key, cosigner_key, validator, node, peer)
            return ServerRecord(handle, number, ServerRole(role), keys, enrolled, retired)
    raise LedgerDamaged("state.server")
