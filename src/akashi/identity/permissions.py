"""The one table of permissions: action to roles. What is not in it is denied.

Guarantees: pure; an unknown action, no role and an unknown role bit are denied. Refuses: hierarchies, wildcards and
exceptions; a person has the union of what their roles may do. The secretariat runs the service and has no action that
reads, opens, sends or exports (``docs/identity.md`` section 3 is generated from this table and held by a test).

>>> decide_permission(Role.OPERATOR, "transfer.send")
Allowed()
>>> decide_permission(Role.SECRETARIAT, "transfer.open")
Denied(reason='permission.role')
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from akashi.identity.model import Role
from akashi.ledger.rules import Allowed, Denied

_OPERATOR, _APPROVER, _MANAGER = Role.OPERATOR, Role.APPROVER, Role.MANAGER
_SECRETARIAT, _AUDITOR = Role.SECRETARIAT, Role.AUDITOR
_STAFF = _OPERATOR | _APPROVER
_ASSESSOR, _COMMITTEE, _BOARD = Role.ASSESSOR, Role.COMMITTEE, Role.BOARD
_ASSESSING = _ASSESSOR | _COMMITTEE | _BOARD
_EVERYBODY = _STAFF | _MANAGER | _SECRETARIAT | _AUDITOR | _ASSESSING

PERMISSIONS: Mapping[str, Role] = MappingProxyType(
    {
        "transfer.send": _STAFF,
        "transfer.read": _STAFF | _MANAGER | _AUDITOR,
        "transfer.open": _STAFF,
        "transfer.confirm": _STAFF,
        "transfer.withdraw": _STAFF,
        "transfer.refuse": _STAFF,
        "export.evidence": _STAFF | _MANAGER | _AUDITOR,
        "checkup.convert": _STAFF,
        "person.manage": _MANAGER,
        "device.manage": _MANAGER | _SECRETARIAT,
        "institution.manage": _SECRETARIAT,
        "dashboard.read": _MANAGER | _SECRETARIAT | _AUDITOR,
        "ledger.read": _EVERYBODY,
        "ledger.submit": _STAFF | _MANAGER | _SECRETARIAT | _ASSESSING,
        "payload.store": _STAFF,
        "payload.fetch": _STAFF,
        "maps.manage": _APPROVER | _MANAGER,
        "conformity.read": _STAFF | _MANAGER | _AUDITOR | _ASSESSING,
        "conformity.answer": _STAFF | _MANAGER,
        "conformity.probe": _MANAGER,
        "conformity.submit": _MANAGER,
        "conformity.assess": _ASSESSOR,
        "conformity.decide": _COMMITTEE | _BOARD,
        "conformity.publish": _BOARD,
    }
)
"""Every action a route or command may name. Actions are only added; removing one needs a line in the changelog."""


def decide_permission(roles: int, action: str) -> Allowed | Denied:
    """May somebody with ``roles`` (a bitmask of :class:`Role`) do ``action``?"""
    wanted = PERMISSIONS.get(action)
    if wanted is None:
        return Denied("permission.unknown")
    if roles & ~int(_EVERYBODY):
        return Denied("permission.roles")
    if not roles & wanted:
        return Denied("permission.role")
    return Allowed()
