"""The shipped nginx before a gateway: who gets in, who does not, and everybody who tries to be the terminator."""

from __future__ import annotations

import socket
import ssl
import stat
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.api.terminator import SocketUnusable, _listen
from tests.api.pki import Pki
from tests.api.served import PASSWORD, Member, World
from tests.deploy.terminated import SHIPPED, Front
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.network
PAGE = "端末の証明書が必要です"


def _escaped(member: Member) -> str:
    certificate = x509.load_pem_x509_certificate(member.key_file.read_bytes())
    return quote(certificate.public_bytes(Encoding.PEM))


def _request(*headers: str, target: str = "/login") -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


# Through nginx


def test_an_enrolled_device_works(front: Front) -> None:
    """End to end: certificate, sign-in over REST, the session on the right device."""
    with front.client(front.world.clinic) as client:
        page = client.get("/login")
        token = client.post("/api/v1/session", json={"login": front.world.clinic.login, "password": PASSWORD})

    assert (page.status_code, token.status_code) == (200, 201)
    assert token.headers["Strict-Transport-Security"]


def test_without_a_certificate_a_page_explains(front: Front) -> None:
    """No certificate: 403 and a Japanese page that says what to do; the application hears nothing."""
    with front.client(None) as client:
        answer = client.get("/login")

    assert (answer.status_code, PAGE in answer.text) == (403, True)
    assert "nginx/" not in answer.headers.get("server", "")


def test_a_foreign_authority_is_refused(front: Front, tmp_path: Path) -> None:
    """Attack: a certificate of another CA, with a name of ours."""
    context = front.context(None)
    context.load_cert_chain(Pki(tmp_path).device("dev-foreign0").path)

    assert PAGE in _over(context, front.port, _request()).decode()


def test_a_forged_header_does_not_pass(front: Front) -> None:
    """Attack: a client of one device sends the header of another. nginx replaces it; the session is on the real device."""
    clinic = front.world.clinic
    forged = {"X-Akashi-Client-Certificate": _escaped(front.world.payer), "X-Real-IP": "203.0.113.9"}
    with front.client(clinic, **forged) as client:
        answer = client.post("/api/v1/session", json={"login": clinic.login, "password": PASSWORD})

    assert answer.status_code == 201


def test_a_forged_header_without_a_certificate(front: Front) -> None:
    """Attack: no certificate, but the header of an enrolled device, in several spellings."""
    names = ("X-Akashi-Client-Certificate", "x-akashi-client-certificate", "X_Akashi_Client_Certificate")
    for name in names:
        with front.client(None, **{name: _escaped(front.world.clinic), "X-Akashi-Client-Verify": "SUCCESS"}) as client:
            answer = client.get("/login")

        assert (answer.status_code, PAGE in answer.text) == (403, True)


def test_another_institutions_device_is_refused(front: Front) -> None:
    """A good certificate of another institution passes TLS and not the door."""
    with front.client(front.world.payer) as client:
        assert client.get("/login").status_code == 403


def test_revoked_is_refused_on_an_open_connection(front: Front) -> None:
    """Attack: keep the connection open after revocation. The next request on it is refused, before any reload; after it, TLS does."""
    lost = front.world.second_device(front.world.clinic)
    with front.client(lost) as client:
        before = client.get("/login")
        stream = before.extensions["network_stream"].get_extra_info("client_addr")
        front.world.revoke(lost)
        after = client.get("/login")
        same = after.extensions["network_stream"].get_extra_info("client_addr")
    front.reload()
    with front.client(lost) as client:
        again = client.get("/login")

    assert (before.status_code, after.status_code, again.status_code) == (200, 403, 403)
    assert stream == same
    assert PAGE in again.text


def test_tls_1_2_is_refused(front: Front) -> None:
    """Attack: downgrade."""
    context = front.context(front.world.clinic)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(ssl.SSLError):
        _over(context, front.port, _request())


def test_no_resumption(front: Front) -> None:
    """Attack: come back with the session of an earlier connection. A whole handshake is made, with the certificate."""
    context, session, reused = front.context(front.world.clinic), None, []
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", front.port), timeout=PATIENCE_S) as raw,
            context.wrap_socket(raw, server_hostname="localhost", session=session) as line,
        ):
            line.sendall(_request())
            line.recv(65536)
            session = line.session
            reused.append(line.session_reused)

    assert reused == [False, False]


def test_other_names_get_no_handshake(front: Front) -> None:
    """A client that names another origin is not answered."""
    context = front.context(front.world.clinic)
    context.check_hostname = False
    with pytest.raises(ssl.SSLError):
        _over(context, front.port, _request(), name="somebody.example")


@pytest.mark.parametrize(
    "request_bytes",
    [
        _request("X-Long: " + "a" * 9000),
        _request(*[f"X-{number}: {'a' * 2000}" for number in range(40)]),
        _request(target="/" + "a" * 9000),
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /login HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    ],
    ids=["header", "headers", "target", "version", "smuggling", "hosts"],
)
def test_limits_of_http(front: Front, request_bytes: bytes) -> None:
    """Attack: oversized, ambiguous or smuggled requests end at nginx with 4xx or 5xx."""
    answer = _over(front.context(front.world.clinic), front.port, request_bytes)

    assert _status(answer) in {400, 414, 431, 494, 505}


def _over(context: ssl.SSLContext, port: int, request: bytes, name: str = "localhost") -> bytes:
    found = bytearray()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as raw,
        context.wrap_socket(raw, server_hostname=name) as line,
    ):
        line.sendall(request)
        while piece := line.recv(65536):
            found += piece
            if b"</html>" in found:
                break
    return bytes(found)


# Past nginx


def test_the_socket_is_closed_to_others(front: Front) -> None:
    """0660, in a folder that others cannot enter."""
    assert stat.S_IMODE(front.path.stat().st_mode) == 0o660
    assert not front.path.parent.stat().st_mode & stat.S_IRWXO


def test_an_open_folder_is_refused(tmp_path: Path) -> None:
    """Attack on oneself: a socket where everybody may come. The start is refused."""
    tmp_path.chmod(0o755)
    with pytest.raises(SocketUnusable) as refused:
        _listen(tmp_path / "x.sock")
    assert refused.value.params["what"] == "others"


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    """What is no socket stays."""
    tmp_path.chmod(0o700)
    (tmp_path / "x.sock").write_text("kept")
    with pytest.raises(SocketUnusable):
        _listen(tmp_path / "x.sock")
    assert (tmp_path / "x.sock").read_text() == "kept"


def test_a_living_socket_is_not_taken(front: Front) -> None:
    """A second server does not take the first one's name."""
    with pytest.raises(SocketUnusable):
        _listen(front.path)


def test_the_header_on_a_tls_port_is_refused(front: Front) -> None:
    """Attack: the terminator's header sent straight to the gateway's own port, even beside a good certificate: 400."""
    for name in ("X-Akashi-Client-Certificate", "x-akashi-client-verify", "X-Real-IP"):
        context = front.context(front.world.clinic)

        answer = _over(context, front.world.clinic.port, _request(f"{name}: {_escaped(front.world.payer)}"))

        assert _status(answer) == 400


def _shown(front: Front, *headers: str) -> int:
    return _status(front.behind(_request(*headers)))


def test_what_nginx_sends_is_believed_on_the_socket(front: Front) -> None:
    """The control: the right headers on the socket open the page."""
    good = f"X-Akashi-Client-Certificate: {_escaped(front.world.clinic)}"

    assert _shown(front, good, "X-Akashi-Client-Verify: SUCCESS", "X-Real-IP: 192.0.2.7") == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda good: ["X-Akashi-Client-Certificate: " + good] * 2,
        lambda good: ["X-Akashi-Client-Certificate: " + good + good],
        lambda good: ["X-Akashi-Client-Certificate: " + good.replace("%0A", "\t")],
        lambda good: ["X-Akashi-Client-Certificate: " + good.replace("%0A", "%00", 1)],
        lambda good: ["X-Akashi-Client-Certificate: " + good[:200]],
        lambda good: ["X-Akashi-Client-Certificate: garbage"],
        lambda good: ["X-Akashi-Client-Certificate: " + "A" * 9000],
        lambda good: ["X-Akashi-Client-Certificate: " + good, "X-Real-IP: 192.0.2.7", "X-Real-IP: 192.0.2.8"],
        lambda good: ["X-Akashi-Client-Certificate: " + good, "X-Real-IP: 192.0.2.7, 10.0.0.1"],
        lambda good: ["X-Akashi-Client-Certificate: " + good, "X-Real-IP: not-an-address"],
    ],
    ids=["twice", "chain", "tabs", "nul", "cut", "garbage", "long", "addresses", "list", "address"],
)
def test_other_forms_are_refused(front: Front, change: object) -> None:
    """Attack: duplicates, chains, control characters, rubbish: 400, never somebody."""
    assert callable(change)
    headers = change(_escaped(front.world.clinic))

    assert _shown(front, *headers, "X-Akashi-Client-Verify: SUCCESS") == 400


@pytest.mark.parametrize("verdict", ["NONE", "FAILED:certificate revoked", "success", ""])
def test_without_the_verdict_it_is_refused(front: Front, verdict: str) -> None:
    """A certificate that the terminator did not find good is nobody's."""
    headers = [f"X-Akashi-Client-Certificate: {_escaped(front.world.clinic)}"]

    assert _shown(front, *headers, f"X-Akashi-Client-Verify: {verdict}") == 400


def test_without_a_header_nobody_is_there(front: Front) -> None:
    """No certificate shown: the door asks for one."""
    assert _shown(front) in {401, 403}


def test_a_server_certificate_is_no_client(front: Front) -> None:
    """Attack: the origin's own certificate, issued by the same CA, as a client certificate."""
    pem = quote((front.folder / "tls" / "server.pem").read_bytes())

    assert _shown(front, f"X-Akashi-Client-Certificate: {pem}", "X-Akashi-Client-Verify: SUCCESS") == 400


def test_a_foreign_certificate_is_refused_even_if_nginx_lets_it_through(front: Front, tmp_path: Path) -> None:
    """A terminator that was configured with another CA does not widen who may come."""
    pem = quote(Pki(tmp_path).device("dev-foreign0").certificate.public_bytes(Encoding.PEM))

    assert _shown(front, f"X-Akashi-Client-Certificate: {pem}", "X-Akashi-Client-Verify: SUCCESS") == 400


def test_each_request_has_its_own_certificate(front: Front) -> None:
    """Attack: two clients over one connection of nginx. The second is not the first."""
    one, other = (f"X-Akashi-Client-Certificate: {_escaped(m)}" for m in (front.world.clinic, front.world.payer))
    first = _request(one, "X-Akashi-Client-Verify: SUCCESS").replace(b"Connection: close\r\n", b"")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(PATIENCE_S)
        line.connect(str(front.path))
        line.sendall(first)
        answers = [line.recv(65536)]
        while b"</html>" not in answers[0]:
            answers[0] += line.recv(65536)
        line.sendall(_request(other, "X-Akashi-Client-Verify: SUCCESS"))
        answers.append(line.recv(65536))

    assert [_status(answer) for answer in answers] == [200, 403]


def test_the_configuration_says_what_it_must() -> None:
    """What the tests above rest on stands in the shipped file, and nothing that would undo it."""
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")

    for line in ("ssl_protocols TLSv1.3;", "ssl_verify_client on;", "ssl_crl tls/crl.pem;", "ssl_session_tickets off;"):
        assert line in text
    assert "ssl_verify_client optional" not in text
    assert "underscores_in_headers on" not in text


def test_world_is_served(world: World) -> None:
    """The gateway's own port still serves beside the socket."""
    assert world.client(world.clinic).get("/login").status_code == 200
