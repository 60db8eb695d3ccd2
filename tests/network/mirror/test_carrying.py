"""What is carried to a mirror and back: leaves, bodies, wraps, orders, receipts."""

from __future__ import annotations

from tests.network.mirror.carrying import Carried


def test_a_bundle_brings_everything(carried: Carried) -> None:
    """After the first bundle the mirror has every leaf and every sealed body, and verifies again as a whole."""
    name = carried.send()
    carried.carry()
    leaves, bodies = carried.mirror.verify()

    assert bodies == 1
    assert leaves == carried.mirror.copy.size
    assert carried.mirror.bodies.find(carried.payload(name)) is not None


def test_an_erasure_is_open_until_the_receipt_is_back(carried: Carried) -> None:
    """消去中 lasts until the mirror has erased, destroyed the old transport key, and its receipt is on the ledger."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    after_erasure = carried.pending()
    made = carried.export()
    carried.mirror.take(made.path)
    after_import = carried.pending()
    new = carried.answer()

    assert after_erasure == after_import == [payload]
    assert new == 1
    assert carried.pending() == []
