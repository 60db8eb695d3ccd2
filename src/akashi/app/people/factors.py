"""Factors as people and those who help them handle them: passkeys, codes, keys that approve, the temporary route.

Guarantees: everybody manages their own factors; a manager removes those of others; a manager or operations person issues a temporary code to
somebody else after an identity check. A key that signs in or approves is also told to the ledger: the first on the institution's word, a further
one with an approval by an earlier key, else by another person. Every step is in the access journal. Refuses to issue to oneself, and to change one's own factors without
a fresh proof: an unattended session is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from akashi.app.desk.transfers import recorded
from akashi.app.gateway.home import Gateway
from akashi.app.people.rights import present
from akashi.identity.factors.errors import FactorRefused, NoSuchFactor, OwnTemporary
from akashi.identity.factors.model import Ceremony, Factor, FactorKind, Means
from akashi.identity.journal import What
from akashi.identity.lifecycle.errors import CheckUnusable
from akashi.identity.lifecycle.model import ResetMethod
from akashi.identity.lifecycle.rules import decide_check
from akashi.identity.model import Role, Session, TotpSeed
from akashi.ledger.author import prepared
from akashi.ledger.errors import ProofError
from akashi.ledger.keyring.records import key_record, keys_of_person
from akashi.ledger.model import Algorithm, Basis, KeyRecord, Purpose
from akashi.ledger.registry import KeyEnrolled, KeyRevoked, RevocationReason, possession_message
from akashi.ledger.rules import Denied, is_current
from akashi.ledger.wire.envelope import verify_signature

KEY_LIFE_MS = 5 * 366 * 24 * 3600 * 1000
"""How long a person's key counts on the ledger before it is enrolled anew."""
_BACK_MS = 60_000


@dataclass(frozen=True, slots=True)
class Held:
    """One factor, and whether the ledger knows its key as the person's now."""

    factor: Factor
    on_ledger: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What a person has: factors, and how many codes are left."""

    person: str
    held: tuple[Held, ...]
    standing: Means = field(repr=False)


def overview(gateway: Gateway, session: Session | None, person: str = "") -> Overview:
    """A person's factors; one's own without ``person``. ``session`` is ``None`` for the console."""
    whose = _whose(gateway, session, person)
    factors, now = gateway.accounts.factors, gateway.clock.now_ms()
    found = factors.factors(whose)
    with gateway.ledger.view() as state:
        current = {one.key for one in keys_of_person(state, whose, gateway.institution) if is_current(one, now)}
    gateway.journal.record(
        What.LISTED, session=session, institution=gateway.institution, subject=whose, count=len(found)
    )
    held = tuple(Held(one, bool(one.spki) and sha256(one.spki).digest() in current) for one in found)
    return Overview(whose, held, factors.standing(whose))


def sign_in_options(gateway: Gateway, certificate: bytes) -> dict[str, object]:
    """What the sign-in page asks the browser (``parseRequestOptionsFromJSON``): the same for everybody, naming nobody."""
    return gateway.accounts.factors.request_options(Ceremony.SIGN_IN, None, certificate)


def proof_options(gateway: Gateway, session: Session) -> dict[str, object]:
    """What a page asks the browser to prove again who is signed in; the answer goes to ``accounts.prove_again``."""
    return gateway.accounts.factors.request_options(Ceremony.PROOF, session.person, session.certificate)


# Enrolling one's own


def passkey_options(gateway: Gateway, session: Session) -> dict[str, object]:
    """What the page asks the browser to make (``parseCreationOptionsFromJSON``)."""
    gateway.accounts.require(session, "self.manage", subject=session.person, critical=True)
    return gateway.accounts.factors.creation_options(session.person, session.certificate)


def enrol_passkey(gateway: Gateway, session: Session, answer: str, label: str) -> Held:
    """Enrol what the browser made, and tell the ledger if it is the person's first key; else ``introduce`` comes next."""
    gateway.accounts.require(session, "self.manage", subject=session.person)
    factor = gateway.accounts.factors.add_passkey(session.person, answer, label, session.certificate)
    gateway.accounts.end_temporary(session.person)
    return _introduced_first(gateway, session, factor)


def possession_wanted(gateway: Gateway, session: Session, spki: bytes) -> bytes:
    """What a browser's or device's key signs to prove that it is there (64 bytes: ES256 as r || s, or Ed25519)."""
    gateway.accounts.require(session, "self.manage", subject=session.person, critical=True)
    key = sha256(spki).digest()
    return possession_message(gateway.ledger.ledger_id, key, gateway.institution, session.person)


def enrol_key(gateway: Gateway, session: Session, kind: FactorKind, spki: bytes, possession: bytes, label: str) -> Held:
    """Enrol a key that approves but does not sign in: a browser's (WebCrypto) or the command line's on a device."""
    wanted = possession_wanted(gateway, session, spki)
    try:
        verify_signature(_algorithm(spki), spki, wanted, possession)
    except ProofError as error:
        raise FactorRefused(reason="possession") from error
    if len(possession) != 64:
        raise FactorRefused(reason="possession")
    factor = gateway.accounts.factors.add_key(session.person, kind, spki, possession, label)
    return _introduced_first(gateway, session, factor)


def introduce(gateway: Gateway, session: Session, id_: str, person: str = "") -> None:
    """Tell the ledger of an enrolled key: one's own with an approval by an earlier key (``session.approving``), or somebody
    else's after an identity check (``person.reset``). May be run again. Raises ``NoSuchFactor``, ``ApprovalWanted``, ``Refused``.
    """
    whose = person or session.person
    own = whose == session.person
    gateway.accounts.require(session, "self.manage" if own else "person.reset", subject=whose)
    gateway.accounts.account(whose)
    found = [one for one in gateway.accounts.factors.factors(whose) if one.id == id_]
    if not found:
        raise NoSuchFactor(factor="-")
    with gateway.ledger.view() as state:
        if key_record(state, sha256(found[0].spki).digest()) is not None:
            return
        before = bool(keys_of_person(state, whose, gateway.institution))
    basis = Basis.RESET if not own else Basis.OWN_KEY if before else Basis.INTRODUCED
    _tell(gateway, session, found[0], basis)


def new_totp(gateway: Gateway, session: Session, label: str = "") -> TotpSeed:
    """A seed for an authenticator app, shown this once; in force after ``confirm_totp``."""
    gateway.accounts.require(session, "self.manage", subject=session.person, critical=True)
    return gateway.accounts.enrol_totp(session.person, label)


def confirm_totp(gateway: Gateway, session: Session, code: str) -> None:
    """Put the new seed in force. Raises ``SignInFailed`` for a wrong code."""
    gateway.accounts.require(session, "self.manage", subject=session.person)
    gateway.accounts.confirm_totp(session.person, code)


def recovery_codes(gateway: Gateway, session: Session) -> list[str]:
    """Ten new recovery codes in place of the old ones, shown this once. Raises ``FactorRefused`` without a factor in force."""
    gateway.accounts.require(session, "self.manage", subject=session.person, critical=True)
    if not gateway.accounts.factors.standing(session.person).has_factor:
        raise FactorRefused(reason="recovery_alone")  # a code in place of a factor that never was would be a factor
    return gateway.accounts.factors.recovery_codes(session.person)


# Removing, and the temporary route


def remove(gateway: Gateway, session: Session | None, id_: str, person: str = "", *, lost: bool = False) -> None:
    """Remove a factor and revoke its key on the ledger; ends the person's sessions. ``lost``: somebody else may have it."""
    whose = person or (session.person if session is not None else "")
    if session is not None:
        own = whose == session.person
        gateway.accounts.require(session, "self.manage" if own else "person.manage", subject=whose, critical=True)
    gateway.accounts.account(whose)
    # Stopped here first, forgotten last: where the ledger is away the key is dead at this gateway, and the same command revokes it later.
    factor = gateway.accounts.factors.stop(whose, id_)
    gateway.accounts.sign_out_everywhere(whose, reason="factor.removed")
    now, reason = gateway.clock.now_ms(), RevocationReason.COMPROMISED if lost else RevocationReason.CEASED
    with gateway.ledger.view() as state:
        record = key_record(state, sha256(factor.spki).digest()) if factor.spki else None
    if record is not None and is_current(record, now):
        body = KeyRevoked(record.key, reason)
        if session is None:
            gateway.author.submit(body, subject=whose)
        else:
            gateway.author.submit(
                body,
                subject=whose,
                person=session.person,
                device=session.device,
                auth=session.auth,
                approving=session.approving,
            )
    gateway.accounts.factors.remove(whose, id_)


def issue_temporary(
    gateway: Gateway, session: Session, person: str, method: ResetMethod, document: bytes, witness: str | None = None
) -> str:
    """A code with which ``person``, who lost their token, signs in beside the password until they enrol a new one.

    ``method``, ``document`` (a copy of what was looked at; its SHA-256 is kept) and ``witness`` say how the issuer made sure who it is. To be handed to
    that person only, shown this once. Raises ``OwnTemporary``, and ``CheckUnusable`` where the check lacks what its method names, or the same
    issuer has just had the person's password reset.
    """
    gateway.accounts.require(session, "person.reset", subject=person)
    if person == session.person:
        raise OwnTemporary
    gateway.accounts.account(person)
    with recorded(gateway, session, What.TEMPORARY_ISSUED, person):
        gateway.people.resets.require_other_checker(person, session.person)
        _require_check(gateway, session, person, method, document, witness)
    # Recorded first: a code that is not in the journal must not exist.
    gateway.journal.record(What.TEMPORARY_ISSUED, session=session, subject=person, purpose=int(method))
    if witness is not None:
        seen, why = int(method), "temporary.witness"
        gateway.journal.record(What.TEMPORARY_ISSUED, session=session, subject=witness, purpose=seen, reason=why)
    return gateway.accounts.factors.issue_temporary(
        person, issuer=session.person, method=int(method), document=sha256(document).digest()
    )


def _require_check(
    gateway: Gateway, session: Session, person: str, method: ResetMethod, document: bytes, witness: str | None
) -> None:
    looked_at = sha256(document).digest() if document else None
    decision = decide_check(person, session.person, method, looked_at, witness)
    if isinstance(decision, Denied):
        raise CheckUnusable(reason=decision.reason)
    if witness is not None and witness not in {one for one, _ in present(gateway)}:
        raise CheckUnusable(reason="reset.witness")
    if method is ResetMethod.IN_PERSON_BY_MANAGER and not session.roles & Role.MANAGER:
        raise CheckUnusable(reason="reset.manager")


def end_temporary(gateway: Gateway, session: Session, person: str) -> bool:
    """Take a temporary code back and end what it opened; false if there was none."""
    own = person == session.person
    gateway.accounts.require(session, "self.manage" if own else "person.reset", subject=person)
    ended = gateway.accounts.factors.end_temporary(person, "taken_back")
    gateway.accounts.end_temporary(person)
    return ended


def person_keys(gateway: Gateway, person: str) -> list[KeyRecord]:
    """The keys that approve for a person now, as the ledger knows them."""
    now = gateway.clock.now_ms()
    with gateway.ledger.view() as state:
        return [one for one in keys_of_person(state, person, gateway.institution) if is_current(one, now)]


def _introduced_first(gateway: Gateway, session: Session, factor: Factor) -> Held:
    with gateway.ledger.view() as state:
        before = bool(keys_of_person(state, session.person, gateway.institution))
    if not before:
        _tell(gateway, session, factor, Basis.INTRODUCED)
    return Held(factor, not before)


def _tell(gateway: Gateway, session: Session, factor: Factor, basis: Basis) -> None:
    told = gateway.accounts.factors.ledger_enrolment(factor)
    now = prepared(session.approving, f"enrolled {factor.id}", gateway.clock.now_ms)
    body = KeyEnrolled(
        key=sha256(told.spki).digest(),
        algorithm=int(_algorithm(told.spki)),
        public=told.spki,
        institution=gateway.institution,
        purpose=Purpose.PERSON,
        # The server's clock may be a little behind ours.
        valid_from_ms=now - _BACK_MS,
        valid_to_ms=now + KEY_LIFE_MS,
        possession=told.possession,
        person=factor.person,
        approval=told.kind,
        rp_id_hash=told.rp,
        origin_digest=told.origin,
        basis=basis,
    )
    gateway.author.submit(
        body,
        subject=factor.person,
        person=session.person,
        device=session.device,
        auth=session.auth,
        approving=None if basis is Basis.INTRODUCED else session.approving,
    )


def _algorithm(spki: bytes) -> Algorithm:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FactorRefused(reason="algorithm") from error
    return Algorithm.ESP256 if isinstance(key, EllipticCurvePublicKey) else Algorithm.ED25519


def _whose(gateway: Gateway, session: Session | None, person: str) -> str:
    whose = person or (session.person if session is not None else "")
    if session is not None:
        gateway.accounts.require(session, "self.manage" if whose == session.person else "person.manage", subject=whose)
    return gateway.accounts.account(whose).person
