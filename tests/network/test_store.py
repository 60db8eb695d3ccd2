"""network.db: what must survive a power cut."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.network import store as module
from akashi.network.peers.lines import own_note
from akashi.network.store import MAX_EVIDENCE, Evidence, NetworkStore, NetworkStoreFailed, Pending
from tests.network.peers.servers import ORIGIN, Signers, root_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "network.db"


def note_of(size: int) -> bytes:
    """A note that parses."""
    signers = Signers(1)
    return own_note(ORIGIN, size, root_of(size), 5, signers.log, signers.cosigner)


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    """Notes, pending operations and evidence outlive the process."""
    store = NetworkStore(path)
    store.put_note(3, note_of(3))
    store.queue([Pending(b"a", b"envelope", 7)])
    store.put_evidence(Evidence(2, 1, 3, b"one", b"other", 9))
    store.close()
    again = NetworkStore(path)

    assert again.newest_note() == (3, note_of(3))
    assert again.pending() == [(b"a", b"envelope", 7)]
    assert again.evidence() == [(2, 1, 3, b"one", b"other", 9)]
    again.close()


def test_the_file_is_its_owners_only(path: Path) -> None:
    """Others on the machine read no pending operation."""
    NetworkStore(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_notes_are_found_by_size(path: Path) -> None:
    """The newest up to a size, the oldest from a size on, and the root of exactly one size."""
    store = NetworkStore(path)
    for size in (3, 8, 20):
        store.put_note(size, note_of(size))

    assert store.note_upto(19) == (8, note_of(8))
    assert store.note_upto(2) is None
    assert store.note_from(4) == note_of(8)
    assert store.note_from(21) is None
    assert (store.root_at(8), store.root_at(9)) == (root_of(8), None)
    store.close()


def test_a_damaged_note_has_no_root(path: Path) -> None:
    """Bytes that are no note, or one of another size, say nothing of what a quorum signed."""
    store = NetworkStore(path)
    store.put_note(3, b"damaged")
    store.put_note(4, note_of(3))

    assert (store.root_at(3), store.root_at(4)) == (None, None)
    store.close()


def test_old_notes_give_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of notes is bounded; the newest stay."""
    monkeypatch.setattr(module, "KEPT_NOTES", 5)
    monkeypatch.setattr(module, "_PRUNE_EVERY", 2)
    store = NetworkStore(path)
    for size in range(1, 40):
        store.put_note(size, note_of(1))

    kept = [row[0] for row in store._read("SELECT size FROM quorum_notes ORDER BY size")]
    assert kept == [35, 36, 37, 38, 39]
    store.close()


def test_evidence_of_one_pair_cannot_fill_the_disk(path: Path) -> None:
    """A member that lies without end leaves sixteen proofs against each other member, and takes no place from others; each counts once."""
    store = NetworkStore(path)
    kept = [store.put_evidence(Evidence(2, 1, size, b"", b"", 0)) for size in range(MAX_EVIDENCE + 10)]
    others = [store.put_evidence(Evidence(*pair, 5, b"", b"", 0)) for pair in ((3, 1), (2, 4), (3, 1))]

    assert kept == [True] * MAX_EVIDENCE + [False] * 10
    assert others == [True, True, False]
    store.close()


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("queue"), st.integers(0, 6), st.integers(0, 3)),
            st.tuples(st.just("settle"), st.integers(0, 6), st.just(0)),
        ),
        max_size=20,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_pending_operations_are_a_map_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever is queued and settled: one row per operation, as it came first, oldest first, and none that was settled."""
    store = NetworkStore(tmp_path_factory.mktemp("db") / "network.db")
    model: dict[bytes, tuple[bytes, bytes, int]] = {}
    for verb, which, at in steps:
        op_id = bytes([which])
        if verb == "queue":
            model.setdefault(op_id, (op_id, b"envelope", at))
            store.queue([Pending(op_id, b"envelope", at)])
        else:
            model.pop(op_id, None)
            store.settle([op_id])

    assert store.pending() == sorted(model.values(), key=lambda row: (row[2], row[0]))
    assert store.pending_count() == len(model)
    assert all(store.is_pending(op_id) for op_id in model)
    store.close()


def test_a_failure_of_the_store_is_ours(path: Path) -> None:
    """SQLite's errors do not cross the part, and half a transaction is not there."""
    store = NetworkStore(path)
    store.queue([Pending(b"a", b"envelope", 7)])
    other = sqlite3.connect(path)
    other.execute("DROP TABLE split_views")
    other.commit()
    other.close()
    with pytest.raises(NetworkStoreFailed):
        store.put_evidence(Evidence(2, 1, 3, b"one", b"other", 9))

    assert store.pending_count() == 1
    store.close()


def test_the_scrubs_place_and_notes_are_kept(tmp_path: Path) -> None:
    """The report is replaced, notes are listed in order and dropped by size, and the file says that it is sound."""
    store = NetworkStore(tmp_path / "network.db")
    empty = store.scrub()
    store.put_scrub(b"one")
    store.put_scrub(b"two")
    for size in (3, 1, 2):
        store.put_note(size, b"note %d" % size)

    store.drop_notes([2, 9])

    assert empty is None
    assert store.scrub() == b"two"
    assert list(store.notes()) == [(1, b"note 1"), (3, b"note 3")]
    assert store.is_sound()
    store.close()
