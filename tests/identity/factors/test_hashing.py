"""Hashing in a process of its own: the same answers, no secret beside the pipe, and what happens when either end dies."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.identity.credentials import Hasher
from akashi.identity.factors import hashing
from akashi.identity.factors.errors import HashingStopped
from akashi.identity.factors.hashing import HashingProcess
from akashi.identity.model import Policy
from tests.identity.twin import PASSWORD, TABLET, clinic
from tests.waiting import soon, until

CANARY = "Canary-5e1d-kettle"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def apart() -> Iterator[Hasher]:
    """A hasher whose work is done in one process."""
    made = Hasher(at_once=1, passes=1, memory_kib=8, lanes=1)
    made.stand_apart()
    yield made
    made.close()


def running(hasher: Hasher) -> int:
    """The process of a hasher that was used."""
    process = hasher._apart[0]._process
    assert process is not None
    return process.pid


def ended(process: int) -> bool:
    """Whether a process is gone, or waits only to be counted as gone."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    return True


def wait_for_end(process: int) -> bool:
    """True once it has ended."""
    return soon(lambda: ended(process))


def test_the_answers_are_those_of_this_process(apart: Hasher) -> None:
    """A hash made there is good here and the other way round; wrong, unknown and damaged are no."""
    here = Hasher(at_once=1, passes=1, memory_kib=8, lanes=1)
    made = apart.hash(PASSWORD)

    assert here.verify(made, PASSWORD)
    assert apart.verify(here.hash(PASSWORD), PASSWORD)
    assert not apart.verify(made, PASSWORD + "x")
    assert not apart.verify(None, PASSWORD)
    assert not apart.verify("not a hash", PASSWORD)
    assert not apart.verify(made[:-4], PASSWORD)
    assert made != apart.hash(PASSWORD)
    assert not apart.is_outdated(made)


def test_the_strength_is_the_same_apart() -> None:
    """RFC 9106's low-memory parameters, wherever the work is done."""
    hasher = Hasher(at_once=1)
    hasher.stand_apart()
    try:
        assert hasher.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    finally:
        hasher.close()


def test_no_secret_is_beside_the_pipe(apart: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the arguments nor the environment of the process have the password, nor anything of our own environment."""
    monkeypatch.setenv("AKASHI_PASSPHRASE_FILE", CANARY)
    apart.verify(apart.hash(CANARY), CANARY)
    process = apart._apart[0]._process
    assert process is not None

    assert CANARY not in repr(process) + repr(process.args) + repr(apart) + repr(apart._apart[0])
    assert process.args == [sys.executable, "-P", "-m", hashing.__name__, "1", "8", "1"]
    with suppress(PermissionError):  # the kernel may show them to nobody but root: better still
        place = Path(f"/proc/{process.pid}")
        assert CANARY.encode() not in (place / "cmdline").read_bytes() + (place / "environ").read_bytes()


def test_it_yields_to_everybody_else(apart: Hasher) -> None:
    """Attack: a flood of sign-ins takes the processors from those at work. The process stands back, this one does not."""
    apart.hash(PASSWORD)
    process = running(apart)

    assert os.sched_getscheduler(process) == os.SCHED_BATCH
    assert os.getpriority(os.PRIO_PROCESS, process) >= hashing.NICE
    assert os.getpriority(os.PRIO_PROCESS, 0) < os.getpriority(os.PRIO_PROCESS, process)


@pytest.mark.parametrize("ending", [signal.SIGSYS, signal.SIGKILL])
def test_a_sandbox_that_kills_whoever_asks_for_another_share_stops_nobody(ending: signal.Signals) -> None:
    """Under systemd's filter of system calls a child tries first, so that signing in still works there; an ordinary refusal is no kill."""

    def refused() -> None:
        raise PermissionError

    assert not hashing._survived(lambda: os.kill(os.getpid(), ending))
    assert hashing._survived(refused)


def _waiting_in(pipe: IO[bytes]) -> int:
    """How many bytes nobody has read yet (FIONREAD of Linux's pipes tells it at either end)."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_killed_in_the_middle_it_is_an_error_and_the_next_one_gets_another(apart: Hasher) -> None:
    """SIGKILL while a password is looked at: the asker hears that it stopped, without the password; then all goes on."""
    encoded = apart.hash(CANARY)
    process = running(apart)
    os.kill(process, signal.SIGSTOP)  # so that the question is on its way, and unanswered, when it dies
    told: list[HashingStopped] = []

    def ask() -> None:
        with pytest.raises(HashingStopped) as caught:
            apart.verify(encoded, CANARY)
        told.append(caught.value)

    asking = threading.Thread(target=ask)
    asking.start()
    asked = apart._apart[0]._process
    assert asked is not None
    assert asked.stdin is not None
    until(partial(_waiting_in, asked.stdin), "the question on its way")
    os.kill(process, signal.SIGKILL)
    asking.join()

    assert CANARY not in repr(told) + told[0].sentence("ja") + told[0].hint("ja") + str(told[0].params)
    assert told[0].__cause__ is None
    assert apart.verify(encoded, CANARY)
    assert running(apart) != process


def test_no_answer_in_time_is_an_error_too(apart: Hasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hangs is ended and replaced: nobody waits for ever."""
    encoded = apart.hash(PASSWORD)
    os.kill(running(apart), signal.SIGSTOP)
    monkeypatch.setattr(hashing, "_PATIENCE_MS", 10)
    with pytest.raises(HashingStopped):
        apart.verify(encoded, PASSWORD)
    monkeypatch.undo()

    assert apart.verify(encoded, PASSWORD)


def test_it_ends_with_the_process_that_asked() -> None:
    """SIGKILL to a service leaves no process behind that holds passwords in its memory."""
    program = (
        "import sys; from akashi.identity.factors.hashing import HashingProcess\n"
        "one = HashingProcess(passes=1, memory_kib=8, lanes=1); one.hash(b'x')\n"
        "print(one._process.pid, flush=True); sys.stdin.read()"
    )
    paths = {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    command, pipe = [sys.executable, "-c", program], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=paths) as service:
        assert service.stdout is not None
        child = int(service.stdout.readline())
        assert not ended(child)
        service.kill()

    assert wait_for_end(child)


def test_closing_ends_it_and_a_later_use_begins_again() -> None:
    """Closed is closed, twice is fine, and nothing is left running."""
    one = HashingProcess(passes=1, memory_kib=8, lanes=1)
    made = one.hash(b"x")
    first = one._process
    one.close()
    one.close()

    assert first is not None
    assert first.returncode is not None
    assert one.verify(made, b"x")
    one.close()


def test_a_process_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory, no program: the asker hears it as any other stop."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(HashingStopped):
        HashingProcess(passes=1, memory_kib=8, lanes=1).hash(b"x")


def test_what_died_while_nobody_asked_is_replaced_unseen(apart: Hasher) -> None:
    """The kernel took it for its memory at night: the first to come in the morning notices nothing."""
    encoded = apart.hash(PASSWORD)
    process = apart._apart[0]._process
    assert process is not None
    process.kill()
    process.wait()

    assert apart.verify(encoded, PASSWORD)


def test_an_attempt_that_stopped_is_charged_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More attempts than account and device may fail stop half-way: a broken machine locks nobody out."""
    home = clinic(tmp_path, Policy(failures=2, device_failures=2))
    home.accounts.hasher.stand_apart()

    def stopped(*_question: object) -> bytes:
        raise HashingStopped

    with monkeypatch.context() as patch:
        patch.setattr(HashingProcess, "_ask", stopped)
        for _ in range(4):
            with pytest.raises(HashingStopped):
                home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)

    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET).person == home.nurse
    home.accounts.hasher.close()
    home.database.close()


@settings(max_examples=60, deadline=None)
@given(password=st.binary(max_size=300), other=st.binary(max_size=300))
def test_any_password_goes_through_the_pipe_unchanged(password: bytes, other: bytes) -> None:
    """Whatever bytes they are, ends of lines and nothing included; two questions in a row do not run into each other."""
    encoded = CHEAP.hash(password).encode()
    asked = b"".join(hashing._framed(one) for one in (encoded, password, encoded, other))
    sink = io.BytesIO()
    hashing.serve(io.BytesIO(asked), sink, CHEAP)
    sink.seek(0)

    assert [hashing._frame(sink), hashing._frame(sink)] == [b"\x01", b"\x01" if other == password else b"\x00"]


@given(cut=st.integers(0, 40))
def test_half_a_question_gets_no_answer(cut: int) -> None:
    """The pipe closed in the middle of a question: the process ends, and answers nothing."""
    whole = hashing._framed(b"") + hashing._framed(b"x" * 40)
    sink = io.BytesIO()
    hashing.serve(io.BytesIO(whole[:cut]), sink, CHEAP)

    assert sink.getvalue() == b""


@pytest.mark.parametrize("reason", sorted(hashing._MACHINE))
def test_a_failure_of_the_machine_is_no_wrong_password(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """Without memory nothing was compared: that is said, and not taken for a mismatch."""

    class Failing:
        def verify(self, _encoded: bytes, _password: bytes) -> bool:
            raise VerificationError(reason)

    monkeypatch.setattr(HashingProcess, "_ask", lambda *_: hashing._done(Failing(), b"$argon2id$", b"x"))  # type: ignore[arg-type]  # a failing stand-in
    with pytest.raises(HashingStopped):
        HashingProcess(passes=1, memory_kib=8, lanes=1).verify("$argon2id$", b"x")
