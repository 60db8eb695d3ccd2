"""What is said of machine clients on the ledger, how the state follows, and who acted where no person did.

Guarantees: a client is enrolled, changed and disabled by a named manager of its institution; a device has at most one client, ever at a
time; an operation that says "a client acted" counts only if the ledger knows that client, on that device, with that action, for that
counterpart, now, and with somebody who answers for it. Refuses names and secrets. Trusts: the signing gateway for having checked the
bearer secret. State: ``cli`` handle → row, ``clidev`` device → handle of its client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.access.model import Client, ClientReason
from akashi.identity.access.rules import decide_client_terms
from akashi.identity.lifecycle.acting import own
from akashi.identity.lifecycle.standing import standing
from akashi.identity.permissions import CLIENT_BITS
from akashi.identity.rules import decide_device, decide_manager
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import AnyKind, Context, Kind, enum, event, handle, integer, moment, number
from akashi.ledger.model import AuthMethod, Purpose
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_GATEWAY = {Purpose.GATEWAY}
_MAX_BITS = (1 << 32) - 1


@event("client.enrolled", signers=_GATEWAY)
class ClientEnrolled:
    """A machine may act for the institution, on one device, within ``actions`` (bits, ``identity.permissions.CLIENT_BITS``).

    With ``counterpart`` it may touch transfers with that institution only.
    """

    client: str = number(1, handle("cli"))
    institution: str = number(2, handle("inst"))
    device: str = number(3, handle("dev"))
    actions: int = number(4, integer(1, _MAX_BITS))
    until_ms: int = number(5, moment())
    responsible: str = number(6, handle("per"))
    counterpart: str | None = number(7, handle("inst"), default=None)


@event("client.changed", signers=_GATEWAY)
class ClientChanged:
    """The client's terms from now on."""

    client: str = number(1, handle("cli"))
    actions: int = number(2, integer(1, _MAX_BITS))
    until_ms: int = number(3, moment())
    responsible: str = number(4, handle("per"))
    counterpart: str | None = number(5, handle("inst"), default=None)


@event("client.disabled", signers=_GATEWAY)
class ClientDisabled:
    """The client acts no more, for good."""

    client: str = number(1, handle("cli"))
    reason: ClientReason = number(2, enum(ClientReason))


def client(state: ReadState, name: str) -> Client | None:
    """The client, also a disabled one."""
    row = state.get("cli", name.encode())
    match row:
        case None:
            return None
        case [
            str(of), str(device), int(actions), int(until), str(responsible), (str() | None) as counterpart, bool(on), int(at),
        ]:  # fmt: skip
            return Client(name, of, device, actions, until, responsible, counterpart, on, at)
    raise LedgerDamaged("state.cli")


def clients(state: ReadState, institution: str) -> Iterator[Client]:
    """All clients of an institution in the order of their handles."""
    found = (client(state, key.decode()) for key, _ in state.scan("cli"))
    return (one for one in found if one is not None and one.institution == institution)


def client_of_device(state: ReadState, device: str) -> Client | None:
    """The client that acts on this device."""
    found = state.get("clidev", device.encode())
    return client(state, found) if isinstance(found, str) else None


def decide_client(state: ReadState, found: Client | None, now_ms: int) -> Denied | None:
    """Why the client may not act now, or ``None``: disabled, over, device, responsible person, institution."""
    if found is None or not found.enabled:
        return Denied("client.unknown")
    if now_ms >= found.until_ms:
        return Denied("client.over")
    institution = identity.institution(state, found.institution)
    if institution is None or not institution.enabled:
        return Denied("institution.disabled")
    device = identity.device(state, found.device)
    good = decide_device(device, device.certificate if device else b"", now_ms)
    if isinstance(good, Denied):
        return good
    # Somebody answers for every machine: when they leave, it stops until another takes over.
    owner = identity.person(state, found.responsible)
    if owner is None or not owner.enabled or owner.institution != found.institution:
        return Denied("client.responsible")
    return None


def acting_client(state: ReadState, context: Context, action: str, counterpart: str) -> str:
    """The handle of the client for which the operation was done; for kinds that a machine may say. Raises ``Refused``.

    ``counterpart`` is the other institution of the transfer. The statement names no person and the client's device, its authentication
    is :attr:`AuthMethod.CLIENT` over that device's certificate.
    """
    actor, auth = context.statement.actor, context.statement.auth
    if auth.method is not AuthMethod.CLIENT or actor.person is not None or actor.device is None:
        raise Refused("client.actor")
    found = client_of_device(state, actor.device)
    if found is None or found.institution != actor.institution:
        raise Refused("client.unknown")
    denied = decide_client(state, found, context.block_ms)
    if denied is not None:
        raise Refused(denied.reason)
    device = identity.device(state, found.device)
    if device is None or auth.certificate != device.certificate:
        raise Refused("client.certificate")
    if not found.actions & CLIENT_BITS.get(action, 0):
        raise Refused("client.actions")
    if found.counterpart not in (None, counterpart):
        raise Refused("client.counterpart")
    return found.handle


def _put(state: WriteState, one: Client) -> None:
    row: list[Value] = [one.institution, one.device, one.actions, one.until_ms, one.responsible, one.counterpart]
    state.put("cli", one.handle.encode(), [*row, one.enabled, one.enrolled_ms])


def _by_manager(state: ReadState, context: Context) -> None:
    """A machine's rights are always somebody's decision: the console alone may not give them."""
    actor = context.statement.actor
    acting = (
        standing(state, identity.person(state, actor.person), context.block_ms) if actor.person is not None else None
    )
    decision = decide_manager(acting, named=True, institution=actor.institution)
    if isinstance(decision, Denied):
        raise Refused(decision.reason)


def _terms(state: ReadState, one: Client, context: Context) -> None:
    decision = decide_client_terms(one.actions, one.until_ms, context.block_ms)
    if isinstance(decision, Denied):
        raise Refused(decision.reason)
    owner = identity.person(state, one.responsible)
    if owner is None or not owner.enabled or owner.institution != one.institution:
        raise Refused("client.responsible")
    if one.counterpart is not None:
        other = identity.institution(state, one.counterpart)
        if other is None or one.counterpart == one.institution:
            raise Refused("client.counterpart")


def _own(state: ReadState, name: str, context: Context) -> Client:
    """The client, enabled and of the actor's institution: to others it does not exist."""
    found = own(client(state, name), context, "client.unknown")
    if not found.enabled:
        raise Refused("client.disabled")
    return found


def apply_enrolled(state: WriteState, body: ClientEnrolled, context: Context) -> None:
    """Add the client; handle and device must be free, the device the institution's own, good, and no gateway's machine."""
    if body.institution != context.statement.actor.institution:
        raise Refused("client.institution")
    _by_manager(state, context)
    if client(state, body.client) is not None:
        raise Refused("client.exists")
    device = identity.device(state, body.device)
    if device is None or device.institution != body.institution or device.machine:
        raise Refused("client.device")  # a gateway's own machine may speak to the server, a client may not
    if isinstance(decide_device(device, device.certificate, context.block_ms), Denied):
        raise Refused("client.device")
    if client_of_device(state, body.device) is not None:
        raise Refused("client.device_taken")
    made = Client(
        body.client, body.institution, body.device, body.actions, body.until_ms, body.responsible, body.counterpart,
        enabled=True, enrolled_ms=context.block_ms,
    )  # fmt: skip
    _terms(state, made, context)
    _put(state, made)
    state.put("clidev", body.device.encode(), body.client)


def apply_changed(state: WriteState, body: ClientChanged, context: Context) -> None:
    """Replace the terms; they must be new."""
    _by_manager(state, context)
    old = _own(state, body.client, context)
    new = replace(
        old,
        actions=body.actions,
        until_ms=body.until_ms,
        responsible=body.responsible,
        counterpart=body.counterpart,
    )
    if new == old:
        raise Refused("client.unchanged")
    _terms(state, new, context)
    _put(state, new)


def apply_disabled(state: WriteState, body: ClientDisabled, context: Context) -> None:
    """Mark the client; its handle is never given again, its device may serve another client."""
    _by_manager(state, context)
    old = _own(state, body.client, context)
    _put(state, replace(old, enabled=False))
    state.delete("clidev", old.device.encode())


CLIENT_KINDS: tuple[AnyKind, ...] = (
    Kind(ClientEnrolled, apply_enrolled),
    Kind(ClientChanged, apply_changed),
    Kind(ClientDisabled, apply_disabled),
)
"""The kinds that ``app`` hands to the ledger for this part."""
