"""What is done to the data and the program of one server: wiped, rolled back, tampered with, answering differently, its voting key in two places, its disk full.

Guarantees as in ``items``. Damage that must be found runs guarded: the server finds it, stops voting, ends; started again it repairs itself before it votes.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.ledger.store import DATABASE
from akashi.network.node.home import NodeHome
from tests.faults.network.books import size_of
from tests.faults.network.fleet import PATIENCE_S, Fleet, Gone
from tests.faults.network.items import made_final, require

_CHUNK = 500


def _filled(fleet: Fleet, rounds: int) -> None:
    """Start, and ``rounds`` times a chunk of operations."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        made_final(fleet, 1, _CHUNK)
    fleet.settle()


def _node(fleet: Fleet, number: int) -> NodeHome:
    return NetworkPlaces.of(server_paths(fleet.homes[number - 1])).node


def _ledger(fleet: Fleet, number: int) -> Path:
    return server_paths(fleet.homes[number - 1]).ledger


def _rejoin(fleet: Fleet, number: int) -> float:
    """Start again, with the repair that it needs, until it stands where the others stand: seconds."""
    begun = time.monotonic()
    fleet.start(number)
    fleet.settle()
    took = time.monotonic() - begun
    fleet.report.repair.append(took)
    return took


def wiped(fleet: Fleet, rounds: int) -> None:
    """A server loses its ledger and all blocks (its keys and its sign state are kept): it fetches everything, executes it again, and votes again."""
    _filled(fleet, rounds)
    number = fleet.draw.choice(fleet.all)
    fleet.running[number].end()
    size, node = size_of(fleet.homes[number - 1]), _node(fleet, number)
    for one in _ledger(fleet, number).glob(f"{DATABASE}*"):
        one.unlink()
    for one in node.sign_state.parent.iterdir():
        if one != node.sign_state:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    took = _rejoin(fleet, number)
    done = fleet.running[number].hears("repaired", 1)
    fleet.report.seen.update(
        {
            "leaves": size,
            "rejoined in s": round(took, 1),
            "of it repair s": round(done["ms"] / 1000, 1),
            "operations/s": round(size / took),
        }
    )


def rollback(fleet: Fleet, rounds: int) -> None:
    """An old copy of the ledger's folder is put back: a plain server refuses to open it; a guarded one rebuilds it."""
    fleet.start()
    fleet.until_acknowledged(1)
    number = fleet.draw.choice(fleet.all)
    folder = _ledger(fleet, number)
    for turn in range(rounds):
        fleet.running[number].end()
        old = fleet.homes[number - 1] / f"old-{turn}"
        shutil.copytree(folder, old)
        fleet.start(number)
        made_final(fleet, number, 5)
        fleet.settle()
        fleet.running[number].end()
        shutil.rmtree(folder)
        shutil.copytree(old, folder)
        fleet.guarded = False
        begun = time.monotonic()
        refused = fleet.spawn(number).hears("refused")
        fleet.report.detect.append(time.monotonic() - begun)
        fleet.report.seen["refused with"] = f"{refused['refused']} {refused['failure']}"
        fleet.guarded = True
        _rejoin(fleet, number)


def differs(fleet: Fleet, rounds: int) -> None:
    """One server's app answers differently: it stops alone, the others go on; started again with the right app it repairs itself."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        number, other = fleet.draw.sample(fleet.all, 2)
        fleet.running[number].ask("differ")
        begun = time.monotonic()
        for _ in range(2):
            made_final(fleet, other)  # the others go on
        fleet.report.detect.append(_detected(fleet, "differs", number, begun))
        made_final(fleet, other)
        _rejoin(fleet, number)


def _detected(fleet: Fleet, name: str, number: int, begun: float) -> float:
    """Until the server itself says that it wants a repair, and has ended: seconds."""
    found = fleet.running[number].hears("wanted")
    took = time.monotonic() - begun
    fleet.report.seen[name] = f"{found['wanted']} {found['failure']} after {took:.1f} s"
    fleet.running[number].process.wait(PATIENCE_S)
    return took


# -- tampering --------------------------------------------------------------------------------------------------------


def tamper(fleet: Fleet, rounds: int) -> None:
    """One file class after the other, on a server that runs or that was stopped; found by itself, repaired by itself."""
    _filled(fleet, 1)
    for turn in range(rounds):
        for name, (running, hurt) in TAMPERING.items():
            number = fleet.draw.choice(fleet.all)
            try:
                _tampered(fleet, name, number, running, hurt)
            except (Gone, TimeoutError) as error:
                fleet.report.unrepaired += 1
                fleet.report.findings.append(f"{name} (turn {turn}, server {number}): {type(error).__name__} {error}")
                fleet.spawn(number)


def _tampered(fleet: Fleet, name: str, number: int, running: bool, hurt: Callable[[Fleet, int], None]) -> None:
    begun = time.monotonic()
    if running:
        hurt(fleet, number)
        fleet.report.detect.append(_detected(fleet, name, number, begun))
        _rejoin(fleet, number)
        return
    fleet.running[number].end()
    hurt(fleet, number)
    begun = time.monotonic()
    process = fleet.spawn(number)
    found = process.hears("repairing")
    fleet.report.detect.append(time.monotonic() - begun)
    fleet.report.seen[name] = f"{found['repairing']} {found['failure']} at the start"
    process.hears("ready")
    fleet.settle()
    fleet.report.repair.append(time.monotonic() - begun)


def _sql(fleet: Fleet, number: int, statement: str) -> None:
    connection = sqlite3.connect(_ledger(fleet, number) / DATABASE, timeout=PATIENCE_S)
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def _leaf(fleet: Fleet, number: int) -> None:
    _sql(
        fleet, number, "UPDATE leaves SET leaf = zeroblob(length(leaf)) WHERE idx = (SELECT max(idx) - 100 FROM leaves)"
    )


def _state(fleet: Fleet, number: int) -> None:
    _sql(
        fleet,
        number,
        "DELETE FROM state WHERE (space, key) IN (SELECT space, key FROM state ORDER BY key LIMIT 1 OFFSET 7)",
    )


def _truncated(fleet: Fleet, number: int) -> None:
    path = _ledger(fleet, number) / DATABASE
    os.truncate(path, path.stat().st_size // 2)


def _zeroed(fleet: Fleet, number: int) -> None:
    """One page in the middle; page 1 stays, so that the file still looks like one."""
    path = _ledger(fleet, number) / DATABASE
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))


def _blocks(fleet: Fleet, number: int) -> None:
    """The node's block store: every table and journal zeroed."""
    _zeroes(_node(fleet, number).sign_state.parent / "blockstore.db", "*.l*")


def _node_state(fleet: Fleet, number: int) -> None:
    """The node's state."""
    _zeroes(_node(fleet, number).sign_state.parent / "state.db", "*.l*")


def _zeroes(folder: Path, pattern: str) -> None:
    for one in folder.glob(pattern):
        one.write_bytes(b"\0" * one.stat().st_size)


def _notes_gone(fleet: Fleet, number: int) -> None:
    for one in NetworkPlaces.of(server_paths(fleet.homes[number - 1])).root.glob("network.db*"):
        one.write_bytes(b"not a database")


TAMPERING: dict[str, tuple[bool, Callable[[Fleet, int], None]]] = {
    "leaf rewritten": (True, _leaf),
    "state row gone": (True, _state),
    "ledger cut in half": (False, _truncated),
    "a page zeroed": (False, _zeroed),
    "network.db overwritten": (False, _notes_gone),
    "blockstore.db zeroed": (False, _blocks),
    "state.db zeroed": (False, _node_state),
}


# -- a voting key in two places ---------------------------------------------------------------------------------------


def twice(fleet: Fleet, rounds: int) -> None:
    """One server votes with a copy of another's key and an empty sign state: the others see both votes, and evidence names the key."""
    fleet.start()
    fleet.until_acknowledged(1)
    thief, owner, *honest = fleet.draw.sample(fleet.all, 4)
    fleet.running[thief].end()
    own, other = _node(fleet, thief), _node(fleet, owner)
    kept = [(one, one.read_bytes()) for one in (own.validator_key, own.sign_state)]
    own.validator_key.write_bytes(other.validator_key.read_bytes())
    own.sign_state.write_text(json.dumps({"height": "0", "round": 0, "step": 0}))
    begun = time.monotonic()
    try:
        fleet.start(thief)
    except Gone:
        fleet.report.seen["the copy"] = f"refused {fleet.running[thief].said[:1]}"
    else:
        _until_evidence(fleet, honest, 20 * rounds, begun)
    fleet.running[thief].end()
    for path, data in kept:
        path.write_bytes(data)
    _rejoin(fleet, thief)


def _until_evidence(fleet: Fleet, honest: list[int], attempts: int, begun: float) -> None:
    for attempt in range(attempts):
        fleet.hand_in(honest[attempt % 2])(60.0)
        seen = [fleet.status(number)["misbehaved"] for number in honest]
        if any(seen):
            fleet.report.detect.append(time.monotonic() - begun)
            fleet.report.seen["evidence"] = f"after {attempt + 1} operations, of {len({*seen[0], *seen[1]})} key"
            return
    fleet.report.findings.append("no evidence was seen")


# -- disks ------------------------------------------------------------------------------------------------------------


def disk(fleet: Fleet, rounds: int) -> None:
    """One server's disk is full, then read-only: it stops and says so, the others go on; with room again it catches up."""
    number, other = fleet.draw.sample(fleet.all, 2)
    home = fleet.homes[number - 1]
    filler = home / "filler"
    with _Small(home, 256):
        fleet.start()
        fleet.until_acknowledged(other)
        for _ in range(rounds):
            _fill(filler)
            begun = time.monotonic()
            for _ in range(200):
                made_final(fleet, other, 20)  # the others go on
                if _stopped(fleet, number):
                    break
            require(_stopped(fleet, number), "a full disk was not noticed")
            fleet.report.detect.append(time.monotonic() - begun)
            fleet.running[number].kill()
            filler.unlink()
            _rejoin(fleet, number)
            fleet.running[number].end()
            _mount("-o", "remount,ro", str(home))
            said = _start_read_only(fleet, number)
            made_final(fleet, other)
            _mount("-o", "remount,rw", str(home))
            fleet.report.seen["read-only"] = said
            _rejoin(fleet, number)
        fleet.judged()


def _start_read_only(fleet: Fleet, number: int) -> str:
    try:
        said = fleet.spawn(number).hears("refused")
    except (Gone, OSError) as error:
        return f"not started ({type(error).__name__})"
    return f"refused {said['refused']} {said['failure']}"


def _stopped(fleet: Fleet, number: int) -> bool:
    try:
        now = fleet.status(number)
    except (Gone, TimeoutError):
        return True
    if now["node"] in {"HALTED", "FAILED", "PAUSING", "STOPPED"}:
        fleet.report.seen["full disk"] = f"{now['node']} {'+'.join(sorted(set(now['alarms'])))}"
        return True
    return False


def _fill(path: Path) -> None:
    """Take all the room there is."""
    with open(path, "wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            pass  # full, as it should be


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


class _Small:
    """A small file system of its own under a home, with the home's files on it."""

    def __init__(self, home: Path, megabytes: int) -> None:
        self._home, self._megabytes = home, megabytes
        self._aside = home.with_name(home.name + "-aside")

    def __enter__(self) -> None:
        self._home.rename(self._aside)
        self._home.mkdir(mode=0o700)
        _mount("-t", "tmpfs", "-o", f"size={self._megabytes}m,mode=0700", "tmpfs", str(self._home))
        shutil.copytree(self._aside, self._home, dirs_exist_ok=True)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._home)], check=False, capture_output=True)
