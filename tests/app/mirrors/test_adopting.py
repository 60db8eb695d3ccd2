"""A new epoch at an institution: only one of the log that its gateway believes, and nothing is changed otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import GatewayPaths
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.mirrors.adopting import Epoch, adopt, encode_epoch, parse_epoch
from akashi.ledger.proof.trust import Group, Trust, format_trust
from akashi.ledger.wire.note import NoteKey, NoteKind, NoteSigner, sign_checkpoint
from akashi.network.mirror.errors import EpochRefused
from tests.app.mirrors.noting import signer

ORIGIN = "akashi.example/akashi/" + "ab" * 16
FIRST, SECOND = f"{ORIGIN}/1", f"{ORIGIN}/2"


def _key(one: NoteSigner) -> NoteKey:
    return NoteKey(one.name, NoteKind.ED25519, one.public_key)


def _note(one: NoteSigner, size: int = 9) -> bytes:
    return sign_checkpoint(one.name, size, bytes(32), one)


def _gateway(folder: Path, trust: Trust) -> GatewayPaths:
    folder.mkdir()
    paths = GatewayPaths(folder)
    paths.trust.write_bytes(format_trust(trust))
    return paths


def _epoch(previous: bytes, origin: str = SECOND) -> Epoch:
    text = format_trust(Trust(logs=(_key(signer(origin)),), genesis=bytes(32)))
    return Epoch(text, origin, previous)


def test_a_gateway_goes_on_and_says_what_it_misses(tmp_path: Path) -> None:
    """The file is replaced, the former one kept, the remembered checkpoint forgotten; again it changes nothing more."""
    log = signer(FIRST)
    paths = _gateway(tmp_path / "gateway", Trust(logs=(_key(log),), genesis=bytes(32)))
    before = paths.trust.read_bytes()
    seen = SeenCheckpoint(paths.database)
    seen.keep(_note(log, 12))
    seen.close()
    epoch = _epoch(_note(log, 9))
    done = adopt(paths, epoch)
    again = adopt(paths, epoch)

    assert (done.origin, done.size, done.missing) == (SECOND, 9, 3)
    assert again.missing == 0
    assert paths.trust.read_bytes() == epoch.text
    assert [one.read_bytes() for one in paths.root.glob("trust-*.txt")] == [before]
    assert SeenCheckpoint.peek(paths.database) is None


@pytest.mark.parametrize(
    ("case", "failure"),
    [("stranger", "signature"), ("other ledger", "origin"), ("older", "origin"), ("log", "log"), ("quorum", "quorum")],
)
def test_other_epochs_change_nothing(tmp_path: Path, case: str, failure: str) -> None:
    """Must fail: signed by another, of another ledger, not later, from a log that is not pinned, without the quorum that the gateway asks for."""
    log, witness = signer(FIRST), signer("server-1")
    trust = Trust(logs=(_key(log),), genesis=bytes(32))
    epoch = _epoch(_note(log))
    if case == "stranger":
        epoch = replace(epoch, previous=_note(signer(FIRST, 7)))
    elif case == "other ledger":
        epoch = _epoch(_note(log), "akashi.example/akashi/" + "cd" * 16 + "/2")
    elif case == "older":
        trust = replace(trust, logs=(_key(signer(SECOND)),))
        epoch = _epoch(_note(signer(SECOND)), FIRST)
    elif case == "log":
        trust = replace(trust, logs=(_key(signer(f"{ORIGIN}/3")),))
    else:
        key = NoteKey("server-1", NoteKind.COSIGNATURE, witness.public_key)
        trust = replace(trust, witnesses={"w": key}, groups={"g": Group(1, ("w",))}, quorum="g")
    paths = _gateway(tmp_path / "gateway", trust)
    before = paths.trust.read_bytes()
    with pytest.raises(EpochRefused) as caught:
        adopt(paths, epoch)

    assert caught.value.params["failure"] == failure
    assert paths.trust.read_bytes() == before
    assert [one.name for one in paths.root.iterdir()] == ["trust.txt"]


@pytest.mark.parametrize("data", [b"", b"\x80", encode_epoch(b"quorum none\n", b""), b"x" * ((1 << 20) + 1)])
def test_other_files_are_no_epoch(data: bytes) -> None:
    """Must fail: not of the form, or too large; told as such."""
    with pytest.raises(EpochRefused) as caught:
        parse_epoch(data)

    assert caught.value.params["failure"] == "format"
