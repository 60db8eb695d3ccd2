"""Signing a PDF: PAdES with a time stamp and the revocation information inside (ETSI EN 319 142-1).

Guarantees: before anything is signed, the certificate was checked against the named authorities at the clock's time, with revocation information
for it; the result is an incremental update, so that earlier signatures stand; it is verified again by ``checking`` before it is given back,
and its level is the one that was asked. The signature is invisible: the page keeps its look. Refuses an encrypted document, a certificate that is
not for signing, and a level that the evidence does not reach. Trusts the operator for the authorities.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from io import BytesIO

import pkcs11
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, PdfSigningSession, SigDSSPlacementPreference
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    InsufficientRevinfoError,
    InvalidCertificateError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
)

from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.ledger.proof.stamp import Tsa
from akashi.signatures.authorities import moment, validation_context
from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import CertificateRefused, SigningFailed, StatusMissing
from akashi.signatures.holding import Holding
from akashi.signatures.model import DocumentSeen, Level, Limits, Signed, Trust
from akashi.signatures.reading import guarded, open_pdf
from akashi.signatures.rules import qualification_to_record
from akashi.signatures.stamping import Stamper

_FIELD = "Akashi"


@dataclass(frozen=True, slots=True)
class Signing:
    """How documents are signed here: authorities, the time-stamping authority, the clock."""

    trust: Trust = field(repr=False)
    tsa: Tsa
    clock: Clock
    level: Level = Level.B_LTA
    limits: Limits = field(default_factory=Limits)


def sign_pdf(data: bytes, holding: Holding, how: Signing) -> Signed:
    """The signed document. Raises ``DocumentRefused``, ``CertificateRefused``, ``StatusMissing``, ``SigningFailed``, ``TsaFailed``."""
    if how.level < Level.B_LT:
        raise SigningFailed(what="level")
    open_pdf(data, how.limits)
    _require_certificate(holding, how)
    try:
        made = asyncio.run(_signed(data, holding, how))
    except AkashiError:
        raise
    except (InvalidCertificateError, PathBuildingError, PathValidationError) as error:
        raise CertificateRefused(what="chain") from error
    except TimestampRequestError as error:
        raise SigningFailed(what="stamp") from error
    except (SigningError, pkcs11.PKCS11Error, NotImplementedError) as error:
        raise SigningFailed(what="signature") from error
    seen = check_pdf(made, how.trust, how.clock.now_ms(), how.limits)
    return _result(made, seen, holding, how.level)


def _result(made: bytes, seen: DocumentSeen, holding: Holding, level: Level) -> Signed:
    own = sha256(holding.certificate.public_bytes(Encoding.DER)).digest()
    latest = [one for one in seen.signatures if one.certificate == own]
    if not latest or not latest[-1].valid or latest[-1].level is not level:
        raise SigningFailed(what="check")
    mine = latest[-1]
    qualification = qualification_to_record(mine.seen, mine.standing)
    return Signed(made, seen.digest, mine.digest, own, level, qualification)


class _ClockedSigner(PdfSigner):
    """pyHanko's signer with our clock for the time that the signer claims."""

    now: datetime

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        """As pyHanko's, at :attr:`now`."""
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.now
        return session


async def _signed(data: bytes, holding: Holding, how: Signing) -> bytes:
    now = moment(how.clock.now_ms())
    metadata = PdfSignatureMetadata(
        field_name=f"{_FIELD}{sha256(data).hexdigest()[:16]}",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=True,
        use_pades_lta=how.level is Level.B_LTA,
        validation_context=validation_context(how.trust, now, stamps=True),
        dss_settings=DSSContentSettings(placement=SigDSSPlacementPreference.SEPARATE_REVISION),
    )
    writer = guarded(lambda: IncrementalPdfFileWriter(BytesIO(data), strict=True))
    signer = _ClockedSigner(metadata, holding.signer, timestamper=Stamper(how.tsa))
    signer.now = now
    out = await signer.async_sign_pdf(writer, in_place=False, output=BytesIO())
    return bytes(out.getbuffer())


def _require_certificate(holding: Holding, how: Signing) -> None:
    """The signer's certificate now: trusted, in time, for non-repudiation, and with an answer about revocation."""
    now = moment(how.clock.now_ms())
    certificate = asn1_x509.Certificate.load(holding.certificate.public_bytes(Encoding.DER))
    store = list(holding.signer.cert_registry)
    context = validation_context(how.trust, now, extra=[one.dump() for one in store], revocation="require")
    validator = CertificateValidator(certificate, validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage({"non_repudiation"}))
    except InsufficientRevinfoError as error:
        raise StatusMissing(what="certificate") from error
    except RevokedError as error:
        raise CertificateRefused(what="revoked") from error
    except InvalidCertificateError as error:
        raise CertificateRefused(what="usage") from error
    except (PathBuildingError, PathValidationError) as error:
        raise CertificateRefused(what="chain") from error
