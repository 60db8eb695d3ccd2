"""What `.ci/run` runs, in which order, what it runs twice, and what its exit status says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

MAKE = """#!/bin/sh
echo "$*" >>"$PWD/called"
target=$2
count=$(cut -d" " -f2 "$PWD/called" | grep -cx -- "$target")
[ -f "$PWD/fails-$target-$count" ] || exit 0
[ ! -f "$PWD/names" ] || { mkdir -p .pytest_cache/v/cache; cp names .pytest_cache/v/cache/lastfailed; }
exit 1
"""
AGAIN = "--no-print-directory test-slow ARGS=--last-failed --last-failed-no-failures none"
WHOLE = [f"--no-print-directory {target}" for target in ("check", "test-slow", "test")]
NAME = "tests/network/test_invented.py::test_invented"


@dataclass
class Ran:
    """How a run ended."""

    status: int
    called: list[str]
    said: str


def run(folder: Path, *fails: str, names: tuple[str, ...] = ()) -> Ran:
    """Run the script with a `make` that fails at these (target-count), leaving ``names`` as pytest's failed tests."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", folder / ".ci/run")
    (folder / "bin").mkdir()
    (folder / "bin/make").write_text(MAKE, encoding="utf-8")
    (folder / "bin/make").chmod(0o755)
    for one in fails:
        (folder / f"fails-{one}").touch()
    if names:
        (folder / "names").write_text(json.dumps(dict.fromkeys(names, True), indent=2), encoding="utf-8")
    done = subprocess.run(
        [folder / ".ci/run"],
        env={**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Ran(done.returncode, (folder / "called").read_text(encoding="utf-8").splitlines(), done.stdout)


def test_all_is_run_once_and_the_tests_last(tmp_path: Path) -> None:
    """Where nothing fails, each target is run once, and nothing is said after the last one."""
    assert run(tmp_path) == Ran(0, WHOLE, "")


@pytest.mark.parametrize("target", ["check", "test"])
def test_what_is_not_slow_has_one_attempt(tmp_path: Path, target: str) -> None:
    """A failed check or test fails the run; the others are run all the same, each once."""
    ran = run(tmp_path, f"{target}-1")

    assert (ran.status, ran.called) == (1, WHOLE)


def test_a_slow_test_that_failed_is_named_and_run_once_more(tmp_path: Path) -> None:
    """The second attempt runs what failed, and nothing else; the run says which it was."""
    ran = run(tmp_path, "test-slow-1", names=(NAME,))

    assert (ran.status, ran.called) == (0, [*WHOLE[:2], AGAIN, WHOLE[2]])
    assert NAME in ran.said
    assert "FAILED" not in ran.said


def test_a_slow_test_that_fails_twice_fails_the_run(tmp_path: Path) -> None:
    """There is no third attempt; the other suites are run."""
    ran = run(tmp_path, "test-slow-1", "test-slow-2", names=(NAME,))

    assert (ran.status, ran.called) == (1, [*WHOLE[:2], AGAIN, WHOLE[2]])
    assert "FAILED so far: test-slow" in ran.said


@pytest.mark.parametrize("names", [(), (NAME, "tests/faults/test_invented.py::test_lost")])
def test_what_the_fault_suite_finds_counts_the_first_time(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Neither a failure of tests/faults nor one that pytest could not name is tried again."""
    ran = run(tmp_path, "test-slow-1", names=names)

    assert (ran.status, ran.called) == (1, WHOLE)
