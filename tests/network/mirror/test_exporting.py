"""What goes into a bundle, and what stays out of it although it was there a moment before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.mirrors import mirroring
from akashi.durable import DiskFull, write_pieces
from akashi.network.mirror.errors import MirrorDamaged, MirrorUnknown, ReceiptMalformed
from akashi.network.mirror.export import Sent, parse_receipts, read_sent, write_sent
from akashi.network.mirror.framing import Item, opened_bundle
from akashi.network.mirror.model import MirrorRecord, Transport
from akashi.vault.errors import WrapMissing
from tests.network.mirror.carrying import Carried


def _items(path: Path) -> list[Item]:
    with opened_bundle(path) as reader:
        return list(reader.items())


def test_an_erasure_during_an_export_stays_out(carried: Carried, monkeypatch: pytest.MonkeyPatch) -> None:
    """The payload was alive when the bundle was planned and is erased while its body is being written: the bundle is made anew without it."""
    kept, erased = carried.payload(carried.send(1)), carried.send(2)
    payload, vault = carried.payload(erased), carried.service.server.vault
    whole = vault.body

    def body(wanted: bytes) -> Iterator[bytes]:
        if wanted == payload and carried.order_of(payload) is None:
            carried.erase(erased)
        return whole(wanted)

    monkeypatch.setattr(vault, "body", body)
    made = carried.export()
    carried.mirror.take(made.path)

    assert [item[1] for item in _items(made.path) if item[0] == "body"] == [kept]
    assert carried.mirror.bodies.find(payload) is None
    assert [path.name for path in carried.medium.iterdir()] == [made.path.name]


def test_a_body_travels_once(carried: Carried) -> None:
    """Sent with the first bundle, not with the second; with ``again`` until the mirror has acknowledged it."""
    carried.send()
    bodies = [
        sum(item[0] == "body" for item in _items(carried.export(again=again).path)) for again in (False, False, True)
    ]
    carried.mirror.take(max(carried.medium.iterdir()))
    carried.answer()
    bodies.append(sum(item[0] == "body" for item in _items(carried.export(again=True).path)))

    assert bodies == [1, 0, 1, 0]


def test_a_failed_write_leaves_nothing(carried: Carried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The medium is full: no file under the name, none beside it, and the next export begins at the same place."""
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(DiskFull):
        write_pieces(tmp_path / "bundle", iter([b"a", b"b"]))
    monkeypatch.undo()

    assert not (tmp_path / "bundle").exists()
    assert list(tmp_path.glob(".bundle*")) == []
    assert carried.export().header.start == 0


def test_what_was_sent_is_remembered(tmp_path: Path) -> None:
    """Round trip; a damaged file is said to be damaged; a file that is older than the ledger's word counts for the worst case."""
    path, sent = tmp_path / "sent", Sent(3, 40, ((bytes(16), 2), (b"\x01" * 16, 3)), 2)
    record = MirrorRecord("mir-aaaa", -19, b"", 0, Transport(4, 1, b""), number=2, size=30)
    write_sent(path, sent)
    again = read_sent(path)
    path.write_bytes(b"\x81\x01")
    with pytest.raises(MirrorDamaged):
        read_sent(path)

    assert again == sent
    assert sent.since(record, again=True) == Sent(3, 30, ((bytes(16), 2),), 2)
    assert Sent().since(record, again=False) == Sent(2, 30, (), 4)


def test_wraps_leave_the_vault_whole_or_not_at_all(carried: Carried) -> None:
    """Its digests are the ledger's; a payload with a wiped slot is not handed on with the rest of its wraps."""
    payload, vault = carried.payload(carried.send()), carried.service.server.vault
    wraps = vault.wraps(payload)
    vault._slots.wipe(payload)
    with pytest.raises(WrapMissing):
        vault.wraps(payload)

    assert len(wraps) >= 2


def test_files_that_are_no_receipts_are_refused(carried: Carried) -> None:
    """Anything else that may be on a medium, and a mirror that nobody enrolled."""
    for data in (b"", b"\x00", b"\xff" * 40, b"\x83\x01\x02\x03"):
        with pytest.raises(ReceiptMalformed):
            parse_receipts(data)
    with pytest.raises(MirrorUnknown):
        mirroring.export(carried.service.server, "mir-00000000000000000000", carried.medium)
