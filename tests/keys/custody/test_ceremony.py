"""Shares of a key store: made, recorded, checked, used on a fresh machine; what a replayed or foreign share does not do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.keys.custody.errors import ShareForeign, SharesReplaced, SharesTooFew
from akashi.keys.custody.events import CUSTODY_KINDS, SharesMade, SharesUsed, share_set, share_sets
from akashi.keys.custody.model import Share, SharePurpose, ShareUse
from akashi.keys.custody.service import check_shares, make_shares, recover, verify_share
from akashi.keys.custody.writing import share_digest
from akashi.keys.errors import KeystoreDamaged, KeystoreMissing, PassphraseWrong, RecoveryKeyWrong
from akashi.keys.locking import RECOVERY_FILE
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, KindTable, dump_body
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay

OLD, NEW = b"an invented passphrase", b"another invented passphrase"
KINDS = KindTable(CUSTODY_KINDS)
OFFICE, STRANGER = "inst-office", "inst-stranger"


@pytest.fixture
def store(tmp_path: Path) -> FileKeystore:
    made = FileKeystore.create(tmp_path / "keys", OLD, cost=FAST_UNSAFE_COST)
    made.generate("ca", KeyKind.P256)
    return made


def restored(store: FileKeystore, tmp_path: Path) -> Path:
    """The key store's copy on a fresh machine."""
    return Path(shutil.copytree(store.directory, tmp_path / "fresh"))


def say(state: Overlay, body: SharesMade | SharesUsed, by: str = OFFICE) -> None:
    """Apply one operation."""
    tag = "shares.made" if isinstance(body, SharesMade) else "shares.used"
    statement = Statement(
        bytes(16), tag, 1, Actor(by), Auth(AuthMethod.MACHINE, 0), None, dump_body(body), 1, 2, bytes(16)
    )
    KINDS.find(tag, 1).run(state, Context(statement, bytes(32), bytes(32), Purpose.SECRETARIAT, 1))


def made_body(shares: list[Share]) -> SharesMade:
    """What the ledger gets of a ceremony."""
    digests = tuple(share_digest(share) for share in shares)
    return SharesMade(shares[0].of_set, shares[0].threshold, digests, SharePurpose.KEYSTORE)


def test_k_shares_open_the_copy_on_a_fresh_machine(store: FileKeystore, tmp_path: Path) -> None:
    """The keys are the same, under a new passphrase; the old one opens no longer."""
    shares, public = make_shares(store, 2, 3), store.public("ca")
    fresh = restored(store, tmp_path)

    again = recover(fresh, shares[1:], NEW, cost=FAST_UNSAFE_COST)

    assert again.public("ca") == public
    assert FileKeystore.open(fresh, NEW).names() == ["ca"]
    with pytest.raises(PassphraseWrong):
        FileKeystore.open(fresh, OLD)


def test_shares_are_used_up(store: FileKeystore, tmp_path: Path) -> None:
    """After a recovery the same shares do not open that key store again: new ones are to be made."""
    shares = make_shares(store, 2, 2)
    fresh = restored(store, tmp_path)
    recover(fresh, shares, NEW, cost=FAST_UNSAFE_COST)
    with pytest.raises(KeystoreMissing):
        recover(fresh, shares, OLD, cost=FAST_UNSAFE_COST)


def test_a_drill_changes_nothing(store: FileKeystore) -> None:
    """Officers can try their shares; every file stays as it is."""
    shares = make_shares(store, 2, 3)
    before = {path.name: path.read_bytes() for path in store.directory.iterdir()}
    check_shares(store.directory, shares[:2])

    assert {path.name: path.read_bytes() for path in store.directory.iterdir()} == before


def test_too_few_and_false_shares_open_nothing(store: FileKeystore) -> None:
    """Attack: one officer alone; one officer with an invented second share."""
    shares = make_shares(store, 2, 3)
    invented = Share(shares[0].of_set, 2, 3, bytes(32))
    with pytest.raises(SharesTooFew):
        check_shares(store.directory, shares[:1])
    with pytest.raises(RecoveryKeyWrong):
        check_shares(store.directory, [shares[0], invented])


def test_an_earlier_set_opens_no_longer(store: FileKeystore) -> None:
    """An officer has left: new shares are made, the old ones are paper."""
    old, new = make_shares(store, 2, 2), make_shares(store, 2, 2)
    check_shares(store.directory, new)
    with pytest.raises(SharesReplaced):
        check_shares(store.directory, old)


def test_the_old_recovery_file_beside_new_shares_is_refused(store: FileKeystore) -> None:
    """Attack: a file of another making, its set number edited to fit."""
    first = make_shares(store, 2, 2)
    kept = (store.directory / RECOVERY_FILE).read_bytes()
    second = make_shares(store, 2, 2)
    (store.directory / RECOVERY_FILE).write_bytes(kept.replace(first[0].of_set, second[0].of_set))
    with pytest.raises(RecoveryKeyWrong):
        check_shares(store.directory, second)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x85"])
def test_a_damaged_recovery_file_is_said_to_be(store: FileKeystore, data: bytes) -> None:
    """Rot is told from wrong shares."""
    shares = make_shares(store, 2, 2)
    (store.directory / RECOVERY_FILE).write_bytes(data)
    with pytest.raises(KeystoreDamaged):
        check_shares(store.directory, shares)


def test_without_shares_ever_made_there_is_nothing_to_recover(store: FileKeystore) -> None:
    """No recovery file, no second way in."""
    with pytest.raises(KeystoreMissing):
        check_shares(store.directory, [Share(bytes(16), 2, 1, bytes(32)), Share(bytes(16), 2, 2, bytes(32))])


def test_nobody_keeps_the_whole(store: FileKeystore) -> None:
    """No share's value lies in any file of the key store (a share is as good as its value)."""
    shares = make_shares(store, 2, 3)
    files = b"".join(path.read_bytes() for path in store.directory.iterdir())
    assert not any(share.value in files for share in shares)


def test_the_ledger_knows_the_set_and_each_share(store: FileKeystore) -> None:
    """An officer's share is checked against the digest; another one is not of the set."""
    state, shares = Overlay(Memory()), make_shares(store, 2, 3)
    say(state, made_body(shares))
    known = share_set(state, shares[0].of_set)

    assert known is not None
    assert [one.threshold for one in share_sets(state, OFFICE)] == [2]
    assert share_sets(state, STRANGER) == []
    verify_share(shares[2], known)
    with pytest.raises(ShareForeign):
        verify_share(Share(shares[0].of_set, 2, 1, bytes(32)), known)


def test_using_is_counted(store: FileKeystore) -> None:
    """Each recovery or drill that names enough shares of the set counts one."""
    state, shares = Overlay(Memory()), make_shares(store, 2, 3)
    body = made_body(shares)
    say(state, body)
    say(state, SharesUsed(body.of_set, body.digests[1:], ShareUse.DRILL))
    known = share_set(state, body.of_set)

    assert known is not None
    assert known.uses == 1


def test_what_the_ledger_refuses(store: FileKeystore) -> None:
    """A set twice, a threshold above the count, a digest twice, foreign, unknown or too few shares: each with its reason."""
    state, shares = Overlay(Memory()), make_shares(store, 2, 3)
    body = made_body(shares)
    say(state, body)
    first, second, _ = body.digests
    cases: list[tuple[SharesMade | SharesUsed, str, str]] = [
        (body, OFFICE, "shares.again"),
        (SharesMade(bytes(16), 3, (first, second), SharePurpose.KEYSTORE), OFFICE, "shares.plan"),
        (SharesMade(bytes(16), 2, (first, first), SharePurpose.KEYSTORE), OFFICE, "shares.plan"),
        (SharesUsed(bytes(16), (first, second), ShareUse.DRILL), OFFICE, "shares.unknown"),
        (SharesUsed(body.of_set, (first, second), ShareUse.DRILL), STRANGER, "shares.foreign"),
        (SharesUsed(body.of_set, (first, first), ShareUse.DRILL), OFFICE, "shares.digests"),
        (SharesUsed(body.of_set, (first, bytes(32)), ShareUse.DRILL), OFFICE, "shares.digests"),
        (SharesUsed(body.of_set, (first,), ShareUse.DRILL), OFFICE, "shares.few"),
    ]
    for said, by, reason in cases:
        with pytest.raises(Refused) as caught:
            say(state, said, by)
        assert caught.value.reason == reason
