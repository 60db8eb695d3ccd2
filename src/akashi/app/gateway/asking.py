"""What persons were asked to sign and have not answered yet, in memory.

Guarantees: what is signed is the statement that was shown, in the session that was shown it, for five minutes; an answer is verified here before it
reaches the ledger, which verifies it again. At most a thousand wait, twenty of one session: the oldest give way. Refuses answers to anything
else, and an operation that says otherwise than what was shown. Nothing is written down: a restart forgets what was asked, and nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from akashi.clock import Clock
from akashi.ledger.admission import judge
from akashi.ledger.errors import Refused
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted
from akashi.ledger.model import Approval, KeyRecord, Statement, operation_id
from akashi.ledger.wire.envelope import encode_statement

LIFE_MS = 5 * 60 * 1000
MOST, MOST_OF_ONE = 1_000, 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's approval of the operation that they were shown."""

    operation: bytes
    approval: Approval = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One statement that was shown, with what its use case had made for it."""

    operation: bytes
    session: bytes
    statement: Statement
    until_ms: int
    made: dict[tuple[str, int], object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """In whose name a request is made: session id (a hash), person, institution, the keys that this face can ask, and whom to tell."""

    session: bytes
    person: str
    institution: str
    keys: tuple[KeyRecord, ...]
    kinds: Container[str]
    """Kinds of operation that the person signs."""
    told: Callable[[Statement, str | None], None]
    """Told of every approval that was taken, or with a reason of one that was not."""


class PendingApprovals:
    """Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[bytes, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, session: bytes, statement: Statement, made: dict[tuple[str, int], object]) -> bytes:
        """Remember what is being shown; returns its operation id."""
        now = self._clock.now_ms()
        operation = operation_id(encode_statement(statement))
        with self._lock:
            self._tidy(now)
            own = [one.operation for one in self._waiting.values() if one.session == session]
            surplus = own[: max(0, len(own) - MOST_OF_ONE + 1)]
            surplus += list(self._waiting)[: max(0, len(self._waiting) - MOST + 1)]
            for old in surplus:
                self._waiting.pop(old, None)
            self._waiting[operation] = Waiting(operation, session, statement, now + LIFE_MS, dict(made))
        return operation

    def find(self, operation: bytes, session: bytes) -> Waiting | None:
        """What this session was shown under this id, if the time for an answer is not over.

        It may be asked for again: an operation counts once on the ledger, however often it is submitted.
        """
        with self._lock:
            self._tidy(self._clock.now_ms())
            found = self._waiting.get(operation)
        return found if found is not None and found.session == session else None

    def drop(self, session: bytes) -> None:
        """A session has ended."""
        with self._lock:
            self._waiting = {at: one for at, one in self._waiting.items() if one.session != session}

    def _tidy(self, now_ms: int) -> None:
        for one in [one for one in self._waiting.values() if one.until_ms <= now_ms]:
            del self._waiting[one.operation]


class Asked:
    """One request of one person: implements :class:`~akashi.ledger.author.Approving`. Used by one thread."""

    def __init__(self, pending: PendingApprovals, asker: Asker, clock: Clock, answers: Sequence[Answer] = ()) -> None:
        self._pending = pending
        self._asker = asker
        self._clock = clock
        found = [(pending.find(answer.operation, asker.session), answer.approval) for answer in answers]
        self._unknown = any(waiting is None for waiting, _ in found)
        self._open = [(waiting, approval) for waiting, approval in found if waiting is not None]
        self._made: dict[tuple[str, int], object] = {}
        self._calls: Counter[str] = Counter()
        for waiting, _ in self._open:
            self._made |= waiting.made

    @property
    def answering(self) -> tuple[bytes, ...]:
        """The operation ids that this session was shown and answers."""
        return tuple([waiting.operation for waiting, _ in self._open])

    def prepared(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` gave when the person was asked, else what it gives now."""
        at = (name, self._calls[name])
        self._calls[name] += 1
        if at not in self._made:
            self._made[at] = make()
        return self._made[at]  # type: ignore[return-value]  # what the same call of the same use case made

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """What was shown, with its approval. Raises :class:`ApprovalWanted`, :class:`ApprovalMismatch`."""
        if composed.kind not in self._asker.kinds:
            return composed, ()
        for at, (waiting, approval) in enumerate(self._open):
            if _says_the_same(waiting.statement, composed):
                del self._open[at]
                self._verify(waiting, approval)
                self._asker.told(waiting.statement, None)
                return waiting.statement, (approval,)
        if self._unknown:
            raise self._refuse(composed, "approval.over")
        if any(waiting.statement.kind == composed.kind for waiting, _ in self._open):
            raise self._refuse(composed, "approval.differs")
        operation = self._pending.keep(self._asker.session, composed, self._made)
        raise ApprovalWanted(operation, composed, self._asker.keys)

    def _verify(self, waiting: Waiting, approval: Approval) -> None:
        record = next((key for key in self._asker.keys if key.key == approval.key), None)
        try:
            judge(approval, waiting.operation, self._asker.institution, record, self._clock.now_ms()).verify()
        except Refused as error:
            raise self._refuse(waiting.statement, error.reason) from error

    def _refuse(self, statement: Statement, reason: str) -> ApprovalMismatch:
        self._asker.told(statement, reason)
        return ApprovalMismatch(reason)


def _says_the_same(shown: Statement, composed: Statement) -> bool:
    """All but times and nonce."""
    return _lasting(shown) == _lasting(composed)


def _lasting(statement: Statement) -> Statement:
    auth = statement.auth._replace(at_ms=0)
    return statement._replace(claimed_ms=0, not_after_ms=0, nonce=b"", auth=auth)
