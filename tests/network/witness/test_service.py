"""The witness protocol: each answer of the specification, and no cosignature under two histories."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.merkle import EMPTY_ROOT
from akashi.ledger.wire.note import NoteKey, NoteKind, cosign, parse_checkpoint, sign_checkpoint, verify_log
from akashi.network.witness.errors import WitnessStore
from akashi.network.witness.model import KnownLog, Suspicion
from akashi.network.witness.rules import MAX_BODY, SIZE_TYPE, format_submission, parse_submission
from akashi.network.witness.service import Witness
from akashi.network.witness.store import Memory
from tests.ledger.world import SoftNoteSigner
from tests.network.witness.logs import ORIGIN, Stage, ToyLog, other_key

HONEST = ToyLog.of(40)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A witness that knows the toy log and has seen nothing."""
    made = Stage(tmp_path)
    yield made
    made.memory.close()


def test_a_tree_that_extends_the_last_is_cosigned(stage: Stage) -> None:
    """200 with a cosignature over the very checkpoint, at the witness's time."""
    first = stage.ask(HONEST.asks(0, 7))
    reply = stage.ask(HONEST.asks(7, 19))

    assert (first.status, reply.status, stage.size()) == (200, 200, 19)
    assert stage.cosigned(HONEST.note(19), reply)
    assert not stage.alarms


def test_another_size_than_the_last_is_told_the_last(stage: Stage) -> None:
    """409 with the latest size as text/x.tlog.size, and nothing is cosigned."""
    stage.ask(HONEST.asks(0, 7))
    reply = stage.ask(HONEST.asks(3, 12))

    assert (reply.status, reply.body, reply.media_type) == (409, b"7\n", SIZE_TYPE)
    assert stage.size() == 7


def test_the_same_tree_again_is_cosigned_again(stage: Stage) -> None:
    """A log that lost the answer asks again with an empty proof, and gets a cosignature."""
    stage.ask(HONEST.asks(0, 7))
    reply = stage.ask(HONEST.asks(7, 7))

    assert stage.cosigned(HONEST.note(7), reply)


def test_a_split_view_is_refused_and_kept_as_proof(stage: Stage) -> None:
    """Same size, other root: 422, and both checkpoints, each signed by the log, are on the disk."""
    stage.ask(HONEST.asks(0, 7))
    reply = stage.ask(HONEST.branch(3, 7, "other").asks(7, 7))
    (finding,) = stage.memory.findings()
    notes = [parse_checkpoint(finding.ours), parse_checkpoint(finding.theirs)]

    assert (reply.status, finding.suspicion) == (422, Suspicion.SPLIT)
    assert notes[0].size == notes[1].size == 7
    assert notes[0].root != notes[1].root
    assert all(verify_log(note, [HONEST.key]) for note in notes)
    assert stage.alarms == [finding]


def test_a_split_is_found_at_any_size_that_was_cosigned(stage: Stage) -> None:
    """A stale request that shows another tree of an old size gets its 409, and is kept all the same."""
    stage.ask(HONEST.asks(0, 7))
    stage.ask(HONEST.asks(7, 19))
    reply = stage.ask(HONEST.branch(3, 7, "other").asks(0, 7))

    assert reply.status == 409
    assert [one.suspicion for one in stage.alarms] == [Suspicion.SPLIT]


def test_a_larger_fork_is_refused_and_becomes_proof_later(stage: Stage) -> None:
    """What was not shown to extend is kept; when the honest tree of that size comes, the two together are proof."""
    stage.ask(HONEST.asks(0, 7))
    fork = HONEST.branch(5, 19, "other")
    reply = stage.ask(format_submission(7, fork.prove(7, 19), fork.note(19)))
    stage.ask(HONEST.asks(7, 19))

    assert reply.status == 422
    assert [one.suspicion for one in stage.alarms] == [Suspicion.UNPROVEN, Suspicion.SPLIT]


def test_a_bad_proof_that_was_mended_is_no_finding(stage: Stage) -> None:
    """Somebody replays an honest checkpoint with rubbish as proof: refused, and forgotten once the log proves it."""
    stage.ask(HONEST.asks(0, 7))
    reply = stage.ask(format_submission(7, [bytes(32)], HONEST.note(19)))
    stage.ask(HONEST.asks(7, 19))

    assert reply.status == 422
    assert stage.memory.findings() == []


def test_a_finding_is_kept_and_told_once(stage: Stage) -> None:
    """Repeating a split view does not fill the disk."""
    stage.ask(HONEST.asks(0, 7))
    for _ in range(5):
        stage.ask(HONEST.branch(3, 7, "other").asks(7, 7))

    assert len(stage.memory.findings()) == len(stage.alarms) == 1


def test_unknown_origin_and_unknown_key(stage: Stage) -> None:
    """404 for a log that is not listed, 403 for a key that is not."""
    stranger = ToyLog(HONEST.leaves, SoftNoteSigner(ORIGIN.replace("log.", "other."), "toy log"))

    assert stage.ask(stranger.asks(0, 7)).status == 404
    assert stage.ask(format_submission(0, [], other_key(HONEST.note(7)))).status == 403
    assert stage.size() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + HONEST.note(7),
        b"old -1\n\n" + HONEST.note(7),
        b"old\n\n" + HONEST.note(7),
        b"new 0\n\n" + HONEST.note(7),
        b"old 0\nAAAA\n\n" + HONEST.note(7),
        b"old 0\n" + b"A" * 43 + b"=\r\n\n" + HONEST.note(7),
        b"old 0\n\n" + HONEST.note(7)[:-1],
        format_submission(0, [bytes(32)] * 64, HONEST.note(7)),
        b"old 0\n\n" + b"x" * MAX_BODY,
        format_submission(8, [], HONEST.note(7)),
    ],
)
def test_malformed_requests(stage: Stage, body: bytes) -> None:
    """400, nothing remembered; so too for an old size above the checkpoint's."""
    assert stage.ask(body).status == 400
    assert stage.size() == 0


def test_the_empty_tree_has_one_root(stage: Stage) -> None:
    """A checkpoint of size 0 is cosigned with the root of nothing and refused with any other (specification of July 2026)."""
    empty, wrong = (sign_checkpoint(ORIGIN, 0, root, HONEST.signer) for root in (EMPTY_ROOT, bytes(32)))

    assert stage.ask(format_submission(0, [], wrong)).status == 422
    assert stage.ask(format_submission(0, [], empty)).status == 200


def test_a_log_is_cosigned_so_often_in_a_minute(tmp_path: Path) -> None:
    """Beyond the bound 429, and a minute later again; refused requests of others do not use it up."""
    stage = Stage(tmp_path, per_minute=2)
    for _ in range(5):
        stage.ask(format_submission(0, [bytes(32)], HONEST.note(7)))
    statuses = [stage.ask(HONEST.asks(old, new)).status for old, new in ((0, 1), (1, 2), (2, 3))]
    stage.clock.advance(60_000)

    assert statuses == [200, 200, 429]
    assert stage.ask(HONEST.asks(2, 3)).status == 200
    stage.memory.close()


def test_one_server_of_several_gets_nothing_cosigned(tmp_path: Path) -> None:
    """Of a ledger of several servers the witness asks for a quorum: one server's signature, however often it stands there, is not one."""
    servers = [SoftNoteSigner(f"log.example/server/{number}", f"server {number}") for number in (1, 2, 3)]
    keys = tuple(NoteKey(one.name, NoteKind.COSIGNATURE, one.public_key) for one in servers)
    stage = Stage(tmp_path)
    witness = Witness(stage.signer, [KnownLog(ORIGIN, (HONEST.key,), 2, keys)], stage.memory, stage.clock, print)
    note = HONEST.note(7)
    alone = cosign(cosign(note, servers[0], 1), servers[0], 2)
    both = cosign(cosign(note, servers[0], 1), servers[2], 1)
    statuses = [witness.add_checkpoint(format_submission(0, [], one)).status for one in (note, alone, both)]
    with stage.memory.writing() as turn:
        kept = turn.newest_note(ORIGIN)

    assert statuses == [403, 403, 200]
    assert kept == both
    stage.memory.close()


def test_a_database_of_something_else_is_not_used(tmp_path: Path) -> None:
    """A file that another program made is refused, not filled."""
    other = sqlite3.connect(tmp_path / "witness.db")
    other.execute("PRAGMA application_id = 77")
    other.close()

    with pytest.raises(WitnessStore):
        Memory(tmp_path / "witness.db")


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 30))
def test_requests_have_one_encoding(noise: bytes, at: int, skip: int) -> None:
    """Whatever parses re-encodes to the same bytes; whatever does not gives our error."""
    body = HONEST.asks(7, 19)
    changed = body[:at] + noise + body[at + skip :]
    try:
        parsed = parse_submission(changed)
    except EncodingError:
        return
    assert format_submission(parsed.old, parsed.proof, parsed.note) == changed


Steps = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 40), st.booleans()), min_size=1, max_size=25
)


@settings(max_examples=60)
@given(st.integers(0, 30), Steps)
def test_never_two_histories(at: int, steps: list[tuple[int, int, int, bool]]) -> None:
    """Random requests from four histories of one log: all that is cosigned lies on one line, and refused trees of a known size are proof."""
    histories = [HONEST, *(HONEST.branch(at, 40, word) for word in ("b", "c", "d"))]
    with TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        seen: dict[int, bytes] = {}
        for which, first, second, right in steps:
            old, new = sorted((first, second))
            old = min(stage.size(), new) if right else old
            log = histories[which]
            before = stage.size()
            reply = stage.ask(log.asks(old, new))
            root = parse_checkpoint(log.note(new)).root
            if new in seen and seen[new] != root:
                assert reply.status != 200
                assert any(one.size == new and one.suspicion is Suspicion.SPLIT for one in stage.memory.findings())
            if reply.status == 200:
                assert new >= before
                seen[new] = root
        fits = [all(parse_checkpoint(one.note(size)).root == root for size, root in seen.items()) for one in histories]
        stage.memory.close()
    assert any(fits)


def test_concurrent_requests_give_one_history(stage: Stage) -> None:
    """Two histories race from many threads: exactly one wins, and every cosigned tree lies on it."""
    stage.ask(HONEST.asks(0, 5))
    logs = [HONEST.branch(5, 40, word) for word in ("left", "right")]
    work = [(log, size) for size in range(6, 26) for log in logs]

    def ask(job: tuple[ToyLog, int]) -> tuple[ToyLog, int, int]:
        log, size = job
        return log, size, stage.ask(log.asks(min(stage.size(), size), size)).status

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, work))
    winners = {id(log) for log, _, status in answers if status == 200}

    assert len(winners) == 1
    assert {status for _, _, status in answers} <= {200, 409, 422}


def test_two_processes_worth_of_memory_agree(tmp_path: Path, stage: Stage) -> None:
    """A second opening of the same database cannot be talked into another history: the file decides, not the process."""
    twin = Stage(tmp_path)
    stage.ask(HONEST.asks(0, 7))

    assert twin.ask(HONEST.branch(3, 9, "other").asks(0, 9)).status == 409
    assert twin.ask(HONEST.asks(7, 9)).status == 200
    assert stage.ask(HONEST.branch(8, 12, "other").asks(9, 12)).status == 422
    twin.memory.close()
