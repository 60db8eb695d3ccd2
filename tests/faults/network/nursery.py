"""Servers without their start-up: one process has imported everything once, and forks each server into the namespace where it stands.

Guarantees: the fork is the server; SIGKILL takes it and its node as it takes a program that was started. The forking process has one thread, holds no server's files or
sockets, and ends with the driver. An end is noticed by a process descriptor, so no other process can be taken for it. Trusts: the driver, over one socket.

A program is started instead (:class:`tests.faults.network.fleet.ServerProcess`) where its environment matters, as for preloaded faults.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tests.faults.network import server_process

CLONE_NEWNET = 0x40000000
"""setns(2)"""
_ROOT = Path(__file__).parents[3]


class Forked:
    """One server that was forked: what ``subprocess.Popen`` offers, as far as the fleet uses it."""

    def __init__(self, pid: int, descriptor: int, stdin: IO[str], stdout: IO[str]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self._descriptor: int | None = descriptor

    def _ended(self, timeout_s: float | None) -> bool:
        if self._descriptor is None:
            return True
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(None if timeout_s is None else timeout_s * 1000):
            return False
        os.close(self._descriptor)
        self._descriptor = None
        return True

    def poll(self) -> int | None:
        """Not ``None`` once it has ended; how it ended is not kept."""
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises ``subprocess.TimeoutExpired``."""
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired("forked server", timeout or 0.0)
        return 0

    def kill(self) -> None:
        """SIGKILL; nothing if it has ended."""
        if not self._ended(0) and self._descriptor is not None:
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)


class Nursery:
    """The forking process, seen from the driver. :meth:`close` ends it; servers that it forked end when their input ends."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.network.nursery", str(other.fileno())],
                stdin=subprocess.DEVNULL, pass_fds=(other.fileno(),), cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": "src:verifier:."},
            )  # fmt: skip

    def fork(self, home: Path, space: str, flags: Sequence[str]) -> Forked:
        """A server on ``home`` in the network namespace ``space`` (empty: where the driver stands)."""
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        log = os.open(home.with_name(home.name + ".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        wanted = json.dumps({"home": str(home), "space": space, "flags": [*flags]}).encode()
        try:
            socket.send_fds(self._socket, [wanted], [theirs_in, theirs_out, log])
            told, (descriptor,), _, _ = socket.recv_fds(self._socket, 4096, 1)
        finally:
            for one in (theirs_in, theirs_out, log):
                os.close(one)
        return Forked(int(told), descriptor, os.fdopen(ours_in, "w"), os.fdopen(ours_out))

    def close(self) -> None:
        """End it."""
        self._socket.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _live(orders: socket.socket) -> None:
    """Fork for each order, until the driver is gone."""
    while True:
        words, held, _, _ = socket.recv_fds(orders, 65536, 3)
        if not words:
            return
        while True:  # whoever ended since the last order
            with suppress(ChildProcessError):
                if os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            break
        pid = os.fork()
        if not pid:
            orders.close()
            _become(json.loads(words), held)
        for one in held:
            os.close(one)
        descriptor = os.pidfd_open(pid)
        socket.send_fds(orders, [str(pid).encode()], [descriptor])
        os.close(descriptor)


def _become(words: dict[str, Any], held: list[int]) -> None:
    """Be that server; never returns."""
    from_driver, to_driver, log = held
    if words["space"]:
        with open(f"/run/netns/{words['space']}", "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET):
                os._exit(71)
    for place, one in enumerate((from_driver, to_driver, log)):
        os.dup2(one, place)
        os.close(one)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1)
    code = 1
    try:
        server_process.main(Path(words["home"]), words["flags"])
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as driver:
        _live(driver)
