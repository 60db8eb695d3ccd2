"""Files made to hurt cost little time and little memory, and are refused or read like any other."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from akashi.checkup import Finding, read_records
from tests.checkup.conftest import ON, ROOT, TINY_HEADERS
from tests.checkup.fuzz.nasty import GROUPS, OTHERS
from tests.checkup.fuzz.samples import TINY
from tests.checkup.readers.shipped import ITEMS


def outcomes(group: str) -> list[str]:
    """What became of each case of a group, in a process of its own. Fails where one took the process with it."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.checkup.fuzz.nasty", group],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = ran.stdout.splitlines()
    # The last line names the case that never ended, or that took too much.
    assert (ran.returncode, ran.stderr) == (0, ""), said[-1:]
    return said


@pytest.mark.parametrize("group", GROUPS)
def test_no_file_takes_the_machine(group: str) -> None:
    """Each case lives in a gigabyte and a few seconds of the processor; what comes out is a result or an error of ours."""
    said = outcomes(group)

    assert [line for line in said if "FAILED" in line] == []
    assert len(said) > 30


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", OTHERS)
def test_no_file_takes_the_machine_by_any_other_reader(group: str) -> None:
    """The same through the readers that are made of the same parts."""
    said = outcomes(group)

    assert [line for line in said if "FAILED" in line] == []
    assert said != []


class _Heard(Exception):
    """The first finding about a row came."""


def test_rows_that_fit_nowhere_do_not_pile_up() -> None:
    """What is said about them is said on the way: a file of nothing but such rows costs no memory."""
    stream = io.BytesIO(",".join(TINY_HEADERS).encode() + b"\n" + b"5\n" * 4_000_000)

    def hear(finding: Finding) -> None:
        if finding.code == "row.width":
            raise _Heard

    with pytest.raises(_Heard):
        next(read_records(stream, TINY, on=ON, items=ITEMS, finding_sink=hear), None)

    assert stream.tell() < 3_000_000
