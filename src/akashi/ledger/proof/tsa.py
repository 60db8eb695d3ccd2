"""Getting time stamps: a TSA behind HTTP, and certificates for the local one.

Guarantees: an answer is bounded in size and time and is verified before anybody sees it (``stamp.obtain``). Refuses redirects
and anything but ``application/timestamp-reply``. Trusts the network for nothing: a token is signed. Source: RFC 3161 section 3.4.
"""

from __future__ import annotations

import http.client
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akashi.ledger.proof.stamp import MAX_TOKEN_BYTES, TsaFailed

TIMEOUT_S = 10.0
_REPLY = "application/timestamp-reply"
_LABEL = "Local TSA for tests and demo - proves nothing"


class HttpTsa:
    """An authority at ``url`` (http or https). Thread-safe: one connection per request.

    Trusted: whoever can change ``url`` decides whom we ask; what counts is decided by each verifier's trust file.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise TsaFailed(failure="url")
        self._parts = parts
        self._timeout_s = timeout_s
        self._context = context

    def respond(self, request: bytes) -> bytes:
        """The authority's answer (DER). Raises :class:`TsaFailed`; at most 64 KiB are read."""
        connection = self._connect()
        path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        try:
            connection.request("POST", path, request, {"Content-Type": "application/timestamp-query"})
            with connection.getresponse() as answer:
                body = answer.read(MAX_TOKEN_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise TsaFailed(failure="connection") from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK or answer.getheader("Content-Type", "").split(";")[0].strip() != _REPLY:
            raise TsaFailed(failure="answer")
        if len(body) > MAX_TOKEN_BYTES:
            raise TsaFailed(failure="size")
        return body

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)


def local_root(key: ec.EllipticCurvePrivateKey, now_ms: int, years: int = 20) -> x509.Certificate:
    """A self-signed root for a local TSA (P-256); deterministic for the same key and time."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _LABEL + " (root)")])
    builder = _builder(name, name, key.public_key(), now_ms, years)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def local_tsa_certificate(
    public_key: ec.EllipticCurvePublicKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    now_ms: int,
    years: int = 10,
) -> x509.Certificate:
    """The certificate of a local TSA: its only and critical use is time stamping (RFC 3161 section 2.3)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _LABEL)])
    builder = _builder(name, root.subject, public_key, now_ms, years)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    return builder.add_extension(issuer, critical=False).sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now_ms: int, years: int
) -> x509.CertificateBuilder:
    held = x509.SubjectKeyIdentifier.from_public_key(public_key)
    start = _moment(now_ms)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(int.from_bytes(held.digest[:8], "big") | 1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years))
        .add_extension(held, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
