"""How fast evidence is verified, against what one core verifies of the same Ed25519 signatures with OpenSSL in the same run.

A range of 100,000 operations in one bundle, on one core (the process is pinned to it) and on all; a range of operations that a person approved each
(two signatures, judged against half the limit); and single receipts whose checkpoint is signed by
the log alone. Judged by processor time, of all threads together: more cores must not make the ratio look better. Limit and figure run on
the same cores, the limit on signatures that all differ (one signature again and again is faster than any log), in alternating rounds; each
figure is the median of the rounds' ratios. What all cores do by the clock on the wall is printed beside it.

Run: ``PYTHONPATH=src:. python -m bench.verification [operations]``
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from akashi.ledger.model import Header, Operation
from akashi.ledger.proof.bundle import Bundle, write_bundle
from akashi.ledger.proof.trust import Trust, parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_bundle, verify_receipt
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import encode_header, parse_leaf
from akashi.ledger.wire.receipt import format_receipt
from bench.measurement import Measurement, openssl_key
from tests.vectors.people import NURSES_DEVICE, PersonKey, approved
from tests.vectors.world import RECEIVER, RECEIVER_KEY, TRANSFER, Log, begun, sent_body

OPERATIONS, RECEIPTS, CALIBRATION, ROUNDS = 100_000, 1_500, 2_000, 3
APPROVED = 2_000
BLOCK = 500


def _log(operations: int, approver: PersonKey | None = None) -> Log:
    """Four leaves of keys (and the approver's), then transfers by one gateway in blocks of 500."""
    log = begun()
    if approver is not None:
        log.say(approver.enrolment(institution=RECEIVER), RECEIVER_KEY, RECEIVER)
    for at in range(operations):
        if approver is None:
            log.say(("transfer.sent", sent_body()), RECEIVER_KEY, RECEIVER, subject=TRANSFER)
        else:
            said = ("transfer.sent", sent_body())
            approved(log, said, approver, institution=RECEIVER, signer=RECEIVER_KEY, subject=TRANSFER)
        if at % BLOCK == BLOCK - 1:
            log.headers.append(b"")
            log.now_ms += 1
    head = Header(len(log.headers) + 1, bytes(32), len(log.leaves), log.root(), log.now_ms)
    log.headers.append(encode_header(head))
    return log


Clock = Callable[[], float]


def _rate(count: int, work: Callable[[], object], clock: Clock = time.process_time) -> float:
    began = clock()
    work()
    return count / (clock() - began)


def _signatures(log: Log) -> Callable[[], float]:
    """The limit: signatures of the log checked per second of processor time, on as many threads as there are cores to use."""
    operations = [parse_operation(parse_leaf(leaf).envelope) for leaf in log.leaves[4 : 4 + CALIBRATION]]

    key = openssl_key(RECEIVER_KEY.spki)

    def check(share: Sequence[Operation]) -> None:
        for operation in share:
            key.verify(operation.signature, operation.signed_bytes)

    def work() -> None:
        threads = len(os.sched_getaffinity(0))
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(check, [operations[at::threads] for at in range(threads)]))

    return lambda: _rate(len(operations), work)


def _rounds(
    name: str, unit: str, budget: str, limit: Callable[[], float], figure: Callable[[], float], rounds: int = ROUNDS
) -> Measurement:
    values, limits, ratios = [], [], []
    for _ in range(rounds):
        before = limit()
        value = figure()
        bound = (before + limit()) / 2
        values.append(value)
        limits.append(bound)
        ratios.append(value / bound)
    return Measurement(
        name, statistics.median(values), unit, statistics.median(limits), statistics.median(ratios), budget
    )


def _bundle(data: bytes, trust: Trust, count: int, clock: Clock = time.process_time) -> float:
    def work() -> None:
        assert verify_bundle(data, trust).status is Status.VERIFIED

    return _rate(count, work, clock)


def measure(operations: int = OPERATIONS) -> list[Measurement]:
    """Range on one core and on all, and receipts."""
    log = _log(operations)
    trust, limit = log.trust(), _signatures(log)
    indexes = [
        0,
        1,
        2,
        3,
        *range(5, len(log.leaves)),
    ]  # one leaf left out: no whole log, one contiguous range of transfers
    data = write_bundle(Bundle(log.note(), log.headers[-1], log.ranges(indexes)))
    cores = os.sched_getaffinity(0)
    found = []
    budget = "≥ 0.8 of OpenSSL's Ed25519 verify rate"
    more = "printed beside it: what the threads cost together"
    for name, used, said in (("on one core", {min(cores)}, budget), (f"on {len(cores)} cores", cores, more)):
        os.sched_setaffinity(0, used)
        try:
            row = _rounds(
                f"verification, range of {operations} {name}",
                "operations per second of processor time",
                said,
                limit,
                lambda: _bundle(data, trust, operations),
            )
        finally:
            os.sched_setaffinity(0, cores)
        found.append(row)
    wall = _bundle(data, trust, operations, time.perf_counter)
    beside = "printed beside it: against one core's limit, waits and neighbours included"
    name = f"verification, range of {operations} on {len(cores)} cores, on the wall"
    one = found[0].limit
    found.append(Measurement(name, wall, "operations/s", one, None if one is None else wall / one, beside))
    return [*found, _approved(max(APPROVED, operations // 10), limit), _receipts(log, limit)]


def _approved(operations: int, limit: Callable[[], float]) -> Measurement:
    """A range whose every operation carries a person's Ed25519 approval, on one core: an operation is two signatures."""
    log = _log(operations, NURSES_DEVICE)
    trust = log.trust()
    indexes = [0, 1, 2, 3, 4, *range(6, len(log.leaves))]
    data = write_bundle(Bundle(log.note(), log.headers[-1], log.ranges(indexes)))
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return _rounds(
            f"verification, range of {operations} with an approval each, on one core",
            "operations per second of processor time",
            "≥ 0.8 of half of OpenSSL's Ed25519 verify rate",
            lambda: limit() / 2,
            lambda: _bundle(data, trust, operations),
        )
    finally:
        os.sched_setaffinity(0, cores)


def _receipts(log: Log, limit: Callable[[], float]) -> Measurement:
    """Single receipts: nothing is shared between two of them but the checkpoint."""
    trust = parse_trust(log.trust_file(witnesses={}, quorum="none"))
    note, size = log.note(cosigned=False), len(log.leaves)
    small = replace(trust, tsa_roots=())
    receipts = [format_receipt(log.leaves[at], at, log.path(at), note) for at in range(size - 3, size)]

    def work() -> None:
        for at in range(RECEIPTS):
            assert verify_receipt(receipts[at % len(receipts)], small).status is Status.VERIFIED

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return _rounds(
            "verification, single receipts",
            "receipts per second of processor time",
            "≥ 0.6 of OpenSSL's Ed25519 verify rate of one core",
            limit,
            lambda: _rate(RECEIPTS, work),
        )
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else OPERATIONS):
        print(row)
