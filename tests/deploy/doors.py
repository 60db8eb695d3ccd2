"""The real sshd with a shipped configuration on a loopback port, a throwaway account, and one-time codes.

Guarantees: everything lies in one folder under /run, one PAM file and one account with names of this process, and all of it is removed. Needs
root; the caller marks its tests slow, so that a developer's machine is only touched when asked.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.waiting import PATIENCE_S, until

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "host"
TOOLS = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") for name in (
    "sshd", "ssh", "ssh-keygen", "oathtool", "useradd", "userdel"
)}  # fmt: skip
PAM_OATH = any(Path("/lib").glob("*/security/pam_oath.so")) or any(Path("/usr/lib").glob("*/security/pam_oath.so"))
READY = os.geteuid() == 0 and all(TOOLS.values()) and PAM_OATH


@dataclass
class Place:
    """The folder, the account and its secrets."""

    root: Path
    account: str
    seed: str = field(repr=False, default="")

    @property
    def key(self) -> Path:
        """The person's key."""
        return self.root / "person"

    def new_seed(self) -> None:
        """A fresh second factor: no code was used yet."""
        self.seed = secrets.token_hex(20)
        path = self.root / "users.oath"
        path.write_text(f"HOTP/T30/6 {self.account} - {self.seed}\n")
        path.chmod(0o600)
        shutil.rmtree(self.root / "faillock", ignore_errors=True)

    def code(self) -> str:
        """The code of this moment."""
        return _output("oathtool", "--totp", self.seed).strip()


def _output(tool: str, *words: str) -> str:
    program = TOOLS[tool]
    assert program is not None
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def place() -> Iterator[Place]:
    """An account without a password, keys, and a folder that only root can change (StrictModes)."""
    name = f"akashi-t{os.getpid() % 100000}"
    root = Path("/run") / f"akashi-host-{os.getpid()}"
    root.mkdir(mode=0o755)
    _output("useradd", "--no-create-home", "--home-dir", str(root), "--shell", "/bin/sh", name)
    try:
        (root / "keys").mkdir()
        made = Place(root, name)
        for key in ("person", "stranger", "host"):
            _output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / key))
        shutil.copy(root / "person.pub", root / "keys" / name)
        made.new_seed()
        yield made
    finally:
        _output("userdel", name)
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def door(where: Place, config: str, changes: Mapping[str, str], port: int) -> Iterator[None]:
    """Sshd with the shipped file ``config``, changed as said and in no other line, listening on 127.0.0.1 and ``port``."""
    changes = {
        "Port 22": f"Port {port}\nListenAddress 127.0.0.1\nPidFile none",
        "/etc/ssh/ssh_host_ed25519_key": str(where.root / "host"),
        "/etc/ssh/akashi/keys/%u": f"{where.root}/keys/%u",
    } | dict(changes)
    text = (SHIPPED / config).read_text(encoding="utf-8")
    for was, becomes in changes.items():
        assert was in text, was
        text = text.replace(was, becomes)
    # sshd takes its PAM service from its own name: a link gives it one of ours.
    service = f"akashi-{os.getpid()}-{port}"
    program, pam = where.root / service, Path("/etc/pam.d") / service
    assert TOOLS["sshd"] is not None
    program.symlink_to(TOOLS["sshd"])
    rules = (SHIPPED / "pam.d-sshd").read_text(encoding="utf-8")
    rules = rules.replace("/etc/akashi/users.oath", f"{where.root}/users.oath")
    rules = rules.replace("deny=5", f"dir={where.root}/faillock deny=5")
    pam.write_text(rules, encoding="utf-8")
    path = where.root / f"{service}.conf"
    path.write_text(text, encoding="utf-8")
    Path("/run/sshd").mkdir(exist_ok=True)
    log = where.root / f"{service}.log"
    with log.open("wb") as written:
        running = subprocess.Popen([str(program), "-D", "-e", "-f", str(path)], stderr=written)
    try:
        until(lambda: _listens(port, running), "sshd", lambda: log.read_text(errors="replace")[-800:])
        yield
    finally:
        running.terminate()
        running.wait(PATIENCE_S)
        pam.unlink()
        program.unlink()


def _listens(port: int, running: subprocess.Popen[bytes]) -> bool:
    assert running.poll() is None, "sshd ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def login(
    where: Place,
    port: int,
    *,
    code: str = "",
    key: str = "person",
    user: str = "",
    options: tuple[str, ...] = (),
    command: str = "echo inside",
) -> tuple[bool, str]:
    """Whether a login succeeded, and what it printed. ``code`` answers every question that is asked."""
    ask = where.root / "ask"
    ask.write_text(f"#!/bin/sh\nprintf '%s\\n' '{code}'\n")
    ask.chmod(0o700)
    known = where.root / "known"
    host = (where.root / "host.pub").read_text().split()
    names = [f"[{name}]:{port}" for name in ("127.0.0.1", "localhost")]
    lines = {*(known.read_text().splitlines() if known.exists() else ()), *(f"{n} {host[0]} {host[1]}" for n in names)}
    known.write_text("\n".join(sorted(lines)) + "\n")
    assert TOOLS["ssh"] is not None
    words = [
        TOOLS["ssh"], "-F", "none", "-T", "-p", str(port), "-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes",
        "-o", "StrictHostKeyChecking=yes", "-o", "NumberOfPasswordPrompts=1", "-o", f"ConnectTimeout={PATIENCE_S:.0f}",
        "-o", "GlobalKnownHostsFile=none", *options,
    ]  # fmt: skip
    if key:
        words += ["-i", str(where.root / key)]
    words += [f"{user or where.account}@127.0.0.1", command]
    environment = os.environ | {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    environment.pop("SSH_AUTH_SOCK", None)
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr
