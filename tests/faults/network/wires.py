"""Where the servers of a test stand: each in a network namespace of its own, joined by a bridge in one more; or, where that is not permitted, on this machine's loopback.

Guarantees: the addresses exist inside these namespaces only, and nothing leads out of them; everything is gone after :meth:`Wires.remove`. A direction is cut by a wrong hardware
address for the other side (frames go out and nobody takes them: silence, not a refusal, as on a broken line), a server by taking its cable out of the bridge.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable

from akashi.network.model import Address
from tests.ports import free_ports

_COUNT = itertools.count()
_NOBODY = "02:00:00:00:00:fe"
PEER_PORT, NODE_PORT = 7443, 7656


def why_not() -> str:
    """Why namespaces cannot be had here; empty if they can."""
    if shutil.which("ip") is None:
        return "no program ip"
    probe = f"akf{os.getpid()}p"
    tried = subprocess.run(["ip", "netns", "add", probe], check=False, capture_output=True, text=True)
    if tried.returncode:
        return tried.stderr.strip() or "ip netns: not permitted"
    made = subprocess.run(
        ["ip", "-n", probe, "link", "add", "name", "probe", "type", "bridge"],
        check=False,
        capture_output=True,
        text=True,
    )
    subprocess.run(["ip", "netns", "del", probe], check=True)
    return made.stderr.strip() if made.returncode else ""


class Wires:
    """The lines between ``count`` servers, numbered from 1."""

    def __init__(self, count: int, *, loopback: bool = False) -> None:
        self.count, self.loopback = count, loopback
        self._tag = f"akf{os.getpid()}x{next(_COUNT)}"
        if loopback:
            ports = free_ports(2 * count)
            self.addresses = [Address("127.0.0.1", ports[2 * at], ports[2 * at + 1]) for at in range(count)]
            return
        self.addresses = [Address(_host(number), PEER_PORT, NODE_PORT) for number in self._all()]
        try:
            self._build()
        except BaseException:
            self.remove()
            raise

    def _all(self) -> range:
        return range(1, self.count + 1)

    def space(self, number: int) -> str:
        """The namespace of server ``number``; empty where there is none."""
        return "" if self.loopback else self._space(number)

    def _space(self, number: int) -> str:
        return f"{self._tag}n{number}"

    def _build(self) -> None:
        hub = self._space(0)
        _ip("netns", "add", hub)
        _ip("-n", hub, "link", "add", "hub", "type", "bridge")
        _ip("-n", hub, "link", "set", "hub", "up")
        for number in self._all():
            own = self._space(number)
            _ip("netns", "add", own)
            _ip("-n", hub, "link", "add", f"s{number}", "type", "veth", "peer", "name", "eth0", "netns", own)
            _ip("-n", hub, "link", "set", f"s{number}", "master", "hub", "up")
            _ip("-n", own, "addr", "add", f"{_host(number)}/24", "dev", "eth0")
            _ip("-n", own, "link", "set", "lo", "up")
            _ip("-n", own, "link", "set", "eth0", "up")

    def before(self, number: int) -> list[str]:
        """What goes before a command that is to run where server ``number`` stands."""
        return [] if self.loopback else ["ip", "netns", "exec", self._space(number)]

    def cut(self, sender: int, receiver: int) -> None:
        """From now on nothing that ``sender`` sends reaches ``receiver``; the other direction is as before."""
        _ip("-n", self._space(sender), "neigh", "replace", _host(receiver), "lladdr", _NOBODY, "dev", "eth0",
            "nud", "permanent")  # fmt: skip

    def part(self, one: Iterable[int], other: Iterable[int]) -> None:
        """Cut every line between two groups, in both directions."""
        for left, right in itertools.product(tuple(one), tuple(other)):
            self.cut(left, right)
            self.cut(right, left)

    def heal(self) -> None:
        """All lines as new."""
        for number in self._all():
            _ip("-n", self._space(number), "neigh", "flush", "dev", "eth0", "nud", "permanent")

    def unplug(self, number: int) -> None:
        """Take the cable of a server out of the bridge."""
        _ip("-n", self._space(0), "link", "set", f"s{number}", "down")

    def plug(self, number: int) -> None:
        """Put it back."""
        _ip("-n", self._space(0), "link", "set", f"s{number}", "up")

    def remove(self) -> None:
        """Take everything away, also what was made only in part."""
        if not self.loopback:
            for number in range(self.count + 1):
                subprocess.run(["ip", "netns", "del", self._space(number)], check=False, capture_output=True)


def _host(number: int) -> str:
    return f"10.77.0.{number}"


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
