"""argon2id in a process of its own, so that a flood of sign-ins never takes the interpreter, nor the processor, from those at work.

Guarantees: passwords reach the process through a pipe only: never by its arguments, environment, files or messages. It starts at the first use, yields
to everybody else (``SCHED_BATCH``, a lower priority), leaves no core file, ends when its pipe closes, which is also when this process dies, and
is replaced when it died; who waited for it then gets :class:`HashingStopped`. What it is asked is done in the order of asking, one at a time.
Refuses nothing: how many may ask is the caller's to say. Trusts its two ends; root can read its memory as it can read ours.

Frames (big endian): ``u32 length || bytes``; a question is two frames (an encoded hash, or nothing to make a new one; a password), the answer is one:
``00`` no match, ``01`` match, ``02 || encoded hash``, ``03`` it could not be done.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, BinaryIO

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError

from akashi.identity.factors.errors import HashingStopped

_NO, _YES, _MADE, _FAILED = b"\x00", b"\x01", b"\x02", b"\x03"
_LENGTH, _PATIENCE_MS, _STOP_S = 4, 60_000, 5.0
_PR_SET_DUMPABLE = 4
_MACHINE = frozenset({"Memory allocation error", "Threading failure"})
"""What argon2 says when the machine failed, which must not read as a wrong password."""
NICE = 10
"""Each lane has a tenth of an ordinary share where others want the processor, so four have less than half of one, and all of it where nobody
does: pages come first, sign-ins still go on."""


class HashingProcess:
    """One process that hashes. Thread-safe; who comes second waits."""

    def __init__(self, *, passes: int, memory_kib: int, lanes: int) -> None:
        self._parameters = [str(passes), str(memory_kib), str(lanes)]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def hash(self, password: bytes) -> str:
        """The encoded hash with a fresh salt. Raises :class:`HashingStopped`."""
        made = self._ask(b"", password)
        if made[:1] != _MADE:
            raise HashingStopped
        return made[1:].decode("ascii")

    def verify(self, encoded: str, password: bytes) -> bool:
        """Does the password match? Raises :class:`HashingStopped`."""
        answer = self._ask(encoded.encode("utf-8", "surrogatepass"), password)
        if answer not in (_NO, _YES):
            raise HashingStopped
        return answer == _YES

    def close(self) -> None:
        """End the process; a later use starts another one."""
        with self._lock:
            self._end()

    def _ask(self, encoded: bytes, password: bytes) -> bytes:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._end()  # it died while nobody asked
            process = self._process = self._process or self._started()
            # Both are there: they were asked for when the process was started.
            asking, answering = process.stdin, process.stdout
            if asking is None or answering is None:
                raise HashingStopped
            try:
                asking.write(_framed(encoded) + _framed(password))
                asking.flush()
                answer = _answered(answering)
            except OSError:
                answer = None
            if answer is None:
                self._end()
                # Nothing of the question in the error, nor behind it.
                raise HashingStopped from None
            return answer

    def _started(self) -> subprocess.Popen[bytes]:
        # Nothing of our environment but where the modules are: it may name files that hold secrets.
        places = {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
        command = [sys.executable, "-P", "-m", __name__, *self._parameters]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=places)
        except OSError as error:
            raise HashingStopped from error

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for end in (process.stdin, process.stdout):
            with suppress(OSError):
                if end is not None:
                    end.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH, "big") + content


def _answered(source: IO[bytes]) -> bytes | None:
    """The frame that comes, or ``None`` where none came in time or whole."""
    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    return _frame(source) if waiting.poll(_PATIENCE_MS) else None


def _frame(source: IO[bytes]) -> bytes | None:
    """The next frame, or ``None`` at the end."""
    head = source.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "big")
    content = source.read(length)
    return content if len(content) == length else None


# In the process


def serve(source: BinaryIO, sink: BinaryIO, hasher: PasswordHasher) -> None:
    """Answer one question after the other until the pipe closes."""
    while (encoded := _frame(source)) is not None and (password := _frame(source)) is not None:
        sink.write(_framed(_done(hasher, encoded, password)))
        sink.flush()


def _done(hasher: PasswordHasher, encoded: bytes, password: bytes) -> bytes:
    try:
        if not encoded:
            return _MADE + hasher.hash(password).encode("ascii")
        hasher.verify(encoded, password)
    except (InvalidHashError, UnicodeDecodeError):
        return _NO
    except VerificationError as error:
        return _FAILED if str(error) in _MACHINE else _NO
    except (HashingError, MemoryError):
        return _FAILED
    return _YES


def _stand_back() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is told, and closes the pipe
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # neither a core nor a debugger
    for change in (_behind, _lower):
        if _survived(change):
            with suppress(OSError):
                change()


def _behind() -> None:
    # Never in the way of a thread that wakes up to answer somebody.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _lower() -> None:
    os.nice(NICE)


def _survived(change: Callable[[], None]) -> bool:
    """Whether a child of ours lived through it: a sandbox (systemd's ``SystemCallFilter``) may kill whoever asks for another share."""
    child = os.fork()
    if not child:
        try:
            change()
        finally:
            os._exit(0)  # a refusal is the parent's to meet
    return os.waitpid(child, 0)[1] == 0


def main(parameters: list[str]) -> None:
    """Serve standard input and output; ``parameters``: passes, KiB of memory, lanes."""
    passes, memory_kib, lanes = map(int, parameters)
    _stand_back()
    with suppress(BrokenPipeError):
        serve(
            sys.stdin.buffer,
            sys.stdout.buffer,
            PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes),
        )


if __name__ == "__main__":
    main(sys.argv[1:])
