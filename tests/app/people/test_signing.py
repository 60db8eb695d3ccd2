"""A person signs for themselves at a real gateway: asked, shown, answered; and every other answer is refused and recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from akashi.app.desk import evidence
from akashi.app.gateway.asking import LIFE_MS, MOST, MOST_OF_ONE, Answer, PendingApprovals
from akashi.app.gateway.home import acting
from akashi.app.people import signing
from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.exchange.events import TransferWithdrawn
from akashi.exchange.model import SendRequest, WithdrawReason, document
from akashi.exchange.sending import Sent
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.author import Approving, prepared
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted
from akashi.ledger.model import Actor, ApprovalKind, Auth, AuthMethod, Basis, Statement
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import KeyEnrolled, KeyRevoked, RevocationReason
from tests.app.service import CLINIC, PAYER, Service
from tests.vectors.people import PersonKey
from tests.vectors.world import P256Key


def passkey(service: Service, label: str = "a passkey", part: str = CLINIC) -> PersonKey:
    """A passkey of the person who plays ``part``, not yet enrolled."""
    return PersonKey(P256Key(label), service.cast.persons[part])


def enrolled(service: Service, key: PersonKey, part: str = CLINIC) -> PersonKey:
    """Enrol it on the institution's word, from today for a year."""
    gateway, now = service.gateway(part), service.clock.now_ms()
    body = replace(
        key.enrolment(institution=gateway.institution), valid_from_ms=now, valid_to_ms=now + 400 * 86_400_000
    )
    gateway.author.submit(body, subject=key.person)
    return key


def request(service: Service, content: bytes = b"id\r\n1\r\n") -> SendRequest:
    """One file to the payer."""
    return SendRequest(receiver=service.cast.handles[PAYER], documents=(document("kekka.csv", content),))


def signed(session: Session, approving: Approving | None) -> Session:
    """The session of one request."""
    return replace(session, approving=approving)


def send(service: Service, *answers: Answer, content: bytes = b"id\r\n1\r\n", session: Session | None = None) -> Sent:
    """One run of the use case, with the answers so far."""
    found = session or service.session(CLINIC)
    approving = signing.approving_for(service.clinic, found, answers)
    return service.clinic.exchange.send(request(service, content), acting(signed(found, approving)))


def wanted(service: Service, content: bytes = b"id\r\n1\r\n") -> ApprovalWanted:
    """The first run: what the person must approve."""
    with pytest.raises(ApprovalWanted) as error:
        send(service, content=content)
    return error.value


def answer(key: PersonKey, want: ApprovalWanted, **bend: object) -> Answer:
    """What the page's script posts, with an authenticator's DER signature."""
    made = key.approve(want.operation, **bend)  # type: ignore[arg-type]  # faults by name
    half = len(made.signature) // 2
    der = encode_dss_signature(
        int.from_bytes(made.signature[:half], "big"), int.from_bytes(made.signature[half:], "big")
    )
    return signing.answer_of(
        want.operation.hex(), key.key.hex(), int(made.kind), der, made.authenticator_data, made.client_data
    )


def journal(service: Service) -> list[tuple[Outcome, str | None]]:
    """What the clinic's journal says of approvals."""
    return [(one.outcome, one.reason) for one in service.clinic.journal.entries() if one.what is What.APPROVED]


def test_who_has_no_key_is_signed_for(service: Service) -> None:
    """Without a key of their own nobody is asked: the gateway signs on their behalf."""
    assert signing.approving_for(service.clinic, service.session(CLINIC)) is None


def test_the_person_signs_what_they_were_shown(service: Service) -> None:
    """Asked, answered, sent: the evidence names the person and their passkey, verified against the trust file offline."""
    key = enrolled(service, passkey(service))
    want = wanted(service)
    sent = send(service, answer(key, want))
    verdict = verify_file(
        evidence.collected(service.clinic, sent.transfer), service.clinic.paths.trust.read_bytes(), KINDS
    )
    (row,) = [row for row in verdict.operations if row.kind == "transfer.sent"]
    assert row.id == want.operation.hex() == sent.acknowledged.operation_id.hex()
    assert row.approvals == ((key.person, ApprovalKind.PASSKEY, Basis.INTRODUCED),)
    assert journal(service) == [(Outcome.DONE, None)]


def test_a_page_learns_what_to_ask(service: Service) -> None:
    """Challenge, message and keys are there, and nothing of what is sent."""
    key = enrolled(service, passkey(service))
    want = wanted(service)
    shown = signing.asked(want)
    assert (shown["operation"], shown["kind"]) == (want.operation.hex(), "transfer.sent")
    assert shown["keys"] == [{"key": key.key.hex(), "kind": 1}]
    assert set(shown) == {"operation", "kind", "challenge", "message", "keys"}


@pytest.mark.parametrize(
    ("bend", "reason"),
    [
        ({"flags": 0x01}, "approval.flags"),
        ({"origin": "https://clinic.example.evil"}, "approval.origin"),
        ({"crossOrigin": True}, "approval.origin"),
        ({"challenge": "AAAA"}, "approval.challenge"),
        ({"type": "webauthn.create"}, "approval.form"),
    ],
)
def test_a_wrong_assertion_is_refused_and_recorded(service: Service, bend: dict[str, object], reason: str) -> None:
    """Wrong origin, frame, challenge, type or no user verification: nothing is sent, the journal says why."""
    key = enrolled(service, passkey(service))
    want = wanted(service)
    with pytest.raises(ApprovalMismatch) as error:
        send(service, answer(key, want, **bend))
    assert (error.value.reason, journal(service)) == (reason, [(Outcome.REFUSED, reason)])
    assert service.clinic.exchange.outbox() == []


def test_another_persons_key_does_not_approve(service: Service) -> None:
    """The payer's passkey is nobody's at the clinic."""
    enrolled(service, passkey(service))
    theirs = enrolled(service, passkey(service, "theirs", PAYER), PAYER)
    want = wanted(service)
    with pytest.raises(ApprovalMismatch) as error:
        send(service, answer(theirs, want))
    assert error.value.reason == "approval.unknown"


def test_a_revoked_key_does_not_approve(service: Service) -> None:
    """A key that was stopped between question and answer is no key any more."""
    key, other = enrolled(service, passkey(service)), passkey(service, "second")
    enrol_second(service, other, key)
    want = wanted(service)
    service.clinic.author.submit(KeyRevoked(key.key, RevocationReason.COMPROMISED))
    with pytest.raises(ApprovalMismatch) as error:
        send(service, answer(key, want))
    assert error.value.reason == "approval.unknown"


def test_an_answer_of_another_session_is_refused(service: Service) -> None:
    """What one session was shown, another one of the same person cannot answer (a stolen form)."""
    key = enrolled(service, passkey(service))
    want = wanted(service)
    elsewhere = replace(service.session(CLINIC), id=b"another session" * 2)
    with pytest.raises(ApprovalMismatch) as error:
        send(service, answer(key, want), session=elsewhere)
    assert error.value.reason == "approval.over"


def test_an_answer_after_five_minutes_is_refused(service: Service) -> None:
    """Five minutes after the question the answer is too late; the person begins again."""
    key = enrolled(service, passkey(service))
    want = wanted(service)
    service.clock.advance(LIFE_MS)
    with pytest.raises(ApprovalMismatch) as error:
        send(service, answer(key, want))
    assert error.value.reason == "approval.over"


def test_an_answer_does_not_carry_another_operation(service: Service) -> None:
    """An approval of one transfer's withdrawal withdraws that one and no other."""
    first, second = send(service), send(service, content=b"id\r\n2\r\n")
    key = enrolled(service, passkey(service))
    with pytest.raises(ApprovalWanted) as error:
        withdraw(service, first.transfer)
    with pytest.raises(ApprovalMismatch) as mismatch:
        withdraw(service, second.transfer, answer(key, error.value))
    assert mismatch.value.reason == "approval.differs"


def withdraw(service: Service, name: str, *answers: Answer) -> Acknowledged:
    """One run of taking a transfer back."""
    session = service.session(CLINIC)
    approving = signing.approving_for(service.clinic, session, answers)
    return service.clinic.exchange.withdraw(name, WithdrawReason.WRONG_CONTENT, acting(signed(session, approving)))


def test_a_withdrawal_is_signed_too(service: Service) -> None:
    """What has no random parts needs nothing kept: asked, answered, done."""
    sent = send(service)
    key = enrolled(service, passkey(service))
    with pytest.raises(ApprovalWanted) as error:
        withdraw(service, sent.transfer)
    assert withdraw(service, sent.transfer, answer(key, error.value)).operation_id == error.value.operation


def test_a_second_key_is_approved_with_the_first(service: Service) -> None:
    """Basis 2: the enrolment of a further key is itself an operation that the person approves."""
    key, other = enrolled(service, passkey(service)), passkey(service, "second")
    enrol_second(service, other, key)
    found = signing.usable_keys(service.clinic, service.session(CLINIC))
    assert {(one.key, one.basis) for one in found} == {(key.key, Basis.INTRODUCED), (other.key, Basis.OWN_KEY)}


def _second(service: Service, other: PersonKey) -> KeyEnrolled:
    now = service.clock.now_ms()
    body = other.enrolment(Basis.OWN_KEY, institution=service.clinic.institution)
    return replace(body, valid_from_ms=now, valid_to_ms=now + 86_400_000)


def enrol_second(service: Service, other: PersonKey, key: PersonKey) -> None:
    """Ask for the enrolment of ``other`` and answer with ``key``."""
    session, body = service.session(CLINIC), _second(service, other)

    def run(*answers: Answer) -> None:
        approving = signing.approving_for(service.clinic, session, answers)
        service.clinic.author.submit(
            body, subject=key.person, person=session.person, auth=session.auth, approving=approving
        )

    with pytest.raises(ApprovalWanted) as error:
        run()
    run(answer(key, error.value))


@pytest.mark.parametrize("method", sorted(signing.WITHOUT_THEIR_KEY))
def test_who_lost_the_key_is_not_stuck(service: Service, method: AuthMethod) -> None:
    """Whoever came in by the temporary route or a recovery code is signed for; the operation says how they came in."""
    enrolled(service, passkey(service))
    assert signing.approving_for(service.clinic, replace(service.session(CLINIC), method=method)) is None


def test_a_device_key_is_not_asked_by_a_page(service: Service) -> None:
    """A page cannot ask the command line's key, and the command line signs with its own key only."""
    key = P256Key("clinic's console")
    held = PersonKey(key, service.cast.persons[CLINIC], ApprovalKind.DEVICE_KEY)
    session, clinic = service.session(CLINIC), service.clinic
    body = _second(service, held)
    proof = key.sign(signing.possession_of(clinic, held.key, session.person))
    clinic.author.submit(replace(body, possession=proof, basis=Basis.INTRODUCED))
    assert signing.approving_for(clinic, session) is None
    assert signing.approving_with(clinic, session, P256Key("somebody else's")) is None
    made = signing.approving_with(clinic, session, key)
    done = clinic.exchange.send(request(service), acting(signed(session, made)))
    verdict = verify_file(evidence.collected(clinic, done.transfer), clinic.paths.trust.read_bytes(), KINDS)
    assert [row.approvals for row in verdict.operations if row.kind == "transfer.sent"] == [
        ((session.person, ApprovalKind.DEVICE_KEY, Basis.INTRODUCED),)
    ]


@pytest.mark.parametrize(
    ("operation", "key", "kind", "signature", "data"),
    [
        ("zz", "00" * 32, 1, b"", b""),
        ("00" * 31, "00" * 32, 2, bytes(64), b""),
        ("00" * 32, "00" * 31, 2, bytes(64), b""),
        ("00" * 32, "00" * 32, 4, bytes(64), b""),
        ("00" * 32, "00" * 32, 2, bytes(63), b""),
        ("00" * 32, "00" * 32, 2, bytes(64), b"x"),
        ("00" * 32, "00" * 32, 1, bytes(64), bytes(37)),
    ],
)
def test_an_answer_out_of_form_is_refused(operation: str, key: str, kind: int, signature: bytes, data: bytes) -> None:
    """Whatever a script posts: an answer, or ``approval.form``."""
    with pytest.raises(ApprovalMismatch) as error:
        signing.answer_of(operation, key, kind, signature, data, b"{}" if data else b"")
    assert error.value.reason == "approval.form"


def statement(number: int) -> Statement:
    """An operation of its own."""
    actor, auth = Actor("inst-clinic0", "per-someone0"), Auth(AuthMethod.PASSWORD, 0)
    return Statement(bytes(16), "person.changed", 1, actor, auth, None, {1: number}, 0, 1, bytes(16))


def test_what_waits_is_bounded() -> None:
    """A thousand wait, twenty of one session; the oldest give way, those of others as the last."""
    pending = PendingApprovals(FixedClock(0))
    first = pending.keep(b"patient", statement(0), {})
    for number in range(1, 100):
        pending.keep(b"flood", statement(number), {})
    assert (len(pending), pending.find(first, b"patient") is not None) == (MOST_OF_ONE + 1, True)
    for number in range(100, 100 + 2 * MOST):
        pending.keep(number.to_bytes(4, "big"), statement(number), {})
    assert len(pending) == MOST


def test_what_a_session_was_shown_ends_with_it() -> None:
    """After sign-out nothing of the session waits."""
    pending = PendingApprovals(FixedClock(0))
    mine, theirs = pending.keep(b"mine", statement(1), {}), pending.keep(b"theirs", statement(2), {})
    pending.drop(b"mine")
    assert (pending.find(mine, b"mine"), pending.find(theirs, b"theirs") is not None) == (None, True)


def test_what_was_made_anew_is_the_same_in_the_second_run(service: Service) -> None:
    """A handle, a salt: what a use case prepared for the question is what it gets for the answer, call by call."""
    key = enrolled(service, passkey(service))
    session, numbers = service.session(CLINIC), iter(range(10))

    def run(*answers: Answer) -> list[int]:
        approving = signing.approving_for(service.clinic, session, answers)
        made = [prepared(approving, "number", lambda: next(numbers)) for _ in range(2)]
        service.clinic.author.compose(
            TransferWithdrawn(f"tr-000{made[0]}", WithdrawReason.WRONG_CONTENT),
            person=session.person,
            auth=session.auth,
            approving=approving,
        )
        return made

    with pytest.raises(ApprovalWanted) as error:
        run()
    assert run(answer(key, error.value)) == [0, 1]
    assert prepared(None, "number", lambda: 7) == 7
