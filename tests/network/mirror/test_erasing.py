"""An erasure reaches the mirror: nothing is left there that opens, and its receipt says so no sooner."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.app.mirrors import mirroring
from akashi.app.wiring import KINDS
from akashi.keys.errors import KeyMissing, OpeningFailed
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.errors import Refused
from akashi.network.mirror.errors import ReceiptMalformed
from akashi.network.mirror.events import survivors
from akashi.network.mirror.export import parse_receipts
from akashi.network.mirror.framing import opened_bundle
from akashi.network.mirror.generation import Generation, open_outer, parse_keys_item
from akashi.network.mirror.receipt import parse_mirror_receipt
from akashi.network.mirror.service import Mirror
from tests.network.mirror.carrying import MIRROR_PASSPHRASE, Carried
from tests.network.mirror.story import Story, opened


def _found(folder: Path, needles: list[bytes]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(needle in path.read_bytes() for needle in needles)]


def _generation(bundle: Path) -> Generation:
    with opened_bundle(bundle) as reader:
        return next(parse_keys_item(item) for item in reader.items() if item[0] == "keys")


def test_no_wrap_travels_in_the_open(story: Story) -> None:
    """The sealed body is in the bundle; its wraps are only in the sealed generation."""
    data = story.bundles[0].read_bytes()

    assert all(piece in data for piece in story.body)
    assert [wrap for wrap in story.wraps if wrap in data] == []


def test_after_the_import_of_the_order_nothing_is_left(story: Story, tmp_path: Path) -> None:
    """Raw files: the sealed body was at the mirror before the order, and is in no file after it."""
    before, after = story.away(1, tmp_path / "before"), story.away(2, tmp_path / "after")

    assert _found(before, story.body) != []
    assert _found(after, [*story.body, *story.wraps]) == []


def test_the_old_medium_opens_nothing_any_more(story: Story, tmp_path: Path) -> None:
    """The first medium's generation held the erased wraps: the key that it was sealed to is destroyed with the second import."""
    header = None
    with opened_bundle(story.bundles[0]) as reader:
        header = reader.header
    old = _generation(story.bundles[0])
    mirror = opened(story.away(1, tmp_path / "before"))
    inner = open_outer(header, old, mirror.transport_opener(old.transport))
    mirror.close()
    mirror = opened(story.away(2, tmp_path / "after"))
    with pytest.raises(KeyMissing):
        mirror.transport_opener(old.transport)
    newer = mirror.transport_opener(_generation(story.bundles[1]).transport)
    with pytest.raises(OpeningFailed):
        open_outer(header, old, newer)
    mirror.close()

    assert inner


def test_only_the_newest_generation_is_kept(story: Story, tmp_path: Path) -> None:
    """Each import replaces the one before it."""
    kept = [
        sorted(one.name for one in (story.folder / f"away-{n}" / "mirror" / "generations").iterdir()) for n in (1, 2, 3)
    ]

    assert kept == [["00000001"], ["00000002"], ["00000003"]]


def test_the_receipt_names_the_erasure_once_it_is_final(story: Story) -> None:
    """The second receipt answers for the erased payload; later ones, once that was taken in, do not repeat it."""
    pages = [parse_mirror_receipt(page)[0] for data in story.receipts for page in parse_receipts(data)]

    assert [[one.payload for one in page.gone] for page in pages] == [[], [story.erased], []]
    assert [page.destroyed for page in pages] == [0, 1, 2]


def test_a_lost_bundle_keeps_an_erasure_open(carried: Carried) -> None:
    """A medium that never arrived holds wraps for a key that the mirror still has: the erasure waits until that key is destroyed."""
    name = carried.send()
    carried.carry()
    carried.export()  # lost on the way, sealed to the second key
    payload = carried.payload(name)
    carried.erase(name)
    carried.mirror.take(carried.export(again=True).path)
    carried.answer()
    still_open = carried.pending()
    carried.carry()

    assert still_open == [payload]
    assert carried.pending() == []


def test_an_unaccounted_mirror_is_closed_as_not_proven(carried: Carried) -> None:
    """Retired, a mirror is asked no more; who looks at the payload still sees that nothing was proven there."""
    name = carried.send()
    carried.carry()
    payload = carried.payload(name)
    carried.erase(name)
    mirroring.retire(carried.service.server, carried.mirror.handle)
    with carried.service.server.engine.view() as state:
        left = survivors(state, payload)

    assert carried.pending() == []
    assert [(one.mirror, one.retired) for one in left] == [(carried.mirror.handle, True)]


def test_a_later_mirror_reopens_no_erasure(carried: Carried, tmp_path: Path) -> None:
    """What was erased before a mirror was enrolled is not 消去中 for its sake; what is erased after it is."""
    service = carried.service
    before, after = carried.send(1), carried.send(2)
    carried.carry()
    carried.erase(before)
    for _ in range(2):
        carried.carry()
    assert carried.pending() == []
    service.clock.advance(1_000)
    trust = service.server.trust_text().encode()
    later = Mirror.create(tmp_path / "later", trust, MIRROR_PASSPHRASE, KINDS, service.clock, cost=FAST_UNSAFE_COST)
    try:
        mirroring.enrol(service.server, later.enrolment())
        assert carried.pending() == []

        service.clock.advance(1_000)
        payload = carried.payload(after)
        carried.erase(after)
        (open_,) = mirroring.open_erasures(service.server)
        assert (open_.payload, set(open_.mirrors)) == (payload, {carried.mirror.handle, later.handle})
    finally:
        later.close()


def test_receipts_of_others_and_old_ones_are_refused(carried: Carried) -> None:
    """A receipt counts under the mirror's own key, and never takes anything back."""
    carried.send()
    carried.mirror.take(carried.export().path)
    first = carried.mirror.receipts()
    carried.answer()
    carried.carry()
    forged = bytearray(carried.mirror.receipts())
    forged[-1] ^= 1
    with pytest.raises(Refused) as older:
        mirroring.accept(carried.service.server, first)
    with pytest.raises(ReceiptMalformed) as altered:
        mirroring.accept(carried.service.server, bytes(forged))

    assert (older.value.reason, altered.value.params["failure"]) == ("mirror.older", "signature")
    assert mirroring.accept(carried.service.server, carried.mirror.receipts()) == (carried.mirror.handle, 0)
