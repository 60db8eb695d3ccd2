"""Evidence records as bytes (RFC 4998 section 3), and the RFC 3161 exchange over a hash that is not one message's.

Guarantees: ``parse_record`` accepts exactly what ``format_record`` makes, in DER; other implementations' optional fields (attributes, cryptoInfos,
encryptionInfo) are refused, never ignored. Refuses records over 4 MiB or 1,024 stamps. Verifies nothing: that is ``renewal``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from akashi.ledger.errors import ProofError
from akashi.ledger.proof.stamp import GRANTED, MAX_TOKEN_BYTES, Token, Tsa, TsaFailed, verify_imprint

MAX_RECORD_BYTES = 4 * 1024 * 1024
MAX_STAMPS = 1_024
HASH_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64, "sha3_256": 32, "sha3_512": 64}
"""The hash algorithms of trees, by hashlib's names."""
_SEQUENCE, _OCTETS, _VERSION = 0x30, 0x04, b"\x02\x01\x01"
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


class _List(core.SequenceOf):  # type: ignore[misc]  # asn1crypto publishes no types
    _child_spec = core.OctetString


class _Lists(core.SequenceOf):  # type: ignore[misc]  # as above
    _child_spec = _List


class _Stamp(core.Sequence):  # type: ignore[misc]  # as above
    _fields = [  # noqa: RUF012 - the form that asn1crypto reads
        ("digest_algorithm", algos.DigestAlgorithm, {"implicit": 0}),
        ("reduced_hashtree", _Lists, {"implicit": 2, "optional": True}),
        ("time_stamp", cms.ContentInfo),
    ]


class _Chain(core.SequenceOf):  # type: ignore[misc]  # as above
    _child_spec = _Stamp


class _Chains(core.SequenceOf):  # type: ignore[misc]  # as above
    _child_spec = _Chain


class _Record(core.Sequence):  # type: ignore[misc]  # as above
    _fields = [  # noqa: RUF012 - as above
        ("version", core.Integer),
        ("digest_algorithms", tsp.DigestAlgorithms),
        ("archive_time_stamp_sequence", _Chains),
    ]


Lists = tuple[tuple[bytes, ...], ...]
"""A reduced hash tree: the first list holds what is proven, each further one what is hashed together with the result of the one before."""


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """One archive time stamp: the tree's hash algorithm, the reduced tree (none: the stamp is over the one hash), the token."""

    algorithm: str
    lists: Lists
    token: bytes


Chains = tuple[tuple[ArchiveStamp, ...], ...]
"""Chains oldest first; within one all stamps have the same hash algorithm, each over the token before it."""


def _digest_algorithm(name: str) -> algos.DigestAlgorithm:
    return algos.DigestAlgorithm({"algorithm": name})


@cache
def _algorithm(name: str) -> bytes:
    return bytes(_digest_algorithm(name).dump())


def _tlv(tag: int, *contents: bytes) -> bytes:
    """One DER value; written here because asn1crypto's cost of nesting what it builds is exponential in the depth."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _stamp(stamp: ArchiveStamp) -> bytes:
    algorithm = b"\xa0" + _algorithm(stamp.algorithm)[1:]  # [0] IMPLICIT in the place of SEQUENCE
    rows = [_tlv(_SEQUENCE, *(_tlv(_OCTETS, one) for one in row)) for row in stamp.lists]
    return _tlv(_SEQUENCE, algorithm, _tlv(0xA2, *rows) if rows else b"", stamp.token)


def encode_chains(chains: Chains) -> bytes:
    """The DER of the ArchiveTimeStampSequence, which a new chain is made over (section 5.2)."""
    return _tlv(_SEQUENCE, *(_tlv(_SEQUENCE, *map(_stamp, chain)) for chain in chains))


def format_record(chains: Chains) -> bytes:
    """The record's one encoding (DER)."""
    names = dict.fromkeys(stamp.algorithm for chain in chains for stamp in chain)
    return _tlv(_SEQUENCE, _VERSION, _tlv(_SEQUENCE, *map(_algorithm, names)), encode_chains(chains))


def parse_record(data: bytes) -> Chains:
    """Strict inverse of :func:`format_record`. Raises :class:`ProofError` ``record.format``."""
    if len(data) > MAX_RECORD_BYTES:
        raise ProofError("record.format")
    try:
        record = _Record.load(data, strict=True)
        chains = tuple(tuple(_read(stamp) for stamp in chain) for chain in record["archive_time_stamp_sequence"])
        again = format_record(chains)
    except _MALFORMED as error:
        raise ProofError("record.format") from error
    count = sum(len(chain) for chain in chains)
    uniform = all(chain and len({stamp.algorithm for stamp in chain}) == 1 for chain in chains)
    if again != data or not 1 <= count <= MAX_STAMPS or not uniform:
        raise ProofError("record.format")
    return chains


def _read(stamp: _Stamp) -> ArchiveStamp:
    name = stamp["digest_algorithm"]["algorithm"].native
    size = HASH_SIZES[name]
    given = stamp["reduced_hashtree"]
    lists = () if isinstance(given, core.Void) else tuple(tuple(one.native for one in row) for row in given)
    # An empty tree, an empty list, a hash of another size, or one twice: nothing that we make, and nothing to prove with.
    if (not lists and not isinstance(given, core.Void)) or any(
        not row or len(set(row)) != len(row) or any(len(one) != size for one in row) for row in lists
    ):
        raise ProofError("record.format")
    return ArchiveStamp(name, lists, stamp["time_stamp"].dump())


def obtain_over(tsa: Tsa, algorithm: str, digest: bytes) -> bytes:
    """A token over ``digest`` with a fresh nonce, verified on arrival. Raises ``TsaFailed``, ``ProofError`` ``stamp``."""
    nonce = secrets.randbits(64) | 1 << 63
    imprint = tsp.MessageImprint({"hash_algorithm": _digest_algorithm(algorithm), "hashed_message": digest})
    asked = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    answer = tsa.respond(bytes(tsp.TimeStampReq(asked).dump()))
    try:
        response = tsp.TimeStampResp.load(answer, strict=True)
        granted = int(response["status"]["status"]) in GRANTED
        token = bytes(response["time_stamp_token"].dump()) if granted else b""
    except _MALFORMED as error:
        raise TsaFailed(failure="response") from error
    if not granted:
        raise TsaFailed(failure="status")
    if verify_imprint(token, algorithm, digest).nonce != nonce:
        raise TsaFailed(failure="nonce")
    return token


def read_token(token: bytes, certificates: Sequence[bytes] = ()) -> Token:
    """A token whose signature verifies, whatever it is over. Raises :class:`ProofError` ``stamp``."""
    if len(token) > MAX_TOKEN_BYTES:
        raise ProofError("stamp")
    try:
        content = cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"]
        imprint = tsp.TSTInfo.load(bytes(content), strict=True)["message_imprint"]
        name, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    except _MALFORMED as error:
        raise ProofError("stamp") from error
    return verify_imprint(token, name, digest, certificates)


def algorithms_of(token: bytes, signer: x509.Certificate) -> frozenset[str]:
    """What a token's worth rests on: the imprint's and the signature's hash, the signer's key, the hash under its certificate.

    Names as in a policy: ``sha256``, ``ecdsa-p256``, ``rsa-2048`` (the largest step that the key reaches); ``unknown`` for what we cannot name.
    """
    signed = cms.ContentInfo.load(token)["content"]
    info = tsp.TSTInfo.load(bytes(signed["encap_content_info"]["content"]))
    try:
        under = signer.signature_hash_algorithm
    except UnsupportedAlgorithm:
        under = None
    return frozenset(
        {
            str(info["message_imprint"]["hash_algorithm"]["algorithm"].native),
            str(signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native),
            _key_name(signer),
            "unknown" if under is None else under.name.replace("-", "_"),
        }
    )


def _key_name(signer: x509.Certificate) -> str:
    key = signer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"}.get(
            key.curve.name, "unknown"
        )
    if isinstance(key, rsa.RSAPublicKey):
        reached = [step for step in (2048, 3072, 4096) if key.key_size >= step]
        return f"rsa-{reached[-1]}" if reached else "unknown"
    return "unknown"
