"""The step between us and the node: ties its life to ours, then becomes it.

Run as ``python -I -S launch.py <our pid> <program> <argument> ...``. Guarantees: when the thread that started it ends (with the whole
server, ``kill -9`` included), the kernel kills the node: nobody votes without a ledger to vote on. Its files are for their owner
alone. Refuses: to start when we are gone already. A step of its own, as the same between ``fork`` and ``exec`` of a process with
threads can hang (Python, ``subprocess``: ``preexec_fn``).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def become(arguments: list[str]) -> None:
    """Become ``arguments[1]``; exits where that would not be safe."""
    parent, program = int(arguments[0]), arguments[1]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(71)
    if os.getppid() != parent:  # we went between the start and the line above
        sys.exit(72)
    os.umask(0o077)
    os.execv(program, arguments[1:])  # noqa: S606 - the program is the pinned one, the arguments are ours


if __name__ == "__main__":
    become(sys.argv[1:])
