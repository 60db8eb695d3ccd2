"""OCSP (RFC 6960) for device certificates: what the ledger says of a serial number, signed by a delegated responder.

Guarantees: answers are signed by a key of this process under a certificate that may do nothing else (id-kp-OCSPSigning, no check of itself) and
lives seven days; a nonce is given back (RFC 8954); ``good`` means enrolled and not revoked, a serial that was never enrolled is ``unknown``.
Refuses unreadable requests (``malformedRequest``) and certificates of other authorities (``unauthorized``). Trusts: the caller's ledger.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from akashi.clock import Clock
from akashi.identity.ca import BACKDATE_MS, CRL_LIFE_MS, DAY_MS, CertificateAuthority

MAX_REQUEST = 4096
ANSWER_LIFE_MS = 60 * 60 * 1000
MAX_NONCE = 32
_HASHES = (hashes.SHA1, hashes.SHA256)  # SHA-1 names the issuer only, as RFC 6960 4.3 asks for; it signs nothing
_UNREADABLE = (
    ValueError,
    TypeError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

Look = Callable[[int], tuple[bool, int | None]]
"""Serial number to whether it was enrolled, and when it was revoked (ms)."""


class OcspResponder:
    """Answers for one authority. Thread-safe."""

    def __init__(self, authority: CertificateAuthority, clock: Clock) -> None:
        self._authority, self._clock = authority, clock
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate: x509.Certificate | None = None
        self._until_ms = 0

    def is_asked(self, request: ocsp.OCSPRequest) -> bool:
        """Whether the request is about a certificate of this authority."""
        names = self._authority.certificate.subject.public_bytes()
        key = self._authority.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        asked = request.issuer_name_hash, request.issuer_key_hash
        return asked == (_digest(request, names), _digest(request, point))

    def answer(self, request: ocsp.OCSPRequest, look: Look) -> bytes:
        """The signed answer, DER."""
        now = self._clock.now_ms()
        enrolled, revoked_ms = look(request.serial_number)
        status = ocsp.OCSPCertStatus.GOOD if enrolled else ocsp.OCSPCertStatus.UNKNOWN
        if revoked_ms is not None:
            status = ocsp.OCSPCertStatus.REVOKED
        certificate = self._current(now)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                request.issuer_name_hash,
                request.issuer_key_hash,
                request.serial_number,
                request.hash_algorithm,
                status,
                _moment(now - BACKDATE_MS),
                _moment(now + ANSWER_LIFE_MS),
                None if revoked_ms is None else _moment(revoked_ms),
                None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
            .certificates([certificate])
        )
        nonce = _nonce(request)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _current(self, now: int) -> x509.Certificate:
        with self._lock:
            if self._certificate is None or now >= self._until_ms - DAY_MS:
                self._until_ms = now + CRL_LIFE_MS
                self._certificate = self._authority.issue_responder(self._key.public_key(), now, self._until_ms)
            return self._certificate


def answer_ocsp(responders: Sequence[OcspResponder], data: bytes, look: Look) -> bytes:
    """The answer (DER) to a request (DER) about a certificate of one of the responders' authorities."""
    try:
        if len(data) > MAX_REQUEST:
            raise ValueError
        request = ocsp.load_der_ocsp_request(data)
        if not isinstance(request.hash_algorithm, _HASHES) or len(_nonce(request) or b"") > MAX_NONCE:
            raise ValueError
        asked = next((one for one in responders if one.is_asked(request)), None)
    except _UNREADABLE:
        return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED) if asked is None else asked.answer(request, look)


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    try:
        return request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def _digest(request: ocsp.OCSPRequest, data: bytes) -> bytes:
    made = hashes.Hash(request.hash_algorithm)
    made.update(data)
    return made.finalize()


def _moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC).replace(tzinfo=None)
