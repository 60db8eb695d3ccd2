"""The keystore of files: what it gives, what it refuses, what a stolen or altered directory yields."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.durable import write_file
from akashi.keys import FAST_UNSAFE_COST, STANDARD_COST, Cost, FileKeystore, KeyKind
from akashi.keys.errors import (
    KeyExists,
    KeyMissing,
    KeyNameInvalid,
    KeystoreDamaged,
    KeystoreMissing,
    KeyUnsuitable,
    PassphraseEmpty,
    PassphraseWrong,
)
from akashi.keys.locking import MASTER_FILE
from akashi.ledger.errors import ProofError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import verify_signature

PASSPHRASE = b"an invented passphrase"


@pytest.fixture
def store(tmp_path: Path) -> FileKeystore:
    return FileKeystore.create(tmp_path / "keys", PASSPHRASE, cost=FAST_UNSAFE_COST)


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.P256])
def test_a_signing_key_signs_what_its_public_key_verifies(store: FileKeystore, kind: KeyKind) -> None:
    """A signature verifies under the SPKI that ``generate`` returned, and over no other message."""
    spki = store.generate("gateway", kind)

    signer = store.signer("gateway")

    assert signer.spki == spki == store.public("gateway")
    verify_signature(signer.algorithm, spki, b"m", signer.sign(b"m"))
    with pytest.raises(ProofError):
        verify_signature(signer.algorithm, spki, b"n", signer.sign(b"m"))


def test_a_note_signer_has_the_name_and_the_raw_key(store: FileKeystore) -> None:
    """Checkpoints are signed with the 32-byte Ed25519 key under the given name."""
    spki = store.generate("log", KeyKind.ED25519)

    note = store.note_signer("log", "example.invalid/log")

    assert (note.name, spki[-32:]) == ("example.invalid/log", note.public_key)
    assert len(note.sign(b"x")) == 64


@pytest.mark.parametrize(("kind", "length"), [(KeyKind.XWING, 1216), (KeyKind.HPKE_P256, 65)])
def test_an_opening_key_is_known_by_the_digest_of_its_public_key(
    store: FileKeystore, kind: KeyKind, length: int
) -> None:
    """Recipient key id = SHA-256 of the raw HPKE public key (sealed-payload.md section 3)."""
    public = store.generate("opening", kind)

    assert len(public) == length
    assert store.opener("opening").key_id == sha256(public).digest()


def test_keys_survive_closing_and_opening(store: FileKeystore, tmp_path: Path) -> None:
    """Another process with the passphrase has the same keys."""
    public = store.generate("opening", KeyKind.XWING)

    again = FileKeystore.open(tmp_path / "keys", PASSPHRASE)

    assert again.public("opening") == public
    assert again.names() == ["opening"]


def test_a_wrong_passphrase_is_told_from_damage(store: FileKeystore, tmp_path: Path) -> None:
    """A mistyped passphrase must not send anybody to the backups."""
    with pytest.raises(PassphraseWrong):
        FileKeystore.open(tmp_path / "keys", PASSPHRASE + b"?")


def test_every_flipped_byte_of_the_keystore_file_is_damage(store: FileKeystore, tmp_path: Path) -> None:
    """Rot in any byte is reported as such, before any costly derivation."""
    path = tmp_path / "keys" / MASTER_FILE
    good = path.read_bytes()

    for at in range(len(good)):
        write_file(path, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(KeystoreDamaged):
            FileKeystore.open(tmp_path / "keys", PASSPHRASE)


def test_every_flipped_byte_of_a_key_file_is_damage(store: FileKeystore, tmp_path: Path) -> None:
    """Name, kind, nonce and key are all authenticated."""
    store.generate("gateway", KeyKind.P256)
    path = tmp_path / "keys" / "gateway.key"
    good = path.read_bytes()

    for at in range(len(good)):
        write_file(path, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(KeystoreDamaged):
            store.signer("gateway")


def test_an_exhausting_cost_is_refused(store: FileKeystore, tmp_path: Path) -> None:
    """A planted file with a valid checksum cannot make the reader spend all memory."""
    head = cbor.encode(["akashi-keystore", 1, [1, 1 << 30, 1], bytes(16), bytes(12)]) + bytes(48)
    write_file(tmp_path / "keys" / MASTER_FILE, head + sha256(head).digest())

    with pytest.raises(KeystoreDamaged, match="bounds"):
        FileKeystore.open(tmp_path / "keys", PASSPHRASE)


@pytest.mark.parametrize("cost", [Cost(0, 64, 1), Cost(1, 7, 1), Cost(1, 64, 17), Cost(65, 64, 1), Cost(1, 8, 2)])
def test_costs_outside_the_bounds(cost: Cost) -> None:
    """Nonsensical or exhausting argon2id parameters are outside, the standard ones inside."""
    assert not cost.within_bounds()
    assert STANDARD_COST.within_bounds()


def test_a_renamed_key_file_is_refused(store: FileKeystore, tmp_path: Path) -> None:
    """Attack: put the log key in the gateway key's place."""
    store.generate("log", KeyKind.ED25519)
    os.replace(tmp_path / "keys" / "log.key", tmp_path / "keys" / "gateway.key")

    with pytest.raises(KeystoreDamaged, match="name"):
        store.signer("gateway")


def test_a_key_of_another_keystore_is_refused(store: FileKeystore, tmp_path: Path) -> None:
    """Attack: plant a key whose private half the attacker knows."""
    other = FileKeystore.create(tmp_path / "other", PASSPHRASE, cost=FAST_UNSAFE_COST)
    other.generate("gateway", KeyKind.ED25519)
    os.replace(tmp_path / "other" / "gateway.key", tmp_path / "keys" / "gateway.key")

    with pytest.raises(KeystoreDamaged, match="authentication"):
        store.signer("gateway")


def test_nothing_is_overwritten(store: FileKeystore, tmp_path: Path) -> None:
    """Neither a key nor a keystore can be replaced by making a new one."""
    public = store.generate("log", KeyKind.ED25519)

    with pytest.raises(KeyExists):
        store.generate("log", KeyKind.ED25519)
    with pytest.raises(KeyExists):
        FileKeystore.create(tmp_path / "keys", PASSPHRASE, cost=FAST_UNSAFE_COST)
    assert store.public("log") == public


def test_rotation_changes_the_passphrase_and_keeps_the_keys(store: FileKeystore, tmp_path: Path) -> None:
    """After rotation only the new passphrase opens, and it opens the same keys."""
    public = store.generate("log", KeyKind.ED25519)

    store.rotate_passphrase(b"the next one", cost=FAST_UNSAFE_COST)

    assert FileKeystore.open(tmp_path / "keys", b"the next one").public("log") == public
    with pytest.raises(PassphraseWrong):
        FileKeystore.open(tmp_path / "keys", PASSPHRASE)


def test_rotation_overwrites_the_old_wrapping_in_place(store: FileKeystore, tmp_path: Path) -> None:
    """The blocks of the replaced file hold zeros: an old passphrase is of no use on the raw disk."""
    handle = os.open(tmp_path / "keys" / MASTER_FILE, os.O_RDONLY)
    length = os.fstat(handle).st_size

    store.rotate_passphrase(b"the next one", cost=FAST_UNSAFE_COST)
    left = os.pread(handle, length, 0)
    os.close(handle)

    assert left == bytes(length)


def test_destroy_overwrites_in_place_and_unlinks(store: FileKeystore, tmp_path: Path) -> None:
    """A handle on the old file sees zeros, the name is gone, and destroying again is fine."""
    store.generate("opening", KeyKind.XWING)
    handle = os.open(tmp_path / "keys" / "opening.key", os.O_RDONLY)
    length = os.fstat(handle).st_size

    store.destroy("opening")
    store.destroy("opening")
    left = os.pread(handle, length, 0)
    os.close(handle)

    assert left == bytes(length)
    with pytest.raises(KeyMissing):
        store.opener("opening")


def test_destroy_does_not_follow_a_link(store: FileKeystore, tmp_path: Path) -> None:
    """Attack: a link named like a key makes the service overwrite another file."""
    victim = tmp_path / "victim"
    write_file(victim, b"precious")
    (tmp_path / "keys" / "a.key").symlink_to(victim)

    with pytest.raises(OSError):
        store.destroy("a")
    assert victim.read_bytes() == b"precious"


def test_protected_secrets_are_bound_to_their_label(store: FileKeystore) -> None:
    """A TOTP seed protected for one person cannot be moved to another."""
    protected = store.protect("totp/per-aaaa", b"seed")

    assert store.reveal("totp/per-aaaa", protected) == b"seed"
    with pytest.raises(KeystoreDamaged):
        store.reveal("totp/per-bbbb", protected)
    with pytest.raises(KeystoreDamaged):
        store.reveal("totp/per-aaaa", protected[:5])


@pytest.mark.parametrize("name", ["", "../log", "A", "a/b", ".hidden", "a" * 65, "鍵"])
def test_names_that_could_leave_the_directory_are_refused(store: FileKeystore, name: str) -> None:
    """Key names become file names; the refused name is not repeated in the message."""
    with pytest.raises(KeyNameInvalid) as caught:
        store.generate(name, KeyKind.ED25519)
    assert caught.value.params == {}


def test_keys_are_used_for_their_kind_only(store: FileKeystore) -> None:
    """An opening key does not sign, a signing key does not open, only P-256 is handed to X.509."""
    store.generate("opening", KeyKind.XWING)
    store.generate("log", KeyKind.ED25519)
    store.generate("ca", KeyKind.P256)

    for wrong in (
        lambda: store.signer("opening"),
        lambda: store.opener("log"),
        lambda: store.private_key("log"),
        lambda: store.note_signer("ca", "n"),
    ):
        with pytest.raises(KeyUnsuitable):
            wrong()
    assert store.private_key("ca").curve.name == "secp256r1"


def test_no_passphrase_and_no_keystore(tmp_path: Path) -> None:
    """An empty passphrase protects nothing and a missing keystore is not made up."""
    with pytest.raises(PassphraseEmpty):
        FileKeystore.create(tmp_path, b"", cost=FAST_UNSAFE_COST)
    with pytest.raises(KeystoreMissing):
        FileKeystore.open(tmp_path / "nowhere", PASSPHRASE)


def test_nothing_secret_in_repr_or_files(store: FileKeystore, tmp_path: Path) -> None:
    """No private bytes in any ``repr``, none in clear in any file, and files are for the owner only."""
    store.generate("ca", KeyKind.P256)
    store.generate("opening", KeyKind.XWING)
    private = store.private_key("ca").private_numbers().private_value.to_bytes(32, "big")
    seed = store._load("opening")[1]

    shown = repr(store) + repr(store.signer("ca")) + repr(store.opener("opening"))
    files = [path.read_bytes() for path in (tmp_path / "keys").iterdir()]

    for secret in (private, seed, store._master, PASSPHRASE):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
        assert not any(secret in data for data in files)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
