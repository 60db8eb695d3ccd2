"""Tampering by somebody who knows the files: a ledger rewritten with the server's own keys, journals and block files cut, keys changed.

Guarantees as in ``damages``; each class is done to a server that was stopped (or killed, where the file exists only then). What the network lets nobody do by one disk alone shows in the judgement:
a history that only this server signed would be invented leaves.
"""

from __future__ import annotations

import base64
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.clock import SystemClock
from akashi.ledger.store import DATABASE, connect
from akashi.network.store import NetworkStore
from akashi.network.transactions import pack
from tests.faults.network.books import size_of
from tests.faults.network.fleet import Fleet
from tests.faults.network.items import made_final, require
from tests.faults.network.replica import execute, open_chain

_OTHER = 5


def rewrite(fleet: Fleet, rounds: int) -> None:
    """Each class once a round: repaired before it votes, or refused until what cannot be fetched from others (the keys) is put back."""
    fleet.start()
    fleet.until_acknowledged(1)
    for _ in range(rounds):
        for name, (refused, hurt) in CLASSES.items():
            number = fleet.draw.choice(fleet.all)
            heal = hurt(fleet, number)
            begun = time.monotonic()
            process = fleet.spawn(number)
            if refused:
                try:
                    said = process.hears("refused")
                finally:
                    heal()
                fleet.report.seen[name] = f"refused {said['refused']}"
                fleet.report.detect.append(time.monotonic() - begun)
                begun = time.monotonic()
                process = fleet.spawn(number)
            process.hears("ready")
            heard = next((one for one in process.said if "repairing" in one), None)
            if not refused:
                fleet.report.seen[name] = f"repaired ({heard['failure']})" if heard else "caught up"
            made_final(fleet, number)
            fleet.settle()
            fleet.report.repair.append(time.monotonic() - begun)
            for other in fleet.all:  # a server that asks for a repair without having been hurt is a finding of its own
                for one in fleet.running[other].said:
                    if "wanted" in one:
                        fleet.report.findings.append(
                            f"after {name}: server {other} wants {one['wanted']} {one['failure']}"
                        )


def _nothing() -> None:
    """What was hurt is repaired without anybody's hand."""


def _another_history(fleet: Fleet, number: int) -> Callable[[], None]:
    """The last operations replaced by others: leaves, nodes, state, row seals, headers and notes all made by this server's own keys, and quorum notes that contradict them taken away."""
    home = fleet.homes[number - 1]
    paths = server_paths(home)
    fleet.running[number].end()
    old = home.with_name(f"{home.name}-old-{time.monotonic_ns()}")
    shutil.copytree(paths.ledger, old)
    kept = size_of(home)
    fleet.start(number)
    made_final(fleet, number, _OTHER)
    fleet.settle()
    fleet.running[number].end()
    height = _height(paths.ledger)
    shutil.rmtree(paths.ledger)
    old.rename(paths.ledger)
    _execute_others(fleet, number, height)
    store = NetworkStore(NetworkPlaces.of(paths).store)
    store.drop_notes([size for size, _ in store.notes() if size > kept])
    store.close()
    require(size_of(home) == kept + _OTHER, "the history was not rewritten")
    return _nothing


def _height(ledger: Path) -> int:
    connection = connect(ledger / DATABASE)
    try:
        return int(connection.execute("SELECT height FROM consensus").fetchone()[0])
    finally:
        connection.close()


def _execute_others(fleet: Fleet, number: int, height: int) -> None:
    connection, chain = open_chain(fleet.homes[number - 1])
    try:
        txs = [pack([base64.b64decode(one) for one in fleet.composer.make(_OTHER)])]
        for at in range(chain.position.height + 1, height + 1):
            execute(chain, at, SystemClock().now_ms(), txs)
            txs = []
    finally:
        connection.close()


def _flipped(path: Path) -> None:
    """One bit in every thousandth byte."""
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data), 1000):
        data[at] ^= 16
    path.write_bytes(data)


def _journal(fleet: Fleet, number: int) -> Callable[[], None]:
    """The ledger's write-ahead log, as a killed server leaves it."""
    fleet.kill(number)
    journal = server_paths(fleet.homes[number - 1]).ledger / f"{DATABASE}-wal"
    require(journal.is_file() and journal.stat().st_size > 0, "a killed server left no journal")
    _flipped(journal)
    return _nothing


def _data(fleet: Fleet, number: int) -> Path:
    return NetworkPlaces.of(server_paths(fleet.homes[number - 1])).node.sign_state.parent


def _consensus_journal(fleet: Fleet, number: int) -> Callable[[], None]:
    """The node's write-ahead log of consensus."""
    fleet.kill(number)
    for one in (_data(fleet, number) / "cs.wal").iterdir():
        _flipped(one)
    return _nothing


def _blocks_cut(fleet: Fleet, number: int) -> Callable[[], None]:
    """Every table and journal of the block store cut in half."""
    fleet.running[number].end()
    for one in (_data(fleet, number) / "blockstore.db").glob("*.l*"):
        os.truncate(one, one.stat().st_size // 2)
    return _nothing


def _keys(fleet: Fleet, number: int) -> Callable[[], None]:
    """The key store: nobody else has these keys, so it is put back by hand (a backup)."""
    fleet.running[number].end()
    path = server_paths(fleet.homes[number - 1]).keys
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    kept = {one: one.read_bytes() for one in files}
    for one in files:
        _flipped(one)

    def heal() -> None:
        for one, data in kept.items():
            one.write_bytes(data)

    return heal


CLASSES: dict[str, tuple[bool, Callable[[Fleet, int], Callable[[], None]]]] = {
    "another history": (False, _another_history),
    "ledger journal flipped": (False, _journal),
    "consensus journal flipped": (False, _consensus_journal),
    "blockstore cut": (False, _blocks_cut),
    "key store flipped": (True, _keys),
}
