"""After erasure nothing is left: a search of every byte of every file, after kills at each step, and of a raw disk.

A child process stages payloads, updates and deletes around them, and is killed (SIGKILL) at a chosen step. The parent then
starts the vault again, as an operator would, and reads all files of the server's and the gateways' homes. What is searched
for are all aligned 16-byte blocks of the secrets: any 32-byte stretch of them contains one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from akashi.clock import FixedClock
from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind, Opener
from akashi.keys.signers import Ed25519Signer
from akashi.ledger.wire import cbor
from akashi.vault.model import ErasureLevel
from akashi.vault.sealing import Part, Recipient, parse_wrap, seal
from akashi.vault.sealing.wraps import open_wrap
from akashi.vault.service import Vault
from tests.vault.forge import LEDGER, noise

ROOT = Path(__file__).parents[2]
ORDER = bytes([7]) * 32
CANARY = "患者カナリア0001,血圧,182/110\r\n".encode()
SIGNER = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))

CHILD = """
import os, signal, sys
from pathlib import Path
from akashi.clock import FixedClock
from akashi.ledger.wire import cbor
from akashi.vault.service import Vault
from akashi.vault.slots import Slots
from akashi.vault.store import BodyStore
from tests.faults.test_vault_erasure import LEDGER, ORDER, SIGNER

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(cls, name):
    real = getattr(cls, name)
    def call(*args, **options):
        real(*args, **options)
        die()
    setattr(cls, name, call)

home, step = Path(sys.argv[1]), sys.argv[2]
target, *others = cbor.decode(sys.stdin.buffer.read())
vault = Vault(home, SIGNER, LEDGER, FixedClock(1_000))
for identity, wraps, body in others[: len(others) // 2]:
    vault.stage(identity, wraps, [body])
vault.stage(target[0], target[1], [target[2]])
for identity, wraps, body in others:
    vault.stage(identity, wraps, [body])
    vault.announce(identity)
for identity, _, _ in others[::2]:
    vault.erase(identity, ORDER)
match step:
    case "staged": die()
    case "intent": after(BodyStore, "mark")
    case "first overwrite":
        real = os.fdatasync
        os.fdatasync = die
    case "slots": after(Slots, "wipe")
    case "rows": BodyStore.truncate_log = die
    case "vacuum": after(BodyStore, "vacuum")
vault.erase(target[0], ORDER)
vault.scrub()
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """A payload and everything of it that must disappear."""

    identity: bytes
    wraps: list[bytes] = field(repr=False)
    body: bytes = field(repr=False)
    data_key: bytes = field(repr=False)

    def row(self) -> list[cbor.Value]:
        """As the child reads it."""
        return [self.identity, [*self.wraps], self.body]


@dataclass(frozen=True, slots=True)
class Home:
    """The two kinds of homes, apart, and one planted payload among others."""

    path: Path
    target: Planted
    others: list[Planted]

    @property
    def vault(self) -> Path:
        """The server's vault."""
        return self.path / "server" / "vault"


def _plant(openers: list[tuple[Opener, bytes]], label: str) -> Planted:
    recipients = [Recipient(opener.key_id, opener.suite, public) for opener, public in openers]
    content = [CANARY * 50, noise(150_000, label)]
    sealing = seal([Part("a.csv", content)], media_type="text/csv", recipients=recipients, ledger_id=LEDGER)
    body = b"".join(sealing.chunks())
    mine = next(wrap for wrap in map(parse_wrap, sealing.wraps) if wrap.key_id == openers[0][0].key_id)
    return Planted(sealing.payload_id, sealing.wraps, body, open_wrap(mine, openers[0][0], LEDGER))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    openers = []
    for name in ("inst-a", "inst-b"):
        store = FileKeystore.create(path / "gateways" / name / "keys", b"invented", cost=FAST_UNSAFE_COST)
        public = store.generate("opening", KeyKind.XWING)
        openers.append((store.opener("opening"), public))
    return Home(path, _plant(openers, "target"), [_plant(openers, str(n)) for n in range(6)])


def _run_child(home: Home, step: str) -> None:
    rows: list[cbor.Value] = [home.target.row(), *(other.row() for other in home.others)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(home.vault), step],
        input=cbor.encode(rows),
        capture_output=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def _files(path: Path) -> Iterator[bytes]:
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.read_bytes()


def _contains(path: Path, secret: bytes) -> bool:
    """Whether any aligned 16-byte block of ``secret`` is in any file."""
    blocks = [secret[at : at + 16] for at in range(0, len(secret) - 15, 16)]
    return any(block in data for data in _files(path) for block in blocks)


def _sampled(body: bytes) -> bytes:
    """Sealed bytes to look for: the whole beginning and end, and 16 bytes of every KiB between."""
    middle = b"".join(body[at : at + 16] for at in range(1024, len(body) - 1024, 1024))
    return body[128:1024] + middle + body[-1024:]


def _wraps_found(home: Home, planted: Planted) -> bool:
    return any(_contains(home.path, parse_wrap(wrap).hpke) for wrap in planted.wraps)


def test_the_search_finds_what_is_there(home: Home) -> None:
    """Before the erasure wraps and sealed bytes are found, plain text and data key are not: the search works."""
    _run_child(home, "staged")

    assert _wraps_found(home, home.target)
    assert _contains(home.path, _sampled(home.target.body))
    assert not _contains(home.path, CANARY)
    assert not _contains(home.path, home.target.data_key)


@pytest.mark.parametrize("step", ["intent", "first overwrite", "slots", "rows", "vacuum"])
def test_nothing_is_left_after_a_kill_at_any_step(home: Home, step: str) -> None:
    """Killed in the middle of an erasure; the next start finishes it, a scrub cleans the files, the rest stays whole."""
    _run_child(home, step)

    with Vault(home.vault, SIGNER, LEDGER, FixedClock(2_000)) as vault:
        outcome = vault.erase(home.target.identity, ORDER)
        wraps_after_start = _wraps_found(home, home.target)
        vault.scrub()
        level = vault.outcome(home.target.identity).level
        survivors = {planted.identity: b"".join(vault.body(planted.identity)) for planted in home.others[1::2]}

    assert outcome.order_id == ORDER
    assert not wraps_after_start
    assert level is ErasureLevel.FILE
    assert survivors == {planted.identity: planted.body for planted in home.others[1::2]}
    for erased in (home.target, *home.others[::2]):
        assert not _wraps_found(home, erased)
        assert not _contains(home.path, _sampled(erased.body))
        assert not _contains(home.path, erased.data_key)
    assert not _contains(home.path, CANARY)
    # And the search would have seen them: the survivors' are there.
    assert _wraps_found(home, home.others[1])
    assert _contains(home.path, _sampled(home.others[1].body))


def test_a_reader_keeps_sealed_bytes_but_never_a_wrap(home: Home) -> None:
    """With a snapshot open, erasure reaches level KEY at once and level FILE when the reader has gone."""
    _run_child(home, "intent")
    reader = sqlite3.connect(home.vault / "bodies.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM chunks").fetchall()

    with Vault(home.vault, SIGNER, LEDGER, FixedClock(2_000)) as vault:
        waiting = vault.scrub().waiting
        wraps_with_reader = _wraps_found(home, home.target)
        sealed_with_reader = _contains(home.path, _sampled(home.target.body))
        reader.close()
        scrubbed = vault.scrub().scrubbed
        sealed_after = _contains(home.path, _sampled(home.target.body))

    assert waiting > 0
    assert not wraps_with_reader
    assert sealed_with_reader
    assert home.target.identity in scrubbed
    assert not sealed_after


def test_an_upload_that_was_killed_leaves_no_wraps(home: Home) -> None:
    """Killed between the wraps and the row: the wraps are nobody's and are gone after the next start."""
    child = CHILD.replace('match step:\n    case "staged": die()', 'match step:\n    case "row": die()').replace(
        "for identity, wraps, body in others[: len(others) // 2]:",
        "BodyStore.insert = die\nfor identity, wraps, body in []:",
    )
    done = subprocess.run(
        [sys.executable, "-c", child, str(home.vault), "row"],
        input=cbor.encode([home.target.row()]),
        capture_output=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    found_before = _wraps_found(home, home.target)

    with Vault(home.vault, SIGNER, LEDGER, FixedClock(2_000)) as vault:
        report = vault.recovered
        stored = vault.find(home.target.identity)

    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert found_before
    assert (report.uploads, report.slots) == (1, 2)
    assert stored is None
    assert not _wraps_found(home, home.target)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """(raw image, mount point) of a fresh ext4 file system."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4 to look at the raw bytes of a file system")
    image, point = tmp_path / "disk.img", tmp_path / "disk"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(point)], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not permit loop mounts")
    try:
        yield image, point
    finally:
        subprocess.run(["umount", str(point)], check=False, capture_output=True)


def test_nothing_of_a_wrap_is_left_on_the_raw_disk(home: Home, mounted: tuple[Path, Path]) -> None:
    """Every byte of the ext4 image, journal and free blocks included: wraps are there before, and gone afterwards."""
    image, point = mounted
    with Vault(point / "vault", SIGNER, LEDGER, FixedClock(1_000)) as vault:
        for planted in (home.target, *home.others):
            vault.stage(planted.identity, planted.wraps, [planted.body])
        os.sync()
        before = _on_disk(image, home.target)
        vault.erase(home.target.identity, ORDER)
        for planted in home.others[::2]:
            vault.erase(planted.identity, ORDER)
    subprocess.run(["umount", str(point)], check=True)

    assert before == len(home.target.wraps)
    for erased in (home.target, home.others[0]):
        assert _on_disk(image, erased) == 0
    assert _on_disk(image, home.others[1]) == len(home.others[1].wraps)


def _on_disk(image: Path, planted: Planted) -> int:
    """How many wraps of a payload have any aligned 16-byte block on the raw image."""
    data = image.read_bytes()
    found = 0
    for wrap in planted.wraps:
        hpke = parse_wrap(wrap).hpke
        found += any(hpke[at : at + 16] in data for at in range(0, len(hpke) - 15, 16))
    assert planted.data_key not in data
    return found
