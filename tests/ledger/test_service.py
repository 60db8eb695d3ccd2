"""The embedded engine: what it acknowledges, what it refuses, what it notices."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.ledger.errors import (
    ClockStepped,
    EncodingError,
    LedgerDamaged,
    LedgerLocked,
    LedgerStopped,
    ProofError,
    Refused,
)
from akashi.ledger.port import Acknowledged
from akashi.ledger.service import Engine, LedgerExists, UnknownOperation
from akashi.ledger.wire.envelope import parse_operation, seal_operation
from akashi.ledger.wire.leaf import header_hash, parse_header, parse_leaf
from akashi.ledger.wire.merkle import (
    leaf_hash,
    root_from_inclusion,
    root_from_range,
    verify_consistency,
)
from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, verify_cosignatures, verify_log
from akashi.ledger.wire.receipt import parse_receipt
from tests.ledger.world import KINDS, ORIGIN, SENDER, START_MS, SUBJECT, SoftNoteSigner, SoftSigner, World

DAY_MS = 24 * 3600 * 1000


def test_acknowledgement_says_where_the_operation_is(engine: Engine, world: World) -> None:
    """The index, height and time in an acknowledgement are those of the stored leaf."""
    envelope = world.noted(1)

    done = engine.submit(envelope)

    (leaf,) = engine.leaves(done.index, done.index + 1)
    assert parse_leaf(leaf).envelope == envelope
    assert (parse_leaf(leaf).height, parse_leaf(leaf).block_ms) == (done.height, done.block_ms)
    assert done == Acknowledged(parse_operation(envelope).id, 2, 3, START_MS)


def test_resubmission_returns_the_first_acknowledgement(engine: Engine, world: World) -> None:
    """The same bytes, long after their expiry, are answered with the first acknowledgement and add no leaf."""
    envelope = world.noted(1)
    first = engine.submit(envelope)
    world.clock.advance(8 * DAY_MS)

    again = engine.submit(envelope)

    assert again == first
    assert engine.size == 3


def test_same_statement_signed_again_is_the_same_operation(engine: Engine, world: World) -> None:
    """The id is derived from the statement: another signature over it does not make another operation."""
    envelope = world.noted(1)
    first = engine.submit(envelope)
    statement = parse_operation(envelope).statement

    again = engine.submit(seal_operation(statement, SoftSigner("somebody else")))

    assert again == first


def test_twice_in_one_batch_is_one_leaf(engine: Engine, world: World) -> None:
    """Two copies in one batch get the same acknowledgement."""
    envelope = world.noted(1)

    first, second = engine.submit_many([envelope, envelope])

    assert first == second
    assert engine.size == 3


def test_operation_for_another_ledger_is_refused(engine: Engine, world: World) -> None:
    """An operation cannot be replayed into another ledger: its id names the one it is for."""
    with pytest.raises(Refused, match=r"op\.foreign"):
        engine.submit(world.noted(1, ledger=bytes(16)))


def test_expired_operation_is_refused(engine: Engine, world: World) -> None:
    """After its own expiry a statement is void."""
    envelope = world.noted(1, life_ms=1000)
    world.clock.advance(1001)

    with pytest.raises(Refused, match=r"op\.expired"):
        engine.submit(envelope)


def test_operation_claimed_far_ahead_is_refused(engine: Engine, world: World) -> None:
    """A claimed time more than five minutes ahead of the block is refused."""
    with pytest.raises(Refused, match=r"op\.ahead"):
        engine.submit(world.noted(1, claimed_ms=START_MS + 300_001))


def test_unknown_key_is_refused(engine: Engine, world: World) -> None:
    """A key that nobody enrolled signs nothing."""
    world.gateway = SoftSigner("a stranger")

    with pytest.raises(Refused, match=r"signer\.unknown"):
        engine.submit(world.noted(1))


def test_revocation_counts_within_the_same_batch(engine: Engine, world: World) -> None:
    """An operation right after the revocation of its key is refused, even in the same block."""
    before, after = world.noted(1), world.noted(2)

    outcomes = engine.submit_many([before, world.revocation(world.gateway.key), after])

    assert isinstance(outcomes[0], Acknowledged)
    assert isinstance(outcomes[1], Acknowledged)
    assert isinstance(outcomes[2], Refused)
    assert outcomes[2].reason == "signer.revoked"


def test_forged_signature_is_refused(engine: Engine, world: World) -> None:
    """Every append verifies the signature: one flipped bit is noticed."""
    envelope = bytearray(world.noted(1))
    envelope[-1] ^= 1

    with pytest.raises(ProofError, match="signature"):
        engine.submit(bytes(envelope))
    assert engine.size == 2


def test_junk_is_an_encoding_error(engine: Engine) -> None:
    """Bytes that are no operation never reach the queue."""
    with pytest.raises(EncodingError):
        engine.submit(b"\xd2\x84")


def test_refused_operation_leaves_no_trace(engine: Engine, world: World) -> None:
    """A refusal by a kind's rules writes no leaf and no block."""
    before = engine.checkpoint()

    with pytest.raises(Refused, match=r"noted\.unlucky"):
        engine.submit(world.noted(13))

    assert engine.checkpoint() == before


def test_bug_in_a_kind_refuses_and_drops_its_half_changes(engine: Engine, world: World) -> None:
    """A fault inside apply is a refusal; what it had changed by then is gone, and the engine goes on."""
    with pytest.raises(Refused, match=r"apply\.failed"):
        engine.submit(world.noted(666))

    with engine.view() as state:
        assert state.get("test", b"half") is None
    assert engine.submit(world.noted(1)).index == 2


def test_receipt_verifies_against_the_checkpoint(engine: Engine, world: World) -> None:
    """A receipt holds the leaf, its path and a checkpoint signed by the log and the server's cosigner."""
    ids = [engine.submit(world.noted(n)).operation_id for n in range(5)]

    receipt = parse_receipt(engine.receipt(ids[2]))

    root = root_from_inclusion(leaf_hash(receipt.leaf), receipt.index, receipt.checkpoint.size, receipt.path)
    assert root == receipt.checkpoint.root
    verify_log(receipt.checkpoint, [NoteKey(ORIGIN, NoteKind.ED25519, world.log.public_key)])
    key = NoteKey(world.cosigner.name, NoteKind.COSIGNATURE, world.cosigner.public_key)
    assert verify_cosignatures(receipt.checkpoint, {"server": key}) == {"server": START_MS // 1000}


def test_receipt_of_an_unknown_operation_is_not_found(engine: Engine) -> None:
    """Nobody gets a receipt for what was never accepted."""
    with pytest.raises(UnknownOperation):
        engine.receipt(bytes(32))


def test_consistency_between_any_two_sizes(engine: Engine, world: World) -> None:
    """Every later checkpoint extends every earlier one."""
    roots = {engine.size: parse_checkpoint(engine.checkpoint()).root}
    for n in range(6):
        engine.submit(world.noted(n))
        roots[engine.size] = parse_checkpoint(engine.checkpoint()).root

    for old, old_root in roots.items():
        for new, root in roots.items():
            if old <= new:
                verify_consistency(old, old_root, new, root, engine.consistency(old, new))

    assert len(roots) == 7


def test_ranges_lead_to_the_root(engine: Engine, world: World) -> None:
    """Any range of leaves with its proof gives the checkpoint's root."""
    engine.submit_many([world.noted(n) for n in range(20, 29)])
    root = parse_checkpoint(engine.checkpoint()).root

    for start, end in [(0, 1), (0, 11), (3, 7), (10, 11), (4, 8)]:
        hashes = [leaf_hash(leaf) for leaf in engine.leaves(start, end)]
        assert root_from_range(hashes, start, engine.size, engine.range(start, end)) == root


def test_headers_chain(engine: Engine, world: World) -> None:
    """Each header names the hash of the one before; the first names zeros."""
    engine.submit(world.noted(1))

    previous = bytes(32)
    for height in range(1, engine.height + 1):
        encoded = engine.header(height)
        assert parse_header(encoded).previous == previous
        previous = header_hash(encoded)


def test_entries_of_a_subject_are_its_leaves_only(engine: Engine, world: World) -> None:
    """A subject's entries hold no other party's leaf."""
    engine.submit(world.noted(1, subject="tr-other"))
    mine = engine.submit(world.noted(2))

    assert [entry.index for entry in engine.entries(SUBJECT)] == [mine.index]
    assert [entry.index for entry in engine.registry()] == [0, 1]


def test_a_view_stays_at_its_height(engine: Engine, world: World) -> None:
    """A reader sees one height while the writer goes on."""
    engine.submit(world.noted(1))

    with engine.view() as state:
        before = state.get("test", b"\x00\x00")
        engine.submit(world.noted(2))
        after = state.get("test", b"\x00\x00")

    assert before == after


def test_many_threads_get_their_own_acknowledgement(engine: Engine, world: World) -> None:
    """Operations of many threads are batched; each caller gets the acknowledgement of its own operation."""
    envelopes = [world.noted(n + 1000) for n in range(120)]
    outcomes: dict[int, Acknowledged] = {}

    def work(start: int) -> None:
        for n in range(start, 120, 8):
            outcomes[n] = engine.submit(envelopes[n])

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [outcomes[n].operation_id for n in range(120)] == [parse_operation(e).id for e in envelopes]
    assert sorted(done.index for done in outcomes.values()) == list(range(2, 122))


def test_second_writer_is_refused(engine: Engine, world: World, directory: Path) -> None:
    """One ledger has one writer, also within one process."""
    with pytest.raises(LedgerLocked):
        world.open(directory)


def test_second_process_is_refused(engine: Engine, directory: Path) -> None:
    """Another process cannot open the ledger either; it learns why."""
    script = (
        "import sys, pathlib\n"
        "from tests.ledger.world import World\n"
        "from akashi.ledger.errors import LedgerLocked\n"
        "try:\n    World().open(pathlib.Path(sys.argv[1]))\n"
        "except LedgerLocked as error:\n    print(error.code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", script, str(directory)], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "ledger.locked"


def test_create_refuses_to_overwrite(engine: Engine, world: World, directory: Path) -> None:
    """A ledger is never created over another."""
    engine.close()

    with pytest.raises(LedgerExists):
        world.create(directory)


def test_create_with_a_foreign_log_key_leaves_nothing(world: World, directory: Path) -> None:
    """A genesis that names another log key than the one that signs is refused, and no file appears."""
    genesis = world.genesis(log_key=world.next_log.public_key)

    with pytest.raises(Refused, match=r"log\.key"):
        Engine.create(directory, genesis, kinds=KINDS, log_key=world.log, cosigner=world.cosigner, clock=world.clock)

    assert not list(directory.glob("ledger.db*"))


def test_open_with_another_log_key_is_refused(engine: Engine, world: World, directory: Path) -> None:
    """Only the key that the state names can go on signing."""
    engine.close()
    world.log = world.next_log

    with pytest.raises(LedgerDamaged, match=r"log\.key"):
        world.open(directory)


def test_reopened_ledger_goes_on_where_it_was(engine: Engine, world: World, directory: Path) -> None:
    """Closing and opening changes nothing: same checkpoint, next index."""
    engine.submit(world.noted(1))
    checkpoint = engine.checkpoint()
    engine.close()

    again = world.open(directory)

    assert again.checkpoint() == checkpoint
    assert again.submit(world.noted(2)).index == 3
    again.close()


def test_closed_engine_refuses(engine: Engine, world: World) -> None:
    """After closing neither writing nor reading works, and closing again is fine."""
    engine.close()
    engine.close()

    with pytest.raises(LedgerStopped):
        engine.submit(world.noted(1))
    with pytest.raises(LedgerStopped):
        engine.entries(SUBJECT)


def test_clock_that_steps_back_stops_writing_until_explained(engine: Engine, world: World) -> None:
    """More than a minute behind the last block: refused until the secretariat says that the clock is right."""
    engine.submit(world.noted(1))
    world.clock.set(START_MS - 3_600_000)

    with pytest.raises(ClockStepped):
        engine.submit(world.noted(2, life_ms=DAY_MS))
    engine.submit(world.stepping(START_MS, START_MS - 3_600_000, life_ms=DAY_MS))
    done = engine.submit(world.noted(3, life_ms=DAY_MS))

    assert done.block_ms == START_MS


def test_block_time_stands_still_within_the_tolerance(engine: Engine, world: World) -> None:
    """A clock a few seconds back is tolerated; block times never decrease."""
    world.clock.set(START_MS - 30_000)

    assert engine.submit(world.noted(1)).block_ms == START_MS


def test_clock_may_not_step_back_again_behind_the_explained_time(engine: Engine, world: World) -> None:
    """One explanation covers one step."""
    world.clock.set(START_MS - 3_600_000)
    engine.submit(world.stepping(START_MS, START_MS - 3_600_000, life_ms=DAY_MS))
    world.clock.set(START_MS - 7_200_000)

    with pytest.raises(ClockStepped):
        engine.submit(world.noted(1, life_ms=DAY_MS))


def test_rekey_signs_with_the_successor_from_its_block_on(engine: Engine, world: World, directory: Path) -> None:
    """The block of log.rekeyed is signed by the committed successor, and the ledger opens with it afterwards."""
    third = SoftNoteSigner(ORIGIN, "third log")
    engine.rekey(world.next_log, world.rekeying(third))

    verify_log(parse_checkpoint(engine.checkpoint()), [NoteKey(ORIGIN, NoteKind.ED25519, world.next_log.public_key)])
    engine.close()
    world.log = world.next_log
    again = world.open(directory)
    assert again.submit(world.noted(1)).index == 3
    again.close()


def test_rekey_without_the_key_in_hand_is_refused(engine: Engine, world: World) -> None:
    """A log.rekeyed that arrives like any operation is refused: nobody here could sign the next checkpoint."""
    with pytest.raises(Refused, match=r"log\.successor"):
        engine.submit(world.rekeying(SoftNoteSigner(ORIGIN, "third log")))


def test_rekey_to_an_uncommitted_key_is_refused(engine: Engine, world: World) -> None:
    """Only the successor that was committed before can take over."""
    world.next_log = SoftNoteSigner(ORIGIN, "a thief's log")

    with pytest.raises(Refused, match=r"log\.commitment"):
        engine.rekey(world.next_log, world.rekeying(SoftNoteSigner(ORIGIN, "third log")))


def test_enrolment_is_an_operation_like_any_other(engine: Engine, world: World) -> None:
    """An institution's key is found through the state, and its statement names its own institution only."""
    engine.submit(world.noted(1))
    foreign = parse_operation(world.noted(2)).statement._replace(nonce=bytes(16))
    foreign = foreign._replace(actor=replace(foreign.actor, institution="inst-receiver"))

    with pytest.raises(Refused, match=r"signer\.institution"):
        engine.submit(seal_operation(foreign, world.gateway))
    with engine.view() as state:
        assert state.get("keyof", b"\x02" + SENDER.encode() + b"\x00" + world.gateway.key) is not None
