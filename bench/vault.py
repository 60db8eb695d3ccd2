"""What sealing, opening, storing and erasing cost, against what the machine's own primitives and disk cost.

Guarantees: sealing is compared in CPU time with zstd, AES-256-GCM and *one* SHA-256 over the same bytes, although the format
needs a second digest (over the body); both run in this process, best of five. Two contents: one like a result file, one
that does not compress. Erasure is compared with as many flushed 4 KiB writes as it needs at least.

Run: ``PYTHONPATH=src:. python bench/vault.py``
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import zstandard
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from akashi.clock import SystemClock
from akashi.keys.openers import MemoryOpener, opening_key_id, xwing_opener, xwing_public
from akashi.keys.signers import Ed25519Signer
from akashi.vault.model import Part, Recipient
from akashi.vault.sealing import Sealing, seal, unseal
from akashi.vault.service import Vault
from bench.measurement import Measurement

MIB = 1 << 20
SIZE = 48
ERASURES = 40
SEALING_BUDGET = "≤ 1.25 × (zstd + AES-256-GCM + SHA-256)"


def rows(rng: random.Random) -> bytes:
    """One MiB like a result file: short numbers, letters and Japanese words."""
    words = ["異常なし", "A", "B", "陰性", "", "要経過観察"]
    lines: list[str] = []
    size = 0
    while size < MIB:
        cells = [str(rng.randrange(40, 220)) if rng.random() < 0.7 else rng.choice(words) for _ in range(60)]
        lines.append(",".join(cells) + "\r\n")
        size += 3 * len(lines[-1]) // 2
    return "".join(lines).encode()[:MIB].ljust(MIB, b" ")


def cpu(*actions: Callable[[], object]) -> list[float]:
    """CPU seconds of each action: best of five rounds, the actions taking turns so that a busy machine hits all alike."""
    best = [float("inf")] * len(actions)
    for _ in range(5):
        for at, action in enumerate(actions):
            start = time.process_time()
            action()
            best[at] = min(best[at], time.process_time() - start)
    return best


def compressed(blocks: list[bytes]) -> bytes:
    """Zstd at the level that sealing uses."""
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join([*(packer.compress(block) for block in blocks), packer.flush()])


def primitives(blocks: list[bytes]) -> tuple[Callable[[], object], ...]:
    """The bare primitives over the same bytes: encryption, digest, compression, decompression."""
    packed = compressed(blocks)
    pieces = [packed[at : at + MIB] for at in range(0, len(packed), MIB)]
    cipher = AESGCM(bytes(32))

    def digest() -> None:
        running = sha256()
        for block in blocks:
            running.update(block)

    def unpack() -> None:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        for piece in pieces:
            unpacker.decompress(piece)

    def encrypt() -> None:
        for piece in pieces:
            cipher.encrypt(bytes(12), piece, bytes(41))

    return encrypt, digest, lambda: compressed(blocks), unpack


def recipient() -> tuple[Recipient, MemoryOpener]:
    """An invented recipient of suite 1."""
    public = xwing_public(bytes(32))
    return Recipient(opening_key_id(public), 1, public), xwing_opener(bytes(32))


def sealed(blocks: list[bytes]) -> tuple[Sealing, list[bytes]]:
    """Seal everything."""
    sealing = seal([Part("a.csv", blocks)], media_type="text/csv", recipients=[recipient()[0]], ledger_id=bytes(16))
    return sealing, list(sealing.chunks())


def pipeline(label: str, blocks: list[bytes]) -> Iterator[Measurement]:
    """Sealing and opening of one kind of content."""
    sealing, body = sealed(blocks)
    _, opener = recipient()
    encrypt, digest, pack, unpack, sealing_cpu, opening_cpu = cpu(
        *primitives(blocks),
        lambda: sealed(blocks),
        lambda: sum(map(len, unseal(sealing.wraps[0], opener, bytes(16), body).contents())),
    )
    seal_limit, open_limit = pack + encrypt + digest, unpack + encrypt + digest
    rate = len(blocks)
    yield Measurement(
        f"seal, {label}", rate / sealing_cpu, "MiB/CPU-s", rate / seal_limit, sealing_cpu / seal_limit, SEALING_BUDGET
    )
    yield Measurement(
        f"open, {label}", rate / opening_cpu, "MiB/CPU-s", rate / open_limit, opening_cpu / open_limit, SEALING_BUDGET
    )


def wall(action: Callable[[], object]) -> float:
    """Wall-clock seconds of one run."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def flushed_write(directory: Path, data: list[bytes]) -> float:
    """Seconds to write ``data`` as one plain file and flush it."""
    path = directory / "plain"

    def write() -> None:
        with path.open("wb") as file:
            for piece in data:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())

    seconds = min(wall(write) for _ in range(3))
    path.unlink()
    return seconds


def flushes(directory: Path, count: int) -> float:
    """Median seconds of one flushed 4 KiB write in place."""
    path = directory / "slot"
    path.write_bytes(bytes(4096))
    handle = os.open(path, os.O_WRONLY)

    def once() -> None:
        os.pwrite(handle, os.urandom(4096), 0)
        os.fdatasync(handle)

    taken = [wall(once) for _ in range(count)]
    os.close(handle)
    return statistics.median(taken)


def storage(directory: Path, blocks: list[bytes]) -> Iterator[Measurement]:
    """Staging, reading and erasing through the server's vault."""
    sealing, body = sealed(blocks)
    size = sum(map(len, body)) / MIB
    disk = size / flushed_write(directory, body)
    flush = flushes(directory, 4 * ERASURES)
    signer = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with Vault(directory / "vault", signer, bytes(16), SystemClock()) as vault:
        staged = size / wall(lambda: vault.stage(sealing.payload_id, sealing.wraps, body))
        read = size / wall(lambda: sum(map(len, vault.body(sealing.payload_id))))
        yield Measurement("stage (durable, with digest)", staged, "MiB/s", disk, staged / disk, "")
        yield Measurement("read back", read, "MiB/s", None, None, "")
        small = [sealed([b"x" * 4096]) for _ in range(ERASURES)]
        for made, pieces in small:
            vault.stage(made.payload_id, made.wraps, pieces)
        taken = [wall(lambda one=made: vault.erase(one.payload_id, bytes(32))) for made, _ in small]  # type: ignore[misc]  # bound per round
        median = statistics.median(taken)
        yield Measurement("erase one small payload, p50", median * 1e3, "ms", flush * 1e3, median / flush, "")
        yield Measurement("scrub (vacuum)", wall(vault.scrub) * 1e3, "ms", None, None, "")


def measure() -> list[Measurement]:
    """All figures of this bench; about fifteen seconds."""
    rng = random.Random(1)
    csv = [rows(rng) for _ in range(SIZE)]
    noise = [rng.randbytes(MIB) for _ in range(SIZE)]
    results = [*pipeline("like a result file", csv), *pipeline("incompressible", noise)]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        results += storage(Path(directory), noise)
    results.append(memory())
    return results


def memory() -> Measurement:
    """The peak of Python's allocations while 256 MiB are sealed and opened in one stream."""
    mine, opener = recipient()
    content = Part("a", (os.urandom(MIB) for _ in range(256)))
    tracemalloc.start()
    sealing = seal([content], media_type="text/csv", recipients=[mine], ledger_id=bytes(16))
    opened = sum(map(len, unseal(sealing.wraps[0], opener, bytes(16), sealing.chunks()).contents()))
    peak = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.stop()
    size = opened / MIB
    return Measurement(
        "memory while sealing and opening 256 MiB", peak, "MiB", size, peak / size, "≤ 0.1 of the content"
    )


if __name__ == "__main__":
    for found in measure():
        print(found)
