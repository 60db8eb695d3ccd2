"""Files that are too large are refused by their own error before they take the memory.

The large file does not exist: a stream makes its rows as they are read, and a process of its own is measured.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from akashi.app.desk.maps import today
from akashi.checkup import convert, inspect
from akashi.checkup.errors import FileTooLarge
from tests.app.service import SHELF, START, encoded, layout_map, rows_of

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20


class Endless(io.RawIOBase):
    """A file of ``size`` bytes and a little more in the wide layout: headings, then the same invented people again and again."""

    def __init__(self, size: int) -> None:
        heads, rows = rows_of("midori", 200)
        whole, start = encoded(heads, iter(rows)), encoded(heads, iter([]))
        self._parts = self._endless(start, whole[len(start) :], size)
        self._rest = b""

    @staticmethod
    def _endless(start: bytes, people: bytes, size: int) -> Iterator[bytes]:
        yield start
        for _ in range(size // len(people) + 1):
            yield people

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._parts, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class Nowhere(io.RawIOBase):
    """Counts what is written."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def refuse(size: int, limit: int) -> str:
    """Convert a file of ``size`` bytes under ``limit``; the code of the refusal."""
    layout = layout_map("midori")
    seen = inspect(io.BufferedReader(Endless(size), MIB), maps=[layout], limit_bytes=limit)
    assert seen.map_id == layout.map_id
    try:
        convert(
            io.BufferedReader(Endless(size), MIB),
            layout,
            SHELF.definition(),
            io.BufferedWriter(Nowhere()),
            on=today(START),
            items=SHELF.items(),
            limit_bytes=limit,
        )
    except FileTooLarge as error:
        return error.code
    return "converted"


def test_a_file_over_the_limit_is_refused() -> None:
    """5 MiB under a limit of 4: refused by name; under a limit of 8 it is converted."""
    assert refuse(5 * MIB, 4 * MIB) == FileTooLarge.code
    assert refuse(MIB, 8 * MIB) == "converted"


@pytest.mark.slow
def test_600_mb_are_refused_in_little_memory() -> None:
    """600 MB under the shipped limit of 512 MiB: refused, and the process never took 300 MB."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__))], env=environment, capture_output=True, check=False, timeout=880
    )
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)

    assert said["code"] == FileTooLarge.code
    assert said["peak_kib"] < 300 * 1024


if __name__ == "__main__":
    code = refuse(600_000_000, 512 * MIB)
    # Not ru_maxrss: that also holds what the parent took before this program was executed in its child.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0])
    sys.stdout.write(json.dumps({"code": code, "peak_kib": peak}))
