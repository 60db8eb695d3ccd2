"""What identity says on the ledger, how the state follows, and readers of that state.

Guarantees: a handle and a certificate are used once, ever: rows are never deleted, only marked. Institutions and
devices are the secretariat's to record, people their own gateway's. Refuses names: the ledger knows handles, and for an
institution's name a salted commitment. State (key to row): ``inst`` handle, ``per`` handle, ``dev`` handle, ``cert`` SHA-256 of
the certificate to device handle, ``acc`` signing key to the last anchored access journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from akashi.identity.devices.enrolling import require_enrolment
from akashi.identity.lifecycle.standing import TEMPORARY, has_departments, standing
from akashi.identity.model import (
    ALL_INSTITUTION_ROLES,
    ALL_ROLES,
    Device,
    DeviceReason,
    Institution,
    InstitutionReason,
    InstitutionRole,
    Person,
    PersonReason,
    Role,
)
from akashi.identity.rules import decide_institution, decide_manager, decide_roles
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import (
    MAX_MS,
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    moment,
    number,
    octets,
    require,
    truth,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_SECRETARIAT, _GATEWAY = {Purpose.SECRETARIAT}, {Purpose.GATEWAY}


@event("institution.registered", signers=_SECRETARIAT)
class InstitutionRegistered:
    """An institution joins; ``directory`` commits to its name."""

    institution: str = number(1, handle("inst"))
    roles: int = number(2, integer(1, ALL_INSTITUTION_ROLES))
    directory: bytes = number(3, digest())


@event("institution.disabled", signers=_SECRETARIAT)
class InstitutionDisabled:
    """From the next request on nobody of the institution is served."""

    institution: str = number(1, handle("inst"))
    reason: InstitutionReason = number(2, enum(InstitutionReason))


@event("institution.enabled", signers=_SECRETARIAT)
class InstitutionEnabled:
    """The institution is served again."""

    institution: str = number(1, handle("inst"))
    reason: InstitutionReason = number(2, enum(InstitutionReason))


@event("person.registered", signers=_GATEWAY)
class PersonRegistered:
    """A person of the gateway's own institution, under an id of their own."""

    person: str = number(1, handle("per"))
    institution: str = number(2, handle("inst"))
    roles: int = number(3, integer(1, ALL_ROLES))


@event("person.changed", signers=_GATEWAY)
class PersonChanged:
    """The person's roles from now on."""

    person: str = number(1, handle("per"))
    roles: int = number(2, integer(1, ALL_ROLES))


@event("person.disabled", signers=_GATEWAY)
class PersonDisabled:
    """The person acts no more, for good: who comes back gets a new id."""

    person: str = number(1, handle("per"))
    reason: PersonReason = number(2, enum(PersonReason))


@event("device.enrolled", signers=_SECRETARIAT)
class DeviceEnrolled:
    """A client certificate for one device, with the person responsible for it; ``key`` is SHA-256 of its SPKI.

    ``machine``: the gateway's own; only such a device may speak to the server. ``replaces``: whose successor it is.
    """

    device: str = number(1, handle("dev"))
    institution: str = number(2, handle("inst"))
    serial: bytes = number(3, octets(1, 20))
    certificate: bytes = number(4, digest())
    key: bytes = number(5, digest())
    from_ms: int = number(6, moment())
    to_ms: int = number(7, moment())
    responsible: str = number(8, handle("per"))
    machine: bool | None = number(9, truth(), default=None)
    replaces: str | None = number(10, handle("dev"), default=None)


@event("device.revoked", signers=_SECRETARIAT)
class DeviceRevoked:
    """The device is refused from now on; ``since_ms`` says from when its use was not its owner's."""

    device: str = number(1, handle("dev"))
    reason: DeviceReason = number(2, enum(DeviceReason))
    since_ms: int | None = number(3, moment(), default=None)


@event("access.anchored", signers={Purpose.GATEWAY, Purpose.SERVER})
class AccessAnchored:
    """The head of an access journal of ``count`` entries, the last ones made between ``from_ms`` and ``to_ms``."""

    head: bytes = number(1, digest())
    count: int = number(2, integer(1, MAX_MS))
    from_ms: int = number(3, moment())
    to_ms: int = number(4, moment())


def institution(state: ReadState, handle: str) -> Institution | None:
    """The institution, also a disabled one."""
    row = state.get("inst", handle.encode())
    return None if row is None else _institution(handle, row)


def institutions(state: ReadState) -> Iterator[Institution]:
    """All institutions in the order of their handles."""
    return (_institution(key.decode(), row) for key, row in state.scan("inst"))


def person(state: ReadState, handle: str) -> Person | None:
    """The person, also a disabled one."""
    row = state.get("per", handle.encode())
    return None if row is None else _person(handle, row)


def is_person_of(state: ReadState, handle: str, institution: str) -> bool:
    """Whether the person is registered there and not disabled."""
    found = person(state, handle)
    return found is not None and found.institution == institution and found.enabled


def device(state: ReadState, handle: str) -> Device | None:
    """The device, also a revoked one."""
    row = state.get("dev", handle.encode())
    return None if row is None else _device(handle, row)


def devices(state: ReadState) -> Iterator[Device]:
    """All devices in the order of their handles."""
    return (_device(key.decode(), row) for key, row in state.scan("dev"))


def device_of_certificate(state: ReadState, sha256: bytes) -> Device | None:
    """The device whose certificate (DER) has this SHA-256."""
    found = state.get("cert", sha256)
    return device(state, found) if isinstance(found, str) else None


def revoked_serials(state: ReadState) -> list[tuple[int, int]]:
    """``(serial, revoked ms)`` of every revoked device: what the CRL is made of."""
    return [(int.from_bytes(d.serial, "big"), d.revoked_ms) for d in devices(state) if d.revoked_ms is not None]


def anchored(state: ReadState, key: bytes) -> tuple[bytes, int, int] | None:
    """``(head, count, to ms)`` of the journal last anchored by the signing key ``key``."""
    match state.get("acc", key):
        case [bytes(head), int(count), int(to_ms)]:
            return head, count, to_ms
    return None


def _institution(handle: str, row: Value) -> Institution:
    match row:
        case [int(roles), bytes(directory), bool(enabled), int(at)]:
            return Institution(handle, InstitutionRole(roles), directory, enabled, at)
    raise LedgerDamaged("state.inst")


def _person(handle: str, row: Value) -> Person:
    match row:
        case [str(of), int(roles), bool(enabled), int(at)]:
            return Person(handle, of, Role(roles), enabled, at)
    raise LedgerDamaged("state.per")


def _device(handle: str, row: Value) -> Device:
    match row:
        case [
            str(of), bytes(serial), bytes(certificate), bytes(key), int(start), int(end), str(owner),
            (int() | None) as revoked, (int() | None) as since, bool(machine),
        ]:  # fmt: skip
            return Device(handle, of, serial, certificate, key, start, end, owner, revoked, since, machine)
    raise LedgerDamaged("state.dev")


def put_institution(state: WriteState, value: Institution) -> None:
    """Keep an institution's row; for ``apply`` of identity's own kinds only."""
    row: list[Value] = [int(value.roles), value.directory, value.enabled, value.registered_ms]
    state.put("inst", value.handle.encode(), row)


def put_person(state: WriteState, value: Person) -> None:
    """Keep a person's row; for ``apply`` of identity's own kinds only."""
    row: list[Value] = [value.institution, int(value.roles), value.enabled, value.registered_ms]
    state.put("per", value.handle.encode(), row)


def put_device(state: WriteState, value: Device) -> None:
    """Keep a device's row; for ``apply`` of identity's own kinds only."""
    row: list[Value] = [value.institution, value.serial, value.certificate, value.key, value.from_ms, value.to_ms]
    state.put(
        "dev", value.handle.encode(), [*row, value.responsible, value.revoked_ms, value.revoked_since_ms, value.machine]
    )


def _known_institution(state: ReadState, handle: str) -> Institution:
    found = institution(state, handle)
    if found is None:
        raise Refused("institution.unknown")
    return found


def _own_person(state: ReadState, handle: str, context: Context) -> Person:
    """The person, enabled and of the actor's institution: to others they do not exist."""
    found = person(state, handle)
    if found is None or found.institution != context.statement.actor.institution:
        raise Refused("person.unknown")
    if not found.enabled:
        raise Refused("person.disabled")
    return found


def _may_manage(state: ReadState, context: Context) -> None:
    actor = context.statement.actor
    acting = standing(state, person(state, actor.person), context.block_ms) if actor.person is not None else None
    require(decide_manager(acting, actor.person is not None, actor.institution))


def _may_give(state: ReadState, context: Context, roles: int) -> None:
    """Where there are departments no manager gives rights alone: they are applied for and decided (``lifecycle``)."""
    actor, own_way = context.statement.actor, int(Role.EMERGENCY | Role.MAINTENANCE)
    if roles & ~own_way and actor.person is not None and has_departments(state, actor.institution):
        raise Refused("rights.apply")


def apply_institution_registered(state: WriteState, body: InstitutionRegistered, context: Context) -> None:
    """Add the institution; its handle must be new."""
    require(decide_institution(body.roles))
    if institution(state, body.institution) is not None:
        raise Refused("institution.exists")
    made = Institution(body.institution, InstitutionRole(body.roles), body.directory, True, context.block_ms)  # noqa: FBT003
    put_institution(state, made)


def _switch_institution(
    enabled: bool,
) -> Callable[[WriteState, InstitutionDisabled | InstitutionEnabled, Context], None]:
    def apply(state: WriteState, body: InstitutionDisabled | InstitutionEnabled, _context: Context) -> None:
        found = _known_institution(state, body.institution)
        if found.enabled is enabled:
            raise Refused("institution.unchanged")
        put_institution(state, replace(found, enabled=enabled))

    return apply


def apply_person_registered(state: WriteState, body: PersonRegistered, context: Context) -> None:
    """Add the person; the handle must be new and the roles within the institution's."""
    if body.institution != context.statement.actor.institution:
        raise Refused("person.institution")
    _may_manage(state, context)
    _may_give(state, context, body.roles)
    require(decide_roles(institution(state, body.institution), body.roles))
    if person(state, body.person) is not None:
        raise Refused("person.exists")
    put_person(state, Person(body.person, body.institution, Role(body.roles), True, context.block_ms))  # noqa: FBT003


def apply_person_changed(state: WriteState, body: PersonChanged, context: Context) -> None:
    """Replace the roles; nobody changes their own."""
    found = _own_person(state, body.person, context)
    _may_manage(state, context)
    if context.statement.actor.person == body.person:
        raise Refused("actor.self")
    if (int(found.roles) ^ body.roles) & (Role.EMERGENCY | Role.MAINTENANCE):
        raise Refused("person.roles_alone")  # such an account was made for that, and never becomes another
    _may_give(state, context, body.roles & ~int(found.roles))
    require(decide_roles(institution(state, found.institution), body.roles))
    if int(found.roles) == body.roles:
        raise Refused("person.unchanged")
    state.delete(TEMPORARY, body.person.encode())  # what is said now ends what was given for a time
    put_person(state, replace(found, roles=Role(body.roles)))


def apply_person_disabled(state: WriteState, body: PersonDisabled, context: Context) -> None:
    """Mark the person; the row stays so that the id is never given again."""
    found = _own_person(state, body.person, context)
    _may_manage(state, context)
    put_person(state, replace(found, enabled=False))


def apply_device_enrolled(state: WriteState, body: DeviceEnrolled, context: Context) -> None:
    """Add the device; handle and certificate must be new, the responsible person one of the institution.

    What was requested must have been approved as it is; a renewal follows a device near its end; else the institution's limit binds.
    """
    if not _known_institution(state, body.institution).enabled:
        raise Refused("institution.disabled")
    owner = person(state, body.responsible)
    if owner is None or not owner.enabled or owner.institution != body.institution:
        raise Refused("device.responsible")
    if body.from_ms >= body.to_ms:
        raise Refused("device.validity")
    if device(state, body.device) is not None:
        raise Refused("device.exists")
    if state.get("cert", body.certificate) is not None:
        raise Refused("device.certificate")
    made = Device(
        body.device,
        body.institution,
        body.serial,
        body.certificate,
        body.key,
        body.from_ms,
        body.to_ms,
        body.responsible,
        machine=body.machine is True,
    )
    old = None if body.replaces is None else device(state, body.replaces)
    require_enrolment(state, made, body.replaces, old, devices(state), context.block_ms)
    put_device(state, made)
    state.put("cert", body.certificate, body.device)


def apply_device_revoked(state: WriteState, body: DeviceRevoked, context: Context) -> None:
    """Mark the device, once."""
    found = device(state, body.device)
    if found is None:
        raise Refused("device.unknown")
    if found.revoked_ms is not None:
        raise Refused("device.revoked")
    since = context.block_ms if body.since_ms is None else min(body.since_ms, context.block_ms)
    put_device(state, replace(found, revoked_ms=context.block_ms, revoked_since_ms=since))


def apply_access_anchored(state: WriteState, body: AccessAnchored, context: Context) -> None:
    """Remember the head; a journal that got shorter or lies about its times is refused, which shows a rolled-back gateway."""
    if body.from_ms > body.to_ms:
        raise Refused("access.time")
    last = anchored(state, context.signer_key)
    if last is not None and body.count <= last[1]:
        raise Refused("access.backwards")
    state.put("acc", context.signer_key, [body.head, body.count, body.to_ms])


IDENTITY_KINDS: tuple[AnyKind, ...] = (
    Kind(InstitutionRegistered, apply_institution_registered),
    Kind(InstitutionDisabled, _switch_institution(enabled=False)),
    Kind(InstitutionEnabled, _switch_institution(enabled=True)),
    Kind(PersonRegistered, apply_person_registered),
    Kind(PersonChanged, apply_person_changed),
    Kind(PersonDisabled, apply_person_disabled),
    Kind(DeviceEnrolled, apply_device_enrolled),
    Kind(DeviceRevoked, apply_device_revoked),
    Kind(AccessAnchored, apply_access_anchored),
)
