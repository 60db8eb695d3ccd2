"""A killed service and a full disk: nothing acknowledged is lost, nothing is invented, and trying again works."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from akashi.app.wiring import KINDS
from akashi.clock import FixedClock
from akashi.errors import Unavailable
from akashi.exchange.errors import AlreadySent
from akashi.exchange.model import Status
from akashi.ledger.audit import audit
from tests.app.service import CLINIC, START, Cast, Service, checkup_file, copied, said_in

ROOT = Path(__file__).resolve().parents[2]
RUNS = [1, 2, 3, *(pytest.param(run, marks=pytest.mark.slow) for run in range(4, 11))]


def _work_and_die(home: Path, cast: Cast, run: int) -> list[list[str]]:
    """Let a service work for a while that the run's number decides, kill it, and return what it said."""
    chance = random.Random(run)
    command = [sys.executable, str(Path(__file__).with_name("at_work.py")), str(home), str(1_000 * run)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(asdict(cast)).encode() + b"\n")
        child.stdin.flush()
        said = [child.stdout.readline() for _ in range(chance.randint(1, 6))]
        time.sleep(chance.random() / 5)
        child.kill()
        said += child.stdout.readlines()
    assert said[0] == b"ready\n", said
    return [line.decode().split() for line in said[1:] if line.endswith(b"\n")]


@pytest.mark.parametrize("run", RUNS)
def test_a_kill_at_any_point_loses_nothing_acknowledged(template: tuple[Path, Cast], tmp_path: Path, run: int) -> None:
    """Attack: SIGKILL at a random moment. Everything said is there, the audit is clean, and the interrupted file goes out."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    said = _work_and_die(home, cast, run)
    sent = [name for what, name in said if what == "sent"]
    confirmed = {name for what, name in said if what == "confirmed"}

    with Service(home, cast, FixedClock(START + 60_000)) as service:
        found = {one.handle: one.status for one in service.clinic.exchange.outbox()}
        pending = service.clinic.exchange.pending() + service.payer.exchange.pending()
        report = audit(service.server.paths.ledger, KINDS)
        again = service.draft(checkup_file(people=2, seed=1_000 * run + len(sent)))
        try:
            name = service.send(again).transfer
        except AlreadySent as error:
            name = error.transfer
        if service.clinic.exchange.show(name).transfer.status is not Status.CONFIRMED:
            assert said_in(service.open(name).documents) == said_in(again.documents)
        service.server.housekeeping.run_once()

    assert set(sent) <= set(found)
    assert len(found) <= len(sent) + 1
    assert {found[name] for name in confirmed} <= {Status.CONFIRMED}
    assert pending == []
    assert report.clean


def test_a_closed_home_holds_no_file_open(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """After ``close`` the home can be unmounted: no handle below it is left in this process."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    with Service(home, cast) as service:
        service.send(service.draft(checkup_file(people=1)))
    links = [Path(f"/proc/self/fd/{handle}") for handle in os.listdir("/proc/self/fd")]
    held = [str(link.readlink()) for link in links if link.is_symlink()]

    assert [name for name in held if name.startswith(str(home))] == []


@contextmanager
def small_disk(folder: Path, spare: int) -> Iterator[Path]:
    """Put ``folder`` on a file system of its own with ``spare`` bytes left; yields a file to remove to make room."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small file system")
    aside = folder.with_name(f"{folder.name}-aside")
    shutil.copytree(folder, aside)
    used = sum(path.stat().st_size + 8192 for path in aside.rglob("*"))
    room = 4 << 20
    command = ["mount", "-t", "tmpfs", "-o", f"size={used + spare + room}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not permit mounts")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        ballast = folder / "ballast"
        with ballast.open("wb") as file:
            left = os.statvfs(folder)
            file.write(bytes(max(0, left.f_bavail * left.f_frsize - spare)))
        yield ballast
    finally:
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def _send_until_full(service: Service) -> tuple[list[str], int, Unavailable]:
    """Send file after file; the transfers acknowledged, the seed that failed, and how."""
    names: list[str] = []
    for seed in range(100, 400):
        try:
            names.append(service.send(service.draft(checkup_file(people=2, seed=seed))).transfer)
        except Unavailable as error:
            return names, seed, error
    raise AssertionError("the disk did not fill up")


@pytest.mark.parametrize("side", ["server", "gateway"])
def test_a_full_disk_loses_nothing(
    template: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """Full at the server or at the sender's gateway: a clear error; with room again the same file goes out, once."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    source, cast = template
    home = copied(source, tmp_path / "home")
    folder = home / "server" if side == "server" else home / "gateways" / cast.handles[CLINIC]
    with small_disk(folder, 1_700_000 if side == "server" else 900_000) as ballast, Service(home, cast) as service:
        names, seed, error = _send_until_full(service)
        during = {one.handle for one in service.clinic.exchange.outbox()}
        ballast.unlink()
        # Without a restart: a sending that could not even be marked as over stands in nobody's way.
        draft = service.draft(checkup_file(people=2, seed=seed))
        try:
            last = service.send(draft).transfer
        except AlreadySent as known:
            # It waits in the outbox, signed and without an answer: the outbox's next turn says it again.
            last = known.transfer
            service.clinic.exchange.resume()
        opened = service.open(last)
        pending = service.clinic.exchange.pending()
        after = {one.handle for one in service.clinic.exchange.outbox()}
        report = audit(service.server.paths.ledger, KINDS)

    assert names
    assert error.hint("ja")
    assert set(names) <= during
    assert after == {*names, last}
    assert said_in(opened.documents) == said_in(draft.documents)
    assert pending == []
    assert report.clean
