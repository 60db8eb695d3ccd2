"""Tokens that another program made: OpenSSL as the time-stamping authority."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from akashi_verifier.steps import verify
from tests.verifier import writer
from tests.verifier.writer_tsa import imprint
from tests.waiting import PATIENCE_S

_CONFIG = """
[tsa]
default_tsa = it
[it]
serial = ./serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384
ess_cert_id_alg = {ess}
clock_precision_digits = 3
certs = ./root.pem
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
"""


class OpenSsl:
    """An authority in a folder."""

    def __init__(self, folder: Path, key: list[str], ess: str) -> None:
        self.folder = folder
        (folder / "conf").write_text(_CONFIG.format(ess=ess))
        (folder / "serial").write_text("01\n")
        new = ["req", "-x509", "-config", "conf", "-nodes", "-newkey", *key, "-days", "30"]
        self.run(*new, "-subj", "/CN=root", "-extensions", "root", "-keyout", "root.key", "-out", "root.pem")
        leaf = ["-subj", "/CN=tsa", "-extensions", "leaf", "-keyout", "tsa.key", "-out", "tsa.pem"]
        self.run(*new, *leaf, "-CA", "root.pem", "-CAkey", "root.key")
        self.run("x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der")
        self.trust_line = f"#!tsa-root {b64encode((folder / 'root.der').read_bytes()).decode()}"

    def run(self, *arguments: str) -> None:
        """Run openssl in the folder."""
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE_S)

    def token(self, digest: bytes) -> bytes:
        """A token over a SHA-256 digest, with certificates inside."""
        self.run("ts", "-query", "-digest", digest.hex(), "-sha256", "-cert", "-out", "query")
        reply = ["ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key"]
        self.run(*reply, "-token_out", "-out", "token")
        return (self.folder / "token").read_bytes()


@pytest.mark.parametrize(
    ("key", "ess"),
    [
        (["rsa:2048"], "sha256"),
        (["rsa:2048"], "sha1"),
        (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha384"),
    ],
    ids=["rsa", "rsa with ESSCertID of RFC 2634", "p-256"],
)
def test_tokens_of_openssl_count(tmp_path: Path, key: list[str], ess: str) -> None:
    """Tokens by RSA and ECDSA, with each form of ESSCertID, are counted under OpenSSL's root."""
    authority, log = OpenSsl(tmp_path, key, ess), writer.founded()
    item = ["stamp", log.note(), authority.token(imprint(log.note())), [], [], []]
    result = verify(log.bundle(more=[item]), log.trust(authority.trust_line))
    assert (result["failure"], [stamp["counted"] for stamp in result["stamps"]]) == (None, [True])
