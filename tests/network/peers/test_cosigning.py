"""Quorum notes: what counts, what is refused, what is kept as evidence."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.errors import AkashiError, NotFound
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.keyring.members import quorum
from akashi.ledger.wire.note import (
    NoteKey,
    NoteKind,
    cosign,
    parse_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
    verify_log,
)
from akashi.network.peers.cosigning import KEPT_SIZES, QuorumNotes
from akashi.network.peers.errors import NoteRefused
from akashi.network.peers.lines import MAX_NOTE_MEMBERS, cosigner_name, own_note
from tests.network.peers.servers import BLOCK_MS, ORIGIN, MemoryStore, Server, Signers, root_of, servers
from tests.waiting import PATIENCE_S

SECONDS = BLOCK_MS // 1000


def failure(error: AkashiError) -> str:
    """The short class."""
    return str(error.params["failure"])


def note_of(number: int, size: int, history: str = "", origin: str = ORIGIN) -> bytes:
    """What this server would send."""
    signers = Signers(number)
    if origin == ORIGIN:
        return own_note(origin, size, root_of(size, history), SECONDS, signers.log, signers.cosigner)
    log = Signers(number).log
    log._name = origin
    return own_note(origin, size, root_of(size, history), SECONDS, log, signers.cosigner)


def verified_by(note: bytes, numbers: int) -> tuple[bool, int]:
    """(a log line of one of the servers verifies, how many cosigned), as an outside verifier sees it."""
    checkpoint = parse_checkpoint(note)
    everybody = [Signers(number) for number in range(1, numbers + 1)]
    verify_log(checkpoint, [NoteKey(ORIGIN, NoteKind.ED25519, one.log.public_key) for one in everybody])
    keys = {
        str(one.number): NoteKey(cosigner_name(ORIGIN, one.number), NoteKind.COSIGNATURE, one.cosigner.public_key)
        for one in everybody
    }
    seen = verify_cosignatures(checkpoint, keys)
    return set(seen.values()) == {SECONDS}, len(seen)


def test_three_of_four_make_a_quorum() -> None:
    """Two notes of four acknowledge nothing; the third does, and the note verifies with the servers' published keys alone."""
    first, *others = servers(4)
    first.publish(10)
    first.notes.take(2, others[0].publish(10))
    before = first.notes.newest()
    first.notes.take(3, others[1].publish(10))
    note = first.notes.wait(10, 0)

    assert before is None
    assert note is not None
    assert first.store.notes == {10: note}
    assert verified_by(note, 4) == (True, 3)


def test_own_log_line_comes_first() -> None:
    """Each server's quorum note begins with its own log line, then those of others, then the cosignatures."""
    third = servers(4)[2]
    for number in (1, 2):
        third.notes.take(number, note_of(number, 10))
    third.publish(10)
    note = third.notes.wait(10, 0)

    assert note is not None
    lines = parse_checkpoint(note).lines
    assert lines[0].hash == NoteKey(ORIGIN, NoteKind.ED25519, third.signers.log.public_key).hash
    assert [line.name == ORIGIN for line in lines] == [True] * 3 + [False] * 3


@given(count=st.integers(1, MAX_NOTE_MEMBERS), extra=st.integers(0, 8))
@settings(max_examples=30)
def test_every_network_that_fits_gets_its_note(count: int, extra: int) -> None:
    """With 1 to 22 servers a quorum's note has at most 16 lines and 8 KiB, and all cosignatures that a quorum needs."""
    everybody = [Signers(number) for number in range(1, count + 1)]
    one = Server(1, everybody)
    needed = quorum(count)
    for number in range(2, min(count, needed + extra) + 1):
        one.notes.take(number, note_of(number, 7))
    one.publish(7)
    note = one.notes.wait(7, 0)

    assert note is not None
    assert len(note) <= 8192
    assert verified_by(note, count)[1] >= needed


def test_a_network_too_large_for_a_note_gets_none() -> None:
    """With 23 servers a quorum's cosignatures do not fit into one note: nothing is passed off as one."""
    one = Server(1, [Signers(number) for number in range(1, MAX_NOTE_MEMBERS + 2)])
    one.publish(7)
    for number in range(2, MAX_NOTE_MEMBERS + 2):
        one.notes.take(number, note_of(number, 7))

    assert one.notes.wait(7, 0) is None


def test_a_waiting_caller_is_woken() -> None:
    """Who waits for a size gets the note as soon as a quorum covers it, also by a later size; the note is on the disk by then."""
    first, *_ = servers(4)
    found: list[tuple[bytes | None, bool]] = []
    waiting = threading.Thread(
        target=lambda: found.append((first.notes.wait(8, PATIENCE_S), 10 in first.store.notes)), daemon=True
    )
    waiting.start()
    first.publish(10)
    for number in (2, 3):
        first.notes.take(number, note_of(number, 10))
    waiting.join(PATIENCE_S)

    assert found == [(first.store.notes[10], True)]


def test_nobody_waits_for_ever() -> None:
    """Without a quorum a caller gets nothing when its time is over, and at once when the server ends."""
    first, *_ = servers(4)
    first.publish(10)
    early = first.notes.wait(10, 0.01)
    first.notes.close()

    assert (early, first.notes.wait(10, 60)) == (None, None)


def test_nothing_is_given_out_before_it_is_kept() -> None:
    """While the disk fails there is no quorum note; the next note that comes finds it working and nothing is lost."""
    first, *_ = servers(4)
    first.publish(10)
    first.notes.take(2, note_of(2, 10))
    first.store.failing = True
    with pytest.raises(NotFound):
        first.notes.take(3, note_of(3, 10))
    while_failing = first.notes.newest()
    first.store.failing = False
    first.notes.take(4, note_of(4, 10))

    assert while_failing is None
    assert first.notes.wait(10, 0) is not None


def test_late_and_double_notes_are_harmless() -> None:
    """Notes that come twice, late, or for heads long past change nothing and are not refused."""
    first, *_ = servers(4)
    for size in range(1, KEPT_SIZES + 10):
        first.publish(size)
    newest = KEPT_SIZES + 9
    for number in (2, 3, 2, 3, 4):
        first.notes.take(number, note_of(number, newest))
    kept = first.notes.newest()
    for number, size in ((2, newest - 1), (3, newest - 1), (4, 1), (4, newest)):
        first.notes.take(number, note_of(number, size))

    assert kept == first.notes.newest() == (newest, first.store.notes[newest])
    assert first.alarms == []


def test_notes_from_ahead_wait_for_us() -> None:
    """A server that is behind keeps what others signed already, and has a quorum as soon as it commits that head itself."""
    first, *_ = servers(4)
    for number in (2, 3, 4):
        first.notes.take(number, note_of(number, 12))
    before = first.notes.newest()
    first.publish(11)
    first.publish(12)

    assert before is None
    assert first.notes.newest() == (12, first.store.notes[12])


def test_memory_for_notes_from_ahead_is_bounded() -> None:
    """Of each member at most 64 sizes ahead are remembered, the newest; a flood of one takes nothing from another."""
    first, *_ = servers(4)
    first.notes.take(3, note_of(3, 5))
    for size in range(1_000, 1_000 + 2 * KEPT_SIZES):
        first.notes.take(2, note_of(2, size))

    kept = first.notes._signed
    assert (len(kept[2]), min(kept[2]), list(kept[3])) == (KEPT_SIZES, 1_000 + KEPT_SIZES, [5])


def test_sizes_that_are_no_head_of_ours_are_forgotten() -> None:
    """A member that signs sizes between our heads fills no memory: behind us only our heads are of use."""
    first, *_ = servers(4)
    for size in (15, 16, 17, 20):
        first.notes.take(2, note_of(2, size))
    first.publish(20)
    first.notes.take(2, note_of(2, 18))

    assert list(first.notes._signed[2]) == [20]


# -- split views ------------------------------------------------------------------------------------------------------


def test_another_root_for_our_size_is_a_split_view() -> None:
    """A member that signs another root than ours is told of once, both notes are kept, and its signature counts for nothing."""
    first, *_ = servers(4)
    ours = first.publish(10)
    theirs = note_of(2, 10, "other")
    for _ in range(2):
        first.notes.take(2, theirs)
    first.notes.take(3, note_of(3, 10))

    (found,) = first.store.found
    assert (found.member, found.against, found.size, found.one, found.other) == (2, 1, 10, ours, theirs)
    assert first.alarms == [found]
    assert first.notes.newest() is None


def test_a_split_view_from_ahead_is_found_when_we_get_there() -> None:
    """What was signed ahead of us is compared as soon as we commit that size."""
    first, *_ = servers(4)
    first.notes.take(2, note_of(2, 10, "other"))
    before = list(first.alarms)
    first.publish(10)

    assert before == []
    assert [(one.member, one.against) for one in first.alarms] == [(2, 1)]


def test_two_members_that_contradict_each_other_are_a_split_view() -> None:
    """Two notes from ahead with different roots cannot both be true, whichever we commit later."""
    first, *_ = servers(4)
    first.notes.take(2, note_of(2, 10, "other"))
    first.notes.take(3, note_of(3, 10))

    assert [(one.member, one.against, one.size) for one in first.alarms] == [(3, 2, 10)]


def test_a_member_that_contradicts_itself_counts_once_at_most() -> None:
    """The second root of one member for one size is evidence, and does not take the place of the first."""
    first, *_ = servers(4)
    first.notes.take(2, note_of(2, 10))
    first.notes.take(2, note_of(2, 10, "other"))
    first.publish(10)
    first.notes.take(3, note_of(3, 10))

    assert [(one.member, one.against) for one in first.alarms] == [(2, 2)]
    assert first.notes.newest() is not None


def test_our_own_keys_used_elsewhere_are_noticed() -> None:
    """A note under our own keys with another root, as a peer hands it on, is a split view of ourselves: a copied key or a server set back."""
    first, *_ = servers(4)
    first.publish(10)
    first.notes.take_pulled(note_of(1, 10, "other"))

    assert [(one.member, one.against) for one in first.alarms] == [(1, 1)]


def test_this_server_signs_one_root_per_size() -> None:
    """A second root for a size is not signed, whatever is asked."""
    first, *_ = servers(4)
    first.publish(10)
    with pytest.raises(NoteRefused) as refused:
        first.publish(10, "other")

    assert failure(refused.value) == "note.head"


# -- notes that must fail ---------------------------------------------------------------------------------------------


def with_lines(note: bytes, *lines: bytes) -> bytes:
    """The note's body with these signature lines."""
    return note.partition(b"\n\n")[0] + b"\n\n" + b"".join(lines)


def lines_of(note: bytes) -> list[bytes]:
    """The signature lines, each with its line feed."""
    return note.partition(b"\n\n")[2].splitlines(keepends=True)


def forged() -> dict[str, tuple[int, bytes, str]]:
    """Name -> (who sends it, the note, the failure)."""
    two, three = note_of(2, 10), note_of(3, 10)
    log, cosignature = lines_of(two)
    under_threes_name = cosignature.replace(b"/server/2 ", b"/server/3 ")
    blob_of_two = parse_checkpoint(two).lines[1].blob
    hash_of_three = parse_checkpoint(three).lines[1].hash
    moved = Signers(3)
    moved_line = b"".join(
        lines_of(
            cosign(sign_checkpoint(ORIGIN, 10, root_of(10), Signers(2).log), _Copied(moved, blob_of_two), SECONDS)
        )[1:]
    )
    unknown = note_of(9, 10)
    elsewhere = ORIGIN.replace("example.jp", "example.com")
    assert parse_checkpoint(with_lines(two, log, moved_line)).lines[1].hash == hash_of_three
    return {
        "another's note": (3, two, "note.unsigned"),
        "copied cosignature under another name": (3, with_lines(two, lines_of(three)[0], under_threes_name), "note.unsigned"),
        "copied cosignature under another name and key": (3, with_lines(two, lines_of(three)[0], moved_line), "note.signature"),
        "another's log line": (3, with_lines(three, log, lines_of(three)[1]), "note.unsigned"),
        "no cosignature": (2, with_lines(two, log), "note.unsigned"),
        "no log line": (2, with_lines(two, cosignature), "note.unsigned"),
        "another size": (2, two.replace(b"\n10\n", b"\n11\n", 1), "note.signature"),
        "another root": (2, with_lines(note_of(2, 10, "other"), log, cosignature), "note.signature"),
        "another origin": (2, note_of(2, 10, origin=elsewhere), "note.origin"),
        "another epoch": (2, note_of(2, 10, origin=ORIGIN[:-1] + "2"), "note.origin"),
        "unknown member": (9, unknown, "note.member"),
        "ourselves": (1, note_of(1, 10), "note.member"),
        "seventeen lines": (2, with_lines(two, *[log] * 16, cosignature), "note.format"),
        "cut": (2, two[:-9], "note.format"),
        "size with a leading zero": (2, two.replace(b"\n10\n", b"\n010\n", 1), "note.size"),
        "one line doubled, one of them wrong": (
            2, with_lines(two, log, cosignature, lines_of(note_of(2, 11))[1]), "note.signature",
        ),
    }  # fmt: skip


class _Copied:
    """A cosigner that has another's signature and no key."""

    def __init__(self, signers: Signers, blob: bytes) -> None:
        self.name, self.public_key = signers.cosigner.name, signers.cosigner.public_key
        self._signature = blob[8:]

    def sign(self, message: bytes) -> bytes:
        """The copied one."""
        return self._signature


@pytest.mark.parametrize("name", forged())
def test_forged_notes_are_refused(name: str) -> None:
    """A note that its sender did not sign in full, as itself, for this ledger, is refused for that reason and leaves nothing behind."""
    number, note, expected = forged()[name]
    first, *_ = servers(4)
    first.publish(10)
    with pytest.raises((EncodingError, ProofError, NoteRefused)) as refused:
        first.notes.take(number, note)

    assert failure(refused.value) == expected
    assert (first.alarms, set(first.notes._signed)) == ([], {1})


def test_who_votes_no_more_counts_no_more() -> None:
    """Signatures of a member that was removed meanwhile, or re-keyed, make no quorum."""
    first, *_ = servers(4)
    first.publish(10)
    first.notes.take(2, note_of(2, 10))
    fifth = Signers(5).member
    first.members = [one for one in first.members if one.number != 2] + [fifth]
    first.notes.take(3, note_of(3, 10))
    without = first.notes.newest()
    first.notes.take(5, note_of(5, 10))

    assert without is None
    assert first.notes.newest() is not None


def test_who_votes_not_itself_follows_the_others() -> None:
    """A server without a vote adds nothing to a quorum, and still makes the others' signatures into a note."""
    everybody = [Signers(number) for number in range(1, 5)]
    follower = Server(7, everybody)
    follower.publish(10)
    for number in (1, 2):
        follower.notes.take(number, note_of(number, 10))
    two = follower.notes.newest()
    follower.notes.take(3, note_of(3, 10))
    note = follower.notes.wait(10, 0)

    assert two is None
    assert note is not None
    assert verified_by(note, 4) == (True, 3)


# -- pulling and restart ----------------------------------------------------------------------------------------------


def test_a_peers_note_brings_what_was_missed() -> None:
    """One answer of one peer is enough where it has a quorum: signatures count whoever carries them."""
    first, second, *_ = servers(4)
    second.publish(10)
    for number in (3, 4):
        second.notes.take(number, note_of(number, 10))
    first.publish(10)
    answer = second.notes.checkpoint(0)
    assert answer is not None
    first.notes.take_pulled(answer)

    assert first.notes.wait(10, 0) is not None


def test_what_a_peer_is_told() -> None:
    """The newest quorum note where it is newer than the asker's, else all that is signed for the newest head, else nothing."""
    first, *_ = servers(4)
    nothing = first.notes.checkpoint()
    first.publish(10)
    for number in (2, 3):
        first.notes.take(number, note_of(number, 10))
    first.publish(11)
    first.notes.take(2, note_of(2, 11))
    answers = [first.notes.checkpoint(after) for after in (0, 10)]

    assert nothing is None
    assert [(parse_checkpoint(one).size, len(parse_checkpoint(one).lines)) for one in answers if one] == [
        (10, 6),
        (11, 4),
    ]


def test_a_forged_line_spoils_a_pulled_note() -> None:
    """A note with a line of a member that does not verify is refused whole."""
    first, *_ = servers(4)
    first.publish(11)
    log, cosignature = lines_of(note_of(2, 10))
    with pytest.raises(ProofError):
        first.notes.take_pulled(with_lines(note_of(3, 11), *lines_of(note_of(3, 11)), log, cosignature))

    assert first.notes.lag() == 11


def test_quorum_notes_of_many_are_pulled_whole() -> None:
    """Of 14 servers not all log lines fit: their cosignatures count all the same."""
    everybody = [Signers(number) for number in range(1, 15)]
    first, second = Server(1, everybody), Server(2, everybody)
    second.publish(10)
    for number in range(3, 15):
        second.notes.take(number, note_of(number, 10))
    answer = second.notes.checkpoint()
    assert answer is not None
    first.publish(10)
    first.notes.take_pulled(answer)

    assert first.notes.wait(10, 0) is not None


def again(server: Server) -> QuorumNotes:
    """The same server after a restart."""
    return Server(1, [Signers(number) for number in range(1, 5)], server.store).notes


def test_the_newest_note_is_there_after_a_restart() -> None:
    """What was given out once is given out again."""
    first, *_ = servers(4)
    first.publish(10)
    for number in (2, 3):
        first.notes.take(number, note_of(number, 10))

    assert again(first).newest() == first.notes.newest()


def test_members_are_not_asked_before_there_are_any() -> None:
    """A server may make its notes before it can read who votes: the kept note is judged when somebody wants it."""
    first, *_ = servers(4)
    first.publish(10)
    for number in (2, 3):
        first.notes.take(number, note_of(number, 10))
    everybody: list[Signers] = []
    restarted = Server(1, everybody, first.store)
    restarted.members = first.members

    assert restarted.notes.newest() == first.notes.newest()


@pytest.mark.parametrize("note", [note_of(1, 10), b"", note_of(2, 10, origin=ORIGIN[:-1] + "2")])
def test_a_kept_note_that_no_quorum_signed_is_not_believed(note: bytes) -> None:
    """Who can write to the store cannot make a note final."""
    store = MemoryStore()
    store.notes[10] = note
    server = Server(1, [Signers(number) for number in range(1, 5)], store)

    assert server.notes.newest() is None


def test_positions_say_how_far_each_is() -> None:
    """For the page of servers: the newest size that each member signed, and the block time it gave."""
    first, *_ = servers(4)
    first.publish(12)
    first.notes.take(2, note_of(2, 12))
    first.notes.take(3, note_of(3, 40))

    assert first.notes.positions() == {1: (12, SECONDS), 2: (12, SECONDS), 3: (40, SECONDS)}
