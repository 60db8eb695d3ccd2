"""Good and broken fixtures of every check of the wire: ``CASES`` = (check, name, "good" | "broken", what measures it).

Those of TLS are real servers (the ssl module, ``openssl s_server``); all open sockets on this machine only.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from unittest.mock import patch

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Measurement, TargetKind
from akashi.conformity.probing import Patience
from akashi.conformity.wire import reach
from tests.conformity.cases_wire_files import FILE_CASES
from tests.conformity.wirepeers import (
    GOOD_SSH,
    WEAK_CIPHER,
    WEAK_GROUP,
    WEAK_HASH,
    Gateway,
    gateway,
    screen_handler,
    ssh_handler,
)
from tests.conformity.wirestand import (
    CLIENT,
    HOST,
    OK,
    SERVER,
    Handler,
    ca_file,
    material,
    measured,
    openssl_server,
    pair,
    server_context,
    serving,
    tls_handler,
)

Make = Callable[[], list[Measurement]]
Case = tuple[str, str, str, Make]
_NEW, _LAX = "TLSv1.3", "ALL:@SECLEVEL=0"
_REFUSE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def _tls(server: Callable[[], AbstractContextManager[int]], options: Callable[[], dict[str, str]] = material) -> Make:
    @cache
    def make() -> list[Measurement]:
        with server() as port, patch.object(Patience, "alert_s", 0.05):  # nothing is far away here
            return measured("tls", TargetKind.TLS, f"{HOST}:{port}", options())

    return make


def _python(context: Callable[[], ssl.SSLContext]) -> Make:
    return _tls(lambda: serving(tls_handler(context())))


def _openssl(*words: str, chain: Callable[[], tuple[str, str]] = lambda: pair("server", SERVER)) -> Make:
    def server() -> AbstractContextManager[int]:
        cert, key = chain()
        return openssl_server("-cert", cert, "-key", key, "-CAfile", ca_file(), *words)

    return _tls(server)


def _limited(connections: int) -> Make:
    """A good server that takes so many connections, and hangs up on every other one from then on."""
    left = [connections]
    speak = tls_handler(server_context(old=True, ciphers=_LAX))

    def handle(line: socket.socket) -> None:
        left[0] -= 1
        if left[0] >= 0:
            speak(line)

    return _tls(lambda: serving(handle))


def _optional(answer: Callable[[ssl.SSLSocket], bytes]) -> Make:
    return _tls(lambda: serving(tls_handler(server_context(verify=ssl.CERT_OPTIONAL), answer)))


GOOD_TLS = _python(server_context)
TOLERATED = _python(lambda: server_context(newest=False, ciphers="ECDHE+AESGCM"))
_BY_HTTP = _optional(lambda secure: OK if secure.getpeercert() else _REFUSE)
_SILENT = _tls(lambda: serving(lambda line: line.settimeout(0.01)))
_NOT_TLS = _tls(lambda: serving(lambda line: line.sendall(b"220 ready\r\n")))
_CLOSED = _tls(lambda: serving(lambda line: None))

TLS_CASES: list[Case] = [
    *[(f"tls.{one}", "tls13", "good", GOOD_TLS) for one in
      ("versions", "suites", "keys", "mutual", "certificate_use", "interception")],
    ("tls.suites", "tls12-aead", "good", TOLERATED),
    ("tls.keys", "tls12-aead", "good", TOLERATED),
    ("tls.mutual", "refused-by-http", "good", _BY_HTTP),
    ("tls.mutual", "valid-needs-more", "good", _tls(
        lambda: serving(tls_handler(server_context(), lambda _: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")))),
    ("tls.versions", "tls10", "broken", _python(lambda: server_context(old=True, ciphers=_LAX))),
    ("tls.versions", "tls11", "broken", _openssl("-tls1_1", "-cipher", _LAX)),
    ("tls.versions", "tls12-too", "broken", TOLERATED),
    ("tls.versions", "not-tls", "broken", _NOT_TLS),
    ("tls.versions", "closed", "broken", _CLOSED),
    ("tls.versions", "hangs-up-later", "broken", _limited(3)),
    ("tls.suites", "hangs-up-later", "broken", _limited(3)),
    ("tls.suites", "cbc", "broken", _python(lambda: server_context(newest=False, ciphers="ECDHE-ECDSA-AES256-SHA384"))),
    ("tls.suites", "rsa-exchange", "broken", _openssl(
        "-tls1_2", "-cipher", "AES256-GCM-SHA384:ECDHE", chain=lambda: pair("server", SERVER, bits=2048))),
    ("tls.suites", "null", "broken", _openssl(
        "-tls1_2", "-cipher", "NULL:@SECLEVEL=0", chain=lambda: pair("server", SERVER, bits=2048))),
    ("tls.suites", "anonymous", "broken", _openssl("-tls1_2", "-cipher", "ADH:AECDH:@SECLEVEL=0")),
    ("tls.suites", "not-tls", "broken", _NOT_TLS),
    ("tls.keys", "rsa-1024", "broken", _openssl(
        "-cipher", _LAX, chain=lambda: pair("server", SERVER, bits=1024))),
    ("tls.keys", "expired", "broken", _python(lambda: server_context(pair("server", SERVER, (-30, -1))))),
    ("tls.keys", "weak-curve", "broken", _openssl("-tls1_2", "-cipher", "ECDHE:@SECLEVEL=0", "-named_curve", "secp224r1")),
    ("tls.keys", "not-tls", "broken", _NOT_TLS),
    ("tls.mutual", "never-asks", "broken", _python(lambda: server_context(verify=ssl.CERT_NONE))),
    ("tls.mutual", "optional", "broken", _optional(lambda secure: OK)),
    ("tls.mutual", "asks-and-ignores", "broken", _openssl("-Verify", "1")),
    ("tls.mutual", "asks-and-goes-on", "broken", _openssl("-verify", "1")),
    ("tls.mutual", "refuses-everybody", "broken", _optional(lambda secure: _REFUSE)),
    ("tls.mutual", "never-tried-valid", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: {"ca": ca_file()})),
    ("tls.mutual", "silent", "broken", _SILENT),
    ("tls.certificate_use", "both-uses", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: material(pair("both", (*SERVER, *CLIENT))))),
    ("tls.certificate_use", "client-expired", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: material(pair("client", CLIENT, (-30, -1))))),
    ("tls.certificate_use", "unrestricted", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: material(pair("client", ())))),
    ("tls.certificate_use", "no-client", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: {"ca": ca_file()})),
    ("tls.interception", "wrong-ca", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: {"ca": pair("other", SERVER)[0]})),
    ("tls.interception", "wrong-name", "broken", _tls(
        lambda: serving(tls_handler(server_context())), lambda: {**material(), "server_name": "else.invalid"})),
    ("tls.interception", "falls-for-it", "broken", lambda: _changed(GOOD_TLS, {"interception.taken": True})),
]  # fmt: skip


def _changed(make: Make, facts: Mapping[str, bool]) -> list[Measurement]:
    return [replace(one, facts={**one.facts, **facts}) for one in make()]


def _ike(peer: Callable[[], Gateway]) -> Make:
    @cache
    def make() -> list[Measurement]:
        with gateway(peer()) as port, patch.object(Patience, "many_s", 0.2):
            return measured("ike", TargetKind.HOST, HOST, {"ike_port": str(port)})

    return make


IKE_CASES: list[Case] = [
    ("ike.answers", name, kind, _ike(peer))
    for name, kind, peer in [
        ("modern", "good", Gateway),
        ("cookies", "good", lambda: Gateway(cookies=True)),
        ("main-mode", "broken", lambda: Gateway(main=True)),
        ("aggressive", "broken", lambda: Gateway(aggressive=True)),
        ("only-v1", "broken", lambda: Gateway(known=set(), main=True)),
        ("weak-cipher", "broken", lambda: Gateway(WEAK_CIPHER)),
        ("weak-group", "broken", lambda: Gateway(WEAK_GROUP)),
        ("weak-hash", "broken", lambda: Gateway(WEAK_HASH)),
        ("only-weak", "broken", lambda: Gateway({(1, 3), (2, 1), (3, 1), (4, 2)})),
        ("half-open-limit", "broken", lambda: Gateway(WEAK_CIPHER, half_open=1)),
        ("nothing-in-common", "broken", lambda: Gateway(set())),
        ("garbage", "broken", lambda: Gateway(garbage=b"\xff" * 64)),
        ("empty-header", "broken", lambda: Gateway(garbage=bytes(28))),
    ]
]


def _tcp(probe: str, handle: Handler, options: Callable[[int], dict[str, str]]) -> Make:
    @cache
    def make() -> list[Measurement]:
        with serving(handle) as port:
            return measured(probe, TargetKind.HOST, HOST, options(port))

    return make


def _ssh(lists: dict[str, str], **more: bytes) -> Make:
    return _tcp("ssh", ssh_handler({**GOOD_SSH, **lists}, **more), lambda port: {"ssh_port": str(port)})


SSH_CASES: list[Case] = [
    ("ssh.policy", "modern", "good", _ssh({})),
    ("ssh.policy", "sha1-exchange", "broken", _ssh({"kex": "curve25519-sha256,diffie-hellman-group14-sha1"})),
    ("ssh.policy", "cbc", "broken", _ssh({"ciphers": "aes256-ctr,aes128-cbc"})),
    ("ssh.policy", "dss", "broken", _ssh({"keys": "ssh-dss"})),
    ("ssh.policy", "md5", "broken", _ssh({"macs": "hmac-md5"})),
    ("ssh.policy", "none", "broken", _ssh({"ciphers": "none"})),
    ("ssh.policy", "unknown", "broken", _ssh({"kex": "own-invention@example"})),
    ("ssh.policy", "empty", "broken", _ssh({"kex": "", "keys": "", "ciphers": "", "macs": ""})),
    ("ssh.policy", "protocol-1", "broken", _ssh({}, banner=b"SSH-1.99-Old\r\n")),
    ("ssh.policy", "truncated", "broken", _ssh({}, packet=b"\x00\x00\x01\x00\x08\x14")),
    ("ssh.policy", "huge", "broken", _ssh({}, packet=b"\xff\xff\xff\xff" + b"\x14" * 64)),
    ("ssh.policy", "not-ssh", "broken", _tcp("ssh", lambda line: line.sendall(b"HTTP/1.1 400\r\n\r\n"),
                                             lambda port: {"ssh_port": str(port)})),
]  # fmt: skip


def _defaults(let_in: set[str], way: str = "basic", **more: int) -> Make:
    return _tcp("defaults", screen_handler(let_in, way=way, **more), lambda port: {
        "defaults": "admin:admin,root:root,admin:password", "defaults_url": f"http://{HOST}:{port}/login", "defaults_way": way,
    })  # fmt: skip


DEFAULT_CASES: list[Case] = [
    ("defaults.refused", "refuses", "good", _defaults({"admin:a long one of its own"})),
    ("defaults.refused", "refuses-json", "good", _defaults(set(), "json")),
    ("defaults.refused", "lets-in", "broken", _defaults({"root:root"})),
    ("defaults.refused", "lets-in-json", "broken", _defaults({"admin:admin"}, "json")),
    ("defaults.refused", "open", "broken", _defaults({"*"})),
    ("defaults.refused", "everybody-404", "broken", _defaults(set(), bare=404, bad=404)),
    ("defaults.refused", "rate-limited", "broken", _defaults(set(), bad=429)),
    ("defaults.refused", "not-http", "broken", _tcp("defaults", lambda line: line.sendall(b"\xff" * 99), lambda port: {
        "defaults": "admin:admin", "defaults_url": f"http://{HOST}:{port}/"})),
]  # fmt: skip


def _lateral(openings: int) -> Make:
    def make() -> list[Measurement]:
        with serving(lambda line: None) as alive, serving(lambda line: None) as found:
            forbidden = [f"{HOST}:{found}"] * openings + [f"{HOST}:1"] * (openings == 0)
            options = {"forbidden": ",".join(forbidden), "control": f"{HOST}:{alive}"}
            return measured("lateral", TargetKind.HOST, HOST, options)

    return make


def _quiet() -> list[Measurement]:
    """All silent as a filter makes it: a loopback device refuses instead, so the count of refusals is taken away."""
    return [replace(one, facts={**one.facts, "lateral.answered": 0}) for one in _lateral(0)()]


def _dead_control() -> list[Measurement]:
    """Nothing at all answers, not even what must."""
    with patch.object(reach, "connect", side_effect=Unreached(reason="silent")):
        return measured("lateral", TargetKind.HOST, HOST, {"forbidden": f"{HOST}:1", "control": f"{HOST}:2"})


def _misspelt() -> list[Measurement]:
    """A name that has no address (nobody is asked for it here)."""
    with patch.object(socket, "getaddrinfo", side_effect=socket.gaierror):
        return measured("lateral", TargetKind.HOST, HOST, {"forbidden": "clinik:443", "control": f"{HOST}:2"})


def _ports(options: str, management: str) -> Make:
    """``{0}`` an open port, ``{1}`` a closed one: the list of management ports is theirs, so that this machine's own do not matter."""

    def make() -> list[Measurement]:
        with (
            serving(lambda line: None) as port,
            patch.object(reach, "MANAGEMENT", _numbers(management.format(port, 1))),
        ):
            return measured("ports", TargetKind.HOST, HOST, {"ports": options.format(port, 1)})

    return make


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(","))


REACH_CASES: list[Case] = [
    ("lateral.closed", "silent", "good", _quiet),
    ("lateral.closed", "open", "broken", _lateral(1)),
    ("lateral.closed", "routed", "broken", _lateral(0)),
    ("lateral.closed", "no-control", "broken", _dead_control),
    ("lateral.closed", "misspelt", "broken", _misspelt),
    ("ports.management", "closed", "good", _ports("{0}", "{1}")),
    ("ports.management", "open", "broken", _ports("none", "{0},{1}")),
    ("ports.management", "allowed-only", "broken", _ports("{0}", "{0},{1}")),
    ("ports.management", "bad-option", "broken", _ports("all", "{1}")),
]  # fmt: skip

CASES: list[Case] = [*TLS_CASES, *IKE_CASES, *SSH_CASES, *DEFAULT_CASES, *REACH_CASES, *FILE_CASES]
