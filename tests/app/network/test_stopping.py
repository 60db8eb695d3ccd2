"""Ending the servers of a machine: whoever is told that they ended may start them again at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akashi.app.network import local

SLOW = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), sys.exit(0)))"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@contextmanager
def _process(program: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", f"{program}; print('ready', flush=True); import signal; signal.pause()"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            yield child
        finally:
            child.kill()


def test_who_is_slow_to_end_has_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that answers no more still holds its home: its process is waited for, whatever its control socket says."""
    with _process(SLOW) as child:
        monkeypatch.setattr(local, "_pid", lambda _: child.pid)

        ended = local.stop_one(tmp_path)

        assert (ended, child.poll()) == (1, 0)


def test_who_does_not_end_is_waited_for_no_longer_than_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process that minds no signal holds up nobody for ever."""
    with _process(DEAF) as child:
        monkeypatch.setattr(local, "_pid", lambda _: child.pid)

        ended = local.stop_one(tmp_path, 0.1)

        assert (ended, child.poll()) == (1, None)


def test_who_does_not_run_is_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No server, and one that ended between its answer and the signal."""
    with _process(SLOW) as child:
        gone = child.pid
    answers = iter([None, gone])
    monkeypatch.setattr(local, "_pid", lambda _: next(answers))

    assert [local.stop_one(tmp_path), local.stop_one(tmp_path)] == [0, 0]
