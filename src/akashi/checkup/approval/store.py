"""What approval keeps beside the ledger: texts by digest, drafts with decisions, and what is still to be said.

Guarantees: every act is durable when it returns and replaces nothing: texts, decisions and drafts keep all their versions; an operation is
kept before it leaves, and submitted again until the ledger has answered. Refuses: to hand out a text that is not what its digest says.
Trusts: the documents for confidentiality, the author for the ledger's answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

from akashi.checkup.approval.errors import ApprovalRefused, MapDraftUnknown
from akashi.checkup.approval.frozen import KeptOtherwise, freeze, thaw
from akashi.checkup.approval.model import DraftHead, MapDraft
from akashi.checkup.mapping.model import Choice, Draft
from akashi.clock import Clock
from akashi.identity.model import Session
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.model import MAX_LIFETIME_MS
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.vault.documents import Document, Documents

_TEXTS, _VERSIONS, _ENDED, _OUTBOX = "text", "version", "ended", "outbox"
_DRAFTS, _CONTENTS, _CHOICES, _TABLES = "draft", "content", "choice", "table"
_WAITING, _SETTLED, _REFUSED = 0, 1, 2
_MOST_THAWED = 4


@dataclass(frozen=True, slots=True)
class Assigned:
    """What was said here: this text is that version of that map. ``operation`` is its id on the ledger, 32 bytes."""

    map: str
    version: int
    digest: bytes
    map_id: str
    own: bool
    operation: bytes


class Texts:
    """Texts of maps by SHA-256, and which of them are this institution's versions."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents, self._clock = documents, clock

    def keep(self, text: str) -> bytes:
        """Keep a text; its SHA-256."""
        digest = sha256(text.encode()).digest()
        if self.get(digest) is None:
            self._documents.put(_TEXTS, digest.hex(), text, self._clock.now_ms())
        return digest

    def get(self, digest: bytes) -> str | None:
        """The text, or ``None`` where there is none or another stands in its place."""
        found = self._documents.get(_TEXTS, digest.hex())
        if found is None or not isinstance(found.value, str) or sha256(found.value.encode()).digest() != digest:
            return None
        return found.value

    def assign(self, one: Assigned) -> None:
        """Remember that a version of a map is this text, and which operation says so."""
        row: list[Value] = [one.map, one.version, one.digest, one.map_id, one.own, one.operation]
        self._documents.put(_VERSIONS, _place(one), row, self._clock.now_ms())

    def withdraw(self, one: Assigned) -> None:
        """The ledger refused it: it was never a version. Its text stays."""
        self._documents.put(_VERSIONS, _place(one), [], self._clock.now_ms())

    def end(self, name: str, version: int) -> None:
        """Remember that this institution wants the version used no more, whatever a server says."""
        self._documents.put(_ENDED, f"{name}/{version:04d}", 1, self._clock.now_ms())

    def ended(self) -> frozenset[tuple[str, int]]:
        """The versions that this institution retired."""
        named = (key.partition("/") for key in self._documents.keys(_ENDED))
        return frozenset((name, int(version)) for name, _, version in named)

    def assigned(self) -> list[Assigned]:
        """All texts that were said to be versions, by map and version."""
        made = []
        for one in self._documents.newest(_VERSIONS):
            match one.value:
                case [str(name), int(version), bytes(digest), str(map_id), bool(own), bytes(operation)]:
                    made.append(Assigned(name, version, digest, map_id, own, operation))
        return made


def _place(one: Assigned) -> str:
    return f"{one.map}/{one.version:04d}/{one.operation.hex()}"


@lru_cache(maxsize=4096)
def _choice(text: str) -> Choice:
    return thaw(Choice, text)


class DraftStore:
    """Drafts: columns once, heads and decisions as they come. The columns of those used last are kept thawed."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents, self._clock = documents, clock
        self._thawed: dict[str, tuple[str, Draft]] = {}

    def _columns(self, handle: str, text: str) -> Draft:
        """Columns from their kept text, which is read and authenticated each time; thawing 830 of them takes a quarter second."""
        known = self._thawed.pop(handle, None)
        made = known if known is not None and known[0] == text else (text, thaw(Draft, text))
        self._thawed[handle] = made
        for oldest in list(self._thawed)[:-_MOST_THAWED]:
            self._thawed.pop(oldest, None)
        return made[1]

    def start(self, handle: str, content: Draft | str, head: DraftHead, by: str) -> None:
        """Keep a new draft: columns, or a finished text."""
        now = self._clock.now_ms()
        kept = content if isinstance(content, str) else freeze(content)
        self._documents.put(_CONTENTS, handle, [isinstance(content, str), kept], now)
        self._put_head(handle, head, by, now, by, "")

    def _put_head(self, handle: str, head: DraftHead, started_by: str, started_ms: int, by: str, closed: str) -> None:
        row: list[Value] = [started_by, started_ms, by, freeze(head), closed]
        self._documents.put(_DRAFTS, handle, row, self._clock.now_ms())

    def save(self, draft: MapDraft, by: str, *, head: DraftHead | None = None, closed: str = "") -> None:
        """Keep a changed head, or that the draft is closed. Closing changes no content, so it names who saved last before."""
        self._put_head(draft.handle, head or draft.head, draft.started_by, draft.started_ms, by, closed)

    def decide(self, draft: MapDraft, choices: Mapping[int, Choice], by: str) -> None:
        """Keep decisions, all or none."""
        rows: list[tuple[str, Value]] = [(f"{column:06d}", freeze(one)) for column, one in choices.items()]
        self._documents.put_all(f"{_CHOICES}/{draft.handle}", rows, self._clock.now_ms())
        self.save(draft, by)

    def give_table(self, draft: MapDraft, name: str, words: Mapping[str, str], by: str) -> None:
        """Keep a lookup table of a person's own."""
        pairs: list[Value] = [[word, code] for word, code in words.items()]
        self._documents.put(f"{_TABLES}/{draft.handle}", name, pairs, self._clock.now_ms())
        self.save(draft, by)

    def _tables(self, handle: str) -> dict[str, dict[str, str]]:
        made: dict[str, dict[str, str]] = {}
        for one in self._documents.newest(f"{_TABLES}/{handle}"):
            rows = one.value if isinstance(one.value, list) else []
            made[one.key] = {str(row[0]): str(row[1]) for row in rows if isinstance(row, list)}
        return made

    def get(self, handle: str) -> MapDraft:
        """A draft with its content and decisions. Raises ``MapDraftUnknown``."""
        found, content = self._documents.get(_DRAFTS, handle), self._documents.get(_CONTENTS, handle)
        if found is None or content is None:
            raise MapDraftUnknown(name=handle)
        made = _head_of(found)
        choices = {}
        for one in self._documents.newest(f"{_CHOICES}/{handle}"):
            choices[int(one.key)] = _choice(one.value if isinstance(one.value, str) else "")
        match content.value:
            case [True, str(text)]:
                return replace(made, text=text)
            case [False, str(text)]:
                return replace(made, columns=self._columns(handle, text), choices=choices, tables=self._tables(handle))
        raise KeptOtherwise

    def every(self) -> list[MapDraft]:
        """All drafts without their contents, the newest change first."""
        return sorted(map(_head_of, self._documents.newest(_DRAFTS)), key=lambda one: (-one.saved_ms, one.handle))


def _head_of(found: Document) -> MapDraft:
    match found.value:
        case [str(started_by), int(started_ms), str(by), str(head), str(closed)]:
            return MapDraft(found.key, started_by, started_ms, by, found.at_ms, thaw(DraftHead, head), closed)
    raise KeptOtherwise


class Outbox:
    """Says something on the ledger so that it counts once: kept first, submitted then, and again after a silence."""

    def __init__(self, documents: Documents, author: Author, clock: Clock) -> None:
        self._documents, self._author, self._clock = documents, author, clock

    def worded(self, body: object, subject: str, session: Session) -> bytes:
        """The signed operation, not kept yet: a person who must approve it first is asked here."""
        return self._author.compose(
            body,
            subject=subject,
            person=session.person,
            device=session.device,
            auth=session.auth,
            lifetime_ms=MAX_LIFETIME_MS,
            approving=session.approving,
        )

    def keep(self, envelope: bytes) -> bytes:
        """Keep what is to be said; its operation id."""
        operation = parse_operation(envelope).id
        self._documents.put(_OUTBOX, operation.hex(), [_WAITING, envelope], self._clock.now_ms())
        return operation

    def submit(self, operation: bytes) -> None:
        """Say what is kept. Raises ``ApprovalRefused``, and ``Unavailable`` where it will be said again."""
        found = self._documents.get(_OUTBOX, operation.hex())
        match None if found is None else found.value:
            case [0, bytes(envelope)]:
                self._submit(operation.hex(), envelope)

    def waiting(self) -> frozenset[bytes]:
        """The ids of what is still to be said."""
        rows = self._documents.newest(_OUTBOX)
        return frozenset(bytes.fromhex(one.key) for one in rows if isinstance(one.value, list) and one.value[0] == 0)

    def settled(self) -> frozenset[bytes]:
        """The ids of what the ledger took."""
        rows = self._documents.newest(_OUTBOX)
        return frozenset(bytes.fromhex(one.key) for one in rows if isinstance(one.value, list) and one.value[0] == 1)

    def resume(self) -> int:
        """Submit again what got no answer; how many are settled now. Raises ``Unavailable`` at the first silence."""
        done = 0
        for one in self._documents.newest(_OUTBOX):
            match one.value:
                case [0, bytes(envelope)]:
                    done += self._resubmitted(one.key, envelope)
        return done

    def _resubmitted(self, key: str, envelope: bytes) -> int:
        try:
            self._submit(key, envelope)
        except ApprovalRefused:
            return 0  # it is marked, and whoever looks sees that the ledger does not hold it
        return 1

    def _submit(self, key: str, envelope: bytes) -> None:
        try:
            self._author.ledger.submit(envelope)
        except Refused as error:
            self._documents.put(_OUTBOX, key, [_REFUSED, b""], self._clock.now_ms())
            raise ApprovalRefused(reason=error.reason) from error
        self._documents.put(_OUTBOX, key, [_SETTLED, b""], self._clock.now_ms())
