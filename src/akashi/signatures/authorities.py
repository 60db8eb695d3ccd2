"""Whom a verifier believes: a folder of certificates and lists, and where newer lists are fetched.

Guarantees: the folder is read strictly and within limits; a fetched list or answer is bounded in size and time, and counts only because an authority
signed it. Refuses redirects, and addresses that a certificate or a document names: only what the operator configured is asked. Trusted: whoever
can write the folder decides whose signatures are valid.

The folder (docs/signatures.md section 3)::

    roots/   authorities of signers        hpki/    roots of health-care PKIs    tsa/    roots of time-stamping authorities
    others/  intermediate certificates     lists/   revocation lists (.crl) and OCSP answers (.ocsp)
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator import ValidationContext

from akashi.signatures.errors import SigningKeyUnusable, StatusMissing, TrustFolderInvalid
from akashi.signatures.holding import certificates_in
from akashi.signatures.model import MIB, Trust

MOST_FILES, MOST_LIST = 256, 32 * MIB
TIMEOUT_S = 10.0
_FOLDERS = ("roots", "hpki", "tsa", "others", "lists")


def moment(ms: int) -> datetime:
    """A time of the libraries."""
    return datetime.fromtimestamp(ms // 1000, UTC) + timedelta(milliseconds=ms % 1000)


def milliseconds(at: datetime) -> int:
    """The inverse."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def load_trust(folder: Path) -> Trust:
    """The trust of a folder. Raises :class:`TrustFolderInvalid` for anything that is not of its form, and for no authority at all."""
    if not folder.is_dir() or any(one.name not in _FOLDERS for one in folder.iterdir()):
        raise TrustFolderInvalid(name=folder.name)
    crls, ocsps = _lists(folder / "lists")
    made = Trust(
        roots=_certificates(folder / "roots"),
        hpki_roots=_certificates(folder / "hpki"),
        stamp_roots=_certificates(folder / "tsa"),
        others=_certificates(folder / "others"),
        crls=crls,
        ocsps=ocsps,
    )
    if not made.roots and not made.hpki_roots:
        raise TrustFolderInvalid(name="roots")
    return made


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    if len(found) > MOST_FILES or any(not one.is_file() for one in found):
        raise TrustFolderInvalid(name=folder.name)
    return found


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_LIST + 1)
    if len(data) > MOST_LIST:
        raise TrustFolderInvalid(name=path.name)
    return data


def _certificates(folder: Path) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for path in _files(folder):
        try:
            found += [one.public_bytes(Encoding.DER) for one in certificates_in(_bytes_of(path))]
        except SigningKeyUnusable as error:
            raise TrustFolderInvalid(name=path.name) from error
    return tuple(found)


def _lists(folder: Path) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls: list[bytes] = []
    answers: list[bytes] = []
    for path in _files(folder):
        data = _bytes_of(path)
        try:
            if path.suffix == ".ocsp":
                answers.append(ocsp.load_der_ocsp_response(data).public_bytes(Encoding.DER))
            else:
                crls.append(_crl(data).public_bytes(Encoding.DER))
        except ValueError as error:
            raise TrustFolderInvalid(name=path.name) from error
    return tuple(crls), tuple(answers)


def _crl(data: bytes) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(data) if data.startswith(b"-----BEGIN") else x509.load_der_x509_crl(data)


def validation_context(
    trust: Trust,
    at: datetime,
    *,
    stamps: bool = False,
    extra: Sequence[bytes] = (),
    revocation: str = "hard-fail",
) -> ValidationContext:
    """What pyHanko validates a chain with, at one moment and without any network.

    ``stamps`` adds the roots of time-stamping authorities; ``revocation`` is ``require`` (every certificate needs an answer) or ``hard-fail``
    (every certificate that names a source of answers does).
    """
    roots = [*trust.roots, *trust.hpki_roots, *(trust.stamp_roots if stamps else ())]
    return _context(roots, trust, at, extra, revocation)


def stamp_context(trust: Trust, at: datetime, extra: Sequence[bytes] = ()) -> ValidationContext:
    """As :func:`validation_context`, for time-stamping authorities alone."""
    return _context(trust.stamp_roots, trust, at, extra, "hard-fail")


def _context(
    roots: Iterable[bytes], trust: Trust, at: datetime, extra: Sequence[bytes], revocation: str
) -> ValidationContext:
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(der) for der in roots],
        other_certs=[asn1_x509.Certificate.load(der) for der in (*trust.others, *extra)],
        moment=at,
        allow_fetching=False,
        crls=list(trust.crls),
        ocsps=list(trust.ocsps),
        revocation_mode=revocation,
        retroactive_revinfo=True,  # a list made later still says when somebody was revoked
    )


# Fetching what the operator configured


def with_crls(trust: Trust, urls: Iterable[str]) -> Trust:
    """``trust`` with the lists behind ``urls``. Raises :class:`StatusMissing`."""
    fetched = []
    for url in urls:
        try:
            fetched.append(_crl(_fetch(url, None)).public_bytes(Encoding.DER))
        except ValueError as error:
            raise StatusMissing(what="crl") from error
    return replace(trust, crls=(*trust.crls, *fetched))


def with_ocsp(trust: Trust, certificate: x509.Certificate, issuer: x509.Certificate, url: str) -> Trust:
    """``trust`` with the answer of the responder at ``url`` about ``certificate``. Raises :class:`StatusMissing`."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    try:
        answer = ocsp.load_der_ocsp_response(_fetch(url, asked.public_bytes(Encoding.DER)))
    except ValueError as error:
        raise StatusMissing(what="ocsp") from error
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise StatusMissing(what="ocsp")
    return replace(trust, ocsps=(*trust.ocsps, answer.public_bytes(Encoding.DER)))


def _fetch(url: str, body: bytes | None) -> bytes:
    """A bounded GET, or POST of an OCSP request (RFC 6960 appendix A). What comes is signed, so http is no weakness."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise StatusMissing(what="url")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {} if body is None else {"Content-Type": "application/ocsp-request"}
        connection.request("GET" if body is None else "POST", path, body, headers)
        with connection.getresponse() as answer:
            found = answer.read(MOST_LIST + 1)
            good = answer.status == http.HTTPStatus.OK and len(found) <= MOST_LIST
    except (OSError, http.client.HTTPException) as error:
        raise StatusMissing(what="connection") from error
    finally:
        connection.close()
    if not good:
        raise StatusMissing(what="answer")
    return found
