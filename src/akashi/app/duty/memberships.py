"""Institutions that join or leave, as the secretariat's people see it. Only looks: the steps are the console's (``akashi admission``, ``withdrawal``).

Guarantees: stages and what is missing, from the ledger; looking is in the access journal. Refuses whoever does not manage institutions, and every
gateway but the secretariat's. Trusts: the session.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.gateway.home import Gateway
from akashi.identity import events as identity
from akashi.identity.admission.events import admissions
from akashi.identity.admission.model import Admission, AdmissionStage
from akashi.identity.admission.rules import missing_steps
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import What
from akashi.identity.model import InstitutionRole, Session

MANAGE = "institution.manage"
_NEXT = {
    AdmissionStage.APPLIED: "admission attest",
    AdmissionStage.ATTESTED: "admission map",
    AdmissionStage.MAP_APPROVED: "admission complete",
    AdmissionStage.WITHDRAWING: "withdrawal settle",
    AdmissionStage.SETTLED: "withdrawal complete",
}


@dataclass(frozen=True, slots=True)
class Membership:
    """An institution on its way in or out; ``missing``: steps before it may work; ``command``: what the console does next."""

    admission: Admission
    name: str
    missing: tuple[str, ...]
    command: str | None


def memberships(gateway: Gateway, session: Session) -> list[Membership]:
    """All admissions and withdrawals; those that wait for a step come first."""
    gateway.accounts.require(session, MANAGE, proof=False)
    with gateway.ledger.view() as state:
        own = identity.institution(state, gateway.institution)
        found = list(admissions(state))
    if own is None or not own.roles & InstitutionRole.SECRETARIAT:
        raise NotPermitted(action=MANAGE)
    names = gateway.names()
    seen = [_seen(one, names.get(one.institution, one.institution)) for one in found]
    gateway.journal.record(What.LISTED, session=session, count=len(seen), reason="admission.list")
    return sorted(seen, key=lambda one: (one.command is None, one.admission.stage, one.name))


def _seen(found: Admission, name: str) -> Membership:
    joining = found.handle is not None and found.stage < AdmissionStage.COMPLETED
    missing = tuple(missing_steps(found)) if joining else ()
    return Membership(found, name, missing, _NEXT.get(found.stage))
