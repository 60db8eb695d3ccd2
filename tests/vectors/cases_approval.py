"""Vectors of approvals: persons' own keys, what they approve, and one fault each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from akashi.ledger.model import Actor, Approval, ApprovalKind, Basis, Purpose
from akashi.ledger.proof.bundle import write_bundle
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import KeyRevoked, RevocationReason
from akashi.ledger.wire import cbor
from akashi.ledger.wire.approval import challenge_of
from akashi.ledger.wire.envelope import OPERATION_TYPE, encode_statement, parse_operation, seal_operation, sign_cose
from tests.vectors.cases_wire import Vector
from tests.vectors.people import (
    DOCTOR,
    DOCTORS_BROWSER,
    DOCTORS_PASSKEY,
    NURSE,
    NURSES_DEVICE,
    PersonKey,
    approved,
    enrol,
    id_of,
)
from tests.vectors.world import (
    HOUR_MS,
    RECEIVER,
    RECEIVER_KEY,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    START_MS,
    EdKey,
    Log,
    P256Key,
    begun,
    enrolled,
)

SAID: tuple[str, dict[int, object]] = ("example.said", {})
BY_DOCTOR, BY_NURSE = Actor(SENDER, DOCTOR), Actor(SENDER, NURSE)
SECOND = PersonKey(EdKey("doctor's second passkey"), DOCTOR)
THIRD = PersonKey(P256Key("doctor's third key"), DOCTOR, ApprovalKind.BROWSER_KEY)
FOREIGN = PersonKey(EdKey("a person elsewhere"), "per-elsewhere", ApprovalKind.DEVICE_KEY)
Made = Callable[[bytes], tuple[Approval, ...]]


def right() -> Iterator[Vector]:
    """Accepted: a passkey, two persons together, further keys of the same person, a reset."""
    log = begun()
    enrol(log, DOCTORS_PASSKEY, NURSES_DEVICE)
    approved(log, SAID, DOCTORS_PASSKEY, actor=BY_DOCTOR)
    approved(log, SAID, NURSES_DEVICE, DOCTORS_PASSKEY, actor=BY_DOCTOR)
    approved(log, SAID, DOCTORS_PASSKEY, actor=BY_NURSE)
    log.say(SAID, SENDER_KEY, SENDER, actor=BY_DOCTOR)
    log.block()
    approved(log, DOCTORS_BROWSER.enrolment(Basis.OWN_KEY), DOCTORS_PASSKEY, actor=BY_DOCTOR)
    approved(log, SAID, DOCTORS_BROWSER, actor=BY_DOCTOR)
    log.say(KeyRevoked(DOCTORS_PASSKEY.key, RevocationReason.COMPROMISED), SENDER_KEY, SENDER)
    log.say(SECOND.enrolment(Basis.RESET), SENDER_KEY, SENDER, actor=BY_NURSE)
    approved(log, SAID, SECOND, actor=BY_DOCTOR)
    log.block()
    data, trust = write_bundle(log.bundle()), log.trust_file()
    shown = verify_file(data, trust).to_json()
    shown["unproven"] = [word for word in _words(shown["unproven"]) if word != "kinds"]
    yield Vector(
        "bundle", "approved", "persons approve with passkeys, browser and device keys", data, trust=trust, result=shown
    )
    yield from _unusual()


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _unusual() -> Iterator[Vector]:
    spaced = b' {"challenge" : "%s", "origin":"%s", "type": "webauthn.get", "more": {"a": [1, null]} }'
    made: dict[str, tuple[str, Callable[[bytes], Approval]]] = {
        "client-data-more": (
            "members in another order, unknown ones, blanks, no crossOrigin",
            lambda said: DOCTORS_PASSKEY.approve(
                said, text=spaced % (challenge_of(said).encode(), DOCTORS_PASSKEY.origin.encode())
            ),
        ),
        "authenticator-extensions": (
            "extension data behind the counter, announced by its flag",
            lambda said: DOCTORS_PASSKEY.approve(said, flags=0x9D, tail=b"\xa1\x61a\x01"),
        ),
    }
    for name, (comment, make) in made.items():
        data, trust = _bundle(lambda said, make=make: (make(said),))  # type: ignore[misc]  # bound at once
        shown = verify_file(data, trust).to_json()
        shown["unproven"] = [word for word in _words(shown["unproven"]) if word != "kinds"]
        yield Vector("bundle", f"approval-{name}", comment, data, trust=trust, result=shown)


def _prepared() -> Log:
    """Two persons' keys at the sender, one of the receiver, a revoked and an expired one, and a device that is no person's."""
    log = begun()
    enrol(log, DOCTORS_PASSKEY, NURSES_DEVICE)
    log.say(FOREIGN.enrolment(institution=RECEIVER), RECEIVER_KEY, RECEIVER)
    approved(log, DOCTORS_BROWSER.enrolment(Basis.OWN_KEY), DOCTORS_PASSKEY, actor=BY_DOCTOR)
    approved(log, SECOND.enrolment(Basis.OWN_KEY), DOCTORS_PASSKEY, actor=BY_DOCTOR)
    approved(log, THIRD.enrolment(Basis.OWN_KEY, valid_to_ms=log.now_ms + 1), DOCTORS_PASSKEY, actor=BY_DOCTOR)
    log.say(KeyRevoked(SECOND.key, RevocationReason.CEASED), SENDER_KEY, SENDER)
    log.block()
    return log


def _bundle(make: Made, *, sealed: bool = True) -> tuple[bytes, bytes]:
    """A log whose last operation carries these approvals, and its trust file."""
    log = _prepared()
    statement = log.statement(*SAID, SENDER, actor=BY_DOCTOR)
    approvals = make(id_of(statement))
    if sealed:
        log.append(seal_operation(statement, SENDER_KEY, approvals))
    else:
        listed: cbor.Value = [
            [int(one.kind), one.key, one.authenticator_data, one.client_data, one.signature] for one in approvals
        ]
        payload = b"\x82" + encode_statement(statement) + cbor.encode(listed)
        log.append(sign_cose(SENDER_KEY, OPERATION_TYPE, payload))
    log.block()
    return write_bundle(log.bundle()), log.trust_file()


def _tampered(said: bytes) -> Approval:
    right = DOCTORS_PASSKEY.approve(said)
    data = bytearray(right.authenticator_data)
    data[-1] ^= 1
    return right._replace(authenticator_data=bytes(data))


def _faults() -> dict[str, tuple[str, str, Made]]:
    other, nobody = sha256(b"another operation").digest(), PersonKey(EdKey("nobody"), DOCTOR, ApprovalKind.DEVICE_KEY)
    passkey, nurse = DOCTORS_PASSKEY, NURSES_DEVICE

    def one(failure: str, comment: str, make: Callable[[bytes], Approval]) -> tuple[str, str, Made]:
        return failure, comment, lambda said: (make(said),)

    return {
        "unknown": one("approval.unknown", "a key that nobody enrolled", nobody.approve),
        "purpose": one(
            "approval.purpose", "a gateway's key", lambda said: PersonKey(RECEIVER_KEY, DOCTOR, ApprovalKind.DEVICE_KEY).approve(said)
        ),
        "kind": one(
            "approval.kind", "a passkey's key used raw", lambda said: replace(passkey, kind=ApprovalKind.BROWSER_KEY).approve(said)
        ),
        "institution": one("approval.institution", "a person of another institution", FOREIGN.approve),
        "expired": one("approval.expired", "a key whose time is over", THIRD.approve),
        "revoked": one("approval.revoked", "a key that was revoked", SECOND.approve),
        "challenge": one("approval.challenge", "the passkey's answer to another challenge", lambda said: passkey.approve(said, challenge=challenge_of(other))),
        "replayed": one("approval.challenge", "the approval of another operation, unchanged", lambda _: passkey.approve(other)),
        "raw-replayed": one("approval.signature", "a device key's approval of another operation", lambda _: nurse.approve(other)),
        "origin": one("approval.origin", "a page of another origin", lambda said: passkey.approve(said, origin="https://clinic.example.net")),
        "cross-origin": one("approval.origin", "a page in another's frame", lambda said: passkey.approve(said, crossOrigin=True)),
        "top-origin": one("approval.origin", "a frame that says whose", lambda said: passkey.approve(said, topOrigin=passkey.origin)),
        "rp": one("approval.rp", "another relying party", lambda said: replace(passkey, rp_id="example").approve(said)),
        "not-verified": one("approval.flags", "the user was not verified", lambda said: passkey.approve(said, flags=0x01)),
        "not-present": one("approval.flags", "the user was not present", lambda said: passkey.approve(said, flags=0x04)),
        "attested": one("approval.flags", "attested data in an assertion", lambda said: passkey.approve(said, flags=0x45, tail=bytes(18))),
        "unannounced": one("approval.flags", "bytes that no flag announces", lambda said: passkey.approve(said, tail=b"\xa0")),
        "announced": one("approval.flags", "a flag without its bytes", lambda said: passkey.approve(said, flags=0x85)),
        "tampered": one("approval.signature", "a bit of the authenticator's data", _tampered),
        "type": one("approval.form", "a registration", lambda said: passkey.approve(said, type="webauthn.create")),
        "json": one("approval.form", "no JSON", lambda said: passkey.approve(said, text=b"{")),
        "json-list": one("approval.form", "a list", lambda said: passkey.approve(said, text=b"[]")),
        "json-twice": one(
            "approval.form", "a name twice",
            lambda said: passkey.approve(said, text=passkey.approve(said).client_data[:-1] + b',"type":"webauthn.get"}'),
        ),
        "json-float": one("approval.form", "a fraction", lambda said: passkey.approve(said, more=1.5)),
        "json-nan": one("approval.form", "no number", lambda said: passkey.approve(said, more=float("nan"))),
        "json-deep": one("approval.form", "seventeen brackets", lambda said: passkey.approve(said, more=[[]] * 15)),
        "json-utf-8": one("approval.form", "not UTF-8", lambda said: passkey.approve(said, text=b'{"type":"\xff"}')),
        "same-key": ("approval.again", "the same key twice", lambda said: (nurse.approve(said), nurse.approve(said))),
        "same-person": (
            "approval.again", "two keys of one person",
            lambda said: (passkey.approve(said), DOCTORS_BROWSER.approve(said)),
        ),
        "second-wrong": (
            "approval.signature", "the second of two is wrong",
            lambda said: (passkey.approve(said), nurse.approve(other)),
        ),
        "first-wrong": (
            "approval.signature", "the first of two is wrong, the second's key unknown",
            lambda said: (nurse.approve(other), nobody.approve(said)),
        ),
    }  # fmt: skip


FAULTS = _faults()
"""Name to failure class, comment, and how the approvals of an operation id are made."""


def wrong() -> Iterator[Vector]:
    """Approvals that do not hold: the whole bundle fails."""
    for name, (failure, comment, make) in FAULTS.items():
        data, trust = _bundle(make)
        yield Vector("bundle", f"approval-{name}", comment, data, failure, trust)
    data, trust = _bundle(lambda said: tuple([NURSES_DEVICE.approve(said)] * 5), sealed=False)
    yield Vector("bundle", "approval-five", "five approvals", data, "approval.many", trust)
    log = _prepared()
    statement = log.statement(*SAID, SENDER, actor=BY_DOCTOR)
    log.append(seal_operation(statement, SENDER_KEY, (NURSES_DEVICE.approve(bytes(32)),))[:-64] + bytes(64))
    log.block()
    data = write_bundle(log.bundle())
    yield Vector(
        "bundle",
        "approval-unsigned",
        "a wrong envelope comes before a wrong approval",
        data,
        "signature",
        log.trust_file(),
    )


def wrong_enrolments() -> Iterator[Vector]:
    """Persons' keys that nobody may enrol like that."""
    new = PersonKey(P256Key("a new passkey"), DOCTOR)
    raw = PersonKey(P256Key("a new browser key"), "per-new00001", ApprovalKind.BROWSER_KEY)
    faults: dict[str, tuple[str, Callable[[Log], object]]] = {
        "basis-1-again": ("a first key for one who has a key", lambda log: log.say(new.enrolment(), SENDER_KEY, SENDER)),
        "basis-2-nobody": (
            "own key, without its approval",
            lambda log: log.say(new.enrolment(Basis.OWN_KEY), SENDER_KEY, SENDER, actor=BY_DOCTOR),
        ),
        "basis-2-other": (
            "own key, approved by somebody else",
            lambda log: approved(log, new.enrolment(Basis.OWN_KEY), NURSES_DEVICE, actor=BY_DOCTOR),
        ),
        "basis-3-self": (
            "a reset by the person themselves",
            lambda log: log.say(new.enrolment(Basis.RESET), SENDER_KEY, SENDER, actor=BY_DOCTOR),
        ),
        "basis-3-machine": (
            "a reset by nobody", lambda log: log.say(new.enrolment(Basis.RESET), SENDER_KEY, SENDER),
        ),
        "person-by-other": (
            "another institution's gateway", lambda log: log.say(raw.enrolment(), RECEIVER_KEY, RECEIVER),
        ),
        "person-without-person": (
            "no person", lambda log: log.say(replace(raw.enrolment(), person=None), SENDER_KEY, SENDER),
        ),
        "person-passkey-bare": (
            "a passkey without its origin",
            lambda log: log.say(replace(PersonKey(raw.signer, raw.person).enrolment(), origin_digest=None), SENDER_KEY, SENDER),
        ),
        "person-raw-origin": (
            "a browser key with an origin",
            lambda log: log.say(replace(raw.enrolment(), origin_digest=bytes(32)), SENDER_KEY, SENDER),
        ),
        "person-possession": (
            "a browser key without proof", lambda log: log.say(replace(raw.enrolment(), possession=None), SENDER_KEY, SENDER),
        ),
        "person-other-possession": (
            "the proof names no person",
            lambda log: log.say(
                replace(raw.enrolment(), possession=enrolled(raw.signer, SENDER, Purpose.PERSON).possession),
                SENDER_KEY, SENDER,
            ),
        ),
        "person-no-key": (
            "a passkey that is no key",
            lambda log: log.say(_garbage(), SENDER_KEY, SENDER),
        ),
        "gateway-with-person": (
            "a gateway's key with a person",
            lambda log: log.say(
                replace(enrolled(EdKey("new"), SENDER, Purpose.GATEWAY), person=DOCTOR), SENDER_KEY, SENDER
            ),
        ),
    }  # fmt: skip
    for name, (comment, spoil) in faults.items():
        log = _prepared()
        spoil(log)
        log.block()
        yield Vector("bundle", f"enrolment-{name}", comment, write_bundle(log.bundle()), "enrolment", log.trust_file())
    log = _prepared()
    log.say(SAID, NURSES_DEVICE.signer, SENDER, actor=BY_NURSE)
    log.block()
    made = write_bundle(log.bundle())
    yield Vector(
        "bundle", "signer-person", "a person's key signs an envelope", made, "signer.purpose", log.trust_file()
    )


def _garbage() -> object:
    body = PersonKey(P256Key("another"), "per-new00002").enrolment()
    public = body.public[:-1] + b"\x00"
    return replace(body, public=public, key=sha256(public).digest())


def operations() -> Iterator[Vector]:
    """The form of approvals in an envelope."""
    log = begun()
    statement = log.statement(*SAID, SENDER, actor=BY_DOCTOR)
    right = DOCTORS_PASSKEY.approve(id_of(statement))
    envelope = seal_operation(statement, SENDER_KEY, (right, NURSES_DEVICE.approve(id_of(statement))))
    parsed = parse_operation(envelope)
    shown = {"id": parsed.id.hex(), "kind": parsed.statement.kind, "key": parsed.key.hex()}
    yield Vector("operation", "approved", "a passkey and a device key approve", envelope, result=shown)
    item: list[cbor.Value] = [1, right.key, right.authenticator_data, right.client_data, right.signature]
    faults: dict[str, tuple[cbor.Value, str]] = {
        "map": ({}, "no array"),
        "of-four": ([item[:4]], "four fields"),
        "kind-0": ([[0, *item[1:]]], "kind 0"),
        "kind-4": ([[4, *item[1:]]], "kind 4"),
        "kind-true": ([[True, *item[1:]]], "true is not 1"),
        "key": ([[1, right.key[:31], *item[2:]]], "a key id of 31 bytes"),
        "signature": ([[*item[:4], right.signature + b"\x00"]], "a signature of 65 bytes"),
        "text": ([[*item[:3], right.client_data.decode(), right.signature]], "clientDataJSON as text"),
        "short": ([[1, right.key, right.authenticator_data[:36], *item[3:]]], "36 bytes of authenticator data"),
        "long": ([[1, right.key, right.authenticator_data + bytes(988), *item[3:]]], "1,025 bytes of it"),
        "no-client-data": ([[*item[:3], b"", right.signature]], "a passkey without clientDataJSON"),
        "long-client-data": ([[*item[:3], b" " * 2049, right.signature]], "2,049 bytes of clientDataJSON"),
        "raw-with-data": ([[2, *item[1:]]], "a browser key with an assertion"),
    }
    for name, (value, comment) in faults.items():
        data = sign_cose(SENDER_KEY, OPERATION_TYPE, b"\x82" + encode_statement(statement) + cbor.encode(value))
        yield Vector("operation", f"approval-{name}", comment, data, "op.approvals")
    late = log.statement("example.said", {}, SECRETARIAT)._replace(not_after_ms=START_MS + HOUR_MS, nonce=b"")
    data = sign_cose(SENDER_KEY, OPERATION_TYPE, b"\x82" + encode_statement(late) + cbor.encode([0]))
    yield Vector("operation", "approval-first", "approvals are looked at before the statement", data, "op.approvals")


APPROVALS: tuple[Callable[[], Iterator[Vector]], ...] = (right, wrong, wrong_enrolments, operations)
