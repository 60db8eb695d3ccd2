"""The certificates of a service's authorities: the one that issues, and older ones that are still believed while a change overlaps.

Guarantees: which certificate goes with the key that signs is told by the public keys, so that a crash between writing the file and
switching the key leaves a pair that fits. Refuses a file in which the key's certificate is missing. Trusts whoever can write the home.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.errors import Misuse
from akashi.identity.ca import CertificateAuthority
from akashi.keys.keystore import FileKeystore

CA_KEY = "ca"


def matching(certificates: Sequence[x509.Certificate], public: object) -> x509.Certificate:
    """The certificate of a public key. Raises ``Misuse`` if there is none."""
    found = next((one for one in certificates if one.public_key() == public), None)
    if found is None:
        raise Misuse(what="key and certificate differ")
    return found


def authorities(keystore: FileKeystore, bundle: bytes) -> list[CertificateAuthority]:
    """The authority of the current key first, then those whose key and certificate are both still here."""
    certificates = x509.load_pem_x509_certificates(bundle)
    current = keystore.private_key(CA_KEY)
    made = [CertificateAuthority(current, matching(certificates, current.public_key()))]
    for generation in keystore.generations(CA_KEY):
        if generation != keystore.generation(CA_KEY):
            made += _older(keystore.private_key(CA_KEY, generation), certificates)
    return made


def _older(key: ec.EllipticCurvePrivateKey, certificates: Sequence[x509.Certificate]) -> list[CertificateAuthority]:
    return [CertificateAuthority(key, one) for one in certificates if one.public_key() == key.public_key()]
