"""The contract of ``akashi.ledger.port.Ledger``: every implementation runs these tests (add its factory to ``LEDGERS``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.port import Ledger
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash, root_from_inclusion
from akashi.ledger.wire.note import parse_checkpoint
from akashi.ledger.wire.receipt import parse_receipt
from tests.ledger.world import LEDGER, ORIGIN, SUBJECT, World

Factory = Callable[[World, Path], Ledger]


def embedded(world: World, directory: Path) -> Ledger:
    """The engine in this process."""
    return world.create(directory)


LEDGERS: dict[str, Factory] = {"embedded": embedded}


@pytest.fixture
def world() -> World:
    """Keys and clock."""
    return World()


@pytest.fixture(params=sorted(LEDGERS))
def ledger(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Ledger]:
    """One implementation, with the sender's gateway key enrolled."""
    made = LEDGERS[request.param](world, tmp_path / "ledger")
    yield made
    close = getattr(made, "close", None)
    if close is not None:
        close()


def test_names_itself(ledger: Ledger) -> None:
    """The id that statements carry and the origin of its checkpoints."""
    assert (ledger.ledger_id, ledger.origin) == (LEDGER, ORIGIN)


def test_submitted_operation_can_be_read_at_once(ledger: Ledger, world: World) -> None:
    """What was acknowledged is in the entries, by id and by subject, and in the state."""
    envelope = world.noted(7)

    done = ledger.submit(envelope)

    entry = ledger.entry(done.operation_id)
    assert entry is not None
    assert (entry.index, parse_leaf(entry.leaf).envelope) == (done.index, envelope)
    assert [each.operation_id for each in ledger.entries(SUBJECT)] == [done.operation_id]
    with ledger.view() as state:
        assert state.get("test", b"\x00\x00") is not None


def test_submitting_again_returns_the_first_acknowledgement(ledger: Ledger, world: World) -> None:
    """A retry is always safe."""
    envelope = world.noted(7)

    assert ledger.submit(envelope) == ledger.submit(envelope)


def test_refusal_has_a_stable_reason(ledger: Ledger, world: World) -> None:
    """The rules' own word reaches the caller."""
    with pytest.raises(Refused) as refusal:
        ledger.submit(world.noted(13))

    assert refusal.value.reason == "noted.unlucky"


def test_forgery_is_a_proof_error(ledger: Ledger, world: World) -> None:
    """A signature that does not verify is not a refusal by rules."""
    forged = bytearray(world.noted(7))
    forged[-1] ^= 1

    with pytest.raises(ProofError) as failure:
        ledger.submit(bytes(forged))

    assert failure.value.failure == "signature"


def test_junk_is_an_encoding_error(ledger: Ledger) -> None:
    """Bytes that are no operation are told from forgeries."""
    with pytest.raises(EncodingError) as failure:
        ledger.submit(b"junk")

    assert failure.value.failure == "cose.tag"


def test_unknown_operation_is_none(ledger: Ledger) -> None:
    """Asking for what is not there is no error."""
    assert ledger.entry(bytes(32)) is None


def test_unknown_subject_is_empty(ledger: Ledger) -> None:
    """Nor is a subject without operations."""
    assert list(ledger.entries("tr-nobody")) == []


def test_receipt_proves_the_operation_to_a_checkpoint(ledger: Ledger, world: World) -> None:
    """A receipt is complete by itself and not older than the acknowledgement."""
    done = ledger.submit(world.noted(7))

    receipt = parse_receipt(ledger.receipt(done.operation_id))

    root = root_from_inclusion(leaf_hash(receipt.leaf), receipt.index, receipt.checkpoint.size, receipt.path)
    assert root == receipt.checkpoint.root
    assert parse_operation(parse_leaf(receipt.leaf).envelope).id == done.operation_id
    assert parse_checkpoint(ledger.checkpoint()).size >= done.index + 1


def test_view_reads_missing_things_as_nothing(ledger: Ledger) -> None:
    """An empty namespace scans to nothing, a missing key is ``None``."""
    with ledger.view() as state:
        assert list(state.scan("nothing")) == []
        assert state.get("nothing", b"x") is None
