"""The contract of a payload store, and what the vault adds: erasure, recovery, orphans, scrub."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.clock import FixedClock
from akashi.durable import DiskFull
from akashi.keys import FAST_UNSAFE_COST, LISTED_ONLY, SUITES, FileKeystore, KeyKind
from akashi.keys.errors import KeyUnsuitable, OpeningFailed
from akashi.keys.openers import p256_opener, xwing_opener
from akashi.ledger.wire.envelope import Signer
from akashi.vault.errors import (
    BodyTooLarge,
    PayloadDiffers,
    PayloadErased,
    PayloadMissing,
    SealError,
    StageRefused,
    VaultDamaged,
    WrapMissing,
)
from akashi.vault.model import ErasureLevel, Part, PayloadStatus, Recipient
from akashi.vault.receipt import verify_storage_receipt
from akashi.vault.sealing import parse_wrap, seal, unseal
from akashi.vault.sealing.wraps import wrap_info
from akashi.vault.service import Vault
from tests.vault.forge import ALICE, ALICE_OPENER, BOB, LEDGER, PAYLOAD, noise, sealed

ORDER, LATER_ORDER = bytes([7]) * 32, bytes([8]) * 32
DAY = 86_400_000


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(1_000)


@pytest.fixture
def keystore(tmp_path: Path) -> FileKeystore:
    store = FileKeystore.create(tmp_path / "keys", b"invented", cost=FAST_UNSAFE_COST)
    store.generate("server", KeyKind.ED25519)
    store.generate("log", KeyKind.ED25519)
    store.generate("tls", KeyKind.P256)
    return store


@pytest.fixture
def signer(keystore: FileKeystore) -> Signer:
    return keystore.signer("server")


@pytest.fixture
def vault(tmp_path: Path, signer: Signer, clock: FixedClock) -> Iterator[Vault]:
    with Vault(tmp_path / "vault", signer, LEDGER, clock) as opened:
        yield opened


def test_a_receipt_names_what_is_stored(vault: Vault, signer: Signer) -> None:
    """Payload, digests and size under the server's key, after which body and wraps can be read."""
    sealing = sealed(noise(2_500_000), recipients=[ALICE, BOB])
    body = b"".join(sealing.chunks())

    receipt = verify_storage_receipt(vault.stage(PAYLOAD, sealing.wraps, [body]), signer.spki)

    summary = sealing.summary
    assert (receipt.ledger_id, receipt.payload_id, receipt.size) == (LEDGER, PAYLOAD, len(body))
    assert (receipt.body_digest, receipt.wraps_digest) == (summary.body_digest, summary.wraps_digest)
    assert b"".join(vault.body(PAYLOAD)) == body
    assert {vault.wrap(PAYLOAD, who.key_id) for who in (ALICE, BOB)} == set(sealing.wraps)
    assert vault.size(PAYLOAD) == len(body)


def test_staging_again_gives_the_same_receipt(vault: Vault) -> None:
    """A client that lost the answer asks again."""
    sealing = sealed(b"content")
    body = list(sealing.chunks())

    first = vault.stage(PAYLOAD, sealing.wraps, body)

    assert vault.stage(PAYLOAD, sealing.wraps, body) == first


def test_other_bytes_under_the_same_id_are_refused(vault: Vault) -> None:
    """Neither another body nor another set of wraps replaces what is stored."""
    first, second = sealed(b"first"), sealed(b"second")
    body = list(first.chunks())
    vault.stage(PAYLOAD, first.wraps, body)

    for wraps, other in ((second.wraps, list(second.chunks())), (second.wraps, body)):
        with pytest.raises(PayloadDiffers):
            vault.stage(PAYLOAD, wraps, other)
    assert b"".join(vault.body(PAYLOAD)) == b"".join(body)
    assert vault.wrap(PAYLOAD, ALICE.key_id) == first.wraps[0]


def test_what_is_no_sealed_payload_is_refused(vault: Vault) -> None:
    """Wrong numbers, foreign or repeated wraps, a body under another id; nothing stays behind."""
    sealing, other = sealed(b"content"), sealed(b"other", payload_id=bytes(16))
    body, foreign = list(sealing.chunks()), list(other.chunks())
    both = sealed(b"content", recipients=[ALICE, BOB])
    hostile = [
        ([], body, "count"),
        (sealing.wraps * 33, body, "count"),
        (sealing.wraps * 2, body, "twice"),
        (other.wraps, body, "payload"),
        (both.wraps[:1] + other.wraps, list(both.chunks()), "payload"),
        (both.wraps[::-1], body, "order"),
        (sealing.wraps, foreign, "header"),
    ]

    for wraps, data, failure in hostile:
        with pytest.raises(StageRefused, match=failure):
            vault.stage(PAYLOAD, wraps, data)
    for data in ([b"plain text, not sealed"], []):
        with pytest.raises(SealError):
            vault.stage(PAYLOAD, sealing.wraps, data)
    assert vault.size(PAYLOAD) is None
    assert vault.recover().uploads == 0


def test_a_body_over_the_limit_is_refused_and_dropped(tmp_path: Path, signer: Signer, clock: FixedClock) -> None:
    """The limit holds while receiving, whatever the sender announced."""
    sealing = sealed(noise(3 << 20))
    with Vault(tmp_path / "small", signer, LEDGER, clock, max_body=1 << 20) as vault:
        with pytest.raises(BodyTooLarge):
            vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())

        assert vault.recover().uploads == 0
        assert vault.size(PAYLOAD) is None


def test_an_upload_that_breaks_off_leaves_nothing(vault: Vault) -> None:
    """The connection dies in the middle: no payload, no wraps, and the same id can be staged afterwards."""
    sealing = sealed(noise(12 << 20))
    body = list(sealing.chunks())

    def broken() -> Iterator[bytes]:
        yield from body[:10]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        vault.stage(PAYLOAD, sealing.wraps, broken())
    assert vault.find(PAYLOAD) is None
    assert vault.stage(PAYLOAD, sealing.wraps, body)


def test_a_full_disk_while_inserting_takes_the_wraps_back(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wraps without a row would outlive their payload."""
    sealing = sealed(b"content")

    def full(*_: object) -> None:
        raise DiskFull(name="bodies.db")

    monkeypatch.setattr(vault._bodies, "insert", full)
    with pytest.raises(DiskFull):
        vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    assert vault._slots.counts() == {}


def test_a_full_disk_while_receiving_keeps_what_is_there(vault: Vault) -> None:
    """SQLite finds no room for the next chunks: a clear error, the upload is dropped, older payloads still read."""
    old, large = sealed(b"old", payload_id=bytes(16)), sealed(noise(12 << 20))
    body = list(old.chunks())
    vault.stage(bytes(16), old.wraps, body)
    vault._bodies._writer.execute("PRAGMA max_page_count=100").fetchall()

    with pytest.raises(DiskFull):
        vault.stage(PAYLOAD, large.wraps, large.chunks())

    assert vault.find(PAYLOAD) is None
    assert list(vault.body(bytes(16))) == body
    assert vault.recover().uploads == 0


def test_unknown_payloads_and_keys(vault: Vault) -> None:
    """What is not here is not here; a payload that is here may still not be addressed to the asker."""
    sealing = sealed(b"content")
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())

    with pytest.raises(WrapMissing):
        vault.wrap(PAYLOAD, BOB.key_id)
    for ask in (
        lambda: vault.wrap(bytes(16), ALICE.key_id),
        lambda: vault.body(bytes(16)),
        lambda: vault.erase(bytes(16), ORDER),
        lambda: vault.outcome(PAYLOAD),
    ):
        with pytest.raises(PayloadMissing):
            ask()


def test_after_erasure_nothing_is_handed_out(vault: Vault, clock: FixedClock) -> None:
    """Body, wrap and size are gone, staging again is refused, and the outcome tells what was done."""
    sealing = sealed(b"content", recipients=[ALICE, BOB])
    body = list(sealing.chunks())
    vault.stage(PAYLOAD, sealing.wraps, body)
    clock.advance(DAY)

    outcome = vault.erase(PAYLOAD, ORDER)

    assert (outcome.order_id, outcome.erased_ms, outcome.backup_horizon_ms) == (ORDER, 1_000 + DAY, 1_000 + DAY)
    assert (outcome.body_digest, outcome.level) == (sealing.summary.body_digest, ErasureLevel.KEY)
    assert outcome.wrap_digests == sealing.summary.wrap_digests
    assert vault.size(PAYLOAD) is None
    for ask in (
        lambda: vault.body(PAYLOAD),
        lambda: vault.wrap(PAYLOAD, ALICE.key_id),
        lambda: vault.stage(PAYLOAD, sealing.wraps, body),
    ):
        with pytest.raises(PayloadErased):
            ask()


def test_erasing_again_returns_the_first_outcome(vault: Vault, clock: FixedClock) -> None:
    """A second order, even a day later, changes nothing."""
    sealing = sealed(b"content")
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    first = vault.erase(PAYLOAD, ORDER)
    clock.advance(DAY)

    assert vault.erase(PAYLOAD, LATER_ORDER) == first


def test_a_download_that_is_under_way_ends_with_the_erasure(vault: Vault) -> None:
    """Readers hold no snapshot that would keep erased bytes alive."""
    sealing = sealed(noise(3 << 20))
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    download = vault.body(PAYLOAD)
    next(download)

    vault.erase(PAYLOAD, ORDER)

    with pytest.raises(PayloadErased):
        list(download)
    assert vault.scrub().scrubbed == (PAYLOAD,)


def test_a_backup_of_slots_moves_the_horizon(tmp_path: Path, signer: Signer, clock: FixedClock) -> None:
    """Where slots are backed up for a week, the receipt says that a copy may live that long."""
    sealing = sealed(b"content")
    with Vault(tmp_path / "kept", signer, LEDGER, clock, slot_backup_age_ms=7 * DAY) as vault:
        vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())

        outcome = vault.erase(PAYLOAD, ORDER)

    assert outcome.backup_horizon_ms - outcome.erased_ms == 7 * DAY


def test_scrub_waits_for_a_reader_and_says_so(vault: Vault, tmp_path: Path) -> None:
    """An open snapshot keeps old pages in the log: level KEY until it has gone, FILE afterwards."""
    sealing = sealed(noise(200_000))
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    reader = sqlite3.connect(tmp_path / "vault" / "bodies.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM chunks").fetchall()
    vault.erase(PAYLOAD, ORDER)

    busy = vault.scrub()
    reader.close()
    done = vault.scrub()

    assert (busy.scrubbed, busy.waiting) == ((), 1)
    assert (done.scrubbed, done.waiting) == ((PAYLOAD,), 0)
    assert vault.outcome(PAYLOAD).level is ErasureLevel.FILE


def test_orphans_expire_and_announced_payloads_stay(vault: Vault, clock: FixedClock) -> None:
    """Staged but never named by the ledger: gone after a day; named ones are marked and kept."""
    sealings = [sealed(b"x", payload_id=bytes([n]) * 16) for n in (1, 2, 3)]
    for sealing in sealings:
        vault.stage(sealing.payload_id, sealing.wraps, sealing.chunks())
    known, announced, orphan = (sealing.payload_id for sealing in sealings)
    vault.announce(announced)

    early = vault.expire_orphans(lambda payload: payload == known, DAY)
    clock.advance(DAY + 1)
    late = vault.expire_orphans(lambda _: False, DAY)

    assert (early, late) == ([], [orphan])
    assert vault.find(orphan) is None
    assert [row.status for row in map(vault.find, (known, announced)) if row] == [PayloadStatus.ANNOUNCED] * 2
    assert set(vault._slots.counts()) == {known, announced}


def test_a_body_restored_without_its_slots_is_unreadable(
    vault: Vault, tmp_path: Path, signer: Signer, clock: FixedClock
) -> None:
    """Slots are in no backup: what a restore brings back are bytes that nobody can open, and the start says so."""
    sealing = sealed(b"content")
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    (tmp_path / "restored").mkdir()
    with sqlite3.connect(tmp_path / "restored" / "bodies.db") as copy:
        vault._bodies._reader.backup(copy)
    copy.close()

    with Vault(tmp_path / "restored", signer, LEDGER, clock) as restored:
        assert restored.recovered.without_wraps == (PAYLOAD,)
        with pytest.raises(WrapMissing):
            restored.wrap(PAYLOAD, ALICE.key_id)


def test_a_lost_chunk_is_damage_not_an_end(vault: Vault) -> None:
    """A body never just becomes shorter."""
    sealing = sealed(noise(3 << 20))
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    vault._bodies._writer.execute("DELETE FROM chunks WHERE number = 2")

    with pytest.raises(VaultDamaged):
        list(vault.body(PAYLOAD))


def test_a_database_that_is_none_is_damage(tmp_path: Path, signer: Signer, clock: FixedClock) -> None:
    """No foreign exception leaves the part."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "bodies.db").write_bytes(noise(40_000))

    with pytest.raises(VaultDamaged):
        Vault(tmp_path / "vault", signer, LEDGER, clock)


def test_parallel_uploads_of_one_payload_store_it_once(vault: Vault) -> None:
    """Four clients retry at the same time: four equal receipts, one body, one wrap."""
    sealing = sealed(noise(2 << 20))
    body = list(sealing.chunks())
    receipts: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: receipts.append(vault.stage(PAYLOAD, sealing.wraps, body))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receipts) == 4
    assert len(set(receipts)) == 1
    assert vault._slots.counts() == {PAYLOAD: 1}
    assert vault.recover().uploads == 0


def test_no_key_of_the_server_opens_anything(vault: Vault, keystore: FileKeystore) -> None:
    """Every secret in the server's keystore, used as any suite's opening key by a determined operator, fails."""
    sealing = sealed(b"content", recipients=[ALICE, BOB])
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())
    wraps = [parse_wrap(vault.wrap(PAYLOAD, who.key_id)) for who in (ALICE, BOB)]

    assert len(keystore.names()) == 3
    for name in keystore.names():
        with pytest.raises(KeyUnsuitable):
            keystore.opener(name)
        secret = keystore._load(name)[1]
        curve = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        for wrap in wraps:
            info = wrap_info(LEDGER, PAYLOAD, wrap.key_id, wrap.suite)
            for opener in (xwing_opener(secret), p256_opener(curve)):
                with pytest.raises(OpeningFailed):
                    opener.open(wrap.hpke, info)
    # The same attempt with the recipient's key succeeds, so the attempts above were real ones.
    opened = [wrap for wrap in wraps if wrap.key_id == ALICE.key_id]
    assert len(ALICE_OPENER.open(opened[0].hpke, wrap_info(LEDGER, PAYLOAD, ALICE.key_id, 1))) == 32


def test_the_listed_profile_through_the_store(tmp_path: Path, keystore: FileKeystore, clock: FixedClock) -> None:
    """Suite 2 payloads, receipts signed with ESP256: store, read, erase."""
    public = keystore.generate("opening", SUITES[2].kind)
    opener, signer = keystore.opener("opening"), keystore.signer("tls")
    sealing = seal(
        [Part("a", [b"content"])],
        media_type="text/csv",
        recipients=[Recipient(opener.key_id, 2, public)],
        ledger_id=LEDGER,
        profile=LISTED_ONLY,
    )
    identity = sealing.payload_id
    with Vault(tmp_path / "listed", signer, LEDGER, clock) as vault:
        receipt = vault.stage(identity, sealing.wraps, sealing.chunks())
        opened = unseal(vault.wrap(identity, opener.key_id), opener, LEDGER, vault.body(identity))

        assert opened.read(100) == [("a", b"content")]
        assert verify_storage_receipt(receipt, signer.spki).payload_id == identity
        assert vault.erase(identity, ORDER).level is ErasureLevel.KEY


def test_files_are_for_the_owner_only(vault: Vault, tmp_path: Path) -> None:
    """Database, its log and index, and slots: mode 0600 in a directory of mode 0700."""
    directory = tmp_path / "vault"

    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}

    assert set(modes) == {"bodies.db", "bodies.db-wal", "bodies.db-shm", "slots.bin"}
    assert set(modes.values()) == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_digest_of_a_stored_body_is_that_of_its_bytes(vault: Vault) -> None:
    """The row's digest is computed from what arrived, not from what was claimed."""
    sealing = sealed(b"content")
    vault.stage(PAYLOAD, sealing.wraps, sealing.chunks())

    row = vault.find(PAYLOAD)

    assert row is not None
    assert row.body_digest == sha256(b"".join(vault.body(PAYLOAD))).digest()
