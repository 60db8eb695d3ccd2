"""A witness's home and its commands: strict settings, a key that is never replaced, findings one can hand on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.wire.note import NoteKind, parse_checkpoint, parse_vkey, verify_log, vkey
from akashi.network.witness import home as homes
from akashi.network.witness.errors import WitnessExists, WitnessMissing, WitnessSettings
from akashi.network.witness.home import WitnessOptions, create_home, known_logs, open_memory, open_witness, read_options
from tests.ledger.world import START_MS
from tests.network.witness.logs import ToyLog

HONEST = ToyLog.of(20)
LOG = vkey(HONEST.signer.name, NoteKind.ED25519, HONEST.signer.public_key)
NAME = "witness.example/akashi"
PASS = b"a passphrase for tests"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A witness that knows the toy log; its passphrase is in a file."""
    (tmp_path / "passphrase").write_bytes(PASS)
    monkeypatch.setenv("AKASHI_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    folder = tmp_path / "witness"
    create_home(folder, WitnessOptions(name=NAME), [LOG], PASS, cost=FAST_UNSAFE_COST)
    return folder


def command(*words: str) -> tuple[int, str, str]:
    """Run ``akashi witness``; status, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    status = main(["witness", *words], Shell(out, err, clock=FixedClock(START_MS)))
    return status, out.getvalue(), err.getvalue()


def test_the_home_gives_back_what_was_said(home: Path) -> None:
    """Settings and logs read as they were given."""
    assert read_options(home) == WitnessOptions(name=NAME)
    assert known_logs(home) == [HONEST.known]


@pytest.mark.parametrize(
    "options", [WitnessOptions(NAME, port=65_536), WitnessOptions(NAME, port=-1), WitnessOptions(NAME, 'h"\nport = 1')]
)
def test_a_home_that_could_not_run_is_not_made(tmp_path: Path, options: WitnessOptions) -> None:
    """Must fail: a port that does not exist, a host that would not stand in the settings. No key is made."""
    with pytest.raises(WitnessSettings):
        create_home(tmp_path / "witness", options, [LOG], PASS, cost=FAST_UNSAFE_COST)

    assert not (tmp_path / "witness").exists()


def test_a_key_is_never_replaced(home: Path) -> None:
    """A second init of the same folder is refused."""
    with pytest.raises(WitnessExists):
        create_home(home, WitnessOptions(name=NAME), [LOG], PASS, cost=FAST_UNSAFE_COST)


@pytest.mark.parametrize(
    "text",
    [
        'name = ""',
        "name = 5",
        'nam = "x"',
        'name = "a b"',
        "port = -1",
        "[",
        "port = true",
        'name = "a/b"\nport = 65536',
        'name = "a/b"\nhost = "h h"',
    ],
)
def test_settings_are_strict(home: Path, text: str) -> None:
    """Unknown words, wrong types, names that no signature line could carry, and places where nobody can listen are refused."""
    (home / "witness.toml").write_text(text, encoding="utf-8")

    with pytest.raises(WitnessSettings):
        read_options(home)


@pytest.mark.parametrize("row", ["x", LOG + " ", LOG[:-1], vkey(NAME, NoteKind.COSIGNATURE, bytes(32)), "a\n" * 3])
def test_only_log_keys_are_listed(home: Path, row: str) -> None:
    """A line that is no vkey of a log is refused (spaces around one are none of its bytes)."""
    (home / "logs.txt").write_text("# comment\n\n" + row + "\n", encoding="utf-8")
    if row.strip() == LOG:
        assert known_logs(home) == [HONEST.known]
        return
    with pytest.raises(WitnessSettings):
        known_logs(home)


COSIGNERS = [vkey(f"log.example/server/{number}", NoteKind.COSIGNATURE, bytes([number] * 32)) for number in (1, 2, 3)]


def test_what_several_servers_need(home: Path) -> None:
    """A ``need`` line gives the quorum and the servers' cosigners of a log that is listed."""
    row = f"need 2 {HONEST.signer.name} {' '.join(COSIGNERS)}"
    (home / "logs.txt").write_text(f"{row}\n{LOG}\n", encoding="utf-8")
    (log,) = known_logs(home)

    assert (log.origin, log.keys, log.need) == (HONEST.signer.name, (HONEST.key,), 2)
    assert log.cosigners == tuple(map(parse_vkey, COSIGNERS))


@pytest.mark.parametrize(
    "row",
    [
        "need",
        "need 1",
        f"need 0 {HONEST.signer.name} {COSIGNERS[0]}",
        f"need 2 {HONEST.signer.name} {COSIGNERS[0]}",
        f"need 2 {HONEST.signer.name} {COSIGNERS[0]} {COSIGNERS[0]}",
        f"need 1 other.example {COSIGNERS[0]}",
        f"need 1 {HONEST.signer.name} {LOG}",
        f"need 1 {HONEST.signer.name} {COSIGNERS[0]}\nneed 1 {HONEST.signer.name} {COSIGNERS[1]}",
        f"need 2 {HONEST.signer.name} {COSIGNERS[0]} {vkey('alias', NoteKind.COSIGNATURE, bytes([1] * 32))}",
    ],
)
def test_needs_that_mean_nothing(home: Path, row: str) -> None:
    """No count, more than there are, a key twice (also under two names), another kind of key, an origin that is not listed, two lines."""
    (home / "logs.txt").write_text(f"{LOG}\n{row}\n", encoding="utf-8")

    with pytest.raises(WitnessSettings):
        known_logs(home)


def test_nothing_there(tmp_path: Path) -> None:
    """A folder that is no witness's home says so."""
    with pytest.raises(WitnessMissing):
        read_options(tmp_path)


def test_init_and_keys_tell_the_same_key(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What init tells the operator is what keys shows afterwards; it parses as a cosigner's vkey."""
    monkeypatch.setattr(homes, "STANDARD_COST", FAST_UNSAFE_COST)
    monkeypatch.setattr(create_home, "__kwdefaults__", {"cost": FAST_UNSAFE_COST})
    fresh = str(tmp_path / "fresh")
    made = json.loads(command("init", "--home", fresh, "--name", NAME, "--log", LOG, "--json")[1])
    status, out, _ = command("keys", "--home", fresh, "--json")

    assert status == 0
    assert json.loads(out) == {"logs": [LOG], "vkey": made["vkey"]}
    assert parse_vkey(made["vkey"]).kind is NoteKind.COSIGNATURE


def test_show_hands_out_proof_of_a_split(home: Path, tmp_path: Path) -> None:
    """Exit 6 while there is proof; the file written holds both checkpoints, each signed by the log."""
    memory = open_memory(home)
    witness = open_witness(home, PASS, memory, FixedClock(START_MS), lambda _: None)
    witness.add_checkpoint(HONEST.asks(0, 7))
    witness.add_checkpoint(HONEST.branch(3, 7, "other").asks(7, 7))
    memory.close()
    out = tmp_path / "proof.txt"
    status, shown, _ = command("show", "--home", str(home), "--finding", "1", "--out", str(out), "--json")
    first, second = (parse_checkpoint(one) for one in _notes(out.read_bytes()))

    assert status == 6
    assert json.loads(shown)["logs"] == {HONEST.signer.name: 7}
    assert (first.size, second.size) == (7, 7)
    assert first.root != second.root
    assert {verify_log(one, [HONEST.key]).name for one in (first, second)} == {HONEST.signer.name}


def _notes(data: bytes) -> list[bytes]:
    origin = HONEST.signer.name.encode() + b"\n"
    return [origin + part.partition(b"\n\nold")[0].rstrip(b"\n") + b"\n" for part in data.split(origin)[1:]]


@pytest.mark.parametrize("words", [("--finding", "1"), ("--finding", "9", "--out", "x")])
def test_show_refuses(home: Path, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding without a file, and one that does not exist."""
    monkeypatch.chdir(tmp_path)
    status, _, err = command("show", "--home", str(home), *words)

    assert status in {2, 4}
    assert err.startswith("error:")
