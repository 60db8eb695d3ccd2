"""Verification: bounds by stamps, order of failures, batches of signatures, and the words of the report."""

from __future__ import annotations

import gc
import json
from dataclasses import replace

import pytest

from akashi.ledger.errors import ProofError
from akashi.ledger.proof.bundle import parse_bundle, write_bundle
from akashi.ledger.proof.report import render
from akashi.ledger.proof.signatures import BATCH, SignatureQueue
from akashi.ledger.proof.verdict import Level, OperationRow, Status, Verdict
from akashi.ledger.proof.verify import verify_bundle, verify_file
from akashi.ledger.proof.walk import Walk
from akashi.ledger.registry import key_record
from akashi.ledger.state import Overlay
from akashi.ledger.wire.envelope import key_id, parse_operation, seal_operation
from tests.vectors.cases_bundle import full_bundle
from tests.vectors.world import (
    RECEIVER,
    RECEIVER_KEY,
    ROOT_KEY,
    SECRETARIAT,
    SENDER,
    SENDER_KEY,
    START_MS,
    TRANSFER,
    EdKey,
    Log,
    begun,
    genesis,
)

LOG, FULL = full_bundle()
DATA = write_bundle(FULL)
SAID: tuple[str, dict[int, object]] = ("example.said", {})


def verdict_of(log: Log) -> Verdict:
    """The verdict over the whole log."""
    log.block()
    return verify_file(write_bundle(log.bundle()), log.trust_file())


def test_each_operation_lies_between_its_stamps() -> None:
    """Before: the earliest stamp over a larger tree; after: the latest stamp recorded earlier; otherwise open."""
    rows = verify_file(DATA, LOG.trust_file()).operations
    first, second = START_MS + 1600, START_MS + 4600
    assert [(row.after_ms, row.before_ms) for row in rows] == [
        *[(None, first)] * 4,
        (None, second),
        *[(first, second)] * 4,
        (first, None),
    ]


def test_uncounted_stamps_bound_nothing() -> None:
    """A stamp of an authority nobody trusts is shown and not used."""
    verdict = verify_file(DATA, LOG.trust_file(tsa_roots=()))
    assert [stamp.counted for stamp in verdict.stamps] == [False, False]
    assert {(row.after_ms, row.before_ms) for row in verdict.operations} == {(None, None)}


def test_stamp_without_its_leaf_bounds_only_from_above() -> None:
    """A token that the log does not record cannot say that something came after it."""
    part = LOG.bundle([0, 1, 2, 3, 5, 6, 8], stamps=FULL.stamps)
    rows = verify_file(write_bundle(part), LOG.trust_file()).operations
    assert {row.after_ms for row in rows} == {None}
    assert rows[-1].before_ms == START_MS + 4600


def test_earliest_step_decides_the_failure() -> None:
    """A wrong signature early in the log gives way to a replay late in it: step 4 comes before step 5."""
    log = begun()
    log.append(seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)[:-64] + bytes(64))
    twice = seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)
    log.append(twice)
    log.append(twice)
    assert verdict_of(log).failure == "op.replayed"


def test_earliest_leaf_decides_within_a_step() -> None:
    """Of two failures of step 5 the first in log order is named, though signatures are judged in batches."""
    log = begun()
    log.append(seal_operation(log.statement(*SAID, SENDER), SENDER_KEY)[:-64] + bytes(64))
    log.say(SAID, EdKey("nobody"), SENDER)
    assert verdict_of(log).failure == "signature"
    other = begun()
    other.say(SAID, EdKey("nobody"), SENDER)
    other.append(seal_operation(other.statement(*SAID, SENDER), SENDER_KEY)[:-64] + bytes(64))
    assert verdict_of(other).failure == "signer.unknown"


def test_wrong_tree_comes_before_a_wrong_signer() -> None:
    """Step 3 comes before step 5."""
    log = begun()
    log.say(SAID, EdKey("nobody"), SENDER)
    log.block()
    bundle = log.bundle()
    wrong = replace(bundle, ranges=[replace(bundle.ranges[0], leaves=[*log.leaves[:-1], log.leaves[1]])])
    assert verify_file(write_bundle(wrong), log.trust_file()).failure == "proof.inclusion"


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("wrong", [(), (5,), (BATCH - 1, 7), (BATCH + 3,)])
def test_queue_names_the_lowest_wrong_index(workers: int, wrong: tuple[int, ...]) -> None:
    """Threads change the order of the work, never the answer."""
    log = begun()
    walk = Walk(log.bundle())
    walk.run()
    record = key_record(Overlay(walk._state), key_id(RECEIVER_KEY.spki))
    assert record is not None
    good = parse_operation(seal_operation(log.statement(*SAID, RECEIVER), RECEIVER_KEY))
    bad = good._replace(signature=bytes(64))
    queue = SignatureQueue(workers)
    for index in range(BATCH + 10):
        queue.add(index, record, bad if index in wrong else good)
    assert queue.finish() == min(((index, 0) for index in wrong), default=None)


def test_without_trust_file_it_is_self_consistent_only() -> None:
    """Nothing in a bundle makes anybody believe whose ledger it is; the exit status says so."""
    verdict = verify_file(DATA, None)
    assert (verdict.status, verdict.exit_status) == (Status.SELF_CONSISTENT, 9)
    assert "no_trust" in verdict.unproven


def test_exit_statuses() -> None:
    """0 verified, 6 failed."""
    assert verify_file(DATA, LOG.trust_file()).exit_status == 0
    assert verify_file(b"", LOG.trust_file()).exit_status == 6


def test_another_logs_trust_file_does_not_fit() -> None:
    """A forged ledger with all signatures right fails against the trust file of the real one."""
    forged = Log()
    forged.now_ms += 1
    forged.say(genesis(), ROOT_KEY, SECRETARIAT)
    assert verdict_of(forged).status is Status.VERIFIED
    assert verify_file(write_bundle(forged.bundle()), LOG.trust_file()).failure == "trust.genesis"


def test_result_is_json_with_the_keys_of_the_page() -> None:
    """The result object survives JSON and has exactly the keys that docs/spec/verification.md names."""
    shown = verify_file(DATA, LOG.trust_file()).to_json()
    assert json.loads(json.dumps(shown)) == shown
    assert list(shown) == [
        "status", "failure", "level", "origin", "size", "operations", "stamps", "erasures", "unproven",
    ]  # fmt: skip
    operations = shown["operations"]
    assert isinstance(operations, list)
    assert list(operations[0]) == [
        "index", "id", "kind", "result", "institution", "person", "block_ms", "after_ms", "before_ms",
        "approvals",
    ]  # fmt: skip


def test_failed_verdict_tells_nothing_else() -> None:
    """Of a file that fails, nothing is repeated as if it were true."""
    shown = verify_file(DATA[:-1], LOG.trust_file()).to_json()
    assert shown == Verdict.failed("cbor.short").to_json()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_report_tells_what_was_proven_and_what_not(language: str) -> None:
    """Every unproven word has its sentence, every operation its bounds, every erasure its horizon."""
    verdict = verify_file(DATA, LOG.trust_file())
    text = render(verdict, language)
    negation = "証明されていないこと" if language == "ja" else "Not proven"
    assert text.count(negation) == len(verdict.unproven)
    assert text.count("transfer.") == 3
    assert "2026-09-21T14:13:21Z" in text  # the first stamp
    assert verdict.erasures[0].payload in text


def test_report_of_a_failure_begins_with_it() -> None:
    """A failed file is called a failure in the first line, with its class."""
    assert render(Verdict.failed("signature"), "en").startswith("NOT VERIFIED")
    assert "signature" in render(Verdict.failed("signature"), "ja").splitlines()[0]


def test_whole_log_is_needed_for_replayed() -> None:
    """Leaving out one leaf lowers the level: absence of a revocation is then not proven."""
    whole = verify_bundle(DATA, None)
    part = verify_bundle(write_bundle(LOG.bundle(range(9), stamps=FULL.stamps)), None)
    assert (str(whole.level), str(part.level)) == ("replayed", "attested")
    assert "revocation_absence" in part.unproven
    assert "revocation_absence" not in whole.unproven


def test_walk_raises_with_the_class() -> None:
    """Below the verdict, failures are exceptions of the ledger with a failure class."""
    log = begun()
    log.say(SAID, EdKey("nobody"), SENDER, subject=TRANSFER)
    log.block()
    with pytest.raises(ProofError) as raised:
        Walk(parse_bundle(write_bundle(log.bundle()))).run()
    assert raised.value.failure == "signer.unknown"


def test_a_long_report_shows_the_first_rows_and_counts_the_rest() -> None:
    """A log of thousands stays readable: 200 rows, then how many more there are."""
    rows = tuple(OperationRow(at, bytes(32).hex(), "transfer.sent", 0, "inst-0000", None, 0) for at in range(203))
    verdict = replace(Verdict.failed("x"), status=Status.VERIFIED, failure=None, level=Level.REPLAYED, operations=rows)
    text = render(verdict, "en")

    assert text.count("transfer.sent") == 200
    assert [line for line in text.splitlines() if "3" in line and "more" in line]


def test_the_collector_goes_on_after_a_verification() -> None:
    """It is paused during the walk only, whatever the verdict, and stays off for who had it off."""
    verify_file(DATA, LOG.trust_file())
    verify_file(DATA[:-1], LOG.trust_file())
    after = gc.isenabled()
    gc.disable()
    try:
        verify_file(DATA, LOG.trust_file())
        kept_off = not gc.isenabled()
    finally:
        gc.enable()

    assert after
    assert kept_off
