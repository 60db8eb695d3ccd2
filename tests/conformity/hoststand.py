"""Files, exports and tools to be probed: invented, written into a folder of their own, and measured like a registered target."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from akashi.clock import FixedClock
from akashi.conformity.host import (
    backup,
    bill,
    inventory,
    logins,
    malware,
    plain_secrets,
    platform,
    registers,
    time_source,
)
from akashi.conformity.judges import backup as backup_judges
from akashi.conformity.judges import host as host_judges
from akashi.conformity.judges import software as software_judges
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import DAY_MS, Measurement, Opinion, Target, TargetKind, Verdict
from akashi.conformity.probing import PROBES, Bench, Pace, measure

PARTS = (backup, bill, inventory, logins, malware, plain_secrets, platform, registers, time_source)
JUDGING = (backup_judges, host_judges, software_judges)
"""Imported for what they register."""
NOW = 1_795_219_200_000
"""2026-11-21T00:00:00Z."""
SYSTEM = (Path("/usr/bin"), Path("/usr/sbin"), Path("/bin"), Path("/sbin"))
Files = Mapping[str, bytes | str]
Tools = Mapping[str, str]


class Case(NamedTuple):
    """One fixture: which check it is for, what it is called, ``good`` or ``broken``, and how it is measured."""

    check: str
    name: str
    quality: str
    measurements: Callable[[], list[Measurement]]


def bench_in(folder: Path, tools: tuple[Path, ...] = (), now_ms: int = NOW) -> Bench:
    """A bench with its scratch in the folder."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return Bench(FixedClock(now_ms), "test", Pace(1000), scratch, tools)


def write(folder: Path, files: Files) -> None:
    """Write the files, a day old."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (NOW / 1000 - 3600, NOW / 1000 - 3600))


def seen(
    probe: str, files: Files, options: Mapping[str, str], *, address: str = "", tools: Tools | None = None
) -> list[Measurement]:
    """Write files (and tools: shell scripts by name), then measure once with consent in force."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, files)
        for tool, script in (tools or {}).items():
            path = folder / "tools" / tool
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            path.chmod(0o755)
        one = next(one for one in PROBES if one.name == probe)
        target = Target("tgt-host", one.kind, str(folder / address), dict(options), NOW + DAY_MS)
        return [measure(one, target, bench_in(folder, (folder / "tools",)))]


def case(
    check: str, probe: str, name: str, quality: str, files: Files, options: Mapping[str, str] | None = None
) -> Case:
    """A case made of files."""
    return Case(check, name, quality, lambda: seen(probe, files, options or {}))


def verdict(check: str, measurements: list[Measurement]) -> Verdict:
    """What the newest judge of the check says, with its own defaults."""
    return opinion(check, measurements).verdict


def opinion(check: str, measurements: list[Measurement]) -> Opinion:
    """The same with its reason."""
    judge = JUDGES.find(check)
    assert judge is not None
    return judge_check(judge, measurements, {}).opinion


def table(*rows: str) -> str:
    """A CSV of these lines."""
    return "\r\n".join(rows) + "\r\n"


def dumped(value: object) -> str:
    """JSON."""
    return json.dumps(value, ensure_ascii=False)


__all__ = [
    "NOW",
    "SYSTEM",
    "Case",
    "Path",
    "TargetKind",
    "bench_in",
    "case",
    "dumped",
    "opinion",
    "seen",
    "table",
    "verdict",
    "write",
]
