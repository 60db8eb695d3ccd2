"""A mirror's word counts like a server's: the transfer is erased only when the carried receipt is on the ledger."""

from __future__ import annotations

import pytest

from akashi.app.desk.trail import erasure_state
from akashi.app.mirrors import mirroring
from akashi.network.payloads.erasing import ALARM_AFTER_MS, overdue_receipts
from akashi.vault.events import ErasureProgress, ErasureStatus, erasure_progress
from akashi.vault.model import Survival
from tests.network.mirror.carrying import Carried


def progress(carried: Carried, payload: bytes) -> ErasureProgress:
    """How far the erasure is."""
    with carried.service.server.engine.view() as state:
        return erasure_progress(state, payload, carried.service.clock.now_ms())


def test_a_transfer_waits_for_the_mirrors_receipt(carried: Carried) -> None:
    """The server's receipt is there, the mirror's is not: being erased, with an alarm after a while; with it, erased and recorded. Parties see whose word is missing."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    before = progress(carried, payload)
    shown = erasure_state(carried.service.clinic, carried.service.clinic.exchange.show(name).transfer)
    now = carried.service.clock.now_ms()
    alarms = overdue_receipts(carried.service.server.engine, now + 2 * ALARM_AFTER_MS)
    carried.carry()
    after = progress(carried, payload)
    carried.service.server.housekeeping.run_once()

    assert (before.status, before.missing) == (ErasureStatus.ERASING, (10_000,))
    assert [(one.number, one.survival) for one in before.remains] == [(10_000, Survival.EVERYTHING)]
    assert [(one.number, one.payload) for one in alarms] == [(10_000, payload)]
    assert (shown.state, shown.missing) == ("erasing", (10_000,))
    assert (after.status, after.missing, after.remains) == (ErasureStatus.ERASED, (), ())
    assert carried.service.trail(name)[-1] == "transfer.erased"


def test_a_retired_mirror_ends_it_unproven(carried: Carried) -> None:
    """Taken off the ledger without a word: the erasure ends, and what may survive there is named for ever."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    mirroring.retire(carried.service.server, carried.mirror.handle)

    left = progress(carried, payload)
    shown = erasure_state(carried.service.clinic, carried.service.clinic.exchange.show(name).transfer)

    assert (left.status, left.not_proven) == (ErasureStatus.ERASED, (10_000,))
    assert [(one.number, one.survival) for one in left.remains] == [(10_000, Survival.UNKNOWN)]
    assert (shown.state, shown.missing, shown.not_proven) == ("erased", (), (10_000,))


def test_a_mirror_says_nothing_before_the_bytes_are_out_of_its_files(
    carried: Carried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader held the mirror's database while rows were deleted: no word, also not the next time, before it was rewritten."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    with monkeypatch.context() as held:
        held.setattr(carried.mirror.bodies, "vacuum", lambda: False)
        for _ in range(3):
            carried.carry()
    waiting = progress(carried, payload).missing
    for _ in range(2):
        carried.carry()

    assert waiting == (10_000,)
    assert progress(carried, payload).missing == ()
