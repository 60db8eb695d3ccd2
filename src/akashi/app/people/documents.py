"""Signing documents as a person of an institution, and verifying them.

Guarantees: nothing is signed without the permission; the signed file leaves only after the ledger has its digests, and the access journal the deed.
Two steps (:func:`prepared`, :func:`recorded_signing`) where a person must first approve what is recorded: the same signature is then recorded
that they were shown. Refuses to sign without a time-stamping authority. Trusts: the gateway's folder of authorities; the holder of the
signing key to be the person who is signed in, for a certificate is not tied to an account.
"""

from __future__ import annotations

from cryptography import x509

from akashi.app.desk.transfers import recorded
from akashi.app.duty.judging import judged_apart
from akashi.app.gateway.home import Gateway
from akashi.identity.journal import What
from akashi.identity.model import Session
from akashi.ledger.proof.stamp import Tsa
from akashi.ledger.proof.tsa import HttpTsa
from akashi.signatures import events
from akashi.signatures.authorities import load_trust, with_crls, with_ocsp
from akashi.signatures.errors import SigningFailed
from akashi.signatures.holding import Holding
from akashi.signatures.model import DocumentRecord, DocumentSeen, Level, Signed, Trust
from akashi.signatures.signing import Signing, sign_pdf


def signed(
    gateway: Gateway,
    session: Session,
    data: bytes,
    holding: Holding,
    level: Level = Level.B_LTA,
    tsa: Tsa | None = None,
) -> Signed:
    """Sign and record in one go, for callers that approve at once or not at all."""
    made = prepared(gateway, session, data, holding, level, tsa)
    recorded_signing(gateway, session, made)
    return made


def prepared(
    gateway: Gateway,
    session: Session,
    data: bytes,
    holding: Holding,
    level: Level = Level.B_LTA,
    tsa: Tsa | None = None,
) -> Signed:
    """The signed document, not yet recorded: it must not leave before :func:`recorded_signing`.

    ``tsa`` stands in for the configured authority. Raises what ``signatures.signing.sign_pdf`` raises.
    """
    gateway.accounts.require(session, "document.sign")
    with recorded(gateway, session, What.DOCUMENT_SIGNED):
        if tsa is None and not gateway.settings.document_tsa_url:
            raise SigningFailed(what="tsa")
        asked = tsa or HttpTsa(gateway.settings.document_tsa_url)
        trust = _fresh(gateway, load_trust(gateway.paths.document_trust), holding)
        return sign_pdf(data, holding, Signing(trust, asked, gateway.clock, level))


def recorded_signing(gateway: Gateway, session: Session, made: Signed) -> None:
    """Put the digests on the ledger and the deed in the journal; the file may leave when this returned."""
    gateway.accounts.require(session, "document.sign")
    said = events.DocumentSigned(made.document, made.signature, made.certificate, made.level, made.qualification)
    with recorded(gateway, session, What.DOCUMENT_SIGNED):
        gateway.author.submit(
            said, person=session.person, device=session.device, auth=session.auth, approving=session.approving
        )
    gateway.journal.record(What.DOCUMENT_SIGNED, session=session)


def verified(data: bytes, trust: Trust, now_ms: int) -> DocumentSeen:
    """Judge a document offline, within bounds; needs no gateway and no permission: whoever holds the file may ask."""
    return judged_apart(data, trust, now_ms)


def records(gateway: Gateway, session: Session, seen: DocumentSeen) -> list[DocumentRecord]:
    """What the ledger says of the signatures of a document."""
    gateway.accounts.require(session, "ledger.read")
    with gateway.ledger.view() as state:
        found = [events.document(state, one.digest) for one in seen.signatures]
    return [one for one in found if one is not None]


def _fresh(gateway: Gateway, trust: Trust, holding: Holding) -> Trust:
    """``trust`` with what the configured sources say now."""
    trust = with_crls(trust, gateway.settings.document_crl_urls.split())
    if not gateway.settings.document_ocsp_url:
        return trust
    certificate = holding.certificate
    for der in (*trust.others, *trust.roots, *trust.hpki_roots):
        issuer = x509.load_der_x509_certificate(der)
        if issuer.subject == certificate.issuer:
            return with_ocsp(trust, certificate, issuer, gateway.settings.document_ocsp_url)
    raise SigningFailed(what="issuer")
