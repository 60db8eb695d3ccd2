"""How fast the embedded ledger is, against the machine's own limits measured in the same run.

Two figures: operations per second in batches, against what one core verifies of the same Ed25519 signatures with OpenSSL; and one acknowledged operation,
against one durable SQLite commit of the same bytes in the same directory. The machine is shared, so both sides alternate, in
short rounds, and each figure is the median of the rounds' ratios. Batches are judged by processor time, which other programs disturb
least; by the clock on the wall, with the waits for the disk, they are printed beside it.

Run: ``PYTHONPATH=src:. python -m bench.ledger``
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.ledger.events import Context, Kind, KindTable, digest, dump_body, event, info_of, integer, many, number
from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.registry import LEDGER_KINDS, Genesis, KeyEnrolled, log_key_commitment, possession_message
from akashi.ledger.service import Engine
from akashi.ledger.state import WriteState
from akashi.ledger.wire.envelope import key_id, parse_operation, seal_operation
from bench.measurement import Measurement, openssl_key

BATCHES, BATCHED = 20, 1_000
ROUNDS, SINGLE = 5, 150
LEDGER = sha256(b"bench").digest()[:16]
ORIGIN = f"bench.example/akashi/{LEDGER.hex()}/1"
YEAR_MS = 365 * 24 * 3600 * 1000


class _Key:
    """An Ed25519 key in memory, as operation signer and as note signer."""

    algorithm = Algorithm.ED25519

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.generate()
        self.public_key = self._key.public_key().public_bytes_raw()
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


@event("bench.sent", signers={Purpose.GATEWAY})
class Sent:
    """About as large as a transfer: a commitment, a body digest, two wrap digests, a few numbers."""

    slot: int = number(1, integer(0, 1 << 40))
    commitment: bytes = number(2, digest())
    body: bytes = number(3, digest())
    wraps: tuple[bytes, ...] = number(4, many(digest(), 8))
    until_ms: int = number(5, integer(0, 1 << 53))


def _apply(state: WriteState, body: Sent, context: Context) -> None:
    key = body.slot.to_bytes(8, "big")
    if state.get("bench", key) is None:
        state.put("bench", key, [1, body.body, context.operation_id, body.until_ms])


class _Desk:
    """One ledger with one gateway, and the operations it says."""

    def __init__(self, directory: Path) -> None:
        self.clock = SystemClock()
        self.gateway, self._secretariat = _Key("gateway"), _Key("secretariat")
        log, cosigner = _Key(ORIGIN), _Key(f"bench.example/akashi/{LEDGER.hex()}/server/1")
        genesis = Genesis(
            ORIGIN,
            log.public_key,
            log_key_commitment(bytes(32)),
            cosigner.public_key,
            self._secretariat.spki,
            int(Algorithm.ED25519),
            "inst-secretariat",
        )
        self._count = 0
        kinds = KindTable([*LEDGER_KINDS, Kind(Sent, _apply)])
        said = self._say(genesis, self._secretariat, "inst-secretariat")
        self.engine = Engine.create(directory, said, kinds=kinds, log_key=log, cosigner=cosigner, clock=self.clock)
        self._enrol()

    def _enrol(self) -> None:
        key, now = key_id(self.gateway.spki), self.clock.now_ms()
        proof = self.gateway.sign(possession_message(LEDGER, key, "inst-sender"))
        body = KeyEnrolled(
            key,
            int(Algorithm.ED25519),
            self.gateway.spki,
            "inst-sender",
            Purpose.GATEWAY,
            now - 1,
            now + YEAR_MS,
            proof,
        )
        self.engine.submit(self._say(body, self._secretariat, "inst-secretariat"))

    def _say(self, body: object, signer: _Key, institution: str) -> bytes:
        self._count += 1
        info, now = info_of(type(body)), self.clock.now_ms()
        nonce = sha256(b"%d" % self._count).digest()[:16]
        auth = Auth(AuthMethod.PASSWORD_TOTP, now, sha256(institution.encode()).digest())
        actor = Actor(institution, "per-7k2m9x4p", "dev-3f8d2q6w")
        subject = f"tr-{nonce.hex()[:20]}"
        statement = Statement(
            LEDGER, info.tag, info.version, actor, auth, subject, dump_body(body), now, now + 3_600_000, nonce
        )
        return seal_operation(statement, signer)

    def operations(self, count: int) -> list[bytes]:
        """``count`` signed operations."""
        made = []
        for _ in range(count):
            mark = sha256(b"mark %d" % self._count).digest()
            body = Sent(self._count, mark, mark[::-1], (mark, mark[::-1]), self.clock.now_ms() + YEAR_MS)
            made.append(self._say(body, self.gateway, "inst-sender"))
        return made


Spent = tuple[float, float]
"""Seconds of processor time, seconds on the wall."""


def _spent(work: Callable[[], None]) -> Spent:
    began = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - began[0], time.perf_counter() - began[1]


def _batched(desk: _Desk) -> tuple[Spent, Spent]:
    """What it takes to append a batch, and to do nothing but verify its signatures: once before, once after, the mean."""
    operations = desk.operations(BATCHED)
    parsed = [parse_operation(each) for each in operations]
    key = openssl_key(desk.gateway.spki)

    def verify() -> None:
        for each in parsed:
            key.verify(each.signature, each.signed_bytes)

    def append() -> None:
        for outcome in desk.engine.submit_many(operations):
            if isinstance(outcome, AkashiError):
                raise outcome

    before, appended, after = _spent(verify), _spent(append), _spent(verify)
    return appended, ((before[0] + after[0]) / 2, (before[1] + after[1]) / 2)


def _single(desk: _Desk, plain: sqlite3.Connection) -> tuple[float, float]:
    """Median milliseconds of one acknowledged operation, and of one durable commit of the same bytes."""
    acknowledged, committed = [], []
    for operation in desk.operations(SINGLE):
        began = time.perf_counter()
        desk.engine.submit(operation)
        acknowledged.append(time.perf_counter() - began)
        began = time.perf_counter()
        plain.execute("BEGIN IMMEDIATE")
        plain.execute("INSERT INTO plain (body) VALUES (?)", (operation,))
        plain.execute("COMMIT")
        committed.append(time.perf_counter() - began)
    return statistics.median(acknowledged) * 1000, statistics.median(committed) * 1000


def _plain(directory: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(directory / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE plain (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    return connection


def measure(directory: Path | None = None) -> list[Measurement]:
    """Both figures. ``directory``: on the disk that counts; by default beside this file."""
    place = Path(tempfile.mkdtemp(prefix="bench-ledger-", dir=directory or Path(__file__).resolve().parent))
    try:
        desk, plain = _Desk(place / "ledger"), _plain(place)
        batched = [_batched(desk) for _ in range(BATCHES)]
        single = [_single(desk, plain) for _ in range(ROUNDS)]
        desk.engine.close()
        plain.close()
    finally:
        shutil.rmtree(place)
    rates = [[(BATCHED / ours[at], BATCHED / theirs[at]) for ours, theirs in batched] for at in (0, 1)]
    budget = "≥ 0.6 of OpenSSL's Ed25519 verify rate of one core"
    return [
        _figure("ledger, batched", "operations per second of processor time", rates[0], budget),
        _figure(
            "ledger, batched, on the wall", "operations/s", rates[1], "printed beside it: waits and neighbours included"
        ),
        _figure("ledger, one acknowledged operation (p50)", "ms", single, "≤ 3 durable SQLite commits (p50)"),
    ]


def _figure(name: str, unit: str, pairs: list[tuple[float, float]], budget: str) -> Measurement:
    value, limit = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Measurement(name, value, unit, limit, statistics.median(ours / theirs for ours, theirs in pairs), budget)


if __name__ == "__main__":
    for figure in measure():
        sys.stdout.write(
            f"{figure.name}: {figure.value:.3f} {figure.unit}, limit {figure.limit:.3f}, ratio {figure.ratio:.2f}\n"
        )
