"""Evidence of two signatures: kept once, bounded, and said by one."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from akashi.network.model import ServerKeys, ServerRecord, ServerRole
from akashi.network.scrub.accusing import FILE, MOST, TURN_MS, Accusation, Accusations, turn_ms, validator_address


def _server(number: int, role: ServerRole = ServerRole.VALIDATOR) -> ServerRecord:
    keys = [sha256(f"{number} {at}".encode()).digest() for at in range(5)]
    return ServerRecord(
        f"srv-{number}", number, role, ServerKeys(keys[0], keys[1], keys[2], keys[3], keys[4][:20], keys[4]), 1
    )


SERVERS = tuple(_server(number) for number in (1, 2, 3, 4))
THIRD = validator_address(SERVERS[2].keys.validator)


@pytest.fixture
def kept(tmp_path: Path) -> Accusations:
    """Nothing yet."""
    return Accusations(tmp_path)


def test_evidence_outlives_a_restart(tmp_path: Path, kept: Accusations) -> None:
    """It is named by the server whose key it is."""
    new = kept.keep(SERVERS, [(THIRD, 7)], 1000)

    assert new == [("srv-3", 7)]
    assert Accusations(tmp_path).all() == (Accusation("srv-3", 7, 1000),)


def test_the_same_evidence_is_kept_once(kept: Accusations) -> None:
    """A block that is executed again brings it again."""
    kept.keep(SERVERS, [(THIRD, 7)], 1000)

    assert kept.keep(SERVERS, [(THIRD, 7), (THIRD, 7)], 2000) == []
    assert len(kept.all()) == 1


def test_a_liar_does_not_fill_the_disk(kept: Accusations) -> None:
    """The first of one server prove it; another's is still kept."""
    kept.keep(SERVERS, [(THIRD, height) for height in range(1, 100)], 1000)

    assert len(kept.all()) == MOST
    assert kept.keep(SERVERS, [(validator_address(SERVERS[3].keys.validator), 7)], 1000) == [("srv-4", 7)]


def test_a_stranger_s_address_accuses_nobody(tmp_path: Path, kept: Accusations) -> None:
    """The ledger names who ever had a vote: what it never named is dropped."""
    assert kept.keep(SERVERS, [(b"x" * 20, 7)], 1000) == []
    assert kept.all() == ()

    assert kept.name({THIRD: "srv-3"}) == []
    assert Accusations(tmp_path).unnamed() == ()


def test_a_key_that_nobody_has_any_more_is_named_later(tmp_path: Path, kept: Accusations) -> None:
    """Kept durably, once, and named as soon as the ledger was asked, with the time at which it was found."""
    others = SERVERS[:2]
    assert kept.keep(others, [(THIRD, 7)], 1000) == []
    assert kept.keep(others, [(THIRD, 7)], 2000) == []

    again = Accusations(tmp_path)
    assert again.name({THIRD: "srv-3"}) == [("srv-3", 7)]
    assert again.name({THIRD: "srv-3"}) == []
    assert Accusations(tmp_path).all() == (Accusation("srv-3", 7, 1000),)


def test_a_liar_with_an_old_key_does_not_fill_the_disk(kept: Accusations) -> None:
    """As many are kept of a key that nobody has as of a server, and of both together no more."""
    kept.keep(SERVERS[:2], [(THIRD, height) for height in range(1, 100)], 1000)
    kept.keep(SERVERS, [(THIRD, height) for height in range(100, 105)], 1000)

    assert len(kept.unnamed()) == MOST
    kept.name({THIRD: "srv-3"})
    assert len(kept.all()) == MOST


def test_rows_of_before_are_read(tmp_path: Path) -> None:
    """A file that an earlier version wrote."""
    (tmp_path / FILE).write_text('[["srv-3", 7, 1000]]')

    assert Accusations(tmp_path).all() == (Accusation("srv-3", 7, 1000),)


def test_what_is_on_the_ledger_is_dropped(tmp_path: Path, kept: Accusations) -> None:
    """For good."""
    kept.keep(SERVERS, [(THIRD, 7), (THIRD, 9)], 1000)

    kept.drop(Accusation("srv-3", 7, 1000))

    assert [one.height for one in Accusations(tmp_path).all()] == [9]


def test_a_file_that_cannot_be_read_is_an_empty_one(tmp_path: Path) -> None:
    """The other servers have the same evidence."""
    (tmp_path / FILE).write_bytes(b"\xff[")

    assert Accusations(tmp_path).all() == ()


@pytest.mark.parametrize(
    ("own", "accused", "turns"),
    [("srv-1", "srv-3", 0), ("srv-2", "srv-3", 1), ("srv-4", "srv-3", 2), ("srv-2", "srv-1", 0)],
)
def test_the_lowest_number_that_is_not_accused_says_it_first(own: str, accused: str, turns: int) -> None:
    """Each of the others leaves it to those before it for a while."""
    assert turn_ms(SERVERS, accused, own) == turns * TURN_MS


def test_who_has_no_vote_says_nothing_before_those_who_do() -> None:
    """A follower comes after all of them."""
    servers = (*SERVERS, _server(5, ServerRole.FOLLOWER))

    assert turn_ms(servers, "srv-3", "srv-5") == 3 * TURN_MS
