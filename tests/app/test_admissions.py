"""An institution joins step by step and leaves with a certificate; nothing is skipped, nobody works too early or too late."""

from __future__ import annotations

import io
import zipfile
from hashlib import sha256

import pytest

from akashi.app.config import GatewaySettings
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip
from akashi.app.membership.joining import Admissions
from akashi.app.membership.leaving import Withdrawals
from akashi.app.wiring import KINDS
from akashi.exchange.errors import TransferDenied
from akashi.exchange.records import party
from akashi.identity import events as identity
from akashi.identity.admission.errors import AttestationUnusable, NameTaken, NoAdmission, StepsMissing, TransfersOpen
from akashi.identity.admission.events import AdmissionApplied
from akashi.identity.admission.model import Admission, AdmissionStage, AttestedKind
from akashi.identity.errors import NotPermitted, SessionEnded
from akashi.identity.model import InstitutionReason, InstitutionRole, Role
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.errors import Refused
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.app.people.staff import again, signed_in
from tests.app.service import CLINIC, DAY_MS, PASSPHRASE, PAYER, START, Service, checkup_file

RULES, TRAINING = b"invented operating rules", b"invented record of training"


def _applied(
    service: Service, name: str = "架空第二健保", roles: InstitutionRole = InstitutionRole.RECEIVER
) -> Admission:
    return Admissions(service.server).apply(
        name=name, number="", roles=roles, rules=RULES, training=TRAINING, trained_ms=START - DAY_MS
    )


def _equipped(service: Service, institution: str) -> Joined:
    first = FirstPerson("hajime", "架空 初", Role.MANAGER | Role.OPERATOR)
    return equip(
        service.server,
        service.home,
        institution,
        first,
        PASSPHRASE,
        GatewaySettings(),
        service.clock,
        cost=FAST_UNSAFE_COST,
    )


def _attested(service: Service, institution: str) -> None:
    admissions = Admissions(service.server)
    admissions.attest(institution, AttestedKind.OPERATING_RULES, RULES)
    admissions.attest(institution, AttestedKind.TRAINING, TRAINING)


def test_people_work_only_when_the_admission_is_complete(service: Service) -> None:
    """Before: they prepare, and neither read nor send; with completion the same session works."""
    institution = _applied(service).institution
    joined = _equipped(service, institution)
    try:
        session = signed_in(joined.gateway, joined.person)
        with pytest.raises(NotPermitted):
            joined.gateway.accounts.require(session, "transfer.open")
        joined.gateway.accounts.require(session, "maps.manage")
        _attested(service, institution)
        Admissions(service.server).approve_map(institution)
        Admissions(service.server).complete(institution)
        joined.gateway.accounts.require(again(joined.gateway, session), "transfer.open")
        assert again(joined.gateway, session).roles == Role.MANAGER | Role.OPERATOR
    finally:
        joined.gateway.close()


def test_nothing_is_sent_to_who_has_not_finished(service: Service) -> None:
    """The ledger's own rule counts an institution under admission as closed, whatever a gateway would allow."""
    institution = _applied(service).institution
    with service.server.engine.view() as state:
        found = party(state, institution, START)
    assert found is not None
    assert not found.enabled


def test_steps_are_not_skipped(service: Service) -> None:
    """Attack: completing without attested documents; taking note of a map too early; a sender without an approved map."""
    admissions = Admissions(service.server)
    institution = _applied(service, roles=InstitutionRole.SENDER).institution
    with pytest.raises(StepsMissing):
        admissions.complete(institution)
    with pytest.raises(StepsMissing):
        admissions.approve_map(institution)
    _attested(service, institution)
    with pytest.raises(StepsMissing):
        admissions.approve_map(institution)
    assert admissions.find(institution).stage is AdmissionStage.ATTESTED


def test_only_the_documents_of_the_application_are_attested(service: Service) -> None:
    """Attack: attesting another file, the same one twice, one that was never applied with."""
    admissions = Admissions(service.server)
    institution = _applied(service).institution
    for kind, document in ((AttestedKind.OPERATING_RULES, TRAINING), (AttestedKind.TRAINING, b"other")):
        with pytest.raises(AttestationUnusable):
            admissions.attest(institution, kind, document)
    admissions.attest(institution, AttestedKind.TRAINING, TRAINING)
    with pytest.raises(AttestationUnusable):
        admissions.attest(institution, AttestedKind.TRAINING, TRAINING)


@pytest.mark.parametrize("trained_ms", [START + DAY_MS, START - 400 * DAY_MS])
def test_training_was_held_within_a_year(service: Service, trained_ms: int) -> None:
    """Attack: training that is yet to come, or long ago; no institution is left behind."""
    before = len(service.server.directory.entries())
    with pytest.raises(AttestationUnusable):
        Admissions(service.server).apply(
            name="架空",
            number="",
            roles=InstitutionRole.RECEIVER,
            rules=RULES,
            training=TRAINING,
            trained_ms=trained_ms,
        )
    assert len(service.server.directory.entries()) == before


@pytest.mark.parametrize("name", ["架空健診センター", "架空 健診センター", "架空健診ｾﾝﾀｰ"])
def test_two_institutions_cannot_have_one_name(service: Service, name: str) -> None:
    """Attack: registering a name that a person would take for another institution's."""
    with pytest.raises(NameTaken):
        _applied(service, name=name)


def test_who_is_at_work_is_not_sent_back_to_the_door(service: Service) -> None:
    """Attack: stopping a working institution by applying in its name."""
    body = AdmissionApplied("adm-00000000", service.cast.handles[CLINIC], bytes(32), bytes(32), START)
    with pytest.raises(Refused) as caught:
        service.server.author.submit(body)
    assert caught.value.params["reason"] == "admission.at_work"


def test_a_withdrawal_waits_for_open_transfers(service: Service) -> None:
    """Attack: leaving with something unconfirmed; it is listed, and nothing new begins meanwhile."""
    sent = service.send(service.draft(checkup_file()))
    withdrawals, clinic = Withdrawals(service.server), service.cast.handles[CLINIC]
    begun = withdrawals.begin(clinic, InstitutionReason.WITHDRAWN)
    assert begun.open == (sent.transfer,)
    with pytest.raises(TransfersOpen):
        withdrawals.settle(clinic)
    with pytest.raises(TransferDenied):
        service.send(service.draft(checkup_file(seed=8)))


def test_completing_needs_settling(service: Service) -> None:
    """Attack: closing accounts without the certificate; leaving twice."""
    withdrawals, payer = Withdrawals(service.server), service.cast.handles[PAYER]
    with pytest.raises(NoAdmission):
        withdrawals.complete(payer)
    withdrawals.begin(payer, InstitutionReason.WITHDRAWN)
    with pytest.raises(NoAdmission):
        withdrawals.complete(payer)
    with pytest.raises(Refused):
        withdrawals.begin(payer, InstitutionReason.WITHDRAWN)


def test_a_withdrawal_ends_with_a_certificate_that_verifies(service: Service) -> None:
    """Erased, exported, certified, closed: each bundle verifies offline, and the ledger has the digests of both lists."""
    sent = service.send(service.draft(checkup_file()))
    service.open(sent.transfer)
    service.confirm(sent.transfer)
    session = service.session(CLINIC)
    trust = service.clinic.paths.trust.read_bytes()
    withdrawals, clinic = Withdrawals(service.server), service.cast.handles[CLINIC]
    withdrawals.begin(clinic, InstitutionReason.WITHDRAWN)
    withdrawals.settle(clinic)
    data = withdrawals.complete(clinic)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    bundles = [name for name in files if name.endswith(".akashi")]
    assert sorted(bundles) == sorted([f"{clinic}.akashi", f"{sent.transfer}.akashi"])
    for name in bundles:
        assert verify_file(files[name], trust, KINDS).status is Status.VERIFIED
    leaves = [parse_leaf(leaf) for part in parse_bundle(files[f"{clinic}.akashi"]).ranges for leaf in part.leaves]
    said = next(
        one.body
        for one in (parse_operation(leaf.envelope).statement for leaf in leaves)
        if one.kind == "withdrawal.settled"
    )
    assert said[3] == sha256(files["exports.txt"]).digest()
    assert said[4] == sha256(files["receipts.csv"]).digest()
    assert sent.transfer.encode() in files["receipts.csv"]
    with pytest.raises(SessionEnded):
        again(service.clinic, session)
    with service.server.engine.view() as state:
        house = identity.institution(state, clinic)
        assert house is not None
        assert not house.enabled
        assert all(one.revoked_ms for one in identity.devices(state) if one.institution == clinic)
