"""The slot file: wraps are found by scanning, overwritten in place, and nobody else's file is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.durable import DiskFull, write_file
from akashi.errors import Misuse
from akashi.vault.errors import VaultDamaged, VaultLocked
from akashi.vault.slots import GROWTH, SLOT_SIZE, SlotRecord, Slots, parse_slot

FIRST, SECOND = bytes([1]) * 16, bytes([2]) * 16
KEY, OTHER_KEY = bytes([3]) * 32, bytes([4]) * 32


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    opened = Slots(tmp_path / "slots.bin")
    yield opened
    opened.close()


@given(payload=st.binary(min_size=16, max_size=16), key=st.binary(min_size=32, max_size=32), wrap=st.binary())
def test_a_record_is_exactly_one_slot(payload: bytes, key: bytes, wrap: bytes) -> None:
    """Format and parse are inverse, and any flipped bit of the first hundred bytes is noticed."""
    data = SlotRecord(payload, key, wrap).encode()

    assert len(data) == SLOT_SIZE
    assert parse_slot(data) == SlotRecord(payload, key, wrap)
    assert parse_slot(bytes([data[0] ^ 1]) + data[1:]) is None
    assert parse_slot(data[:99] + bytes([data[99] ^ 1]) + data[100:]) is None


def test_a_wrap_too_long_for_a_slot_is_misuse() -> None:
    """Slots never spill over."""
    with pytest.raises(Misuse):
        SlotRecord(FIRST, KEY, bytes(3073)).encode()


def test_wraps_are_found_again_after_reopening(slots: Slots, tmp_path: Path) -> None:
    """The file is its own index."""
    slots.put([SlotRecord(FIRST, KEY, b"one"), SlotRecord(FIRST, OTHER_KEY, b"two"), SlotRecord(SECOND, KEY, b"3")])
    slots.close()
    again = Slots(tmp_path / "slots.bin")

    found = [again.get(FIRST, KEY), again.get(FIRST, OTHER_KEY), again.get(SECOND, KEY), again.get(SECOND, OTHER_KEY)]

    again.close()
    slots._handle = os.open(tmp_path / "slots.bin", os.O_RDONLY)  # so that the fixture can close it
    assert found == [b"one", b"two", b"3", None]


def test_wiping_leaves_zeros_and_the_other_payload(slots: Slots, tmp_path: Path) -> None:
    """Only the payload's own slots are overwritten; the file does not shrink or move."""
    slots.put([SlotRecord(FIRST, KEY, b"first wrap"), SlotRecord(SECOND, KEY, b"second wrap")])
    before = (tmp_path / "slots.bin").stat()

    wiped = slots.wipe(FIRST)

    data = (tmp_path / "slots.bin").read_bytes()
    after = (tmp_path / "slots.bin").stat()
    assert wiped == 1
    assert b"first wrap" not in data
    assert slots.get(SECOND, KEY) == b"second wrap"
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size)


def test_wiping_again_and_wiping_nothing_is_fine(slots: Slots) -> None:
    """Idempotent, as recovery needs it."""
    slots.put([SlotRecord(FIRST, KEY, b"x")])
    slots.wipe(FIRST)

    assert slots.wipe(FIRST) == 0
    assert slots.wipe(SECOND) == 0


def test_a_wiped_slot_is_used_again(slots: Slots, tmp_path: Path) -> None:
    """The file grows with what is alive, not with what was."""
    for _ in range(2 * GROWTH):
        slots.put([SlotRecord(FIRST, KEY, b"x")])
        slots.wipe(FIRST)

    assert (tmp_path / "slots.bin").stat().st_size == GROWTH * SLOT_SIZE


def test_the_file_grows_in_steps_of_real_blocks(slots: Slots, tmp_path: Path) -> None:
    """Preallocated with written zeros, not with a hole."""
    slots.put([SlotRecord(n.to_bytes(16, "big"), KEY, b"x") for n in range(GROWTH + 1)])

    state = (tmp_path / "slots.bin").stat()

    assert state.st_size == 2 * GROWTH * SLOT_SIZE
    assert state.st_blocks * 512 >= state.st_size
    assert len(slots.counts()) == GROWTH + 1


def test_a_listed_slot_of_another_payload_is_left_alone(slots: Slots) -> None:
    """Attack or accident: an old database names slots that belong to somebody else by now."""
    numbers = slots.put([SlotRecord(SECOND, KEY, b"alive")])

    slots.wipe(FIRST, [*numbers, 10_000])

    assert slots.get(SECOND, KEY) == b"alive"


def test_a_rotten_listed_slot_is_overwritten_all_the_same(tmp_path: Path) -> None:
    """Rot in the payload id must not save a wrap from its erasure."""
    slots = Slots(tmp_path / "slots.bin")
    numbers = slots.put([SlotRecord(FIRST, KEY, b"a wrap")])
    slots.close()
    path = tmp_path / "slots.bin"
    data = bytearray(path.read_bytes())
    data[numbers[0] * SLOT_SIZE + 10] ^= 1
    write_file(path, bytes(data))
    again = Slots(path)

    kept = again.wipe_broken(keep=numbers)
    wiped = again.wipe(FIRST, numbers)

    again.close()
    assert (kept, wiped) == (0, 1)
    assert b"a wrap" not in path.read_bytes()


def test_rot_in_a_live_slot_is_reported(slots: Slots, tmp_path: Path) -> None:
    """A wrap that fails its checksum is never handed out."""
    (number,) = slots.put([SlotRecord(FIRST, KEY, b"a wrap")])
    os.pwrite(slots._handle, b"?", number * SLOT_SIZE + 60)

    with pytest.raises(VaultDamaged):
        slots.get(FIRST, KEY)


def test_a_slot_torn_by_a_crash_is_nobodys_and_is_wiped(tmp_path: Path) -> None:
    """Half a slot was written when the power went."""
    path = tmp_path / "slots.bin"
    torn = SlotRecord(FIRST, KEY, b"half a wrap").encode()[:2048]
    write_file(path, torn.ljust(SLOT_SIZE, b"\0") + bytes(SLOT_SIZE) + b"partial growth")
    slots = Slots(path)

    broken, wiped = slots.broken(), slots.wipe_broken(keep=())

    slots.close()
    assert (broken, wiped) == ([0], 1)
    assert b"half a wrap" not in path.read_bytes()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Attack: a link makes the service write slots into another file."""
    victim = tmp_path / "victim"
    write_file(victim, b"precious")
    (tmp_path / "slots.bin").symlink_to(victim)

    with pytest.raises(OSError):
        Slots(tmp_path / "slots.bin")
    assert victim.read_bytes() == b"precious"


def test_a_second_process_is_kept_out(slots: Slots, tmp_path: Path) -> None:
    """Two writers could hand out one slot twice."""
    with pytest.raises(VaultLocked):
        Slots(tmp_path / "slots.bin")


def test_a_full_disk_keeps_what_is_there(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC while growing: our error, and the old wraps still read."""
    slots.put([SlotRecord(n.to_bytes(16, "big"), KEY, b"x") for n in range(GROWTH)])

    def full(*_: object) -> int:
        raise OSError(28, "invented")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(DiskFull):
            slots.put([SlotRecord(SECOND, KEY, b"y")])
    assert slots.get(bytes(16), KEY) == b"x"


def test_a_slot_that_does_not_overwrite_is_reported(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that ignores writes must not pass for an erasure."""
    slots.put([SlotRecord(FIRST, KEY, b"a wrap")])
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: len(data))

    with pytest.raises(VaultDamaged, match="overwrite"):
        slots.wipe(FIRST)
    assert slots.broken() != []


def test_nothing_of_a_wrap_in_repr() -> None:
    """Wraps stay out of logs."""
    assert "a wrap" not in repr(SlotRecord(FIRST, KEY, b"a wrap"))
