"""RFC 3161: the local authority, verification against other people's programs, and hostile answers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from akashi.clock import FixedClock
from akashi.ledger.errors import ProofError
from akashi.ledger.proof.stamp import LocalTsa, TsaFailed, leads_to_root, obtain, verify_token
from akashi.ledger.proof.tsa import HttpTsa, local_root, local_tsa_certificate
from tests.vectors.world import HOUR_MS, START_MS, TSA_ROOT_KEY, YEAR_MS, P256Key, token_over, tsa, tsa_crl, tsa_root

MESSAGE = b"a checkpoint and its signature line\n"
TOKEN = token_over(MESSAGE, START_MS)


@dataclass
class Answering:
    """An authority that answers what a test wants."""

    answer: bytes
    asked: list[bytes] = field(default_factory=list)

    def respond(self, request: bytes) -> bytes:
        """The prepared answer."""
        self.asked.append(request)
        return self.answer


def test_obtained_stamp_is_verified_on_arrival() -> None:
    """A stamp carries the authority's time, a fresh nonce was asked for and came back."""
    stamp = obtain(tsa(START_MS + 1234), MESSAGE)
    token = verify_token(stamp.token, MESSAGE)
    assert stamp.time_ms == token.time_ms == START_MS + 1234
    assert token.nonce is not None


def test_other_message_is_refused() -> None:
    """A token is over exactly one message."""
    with pytest.raises(ProofError) as raised:
        verify_token(TOKEN, MESSAGE + b" ")
    assert raised.value.failure == "stamp"


def test_every_flipped_byte_of_a_token_is_refused_or_harmless() -> None:
    """No changed token verifies for another time or signer; what verifies at all still says the same."""
    right = verify_token(TOKEN, MESSAGE)
    accepted, failures = [], set()
    for at in range(len(TOKEN)):
        changed = TOKEN[:at] + bytes([TOKEN[at] ^ 1]) + TOKEN[at + 1 :]
        try:
            accepted.append(verify_token(changed, MESSAGE))
        except ProofError as error:
            failures.add(error.failure)
    assert failures == {"stamp"}
    assert {(token.time_ms, token.certificates[0]) for token in accepted} <= {(right.time_ms, right.certificates[0])}
    assert len(accepted) < 30  # bytes that nothing signs, such as the list of digest algorithms


@given(st.binary(max_size=60), st.integers(0, len(TOKEN)), st.integers(0, 30))
def test_spliced_tokens_never_raise_anything_else(data: bytes, at: int, skip: int) -> None:
    """Hostile DER gives the one failure class."""
    changed = TOKEN[:at] + data + TOKEN[at + skip :]
    failure = None
    try:
        verify_token(changed, MESSAGE)
    except ProofError as error:
        failure = error.failure
    assert failure in {None, "stamp"}


def test_only_named_roots_are_believed() -> None:
    """The same token counts with the right root, not without, not with another of the same name."""
    token = verify_token(TOKEN, MESSAGE)
    impostor = local_root(P256Key("impostor").key, START_MS - HOUR_MS).public_bytes(Encoding.DER)
    assert leads_to_root(token, [tsa_root()])
    assert not leads_to_root(token, [])
    assert not leads_to_root(token, [impostor])


def test_certificate_must_be_valid_at_the_stamped_time() -> None:
    """Before and after the certificate's validity a token does not count, though its signature is right."""
    for at_ms in (START_MS - 2 * HOUR_MS, START_MS + 11 * YEAR_MS):
        assert not leads_to_root(verify_token(token_over(MESSAGE, at_ms), MESSAGE), [tsa_root()])


def test_revocation_counts_from_its_date() -> None:
    """Stamps from before a revocation keep counting; a CRL of somebody else says nothing."""
    token = verify_token(TOKEN, MESSAGE)
    assert not leads_to_root(token, [tsa_root()], [tsa_crl(START_MS - 1000)])
    assert leads_to_root(token, [tsa_root()], [tsa_crl(START_MS + 1000)])


def test_root_that_is_no_authority_gives_no_path() -> None:
    """An issuer without CA:true issues nothing."""
    key = P256Key("leaf as issuer").key
    leaf = local_tsa_certificate(key.public_key(), _root(), TSA_ROOT_KEY.key, START_MS - HOUR_MS)
    below = local_tsa_certificate(P256Key("below").key.public_key(), leaf, key, START_MS - HOUR_MS)
    made = LocalTsa(P256Key("below").key, below, FixedClock(START_MS)).token(MESSAGE)
    token = verify_token(made, MESSAGE, [leaf.public_bytes(Encoding.DER)])
    assert not leads_to_root(token, [tsa_root()])


def _root() -> x509.Certificate:
    return x509.load_der_x509_certificate(tsa_root())


def test_wrong_nonce_is_refused() -> None:
    """An old answer played again does not pass for a fresh one."""
    first = Answering(b"")
    with pytest.raises(TsaFailed):
        obtain(first, MESSAGE)
    replayed = Answering(tsa(START_MS).respond(first.asked[0]))
    with pytest.raises(TsaFailed) as raised:
        obtain(replayed, MESSAGE)
    assert raised.value.params == {"failure": "nonce"}


@pytest.mark.parametrize("answer", [b"", b"\x30\x03\x02\x01\x02", b"not DER at all", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_unusable_answers_are_one_clear_error(answer: bytes) -> None:
    """A refusal or rubbish from the authority is ``TsaFailed``, never a traceback."""
    with pytest.raises(TsaFailed):
        obtain(Answering(answer), MESSAGE)


def test_malformed_request_is_refused_by_the_local_authority() -> None:
    """The local authority does not stamp what it cannot read."""
    with pytest.raises(TsaFailed):
        tsa(START_MS).respond(b"\x30\x00")


def test_second_library_agrees() -> None:
    """rfc3161-client verifies our token with our root, and refuses another message."""
    builder = rfc3161_client.TimestampRequestBuilder().data(MESSAGE)
    request = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).build()
    response = rfc3161_client.decode_timestamp_response(tsa(START_MS).respond(request.as_bytes()))
    verifier = rfc3161_client.VerifierBuilder.from_request(request).add_root_certificate(_root()).build()
    assert verifier.verify_message(response, MESSAGE)
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(response, MESSAGE + b"x")


def _openssl(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, text=True, check=False)


def test_openssl_verifies_our_stamp(tmp_path: Path) -> None:
    """``openssl ts -verify`` accepts our token over our message and refuses it over another."""
    for name, data in (("token", TOKEN), ("message", MESSAGE), ("other", b"other")):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "root.pem").write_bytes(_root().public_bytes(Encoding.PEM))
    at = str(START_MS // 1000)
    common = ["ts", "-verify", "-in", "token", "-token_in", "-CAfile", "root.pem", "-attime", at]
    right = _openssl(*common, "-data", "message", directory=tmp_path)
    wrong = _openssl(*common, "-data", "other", directory=tmp_path)
    assert (right.returncode, "OK" in right.stdout) == (0, True), right.stderr
    assert wrong.returncode != 0


def test_we_verify_openssls_stamp(tmp_path: Path) -> None:
    """A token made by ``openssl ts -reply`` verifies here and leads to its root."""
    root, key = _root(), P256Key("tsa").key
    certificate = local_tsa_certificate(key.public_key(), root, TSA_ROOT_KEY.key, 1_577_836_800_000, years=60)
    from_2020 = local_root(TSA_ROOT_KEY.key, 1_577_836_800_000, years=80)
    (tmp_path / "tsa.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "tsa.key").write_bytes(_pem(key))
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_cert = tsa.crt\nsigner_key = tsa.key\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4.1\ndigests = sha256\nordering = no\ntsa_name = yes\ness_cert_id_alg = sha256\n"
    )
    query = _openssl("ts", "-query", "-data", "message", "-sha256", "-cert", "-out", "query", directory=tmp_path)
    reply = _openssl(
        "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-token_out", "-out", "reply", directory=tmp_path
    )
    assert (query.returncode, reply.returncode) == (0, 0), reply.stderr
    token = verify_token((tmp_path / "reply").read_bytes(), MESSAGE)
    assert leads_to_root(token, [from_2020.public_bytes(Encoding.DER)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextmanager
def _served(status: int, content_type: str, body: bytes | None) -> Iterator[str]:
    """A TSA on localhost; with ``body`` it answers that, else a real stamp."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = tsa(START_MS).respond(asked) if body is None else body
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa?policy=1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.network
def test_stamp_over_http() -> None:
    """A stamp is obtained from an authority by its URL."""
    with _served(200, "application/timestamp-reply", None) as url:
        assert obtain(HttpTsa(url), MESSAGE).time_ms == START_MS


@pytest.mark.network
@pytest.mark.parametrize(
    ("status", "content_type", "body", "failure"),
    [
        (500, "application/timestamp-reply", b"", "answer"),
        (302, "application/timestamp-reply", b"", "answer"),
        (200, "text/html", b"<html>", "answer"),
        (200, "application/timestamp-reply", bytes(70_000), "size"),
        (200, "application/timestamp-reply", b"rubbish", "response"),
    ],
)
def test_bad_answers_over_http(status: int, content_type: str, body: bytes, failure: str) -> None:
    """Errors, redirects, other types and oversized answers are refused with their reason."""
    with _served(status, content_type, body) as url, pytest.raises(TsaFailed) as raised:
        obtain(HttpTsa(url), MESSAGE)
    assert raised.value.params == {"failure": failure}


@pytest.mark.network
def test_absent_authority_is_one_clear_error() -> None:
    """Nobody listening is ``TsaFailed``."""
    with _served(200, "application/timestamp-reply", None) as url:
        gone = url
    with pytest.raises(TsaFailed) as raised:
        obtain(HttpTsa(gone, timeout_s=0.2), MESSAGE)
    assert raised.value.params == {"failure": "connection"}


@pytest.mark.parametrize("url", ["ftp://example.org/", "tsa.example.org", "https:///x"])
def test_other_urls_are_refused(url: str) -> None:
    """Only http and https with a host."""
    with pytest.raises(TsaFailed):
        HttpTsa(url)
