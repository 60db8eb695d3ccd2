"""Our probes beside programs that nobody here wrote: sslyze, ssh-audit, OpenSSH, strongSwan. Each is skipped where it is not installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Target, TargetKind, Verdict
from akashi.conformity.probing import measure
from akashi.conformity.wire.dial import Place
from akashi.conformity.wire.hello import SUITES
from akashi.conformity.wire.second import sslyze
from tests.conformity.cases_wire import CASES
from tests.conformity.wirestand import FOLDER, HOST, SERVER, bench, openssl_server, pair, probe_named, wait_for
from tests.ports import free_ports

TOOLS = Path(os.environ.get("AKASHI_TOOLS", Path(__file__).resolve().parents[2] / ".tools" / "bin"))
needs_sslyze = pytest.mark.skipif(not (TOOLS / "sslyze").is_file(), reason="sslyze is not in the tools folder")
needs_audit = pytest.mark.skipif(not (TOOLS / "ssh-audit").is_file(), reason="ssh-audit is not in the tools folder")
SSHD, CHARON = Path("/usr/sbin/sshd"), Path("/usr/lib/ipsec/charon")
needs_sshd = pytest.mark.skipif(not SSHD.exists(), reason="OpenSSH's server is not installed")
needs_charon = pytest.mark.skipif(
    not (CHARON.exists() and shutil.which("swanctl")) or os.geteuid() != 0,
    reason="strongSwan is not installed, or not root",
)
MODERN = """\
KexAlgorithms curve25519-sha256,sntrup761x25519-sha512@openssh.com
Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com
MACs hmac-sha2-256-etm@openssh.com
"""
OLD = "KexAlgorithms +diffie-hellman-group1-sha1\nCiphers +3des-cbc\nMACs +hmac-md5\nHostKeyAlgorithms +ssh-rsa\n"


def verdict(check: str, made: Measurement) -> Verdict:
    """What the judge says."""
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, [made], {}).opinion.verdict


def ask(name: str, kind: TargetKind, address: str, **options: str) -> Measurement:
    """One measurement with the tools at hand."""
    return measure(probe_named(name), Target("tgt-tool", kind, address, options, 1 << 60, 100), bench(TOOLS))


def test_the_suites_are_those_of_openssl() -> None:
    """Every suite that OpenSSL knows by number has the same name here (pre-shared keys and SRP apart)."""
    listing = subprocess.run(
        ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    known = {int(row[0].replace("0x", "").replace(",", ""), 16): row[2] for row in rows}

    assert {
        code: name
        for code, name in known.items()
        if "PSK" not in name and "SRP" not in name and SUITES.get(code) != name
    } == {}


@needs_sslyze
@pytest.mark.network
def test_sslyze_sees_nothing_that_our_own_hellos_do_not() -> None:
    """A server with everything from TLS 1.0 on: what sslyze sees, ours has seen."""
    chain, key = pair("server", SERVER, bits=2048)
    with openssl_server("-cert", chain, "-key", key, "-cipher", "ALL:@SECLEVEL=0") as port:
        ours = ask("tls", TargetKind.TLS, f"{HOST}:{port}", sslyze="no")
        theirs = sslyze(Target("tgt-tool", TargetKind.TLS, HOST, {}, 1 << 60), Place(HOST, port), bench(TOOLS), "")

    assert theirs is not None
    seen = {name: set(ours.facts[name]) for name in ("versions", "suites")}  # type: ignore[arg-type]  # tuples of names
    assert (theirs.versions - seen["versions"], theirs.suites - seen["suites"]) == (frozenset(), frozenset())


@needs_sslyze
@pytest.mark.network
def test_the_tool_and_its_release_are_recorded() -> None:
    """Who measured stands in the measurement, and what it printed in the raw output."""
    chain, key = pair("server", SERVER)
    with openssl_server("-cert", chain, "-key", key) as port:
        made = ask("tls", TargetKind.TLS, f"{HOST}:{port}")

    assert made.tool.startswith("akashi tls + sslyze ")
    assert b"accepted_cipher_suites" in made.raw


@contextmanager
def sshd(settings: str) -> Iterator[int]:
    """A real OpenSSH server on this machine."""
    (port,) = free_ports(1)
    Path("/run/sshd").mkdir(exist_ok=True)
    folder = FOLDER / f"sshd-{port}"
    folder.mkdir()
    for kind in ("ed25519", "rsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(folder / kind)], check=True)
    lines = (
        f"Port {port}\nListenAddress {HOST}\nPidFile none\nUsePAM no\nHostKey {folder}/ed25519\nHostKey {folder}/rsa\n"
    )
    (folder / "config").write_text(lines + settings, encoding="utf-8")
    running = subprocess.Popen([str(SSHD), "-D", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        wait_for(port, running)
        yield port
    finally:
        running.kill()
        running.wait()


@needs_sshd
@pytest.mark.network
@pytest.mark.parametrize(
    ("settings", "expected"), [(MODERN, Verdict.CONFORMS), (OLD, Verdict.FAILS)], ids=["modern", "old"]
)
def test_a_real_ssh_server_is_judged_by_its_settings(settings: str, expected: Verdict) -> None:
    """OpenSSH with a modern and with an old configuration."""
    with sshd(settings) as port:
        made = ask("ssh", TargetKind.HOST, HOST, ssh_port=str(port))

    assert verdict("ssh.policy", made) is expected


@needs_sshd
@needs_audit
@pytest.mark.network
def test_ssh_audit_adds_the_sizes_of_keys() -> None:
    """What our probe does not negotiate, the other program tells."""
    with sshd("") as port:
        made = ask("ssh", TargetKind.HOST, HOST, ssh_port=str(port))

    assert (made.tool, made.facts["ssh.key_sizes"]) == (
        "akashi ssh + ssh-audit",
        ("rsa-sha2-256-3072", "rsa-sha2-512-3072"),
    )


_TRIES = 4
"""An answer that a busy machine kept back for longer than the probe listens is one that it did not hear."""
_CHARON_STARTS_S = 120.0
"""On a machine that reads its plugins from a cold disk, beside other work."""


@contextmanager
def charon(connection: str) -> Iterator[int]:
    """A real strongSwan daemon with one connection."""
    folder = FOLDER / f"charon-{len(list(FOLDER.iterdir()))}"
    folder.mkdir()
    (port,) = free_ports(1)
    vici = f"unix://{folder}/vici"
    (folder / "strongswan.conf").write_text(
        f"charon {{\n port = {port}\n port_nat_t = 0\n install_routes = no\n"
        " i_dont_care_about_security_and_use_aggressive_mode_psk = yes\n"
        f" plugins {{\n include /etc/strongswan.d/charon/*.conf\n vici {{\n socket = {vici}\n }}\n }}\n}}\n",
        encoding="utf-8",
    )
    (folder / "swanctl.conf").write_text(f"connections {{ c {{\n local_addrs = {HOST}\n {connection}\n}} }}\n"
                                         "secrets { ike-1 {\n secret = example\n } }\n", encoding="utf-8")  # fmt: skip
    settings = {**os.environ, "STRONGSWAN_CONF": str(folder / "strongswan.conf")}
    log = folder / "charon.log"
    with log.open("wb") as written:
        # A mount space of its own: the daemon's process file has a fixed name in /run, and one that is left there keeps it from starting.
        own_run = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs tmpfs /run && exec {CHARON}"]
        running = subprocess.Popen(own_run, env=settings, stdout=written, stderr=subprocess.STDOUT)
    try:
        command = ["swanctl", "--load-all", "--clear", "--file", str(folder / "swanctl.conf"), "--uri", vici]
        ends = time.monotonic() + _CHARON_STARTS_S
        while (loaded := subprocess.run(command, env=settings, check=False, capture_output=True)).returncode:
            said = (loaded.stderr.decode(), log.read_text(encoding="utf-8", errors="replace"))
            assert running.poll() is None, said
            assert time.monotonic() < ends, said
            time.sleep(0.1)
        yield port
    finally:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(5)
        running.kill()


_SIDES = "local {\n auth = %s\n }\n remote {\n auth = %s\n }\n children { n {\n local_ts = 10.0.0.0/8\n } }"


@needs_charon
@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("version = 2\n proposals = aes256gcm16-prfsha384-ecp384\n " + _SIDES % ("pubkey", "pubkey"), Verdict.CONFORMS),
        ("version = 2\n proposals = aes256gcm16-prfsha384-ecp384,aes128-sha1-modp1024\n " + _SIDES % ("pubkey", "pubkey"), Verdict.FAILS),
        ("version = 1\n proposals = aes192-sha1-modp1536\n " + _SIDES % ("pubkey", "pubkey"), Verdict.FAILS),
        ("version = 0\n aggressive = yes\n proposals = 3des-sha1-modp1024\n " + _SIDES % ("psk", "psk"), Verdict.FAILS),
    ],
    ids=["modern", "weak-second", "ikev1", "aggressive"],
)  # fmt: skip
def test_a_real_gateway_is_judged_by_its_settings(connection: str, expected: Verdict) -> None:
    """The daemon of strongSwan with a good and with three bad configurations."""
    with charon(connection) as port:
        tries = [ask("ike", TargetKind.HOST, HOST, ike_port=str(port))]
        while verdict("ike.answers", tries[-1]) is not expected and len(tries) < _TRIES:
            tries.append(ask("ike", TargetKind.HOST, HOST, ike_port=str(port)))

    assert verdict("ike.answers", tries[-1]) is expected, tries


def test_every_case_has_its_own_name() -> None:
    """No fixture hides behind another of its name."""
    names = [case[:2] for case in CASES]

    assert len(names) == len(set(names))
