"""What is carried may be altered, cut, replayed, swapped or forged on the way: nothing of it gets in, and the mirror stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import AkashiError
from akashi.network.mirror.errors import (
    BundleForeign,
    BundleForged,
    BundleGap,
    BundleMalformed,
    BundleReplayed,
    BundleRollback,
    MirrorForked,
)
from akashi.network.mirror.framing import Item, opened_bundle
from akashi.network.mirror.importing import examine
from tests.network.mirror.story import Story, opened, same


def _refused(home: Path, bundle: Path) -> AkashiError:
    """The error of an import that changes nothing."""
    mirror = opened(home)
    try:
        before = (mirror.copy.size, mirror.tables.last(), mirror.receipts())
        with pytest.raises(AkashiError) as caught:
            mirror.take(bundle)
        assert (mirror.copy.size, mirror.tables.last(), mirror.receipts()) == before
        mirror.verify()
    finally:
        mirror.close()
    return caught.value


def test_a_missing_bundle_is_a_gap(story: Story, tmp_path: Path) -> None:
    """The second without the first."""
    assert isinstance(_refused(story.away(0, tmp_path / "away"), story.bundles[1]), BundleGap)


def test_an_old_bundle_is_a_replay(story: Story, tmp_path: Path) -> None:
    """The first after the second."""
    assert isinstance(_refused(story.away(2, tmp_path / "away"), story.bundles[0]), BundleReplayed)


def test_the_newest_bundle_again_is_answered_again(story: Story, tmp_path: Path) -> None:
    """Handed in twice, as after a crash before the receipt: the same answer, nothing taken twice."""
    mirror = opened(story.away(2, tmp_path / "away"))
    fresh, receipts = mirror.take(story.bundles[1]), mirror.receipts()
    mirror.close()

    assert not fresh
    assert receipts == story.receipts[1]


def test_a_bundle_of_an_older_log_is_a_rollback(story: Story, tmp_path: Path) -> None:
    """A server that was put back signs a new bundle with an older end."""
    forged = story.forged(1, tmp_path / "old", same, number=9)

    assert isinstance(_refused(story.away(2, tmp_path / "away"), forged), BundleRollback)


def test_another_history_is_refused_and_its_proof_is_kept(story: Story, tmp_path: Path) -> None:
    """The same keys signed another continuation: refused, and the signed checkpoint is kept."""
    away = story.away(2, tmp_path / "away")
    forked = replace(story, bundles=[story.fork])
    refused = _refused(away, forked.forged(1, tmp_path / "fork", same, number=3))

    assert isinstance(refused, MirrorForked)
    assert len(list((away / "mirror" / "forks").iterdir())) == 1


def test_a_bundle_for_another_mirror_is_foreign(story: Story, tmp_path: Path) -> None:
    """Each mirror takes what is addressed to it."""
    forged = story.forged(2, tmp_path / "foreign", same, mirror="mir-00000000000000000000")

    assert isinstance(_refused(story.away(1, tmp_path / "away"), forged), BundleForeign)


def test_a_bundle_of_another_log_is_foreign(story: Story, tmp_path: Path) -> None:
    """The pinned trust file names the log."""
    forged = story.forged(2, tmp_path / "foreign", same, origin="other.example/akashi/" + "0" * 32 + "/1")

    assert isinstance(_refused(story.away(1, tmp_path / "away"), forged), BundleForeign)


def test_only_a_servers_key_signs_bundles(story: Story, tmp_path: Path) -> None:
    """The secretariat's key is on the ledger too, and does not do."""
    refused = _refused(story.away(1, tmp_path / "away"), story.forged(2, tmp_path / "f", same, signer=story.stranger))

    assert isinstance(refused, BundleForged)
    assert refused.params["failure"] == "signer"


def _other_body(items: list[Item]) -> list[Item]:
    return [[one[0], bytes(len(one[1]))] if one[0] == "piece" and isinstance(one[1], bytes) else one for one in items]


def _body_of_nobody(items: list[Item]) -> list[Item]:
    return [[one[0], bytes(16), one[2]] if one[0] == "body" else one for one in items]


def _other_order(items: list[Item]) -> list[Item]:
    at = next(n for n, one in enumerate(items) if one[0] == "keys")
    return [*items[:at], ["erase", [[bytes(16), bytes(32)]]], *items[at:]]


def _other_transport(items: list[Item]) -> list[Item]:
    return [[one[0], 7, *one[2:]] if one[0] == "keys" else one for one in items]


def _leaf_left_out(items: list[Item]) -> list[Item]:
    return [[one[0], one[1], one[2][:-1]] if one[0] == "leaves" and isinstance(one[2], list) else one for one in items]


def _no_checkpoint(items: list[Item]) -> list[Item]:
    return [one for one in items if one[0] != "checkpoint"]


def _unknown_item(items: list[Item]) -> list[Item]:
    return [*items, ["more", 1]]


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (_other_body, "body.digest"),
        (_body_of_nobody, "body.unknown"),
        (_other_order, "erase.order"),
        (_other_transport, "keys.transport"),
        (_leaf_left_out, "leaves"),
        (_no_checkpoint, "checkpoint"),
        (_unknown_item, "item"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_lying_server_is_noticed(story: Story, tmp_path: Path, change: object, failure: str) -> None:
    """Rightly signed and wrong inside: each item is checked against the ledger itself."""
    assert callable(change)
    refused = _refused(story.away(0, tmp_path / "away"), story.forged(1, tmp_path / "lie", change))

    assert isinstance(refused, BundleForged | BundleMalformed)
    assert refused.params["failure"] == failure


@settings(max_examples=60)
@given(st.data())
def test_any_altered_or_cut_file_is_refused(
    story: Story, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One flipped bit, or any shorter file: the first pass refuses it before anything is written."""
    whole = bytearray(story.bundles[1].read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del whole[at:]
    path = tmp_path_factory.mktemp("altered") / "bundle"
    path.write_bytes(bytes(whole))
    mirror = opened(story.away(1, path.parent / "away"))
    try:
        with pytest.raises((BundleMalformed, BundleForged, BundleForeign, BundleGap, BundleReplayed, BundleRollback)):
            mirror.take(path)
    finally:
        mirror.close()


def test_a_missing_or_extended_file_is_refused(story: Story, tmp_path: Path) -> None:
    """No file, an empty one, and one with more after its end."""
    longer, empty = tmp_path / "longer", tmp_path / "empty"
    longer.write_bytes(story.bundles[1].read_bytes() + b"\x80")
    empty.write_bytes(b"")
    said = []
    for path in (tmp_path / "none", empty, longer):
        with pytest.raises(BundleMalformed) as caught, opened_bundle(path) as reader:
            examine(reader, reader.header.mirror, reader.header.origin)
        said.append(caught.value.failure)

    assert said == ["file", "cut", "trailing"]
