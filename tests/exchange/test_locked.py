"""Locked files: the passphrase opens them whole, anything else does not open them at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.exchange import locked
from akashi.exchange.errors import LockedUnreadable
from akashi.exchange.locked import PassphraseTooShort, lock, unlock
from akashi.ledger.wire import cbor

PASSPHRASE = "correct horse battery"


def locked_file(documents: list[tuple[str, bytes]]) -> bytes:
    """A locked file at the lowest cost that a reader accepts."""
    return b"".join(lock(documents, PASSPHRASE, memory_kib=1024))


@settings(max_examples=15)
@given(st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=40)), max_size=3))
def test_what_was_locked_is_unlocked(documents: list[tuple[str, bytes]]) -> None:
    """Names and contents come back as they were."""
    assert unlock(locked_file(documents), PASSPHRASE) == documents


def test_content_of_several_chunks_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are put together in order."""
    monkeypatch.setattr(locked, "CHUNK", 64)
    data = locked_file([("a", bytes(range(200)))])

    assert unlock(data, PASSPHRASE) == [("a", bytes(range(200)))]


def test_every_changed_byte_is_noticed() -> None:
    """Flip any byte: the file does not open, and the error does not say more."""
    data = locked_file([("a.csv", b"1,2,3")])
    for at in range(0, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(LockedUnreadable):
            unlock(bytes(changed), PASSPHRASE)


@pytest.mark.parametrize("cut", ["chunk", "swap", "tail", "empty"])
def test_cut_and_reordered_files_do_not_open(cut: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that lost its end, or whose chunks changed places, is not half a file."""
    monkeypatch.setattr(locked, "CHUNK", 64)
    pieces = list(lock([("a", bytes(200))], PASSPHRASE, memory_kib=1024))
    changed = {
        "chunk": pieces[:-1],
        "swap": [pieces[0], pieces[2], pieces[1], *pieces[3:]],
        "tail": [*pieces, b"x"],
        "empty": pieces[:1],
    }[cut]

    with pytest.raises(LockedUnreadable):
        unlock(b"".join(changed), PASSPHRASE)


def test_a_wrong_passphrase_does_not_open() -> None:
    """Wrong passphrase and damage give the same answer."""
    with pytest.raises(LockedUnreadable):
        unlock(locked_file([("a", b"b")]), PASSPHRASE + "!")


def test_a_hostile_header_cannot_ask_for_all_memory() -> None:
    """The cost is read from the file: it is bounded before any of it is spent."""
    header = cbor.encode(["akashi-locked", 1, bytes(16), 1 << 30, 3, 4, locked.CHUNK])

    with pytest.raises(LockedUnreadable):
        unlock(header + bytes(64), PASSPHRASE)


def test_a_short_passphrase_is_refused() -> None:
    """The passphrase is all that protects a file on its way."""
    with pytest.raises(PassphraseTooShort):
        next(lock([], "short"))
