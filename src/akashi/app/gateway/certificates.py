"""A gateway's own certificates (its machine's and its pages') while their keys change.

Guarantees: the certificate of the next key waits beside the old one in ``NAME.next`` until the key store has switched; then
:func:`settle_certificates` puts it in place, also when a crash came between. So key and certificate fit whenever a gateway opens.
Refuses nothing: a certificate that fits no key is left where it is. Trusts whoever can write the home.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from akashi.app.config import GatewayPaths
from akashi.durable import remove_file, write_file
from akashi.keys.keystore import FileKeystore

MACHINE_KEY, WEB_KEY = "machine", "web"


def waiting(path: Path) -> Path:
    """Where the certificate of the next key waits."""
    return path.with_name(path.name + ".next")


def settle_certificates(paths: GatewayPaths, keystore: FileKeystore) -> None:
    """Put each waiting certificate in place whose key is the current one; one that is in place already is cleared away."""
    for name, path in ((MACHINE_KEY, paths.certificate), (WEB_KEY, paths.server_certificate)):
        following = waiting(path)
        if following.is_file():
            data = following.read_bytes()
            if x509.load_pem_x509_certificate(data).public_key() == keystore.private_key(name).public_key():
                write_file(path, data, 0o644)
                remove_file(following)
