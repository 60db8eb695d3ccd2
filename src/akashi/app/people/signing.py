"""A person signs for themselves: asked in one request, answered in the next, for the very operation that was shown.

Guarantees: one table (:data:`SIGNED`) says which operations a person signs with a key of their own; whoever has no key that this face can ask is
signed for by the gateway, and every report says so. Each approval, taken or refused, is in the access journal. Refuses answers that are not of
the form that :func:`asked` describes. Trusts the page to show what the statement says.

A face runs a use case twice::

    session = replace(session, approving=approving_for(gateway, session, answers))
    try:
        use_case(gateway, session, ...)
    except ApprovalWanted as wanted:
        ...  # show wanted.statement; ask the person's key for asked(wanted); run again with answers=[answer_of(...)]
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from akashi.app.gateway.asking import Answer, Asked, Asker
from akashi.app.gateway.home import Gateway
from akashi.identity.factors.passkeys import from_base64, to_base64
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.author import Approving
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted, KeyApproving
from akashi.ledger.keyring.records import keys_of_person
from akashi.ledger.model import Algorithm, Approval, ApprovalKind, AuthMethod, KeyRecord, Statement
from akashi.ledger.registry import possession_message
from akashi.ledger.rules import is_current
from akashi.ledger.wire.approval import AUTHENTICATOR_DATA, CLIENT_DATA, MAX_APPROVALS, challenge_of, raw_message
from akashi.ledger.wire.envelope import DIGEST_SIZE, SIGNATURE_SIZE, Signer, key_id

IN_A_BROWSER = frozenset({ApprovalKind.PASSKEY, ApprovalKind.BROWSER_KEY})
"""The keys that a page can ask."""

SIGNED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "access.review": frozenset({"access.reviewed"}),
        "client.manage": frozenset({"client.changed", "client.disabled", "client.enrolled"}),
        "conformity.assess": frozenset({"conformity.assessment_evaluated"}),
        "conformity.decide": frozenset({"conformity.board_decided", "conformity.committee_decided"}),
        "conformity.probe": frozenset({"conformity.target_registered", "conformity.target_withdrawn"}),
        "conformity.publish": frozenset({"conformity.assessment_published", "conformity.assessment_withdrawn"}),
        "conformity.submit": frozenset(
            {
                "conformity.assessment_applied", "conformity.assessment_withdrawn", "conformity.boundary_agreed",
                "conformity.boundary_ended", "conformity.boundary_proposed", "conformity.risk_accepted",
            }
        ),
        "document.sign": frozenset({"document.signed"}),
        "emergency.declare": frozenset({"emergency.declared", "emergency.ended"}),
        "emergency.open": frozenset({"emergency.asked", "emergency.closed", "emergency.opened"}),
        "emergency.prepare": frozenset({"emergency.prepared", "emergency.rotated"}),
        "emergency.review": frozenset({"emergency.closed", "emergency.reviewed"}),
        "maintenance.decide": frozenset({"visit.decided"}),
        "maintenance.request": frozenset({"visit.reported", "visit.requested"}),
        "maintenance.review": frozenset({"visit.reported", "visit.reviewed"}),
        "maps.manage": frozenset(
            {"checkup.map_adopted", "checkup.map_approved", "checkup.map_retired", "checkup.map_shared"}
        ),
        "person.apply": frozenset({"rights.requested"}),
        "person.confirm": frozenset({"rights.confirmed"}),
        "person.decide": frozenset({"rights.decided"}),
        "person.manage": frozenset(
            {
                "department.changed", "department.closed", "department.registered", "person.changed",
                "person.disabled", "person.placed", "person.registered",
            }
        ),
        "person.reset": frozenset({"key.enrolled", "person.reset"}),
        "person.review": frozenset({"review.closed", "review.decided", "review.opened"}),
        "self.manage": frozenset({"access.confirmed", "key.enrolled"}),
        "transfer.confirm": frozenset({"transfer.confirmed"}),
        "transfer.open": frozenset({"transfer.exported", "transfer.opened"}),
        "transfer.refuse": frozenset({"transfer.refused"}),
        "transfer.send": frozenset({"transfer.sent"}),
        "transfer.withdraw": frozenset({"transfer.withdrawn"}),
    }
)  # fmt: skip
"""Action (``identity.permissions``) to what a person who has a key signs with it under that action; the table of permissions marks these actions
as signed. Not ``key.revoked``: a lost key must be stopped by one who has it no more."""

AT_A_CONSOLE = frozenset(
    {
        "admission.applied", "admission.attested", "admission.completed", "admission.map_approved",
        "device.enrolled", "device.revoked",
        "institution.disabled", "institution.enabled", "institution.registered",
        "payload.erasure_ordered", "shares.made", "shares.used",
        "withdrawal.begun", "withdrawal.completed", "withdrawal.settled",
    }
)  # fmt: skip
"""What the service itself or somebody at its console says today, in no person's session: whoever comes to say it in one is asked as well."""

SIGNED_KINDS = frozenset().union(*SIGNED.values(), AT_A_CONSOLE)
"""What a person who has a key signs with it."""

WITHOUT_THEIR_KEY = frozenset({AuthMethod.TEMPORARY, AuthMethod.PASSWORD_RECOVERY})
"""Who came in like this has lost what they would sign with: the gateway signs, and the operation says how they came in."""


def usable_keys(
    gateway: Gateway, session: Session, kinds: Collection[ApprovalKind] = IN_A_BROWSER
) -> tuple[KeyRecord, ...]:
    """The person's current keys of these kinds, as the ledger has them."""
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        found = keys_of_person(state, session.person, gateway.institution)
    return tuple([key for key in found if key.approval in kinds and is_current(key, now)])


def approving_for(gateway: Gateway, session: Session, answers: Sequence[Answer] = ()) -> Approving | None:
    """How the person of a session approves during this request of a browser; ``None`` where the gateway signs for them.

    ``answers``: all that the person has given for this use case so far; each is bound to the session that was asked.
    """
    keys = () if session.method in WITHOUT_THEIR_KEY else usable_keys(gateway, session)
    if not keys:
        return None

    def told(statement: Statement, reason: str | None) -> None:
        outcome = Outcome.DONE if reason is None else Outcome.REFUSED
        gateway.journal.record(What.APPROVED, outcome, session=session, subject=statement.subject, reason=reason)

    asker = Asker(session.id, session.person, gateway.institution, keys, SIGNED_KINDS, told)
    return Asked(gateway.people.approvals, asker, gateway.clock, answers)


def approving_with(gateway: Gateway, session: Session, signer: Signer) -> Approving | None:
    """The same with a device key at hand (the command line's); ``None`` if it is not a current key of the person."""
    keys = usable_keys(gateway, session, {ApprovalKind.DEVICE_KEY})
    if key_id(signer.spki) not in [key.key for key in keys]:
        return None
    return KeyApproving(signer, ApprovalKind.DEVICE_KEY, SIGNED_KINDS)


def possession_of(gateway: Gateway, key: bytes, person: str) -> bytes:
    """What a new browser key or device key (key id) signs to be enrolled for ``person`` (field 8 of ``key.enrolled``)."""
    return possession_message(gateway.ledger.ledger_id, key, gateway.institution, person)


def asked(wanted: ApprovalWanted) -> dict[str, object]:
    """What a page's script needs, as JSON: challenge for passkeys, message for browser keys (base64url), and the keys that may answer.

    The credential id that belongs to a passkey's key id is known to ``identity.factors``.
    """
    return {
        "operation": wanted.operation.hex(),
        "kind": wanted.statement.kind,
        "challenge": challenge_of(wanted.operation),
        "message": urlsafe_b64encode(raw_message(wanted.operation)).rstrip(b"=").decode(),
        "keys": [{"key": key.key.hex(), "kind": int(key.approval or 0)} for key in wanted.keys],
    }


def answer_of(
    operation: str,
    key: str,
    kind: int,
    signature: bytes,
    authenticator_data: bytes = b"",
    client_data: bytes = b"",
    *,
    algorithm: int = Algorithm.ESP256,
) -> Answer:
    """The answer that a script posts; ``operation`` and ``key`` in hex, ``algorithm`` that of the key's enrolment.

    A passkey's ECDSA signature comes as DER, a browser key's as ``r || s`` (WebCrypto); Ed25519 is 64 bytes. Raises :class:`ApprovalMismatch`.
    """
    passkey = kind == ApprovalKind.PASSKEY
    try:
        found, identifier = bytes.fromhex(operation), bytes.fromhex(key)
        known = ApprovalKind(kind)
        raw = raw_signature(signature) if passkey and algorithm == Algorithm.ESP256 else signature
    except ValueError as error:
        raise ApprovalMismatch("approval.form") from error
    sizes = len(found) == len(identifier) == DIGEST_SIZE and len(raw) == SIGNATURE_SIZE
    fits = len(authenticator_data) in AUTHENTICATOR_DATA and len(client_data) in CLIENT_DATA
    if not sizes or not (fits if passkey else authenticator_data + client_data == b""):
        raise ApprovalMismatch("approval.form")
    return Answer(found, Approval(known, identifier, raw, authenticator_data, client_data))


_PARTS = ("operation", "key", "signature", "authenticator_data", "client_data")


def asked_of(gateway: Gateway, session: Session, wanted: ApprovalWanted) -> dict[str, object]:
    """:func:`asked`, with the relying party id and the credential ids of the session's person: all that a script needs."""
    own = {
        sha256(one.spki).hexdigest(): to_base64(one.credential)
        for one in gateway.accounts.factors.factors(session.person)
        if one.credential
    }
    keys = [{"key": key.key.hex(), "kind": int(key.approval or 0)} for key in wanted.keys]
    named = [key | {"credential": own[str(key["key"])]} if key["key"] in own else key for key in keys]
    return asked(wanted) | {"rp": gateway.accounts.factors.site.rp_id, "keys": named}


def answers_from(gateway: Gateway, session: Session, text: str) -> list[Answer]:
    """The answers that a script posts: a JSON list of ``{operation, key, kind, signature, authenticator_data, client_data}``, bytes in base64url but
    for the two ids (hex). Empty for an empty text. Raises :class:`ApprovalMismatch` for anything else.
    """
    if not text:
        return []
    algorithms = {key.key.hex(): key.algorithm for key in usable_keys(gateway, session)}
    try:
        found = json.loads(text)
        if not isinstance(found, list) or len(found) > MAX_APPROVALS:
            raise ApprovalMismatch("approval.form")
        return [_answer(one, algorithms) for one in found]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ApprovalMismatch("approval.form") from error


def _answer(one: dict[str, object], algorithms: dict[str, int]) -> Answer:
    operation, key, *parts = [str(one[name]) for name in _PARTS]
    kind = one["kind"]
    if set(one) != {*_PARTS, "kind"} or type(kind) is not int:
        raise ApprovalMismatch("approval.form")
    signature, authenticator_data, client_data = [from_base64(part) for part in parts]
    algorithm = algorithms.get(key, Algorithm.ESP256)
    return answer_of(operation, key, kind, signature, authenticator_data, client_data, algorithm=algorithm)


def raw_signature(der: bytes) -> bytes:
    """``r || s``, 64 bytes, of a DER ECDSA-Sig-Value (RFC 3279 section 2.2.3). Raises ``ValueError``."""
    r, s = decode_dss_signature(der)
    if not 0 < r < 1 << 256 or not 0 < s < 1 << 256:
        raise ValueError
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
