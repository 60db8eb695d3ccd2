"""Runs the benches and writes bench/RESULTS.md: what was measured, on which machine, against which budget.

Guarantees: each module of ``bench/`` with a ``measure() -> list[Measurement]`` runs in a process of its own, so that a peak of
memory is its own; a bench that fails is reported as failed, never left out. Refuses to judge by wall-clock alone: budgets are
ratios to what the same run measured of the machine. Used as ``python -m tools.bench [name …]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import platform
import ssl
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.measurement import Measurement

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
RESULTS = BENCH / "RESULTS.md"


def names() -> list[str]:
    """The bench modules, by name."""
    paths = sorted(BENCH.glob("*.py"))
    return [path.stem for path in paths if "def measure(" in path.read_text(encoding="utf-8")]


def measure_apart(name: str) -> list[Measurement]:
    """Run one bench in a fresh process. Raises ``subprocess.CalledProcessError`` when it fails."""
    environment = os.environ | {"PYTHONPATH": f"src{os.pathsep}."}
    command = [sys.executable, "-m", "tools.bench", "--measure", name]
    result = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    # A bench may print its progress; its result is the last line.
    return [Measurement(**fields) for fields in json.loads(result.stdout.strip().splitlines()[-1])]


def machine() -> list[str]:
    """Facts about the machine that a figure depends on; no host name, no path."""
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return [
        f"- date: {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        f"- processor: {cpu}, {os.cpu_count()} cores, {memory} MiB; load before the run {os.getloadavg()[0]:.1f}",
        f"- Python {platform.python_version()}, {ssl.OPENSSL_VERSION}, Linux {platform.release().split('-')[0]}",
    ]


def row(measurement: Measurement) -> str:
    """One line of the table."""
    verdict = {True: "kept", False: "**missed**", None: ""}[measurement.kept]
    limit = "" if measurement.limit is None else f"{measurement.limit:,.3g}"
    ratio = "" if measurement.ratio is None else f"{measurement.ratio:.2f}"
    value = f"{measurement.value:,.4g} {measurement.unit}"
    return f"| {measurement.name} | {value} | {limit} | {ratio} | {measurement.budget} | {verdict} |"


def render(results: dict[str, list[Measurement] | None]) -> str:
    """The page; ``None`` stands for a bench that failed."""
    lines = [
        "# Measurements",
        "",
        "Written by `make bench`. Ratios compare with what the same run measured of this machine.",
        "",
    ]
    lines += machine()
    for name, measurements in results.items():
        lines += ["", f"## {name}", ""]
        if measurements is None:
            lines.append("This bench failed.")
            continue
        lines += ["| what | measured | machine's limit | ratio | budget | |", "|---|---|---|---|---|---|"]
        lines += [row(measurement) for measurement in measurements]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the named benches (all by default) and write the page; exit status 1 when one failed."""
    parser = argparse.ArgumentParser(description="measure, and write bench/RESULTS.md")
    parser.add_argument("names", nargs="*", choices=[[], *names()], metavar="name")
    parser.add_argument("--measure", choices=names(), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measured = importlib.import_module(f"bench.{arguments.measure}").measure()
        sys.stdout.write("\n" + json.dumps([asdict(measurement) for measurement in measured]) + "\n")
        return 0
    results: dict[str, list[Measurement] | None] = {}
    for name in arguments.names or names():
        sys.stdout.write(f"bench: {name}\n")
        try:
            results[name] = measure_apart(name)
        except (subprocess.CalledProcessError, ValueError, IndexError):
            results[name] = None
        for measurement in results[name] or []:
            sys.stdout.write(row(measurement) + "\n")
    if not arguments.names:
        RESULTS.write_text(render(results), encoding="utf-8")
    return int(None in results.values())


if __name__ == "__main__":
    raise SystemExit(main())
