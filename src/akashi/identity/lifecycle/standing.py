"""What somebody may be right now: roles that run out, departments, and whether their institution has finished joining.

Guarantees: pure readers of the replicated state; a temporary role ends with its time, without anybody doing anything. Refuses nothing.
Stands below ``identity.events``, so that whoever asks for a person's roles asks here.

State: ``plc`` person to ``[institution, department or null, job or null]``; ``tmp`` person to ``[institution, roles, until ms, request]``;
``dpi`` an institution that has (had) departments; ``adm`` institution to ``[institution, admission, stage, …]`` (``identity.admission``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from akashi.identity.model import Job, Person, Role
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState

PLACES, TEMPORARY, ADMISSIONS, DEPARTED = "plc", "tmp", "adm", "dpi"
_COMPLETED = 4
_WITHDRAWING = 5
_PREPARING = Role.MANAGER | Role.PLANNER | Role.OPERATIONS | Role.AUDITOR | Role.SECRETARIAT


@dataclass(frozen=True, slots=True)
class Temporary:
    """Roles that replace a person's own until ``until_ms``; given by ``request``."""

    roles: Role
    until_ms: int
    request: str


def placement(state: ReadState, person: str) -> tuple[str | None, Job | None]:
    """``(department, job)`` of a person, each ``None`` where nothing was said."""
    match state.get(PLACES, person.encode()):
        case None:
            return None, None
        case [str(), (str() | None) as department, (int() | None) as job]:
            return department, None if job is None else Job(job)
    raise LedgerDamaged("state.plc")


def temporary(state: ReadState, person: str) -> Temporary | None:
    """The roles that were given for a time, also when it is over."""
    match state.get(TEMPORARY, person.encode()):
        case None:
            return None
        case [str(), int(roles), int(until), str(request)]:
            return Temporary(Role(roles), until, request)
    raise LedgerDamaged("state.tmp")


def effective_roles(state: ReadState, person: Person, now_ms: int) -> Role:
    """The roles that count at ``now_ms`` (block time on the ledger, the clock's in a gateway).

    1. roles for a time replace a person's own while it runs; 2. in an institution that has not finished joining nobody sends or reads.
    """
    given = temporary(state, person.handle)
    roles = given.roles if given is not None and now_ms < given.until_ms else person.roles  # (1)
    return roles & _PREPARING if is_joining(state, person.institution) else roles  # (2)


def standing(state: ReadState, person: Person | None, now_ms: int) -> Person | None:
    """The person with the roles that count now."""
    return None if person is None else replace(person, roles=effective_roles(state, person, now_ms))


def is_joining(state: ReadState, institution: str) -> bool:
    """Is an admission under way? Institutions without one joined before there were admissions, or were founded by the console."""
    stage = _stage(state, institution)
    return stage is not None and stage < _COMPLETED


def is_at_work(state: ReadState, institution: str) -> bool:
    """May new transfers to and from the institution begin: neither joining nor leaving?"""
    return _stage(state, institution) in (None, _COMPLETED)


def has_departments(state: ReadState, institution: str) -> bool:
    """Has the institution ever had a department? Then rights go through applications."""
    return state.get(DEPARTED, institution.encode()) is not None


def _stage(state: ReadState, institution: str) -> int | None:
    match state.get(ADMISSIONS, institution.encode()):
        case None:
            return None
        case [str(), (str() | None), int(stage), *_]:
            return stage
    raise LedgerDamaged("state.adm")
