"""Pure decisions about joining and leaving. No file, clock, database or random source in here.

Guarantees: no step is skipped and none is taken twice; a secretariat neither joins nor leaves this way.
"""

from __future__ import annotations

from akashi.identity.admission.model import Admission, AdmissionStage, Attested, AttestedKind
from akashi.identity.model import Institution, InstitutionRole
from akashi.identity.rules import fold
from akashi.ledger.rules import ALLOWED, Allowed, Denied

MAX_TRAINING_AGE_MS = 366 * 24 * 3600 * 1000
_BOTH = Attested.RULES | Attested.TRAINING


def same_name(one: str, other: str) -> bool:
    """Would a person take the two names for one? Width, case and spaces make no difference.

    >>> same_name("架空 病院Ａ", "架空病院a")
    True
    """
    return "".join(fold(one).split()) == "".join(fold(other).split())


def decide_trained(trained_ms: int, now_ms: int) -> Allowed | Denied:
    """Was the training held, and within the last year?"""
    return ALLOWED if trained_ms <= now_ms <= trained_ms + MAX_TRAINING_AGE_MS else Denied("admission.trained")


def decide_attested(found: Admission, kind: AttestedKind, document: bytes) -> Allowed | Denied:
    """May ``document`` be attested: the very one of the application, once, before the map?"""
    if found.stage is not AdmissionStage.APPLIED:
        return Denied("admission.stage")
    wanted = found.rules if kind is AttestedKind.OPERATING_RULES else found.training
    if document != wanted:
        return Denied("admission.document")
    return Denied("admission.again") if flag_of(kind) in found.attested else ALLOWED


def flag_of(kind: AttestedKind) -> Attested:
    """The flag of what was attested."""
    return Attested.RULES if kind is AttestedKind.OPERATING_RULES else Attested.TRAINING


def decide_map(found: Admission, institution: Institution, approved: str | None) -> Allowed | Denied:
    """May the map step be done? Who sends needs an approved map; who only receives needs none."""
    if found.stage is not AdmissionStage.ATTESTED:
        return Denied("admission.stage")
    if approved is None and institution.roles & InstitutionRole.SENDER:
        return Denied("admission.map")
    return ALLOWED


def is_attested(attested: Attested) -> bool:
    """Were both documents looked at?"""
    return attested == _BOTH


def missing_steps(found: Admission) -> list[str]:
    """What is left to do before completion: ``rules``, ``training``, ``map``."""
    missing = [
        name
        for name, flag in (("rules", Attested.RULES), ("training", Attested.TRAINING))
        if flag not in found.attested
    ]
    return [*missing, "map"] if found.stage < AdmissionStage.MAP_APPROVED else missing


def decide_withdrawal(institution: Institution | None, found: Admission | None) -> Allowed | Denied:
    """May the institution begin to leave?"""
    if institution is None:
        return Denied("institution.unknown")
    if not institution.enabled:
        return Denied("institution.disabled")
    if institution.roles & InstitutionRole.SECRETARIAT:
        return Denied("withdrawal.secretariat")
    if found is not None and found.stage > AdmissionStage.COMPLETED:
        return Denied("withdrawal.again")
    return ALLOWED
