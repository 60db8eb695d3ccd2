"""Copies are read again and compared with the ledger; a damaged one is fetched again, and never before somebody has the right bytes."""

from __future__ import annotations

import sqlite3

import pytest

from akashi.network.scrub.copies import CopyScrub
from akashi.vault.errors import PayloadErased, PayloadMissing
from tests.exchange.world import CLERK, request
from tests.network.payloads.servers import Network, Node
from tests.network.payloads.test_copying import send, settle, whole


def scrub_of(network: Network, node: Node) -> CopyScrub:
    """The scrub of one server."""
    return CopyScrub(network.engine, node.vault, node.intake, lambda: list(node.wires.values()))


def sent(network: Network) -> bytes:
    """A payload that every server has."""
    transfer = send(network)
    settle(network)
    return network.sender.show(transfer).transfer.payload


def spoil(node: Node) -> None:
    """One bit of the newest chunk, on the disk."""
    path = node.home / "vault" / "bodies.db"
    with sqlite3.connect(path) as db:
        rowid, data = db.execute("SELECT rowid, data FROM chunks ORDER BY rowid DESC LIMIT 1").fetchone()
        db.execute("UPDATE chunks SET data = ? WHERE rowid = ?", (data[:-1] + bytes([data[-1] ^ 1]), rowid))
    db.close()


def test_whole_copies_pass(network: Network) -> None:
    """Every server's copy is what was announced."""
    payload = sent(network)
    for node in network.nodes.values():
        scrub = scrub_of(network, node)
        assert scrub.ids(b"") == [payload]
        assert scrub.ids(payload) == []
        assert scrub.is_whole(payload)


def test_a_changed_copy_is_fetched_again(network: Network) -> None:
    """One flipped bit: noticed, fetched from another server, byte for byte what it was."""
    payload = sent(network)
    node = network.nodes[3]
    before = whole(node.vault, payload)
    spoil(node)
    scrub = scrub_of(network, node)
    noticed = not scrub.is_whole(payload)

    assert scrub.renew(payload)

    assert noticed
    assert scrub.is_whole(payload)
    assert whole(node.vault, payload) == before


def test_a_damaged_copy_is_kept_while_nobody_has_a_better_one(network: Network) -> None:
    """Must fail: giving up the copy while the others are away, or hand out other bytes."""
    payload = sent(network)
    node = network.nodes[3]
    spoil(node)
    node.wires[1].tamper = lambda piece: piece[:-1] + bytes([piece[-1] ^ 1])
    network.nodes[2].up = network.nodes[4].up = False
    scrub = scrub_of(network, node)

    assert not scrub.renew(payload)

    assert node.vault.size(payload) is not None
    network.nodes[2].up = network.nodes[4].up = True


def test_what_was_erased_does_not_come_back(network: Network) -> None:
    """Must fail: fetching again what was ordered to be erased, before and after it is gone here."""
    transfer = network.sender.send(request(), network.acting(CLERK)).transfer
    settle(network)
    payload = network.sender.show(transfer).transfer.payload
    node = network.nodes[3]
    spoil(node)
    network.order(payload, transfer)
    scrub = scrub_of(network, node)

    assert scrub.is_whole(payload)  # nothing to be compared any more
    assert not scrub.renew(payload)
    node.erasures.run_once()
    assert scrub.ids(b"") == []
    with pytest.raises(PayloadErased):
        node.vault.forget(payload)


def test_forgetting_what_is_not_there(network: Network) -> None:
    """Must fail: forgetting an unknown payload."""
    with pytest.raises(PayloadMissing):
        network.nodes[2].vault.forget(bytes(16))
