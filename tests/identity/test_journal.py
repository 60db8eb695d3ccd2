"""The access journal: nothing unrecorded, nothing altered unnoticed, no room for names."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.clock import FixedClock
from akashi.durable import DiskFull
from akashi.errors import Misuse
from akashi.identity import events
from akashi.identity.errors import JournalDamaged, StoreFailed
from akashi.identity.journal import Journal, Outcome, What
from akashi.identity.store import Database
from tests.identity.twin import PASSWORD, TABLET, clinic

PERSON = "per-nurse000"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty gateway database."""
    made = Database(tmp_path / "gateway.db")
    yield made
    made.close()


@pytest.fixture
def journal(database: Database) -> Journal:
    """A journal of five entries, one second apart."""
    clock = FixedClock(1_000)
    made = Journal(database, clock)
    for number in range(5):
        made.record(What.READ, person=PERSON, subject="tr-0000", count=number)
        clock.advance(1_000)
    return made


def tamper(path: Path, statement: str) -> None:
    """What somebody with the file can do."""
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER journal_no_update")
        db.execute("DROP TRIGGER journal_no_delete")
        db.execute(statement)


def test_entries_come_back_as_recorded(journal: Journal) -> None:
    """What, who, what was touched and when are read back in order, in pages or whole."""
    entries = list(journal.entries())

    assert [(e.number, e.at_ms, e.count) for e in entries] == [(n + 1, 1_000 * (n + 1), n) for n in range(5)]
    assert list(journal.entries(start=2, most=2)) == entries[1:3]
    assert journal.verify() == 5


def test_rows_cannot_be_changed_through_sql(database: Database, journal: Journal) -> None:
    """The table refuses updates and deletions."""
    for statement in ("UPDATE journal SET digest = x'00'", "DELETE FROM journal"):
        with pytest.raises(sqlite3.IntegrityError), database.transaction() as db:
            db.execute(statement)

    assert journal.verify() == 5


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE journal SET entry = zeroblob(30) WHERE number = 3", 3),
        ("UPDATE journal SET digest = zeroblob(32) WHERE number = 2", 2),
        ("DELETE FROM journal WHERE number = 3", 3),
        ("DELETE FROM journal WHERE number = 1", 1),
        ("UPDATE journal SET number = 9 WHERE number = 5", 5),
        ("UPDATE journal SET entry = (SELECT entry FROM journal WHERE number = 1) WHERE number = 4", 4),
    ],
)
def test_alterations_are_found_where_they_are(tmp_path: Path, journal: Journal, statement: str, number: int) -> None:
    """An entry changed, removed, moved or replaced is found with its number."""
    tamper(tmp_path / "gateway.db", statement)

    with pytest.raises(JournalDamaged) as caught:
        journal.verify()
    assert caught.value.params == {"number": number}


def test_every_flipped_byte_is_found(tmp_path: Path, journal: Journal) -> None:
    """Whichever byte of an entry changes, the chain does not verify at that entry."""
    tamper(tmp_path / "gateway.db", "SELECT 1")
    with sqlite3.connect(tmp_path / "gateway.db") as db:
        (entry,) = db.execute("SELECT entry FROM journal WHERE number = 3").fetchone()
        for at in range(len(entry)):
            flipped = entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :]
            db.execute("UPDATE journal SET entry = ? WHERE number = 3", (flipped,))
            db.commit()
            with pytest.raises(JournalDamaged) as caught:
                journal.verify()
            assert caught.value.params == {"number": 3}


def test_cutting_off_the_end_shows_against_an_anchor(tmp_path: Path, journal: Journal) -> None:
    """The end can be cut off without a trace in the file; the ledger's anchor tells."""
    head = journal.head()
    assert head is not None
    tamper(tmp_path / "gateway.db", "DELETE FROM journal WHERE number > 3")

    assert journal.verify() == 3
    with pytest.raises(JournalDamaged):
        journal.verify([(head.count, head.digest)])


def test_rewriting_shows_against_an_anchor(journal: Journal, tmp_path: Path) -> None:
    """A whole chain made anew verifies in itself, but not against the ledger's anchor."""
    head = journal.head()
    assert head is not None
    other = Journal(Database(tmp_path / "other.db"), FixedClock(1))
    for _ in range(5):
        other.record(What.READ, person=PERSON)

    with pytest.raises(JournalDamaged):
        other.verify([(head.count, head.digest)])


def test_anchoring_continues_and_notices_a_rollback(tmp_path: Path) -> None:
    """Heads go to the ledger as the journal grows; a journal put back to an old copy is refused."""
    home = clinic(tmp_path)
    assert home.accounts.anchor_journal() is not None
    assert home.accounts.anchor_journal() is None
    home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    home.accounts.anchor_journal()
    tamper(tmp_path / "gateway.db", "DELETE FROM journal WHERE number > 3")

    with pytest.raises(JournalDamaged):
        home.accounts.anchor_journal()


def test_head_tells_the_time_since_the_last_anchor(journal: Journal) -> None:
    """The anchor names the span of the new entries."""
    head = journal.head(after=2)

    assert head is not None
    assert (head.count, head.from_ms, head.to_ms) == (5, 3_000, 5_000)
    assert journal.head(after=5) is None


@pytest.mark.parametrize("reason", ["山田 花子", "a b", "x" * 40, "a\nb", ""])
def test_reasons_are_codes(journal: Journal, reason: str) -> None:
    """There is no place to write a sentence, a name or a line break."""
    with pytest.raises(Misuse):
        journal.record(What.ACTION, Outcome.REFUSED, reason=reason)


@pytest.mark.parametrize("field", ["institution", "person", "device", "subject"])
def test_who_and_what_are_handles(journal: Journal, field: str) -> None:
    """A name where a handle belongs is refused."""
    with pytest.raises(Misuse):
        journal.record(What.READ, **{field: "山田 花子"})  # type: ignore[arg-type]  # that is the attack


def test_body_of_the_anchor_is_acceptable(journal: Journal) -> None:
    """What the journal says of itself fits the event."""
    head = journal.head()

    assert head is not None
    assert events.AccessAnchored(head.digest, head.count, head.from_ms, head.to_ms).count == 5


def test_parallel_records_make_one_chain(tmp_path: Path) -> None:
    """Threads of two processes' worth of connections write at once: one chain, no number twice, none missing."""
    journals = [Journal(Database(tmp_path / "gateway.db"), FixedClock(1)) for _ in range(2)]
    numbers: list[int] = []

    def work(journal: Journal) -> None:
        for _ in range(10):
            numbers.append(journal.record(What.READ))  # noqa: PERF401 - appended as they come

    threads = [threading.Thread(target=work, args=(journal,)) for journal in journals * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 61))
    assert journals[0].verify() == 60


def test_full_disk_is_told_and_changes_nothing(database: Database, journal: Journal) -> None:
    """Without room the record fails as ours, nothing half-written stays, and with room it goes on."""
    database._connection.execute("PRAGMA max_page_count = 1")

    def fill() -> None:
        for _ in range(1000):
            journal.record(What.READ, person=PERSON, subject="tr-" + "0" * 32)

    with pytest.raises(DiskFull):
        fill()
    before = journal.verify()
    database._connection.execute("PRAGMA max_page_count = 1000000")

    assert journal.record(What.READ) == before + 1
    assert journal.verify() == before + 1


CHILD = """
import sys
from pathlib import Path
from akashi.clock import SystemClock
from akashi.identity.journal import Journal, What
from akashi.identity.store import Database
journal = Journal(Database(Path(sys.argv[1])), SystemClock())
while True:
    print(journal.record(What.READ), flush=True)
"""


def test_killed_process_loses_no_recorded_entry(tmp_path: Path) -> None:
    """After SIGKILL at any moment every number that was returned is in the chain, and the chain is whole."""
    path = tmp_path / "gateway.db"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    seen += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()

    assert Journal(Database(path), FixedClock(1)).verify() >= seen[-1]


def test_database_is_its_owners_only(tmp_path: Path, journal: Journal) -> None:
    """Nobody else on the machine reads names and hashes."""
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("gateway.db*")}

    assert set(modes.values()) == {0o600}


def test_broken_database_is_told_as_ours(tmp_path: Path) -> None:
    """No foreign exception crosses the part, and the message names a file only."""
    (tmp_path / "gateway.db").write_bytes(b"not a database at all" * 100)

    with pytest.raises(StoreFailed) as caught:
        Database(tmp_path / "gateway.db")
    assert caught.value.params == {"name": "gateway.db"}
