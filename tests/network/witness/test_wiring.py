"""A server with witnesses: receipts and evidence that a trust file can demand a witness of, and a witness that is away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import ServerPaths, ServerSettings
from akashi.app.errors import SettingsInvalid
from akashi.app.network import witnessing as witnessing_module
from akashi.app.network.witnessing import ALL, SOME, Witnessing, witnessed_notes, witnesses_of
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.model import Purpose
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.evidence import export_subject, trust_of
from akashi.ledger.proof.trust import Group, Trust, format_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import stamped_message, verify_file
from akashi.ledger.registry import LogStamped
from akashi.ledger.service import Engine
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, verify_cosignatures, vkey
from akashi.network.witness.client import WitnessClient
from akashi.network.witness.errors import WitnessAhead, WitnessAway, WitnessRefused
from akashi.network.witness.server import WitnessServer
from tests.ledger.proof.decades import FIRST
from tests.ledger.world import KINDS, ORIGIN, SECRETARIAT, SUBJECT, SoftSigner, World
from tests.network.witness.logs import Stage, ToyLog

pytestmark = pytest.mark.network


@pytest.fixture
def world() -> World:
    """Keys and clock of an invented ledger."""
    return World()


@pytest.fixture
def engine(world: World, tmp_path: Path) -> Iterator[Engine]:
    """A ledger of two leaves."""
    opened = world.create(tmp_path / "ledger")
    yield opened
    opened.close()


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Iterator[Stage]:
    """The witness of another organisation, which knows this ledger's key."""
    (tmp_path / "other").mkdir()
    made = Stage(tmp_path / "other", ToyLog(signer=world.log))
    yield made
    made.memory.close()


@pytest.fixture
def witness(stage: Stage) -> Iterator[WitnessServer]:
    """It listens."""
    server = WitnessServer(stage.witness, "127.0.0.1", 0, stage.clock)
    server.start()
    yield server
    server.stop()


def asking(engine: Engine, folder: Path, *clients: WitnessClient) -> Witnessing:
    """The server's side, keeping its notes in ``folder``."""
    return Witnessing(engine, folder, clients)


def client(stage: Stage, witness: WitnessServer) -> WitnessClient:
    """Knows the witness's address and key."""
    return WitnessClient(f"http://127.0.0.1:{witness.port}", stage.key)


def nobody(label: str = "nobody") -> WitnessClient:
    """A witness at a port where nobody is."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        key = NoteKey(f"{label}.example", NoteKind.COSIGNATURE, bytes([7] * 32))
        return WitnessClient(f"http://127.0.0.1:{held.getsockname()[1]}", key)


def demanding(engine: Engine, stage: Stage) -> Trust:
    """A trust file whose quorum is the server and the witness."""
    trust = trust_of(engine)
    return replace(
        trust,
        witnesses={**trust.witnesses, "hospital-b": stage.key},
        groups={"all": Group(2, ("server-1", "hospital-b"))},
        quorum="all",
    )


def test_a_receipt_carries_the_witness(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """Before the witness saw it a receipt fails under a trust file that demands it, and afterwards it verifies; nothing else changed."""
    envelope = world.noted(1)
    engine.submit(envelope)
    trust, operation = format_trust(demanding(engine, stage)), parse_operation(envelope).id
    witnessing = asking(engine, tmp_path, client(stage, witness))
    before = verify_file(engine.receipt(operation), trust, KINDS)
    count = witnessing.run_once()
    engine.submit(world.noted(2))
    after = verify_file(engine.receipt(operation), trust, KINDS)

    assert before.failure == "note.quorum"
    assert (count, after.status) == (1, Status.VERIFIED)


def test_evidence_is_made_under_the_witnessed_checkpoint(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """A bundle of what was witnessed verifies under the demanding trust file, also when the ledger has grown since."""
    engine.submit(world.noted(1))
    witnessing = asking(engine, tmp_path, client(stage, witness))
    witnessing.run_once()
    for slot in range(3):
        engine.submit(world.noted(2 + slot, subject="tr-other"))
    data = export_subject(witnessing.source(SUBJECT), SUBJECT)

    assert verify_file(data, format_trust(demanding(engine, stage)), KINDS).status is Status.VERIFIED


def test_evidence_waits_for_no_stamp_that_is_there(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """A stamp that bounds the leaves is not left out for an older cosigned checkpoint; once it is cosigned too, both are there."""
    engine.submit(world.noted(1))
    witnessing = asking(engine, tmp_path, client(stage, witness))
    witnessing.run_once()
    server = SoftSigner("the server's key")
    engine.submit(world.say(world.enrolment(server, SECRETARIAT, Purpose.SERVER), subject=SECRETARIAT))
    note = engine.checkpoint()
    token = FIRST.at(2027).token(stamped_message(note, parse_checkpoint(note).lines[0]))
    engine.submit(world.say(LogStamped(note, token, (), ()), server))
    before = witnessing.source(SUBJECT)
    witnessing.run_once()
    whole, data = witnessing.whole(), export_subject(witnessing.source(SUBJECT), SUBJECT)

    assert before is engine
    assert whole.height == engine.height
    assert len(parse_bundle(data).stamps) == 1
    assert verify_file(data, format_trust(demanding(engine, stage)), KINDS).status is Status.VERIFIED


def test_what_is_newer_than_the_witness_is_given_as_before(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """A leaf that the witness has not seen has its receipt under the server's own checkpoint at once."""
    witnessing = asking(engine, tmp_path, client(stage, witness))
    witnessing.run_once()
    envelope = world.noted(1)
    engine.submit(envelope)
    receipt = engine.receipt(parse_operation(envelope).id)

    assert verify_file(receipt, format_trust(trust_of(engine)), KINDS).status is Status.VERIFIED
    assert witnessing.source(SUBJECT) is engine


def test_a_witness_that_is_away_delays_nothing(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """The one that is there cosigns, the failure of the other is told, and operations go on."""
    witnessing = asking(engine, tmp_path, nobody(), client(stage, witness))
    with pytest.raises(WitnessAway):
        witnessing.run_once()
    envelope = world.noted(1)
    done = engine.submit(envelope)

    assert done.index == 2
    assert verify_cosignatures(parse_checkpoint((tmp_path / SOME).read_bytes()), {"w": stage.key})
    assert not (tmp_path / ALL).exists()


def test_cosignatures_survive_a_restart_and_show_a_rollback(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """What was cosigned is used again after a restart; a ledger that is older than it does not open."""
    asking(engine, tmp_path, client(stage, witness)).run_once()
    again = asking(engine, tmp_path, client(stage, witness))
    kept = again.covering(0, engine.size)
    older = World().create(tmp_path / "older")  # the same keys and the same first leaf
    older.close()
    paths = ServerPaths(tmp_path)

    assert kept == ((tmp_path / ALL).read_bytes(), 2)
    assert again.run_once() == 0
    assert witnessed_notes(paths) == [kept[0], kept[0]]
    engine.submit(world.noted(1))
    again.run_once()
    with pytest.raises(LedgerDamaged) as raised:
        World().open(tmp_path / "older", witnessed=tuple(witnessed_notes(paths)))
    assert raised.value.failure == "rolled_back"


def test_a_ledger_put_back_is_told_by_its_witness(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """The witness of another organisation knows more than a ledger restored from an older copy."""
    engine.submit(world.noted(1))
    asking(engine, tmp_path, client(stage, witness)).run_once()
    older = World().create(tmp_path / "older")
    (tmp_path / "fresh").mkdir()
    try:
        with pytest.raises(WitnessAhead):
            asking(older, tmp_path / "fresh", client(stage, witness)).run_once()
    finally:
        older.close()


def test_one_of_several_servers_may_be_a_moment_behind(
    world: World,
    engine: Engine,
    stage: Stage,
    witness: WitnessServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another server showed the witness more: no alarm at first, one at the next turn if this server has not caught up."""
    engine.submit(world.noted(1))
    asking(engine, tmp_path, client(stage, witness)).run_once()
    older = World().create(tmp_path / "older")
    (tmp_path / "fresh").mkdir()
    monkeypatch.setattr(witnessing_module, "handed_over", lambda _: "a chain")
    behind = asking(older, tmp_path / "fresh", client(stage, witness))
    try:
        with pytest.raises(WitnessAway):
            behind.run_once()
        with pytest.raises(WitnessAhead):
            behind.run_once()
    finally:
        older.close()


def test_a_rewritten_ledger_is_refused_with_proof(
    world: World, engine: Engine, stage: Stage, witness: WitnessServer, tmp_path: Path
) -> None:
    """Whoever holds all keys of the server rewrites its ledger: the witness refuses, and keeps both signed checkpoints."""
    engine.submit(world.noted(1))
    asking(engine, tmp_path, client(stage, witness)).run_once()
    other = World()
    rewritten = other.create(tmp_path / "rewritten")
    rewritten.submit(other.noted(5))
    (tmp_path / "fresh").mkdir()
    try:
        with pytest.raises(WitnessRefused):
            asking(rewritten, tmp_path / "fresh", client(stage, witness)).run_once()
    finally:
        rewritten.close()
    (proof,) = stage.memory.findings()
    ours, theirs = parse_checkpoint(proof.ours), parse_checkpoint(proof.theirs)

    assert ours.size == theirs.size == 3
    assert ours.root != theirs.root


KEY = vkey("w.example", NoteKind.COSIGNATURE, bytes([7] * 32))


@pytest.mark.parametrize(
    ("urls", "keys"),
    [
        ("http://a", ""),
        ("", KEY),
        ("http://a", KEY[:-1]),
        ("http://a", vkey(ORIGIN, NoteKind.ED25519, bytes([7] * 32))),
        ("ftp://a", KEY),
        ("http://a http://b", f"{KEY} {KEY}"),
    ],
)
def test_settings_that_name_no_witness(engine: Engine, tmp_path: Path, urls: str, keys: str) -> None:
    """Addresses and keys that do not pair up, and keys of another kind, stop the server from starting."""
    with pytest.raises(SettingsInvalid):
        witnesses_of(ServerSettings(witness_urls=urls, witness_vkeys=keys), engine, ServerPaths(tmp_path))


def test_without_witnesses_nothing_changes(engine: Engine, tmp_path: Path) -> None:
    """A server without witnesses asks nobody and gives receipts as before."""
    made = witnesses_of(ServerSettings(), engine, ServerPaths(tmp_path))

    assert made.wanted == 0
    assert engine.outside is None
