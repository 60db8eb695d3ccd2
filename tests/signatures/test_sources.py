"""Where keys and revocation information come from: a PKCS#11 token, lists and answers over HTTP, a time-stamping authority by URL."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

from akashi.ledger.proof.tsa import HttpTsa
from akashi.signatures.authorities import with_crls, with_ocsp
from akashi.signatures.checking import check_pdf
from akashi.signatures.errors import CertificateRefused, SigningKeyUnusable, StatusMissing, TokenUnavailable
from akashi.signatures.holding import Token, from_file, from_token
from akashi.signatures.model import Fault, Trust
from akashi.signatures.signing import Signing, sign_pdf
from tests.keys.tokens.softhsm import MODULE as SOFTHSM
from tests.signatures.pki import DAY_MS, NOW_MS, PASSPHRASE, Holder, World, blank_pdf, holder, moment

MODULE = str(SOFTHSM) if SOFTHSM.is_file() else ""
LABEL, KEY, PIN = "akashi-document", "signer", "2468"

# A token


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory, here: World) -> Iterator[Token]:
    """A SoftHSM token with the signer's key and certificate in it."""
    if not MODULE or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    key = folder / "key.pem"
    key.write_bytes(here.signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    _util("--init-token", "--free", "--label", LABEL, "--so-pin", "13579", "--pin", PIN)
    _util("--import", str(key), "--token", LABEL, "--label", KEY, "--id", "01", "--pin", PIN)
    library = pkcs11.lib(MODULE)
    library.reinitialize()
    with library.get_token(token_label=LABEL).open(user_pin=PIN, rw=True) as session:
        session.create_object(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.LABEL: KEY,
                pkcs11.Attribute.ID: b"\x01",
                pkcs11.Attribute.SUBJECT: here.signer.certificate.subject.public_bytes(),
                pkcs11.Attribute.VALUE: here.signer.certificate.public_bytes(Encoding.DER),
            }
        )
    yield Token(MODULE, LABEL, KEY, PIN)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def _util(*words: str) -> None:
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)


def test_a_token_signs(here: World, token: Token) -> None:
    """The key stays in the token; the document is as valid as one from a file."""
    with from_token(token, (here.root.certificate.public_bytes(Encoding.DER),)) as holding:
        made = sign_pdf(blank_pdf(), holding, Signing(here.trust(), here.stamps, here.clock))

    assert check_pdf(made.pdf, here.trust(), NOW_MS).valid


def test_wrong_pin(token: Token) -> None:
    """Attack: a wrong PIN opens nothing, and is not in the message."""
    with pytest.raises(TokenUnavailable) as refused, from_token(replace(token, pin="111111")):
        pass
    assert "111111" not in str(refused.value)
    assert "111111" not in repr(replace(token, pin="111111"))


def test_no_such_key(token: Token) -> None:
    """A label that the token does not have."""
    with pytest.raises(SigningKeyUnusable), from_token(replace(token, key_label="nobody")):
        pass


def test_no_such_module(tmp_path: Path) -> None:
    """A module that is not there is an error of ours."""
    with pytest.raises(TokenUnavailable), from_token(Token(str(tmp_path / "none.so"), LABEL, KEY, PIN)):
        pass


# Over HTTP

Answer = Callable[[str, bytes], tuple[int, str, bytes]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server on this machine that answers so; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, data = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ocsp(here: World, who: Holder, *, revoked: bool) -> bytes:
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    built = ocsp.OCSPResponseBuilder().add_response(
        cert=who.certificate, issuer=here.root.certificate, algorithm=hashes.SHA256(), cert_status=status,
        this_update=moment(NOW_MS), next_update=moment(NOW_MS + DAY_MS),
        revocation_time=moment(NOW_MS - DAY_MS) if revoked else None, revocation_reason=None,
    )  # fmt: skip
    built = built.responder_id(ocsp.OCSPResponderEncoding.HASH, here.root.certificate)
    return built.sign(here.root.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.network
def test_lists_are_fetched(here: World) -> None:
    """A list behind a configured URL counts as one that lies in the folder."""
    with serving(lambda _path, _body: (200, "application/pkix-crl", here.root.revocations())) as url:
        trust = with_crls(replace(here.trust(), crls=()), [f"{url}/root.crl"])

    made = sign_pdf(blank_pdf(), from_file(here.signer.p12(), PASSPHRASE), Signing(trust, here.stamps, here.clock))
    assert check_pdf(made.pdf, here.trust(), NOW_MS).valid


@pytest.mark.network
@pytest.mark.parametrize("answer", [(404, "text/html", b""), (302, "x/x", b""), (200, "application/pkix-crl", b"no")])
def test_answers_that_are_no_list(answer: tuple[int, str, bytes]) -> None:
    """Errors, redirects and rubbish are no list."""
    with serving(lambda _path, _body: answer) as url, pytest.raises(StatusMissing):
        with_crls(Trust(), [url])


def test_other_schemes_are_not_asked() -> None:
    """Attack: a file: or ftp: address in the setting."""
    with pytest.raises(StatusMissing):
        with_crls(Trust(), ["file:///etc/hostname"])


def _asked(here: World, who: Holder, *, revoked: bool) -> Trust:
    def answer(_path: str, body: bytes) -> tuple[int, str, bytes]:
        assert ocsp.load_der_ocsp_request(body).serial_number == who.certificate.serial_number
        return 200, "application/ocsp-response", _ocsp(here, who, revoked=revoked)

    with serving(answer) as url:
        return with_ocsp(replace(here.trust(), crls=()), who.certificate, here.root.certificate, url)


@pytest.mark.network
def test_a_responder_is_asked(here: World) -> None:
    """OCSP: a good answer is put into the document, which then verifies with nothing else; a newer list that knows better beats it."""
    who = holder(here.root, ocsp=True)
    trust = _asked(here, who, revoked=False)

    made = sign_pdf(blank_pdf(), from_file(who.p12(), PASSPHRASE), Signing(trust, here.stamps, here.clock))

    assert check_pdf(made.pdf, replace(here.trust(), crls=()), NOW_MS).valid
    told = here.root.revocations((who.certificate, NOW_MS - DAY_MS), at_ms=NOW_MS + DAY_MS)
    assert check_pdf(made.pdf, here.trust(told), NOW_MS + DAY_MS).signatures[0].faults == (Fault.CERTIFICATE_REVOKED,)


@pytest.mark.network
def test_a_responder_says_revoked(here: World) -> None:
    """OCSP: a revoked certificate does not sign."""
    who = holder(here.root, ocsp=True)
    trust = _asked(here, who, revoked=True)

    with pytest.raises(CertificateRefused):
        sign_pdf(blank_pdf(), from_file(who.p12(), PASSPHRASE), Signing(trust, here.stamps, here.clock))


@pytest.mark.network
def test_an_authority_by_url(here: World) -> None:
    """The configured time-stamping authority is asked over HTTP."""

    def answer(_path: str, body: bytes) -> tuple[int, str, bytes]:
        return 200, "application/timestamp-reply", here.stamps.respond(body)

    with serving(answer) as url:
        how = Signing(here.trust(), HttpTsa(url), here.clock)
        made = sign_pdf(blank_pdf(), from_file(here.signer.p12(), PASSPHRASE), how)

    assert isinstance(here.stamp_root, x509.Certificate)
    assert check_pdf(made.pdf, here.trust(), NOW_MS).stamps[0].trusted
