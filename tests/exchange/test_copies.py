"""Announcements where several servers keep the ledger: a quorum of them holds the bytes, or there is no transfer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.exchange.records import transfer
from akashi.ledger.errors import EncodingError
from akashi.ledger.events import dump_body
from akashi.ledger.keyring.members import Member, put_members, quorum
from akashi.ledger.model import Purpose
from akashi.ledger.state import Overlay
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id, sign_cose
from akashi.vault.receipt import joined_receipts, split_receipts
from akashi.vault.sealing.wraps import digest_of_digests
from tests.exchange.desk import (
    CLERK,
    GATEWAY,
    LEDGER,
    OFFICE,
    ROGUE,
    SECRETARIAT,
    SENDER,
    SERVER,
    Desk,
    Signer,
    open_desk,
    sent,
    storage_receipt,
)

SERVERS = (SERVER, Signer(21), Signer(22), Signer(23))
LEFT = Signer(24)
"""A server that is enrolled and does not vote."""
PAYLOAD, WRAPS = bytes(15) + b"\x02", (bytes([3]) * 32,)
RECEIPTS = tuple(storage_receipt(PAYLOAD, WRAPS, signer=one) for one in SERVERS)


def receipt_until(height: int, signer: Signer) -> bytes:
    """A receipt that promises nothing beyond ``height``."""
    content: list[cbor.Value] = [1, LEDGER, PAYLOAD, bytes([2]) * 32, digest_of_digests(WRAPS), 1000, height]
    return sign_cose(signer, "akashi-storage/1", cbor.encode(content))


@pytest.fixture
def desk() -> Desk:
    """Two parties, and a ledger that four servers keep."""
    made = open_desk()
    for server in (*SERVERS[1:], LEFT):
        made.enrol(server.spki, OFFICE, Purpose.SERVER, server, SECRETARIAT)
    overlay = Overlay(made.memory)
    put_members(
        overlay,
        [Member(n, key_id(one.spki), bytes([n]) * 32, bytes([n + 100]) * 32) for n, one in enumerate(SERVERS, 1)],
    )
    made.memory.absorb(overlay.changes)
    return made


def reason(desk: Desk, storage: bytes, *copies: bytes) -> str | None:
    """Why an announcement with these receipts is refused, or ``None``."""
    body = sent(2, storage=storage, copies=copies or None)
    return desk.reason(body, SENDER, CLERK, subject="tr-0002")


@pytest.mark.parametrize("held", [(0, 1, 2), (3, 2, 1), (0, 1, 2, 3)])
def test_a_quorum_of_receipts_is_enough(desk: Desk, held: tuple[int, ...]) -> None:
    """Three of four, whoever they are and whoever staged it."""
    storage, *copies = [RECEIPTS[at] for at in held]

    assert reason(desk, storage, *copies) is None
    assert transfer(desk.state, "tr-0002") is not None


@pytest.mark.parametrize("held", [(0,), (0, 1), (2, 3)])
def test_fewer_receipts_are_refused(desk: Desk, held: tuple[int, ...]) -> None:
    """Attack: a gateway announces what one or two servers hold, and those two lose it."""
    storage, *copies = [RECEIPTS[at] for at in held]

    assert reason(desk, storage, *copies) == "storage.quorum"
    assert transfer(desk.state, "tr-0002") is None


@pytest.mark.parametrize("copies", [(0, 1), (1, 1), (1, 2, 2)])
def test_one_server_counts_once(desk: Desk, copies: tuple[int, ...]) -> None:
    """Attack: the same server's receipt several times."""
    assert reason(desk, RECEIPTS[0], *[RECEIPTS[at] for at in copies]) == "storage.again"


def test_who_does_not_vote_does_not_count(desk: Desk) -> None:
    """A retired or mirroring server's receipt is true and no part of the quorum."""
    elsewhere = storage_receipt(PAYLOAD, WRAPS, signer=LEFT)

    assert reason(desk, RECEIPTS[0], RECEIPTS[1], elsewhere) == "storage.quorum"
    assert reason(desk, RECEIPTS[0], RECEIPTS[1], RECEIPTS[2], elsewhere) is None


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (b"\xd2\x00", "storage.encoding"),
        (storage_receipt(PAYLOAD, WRAPS, signer=ROGUE), "storage.signer"),
        (storage_receipt(PAYLOAD, WRAPS, signer=GATEWAY), "storage.signer"),
        (storage_receipt(bytes(16), WRAPS, signer=SERVERS[3]), "storage.payload"),
        (storage_receipt(PAYLOAD, (bytes(32),), signer=SERVERS[3]), "storage.wraps"),
        (storage_receipt(PAYLOAD, WRAPS, size=999, signer=SERVERS[3]), "storage.body"),
        (RECEIPTS[3][:-1] + bytes([RECEIPTS[3][-1] ^ 1]), "storage.signature"),
        (receipt_until(9, SERVERS[3]), "storage.until"),
    ],
)
def test_every_copy_is_verified_like_the_first(desk: Desk, bad: bytes, expected: str) -> None:
    """One receipt that is not for exactly these bytes spoils an announcement that would have a quorum without it."""
    assert reason(desk, *RECEIPTS[:3], bad) == expected


def test_one_server_alone_takes_no_copies() -> None:
    """Where one server keeps the ledger, announcements are what they always were."""
    desk = open_desk()

    assert reason(desk, RECEIPTS[0], RECEIPTS[1]) == "storage.copies"
    assert reason(desk, RECEIPTS[0]) is None


def test_an_end_counts_only_where_there_are_several_servers() -> None:
    """A single server's receipt with an end is accepted as before."""
    assert reason(open_desk(), receipt_until(9, SERVER)) is None


@given(st.lists(st.sampled_from(RECEIPTS), min_size=1, max_size=8))
def test_receipts_travel_as_a_sequence(receipts: list[bytes]) -> None:
    """What was joined is split again; a single receipt is itself."""
    first, others = split_receipts(joined_receipts(receipts))

    assert [first, *others] == receipts


@pytest.mark.parametrize("data", [b"", b"\xd2", b"\x00", RECEIPTS[0][:-1], RECEIPTS[0] + b"\x00", RECEIPTS[0] * 32])
def test_other_sequences_are_refused(data: bytes) -> None:
    """Nothing, half a receipt, something else, more than there can be servers."""
    with pytest.raises(EncodingError):
        split_receipts(data)


@given(st.integers(1, 31))
def test_two_quorums_share_an_honest_server(servers: int) -> None:
    """Any two quorums have more servers in common than may be faulty."""
    faulty = (servers - 1) // 3

    assert 2 * quorum(servers) - servers > faulty
    assert quorum(servers) <= servers - faulty


def test_an_announcement_without_copies_is_encoded_as_before() -> None:
    """The new field leaves old operations, and their ids, alone."""
    assert sorted(dump_body(sent(2))) == list(range(1, 14))
