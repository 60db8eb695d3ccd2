"""Mutation testing of the ledger and of every rules.py: does a test notice when the code is a little wrong?

Guarantees: works on a copy in a temporary folder and never touches the working tree; the sample is drawn with a seed, so a run
can be repeated. A mutant counts as noticed when its part's tests fail, or take three times as long as they should.
Used as ``python -m tools.mutation [--max N] [--seed S] [path …]``; writes bench/MUTATION.md when no path is given.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import Mutant, mutants, mutated

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "bench" / "MUTATION.md"
COPIED = ("src", "tests", "formats", "docs", "verifier", "tools", "bench", "catalogs", "pyproject.toml")
SPARE_S = 10


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant."""

    path: str
    mutant: Mutant
    noticed: bool


def targets(root: Path) -> list[str]:
    """The files under test, relative to ``root``: the whole ledger and every ``rules.py``."""
    source = root / "src" / "akashi"
    paths = {*source.glob("ledger/**/*.py"), *source.rglob("rules.py")}
    return sorted(path.relative_to(root).as_posix() for path in paths if path.name != "__init__.py")


def suite(root: Path, path: str) -> str:
    """The tests of the part that ``path`` belongs to."""
    parts = Path(path).parts
    folder = Path("tests", *parts[2:3])
    return folder.as_posix() if (root / folder).is_dir() else "tests"


class Workshop:
    """A copy of the tree in which one file at a time is wrong."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._folder = folder
        self._baseline_s: dict[str, float] = {}
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (root / name).exists():
                shutil.copy2(root / name, folder / name)

    def baseline(self, tests: str) -> bool:
        """Whether ``tests`` pass on the unchanged copy; remembers how long they took."""
        started = time.monotonic()
        passed = self._run(tests, None)
        self._baseline_s[tests] = time.monotonic() - started
        return passed

    def notices(self, path: str, mutant: Mutant, tests: str) -> bool:
        """Whether ``tests`` fail, or hang, with the mutant in place of ``path``."""
        file = self._folder / path
        original = file.read_text(encoding="utf-8")
        file.write_text(mutated(original, mutant), encoding="utf-8")
        limit_s = 3 * self._baseline_s[tests] + SPARE_S
        # The module's own tests first: they notice most, in a fraction of the time.
        own = sorted((self._folder / tests).rglob(f"test_{file.stem}.py"))
        stages = [*(test.relative_to(self._folder).as_posix() for test in own), tests]
        try:
            return not all(self._run(stage, limit_s) for stage in stages)
        finally:
            file.write_text(original, encoding="utf-8")

    def _run(self, tests: str, limit_s: float | None) -> bool:
        # No byte code: two mutants of one second would share a time stamp and so a cached module.
        environment = os.environ | {"PYTHONPATH": f"src{os.pathsep}.", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
        quiet = subprocess.DEVNULL
        try:
            result = subprocess.run(
                command,
                cwd=self._folder,
                env=environment,
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return result.returncode == 0


def sample(root: Path, paths: list[str], most: int, seed: int) -> list[tuple[str, Mutant]]:
    """At most ``most`` mutants of ``paths``, drawn with ``seed``, in the order of the source."""
    every = [(path, mutant) for path in paths for mutant in mutants((root / path).read_text(encoding="utf-8"))]
    chosen = sorted(random.Random(seed).sample(range(len(every)), min(most, len(every))))
    return [every[index] for index in chosen]


def run(root: Path, paths: list[str], most: int, seed: int) -> tuple[list[Outcome], list[str]]:
    """Try the sample; also the suites that fail on unchanged code, whose mutants cannot be judged and are left out."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="akashi-mutation-") as folder:
        workshop = Workshop(root, Path(folder))
        suites = sorted({suite(root, path) for path in paths})
        broken = [tests for tests in suites if not workshop.baseline(tests)]
        sound = [path for path in paths if suite(root, path) not in broken]
        for path, mutant in sample(root, sound, most, seed):
            outcomes.append(Outcome(path, mutant, workshop.notices(path, mutant, suite(root, path))))
            sys.stdout.write(
                f"{'noticed ' if outcomes[-1].noticed else 'SURVIVED'} {path}:{mutant.line} {mutant.change}\n"
            )
            sys.stdout.flush()
    return outcomes, broken


def render(outcomes: list[Outcome], broken: list[str], seed: int) -> str:
    """The report: score by file, then the survivors."""
    noticed, total = Counter(o.path for o in outcomes if o.noticed), Counter(o.path for o in outcomes)
    score = 100 * noticed.total() // max(total.total(), 1)
    lines = [
        "# Mutation testing",
        "",
        "Written by `make mutation`: the ledger and every `rules.py`, a sample drawn with a seed.",
        "",
    ]
    lines += [f"Noticed {noticed.total()} of {total.total()} mutants ({score} %), seed {seed}.", ""]
    lines += [f"Not judged, because its tests are missing or fail on unchanged code: {tests}" for tests in broken]
    lines += ["| file | noticed | tried |", "|---|---|---|"]
    lines += [f"| {path} | {noticed[path]} | {total[path]} |" for path in sorted(total)]
    survivors = [f"- {o.path}:{o.mutant.line} {o.mutant.change}" for o in outcomes if not o.noticed]
    return "\n".join([*lines, "", "## Survivors", "", *(survivors or ["None."])]) + "\n"


def main() -> int:
    """Run and report; exit status 1 when a suite fails on unchanged code."""
    parser = argparse.ArgumentParser(description="mutation testing on a copy of the tree")
    parser.add_argument("paths", nargs="*", help="files to mutate (default: the ledger and every rules.py)")
    parser.add_argument("--max", type=int, default=100, help="how many mutants to try")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    arguments = parser.parse_args()
    outcomes, broken = run(ROOT, arguments.paths or targets(ROOT), arguments.max, arguments.seed)
    report = render(outcomes, broken, arguments.seed)
    if not arguments.paths:
        REPORT.write_text(report, encoding="utf-8")
    sys.stdout.write(report)
    return int(bool(broken))


if __name__ == "__main__":
    raise SystemExit(main())
