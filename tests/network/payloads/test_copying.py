"""Copies of payloads: a quorum has them before anything is announced, the rest follows, and nobody's word is believed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akashi.exchange.model import ReadPurpose
from akashi.exchange.records import transfer
from akashi.ledger.wire.envelope import sign_cose
from akashi.network.payloads import copies
from akashi.network.payloads.copies import Bounds, Copies
from akashi.network.payloads.errors import CopiesBusy, CopiesMissing, CopyBroken, CopyDiffers, CopyRefused
from akashi.network.payloads.intake import fetch_missing
from akashi.network.payloads.streams import container_of, offer_head
from akashi.vault.errors import PayloadDiffers, PayloadErased
from akashi.vault.receipt import STORAGE_TYPE, StorageReceipt, parse_storage_receipt, split_receipts
from akashi.vault.service import Vault
from tests.exchange.world import CLERK, LEDGER, NAMED, OTHER, request
from tests.network.payloads.servers import QUICK, Network, Node, found, key_id_of, remains_of
from tests.vault.forge import noise, sealed
from tests.waiting import PATIENCE_S, until

SIZE = 3_000_000


def staged(node: Node, payload: int = 1, size: int = SIZE) -> bytes:
    """A sealed payload in one server's vault, not announced; its id."""
    sealing = sealed(noise(size, str(payload)), payload_id=payload.to_bytes(16, "big"))
    node.vault.stage(sealing.payload_id, sealing.wraps, sealing.chunks())
    return sealing.payload_id


def whole(vault: Vault, payload: bytes) -> bytes:
    """A payload's container."""
    return b"".join(container_of(vault, LEDGER, payload))


def offer(node: Node, payload: bytes) -> Iterator[bytes]:
    """What a server sends to offer its copy."""
    yield offer_head(node.vault.receipt(payload))
    yield from container_of(node.vault, LEDGER, payload)


def send(world: Network) -> str:
    """One transfer; its handle."""
    return world.sender.send(request(), world.acting(CLERK)).transfer


def settle(world: Network) -> None:
    """Wait until every server that is up has what the first one has."""
    up = [node.vault for node in world.nodes.values() if node.up]
    until(
        lambda: all(vault.stored() == world.vault.stored() for vault in up),
        "the same copies everywhere",
        lambda: [len(vault.stored()) for vault in up],
    )


def test_a_transfer_is_announced_with_a_quorums_receipts(network: Network) -> None:
    """Three of four receipts, of different servers, are on the ledger; every server has the bytes; the receiver opens them."""
    name = send(network)
    settle(network)
    with network.engine.view() as state:
        sent = transfer(state, name)
    assert sent is not None

    containers = {whole(node.vault, sent.payload) for node in network.nodes.values()}
    opened = network.receiver.open(name, ReadPurpose.CHECKUP_RESULT, network.acting(NAMED))

    assert len(containers) == 1
    assert opened.documents[0][1].startswith(b"id,name")


def test_receipts_are_of_different_voting_servers(network: Network) -> None:
    """What ``stage`` returns: this server's first, then others', as many as a quorum needs."""
    sealing = sealed(noise(1000))
    assert network.copies is not None
    first, others = split_receipts(network.copies.stage(sealing.payload_id, sealing.wraps, sealing.chunks()))

    keys = [parse_storage_receipt(one)[1] for one in (first, *others)]

    assert keys[0] == key_id_of(network.nodes[1])
    assert len(set(keys)) == len(keys) == 3
    assert set(keys) <= {key_id_of(node) for node in network.nodes.values()}


def test_one_server_down_stops_nobody(network: Network) -> None:
    """Three of four are a quorum; the fourth fetches its copy when it is back, from any other."""
    network.nodes[4].stop()
    name = send(network)
    settle(network)
    network.nodes[4].start()

    report = fetch_missing(network.nodes[4].intake)

    payload = network.sender.show(name).transfer.payload
    assert report == (1, ())
    assert whole(network.nodes[4].vault, payload) == whole(network.vault, payload)
    assert fetch_missing(network.nodes[4].intake) == (0, ())


def test_below_quorum_nothing_is_announced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of four down: the sender is told, in both languages, and no transfer exists."""
    monkeypatch.setattr(copies, "_next", _the_first_in_any_time(copies._next))
    world = Network(home, bounds=Bounds(wait_copies=0.2, pause=0.01))
    for number in (3, 4):
        world.nodes[number].stop()

    with pytest.raises(CopiesMissing) as caught:
        send(world)

    assert caught.value.params == {"have": 2, "wanted": 3}
    with world.engine.view() as state:
        assert not list(state.scan("tr"))
    world.close()


def _the_first_in_any_time(
    then: Callable[[copies._Round], bytes | None],
) -> Callable[[copies._Round], bytes | None]:
    """Waits for the first receipt as long as a slow machine needs, for further ones as long as the service does."""
    came: list[bytes] = []

    def next_(tour: copies._Round) -> bytes | None:
        if came:
            return then(tour)
        came.append(tour.arrived.get(timeout=PATIENCE_S))
        return came[0]

    return next_


def test_a_copy_that_breaks_off_goes_on_where_it_stopped(network: Network) -> None:
    """The offer's stream breaks after 1 MB; the rest comes from the byte where it stopped, and the receipt is the same."""
    one, two = network.nodes[1], network.nodes[2]
    payload = staged(one)
    one.wires[2].cut_after = 1_000_000

    receipt = one.wires[2].put(payload, lambda: offer(one, payload))

    head = len(offer_head(one.vault.receipt(payload)))
    assert parse_storage_receipt(receipt)[0] == parse_storage_receipt(one.vault.receipt(payload))[0]
    assert whole(two.vault, payload) == whole(one.vault, payload)
    assert two.wires[1].calls == [f"get {1_000_000 - head}"]


def test_a_copy_is_pieced_together_from_several_servers(network: Network) -> None:
    """Every wire breaks after a while; what one server began another ends."""
    for number in (2, 3):
        for at in (1, 2, 3):
            if at != number:
                network.nodes[number].wires[at].cut_after = None
    payload = send_large(network)
    target = network.nodes[4]
    for wire in target.wires.values():
        wire.cut_after = 1_200_000
    target.vault.close()
    target.restore(target.home / "empty")
    target.start()

    assert target.intake.fetch(payload)

    assert whole(target.vault, payload) == whole(network.vault, payload)
    assert [wire.calls[-1] for wire in target.wires.values()] == ["get 0", "get 1200000", "get 2400000"]


def send_large(world: Network) -> bytes:
    """A transfer of 3 MB that does not compress; its payload. Server 4's vault from before is kept as ``empty``."""
    node = world.nodes[4]
    node.stop()
    node.back_up(node.home / "empty")
    node.start()
    content = b"id,value\r\n" + b"".join(b"%d,%s\r\n" % (n, noise(24, str(n)).hex().encode()) for n in range(110_000))
    name = world.sender.send(request(content), world.acting(CLERK)).transfer
    settle(world)
    return world.sender.show(name).transfer.payload


def test_nobody_can_finish_it(network: Network) -> None:
    """All wires break: an error that may be tried again, and nothing of it is stored."""
    one, two = network.nodes[1], network.nodes[2]
    payload = staged(one)
    for wire in (one.wires[2], *two.wires.values()):
        wire.cut_after = 100_000

    with pytest.raises(CopyBroken):
        one.wires[2].put(payload, lambda: offer(one, payload))

    assert two.vault.find(payload) is None


def flipped(piece: bytes) -> bytes:
    """The last bit of a piece changed."""
    return piece[:-1] + bytes([piece[-1] ^ 1]) if piece else piece


def test_a_lying_servers_copy_is_dropped_and_fetched_elsewhere(network: Network) -> None:
    """Attack: one server hands out altered bytes; the copy comes from an honest one and the liar is counted."""
    name = send(network)
    settle(network)
    payload = network.sender.show(name).transfer.payload
    fresh = network.nodes[4]
    fresh.stop()
    for file in (fresh.home / "vault").iterdir():
        file.unlink()
    fresh.start()
    fresh.wires[1].tamper = flipped

    assert fresh.intake.fetch(payload)

    assert whole(fresh.vault, payload) == whole(network.vault, payload)
    assert fresh.intake.mistrusted == {"srv-0001": 1}


def test_altered_bytes_are_never_kept(network: Network) -> None:
    """Attack: everybody lies. Nothing is stored, and it is asked for again later."""
    one, two = network.nodes[1], network.nodes[2]
    payload = staged(one, size=1000)
    stream = [*offer(one, payload)]
    altered = [*stream[:-1], flipped(stream[-1])]

    with pytest.raises(CopyDiffers):
        two.intake.take("srv-0001", payload, iter(altered))

    assert two.vault.find(payload) is None


def test_an_offer_is_signed_by_a_voting_server(network: Network) -> None:
    """Attack: a gateway's key, a retired server's, one changed bit, another payload's receipt, no receipt at all."""
    one, two = network.nodes[1], network.nodes[2]
    payload, other = staged(one, 1, 1000), staged(one, 2, 1000)
    good = one.vault.receipt(payload)
    content = parse_storage_receipt(good)[0]
    gateway = sign_cose(network.gateways[OTHER].keystore.signer("gateway"), STORAGE_TYPE, content.encode())
    network.retire(3)
    retired = sign_cose(network.nodes[3].keys.signer("server"), STORAGE_TYPE, content.encode())
    attempts = [
        (offer_head(gateway), "offer.signer"),
        (offer_head(retired), "offer.signer"),
        (offer_head(flipped(good)), "offer.signature"),
        (offer_head(one.vault.receipt(other)), "offer.payload"),
        (b"\x00", "offer.encoding"),
        (b"", "offer.encoding"),
        (offer_head(b"x"), "offer.encoding"),
    ]

    refused = []
    for head, _ in attempts:
        with pytest.raises(CopyRefused) as caught:
            two.intake.take("srv-0001", payload, iter([head, whole(one.vault, payload)]))
        refused.append(caught.value.failure)

    assert refused == [reason for _, reason in attempts]
    assert two.vault.find(payload) is None


def test_an_offer_that_contradicts_the_ledger_is_refused(network: Network) -> None:
    """Attack: after the announcement a server offers other bytes under the same id."""
    name = send(network)
    settle(network)
    payload = network.sender.show(name).transfer.payload
    forged = StorageReceipt(LEDGER, payload, bytes(32), bytes(32), 5)
    head = offer_head(sign_cose(network.nodes[2].keys.signer("server"), STORAGE_TYPE, forged.encode()))

    with pytest.raises(CopyRefused, match=r"offer\.announced"):
        network.nodes[3].intake.take("srv-0002", payload, iter([head, b"bytes"]))


def test_other_bytes_under_a_staged_id_are_refused(network: Network) -> None:
    """Before the announcement the first copy stands; a second, other one is refused and the first is kept."""
    one, two = network.nodes[1], network.nodes[2]
    payload = staged(one, 7, 1000)
    other = sealed(noise(500), payload_id=payload)
    two.vault.stage(payload, other.wraps, other.chunks())
    kept = whole(two.vault, payload)

    with pytest.raises(PayloadDiffers):
        two.intake.take("srv-0001", payload, offer(one, payload))

    assert whole(two.vault, payload) == kept


def test_what_is_there_is_not_sent_again(network: Network) -> None:
    """A repeated offer is answered from what is stored: its stream is not read, and another vault's bytes are not asked for."""
    one, two = network.nodes[1], network.nodes[2]
    payload = staged(one, size=1000)
    first = two.intake.take("srv-0001", payload, offer(one, payload))
    calls = [list(wire.calls) for wire in two.wires.values()]

    second = two.intake.take("srv-0001", payload, iter([offer_head(one.vault.receipt(payload))]))

    assert first == second
    assert [list(wire.calls) for wire in two.wires.values()] == calls


def test_two_offers_at_once_are_one_copy(network: Network) -> None:
    """Servers 1 and 3 offer the same payload at the same moment; both get the receipt, one stream is read."""
    one, two, three = (network.nodes[number] for number in (1, 2, 3))
    payload = staged(one)
    three.intake.take("srv-0001", payload, offer(one, payload))
    receipts: list[bytes] = []

    def give(node: Node) -> None:
        receipts.append(two.intake.take(node.handle, payload, offer(node, payload)))

    threads = [threading.Thread(target=give, args=(node,)) for node in (one, three)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert len(receipts) == 2
    assert len(set(receipts)) == 1
    assert two.vault.stored() == [payload]


def test_a_full_house_sends_the_next_one_away(network: Network) -> None:
    """Back-pressure: with every place taken, a further payload is refused before a byte of it is read."""
    house = Copies(network.engine, network.vault, list, Bounds(at_once=1, wait_place=0.01, wait_copies=0.5, pause=0.01))
    inside, go_on, read = threading.Event(), threading.Event(), []
    sealing, later = sealed(noise(10), payload_id=bytes(16)), sealed(noise(10), payload_id=bytes(15) + b"\x01")

    def slow() -> Iterator[bytes]:
        inside.set()
        go_on.wait(PATIENCE_S)
        yield from sealing.chunks()

    def noticed() -> Iterator[bytes]:
        read.append(1)
        yield from later.chunks()

    def stage() -> None:
        with pytest.raises(CopiesMissing):
            house.stage(sealing.payload_id, sealing.wraps, slow())

    thread = threading.Thread(target=stage)
    thread.start()
    inside.wait(PATIENCE_S)

    with pytest.raises(CopiesBusy):
        house.stage(later.payload_id, later.wraps, noticed())

    go_on.set()
    thread.join(PATIENCE_S)
    house.close()
    assert read == []


def test_a_receipt_that_is_none_does_not_count(network: Network) -> None:
    """Attack: a server answers with another payload's receipt, another's signature, or noise."""
    other = network.nodes[2].vault
    sealing, decoy = sealed(noise(10)), sealed(noise(20), payload_id=bytes(16))
    lie = other.stage(decoy.payload_id, decoy.wraps, decoy.chunks())

    class Liar:
        server = "srv-liar"

        def __init__(self, answer: bytes) -> None:
            self.answer = answer

        def put(self, _payload: bytes, _stream: object) -> bytes:
            return self.answer

        def get(self, _payload: bytes, _start: int) -> Iterator[bytes]:
            return iter(())

        def ids(self, _after: bytes) -> list[bytes]:
            return []

    liars = [Liar(lie), Liar(b"noise"), Liar(flipped(lie))]
    house = Copies(network.engine, network.vault, lambda: liars, Bounds(wait_copies=0.2, pause=0.01))

    with pytest.raises(CopiesMissing) as caught:
        house.stage(sealing.payload_id, sealing.wraps, sealing.chunks())

    house.close()
    assert caught.value.params["have"] == 1


def test_nothing_is_given_or_taken_after_an_order(network: Network) -> None:
    """Once the erasure is ordered no server hands the copy out, takes it, or asks for it."""
    name = send(network)
    settle(network)
    remains = remains_of(network, name)
    head = offer_head(network.vault.receipt(remains.payload))
    network.order(remains.payload, name)
    fresh = network.nodes[4]

    with pytest.raises(PayloadErased):
        network.nodes[2].intake.give(remains.payload, 0)
    with pytest.raises(PayloadErased):
        fresh.intake.take("srv-0001", remains.payload, iter([head]))

    assert fresh.intake.fetch(remains.payload) is False
    assert fresh.intake.missing() == []
    assert found(network.home, remains.never) == set()


def test_an_order_that_comes_in_the_middle_wins(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is on its way when the erasure is ordered: it is erased before anybody is told of it."""
    name = send(network)
    settle(network)
    payload = network.sender.show(name).transfer.payload
    fresh = network.nodes[4]
    fresh.stop()
    for file in (fresh.home / "vault").iterdir():
        file.unlink()
    fresh.start()
    stage = fresh.vault.stage

    def late(*arguments: object) -> bytes:
        receipt = stage(*arguments)  # type: ignore[arg-type]  # passed on as they came
        network.order(payload, name)
        return receipt

    monkeypatch.setattr(fresh.vault, "stage", late)
    with pytest.raises(PayloadErased):
        fresh.intake.fetch(payload)

    assert fresh.vault.stored() == []
    with pytest.raises(PayloadErased):
        fresh.vault.body(payload)


def test_bounds_of_the_tests_are_the_services_own() -> None:
    """The tests are only faster than service, not laxer: as many at once."""
    assert QUICK.at_once == Bounds().at_once
