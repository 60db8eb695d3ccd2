"""What an institution's admission and withdrawal say on the ledger, and readers of that state.

Guarantees: an institution under admission is shown as such by the replicated state from its first operation on, so that every gateway and
server keeps it from sending and receiving (``lifecycle.standing``); completing and withdrawing take every step before. Refuses: skipped
steps, other documents than those applied with, completing a withdrawal while a device is not revoked. All of it is the secretariat's to
say. State ``adm``: institution to ``[institution, admission, stage, rules, training, trained ms, attested, map, receipts]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.admission.model import Admission, AdmissionStage, Attested, AttestedKind
from akashi.identity.admission.rules import (
    decide_attested,
    decide_map,
    decide_trained,
    decide_withdrawal,
    flag_of,
    is_attested,
)
from akashi.identity.lifecycle.standing import ADMISSIONS
from akashi.identity.model import Institution, InstitutionReason
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
)
from akashi.ledger.keyring.records import keys_of
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_SECRETARIAT = {Purpose.SECRETARIAT}


@event("admission.applied", signers=_SECRETARIAT)
class AdmissionApplied:
    """A registered institution applies, with its operating rules and record of training; it cannot work until it is completed."""

    admission: str = number(1, handle("adm"))
    institution: str = number(2, handle("inst"))
    rules: bytes = number(3, digest())
    training: bytes = number(4, digest())
    trained_ms: int = number(5, moment())


@event("admission.attested", signers=_SECRETARIAT)
class AdmissionAttested:
    """The secretariat has looked at one of the documents."""

    institution: str = number(1, handle("inst"))
    kind: AttestedKind = number(2, enum(AttestedKind))
    document: bytes = number(3, digest())


@event("admission.map_approved", signers=_SECRETARIAT)
class AdmissionMapApproved:
    """The institution has an approved map, or needs none because it only receives."""

    institution: str = number(1, handle("inst"))
    map: str | None = number(2, handle("map"), default=None)


@event("admission.completed", signers=_SECRETARIAT)
class AdmissionCompleted:
    """From the next request on the institution's people may work."""

    institution: str = number(1, handle("inst"))


@event("withdrawal.begun", signers=_SECRETARIAT)
class WithdrawalBegun:
    """The institution leaves: nothing new is sent to it or by it."""

    institution: str = number(1, handle("inst"))
    reason: InstitutionReason = number(2, enum(InstitutionReason))


@event("withdrawal.settled", signers=_SECRETARIAT)
class WithdrawalSettled:
    """No transfer is open; digests of the exported evidence and of the list of erasure receipts (docs/identity-lifecycle.md section 6)."""

    institution: str = number(1, handle("inst"))
    open_transfers: int = number(2, integer(0, 0))
    exports: bytes = number(3, digest())
    receipts: bytes = number(4, digest())


@event("withdrawal.completed", signers=_SECRETARIAT)
class WithdrawalCompleted:
    """The institution and all its people are stopped, for good."""

    institution: str = number(1, handle("inst"))


def admission(state: ReadState, institution: str) -> Admission | None:
    """Where an institution stands; ``None`` for one that joined before there were admissions and is not leaving."""
    match state.get(ADMISSIONS, institution.encode()):
        case None:
            return None
        case [
            str(of), (str() | None) as name, int(stage), bytes(rules), bytes(training), int(trained), int(attested),
            (str() | None) as approved, (bytes() | None) as receipts,
        ]:  # fmt: skip
            said = (rules, training, trained, Attested(attested), approved, receipts)
            return Admission(of, name, AdmissionStage(stage), *said)
    raise LedgerDamaged("state.adm")


def admissions(state: ReadState) -> Iterator[Admission]:
    """All of them, in the order of the institutions' handles."""
    for key, _ in state.scan(ADMISSIONS):
        found = admission(state, key.decode())
        if found is not None:
            yield found


def _put(state: WriteState, of: Admission) -> None:
    row: list[Value] = [
        of.institution,
        of.handle,
        int(of.stage),
        of.rules,
        of.training,
        of.trained_ms,
        int(of.attested),
    ]
    state.put(ADMISSIONS, of.institution.encode(), [*row, of.map, of.receipts])


def _known(state: ReadState, institution: str) -> tuple[Admission, Institution]:
    found, house = admission(state, institution), identity.institution(state, institution)
    if found is None or house is None:
        raise Refused("admission.unknown")
    return found, house


def _stage(found: Admission, wanted: AdmissionStage) -> None:
    if found.stage is not wanted:
        raise Refused("admission.stage")


def apply_applied(state: WriteState, body: AdmissionApplied, context: Context) -> None:
    """Begin; an institution that has a gateway key already is at work and cannot be sent back to the door."""
    house = identity.institution(state, body.institution)
    if house is None or not house.enabled:
        raise Refused("institution.unknown")
    if admission(state, body.institution) is not None:
        raise Refused("admission.again")
    if keys_of(state, body.institution, Purpose.GATEWAY):
        raise Refused("admission.at_work")
    require(decide_trained(body.trained_ms, context.block_ms))
    stage = AdmissionStage.APPLIED
    _put(state, Admission(body.institution, body.admission, stage, body.rules, body.training, body.trained_ms))


def apply_attested(state: WriteState, body: AdmissionAttested, _context: Context) -> None:
    """Remember it; with both, the next stage."""
    found, _ = _known(state, body.institution)
    require(decide_attested(found, body.kind, body.document))
    attested = found.attested | flag_of(body.kind)
    stage = AdmissionStage.ATTESTED if is_attested(attested) else found.stage
    _put(state, replace(found, attested=attested, stage=stage))


def apply_map_approved(state: WriteState, body: AdmissionMapApproved, _context: Context) -> None:
    """The last step before completion."""
    found, house = _known(state, body.institution)
    require(decide_map(found, house, body.map))
    _put(state, replace(found, map=body.map, stage=AdmissionStage.MAP_APPROVED))


def apply_completed(state: WriteState, body: AdmissionCompleted, _context: Context) -> None:
    """The institution may work."""
    found, _ = _known(state, body.institution)
    _stage(found, AdmissionStage.MAP_APPROVED)
    _put(state, replace(found, stage=AdmissionStage.COMPLETED))


def apply_withdrawal_begun(state: WriteState, body: WithdrawalBegun, _context: Context) -> None:
    """Nothing new begins."""
    found = admission(state, body.institution)
    require(decide_withdrawal(identity.institution(state, body.institution), found))
    kept = found or Admission(body.institution, None, AdmissionStage.COMPLETED)
    _put(state, replace(kept, stage=AdmissionStage.WITHDRAWING))


def apply_withdrawal_settled(state: WriteState, body: WithdrawalSettled, _context: Context) -> None:
    """Nothing is open any more."""
    found, _ = _known(state, body.institution)
    _stage(found, AdmissionStage.WITHDRAWING)
    _put(state, replace(found, stage=AdmissionStage.SETTLED, receipts=body.receipts))


def apply_withdrawal_completed(state: WriteState, body: WithdrawalCompleted, _context: Context) -> None:
    """Stop institution and people; devices must be revoked before, so that the revocation list has them."""
    found, house = _known(state, body.institution)
    _stage(found, AdmissionStage.SETTLED)
    if any(one.institution == body.institution and one.revoked_ms is None for one in identity.devices(state)):
        raise Refused("withdrawal.devices")
    for key, _ in list(state.scan("per")):
        person = identity.person(state, key.decode())
        if person is not None and person.institution == body.institution and person.enabled:
            identity.put_person(state, replace(person, enabled=False))
    if house.enabled:
        identity.put_institution(state, replace(house, enabled=False))
    _put(state, replace(found, stage=AdmissionStage.WITHDRAWN))


ADMISSION_KINDS: tuple[AnyKind, ...] = (
    Kind(AdmissionApplied, apply_applied),
    Kind(AdmissionAttested, apply_attested),
    Kind(AdmissionMapApproved, apply_map_approved),
    Kind(AdmissionCompleted, apply_completed),
    Kind(WithdrawalBegun, apply_withdrawal_begun),
    Kind(WithdrawalSettled, apply_withdrawal_settled),
    Kind(WithdrawalCompleted, apply_withdrawal_completed),
)
