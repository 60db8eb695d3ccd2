"""Generations of a key: a name means the current one, switching is one durable step, older ones still open."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.keys import FAST_UNSAFE_COST, SUITES, FileKeystore, KeyKind, wrap_key
from akashi.keys.errors import KeyExists, KeyMissing, KeystoreDamaged
from akashi.keys.keystore import CURRENT_FILE

PASSPHRASE = b"an invented passphrase"


@pytest.fixture
def store(tmp_path: Path) -> FileKeystore:
    made = FileKeystore.create(tmp_path / "keys", PASSPHRASE, cost=FAST_UNSAFE_COST)
    made.generate("gateway", KeyKind.ED25519)
    return made


def test_a_new_generation_counts_only_once_made_current(store: FileKeystore, tmp_path: Path) -> None:
    """Before the switch the name means the old key, after it the new one, also for another process."""
    old = store.public("gateway")
    new = store.generate("gateway", KeyKind.ED25519, generation=2)
    before = store.public("gateway")
    store.make_current("gateway", 2)
    again = FileKeystore.open(tmp_path / "keys", PASSPHRASE)

    assert (before, store.public("gateway"), again.signer("gateway").spki) == (old, new, new)
    assert again.public("gateway", 1) == old
    assert (again.generations("gateway"), again.generation("gateway")) == ([1, 2], 2)


def test_what_was_sealed_to_an_older_key_still_opens(store: FileKeystore) -> None:
    """All generations are openers, the current one first."""
    public = store.generate("opening", KeyKind.XWING)
    wrapped = wrap_key(SUITES[1], public, b"i", b"k" * 32)
    store.generate("opening", KeyKind.XWING, generation=2)
    store.make_current("opening", 2)

    first, second = store.openers("opening")

    assert first.key_id == store.opener("opening").key_id
    assert second.open(wrapped, b"i") == b"k" * 32


def test_a_generation_may_be_of_another_kind(store: FileKeystore) -> None:
    """Changing the suite is a rotation: the kind belongs to the generation."""
    store.generate("gateway", KeyKind.P256, generation=2)
    store.make_current("gateway", 2)

    assert (store.kind("gateway"), store.kind("gateway", 1)) == (KeyKind.P256, KeyKind.ED25519)


def test_an_old_generation_is_destroyed_alone(store: FileKeystore) -> None:
    """The current one stays, and the numbers are not used again by themselves."""
    store.generate("gateway", KeyKind.ED25519, generation=2)
    store.make_current("gateway", 2)
    store.destroy("gateway", 1)

    assert store.generations("gateway") == [2]
    with pytest.raises(KeyExists):
        store.generate("gateway", KeyKind.ED25519, generation=2)


def test_a_generation_that_is_not_there_cannot_become_current(store: FileKeystore) -> None:
    """The pointer never points to nothing."""
    with pytest.raises(KeyMissing):
        store.make_current("gateway", 3)
    assert store.generation("gateway") == 1


def test_names_that_end_in_numbers_are_not_generations_of_others(store: FileKeystore) -> None:
    """``log-1`` and ``log-2`` are names of the log's keys; ``gateway-old`` and ``gateway-02`` are nothing of ``gateway``."""
    for name in ("log-1", "log-2", "gateway-old", "gateway-02"):
        store.generate(name, KeyKind.ED25519)

    assert store.generations("log-1") == [1]
    assert store.generations("gateway") == [1]


def test_a_pointer_that_somebody_wrote_is_refused(store: FileKeystore) -> None:
    """Attack: point the name at another key by writing the file; it is authenticated under the master key."""
    store.generate("gateway", KeyKind.ED25519, generation=2)
    store.make_current("gateway", 2)
    path = store.directory / CURRENT_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(KeystoreDamaged):
        store.signer("gateway")
