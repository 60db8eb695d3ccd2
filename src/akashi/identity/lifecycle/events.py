"""What joining, moving and leaving say on the ledger, how the state follows, and readers of that state.

Guarantees: an approved application changes the person's roles, department and job in the very operation that decides it, so the next
request feels it; a mismatch that the department's manager reports puts back what was before. Refuses: self-approval, deciding
twice, other institutions' people. State (first field is always the institution): ``dep`` department; ``rgt`` application; ``rgp`` person to
open and last approved application; ``dpl`` department, person; ``plc`` and ``tmp`` as in ``standing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.lifecycle.acting import acting_person, own, own_person
from akashi.identity.lifecycle.model import (
    Department,
    DepartmentKind,
    RightsReason,
    RightsRequest,
    RightsStage,
    Verdict,
)
from akashi.identity.lifecycle.rules import (
    APPLIERS,
    DECIDERS,
    decide_alone,
    decide_confirmation,
    decide_decision,
    decide_request,
)
from akashi.identity.lifecycle.standing import DEPARTED, PLACES, TEMPORARY, placement, temporary
from akashi.identity.model import ALL_ROLES, Job, Person, Role
from akashi.identity.rules import decide_roles
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import (
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
    require,
    truth,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_GATEWAY = {Purpose.GATEWAY}
DEPARTMENTS, REQUESTS, STANDINGS, MEMBERS = "dep", "rgt", "rgp", "dpl"


@event("department.registered", signers=_GATEWAY)
class DepartmentRegistered:
    """A department and the person who answers for its rights."""

    department: str = number(1, handle("dep"))
    manager: str = number(2, handle("per"))
    kind: DepartmentKind = number(3, enum(DepartmentKind))


@event("department.changed", signers=_GATEWAY)
class DepartmentChanged:
    """Another manager."""

    department: str = number(1, handle("dep"))
    manager: str = number(2, handle("per"))


@event("department.closed", signers=_GATEWAY)
class DepartmentClosed:
    """Nobody is in it any more; its id is not used again."""

    department: str = number(1, handle("dep"))


@event("person.placed", signers=_GATEWAY)
class PersonPlaced:
    """Department and job of a person, without a change of roles."""

    person: str = number(1, handle("per"))
    department: str = number(2, handle("dep"))
    job: Job = number(3, enum(Job))


@event("rights.requested", signers=_GATEWAY)
class RightsRequested:
    """A department applies: these roles, job and place for a person (a new handle: a newcomer), for good or until ``until_ms``."""

    request: str = number(1, handle("req"))
    person: str = number(2, handle("per"))
    roles: int = number(3, integer(1, ALL_ROLES))
    department: str = number(4, handle("dep"))
    job: Job = number(5, enum(Job))
    until_ms: int | None = number(6, moment(), default=None)
    basis: bytes | None = number(7, digest(), default=None)


@event("rights.decided", signers=_GATEWAY)
class RightsDecided:
    """Another person decides; an approval is in force at once."""

    request: str = number(1, handle("req"))
    verdict: Verdict = number(2, enum(Verdict))
    reason: RightsReason = number(3, enum(RightsReason))


@event("rights.confirmed", signers=_GATEWAY)
class RightsConfirmed:
    """The department's manager says whether what is in force is what was applied for; if not, what was before is in force again."""

    request: str = number(1, handle("req"))
    matches: bool = number(2, truth())


def department(state: ReadState, name: str) -> Department | None:
    """The department, also a closed one."""
    match state.get(DEPARTMENTS, name.encode()):
        case None:
            return None
        case [str(institution), str(manager), int(kind), bool(is_open)]:
            return Department(name, institution, manager, DepartmentKind(kind), is_open)
    raise LedgerDamaged("state.dep")


def departments(state: ReadState, institution: str) -> Iterator[Department]:
    """All departments of an institution, in the order of their handles."""
    for key, _ in state.scan(DEPARTMENTS):
        found = department(state, key.decode())
        if found is not None and found.institution == institution:
            yield found


def members(state: ReadState, name: str) -> list[str]:
    """The people who are placed in a department, also those who left."""
    prefix = f"{name}/".encode()
    return [key[len(prefix) :].decode() for key, _ in state.scan(MEMBERS, prefix)]


def rights_request(state: ReadState, name: str) -> RightsRequest | None:
    """One application."""
    row = state.get(REQUESTS, name.encode())
    return None if row is None else _request(name, row)


def rights_requests(state: ReadState, institution: str) -> Iterator[RightsRequest]:
    """All applications of an institution, in the order of their handles."""
    for key, row in state.scan(REQUESTS):
        found = _request(key.decode(), row)
        if found.institution == institution:
            yield found


def _request(name: str, row: Value) -> RightsRequest:
    match row:
        case [
            str(institution), str(person), int(roles), str(dep), int(job), (int() | None) as until, (bytes() | None) as basis,
            str(requester), int(at), int(stage), (str() | None) as decider, (int() | None) as decided, (str() | None) as confirmer,
            int(before), (str() | None) as before_dep, (int() | None) as before_job,
        ]:  # fmt: skip
            place = None if before_job is None else Job(before_job)
            said = (decider, decided, confirmer, Role(before), before_dep, place)
            what = (person, Role(roles), dep, Job(job), until, basis, requester, at, RightsStage(stage))
            return RightsRequest(name, institution, *what, *said)
    raise LedgerDamaged("state.rgt")


def _put_request(state: WriteState, of: RightsRequest) -> None:
    job = None if of.before_job is None else int(of.before_job)
    row: list[Value] = [of.institution, of.person, int(of.roles), of.department, int(of.job), of.until_ms, of.basis]
    row += [of.requester, of.requested_ms, int(of.stage), of.decider, of.decided_ms, of.confirmer]
    state.put(REQUESTS, of.handle.encode(), [*row, int(of.before_roles), of.before_department, job])


def _put_department(state: WriteState, of: Department) -> None:
    state.put(DEPARTMENTS, of.handle.encode(), [of.institution, of.manager, int(of.kind), of.open])


def _place(state: WriteState, institution: str, person: str, dep: str | None, job: Job | None) -> None:
    old, _ = placement(state, person)
    if old is not None:
        state.delete(MEMBERS, f"{old}/{person}".encode())
    if dep is not None:
        state.put(MEMBERS, f"{dep}/{person}".encode(), [institution])
    state.put(PLACES, person.encode(), [institution, dep, None if job is None else int(job)])


def _open_and_last(state: ReadState, person: str) -> tuple[str | None, str | None]:
    match state.get(STANDINGS, person.encode()):
        case None:
            return None, None
        case [str(), (str() | None) as waiting, (str() | None) as last]:
            return waiting, last
    raise LedgerDamaged("state.rgp")


def _put_standing(state: WriteState, of: RightsRequest, waiting: str | None, last: str | None) -> None:
    state.put(STANDINGS, of.person.encode(), [of.institution, waiting, last])


def _manages(state: ReadState, context: Context) -> None:
    """A console (the institution's key alone) may; a named person must be one who decides on rights."""
    if context.statement.actor.person is not None:
        acting_person(state, context, DECIDERS)


def _own_department(state: ReadState, name: str, context: Context) -> Department:
    found = own(department(state, name), context, "department.unknown")
    if not found.open:
        raise Refused("department.closed")
    return found


def apply_department_registered(state: WriteState, body: DepartmentRegistered, context: Context) -> None:
    """Add the department; its handle must be new, its manager one of the institution."""
    _manages(state, context)
    if department(state, body.department) is not None:
        raise Refused("department.exists")
    manager = own_person(state, body.manager, context)
    _put_department(state, Department(body.department, manager.institution, body.manager, body.kind, open=True))
    state.put(DEPARTED, manager.institution.encode(), [manager.institution])


def apply_department_changed(state: WriteState, body: DepartmentChanged, context: Context) -> None:
    """Another manager; who decides on rights does not make themself one."""
    _manages(state, context)
    found = _own_department(state, body.department, context)
    own_person(state, body.manager, context)
    if body.manager == context.statement.actor.person:
        raise Refused("actor.self")
    if body.manager == found.manager:
        raise Refused("department.unchanged")
    _put_department(state, replace(found, manager=body.manager))


def apply_department_closed(state: WriteState, body: DepartmentClosed, context: Context) -> None:
    """Close it; whoever still works in it must be placed elsewhere first."""
    _manages(state, context)
    found = _own_department(state, body.department, context)
    for name in members(state, body.department):
        person = identity.person(state, name)
        if person is not None and person.enabled:
            raise Refused("department.members")
    _put_department(state, replace(found, open=False))


def apply_person_placed(state: WriteState, body: PersonPlaced, context: Context) -> None:
    """Place a person; nobody places themself, for job and department limit what they may see."""
    _manages(state, context)
    person = own_person(state, body.person, context)
    _own_department(state, body.department, context)
    if context.statement.actor.person == body.person:
        raise Refused("actor.self")
    _place(state, person.institution, body.person, body.department, body.job)


def apply_rights_requested(state: WriteState, body: RightsRequested, context: Context) -> None:
    """Keep the application. 1. the applicant may; 2. the institution can have such people; 3. the person has no other one open."""
    actor, now = acting_person(state, context, APPLIERS), context.block_ms
    if rights_request(state, body.request) is not None:
        raise Refused("rights.exists")
    concerned = identity.person(state, body.person)
    placed, _ = placement(state, actor.handle)
    dep = department(state, body.department)
    require(decide_request(actor, placed, dep, concerned, body.until_ms, body.roles, now))  # (1)
    require(decide_roles(identity.institution(state, actor.institution), body.roles))  # (2)
    waiting, last = _open_and_last(state, body.person)
    if waiting is not None:  # (3)
        raise Refused("rights.open")
    made = RightsRequest(
        handle=body.request,
        institution=actor.institution,
        person=body.person,
        roles=Role(body.roles),
        department=body.department,
        job=body.job,
        until_ms=body.until_ms,
        basis=body.basis,
        requester=actor.handle,
        requested_ms=now,
    )
    _put_request(state, made)
    _put_standing(state, made, made.handle, last)


def apply_rights_decided(state: WriteState, body: RightsDecided, context: Context) -> None:
    """Decide; an approval gives roles, department and job here and now, and what was before is kept with the application."""
    actor, now = acting_person(state, context, DECIDERS), context.block_ms
    found = _own_request(state, body.request, context)
    require(decide_decision(found, actor.handle))
    decided = replace(found, decider=actor.handle, decided_ms=now)
    _, last = _open_and_last(state, found.person)
    if body.verdict is Verdict.REFUSED:
        _put_request(state, replace(decided, stage=RightsStage.REFUSED))
        _put_standing(state, found, None, last)
        return
    if found.until_ms is not None and found.until_ms <= now:
        raise Refused("rights.until")
    require(decide_roles(identity.institution(state, found.institution), int(found.roles)))
    _own_department(state, found.department, context)
    old = identity.person(state, found.person)
    if old is not None:
        own_person(state, found.person, context)
    require(decide_alone(old, int(found.roles), found.until_ms))
    dep, job = placement(state, found.person)
    kept = replace(decided, before_roles=Role(0) if old is None else old.roles, before_department=dep, before_job=job)
    _put_request(state, replace(kept, stage=RightsStage.APPROVED))
    _put_standing(state, found, None, found.handle)
    _grant(state, found, old or Person(found.person, found.institution, Role(0), True, now))  # noqa: FBT003


def _grant(state: WriteState, of: RightsRequest, person: Person) -> None:
    if of.until_ms is None:
        state.delete(TEMPORARY, of.person.encode())
        identity.put_person(state, replace(person, roles=of.roles))
    else:
        identity.put_person(state, person)
        row: list[Value] = [of.institution, int(of.roles), of.until_ms, of.handle]
        state.put(TEMPORARY, of.person.encode(), row)
    _place(state, of.institution, of.person, of.department, of.job)


def apply_rights_confirmed(state: WriteState, body: RightsConfirmed, context: Context) -> None:
    """Confirm, or suspend: what was before is in force again, unless something newer was decided since."""
    actor = acting_person(state, context, Role(ALL_ROLES))
    found = _own_request(state, body.request, context)
    dep = department(state, found.department)
    manager = identity.person(state, dep.manager) if dep is not None else None
    require(decide_confirmation(found, manager, actor))
    stage = RightsStage.CONFIRMED if body.matches else RightsStage.SUSPENDED
    _put_request(state, replace(found, stage=stage, confirmer=actor.handle))
    if not body.matches:
        _suspend(state, found)


def _suspend(state: WriteState, of: RightsRequest) -> None:
    person, given = identity.person(state, of.person), temporary(state, of.person)
    if _open_and_last(state, of.person)[1] != of.handle or person is None:
        return
    if given is not None and given.request == of.handle:
        state.delete(TEMPORARY, of.person.encode())
    elif person.roles == of.roles:
        identity.put_person(state, replace(person, roles=of.before_roles))
    _place(state, of.institution, of.person, of.before_department, of.before_job)


def _own_request(state: ReadState, name: str, context: Context) -> RightsRequest:
    return own(rights_request(state, name), context, "rights.unknown")


LIFECYCLE_KINDS: tuple[AnyKind, ...] = (
    Kind(DepartmentRegistered, apply_department_registered),
    Kind(DepartmentChanged, apply_department_changed),
    Kind(DepartmentClosed, apply_department_closed),
    Kind(PersonPlaced, apply_person_placed),
    Kind(RightsRequested, apply_rights_requested),
    Kind(RightsDecided, apply_rights_decided),
    Kind(RightsConfirmed, apply_rights_confirmed),
)
