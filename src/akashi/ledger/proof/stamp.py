"""RFC 3161 time stamps: what a token proves, checked offline (docs/spec/verification.md step 8).

Guarantees: ``verify_token`` accepts only a token over exactly the given bytes, signed by the one certificate it names, whose
sole and critical use is time stamping. ``leads_to_root`` decides whether that certificate can be believed at the token's
time. Trusts the roots that the caller's trust file names, and those only. Refuses to ask the network (``tsa`` does).

:class:`LocalTsa` serves tests and the demo. It proves nothing legally: whoever holds its key sets its clock.

Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 section 5.4 (signed attributes), RFC 5280 section 6 in the part named there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import rfc3161_client
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.ledger.errors import ProofError

MAX_TOKEN_BYTES = 64 * 1024
MAX_DEPTH = 8
GRANTED = (0, 1)
"""PKIStatus granted, grantedWithMods (RFC 3161 section 2.4.2)."""
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a parser of hostile DER may raise; everything becomes the one failure class.
_MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: its time, its nonce, and the certificates from which a path may be built (signer first)."""

    time_ms: int
    nonce: int | None
    certificates: tuple[x509.Certificate, ...]


def verify_token(token: bytes, message: bytes, certificates: Sequence[bytes] = ()) -> Token:
    """Check that ``token`` (DER ContentInfo) stamps ``message``; raises :class:`ProofError` ``stamp``.

    ``certificates``: further DER certificates beside those in the token. Left to the caller: whether to believe the signer
    (:func:`leads_to_root`), and the nonce where one was asked for.
    """
    return verify_imprint(token, "sha256", hashlib.sha256(message).digest(), certificates)


def verify_imprint(token: bytes, algorithm: str, digest: bytes, certificates: Sequence[bytes] = ()) -> Token:
    """As :func:`verify_token` for a token over ``digest``, which ``algorithm`` (a name of hashlib's) made; its strength is not judged."""
    if len(token) > MAX_TOKEN_BYTES:
        raise ProofError("stamp")
    try:
        return _verify(token, algorithm, digest, certificates)
    except (*_MALFORMED, InvalidSignature) as error:
        raise ProofError("stamp") from error


def _require(condition: bool) -> None:
    if not condition:
        raise ProofError("stamp")


def _verify(token: bytes, algorithm: str, digest: bytes, certificates: Sequence[bytes]) -> Token:
    content = cms.ContentInfo.load(token, strict=True)
    _require(content["content_type"].native == "signed_data")
    signed = content["content"]
    _require(signed["encap_content_info"]["content_type"].native == "tst_info")
    info_bytes = bytes(signed["encap_content_info"]["content"])
    info = tsp.TSTInfo.load(info_bytes, strict=True)
    imprint = info["message_imprint"]
    _require(info["version"].native == "v1" and imprint["hash_algorithm"]["algorithm"].native == algorithm)
    _require(imprint["hashed_message"].native == digest)
    _require(len(signed["signer_infos"]) == 1)
    signer_info = signed["signer_infos"][0]
    candidates = [choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"]
    parsed = [x509.load_der_x509_certificate(der) for der in dict.fromkeys([*candidates, *certificates])]
    signer = _named_signer(signer_info, parsed)
    _check_attributes(signer_info, signer, info_bytes)
    _check_usage(signer)
    _check_signature(signer_info, signer)
    others = tuple(certificate for certificate in parsed if certificate is not signer)
    return Token(_milliseconds(info["gen_time"].native), info["nonce"].native, (signer, *others))


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _named_signer(signer_info: cms.SignerInfo, parsed: Sequence[x509.Certificate]) -> x509.Certificate:
    sid = signer_info["sid"]
    for certificate in parsed:
        if sid.name == "issuer_and_serial_number":
            same_issuer = certificate.issuer.public_bytes() == sid.chosen["issuer"].dump()
            if same_issuer and certificate.serial_number == sid.chosen["serial_number"].native:
                return certificate
        else:
            try:
                held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            except x509.ExtensionNotFound:
                continue
            if held == sid.chosen.native:
                return certificate
    raise ProofError("stamp")


def _check_attributes(signer_info: cms.SignerInfo, signer: x509.Certificate, info_bytes: bytes) -> None:
    """RFC 3161 section 2.4.2: content type, message digest and the signer's certificate are under the signature."""
    found: dict[str, object] = {}
    for attribute in signer_info["signed_attrs"]:
        name = attribute["type"].native
        _require(name not in found and len(attribute["values"]) == 1)
        found[name] = attribute["values"][0]
    algorithm = signer_info["digest_algorithm"]["algorithm"].native
    _require(algorithm in _HASHES)
    _require(getattr(found.get("content_type"), "native", None) == "tst_info")
    _require(getattr(found.get("message_digest"), "native", None) == hashlib.new(algorithm, info_bytes).digest())
    _require(_names_certificate(found, signer.public_bytes(Encoding.DER)))


def _names_certificate(found: dict[str, object], der: bytes) -> bool:
    newer, older = found.get("signing_certificate_v2"), found.get("signing_certificate")
    if isinstance(newer, tsp.SigningCertificateV2):
        first = newer["certs"][0]
        algorithm = first["hash_algorithm"]["algorithm"].native
        return algorithm in _HASHES and bool(first["cert_hash"].native == hashlib.new(algorithm, der).digest())
    if isinstance(older, tsp.SigningCertificate):  # RFC 3161 itself knows SHA-1 only; the signature does not rest on it
        return bool(older["certs"][0]["cert_hash"].native == hashlib.sha1(der, usedforsecurity=False).digest())
    return False


def _check_usage(signer: x509.Certificate) -> None:
    """RFC 3161 section 2.3: exactly timeStamping, and critical."""
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise ProofError("stamp") from error
    _require(usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING])


def _check_signature(signer_info: cms.SignerInfo, signer: x509.Certificate) -> None:
    algorithm = _HASHES[signer_info["digest_algorithm"]["algorithm"].native]()
    # RFC 5652 section 5.4: signed is the SET OF (tag 31), not the [0] that stands in the SignerInfo
    message = b"\x31" + signer_info["signed_attrs"].dump()[1:]
    signature, scheme = signer_info["signature"].native, signer_info["signature_algorithm"].signature_algo
    key = signer.public_key()
    if isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pkcs1v15":
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
        key.verify(signature, message, ec.ECDSA(algorithm))
    else:
        raise ProofError("stamp")


def leads_to_root(token: Token, roots: Sequence[bytes], crls: Sequence[bytes] = ()) -> bool:
    """Whether the token's signer could be believed at the token's time, given DER ``roots`` and ``crls``.

    Raises :class:`ProofError` ``stamp`` for a CRL that does not parse.
    """
    try:
        lists = [x509.load_der_x509_crl(der) for der in crls]
    except _MALFORMED as error:
        raise ProofError("stamp") from error
    anchors = [x509.load_der_x509_certificate(der) for der in roots]
    moment = _EPOCH + timedelta(milliseconds=token.time_ms)
    search = _PathSearch(anchors, [*token.certificates[1:], *anchors], lists, moment)
    try:
        return search.reaches_root(token.certificates[0], MAX_DEPTH)
    except _MALFORMED:
        return False


@dataclass(frozen=True, slots=True)
class _PathSearch:
    anchors: Sequence[x509.Certificate]
    issuers: Sequence[x509.Certificate]
    lists: Sequence[x509.CertificateRevocationList]
    moment: datetime

    def reaches_root(self, certificate: x509.Certificate, depth: int) -> bool:
        if certificate in self.anchors:
            return True
        if depth == 0 or not certificate.not_valid_before_utc <= self.moment <= certificate.not_valid_after_utc:
            return False
        return any(
            self._issued(certificate, issuer)
            and not self._revoked(certificate, issuer)
            and self.reaches_root(issuer, depth - 1)
            for issuer in self.issuers
        )

    @staticmethod
    def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        try:
            authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            certificate.verify_directly_issued_by(issuer)
        except (*_MALFORMED, InvalidSignature, x509.ExtensionNotFound):
            return False
        return authority

    def _revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        key = issuer.public_key()
        if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
            return False
        for held in self.lists:
            if held.issuer != issuer.subject or not held.is_signature_valid(key):
                continue
            entry = held.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and entry.revocation_date_utc <= self.moment:
                return True
        return False


class TsaFailed(Unavailable):
    """The time-stamping authority did not give a usable token; operations go on unstamped until it does."""

    code = "ledger.tsa"
    ja, en = (
        "時刻認証局からタイムスタンプを得られませんでした（{failure}）。",
        "No time stamp was obtained ({failure}).",
    )
    hint_ja, hint_en = (
        "記録は続いています。あとでもう一度取得してください。",
        "Recording goes on; ask for the stamp again later.",
    )


class Tsa(Protocol):
    """A time-stamping authority that answers one RFC 3161 request (DER). Raises :class:`TsaFailed`."""

    def respond(self, request: bytes) -> bytes:
        """The response (DER TimeStampResp)."""
        ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that was verified on arrival, ready for ``log.stamped``."""

    token: bytes
    certificates: tuple[bytes, ...]
    time_ms: int


def obtain(tsa: Tsa, message: bytes) -> Stamp:
    """Ask ``tsa`` to stamp ``message`` (SHA-256, fresh nonce, certificates wanted) and verify what it answers."""
    builder = rfc3161_client.TimestampRequestBuilder().data(message)
    request = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).nonce(nonce=True).build()
    answer = tsa.respond(request.as_bytes())
    try:
        response = rfc3161_client.decode_timestamp_response(answer)
        granted, token = response.status in GRANTED, bytes(response.time_stamp_token())
    except (*_MALFORMED, RuntimeError) as error:
        raise TsaFailed(failure="response") from error
    if not granted:
        raise TsaFailed(failure="status")
    verified = verify_token(token, message)
    if verified.nonce != request.nonce:
        raise TsaFailed(failure="nonce")
    # What the token carries anyway is not kept twice.
    return Stamp(token, (), verified.time_ms)


class LocalTsa:
    """A time-stamping authority in this process, for tests and the demo. Proves nothing legally.

    Trusted: whoever can set ``clock`` or use ``key`` can stamp any time. Signatures are deterministic (RFC 6979) and serial
    numbers derive from request and time, so that test vectors come out the same each time.
    """

    POLICY = "1.3.6.1.4.1.99999.1"

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock, hashed: str = "sha256"
    ) -> None:
        """``hashed``: what its signatures are made with (sha256, sha384, sha512)."""
        self._key, self._hashed = key, hashed
        self._certificate = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        self._clock = clock

    def respond(self, request: bytes) -> bytes:
        """The response (DER TimeStampResp), always granted. Raises :class:`TsaFailed` for a malformed request."""
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            token = self._token(asked)
        except _MALFORMED as error:
            raise TsaFailed(failure="request") from error
        granted = tsp.PKIStatusInfo({"status": "granted"})
        return bytes(tsp.TimeStampResp({"status": granted, "time_stamp_token": token}).dump())

    def token(self, message: bytes) -> bytes:
        """A token over ``message`` without a nonce: the same message and moment give the same bytes."""
        imprint = tsp.MessageImprint(
            {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(message).digest()}
        )
        asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint})
        return bytes(self._token(asked).dump())

    def _token(self, asked: tsp.TimeStampReq) -> cms.ContentInfo:
        info = self._info(asked, _EPOCH + timedelta(milliseconds=self._clock.now_ms())).dump()
        return cms.ContentInfo({"content_type": "signed_data", "content": self._signed(info)})

    def _info(self, asked: tsp.TimeStampReq, moment: datetime) -> tsp.TSTInfo:
        serial = hashlib.sha256(asked.dump() + moment.isoformat().encode()).digest()[:8]
        fields = {
            "version": "v1",
            "policy": self.POLICY,
            "message_imprint": asked["message_imprint"],
            "serial_number": int.from_bytes(serial, "big"),
            "gen_time": moment,
            "accuracy": tsp.Accuracy({"seconds": 1}),
        }
        if asked["nonce"].native is not None:
            fields["nonce"] = asked["nonce"]
        return tsp.TSTInfo(fields)

    def _signed(self, info: bytes) -> cms.SignedData:
        held = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(self._certificate.dump()).digest()})
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(self._hashed, info).digest()]}),
                cms.CMSAttribute(
                    {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [held]})]}
                ),
            ]
        )
        scheme = ec.ECDSA(_HASHES[self._hashed](), deterministic_signing=True)
        signature = self._key.sign(attributes.dump(), scheme)
        sid = cms.IssuerAndSerialNumber(
            {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
        )
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier({"issuer_and_serial_number": sid}),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": self._hashed}),
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": f"{self._hashed}_ecdsa"}),
                "signature": signature,
            }
        )
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": self._hashed})],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
                "certificates": [self._certificate],
                "signer_infos": [signer],
            }
        )
