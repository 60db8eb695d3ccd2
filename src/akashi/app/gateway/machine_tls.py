"""TLS contexts from keys in a key store: the private key never touches a disk in the clear.

Guarantees: TLS 1.3 only; the peer's certificate must come from the pinned CA. Python's ``ssl`` loads keys from files only, so
the key passes through an anonymous memory file (``memfd_create``) that is closed before the function returns. Trusted: whoever
can read this process's memory can read the key.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@contextmanager
def in_memory_file(data: bytes) -> Iterator[str]:
    """A path under which ``data`` can be read while the block runs; nothing is written to a disk."""
    handle = os.memfd_create("akashi", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #8, not encrypted: for memory only."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def client_context(ca_pem: bytes, certificate_pem: bytes, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    """A context for calling a server of this service with a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=ca_pem.decode("ascii"))
    with in_memory_file(certificate_pem + key_pem(key)) as path:
        context.load_cert_chain(path)
    return context
