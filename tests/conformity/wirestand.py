"""Servers to be measured, good ones and really broken ones, all on this machine.

Keys and certificates are invented here for the life of the process; nothing of them is kept.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from akashi.clock import SystemClock
from akashi.conformity.model import Measurement, Target, TargetKind
from akashi.conformity.probing import PROBES, Bench, Pace, Patience, Probe, measure
from tests.ports import free_ports
from tests.waiting import PATIENCE_S, until

FOLDER = Path(tempfile.mkdtemp(prefix="wirestand-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SERVER, CLIENT = (Usage.SERVER_AUTH,), (Usage.CLIENT_AUTH,)


def bench(*tools: Path) -> Bench:
    """A bench; without tools our own probe is alone."""
    return Bench(SystemClock(), "test", Pace(1000), FOLDER, tools)


def probe_named(name: str) -> Probe:
    """The registered probe."""
    return next(one for one in PROBES if one.name == name)


def measured(
    name: str, kind: TargetKind, address: str, options: dict[str, str] | None = None, patience: Patience | None = None
) -> list[Measurement]:
    """One measurement with consent in force."""
    target = Target("tgt-wire", kind, address, options or {}, 1 << 60, 1000)
    return [measure(probe_named(name), target, replace(bench(), patience=patience or Patience()))]


@cache
def ca_key() -> ec.EllipticCurvePrivateKey:
    """The key of the CA of these tests."""
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    name: str, key: Key, usages: tuple[x509.ObjectIdentifier, ...] = (), days: tuple[int, int] = (-1, 30)
) -> x509.Certificate:
    """A certificate of the CA; the CA's own where ``name`` is ``ca``."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name("ca")).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0])).not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
    )  # fmt: skip
    if usages:
        made = made.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if usages and Usage.SERVER_AUTH in usages:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(ca_key(), hashes.SHA256())


@cache
def ca_file() -> str:
    """The CA's certificate as a file."""
    path = FOLDER / "ca.pem"
    path.write_bytes(certificate("ca", ca_key()).public_bytes(Encoding.PEM))
    return str(path)


@cache
def pair(
    name: str, usages: tuple[x509.ObjectIdentifier, ...], days: tuple[int, int] = (-1, 30), bits: int = 0
) -> tuple[str, str]:
    """Files of a certificate and its key: EC P-256, or RSA of ``bits``."""
    key: Key = (
        rsa.generate_private_key(public_exponent=65537, key_size=bits)
        if bits
        else ec.generate_private_key(ec.SECP256R1())
    )
    path = FOLDER / f"{name}-{len(list(FOLDER.iterdir()))}"
    path.with_suffix(".pem").write_bytes(certificate(name, key, usages, days).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.with_suffix(".key").write_bytes(private)
    return str(path.with_suffix(".pem")), str(path.with_suffix(".key"))


def server_context(
    chain: tuple[str, str] | None = None, *, ciphers: str = "", newest: bool = True, old: bool = False,
    verify: ssl.VerifyMode = ssl.CERT_REQUIRED,
) -> ssl.SSLContext:  # fmt: skip
    """TLS 1.3 with client certificates, unless it is to be worse. ``newest`` off: at most TLS 1.2; ``old``: from TLS 1.0."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = (
        ssl.TLSVersion.MINIMUM_SUPPORTED if old else ssl.TLSVersion.TLSv1_3 if newest else ssl.TLSVersion.TLSv1_2
    )
    made.maximum_version = ssl.TLSVersion.TLSv1_3 if newest else ssl.TLSVersion.TLSv1_2
    if ciphers:
        made.set_ciphers(ciphers)
    made.load_cert_chain(*(chain or pair("server", SERVER)))
    made.verify_mode = verify
    made.load_verify_locations(ca_file())
    return made


Handler = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handler, kind: socket.SocketKind = socket.SOCK_STREAM) -> Iterator[int]:
    """A TCP server that gives every connection to ``handle`` in a thread; its port."""
    with socket.socket(socket.AF_INET, kind) as door:
        door.bind((HOST, 0))
        door.listen(64)
        door.settimeout(0.1)
        stop = threading.Event()

        def one(line: socket.socket) -> None:
            with contextlib.suppress(OSError, ValueError), line:
                line.settimeout(PATIENCE_S)
                handle(line)

        def run() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=one, args=(door.accept()[0],), daemon=True).start()

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        try:
            yield door.getsockname()[1]
        finally:
            stop.set()
            worker.join()


def tls_handler(context: ssl.SSLContext, answer: Callable[[ssl.SSLSocket], bytes] = lambda _: OK) -> Handler:
    """Speak TLS and answer every request."""

    def handle(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secure:
            while secure.recv(4096):
                secure.sendall(answer(secure))

    return handle


@contextmanager
def openssl_server(*words: str) -> Iterator[int]:
    """A real ``openssl s_server``; its port. With an old protocol or a loose check, which ``ssl`` would not give."""
    (port,) = free_ports(1)
    command = ["openssl", "s_server", "-accept", f"{HOST}:{port}", "-quiet", "-www", *words]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, running)
        yield port
    finally:
        running.kill()
        running.wait()


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    """Until the program listens."""

    def listens() -> bool:
        assert running.poll() is None, f"it ended with {running.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex((HOST, port)) == 0

    until(listens, f"a server at {port}")


def material(client: tuple[str, str] | None = None) -> dict[str, str]:
    """The options of a target whose owner gave a valid certificate and the CA."""
    chain, key = client or pair("client", CLIENT)
    return {"cert": chain, "key": key, "ca": ca_file(), "server_name": "localhost"}
