"""What is said on the ledger about the life of a device, beside ``device.enrolled`` and ``device.revoked``.

Guarantees: a request is approved by another person than who made it; what was requested is enrolled only once approved; an institution's
limit binds every enrolment but renewals. Requests, approvals, installations and new responsible persons are the institution's own
gateway's to record, limits the secretariat's. State: ``standing``.
"""

from __future__ import annotations

from dataclasses import replace

from akashi.identity import events
from akashi.identity.devices import rules
from akashi.identity.devices.model import DevicePurpose, DeviceWanted, RequestStage
from akashi.identity.devices.standing import INSTALLED, LIMITS, installed_ms, put_wanted, wanted
from akashi.identity.lifecycle.acting import own
from akashi.identity.lifecycle.standing import standing
from akashi.identity.model import Device, Person, Role
from akashi.identity.rules import decide_manager
from akashi.ledger.errors import Refused
from akashi.ledger.events import AnyKind, Context, Kind, enum, event, handle, integer, number, require
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState

_GATEWAY, _SECRETARIAT = {Purpose.GATEWAY}, {Purpose.SECRETARIAT}
_ASKING = Role.OPERATOR | Role.APPROVER | Role.MANAGER | Role.OPERATIONS


@event("device.requested", signers=_GATEWAY)
class DeviceRequested:
    """Somebody asks for a device of their institution; it will have this handle if it is approved."""

    device: str = number(1, handle("dev"))
    institution: str = number(2, handle("inst"))
    responsible: str = number(3, handle("per"))
    purpose: DevicePurpose = number(4, enum(DevicePurpose))


@event("device.approved", signers=_GATEWAY)
class DeviceApproved:
    """A manager approves what somebody else asked for."""

    device: str = number(1, handle("dev"))


@event("device.installed", signers=_GATEWAY)
class DeviceInstalled:
    """Somebody signed in on the device for the first time."""

    device: str = number(1, handle("dev"))


@event("device.limited", signers=_SECRETARIAT)
class DeviceLimited:
    """How many devices (without gateways' own) an institution may have from now on."""

    institution: str = number(1, handle("inst"))
    most: int = number(2, integer(0, rules.MAX_DEVICES))


@event("device.reassigned", signers=_GATEWAY)
class DeviceReassigned:
    """Another person answers for the device from now on."""

    device: str = number(1, handle("dev"))
    responsible: str = number(2, handle("per"))


def apply_device_requested(state: WriteState, body: DeviceRequested, context: Context) -> None:
    """Remember the request; the handle must be new, requester and responsible people of the institution."""
    actor = context.statement.actor
    by = _own(state, actor.person, context)
    if body.institution != actor.institution or by is None:
        raise Refused("actor.person")
    if not by.roles & _ASKING:
        raise Refused("actor.roles")
    if _own(state, body.responsible, context) is None:
        raise Refused("device.responsible")
    if events.device(state, body.device) is not None or wanted(state, body.device) is not None:
        raise Refused("device.exists")
    who = (body.device, body.institution, body.responsible, body.purpose, by.handle)
    put_wanted(state, DeviceWanted(*who, RequestStage.REQUESTED, context.block_ms))


def apply_device_approved(state: WriteState, body: DeviceApproved, context: Context) -> None:
    """Approve the request, once; a manager, and not who asked."""
    found = own(wanted(state, body.device), context, "device.unknown")
    if found.stage is not RequestStage.REQUESTED:
        raise Refused("device.approved")
    _manager(state, context)
    require(rules.decide_approval(found.by, context.statement.actor.person))
    put_wanted(state, replace(found, stage=RequestStage.APPROVED, approver=context.statement.actor.person))


def apply_device_installed(state: WriteState, body: DeviceInstalled, context: Context) -> None:
    """Remember the first use, once."""
    found = _own_device(state, body.device, context)
    if installed_ms(state, body.device) is not None:
        raise Refused("device.installed")
    state.put(INSTALLED, body.device.encode(), [found.institution, context.block_ms])
    asked = wanted(state, body.device)
    if asked is not None:
        put_wanted(state, replace(asked, stage=RequestStage.INSTALLED))


def apply_device_limited(state: WriteState, body: DeviceLimited, _context: Context) -> None:
    """Remember the limit; devices beyond it that are there stay."""
    if events.institution(state, body.institution) is None:
        raise Refused("institution.unknown")
    state.put(LIMITS, body.institution.encode(), [body.institution, body.most])


def apply_device_reassigned(state: WriteState, body: DeviceReassigned, context: Context) -> None:
    """Replace the responsible person; both ends of the institution, the new one enabled."""
    found = _own_device(state, body.device, context)
    _manager(state, context)
    if _own(state, body.responsible, context) is None:
        raise Refused("device.responsible")
    if found.responsible == body.responsible:
        raise Refused("device.unchanged")
    events.put_device(state, replace(found, responsible=body.responsible))


def _own(state: ReadState, person: str | None, context: Context) -> Person | None:
    """The person if they are enabled and of the acting institution, with the roles that count now."""
    found = None if person is None else standing(state, events.person(state, person), context.block_ms)
    if found is None or not found.enabled or found.institution != context.statement.actor.institution:
        return None
    return found


def _own_device(state: ReadState, device: str, context: Context) -> Device:
    found = own(events.device(state, device), context, "device.unknown")
    if found.revoked_ms is not None:
        raise Refused("device.revoked")
    return found


def _manager(state: ReadState, context: Context) -> None:
    """The console may act for the institution, or a manager does."""
    actor = context.statement.actor
    acting = None if actor.person is None else _own(state, actor.person, context)
    require(decide_manager(acting, actor.person is not None, actor.institution))


DEVICE_KINDS: tuple[AnyKind, ...] = (
    Kind(DeviceRequested, apply_device_requested),
    Kind(DeviceApproved, apply_device_approved),
    Kind(DeviceInstalled, apply_device_installed),
    Kind(DeviceLimited, apply_device_limited),
    Kind(DeviceReassigned, apply_device_reassigned),
)
