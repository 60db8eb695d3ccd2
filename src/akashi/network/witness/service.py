"""The witness: takes checkpoints of the logs it knows and cosigns those that extend what it has cosigned before.

Guarantees: for one log it never cosigns two trees of which neither holds the other, also under concurrent requests, across restarts and after a
kill; what it cosigns is on the disk before the cosignature leaves; a split view is refused and both signed checkpoints are kept as proof. Refuses
logs and keys that its operator did not list. Trusts: its own database, and its clock for the time it states.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from akashi.clock import Clock
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire.note import Checkpoint, NoteKind, NoteSigner, cosign, verify_cosignatures, verify_log, vkey
from akashi.network.witness.model import Finding, KnownLog, Latest, Reply, Submission, Suspicion
from akashi.network.witness.rules import (
    BUSY,
    INCONSISTENT,
    MALFORMED,
    OK,
    SIZE_TYPE,
    STALE,
    UNKNOWN,
    UNSIGNED,
    Allowance,
    extends,
    judge,
    parse_submission,
)
from akashi.network.witness.store import Memory, Turn

Alarm = Callable[[Finding], None]
PER_MINUTE = 120


class Witness:
    """One witness with one key. Thread-safe."""

    def __init__(
        self,
        signer: NoteSigner,
        logs: Sequence[KnownLog],
        memory: Memory,
        clock: Clock,
        alarm: Alarm,
        per_minute: int = PER_MINUTE,
    ) -> None:
        """``logs``: one for each origin; ``alarm`` is told each new finding, once, after it is on the disk."""
        self._signer, self._memory, self._clock, self._alarm = signer, memory, clock, alarm
        self._logs = {log.origin: log for log in logs}
        self._allowed = {name: Allowance(per_minute) for name in self._logs}
        self._lock = threading.Lock()

    @property
    def vkey(self) -> str:
        """What others pin to recognise the cosignatures."""
        return vkey(self._signer.name, NoteKind.COSIGNATURE, self._signer.public_key)

    def add_checkpoint(self, body: bytes) -> Reply:
        """The answer to one ``add-checkpoint`` request (C2SP tlog-witness v1). Raises ``WitnessStore``."""
        try:
            submission = parse_submission(body)  # (1) the one encoding, else 400
        except EncodingError:
            return Reply(MALFORMED)
        log = self._logs.get(submission.checkpoint.origin)
        if log is None:  # (2) a log that the operator listed
            return Reply(UNKNOWN)
        try:
            note = _believed(
                submission.checkpoint, log
            )  # (3) signed by keys that the operator listed, and enough of them
        except ProofError:
            return Reply(UNSIGNED)
        return self._signed(submission, note)

    def _signed(self, submission: Submission, note: bytes) -> Reply:
        """Steps 4 to 7, in one transaction: the size asked about is still the latest when the new tree is remembered."""
        new, now_ms = submission.checkpoint, self._clock.now_ms()
        found: list[Finding | None] = []
        with self._memory.writing() as turn:
            latest = turn.latest(new.origin)
            found.append(self._find_split(turn, submission, note))
            status = judge(submission.old, new.size, latest)  # (4) 400, 409
            if status == OK and not extends(submission, latest):  # (5) 422
                status = INCONSISTENT
                if found[0] is None and turn.at_size(new.origin, new.size) is None:
                    ours = turn.newest_note(new.origin)
                    found.append(self._keep(turn, Suspicion.UNPROVEN, submission, ours, note))
            if status == OK and not self._allowance(new.origin):
                status = BUSY
            if status == OK:
                turn.remember(new.origin, new.size, new.root, note, now_ms)  # (6)
                turn.settle(new.origin, note)
                found += self._find_shown_before(turn, submission, note)
        for finding in found:
            if finding is not None:
                self._alarm(finding)
        if status == OK:  # (7) only now, with the row on the disk
            bare = new.body + b"\n" + new.lines[0].text.encode() + b"\n"
            return Reply(OK, cosign(bare, self._signer, now_ms // 1000)[len(bare) :])
        return self._refusal(status, latest)

    @staticmethod
    def _refusal(status: int, latest: Latest) -> Reply:
        return Reply(STALE, f"{latest.size}\n".encode(), SIZE_TYPE) if status == STALE else Reply(status)

    def _allowance(self, origin: str) -> bool:
        """Counts only what would be cosigned, so that nobody but the log itself can use it up."""
        with self._lock:
            return self._allowed[origin].take(self._clock.now_ms())

    def _find_split(self, turn: Turn, submission: Submission, note: bytes) -> Finding | None:
        """Whatever size the request claims to know: another root at a size that was cosigned is proof of a split."""
        new = submission.checkpoint
        known = turn.at_size(new.origin, new.size)
        if known is None or known[0] == new.root:
            return None
        return self._keep(turn, Suspicion.SPLIT, submission, known[1], note)

    def _find_shown_before(self, turn: Turn, submission: Submission, note: bytes) -> list[Finding | None]:
        """What was refused unproven becomes proof once another tree of its size is cosigned."""
        new = submission.checkpoint
        return [
            turn.find(new.origin, Suspicion.SPLIT, new.size, note, theirs, proof, self._clock.now_ms())
            for theirs, proof in turn.unproven(new.origin, new.size)
            if not theirs.startswith(new.body)
        ]

    def _keep(self, turn: Turn, what: Suspicion, submission: Submission, ours: bytes, theirs: bytes) -> Finding | None:
        new = submission.checkpoint
        proof = b"\n".join([b"old %d" % submission.old, *(one.hex().encode() for one in submission.proof)]) + b"\n"
        return turn.find(new.origin, what, new.size, ours, theirs, proof, self._clock.now_ms())


def _believed(checkpoint: Checkpoint, log: KnownLog) -> bytes:
    """The checkpoint with exactly the lines of listed keys, all verified: what proves by itself who signed it.

    Raises :class:`ProofError` ``note.unsigned``, ``note.signature``, ``note.quorum``.
    """
    verify_log(checkpoint, log.keys)
    if len(verify_cosignatures(checkpoint, {key.name: key for key in log.cosigners})) < log.need:
        raise ProofError("note.quorum")
    known = {(key.name, key.hash) for key in (*log.keys, *log.cosigners)}
    lines = [line.text.encode() + b"\n" for line in checkpoint.lines if (line.name, line.hash) in known]
    return checkpoint.body + b"\n" + b"".join(lines)
