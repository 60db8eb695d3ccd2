"""The access journal: who signed in, read, took out or was refused what, and when; a hash chain in the gateway's database.

Guarantees: ``record`` returns once the entry is durable, so calling it before data leaves means that nothing leaves
unrecorded; entries are chained, and heads anchored on the ledger (``access.anchored``) show later changes to anybody.
Refuses: names and free text; an entry has handles, enums, counts, dotted codes. Trusted: whoever can write the database can cut
off or rewrite entries that were not anchored yet.

Chain: ``digest = SHA-256("akashi/access/1" 00 || previous digest || entry)``, the first ``previous`` being 32 zero bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from akashi.clock import Clock
from akashi.errors import Misuse
from akashi.identity.errors import JournalDamaged
from akashi.identity.model import Session
from akashi.identity.store import Database
from akashi.ledger.errors import EncodingError
from akashi.ledger.model import HANDLE
from akashi.ledger.wire import cbor

ZERO = bytes(32)
_CODE = re.compile(r"[a-z0-9_]{1,32}(\.[a-z0-9_]{1,32}){0,3}", re.ASCII)
_PAGE = 1000


class What(IntEnum):
    """What was done or tried. Permanent numbers, only appended."""

    SIGN_IN = 1
    SIGN_OUT = 2
    SESSION_ENDED = 3
    PASSWORD_SET = 4
    FACTOR_SET = 5
    FACTOR_REMOVED = 6
    PERSON_ADDED = 7
    PERSON_CHANGED = 8
    PERSON_DISABLED = 9
    DEVICE_CHANGED = 10
    ACTION = 11
    LISTED = 12
    READ = 13
    OPENED = 14
    DOWNLOADED = 15
    EXPORTED = 16
    CONVERTED = 17
    SENT = 18
    CONFIRMED = 19
    WITHDRAWN = 20
    REFUSED_TRANSFER = 21
    JOURNAL_READ = 22
    RECOVERY_USED = 23
    TEMPORARY_ISSUED = 24
    TEMPORARY_ENDED = 25
    LOCKED_OUT = 26
    ALERTED = 27
    SECOND_PLACE = 28
    """A confirmation dialog about a second browser, device or an unlisted one was answered."""
    PROVED_AGAIN = 29
    DEVICE_REQUESTED = 30
    DEVICE_INSTALLED = 31
    PASSWORD_RESET = 32
    RIGHTS_REQUESTED = 33
    RIGHTS_DECIDED = 34
    RIGHTS_CONFIRMED = 35
    REVIEWED = 36
    CLIENT_CHANGED = 37
    CLIENT_USED = 38
    EMERGENCY_PREPARED = 39
    EMERGENCY_OPENED = 40
    EMERGENCY_CLOSED = 41
    EMERGENCY_REVIEWED = 42
    EMERGENCY_DECLARED = 43
    MAINTENANCE_REQUESTED = 44
    MAINTENANCE_DECIDED = 45
    MAINTENANCE_BEGUN = 46
    MAINTENANCE_ENDED = 47
    MAINTENANCE_REPORTED = 48
    APPROVED = 49
    """A person signed an operation with a key of their own."""
    DOCUMENT_SIGNED = 50
    KEYS_CHANGED = 51
    SHARES_MADE = 52
    REPORT_READ = 53
    DEPARTMENT_CHANGED = 54


class Outcome(IntEnum):
    """How it ended. Permanent numbers, only appended."""

    DONE = 1
    REFUSED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Access:
    """One entry. ``session`` is the hash of the token; ``reason`` a dotted code; ``purpose`` a number of the part that asks."""

    number: int
    at_ms: int
    what: What
    outcome: Outcome
    institution: str | None = None
    person: str | None = None
    device: str | None = None
    session: bytes | None = None
    subject: str | None = None
    purpose: int | None = None
    count: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the journal stands: its last digest, how many entries, and when the first unanchored and the last were made."""

    digest: bytes
    count: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Stay:
    """One session as the journal shows it; ``end_ms`` is ``None`` while it lasts."""

    session: bytes
    person: str
    device: str
    start_ms: int
    end_ms: int | None

    @property
    def length_ms(self) -> int | None:
        """How long it lasted."""
        return None if self.end_ms is None else self.end_ms - self.start_ms


class Journal:
    """Appends, reads and verifies. Thread-safe, and safe beside other processes on the same database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    def record(
        self,
        what: What,
        outcome: Outcome = Outcome.DONE,
        *,
        session: Session | None = None,
        institution: str | None = None,
        person: str | None = None,
        device: str | None = None,
        subject: str | None = None,
        purpose: int | None = None,
        count: int | None = None,
        reason: str | None = None,
        at_ms: int | None = None,
    ) -> int:
        """Append one entry and return its number (from 1) once durable. Values that could hold a name raise ``Misuse``."""
        if session is not None:
            institution, person, device = session.institution, session.person, session.device
        for value in (institution, person, device, subject):
            if value is not None and not HANDLE.fullmatch(value):
                raise Misuse(what="journal handle")
        if reason is not None and not _CODE.fullmatch(reason):
            raise Misuse(what="journal reason")
        with self._db.transaction() as db:
            last = db.execute("SELECT number, digest FROM journal ORDER BY number DESC LIMIT 1").fetchone()
            number, previous = (last[0] + 1, last[1]) if last else (1, ZERO)
            at = self._clock.now_ms() if at_ms is None else at_ms
            tail = (subject, purpose, count, reason)
            id_ = session.id if session is not None else None
            entry = _encode(Access(number, at, what, outcome, institution, person, device, id_, *tail))
            db.execute("INSERT INTO journal VALUES (?, ?, ?)", (number, entry, _chain(previous, entry)))
        return int(number)

    def entries(self, start: int = 1, most: int | None = None) -> Iterator[Access]:
        """Entries from number ``start`` on, in order."""
        left = most
        while left is None or left > 0:
            rows = self._rows(start, _PAGE if left is None else min(_PAGE, left))
            for number, entry, _ in rows:
                yield _decode(entry, number)
            if not rows:
                return
            start = rows[-1][0] + 1
            left = None if left is None else left - len(rows)

    def verify(self, anchors: Iterable[tuple[int, bytes]] = ()) -> int:
        """Check the whole chain, and that it passes through ``anchors`` (count, head digest from the ledger); returns the count.

        1. numbers run from 1 without a gap; 2. every entry is well formed and says its own number; 3. every digest follows from
        the one before; 4. every anchor is on the chain. Raises :class:`JournalDamaged`. Left to the caller: fetching anchors.
        """
        wanted = dict(anchors)
        previous, number = ZERO, 0
        while rows := self._rows(number + 1, _PAGE):
            for at, entry, digest in rows:
                number += 1
                if at != number or _decode(entry, number).number != number:
                    raise JournalDamaged(number=number)
                previous = _chain(previous, entry)
                if digest != previous or wanted.pop(number, previous) != previous:
                    raise JournalDamaged(number=number)
        if wanted:
            raise JournalDamaged(number=min(wanted))
        return number

    def head(self, after: int = 0) -> Head | None:
        """The present head; ``after`` is the last anchored count. ``None`` if nothing came since."""
        rows = self._db.read("SELECT number, entry, digest FROM journal ORDER BY number DESC LIMIT 1")
        first = self._rows(after + 1, 1)
        match rows, first:
            case [(int(count), bytes(entry), bytes(digest))], [(_, begin, _)]:
                times = _decode(begin, after + 1).at_ms, _decode(entry, count).at_ms
                return Head(digest, count, min(times), max(times))  # the clock may have stepped back in between
        return None

    def stays(self) -> list[Stay]:
        """All sessions with begin, end and so their length, in the order of sign-in."""
        stays: dict[bytes, Stay] = {}
        for entry in self.entries():
            if entry.session is None or entry.outcome is not Outcome.DONE:
                continue
            if entry.what is What.SIGN_IN:
                stays[entry.session] = Stay(entry.session, entry.person or "", entry.device or "", entry.at_ms, None)
            elif entry.what in (What.SIGN_OUT, What.SESSION_ENDED) and entry.session in stays:
                begun = stays[entry.session]
                stays[entry.session] = Stay(begun.session, begun.person, begun.device, begun.start_ms, entry.at_ms)
        return list(stays.values())

    def _rows(self, start: int, most: int) -> list[tuple[int, bytes, bytes]]:
        query = "SELECT number, entry, digest FROM journal WHERE number >= ? ORDER BY number LIMIT ?"
        result: list[tuple[int, bytes, bytes]] = []
        for row in self._db.read(query, start, most):
            match row:
                case (int(number), bytes(entry), bytes(digest)):
                    result.append((number, entry, digest))
        return result


def _chain(previous: bytes, entry: bytes) -> bytes:
    return sha256(b"akashi/access/1\x00" + previous + entry).digest()


def _encode(entry: Access) -> bytes:
    fields: list[cbor.Value] = [1, entry.number, entry.at_ms, int(entry.what), int(entry.outcome)]
    fields += [entry.institution, entry.person, entry.device, entry.session]
    return cbor.encode([*fields, entry.subject, entry.purpose, entry.count, entry.reason])


def _decode(data: bytes, number: int) -> Access:
    try:
        match cbor.decode(data):
            case [
                1, int(n), int(at), int(what), int(outcome),
                (str() | None) as institution, (str() | None) as person, (str() | None) as device, (bytes() | None) as session,
                (str() | None) as subject, (int() | None) as purpose, (int() | None) as count, (str() | None) as reason,
            ]:  # fmt: skip
                who = (institution, person, device, session)
                return Access(n, at, What(what), Outcome(outcome), *who, subject, purpose, count, reason)
    except (EncodingError, ValueError) as error:
        raise JournalDamaged(number=number) from error
    raise JournalDamaged(number=number)
