"""Private keys whose operations happen elsewhere: they look like keys of ``cryptography`` and hold none.

Guarantees: X.509 builders, CRLs, time stamps and our signers accept them unchanged; a signature is computed by the token; asking for
the bytes raises :class:`KeyInToken`. ``repr`` names the curve only. Refuses: key agreement, other digests than SHA-256 (P-256).
Trusted: the function that signs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from akashi.errors import Misuse
from akashi.keys.tokens.errors import KeyInToken

_COORDINATE = 32
Sign = Callable[[bytes], bytes]
Buffer = bytes | bytearray | memoryview


class TokenP256Key(ec.EllipticCurvePrivateKey):
    """A P-256 key in a token; ``sign`` takes a SHA-256 digest and gives ``r || s`` (PKCS#11 CKM_ECDSA)."""

    def __init__(self, public: ec.EllipticCurvePublicKey, sign: Sign) -> None:
        self._public, self._sign = public, sign

    def __repr__(self) -> str:
        return "TokenP256Key()"

    def sign(self, data: Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """A DER signature over ``data`` (ECDSA with SHA-256, also prehashed)."""
        algorithm = signature_algorithm.algorithm
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise Misuse(what="signature algorithm of a token key")
        if isinstance(algorithm, Prehashed):
            digest = bytes(data)
        elif isinstance(algorithm, hashes.SHA256):
            hashed = hashes.Hash(algorithm)
            hashed.update(data)
            digest = hashed.finalize()
        else:
            raise Misuse(what="digest of a token key")
        if len(digest) != _COORDINATE:
            raise Misuse(what="digest length of a token key")
        raw = self._sign(digest)
        return encode_dss_signature(int.from_bytes(raw[:_COORDINATE], "big"), int.from_bytes(raw[_COORDINATE:], "big"))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """256 bits."""
        return self._public.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002 - the interface
        """Refused: these keys sign."""
        raise KeyInToken

    def private_numbers(self) -> NoReturn:
        """Refused: the key is in the token."""
        raise KeyInToken

    def private_bytes(
        self,
        encoding: serialization.Encoding,  # noqa: ARG002 - the interface
        format: serialization.PrivateFormat,  # noqa: A002, ARG002 - the interface
        encryption_algorithm: serialization.KeySerializationEncryption,  # noqa: ARG002 - the interface
    ) -> NoReturn:
        """Refused: the key is in the token."""
        raise KeyInToken

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[object, object]) -> Self:
        return self


class TokenEd25519Key(ed25519.Ed25519PrivateKey):
    """An Ed25519 key in a token (PKCS#11 CKM_EDDSA)."""

    def __init__(self, public: ed25519.Ed25519PublicKey, sign: Sign) -> None:
        self._public, self._sign = public, sign

    def __repr__(self) -> str:
        return "TokenEd25519Key()"

    def sign(self, data: Buffer) -> bytes:
        """64 bytes."""
        return self._sign(bytes(data))

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """The public half."""
        return self._public

    def private_bytes(
        self,
        encoding: serialization.Encoding,  # noqa: ARG002 - the interface
        format: serialization.PrivateFormat,  # noqa: A002, ARG002 - the interface
        encryption_algorithm: serialization.KeySerializationEncryption,  # noqa: ARG002 - the interface
    ) -> NoReturn:
        """Refused: the key is in the token."""
        raise KeyInToken

    def private_bytes_raw(self) -> NoReturn:
        """Refused: the key is in the token."""
        raise KeyInToken

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[object, object]) -> Self:
        return self
