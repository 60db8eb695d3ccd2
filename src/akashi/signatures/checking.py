"""Verifying the signatures of a PDF, offline, step by step.

Guarantees, for each signature: 1 the signed bytes are the file's, and the gap in them holds the signature and nothing else; 2 the CMS signature is
right and its algorithms are allowed; 3 time stamps are checked from the newest inwards, each at the time that the next one proves; 4 the signer's
chain ends at a named root, in time, not revoked, at the stamped time (now, where there is no stamp), with an answer about revocation
for every certificate; 5 what came later is revocation information, stamps or signatures, else the signature no longer counts; 6 the level is what
the evidence inside reaches. Refuses the network. Trusts the roots of :class:`~akashi.signatures.model.Trust`, and nothing that the
file says about itself. Left to the caller: whether the person behind the certificate was entitled to sign this document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.general import SigningError, ValueErrorWithMessage
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import (
    DisallowedAlgorithmError,
    NoDSSFoundError,
    ValidationInfoReadingError,
)
from pyhanko.sign.validation.generic_cms import collect_timing_info
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import PdfSignatureStatus, RevocationDetails, SignatureCoverageLevel

from akashi.signatures.authorities import milliseconds, moment, stamp_context, validation_context
from akashi.signatures.model import (
    DocumentSeen,
    Fault,
    Later,
    Level,
    Limits,
    Revocation,
    SignatureSeen,
    StampSeen,
    Trust,
)
from akashi.signatures.reading import guarded, only_signature_fields, open_pdf
from akashi.signatures.roles import read_certificate
from akashi.signatures.rules import later_of, level_of, standing_of

_PADES = "/ETSI.CAdES.detached"
_FAULTS = {
    AdESFailure.REVOKED: Fault.CERTIFICATE_REVOKED,
    AdESIndeterminate.REVOKED_NO_POE: Fault.CERTIFICATE_REVOKED,
    AdESIndeterminate.REVOKED_CA_NO_POE: Fault.CERTIFICATE_REVOKED,
    AdESIndeterminate.EXPIRED: Fault.CERTIFICATE_EXPIRED,
    AdESIndeterminate.NOT_YET_VALID: Fault.CERTIFICATE_EXPIRED,
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: Fault.CERTIFICATE_EXPIRED,
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: Fault.CERTIFICATE_EXPIRED,
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: Fault.USAGE,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: Fault.ALGORITHM,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Fault.ALGORITHM,
    AdESIndeterminate.TRY_LATER: Fault.STATUS_UNKNOWN,
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE: Fault.STATUS_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class _Proof:
    """A document time stamp that holds: which revision it covers, when, and whether evidence lay under it."""

    revision: int
    time_ms: int
    evidence: bool


@dataclass(frozen=True, slots=True)
class _Judging:
    """One document under judgement: what is believed, what lies inside, the clock."""

    reader: PdfFileReader
    limits: Limits
    given: Trust
    inside: Trust
    extra: tuple[bytes, ...]
    now_ms: int


def check_pdf(data: bytes, trust: Trust, now_ms: int, limits: Limits | None = None) -> DocumentSeen:
    """Judge every signature of ``data``. Raises ``DocumentRefused`` for a file that cannot be read at all."""
    held = limits or Limits()
    reader, pages = open_pdf(data, held)
    signatures, stamps = guarded(lambda: asyncio.run(_judge(reader, trust, now_ms, held)))
    return DocumentSeen(sha256(data).digest(), pages, signatures, stamps)


async def _judge(
    reader: PdfFileReader, trust: Trust, now_ms: int, limits: Limits
) -> tuple[tuple[SignatureSeen, ...], tuple[StampSeen, ...]]:
    inside, extra = _evidence(reader, trust)
    both = replace(trust, crls=(*trust.crls, *inside.crls), ocsps=(*trust.ocsps, *inside.ocsps))
    judging = _Judging(reader, limits, both, inside, extra, now_ms)
    stamps, proofs = await _document_stamps(judging)
    judged = [await _signature(judging, one, proofs) for one in reader.embedded_regular_signatures]
    return tuple(judged), stamps


def _evidence(reader: PdfFileReader, trust: Trust) -> tuple[Trust, tuple[bytes, ...]]:
    """``trust`` with only the lists and answers that lie in the document's security store, and the certificates there."""
    nothing = replace(trust, crls=(), ocsps=())
    try:
        store = DocumentSecurityStore.read_dss(reader)
        crls = tuple(bytes(one.get_object().read_data(DecodePurpose.CRL)) for one in store.crls)
        ocsps = tuple(bytes(one.get_object().read_data(DecodePurpose.OCSP_RESPONSE)) for one in store.ocsps)
        certificates = tuple(bytes(one.dump()) for one in store.load_certs())
    except (NoDSSFoundError, ValidationInfoReadingError):
        return nothing, ()
    return replace(nothing, crls=crls, ocsps=ocsps), certificates


# Step 3: time stamps, from the newest inwards


async def _document_stamps(judging: _Judging) -> tuple[tuple[StampSeen, ...], tuple[_Proof, ...]]:
    at_ms, seen, proofs = judging.now_ms, [], []
    for one in reversed(judging.reader.embedded_timestamp_signatures):
        stamp = await _document_stamp(judging, one, at_ms)
        seen.append(stamp)
        if stamp.trusted:
            at_ms = min(at_ms, stamp.time_ms)
            under = judging.reader.get_historical_resolver(one.signed_revision).root
            proofs.append(_Proof(one.signed_revision, stamp.time_ms, "/DSS" in under))
    return tuple(reversed(seen)), tuple(proofs)


async def _document_stamp(judging: _Judging, one: EmbeddedPdfSignature, at_ms: int) -> StampSeen:
    info = one.signed_data["encap_content_info"]["content"].parsed
    time_ms, accuracy = milliseconds(info["gen_time"].native), _accuracy(info)
    context = stamp_context(judging.given, moment(at_ms), judging.extra)
    try:
        status = await async_validate_pdf_timestamp(one, context)
    except (ValueErrorWithMessage, SigningError):
        return StampSeen(time_ms, accuracy, trusted=False, intact=False)
    intact = status.intact and status.valid and _covered(status) and status.modification_level is not None
    intact = intact and status.modification_level <= ModificationLevel.FORM_FILLING
    return StampSeen(time_ms, accuracy, trusted=bool(intact and status.trusted), intact=bool(intact))


def _accuracy(info: Any) -> int | None:
    """RFC 3161 2.4.2: seconds, milliseconds, microseconds; ``None`` where the authority promises nothing."""
    held = info["accuracy"].native
    if not held:
        return None
    micros = held.get("micros") or 0
    return int(held.get("seconds") or 0) * 1000 + int(held.get("millis") or 0) + (1 if micros else 0)


async def _signature_stamp(judging: _Judging, one: EmbeddedPdfSignature, at_ms: int) -> StampSeen | None:
    context = stamp_context(judging.given, moment(at_ms), judging.extra)
    timing = await collect_timing_info(one.signer_info, context, raw_digest=one.compute_digest)
    status = timing.get("timestamp_validity")
    if status is None:
        return None
    intact = bool(status.intact and status.valid)
    accuracy = None
    for attribute in one.signer_info["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            accuracy = _accuracy(attribute["values"][0]["content"]["encap_content_info"]["content"].parsed)
    return StampSeen(milliseconds(status.timestamp), accuracy, trusted=intact and bool(status.trusted), intact=intact)


# Steps 1, 2, 4, 5, 6: one signature


async def _signature(judging: _Judging, one: EmbeddedPdfSignature, proofs: tuple[_Proof, ...]) -> SignatureSeen:
    certificate = x509.load_der_x509_certificate(one.signer_cert.dump())
    over = [proof for proof in proofs if proof.revision > one.signed_revision]
    proven_ms = min((proof.time_ms for proof in over), default=judging.now_ms)
    seen = read_certificate(certificate)
    blank = SignatureSeen(
        name=_common_name(certificate.subject),
        issuer=_common_name(certificate.issuer),
        certificate=sha256(one.signer_cert.dump()).digest(),
        digest=sha256(one.signed_data.dump()).digest(),
        faults=(Fault.MALFORMED,),
        level=None,
        stamp=None,
        claimed_ms=None,
        later=Later.CONTENT,
        revocation=Revocation.UNKNOWN,
        algorithms="-",
        seen=seen,
        standing=standing_of(seen, anchored=False),
    )
    try:
        stamp = await _signature_stamp(judging, one, proven_ms)
        at_ms = stamp.time_ms if stamp is not None and stamp.trusted else proven_ms
        status, revocation = await _chain(judging, one, at_ms)
    except DisallowedAlgorithmError:
        return replace(blank, faults=(Fault.ALGORITHM,))
    except (ValueErrorWithMessage, SigningError):
        return blank
    faults, later = _faults(judging, one, status, stamp)
    stamped = stamp is not None and stamp.trusted
    level = level_of(
        pades=_is_pades(one),
        stamped=stamped,
        evidence_inside=revocation is Revocation.EMBEDDED,
        archived=any(proof.evidence for proof in over),
    )
    claimed = status.signer_reported_dt
    return replace(
        blank,
        faults=faults,
        level=level if not faults else min(level or Level.B_B, Level.B_B),
        stamp=stamp,
        claimed_ms=None if claimed is None else milliseconds(claimed),
        later=later,
        revocation=revocation,
        algorithms=f"{status.pkcs7_signature_mechanism} {status.md_algorithm}",
        standing=standing_of(seen, anchored=_anchored(status, judging.given) and not faults),
    )


async def _chain(judging: _Judging, one: EmbeddedPdfSignature, at_ms: int) -> tuple[PdfSignatureStatus, Revocation]:
    """Step 4. First with the evidence inside alone, then with what the verifier has, then only to tell what is wrong."""
    at = moment(at_ms)
    attempts = (
        (judging.inside, "require", Revocation.EMBEDDED),
        (judging.given, "require", Revocation.GIVEN),
        (judging.given, "hard-fail", Revocation.UNKNOWN),
    )
    last: PdfSignatureStatus | None = None
    for trust, mode, source in attempts:
        context = validation_context(trust, at, extra=judging.extra, revocation=mode)
        stamps = stamp_context(trust, at, judging.extra)
        status = await async_validate_pdf_signature(one, context, stamps)
        if status.revoked:
            return status, Revocation.GIVEN
        if status.trusted and source is not Revocation.UNKNOWN:
            # A list that the verifier has and the document has not may know better.
            known = _listed(status, judging.given.crls, at)
            return (replace(status, revocation_details=known) if known else status), source
        last = status
    assert last is not None  # noqa: S101 - the loop ran
    return last, Revocation.UNKNOWN


def _listed(status: PdfSignatureStatus, crls: Iterable[bytes], at: datetime) -> RevocationDetails | None:
    """The first revocation before ``at`` of a certificate of the chain, in any list that its issuer signed."""
    path = status.validation_path
    if path is None:
        return None
    chain = [x509.load_der_x509_certificate(one.dump()) for one in path.iter_certs(include_root=True)]
    lists = [x509.load_der_x509_crl(der) for der in crls]
    for issuer, certificate in pairwise(chain):
        key = issuer.public_key()
        for held in lists:
            if held.issuer != issuer.subject or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
                continue
            entry = held.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and entry.revocation_date_utc < at and held.is_signature_valid(key):
                reason = asn1_crl.CRLReason("unspecified")
                return RevocationDetails(certificate is not chain[-1], entry.revocation_date_utc, reason)
    return None


def _faults(
    judging: _Judging, one: EmbeddedPdfSignature, status: PdfSignatureStatus, stamp: StampSeen | None
) -> tuple[tuple[Fault, ...], Later]:
    found: list[Fault] = []
    if not status.intact:
        found.append(Fault.BYTES_CHANGED)
    if not status.valid:
        found.append(Fault.SIGNATURE_WRONG)
    if not _covered(status) or not _gap_is_clean(one):
        found.append(Fault.COVERAGE)
    if stamp is not None and not stamp.intact:
        found.append(Fault.STAMP_INVALID)
    if status.revoked:
        found.append(Fault.CERTIFICATE_REVOKED)
    elif not status.trusted:
        indication = status.trust_problem_indic
        found.append(
            Fault.CERTIFICATE_UNTRUSTED if indication is None else _FAULTS.get(indication, Fault.CERTIFICATE_UNTRUSTED)
        )
    changed = status.modification_level
    level = ModificationLevel.OTHER if changed is None else changed
    later = later_of(int(level.value), only_signature_fields=only_signature_fields(judging.reader, judging.limits))
    if later is Later.CONTENT or not status.docmdp_ok:
        found.append(Fault.CHANGED_LATER)
    return tuple(found), later


def _covered(status: Any) -> bool:
    return bool(status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION)


def _gap_is_clean(one: EmbeddedPdfSignature) -> bool:
    """The unsigned gap holds the CMS, padded with zeros: nothing else hides there."""
    content = bytes(one.pkcs7_content)
    length = len(one.signed_data.dump())
    whole = content.rstrip(b"\0")
    return len(whole) <= _der_length(content) and length <= len(content)


def _der_length(content: bytes) -> int:
    """Bytes of the first DER element."""
    first = content[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    return 2 + count + int.from_bytes(content[2 : 2 + count], "big")


def _is_pades(one: EmbeddedPdfSignature) -> bool:
    named = {attribute["type"].native for attribute in one.signer_info["signed_attrs"]}
    return one.sig_object.get("/SubFilter") == _PADES and "signing_certificate_v2" in named


def _anchored(status: PdfSignatureStatus, trust: Trust) -> bool:
    """Whether the verified chain ends at a configured HPKI root."""
    path = status.validation_path
    if path is None or not status.trusted:
        return False
    root = path.trust_anchor.authority
    held = getattr(root, "certificate", None)
    return held is not None and held.dump() in trust.hpki_roots


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
