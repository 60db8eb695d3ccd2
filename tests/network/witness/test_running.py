"""The whole of it: `akashi witness run` as a process of its own, and a server that has its checkpoints cosigned there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, save_settings, server_paths
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.proof.trust import Group, format_trust, parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import NoteKind, parse_vkey, vkey
from akashi.network.witness.client import WitnessClient
from akashi.network.witness.errors import WitnessRefused
from akashi.network.witness.home import WitnessOptions, create_home
from tests.network.witness.logs import ToyLog
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.network
ROOT = Path(__file__).resolve().parents[3]
PASS = b"a passphrase for tests"
NAME = "witness.example/akashi"
HONEST = ToyLog.of(20)


@contextmanager
def running(home: Path) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """The witness of a home, served by its command: vkey, address, process."""
    secret = home.with_name("witness-passphrase")
    secret.write_bytes(PASS)
    process = subprocess.Popen(
        [sys.executable, "-m", "akashi.cli", "witness", "run", "--home", str(home), "--lang", "en"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "AKASHI_PASSPHRASE_FILE": str(secret)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        key, _, port = (process.stderr.readline() if process.stderr else "").partition("  port ")
        yield key, f"http://127.0.0.1:{port.strip()}", process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def made(home: Path, log: str) -> Path:
    """A witness that knows one log, on any free port."""
    create_home(home, WitnessOptions(name=NAME, port=0), [log], PASS, cost=FAST_UNSAFE_COST)
    return home


def test_the_program_cosigns_alarms_and_ends(tmp_path: Path) -> None:
    """It prints its key and port, cosigns, tells a split view on standard error at once, and ends with 0 on SIGTERM."""
    log = vkey(HONEST.signer.name, NoteKind.ED25519, HONEST.signer.public_key)
    with running(made(tmp_path / "witness", log)) as (key, url, process):
        client = WitnessClient(url, parse_vkey(key))
        client.cosigned(HONEST.note(7), HONEST.prove)
        fork = HONEST.branch(3, 20, "other")
        with pytest.raises(WitnessRefused, match="422"):
            WitnessClient(url, parse_vkey(key)).cosigned(fork.note(7), fork.prove)
        alarm = process.stderr.readline() if process.stderr else ""
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=PATIENCE_S)

    assert alarm.startswith("ALARM: proof of a split view kept (#1 ")
    assert status == 0


def test_killed_and_started_again(tmp_path: Path) -> None:
    """After kill -9 the program still knows what it cosigned, and goes on from there."""
    log = vkey(HONEST.signer.name, NoteKind.ED25519, HONEST.signer.public_key)
    home = made(tmp_path / "witness", log)
    with running(home) as (key, url, process):
        WitnessClient(url, parse_vkey(key)).cosigned(HONEST.note(7), HONEST.prove)
        process.kill()
    fork = HONEST.branch(3, 20, "other")
    with running(home) as (key, url, _):
        client = WitnessClient(url, parse_vkey(key))
        with pytest.raises(WitnessRefused, match="422"):
            client.cosigned(fork.note(9), fork.prove)
        line = WitnessClient(url, parse_vkey(key)).cosigned(HONEST.note(9), HONEST.prove)

    assert line.decode().startswith(f"\u2014 {NAME} ")


def test_a_server_with_a_witness(tmp_path: Path) -> None:
    """An embedded server whose settings name a witness gives receipts that a trust file can demand it of."""
    home, clock = tmp_path / "home", SystemClock()
    home.mkdir()
    Server.create(home, ServerSettings(), "架空事務局", PASS, clock, cost=FAST_UNSAFE_COST).close()
    paths = server_paths(home)
    trust = parse_trust((paths.public / "trust.txt").read_bytes())
    (log,) = (vkey(key.name, key.kind, key.public) for key in trust.logs)
    with running(made(tmp_path / "witness", log)) as (key, url, _):
        save_settings(paths.settings, ServerSettings(witness_urls=url, witness_vkeys=key))
        server = Server.open(home, PASS, clock)
        try:
            cosigned = server.witnessing.run_once()
            first = parse_operation(parse_leaf(next(iter(server.engine.leaves(1, 2)))).envelope).id
            receipt = server.engine.receipt(first)
        finally:
            server.close()
    demanding = replace(
        trust,
        witnesses={**trust.witnesses, "other": parse_vkey(key)},
        groups={"all": Group(2, ("server-1", "other"))},
        quorum="all",
    )

    assert cosigned == 1
    assert verify_file(receipt, format_trust(demanding)).status is Status.VERIFIED
