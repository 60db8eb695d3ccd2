"""Mirrors on a schedule: bundles out, receipts back, nothing lost that an erasure waits for, alarms where nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.network.control import ControlSocket, ask, control_path
from akashi.network.errors import NotFinal
from akashi.network.mirror.errors import MirrorFolder, MirrorOverdue, MirrorUnknown, ReceiptMalformed
from akashi.network.mirror.model import MirrorRecord, Transport
from akashi.network.mirror.rules import is_overdue
from tests.app.mirrors.line import MINUTE_MS, Line

DAY_MS = 24 * 60 * MINUTE_MS


def test_a_day_of_both_ends(line: Line) -> None:
    """Each minute a bundle; the mirror takes it in and answers; the answer is on the ledger and the answered bundle leaves the outbox."""
    line.carried.send()
    follower = line.follower()
    for _ in range(3):
        line.minute()
        assert [step.refused for step in follower.turn()] == [None]
    line.minute()

    status = line.desk.status()
    assert [(one["number"], one["overdue"]) for one in status["mirrors"]] == [(3, False)]
    assert line.numbers() == [4]


def test_nothing_new_is_nothing_done(line: Line) -> None:
    """A look at an unchanged folder opens nothing, and the same receipt is not recorded twice."""
    line.minute()
    follower = line.follower()
    follower.turn()
    line.minute()
    follower.turn()
    size = line.carried.service.server.engine.size
    line.desk.turn()
    line.desk.turn()

    assert follower.turn() == []
    assert line.carried.service.server.engine.size == size + 1


def test_an_erasure_goes_there_and_back_by_itself(line: Line) -> None:
    """Ordered at the server: the mirror erases with the next bundle, answers when the older key is gone, and nothing is 消去中 any more."""
    transfer = line.carried.send()
    payload = line.carried.payload(transfer)
    follower = line.follower()
    line.minute()
    follower.turn()
    line.carried.erase(transfer)
    waiting = line.carried.pending()
    for _ in range(3):
        line.minute()
        follower.turn()
    line.desk.turn()

    assert waiting == [payload]
    assert line.carried.pending() == []


def test_a_pile_is_replaced_by_one_that_holds_all(line: Line) -> None:
    """Nobody fetches: at most three wait; the one that replaces them begins where the mirror's last receipt ended, and is taken in alone."""
    transfer = line.carried.send()
    for _ in range(3):
        line.minute()
    line.carried.erase(transfer)
    line.minute()
    line.minute()
    first, last = line.numbers()
    (step, other) = line.follower().turn()

    assert (first, last) == (4, 5)
    assert (step.refused, other.refused, other.number) == (None, None, 5)


def test_a_bundle_that_was_missed_is_told_once_and_made_up_for(line: Line) -> None:
    """A file is lost on the way: the mirror tells of the gap once, and goes on with the bundle that replaces the pile."""
    line.minute()
    next(line.out.iterdir()).unlink()
    line.minute()
    follower = line.follower()
    gap = follower.turn()
    again = follower.turn()
    line.minute()
    line.minute()
    line.minute()
    after = follower.turn()

    assert [step.refused and step.refused.code for step in gap] == ["network.bundle_gap"]
    assert again == []
    assert after[-1].refused is None


def test_a_half_copied_file_waits_until_it_is_whole(line: Line) -> None:
    """What is still being copied does not verify; when it is whole it is taken in."""
    line.minute()
    path = next(line.out.iterdir())
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    follower = line.follower()
    half = follower.turn()
    path.write_bytes(whole)
    done = follower.turn()

    assert [step.refused and step.refused.code for step in half] == ["network.bundle_malformed"]
    assert [step.refused for step in done] == [None]


def test_what_was_taken_in_is_removed_where_that_is_wished(line: Line) -> None:
    """The isolated side's folder does not fill; files of others are left alone."""
    (line.out / "notes.txt").write_text("somebody's")
    line.minute()
    line.follower(remove=True).turn()

    assert [one.name for one in line.out.iterdir()] == ["notes.txt"]


def test_a_receipt_that_was_not_written_is_written_at_the_next_start(line: Line) -> None:
    """A kill between the import and the receipt: the next start lays it out, though no bundle is new."""
    line.minute()
    line.follower().turn()
    (receipt,) = line.back.iterdir()
    receipt.unlink()
    line.follower().turn()

    assert [one.name for one in line.back.iterdir()] == [receipt.name]


def test_a_silent_mirror_is_an_alarm(line: Line) -> None:
    """Three days without a receipt: the turn says so each time (counted on the page), the server's alarms name it once, status marks it."""
    line.carried.service.clock.advance(3 * DAY_MS)
    for _ in range(2):
        with pytest.raises(MirrorOverdue):
            line.minute()

    assert [type(one) for one in line.carried.service.server.alarms] == [MirrorOverdue]
    assert [one["overdue"] for one in line.desk.status()["mirrors"]] == [True]


def test_a_strange_file_in_the_inbox_is_told_of_and_left(line: Line) -> None:
    """Nonsense, a receipt cut short and an enrolment change nothing; each is told of once, the rest of the turn is done."""
    (line.back / "a.akashi-receipt").write_bytes(b"nonsense")
    (line.back / "b.akashi-receipt").write_bytes(line.enrolment)
    with pytest.raises(ReceiptMalformed):
        line.minute()
    line.minute()

    assert line.numbers() == [1, 2]
    assert [one["number"] for one in line.desk.status()["mirrors"]] == [0]


def test_a_receipt_that_came_below_a_quorum_is_taken_in_later(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong with the file when the ledger does not answer: it is looked at again though it did not change."""
    line.minute()
    line.follower().turn()

    def away(*_: object) -> tuple[str, int]:
        raise NotFinal

    monkeypatch.setattr("akashi.app.mirrors.mirroring.accept", away)
    with pytest.raises(NotFinal):
        line.desk.turn()
    monkeypatch.undo()
    line.desk.turn()

    assert [one["number"] for one in line.desk.status()["mirrors"]] == [1]


def test_a_link_in_the_inbox_is_not_followed(line: Line, tmp_path: Path) -> None:
    """Whoever can write into the inbox cannot make the server read another file."""
    (tmp_path / "secret").write_bytes(b"secret")
    (line.back / "a.akashi-receipt").symlink_to(tmp_path / "secret")
    line.minute()

    assert line.numbers() == [1]


def test_a_missing_outbox_is_an_alarm_and_no_loss(line: Line) -> None:
    """The medium is away: told as such; when it is back the mirror gets all of it."""
    line.out.rename(line.out.with_name("away-medium"))
    with pytest.raises(MirrorFolder):
        line.minute()
    line.out.with_name("away-medium").rename(line.out)
    line.minute()

    assert [step.refused for step in line.follower().turn()] == [None]


@pytest.mark.parametrize(
    ("heard", "retired", "after", "late"),
    [(0, None, 10, True), (90, None, 10, False), (89, None, 10, True), (0, 5, 10, False), (0, None, 0, False)],
)
def test_who_is_late(heard: int, retired: int | None, after: int, *, late: bool) -> None:
    """By its receipt, else by its enrolment; a retired one never is, nor any where the settings say so."""
    record = MirrorRecord("mir-1", 1, b"", 0, Transport(1, 1, b""), accounted_ms=heard, retired_ms=retired)

    assert is_overdue(record, 100, after) is late


def test_a_process_beside_is_told_the_desks_own_errors(line: Line, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a process of the same user is told over the socket is what the command would have said itself."""
    folder = tmp_path_factory.mktemp("d")  # names of sockets are short
    control_path(folder).parent.mkdir()
    served = ControlSocket(control_path(folder), line.desk.verbs())
    served.start()
    try:
        with pytest.raises(MirrorUnknown) as told:
            ask(folder, "export", folder=str(line.out), mirror="mir-nobody", again=False)
    finally:
        served.stop()

    with pytest.raises(MirrorUnknown) as own:
        line.desk.export(line.out, "mir-nobody")
    assert (told.value.params, str(told.value)) == (own.value.params, str(own.value))
