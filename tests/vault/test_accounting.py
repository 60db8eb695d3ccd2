"""Erasure where several servers hold copies: each says so itself, in any order, and nothing counts as gone before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, KindTable, dump_body, info_of
from akashi.ledger.keyring.members import Member, members, put_members
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay
from akashi.vault.accounting import (
    FOUNDING,
    Owed,
    accounts,
    add_holder,
    holders,
    number_of,
    overdue,
    owed_by,
    put_holder,
)
from akashi.vault.events import (
    VAULT_KINDS,
    ErasureMethod,
    ErasureProgress,
    ErasureStatus,
    PayloadErased,
    PayloadErasureOrdered,
    PayloadPhase,
    PayloadRecord,
    account_copy,
    close_copies,
    erasure_progress,
    owes_receipt,
    payload_record,
    register_payload,
)
from akashi.vault.model import Account, CopyAccount, ErasureLevel, ErasureReason, Survival
from akashi.vault.rules import Closing, decide_closing, is_overdue, survives

PAYLOAD, OTHER, ORDER = bytes([1]) * 16, bytes([9]) * 16, bytes([2]) * 32
BODY, WRAPS = bytes([3]) * 32, (bytes([4]) * 32, bytes([5]) * 32)
KINDS = KindTable(VAULT_KINDS)
OFFICE, MIRROR, NOW, FIRST = "inst-office", bytes([77]) * 32, 10_000, 10_000
ORDERED = PayloadErasureOrdered(PAYLOAD, ErasureReason.EXPIRED)


def key_of(number: int) -> bytes:
    """A server's key id."""
    return number.to_bytes(2, "big") * 16


def member(number: int, key: bytes = b"") -> Member:
    """A voting server."""
    return Member(number, key or key_of(number), bytes([100 + number]) * 32, bytes([150 + number]) * 32)


def say(state: Overlay, body: object, signer: bytes = bytes(32), block_ms: int = NOW) -> None:
    """Apply one operation of a server's key."""
    info = info_of(type(body))
    auth = Auth(AuthMethod.MACHINE, 0)
    statement = Statement(bytes(16), info.tag, 1, Actor(OFFICE), auth, None, dump_body(body), 1, 2, bytes(16))
    KINDS.find(info.tag, 1).run(state, Context(statement, ORDER, signer, Purpose.SERVER, block_ms))


def gone(number: int, *, held: bool = True, level: ErasureLevel = ErasureLevel.FILE) -> PayloadErased:
    """What server ``number`` says: erased at 1000 x its number, with a horizon of one more."""
    method = ErasureMethod.SLOT_OVERWRITTEN if held else ErasureMethod.NOTHING_HELD
    return PayloadErased(PAYLOAD, ORDER, BODY, WRAPS, method, 1000 * number, 1000 * number + 1, level)


def registered(voting: int, mirrors: int = 0) -> Overlay:
    """A state with one announced payload, ``voting`` servers, and mirrors from :data:`FIRST` on."""
    state = Overlay(Memory())
    if voting:
        put_members(state, [member(number) for number in range(1, voting + 1)])
    for number in range(FIRST, FIRST + mirrors):
        assert add_holder(state, key_of(number)) == number
    for payload in (PAYLOAD, OTHER):
        register_payload(state, payload, subject="tr-aaaa", institution="inst-a", body_digest=BODY, wrap_digests=WRAPS)
    return state


def ordered(voting: int = 4, mirrors: int = 0) -> Overlay:
    """The same, with the erasure ordered."""
    state = registered(voting, mirrors)
    say(state, ORDERED)
    return state


def phase(state: Overlay) -> PayloadPhase:
    """Where the ledger sees the payload."""
    record = payload_record(state, PAYLOAD)
    assert record is not None
    return record.phase


@given(
    st.permutations([1, 2, 3, 4, FIRST]), st.lists(st.booleans(), min_size=5, max_size=5), st.sets(st.integers(1, 4))
)
@settings(max_examples=60)
def test_any_order_of_words_ends_in_the_same_record(order: list[int], held: list[bool], low: set[int]) -> None:
    """Erased exactly with the last word; times, horizon and level are the worst that anybody said, whoever spoke first."""
    state = ordered(4, 1)
    for at, number in enumerate(order):
        assert phase(state) is PayloadPhase.ORDERED
        assert set(erasure_progress(state, PAYLOAD, NOW).missing) == set(order[at:])
        level = ErasureLevel.KEY if number in low else ErasureLevel.FILE
        say(state, gone(number, held=held[at], level=level), key_of(number))

    record = payload_record(state, PAYLOAD)

    assert record is not None
    worst = ErasureLevel.KEY if low else ErasureLevel.FILE
    assert (record.phase, record.erased_ms, record.backup_horizon_ms) == (
        PayloadPhase.ERASED,
        1000 * FIRST,
        1000 * FIRST + 1,
    )
    assert (record.level, overdue(state, 1 << 50, 0)) == (worst, [])


@given(st.permutations([1, 2, 3, 4]), st.integers(0, 3))
@settings(max_examples=40)
def test_a_retired_server_is_closed_as_not_proven(order: list[int], retired_at: int) -> None:
    """Whoever leaves without a word is named for ever; the others' words still count, before and after."""
    state = ordered(4)
    leaver = order[retired_at]
    for at, number in enumerate(order):
        if at == retired_at:
            put_members(state, [one for one in members(state) if one.number != leaver])
            assert close_copies(state, leaver, NOW + 5) == 1
        else:
            say(state, gone(number), key_of(number))

    progress = erasure_progress(state, PAYLOAD, NOW)

    assert (phase(state), progress.status, progress.missing) == (PayloadPhase.ERASED, ErasureStatus.ERASED, ())
    assert progress.not_proven == (leaver,)
    assert [(one.number, one.survival) for one in progress.remains] == [(leaver, Survival.UNKNOWN)]


def test_nobody_speaks_for_another_or_twice() -> None:
    """Attack: one server's key says it for all, a stranger's says it, or the same one says it again."""
    state = ordered(4)
    say(state, gone(1), key_of(1))

    for signer, reason in ((key_of(1), "payload.said"), (bytes([66]) * 32, "payload.holder")):
        with pytest.raises(Refused, match=reason):
            say(state, gone(2), signer)
    assert erasure_progress(state, PAYLOAD, NOW).missing == (2, 3, 4)


def test_the_list_is_fixed_by_the_order() -> None:
    """A server that comes later owes nothing and cannot stand in for one that was there (nor fetch a copy)."""
    state = ordered(3)
    put_members(state, [*members(state), member(5)])

    with pytest.raises(Refused, match="holder"):
        say(state, gone(5), key_of(5))

    assert not owes_receipt(state, PAYLOAD, key_of(5))
    assert [one.number for one in accounts(state, PAYLOAD)] == [1, 2, 3]


def test_a_new_key_of_the_same_server_pays_its_debt() -> None:
    """What counts is the server's number; the key that it had when the order came is no use any more."""
    state = ordered(3)
    fresh = bytes([88]) * 32
    put_members(
        state, [*members(state)[:2], member(3, fresh)._replace(log_key=bytes([89]) * 32, cosigner_key=bytes([90]) * 32)]
    )

    with pytest.raises(Refused, match="holder"):
        say(state, gone(3), key_of(3))
    say(state, gone(3), fresh)

    assert erasure_progress(state, PAYLOAD, NOW).missing == (1, 2)


def test_one_server_alone_has_no_accounts() -> None:
    """A ledger that one server keeps ends with its receipt, has no row more than before, and knows no 'nothing held'."""
    state = ordered(0)
    assert [space for space, _ in state.changes] == ["pay", "pay"]
    with pytest.raises(Refused, match="method"):
        say(state, gone(1, held=False), key_of(1))

    say(state, gone(1), key_of(1))

    assert phase(state) is PayloadPhase.ERASED
    assert [space for space, _ in state.changes] == ["pay", "pay"]
    assert erasure_progress(state, PAYLOAD, NOW) == ErasureProgress(ErasureStatus.ERASED)


def test_a_mirror_beside_one_server_must_speak_too() -> None:
    """The founding server's receipt is not the end where a mirror holds copies; the mirror's carried receipt is."""
    state = ordered(0, 1)
    say(state, gone(1), bytes([50]) * 32)
    assert (phase(state), erasure_progress(state, PAYLOAD, NOW).missing) == (PayloadPhase.ORDERED, (FIRST,))

    say(state, gone(FIRST, level=ErasureLevel.KEY), key_of(FIRST))

    progress = erasure_progress(state, PAYLOAD, 1 << 50)
    assert phase(state) is PayloadPhase.ERASED
    assert [(one.number, one.survival) for one in progress.remains] == [(FIRST, Survival.SEALED_BYTES)]


def test_a_move_to_several_servers_keeps_the_debt() -> None:
    """Ordered while one server kept the ledger: the founding server pays as number 1 after the handover."""
    state = ordered(0, 1)
    put_members(state, [member(number) for number in (1, 2, 3, 4)])

    with pytest.raises(Refused, match="holder"):
        say(state, gone(2), key_of(2))
    say(state, gone(1), key_of(1))
    say(state, gone(FIRST), key_of(FIRST))

    assert phase(state) is PayloadPhase.ERASED


def test_nothing_proven_is_never_called_erased() -> None:
    """All that held a copy were retired without a word: the payload stays 'being erased' for good."""
    state = ordered(2)
    put_members(state, [member(5)])
    for number in (1, 2):
        close_copies(state, number, NOW)

    progress = erasure_progress(state, PAYLOAD, NOW)

    assert (progress.status, progress.missing, progress.not_proven) == (ErasureStatus.ERASING, (), (1, 2))


def test_missing_receipts_alarm_after_a_while() -> None:
    """One alarm for each receipt that is owed too long, and none once it is there or the server has left."""
    state = ordered(3)
    assert overdue(state, NOW + 100, 100) == []
    say(state, gone(2), key_of(2))
    close_copies(state, 3, NOW)

    assert overdue(state, NOW + 101, 100) == [Owed(1, PAYLOAD, NOW)]
    assert list(owed_by(state, 1)) == [Owed(1, PAYLOAD, NOW)]
    assert list(owed_by(state, 2)) == list(owed_by(state, 3)) == []


@pytest.mark.parametrize("key", [key_of(FIRST), key_of(2)])
def test_a_holder_has_a_key_of_its_own(key: bytes) -> None:
    """Not another mirror's, not a voting server's: one receipt never counts for two."""
    with pytest.raises(Refused, match="holder"):
        add_holder(registered(4, 1), key)


@pytest.mark.parametrize(("number", "key"), [(1, MIRROR), (4, MIRROR), (9, key_of(FIRST)), (9, key_of(2))])
def test_a_follower_has_its_own_number_and_key(number: int, key: bytes) -> None:
    """Not the founding server's, not a voting server's, not a mirror's."""
    with pytest.raises(Refused, match="holder"):
        put_holder(registered(4, 1), number, key)


def test_a_follower_may_change_its_key() -> None:
    """The number stays; receipts count under the new key only."""
    state = registered(2)
    put_holder(state, 9, key_of(9))
    put_holder(state, 9, MIRROR)

    assert [number_of(state, key) for key in (MIRROR, key_of(9))] == [9, None]


def test_a_holder_that_left_is_asked_no_more() -> None:
    """A mirror that is gone owes nothing for later orders, and its number is nobody else's."""
    state = registered(2, 1)
    assert [number_of(state, key) for key in (key_of(FIRST), key_of(1), MIRROR)] == [FIRST, 1, None]
    assert close_copies(state, FIRST, NOW) == 0
    say(state, ORDERED)

    assert holders(state) == {}
    assert [one.number for one in accounts(state, PAYLOAD)] == [1, 2]
    assert add_holder(state, MIRROR) == FIRST + 1
    assert number_of(Overlay(Memory()), MIRROR) == FOUNDING


def test_a_carried_receipt_counts_like_a_signed_operation() -> None:
    """Another kind enters a mirror's word; what was not ordered, or is not owed, is refused."""
    state, word = ordered(1, 1), CopyAccount(FIRST, Account.ERASED, 7, 7, ErasureLevel.FILE)
    say(state, gone(1), key_of(1))
    for payload, said, reason in ((OTHER, word, "not_ordered"), (PAYLOAD, replace(word, number=9), "holder")):
        with pytest.raises(Refused, match=reason):
            account_copy(state, payload, said)

    account_copy(state, PAYLOAD, word)

    assert phase(state) is PayloadPhase.ERASED
    with pytest.raises(Refused, match="said"):
        account_copy(state, PAYLOAD, word)


@pytest.mark.parametrize(
    ("copy", "left"),
    [
        (CopyAccount(1), Survival.EVERYTHING),
        (CopyAccount(1, Account.NOT_PROVEN, 5, 5), Survival.UNKNOWN),
        (CopyAccount(1, Account.ERASED, 5, 5, ErasureLevel.FILE), Survival.NOTHING),
        (CopyAccount(1, Account.NOTHING_HELD, 5, 5, ErasureLevel.FILE), Survival.NOTHING),
        (CopyAccount(1, Account.ERASED, 5, 5, ErasureLevel.KEY), Survival.SEALED_BYTES),
        (CopyAccount(1, Account.ERASED, 5, NOW + 1, ErasureLevel.FILE), Survival.BACKUPS),
        (CopyAccount(1, Account.ERASED, 5, NOW, ErasureLevel.FILE), Survival.NOTHING),
    ],
)
def test_what_survives_is_said_honestly(copy: CopyAccount, left: Survival) -> None:
    """Never less than the server's own words admit, until a backup's horizon has passed."""
    assert survives(copy, NOW) is left


ACCOUNTS = st.builds(
    CopyAccount,
    st.integers(1, 5),
    st.sampled_from(Account),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from(ErasureLevel),
)


@given(st.lists(ACCOUNTS, max_size=6), st.randoms(use_true_random=False))
def test_closing_does_not_depend_on_the_order(copies: list[CopyAccount], random: object) -> None:
    """A rule over a set: shuffled, it says the same; with one more who has not spoken, it says no."""
    shuffled = list(copies)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random

    assert decide_closing(shuffled) == decide_closing(copies)
    assert decide_closing([*copies, CopyAccount(9)]) is None


def test_limits_of_the_rules() -> None:
    """Exactly the patience is not overdue; one word of one server is an end."""
    one = CopyAccount(1, Account.ERASED, 3, 4, ErasureLevel.KEY)

    assert [is_overdue(10, now, 5) for now in (14, 15, 16)] == [False, False, True]
    assert decide_closing([one]) == Closing(3, 4, ErasureLevel.KEY)
    assert decide_closing([]) is None


def test_a_record_without_accounts_owes_what_it_always_owed() -> None:
    """Where one server keeps everything, whoever asks between order and outcome is told that a receipt is due."""
    before, after = registered(0), ordered(0)

    assert [owes_receipt(one, PAYLOAD, MIRROR) for one in (before, after)] == [False, True]
    assert not owes_receipt(after, OTHER, MIRROR)
    assert payload_record(after, OTHER) == PayloadRecord(PayloadPhase.ANNOUNCED, "tr-aaaa", "inst-a", BODY, WRAPS)
