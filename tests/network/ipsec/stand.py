"""Machines of a test: homes of servers, the folders that `akashi network ipsec` writes for them, and strongSwan's daemon in each machine's namespace.

Guarantees: what was started is ended. Where this kernel has no ESP with AES-GCM the daemon carries the packets itself over a tun device (``kernel-libipsec``): keys, policies of
strongSwan and what is on the line are the same, the kernel's own lookup of ``ip xfrm state`` is not tried then; :data:`CARRIER` says which.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from akashi.cli.shell import Shell, run_parsed
from akashi.cli.tree import build_parser
from tests.app.network.four import PASSPHRASE
from tests.faults.network.wires import Wires, why_not
from tests.waiting import until

ROOT = Path(__file__).parents[3]
CHARON = Path("/usr/lib/ipsec/charon")
PLUGINS = "random nonce drbg openssl pem pkcs1 pkcs8 x509 revocation constraints pubkey aes gcm hmac sha2 kdf"
CHILD = Path(__file__).with_name("machine.py")
PATIENCE_S, IMPATIENCE_S = 120, 2


def _kernel_esp() -> bool:
    """Whether this kernel can be given a state of ESP with AES-GCM."""
    space = f"aki{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", space], check=False, capture_output=True)
    if tried.returncode:
        return False
    state = ["xfrm", "state", "add", "src", "10.0.0.1", "dst", "10.0.0.2", "proto", "esp", "spi", "0x100"]
    key = ["mode", "tunnel", "aead", "rfc4106(gcm(aes))", "0x" + "00" * 36, "128"]
    made = subprocess.run(["ip", "-n", space, *state, *key], check=False, capture_output=True)
    subprocess.run(["ip", "netns", "del", space], check=True)
    return made.returncode == 0


def missing() -> str:
    """Why tunnels cannot be tried here, in one line; empty if they can."""
    if os.geteuid() != 0:
        return "not root"
    if not CHARON.exists() or shutil.which("swanctl") is None:
        return "strongSwan is not installed (charon, swanctl)"
    if reason := why_not():
        return reason
    if not _kernel_esp() and not Path("/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so").exists():
        return "this kernel has no ESP with AES-GCM, and strongSwan's kernel-libipsec (libcharon-extra-plugins) is not installed"
    return "" if Path("/dev/net/tun").exists() else "no /dev/net/tun"


def write_folder(home: Path, out: Path, *words: str) -> dict[str, Any]:
    """Run our command; what it printed as JSON."""
    home.joinpath("passphrase").write_bytes(PASSPHRASE)
    said, failed = io.StringIO(), io.StringIO()
    shell = Shell(said, failed, as_json=True)
    command = ["network", "ipsec", "--home", str(home), "--out", str(out), "--json", *words]
    status = run_parsed(build_parser().parse_args(command), shell)
    assert status == 0, failed.getvalue()
    told: dict[str, Any] = json.loads(said.getvalue())
    return told


def exchange(homes: Sequence[Path], outs: Sequence[Path], *words: str) -> list[dict[str, Any]]:
    """Both rounds: everybody makes a certificate, everybody gets those of the others."""
    for home, out in zip(homes, outs, strict=True):
        write_folder(home, out, *words)
    papers = [out / "x509" / f"akashi-ike-{number}.pem" for number, out in enumerate(outs, 1)]
    return [
        write_folder(home, out, *words, "--certificate", *(str(one) for one in papers if one.parent.parent != out))
        for home, out in zip(homes, outs, strict=True)
    ]


class Machine:
    """One machine: a namespace, a folder of settings, and strongSwan."""

    def __init__(self, wires: Wires, number: int, folder: Path, work: Path) -> None:
        self.number, self.folder, self._work = number, folder, work
        self._before = wires.before(number)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._held: list[subprocess.Popen[str]] = []
        work.mkdir()
        # What the daemon has unpacked comes from its tun device, where the fence has nothing to look for.
        for kind in ("disable_policy", "disable_xfrm"):
            self.inside("sh", "-c", f"echo 1 > /proc/sys/net/ipv4/conf/default/{kind}")

    def inside(self, *command: str) -> str:
        """Run a program on this machine; what it printed."""
        done = subprocess.run(
            [*self._before, *command], check=False, capture_output=True, text=True, cwd=ROOT, timeout=240
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fence(self, name: str = "fence.xfrm") -> None:
        """Put the fence up, or take it down, as the README says."""
        self.inside("ip", "-batch", str(self.folder / name))

    def up(self, *, own_carrier: bool = True) -> None:
        """Start the daemon and load the folder. ``own_carrier``: the daemon may carry packets itself."""
        carrier = "kernel-libipsec " if own_carrier and not KERNEL_ESP else ""
        vici = self._work / "vici"
        vici.unlink(missing_ok=True)
        (self._work / "strongswan.conf").write_text(
            f"charon {{\n load = {PLUGINS} {carrier}kernel-netlink socket-default vici\n"
            f" plugins {{\n vici {{\n socket = unix://{vici}\n }}\n kernel-libipsec {{\n allow_peer_ts = yes\n }}\n"
            " kernel-netlink {\n fwmark = !0x42\n }\n socket-default {\n fwmark = 0x42\n }\n }\n"
            f" filelog {{\n log {{\n path = {self._work}/log\n default = 1\n flush_line = yes\n }}\n }}\n}}\n",
            encoding="utf-8",
        )
        # A mount space of its own: charon's process file has a fixed name in /run, and every machine here has one.
        command = [*self._before, "unshare", "-m", "sh", "-c", f"mount -t tmpfs tmpfs /run && exec {CHARON}"]
        quiet = subprocess.DEVNULL
        self._daemon = subprocess.Popen(command, env=self._settings(), stdin=quiet, stdout=quiet, stderr=quiet)
        until(lambda: not self.swanctl("--stats", check=False).returncode, "strongSwan", self.log)
        self.swanctl("--load-all")

    def _settings(self) -> dict[str, str]:
        return {
            **os.environ,
            "STRONGSWAN_CONF": str(self._work / "strongswan.conf"),
            "SWANCTL_DIR": str(self.folder),
        }

    def swanctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Ask the daemon; also whether it did what was asked."""
        return subprocess.run(
            ["swanctl", *words, "--uri", f"unix://{self._work}/vici"],
            check=check, capture_output=True, text=True, env=self._settings(), timeout=240,
        )  # fmt: skip

    def begin(self, other: int, seconds: int = PATIENCE_S) -> bool:
        """Ask for the tunnel to another machine; whether it stands. A refusal is known at once."""
        words = ("--initiate", "--child", f"akashi-{other}", "--timeout", str(seconds))
        self.swanctl(*words, check=False)
        return "INSTALLED" in self.standing(other)

    def standing(self, other: int) -> str:
        """What the daemon says of the tunnel to another machine."""
        return self.swanctl("--list-sas", "--ike", f"akashi-{other}").stdout

    def log(self) -> str:
        """What the daemon wrote."""
        path = self._work / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def down(self) -> None:
        """End the daemon."""
        if self._daemon is not None:
            self._daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._daemon.wait(30)
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def hear(self, host: str, port: int) -> None:
        """From now on something answers at that port."""
        self._held.append(spawned(self._before, "hear", host, str(port)))

    def say(self, host: str, port: int, word: str, seconds: int = PATIENCE_S) -> str:
        """What comes back from a port of another machine, or ``unreached``."""
        return self.inside(sys.executable, str(CHILD), "say", host, str(port), word, str(seconds)).strip()

    def unreached(self, host: str, port: int, word: str) -> bool:
        """Whether nothing comes back within a short time."""
        return self.say(host, port, word, IMPATIENCE_S) == "unreached"

    def close(self) -> None:
        """End everything, and leave the machine without policies."""
        self.down()
        self.inside("ip", "xfrm", "policy", "flush")
        for one in self._held:
            one.kill()
            one.communicate()


def spawned(before: Sequence[str], *words: str) -> subprocess.Popen[str]:
    """A child of :mod:`machine` that has said that it is ready."""
    child = subprocess.Popen(
        [*before, sys.executable, str(CHILD), *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    if child.stdout.readline() != "ready\n":
        child.kill()
        child.communicate()
        raise AssertionError(words)
    return child


KERNEL_ESP = not missing() and _kernel_esp()
CARRIER = "the kernel's ESP" if KERNEL_ESP else "strongSwan's own ESP (kernel-libipsec), for this kernel has none"
