"""Erasure on every server: one is down, one comes back from an older copy, one is retired; raw search over all files each time."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from akashi.exchange.model import DAY_MS, Status, WithdrawReason
from akashi.network.payloads.erasing import ALARM_AFTER_MS, SCRUB_PATIENCE_MS, SWEEP_EVERY_MS, Erased, overdue_receipts
from akashi.network.payloads.intake import fetch_missing
from akashi.vault.accounting import Owed, accounts
from akashi.vault.errors import PayloadErased, PayloadMissing
from akashi.vault.events import ErasureStatus, payload_record
from akashi.vault.model import Account, ErasureLevel, Survival
from tests.exchange.world import CLERK, request
from tests.network.payloads.servers import Network, Node, Remains, found, remains_of


def sent(network: Network) -> tuple[str, Remains]:
    """A transfer whose copy is on every server that is up."""
    name = network.sender.send(request(), network.acting(CLERK)).transfer
    for node in network.nodes.values():
        if node.up:
            fetch_missing(node.intake)
    return name, remains_of(network, name)


def withdrawn(network: Network, name: str) -> None:
    """The sender takes it back, so that it is due for erasure."""
    network.sender.withdraw(name, WithdrawReason.WRONG_CONTENT, network.acting(CLERK))


def erase(nodes: Iterable[Node]) -> list[Erased]:
    """One run of each server's own erasing."""
    return [node.erasures.run_once() for node in nodes]


def held(network: Network, remains: Remains) -> set[str]:
    """Files that hold wraps or sealed bytes."""
    return found(network.home, [*remains.wrapped, *remains.sealed])


def accounted(network: Network, payload: bytes) -> dict[int, Account]:
    """What each server has said."""
    with network.engine.view() as state:
        return {one.number: one.account for one in accounts(state, payload)}


def test_a_transfer_is_erased_when_all_four_have_said_so(network: Network) -> None:
    """Each with its own receipt; the transfer is done only then; no file of any home holds a key or a sealed byte."""
    name, remains = sent(network)
    before = held(network, remains)
    withdrawn(network, name)

    first = network.housekeeping().run_once()
    erasing = network.progress(remains.payload)
    erase(network.nodes.values())
    last = network.housekeeping().run_once()

    assert len([one for one in before if one.endswith("slots.bin")]) == 4
    assert (first.ordered, first.erased, first.waiting) == (1, 1, 1)
    assert (erasing.status, erasing.missing) == (ErasureStatus.ERASING, (2, 3, 4))
    assert (last.erased, last.waiting) == (0, 0)
    assert network.progress(remains.payload).status is ErasureStatus.ERASED
    trail = [step.kind for step in network.sender.show(name).trail]
    assert (trail[-1], trail.count("payload.erased")) == ("transfer.erased", 4)
    assert held(network, remains) == set()
    assert found(network.home, remains.never) == set()


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3, 4]))[::6])
def test_the_order_of_the_servers_does_not_matter(network: Network, order: tuple[int, ...]) -> None:
    """Whoever is last closes it; before that it is being erased, and who is missing is named."""
    name, remains = sent(network)
    network.order(remains.payload, name)

    for at, number in enumerate(order):
        progress = network.progress(remains.payload)
        assert (progress.status, set(progress.missing)) == (ErasureStatus.ERASING, set(order[at:]))
        assert erase([network.nodes[number]]) == [Erased(1, 1, 0)]

    assert network.progress(remains.payload).status is ErasureStatus.ERASED
    assert erase(network.nodes.values()) == [Erased(0, 0, 0)] * 4


def test_a_server_that_was_down_erases_when_it_returns(network: Network) -> None:
    """While it is down its files still hold everything, the payload is being erased, and an alarm rings; back, it erases before it serves."""
    name, remains = sent(network)
    network.nodes[3].stop()
    network.order(remains.payload, name)
    erase([network.nodes[number] for number in (1, 2, 4)])
    network.clock.advance(ALARM_AFTER_MS + 1)
    left, missing = held(network, remains), network.progress(remains.payload)
    alarms = overdue_receipts(network.engine, network.clock.now_ms())

    network.nodes[3].start()
    served = network.nodes[3].erased_at_start
    at_start = held(network, remains)
    reported = erase([network.nodes[3]])

    assert {Path(one).parts[:2] for one in left} == {("servers", "3")}
    assert (missing.status, missing.missing) == (ErasureStatus.ERASING, (3,))
    assert [(one.number, one.survival) for one in missing.remains] == [(3, Survival.EVERYTHING)]
    assert [(one.number, one.payload) for one in alarms] == [(3, remains.payload)]
    assert (served, at_start) == (1, set())
    assert reported == [Erased(0, 1, 0)]
    assert network.progress(remains.payload).status is ErasureStatus.ERASED
    assert overdue_receipts(network.engine, network.clock.now_ms()) == []


def test_an_older_copy_of_a_vault_brings_nothing_back(network: Network, tmp_path: Path) -> None:
    """Attack: after everybody's receipt an older copy is put in place of a vault. Opened, it erases; nobody hands anything out."""
    name, remains = sent(network)
    network.nodes[2].stop()
    old = network.nodes[2].back_up(tmp_path / "backup")
    network.nodes[2].start()
    network.order(remains.payload, name)
    erase(network.nodes.values())
    assert held(network, remains) == set()

    network.nodes[2].stop()
    network.nodes[2].restore(old)
    restored = held(network, remains)
    network.nodes[2].start()

    assert restored
    assert network.nodes[2].erased_at_start == 1
    assert held(network, remains) == set()
    for call in (network.nodes[2].vault.body, lambda payload: network.nodes[2].intake.give(payload, 0)):
        with pytest.raises(PayloadErased):
            call(remains.payload)
    assert erase(network.nodes.values()) == [Erased(0, 0, 0)] * 4


def test_an_older_copy_from_before_the_payload_fetches_nothing(network: Network, tmp_path: Path) -> None:
    """A vault from before the payload, put back after the order: nothing is fetched, and the receipt says that nothing was held."""
    network.nodes[2].stop()
    old = network.nodes[2].back_up(tmp_path / "backup")
    network.nodes[2].start()
    name, remains = sent(network)
    network.order(remains.payload, name)
    network.nodes[2].stop()
    network.nodes[2].restore(old)
    network.nodes[2].start()

    fetched = fetch_missing(network.nodes[2].intake)
    erase(network.nodes.values())

    assert fetched == (0, ())
    said = accounted(network, remains.payload)
    assert said == {1: Account.ERASED, 2: Account.NOTHING_HELD, 3: Account.ERASED, 4: Account.ERASED}
    with pytest.raises(PayloadErased):
        network.nodes[2].vault.body(remains.payload)
    assert held(network, remains) == set()


def test_a_barred_id_takes_no_copy_any_more(network: Network) -> None:
    """A server that never had it says so and is barred: bytes that arrive late are refused by the vault itself, also after a restart."""
    name, remains = sent(network)
    node = network.nodes[4]
    wraps, body = network.vault.wraps(remains.payload), b"".join(network.vault.body(remains.payload))
    node.stop()
    for file in (node.home / "vault").iterdir():
        file.unlink()
    node.start()
    network.order(remains.payload, name)
    erase([node])

    for _ in range(2):
        with pytest.raises(PayloadErased):
            node.vault.stage(remains.payload, wraps, [body])
        node.stop()
        node.start()

    assert accounted(network, remains.payload)[4] is Account.NOTHING_HELD
    assert not {one for one in held(network, remains) if one.startswith("servers/4")}


def test_a_retired_server_is_closed_as_not_proven(network: Network) -> None:
    """Retired while its copy still lay there: the erasure ends without its word, and says for ever that nothing is proven of it."""
    name, remains = sent(network)
    network.nodes[4].stop()
    network.order(remains.payload, name)
    erase([network.nodes[number] for number in (1, 2, 3)])
    before = network.progress(remains.payload)
    network.retire(4)

    after = network.progress(remains.payload)

    assert (before.status, before.missing) == (ErasureStatus.ERASING, (4,))
    assert (after.status, after.missing, after.not_proven) == (ErasureStatus.ERASED, (), (4,))
    assert [(one.number, one.survival) for one in after.remains] == [(4, Survival.UNKNOWN)]
    assert {Path(one).parts[:2] for one in held(network, remains)} == {("servers", "4")}


def test_a_retired_server_owes_nothing_for_later_orders(network: Network) -> None:
    """Retired before the order: it is not asked, and the three that vote are enough."""
    name, remains = sent(network)
    network.retire(4)
    network.order(remains.payload, name)
    erase([network.nodes[number] for number in (1, 2, 3)])

    assert accounted(network, remains.payload) == dict.fromkeys((1, 2, 3), Account.ERASED)
    assert network.progress(remains.payload).status is ErasureStatus.ERASED


def test_one_server_does_not_speak_for_another(network: Network) -> None:
    """Attack: a server that has said its word tries again, hoping that it counts for one that is down."""
    name, remains = sent(network)
    network.nodes[3].stop()
    network.order(remains.payload, name)
    erase([network.nodes[1]])

    assert erase([network.nodes[1]]) == [Erased(0, 0, 0)]
    assert network.progress(remains.payload).missing == (2, 3, 4)


def test_a_killed_server_finishes_what_it_began(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between destroying and saying so: the next start says it, with the first time of erasure."""
    name, remains = sent(network)
    network.order(remains.payload, name)
    node = network.nodes[2]
    monkeypatch.setattr(node.erasures, "_reported", lambda *_: False)
    assert erase([node]) == [Erased(1, 0, 1)]
    destroyed = node.vault.outcome(remains.payload).erased_ms
    network.clock.advance(5000)
    node.stop()
    node.start()

    assert erase([node]) == [Erased(0, 1, 0)]
    with network.engine.view() as state:
        said = {one.number: one.at_ms for one in accounts(state, remains.payload)}
    assert said[2] == destroyed


def test_a_receipt_waits_for_the_bytes_and_then_says_less(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader holds the files: for a day the server says nothing, then that only the keys are gone; the record keeps the lowest level."""
    name, remains = sent(network)
    network.order(remains.payload, name)
    node = network.nodes[2]
    monkeypatch.setattr(node.vault._bodies, "vacuum", lambda: False)
    assert erase([node]) == [Erased(1, 0, 1)]
    network.clock.advance(SCRUB_PATIENCE_MS)
    erase(network.nodes.values())
    with network.engine.view() as state:
        record = payload_record(state, remains.payload)

    assert record is not None
    assert record.level is ErasureLevel.KEY
    remaining = network.progress(remains.payload).remains
    assert [(one.number, one.survival) for one in remaining] == [(2, Survival.SEALED_BYTES)]


def test_a_late_arrival_is_swept(network: Network) -> None:
    """A copy that a server owes no receipt for (any more) is destroyed by the next hourly sweep all the same."""
    name, remains = sent(network)
    node = network.nodes[4]
    wraps, body = network.vault.wraps(remains.payload), b"".join(network.vault.body(remains.payload))
    network.order(remains.payload, name)
    erase(network.nodes.values())
    node.stop()
    shutil.rmtree(node.home / "vault")
    node.start()
    erase([node])
    node.vault.stage(remains.payload, wraps, [body])

    soon = erase([node])
    network.clock.advance(SWEEP_EVERY_MS)

    assert soon == [Erased(0, 0, 0)]
    assert erase([node]) == [Erased(1, 0, 0)]

    assert held(network, remains) == set()
    assert node.vault.stored() == []


def test_what_nobody_ordered_is_not_erased(network: Network) -> None:
    """Runs without an order destroy nothing on any server, however old the payload is."""
    _, remains = sent(network)
    network.clock.advance(100 * DAY_MS)

    assert erase(network.nodes.values()) == [Erased(0, 0, 0)] * 4

    assert [node.vault.stored() for node in network.nodes.values()] == [[remains.payload]] * 4


def test_a_lost_vault_is_filled_again(network: Network) -> None:
    """A server that lost its vault fetches every copy that is not ordered to be erased, and none that is."""
    gone_name, gone = sent(network)
    kept_name, kept = sent_again(network)
    network.order(gone.payload, gone_name)
    node = network.nodes[3]
    node.stop()
    shutil.rmtree(node.home / "vault")
    node.start()

    report = fetch_missing(node.intake)

    assert report == (1, ())
    assert node.vault.stored() == [kept.payload]
    assert network.sender.show(kept_name).transfer.status is Status.SENT
    with pytest.raises(PayloadMissing):
        node.vault.body(gone.payload)


def sent_again(network: Network) -> tuple[str, Remains]:
    """A second transfer with other content."""
    name = network.sender.send(request(b"id\r\n2\r\n"), network.acting(CLERK)).transfer
    for node in network.nodes.values():
        fetch_missing(node.intake)
    return name, remains_of(network, name)


def test_alarms_name_server_and_payload(network: Network) -> None:
    """Nobody has run: four alarms for one payload after the time, none before."""
    name, remains = sent(network)
    network.order(remains.payload, name)
    ordered = network.clock.now_ms()

    assert overdue_receipts(network.engine, ordered + ALARM_AFTER_MS) == []
    alarms = overdue_receipts(network.engine, ordered + ALARM_AFTER_MS + 2)
    assert [one._replace(ordered_ms=0) for one in alarms] == [Owed(n, remains.payload, 0) for n in (1, 2, 3, 4)]
