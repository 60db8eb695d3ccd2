"""Pure decisions about access: action × information class × scope × role, job, department, institution; and what a client may be given.

Guarantees: ``decide_*`` return ``Allowed`` or ``Denied(reason)`` with a stable short reason; what is missing is denied; the reasons are asked
in the order unknown, client, role, job, institution, own, department, so that an explanation names the first thing to change. Refuses:
exceptions for single persons. Trusts the caller for the facts in :class:`Standing` and :class:`Subject`.

>>> nurse = Standing("inst-clin0000", Role.OPERATOR, "per-nurse000")
>>> decide_access(nurse, "transfer.open", Subject(frozenset({"inst-clin0000", "inst-payr0000"})))
Allowed()
>>> decide_access(nurse, "transfer.open", Subject(frozenset({"inst-hosp0000", "inst-payr0000"})))
Denied(reason='permission.institution')
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from akashi.identity.access.model import Information, Permission, Scope, Standing, Subject
from akashi.identity.model import Job, Role, Session
from akashi.identity.permissions import ALL_CLIENT_BITS, CLIENT_ACTIONS, TABLE, decide_permission
from akashi.ledger.rules import Allowed, Denied

DAY_MS = 24 * 3600 * 1000
MAX_CLIENT_MS = 365 * DAY_MS
"""Longest life of a client and of each of its secrets."""
MAX_OVERLAP_MS = 30 * DAY_MS
MAX_NETWORKS = 16

JOB_WITHOUT: Mapping[Job, frozenset[Information]] = MappingProxyType({Job.SYSTEMS: frozenset({Information.RESULTS})})
"""What a job takes away, whatever the roles: who looks after systems never needs the content of results. Others lose nothing; none adds."""

WHOLE_INSTITUTION = Role.MANAGER | Role.PLANNER
"""Whom a department does not narrow."""
COLLEAGUES = frozenset({"person.apply"})
"""Actions about people of one's own department, also without managing it."""


def standing_of(session: Session, manages: frozenset[str] = frozenset()) -> Standing:
    """The facts about whoever is signed in; ``manages``: departments whose manager they are, where that matters."""
    who = (session.institution, session.roles, session.person, session.job, session.department)
    return Standing(*who, manages, session.actions, session.granted)


def decide_access(standing: Standing, action: str, subject: Subject | None = None) -> Allowed | Denied:
    """May whoever stands so do ``action`` to ``subject``? Without a subject: to anything at all."""
    row = TABLE.get(action)
    if row is None:
        return Denied("permission.unknown")
    if standing.actions is not None:
        if action not in standing.actions or action not in CLIENT_ACTIONS:
            return Denied("permission.client")
    else:
        by_role = decide_permission(standing.roles, action)
        if isinstance(by_role, Denied) and action not in standing.granted:
            return by_role
        if standing.job is not None and row.information in JOB_WITHOUT.get(standing.job, ()):
            return Denied("permission.job")
    return Allowed() if subject is None else _reach(standing, row, subject)


def _reach(standing: Standing, row: Permission, subject: Subject) -> Allowed | Denied:
    # The secretariat's own rows reach all institutions: devices and institutions are its to serve.
    served = standing.actions is None and bool(standing.roles & row.roles & Role.SECRETARIAT)
    everywhere = row.scope is Scope.SERVICE or served
    if subject.institutions and standing.institution not in subject.institutions and not everywhere:
        return Denied("permission.institution")
    if row.scope is Scope.OWN and subject.person != standing.person:
        return Denied("permission.own")
    if row.scope is not Scope.DEPARTMENT or subject.person is None or standing.roles & WHOLE_INSTITUTION:
        return Allowed()
    if subject.department is not None and subject.department in standing.manages:
        return Allowed()
    own = standing.department is not None and subject.department in (None, standing.department)
    return Allowed() if row.action in COLLEAGUES and own else Denied("permission.department")


def decide_client_terms(bits: int, until_ms: int, now_ms: int) -> Allowed | Denied:
    """May a client have these actions (``permissions.CLIENT_BITS``) until then? A year at most, and at least one action."""
    if not bits or bits & ~ALL_CLIENT_BITS:
        return Denied("client.actions")
    if not now_ms < until_ms <= now_ms + MAX_CLIENT_MS:
        return Denied("client.until")
    return Allowed()


def decide_networks(networks: Iterable[str]) -> Allowed | Denied:
    """Are these networks in CIDR form, and few? Host bits are refused, so that a slip of the pen does not widen a network.

    >>> decide_networks(["192.0.2.0/24"]), decide_networks(["192.0.2.1/24"])
    (Allowed(), Denied(reason='client.network'))
    """
    given = list(networks)
    if len(given) > MAX_NETWORKS:
        return Denied("client.network")
    for text in given:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            return Denied("client.network")
    return Allowed()


def decide_source(networks: Iterable[str], address: str | None) -> Allowed | Denied:
    """Does ``address`` lie in one of ``networks``? Without networks every address does; an unknown address lies in none.

    >>> decide_source(["192.0.2.0/24"], "192.0.2.7"), decide_source(["192.0.2.0/24"], "198.51.100.7")
    (Allowed(), Denied(reason='client.network'))
    """
    given = list(networks)
    if not given:
        return Allowed()
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return Denied("client.network")
    # An IPv4 peer on a dual-stack socket shows as ::ffff:a.b.c.d.
    plain = getattr(found, "ipv4_mapped", None) or found
    return Allowed() if any(plain in ipaddress.ip_network(text) for text in given) else Denied("client.network")
