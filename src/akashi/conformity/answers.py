"""Answers by people and the evidence for them: kept sealed, said on the ledger as commitments, carried over and compared.

Guarantees: every version of an answer is kept; its text, owner and the names of evidence files leave this store only in bundles for the
assessor; evidence bytes are sealed in the vault and announced on the ledger before an answer can name them. Refuses: answers to headings,
to items that no catalogue has, with evidence that is not here. Trusts: the caller for permissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from akashi.clock import Clock
from akashi.conformity.catalogues.books import Books
from akashi.conformity.errors import AnswerUnsaid, ItemUnknown, RecordUnknown
from akashi.conformity.events import AnswersKept, EvidenceKept
from akashi.conformity.model import Answer, Audience, Mode, Reply
from akashi.conformity.proof.codec import Fields, dump_answer, load_answer
from akashi.conformity.proof.commitments import Committed, commit, commit_bytes, commitment_root
from akashi.conformity.saying import Voice
from akashi.conformity.sealing import OpeningKeyMissing, fetch, stage
from akashi.errors import Unavailable
from akashi.identity.handles import new_handle
from akashi.identity.model import Session
from akashi.keys.openers import Opener
from akashi.ledger.author import Author
from akashi.ledger.registry import opening_key
from akashi.ledger.wire.cbor import Value
from akashi.vault.documents import Documents
from akashi.vault.port import PayloadStore

ANSWER, EVIDENCE = "ans", "evd"
_ANSWERS, _EVIDENCE, _SAID = "answer", "evidence", "said"
_TEXT_LIMIT = 20_000
_ANSWER_FIELDS = 3
_EVIDENCE_FIELDS = 5


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One evidence file as the institution knows it."""

    handle: str
    name: str = field(repr=False)
    media_type: str
    audience: Audience
    payload: bytes
    kept_ms: int
    size: int


class Answers:
    """The answers and evidence of one institution. Thread-safe as its store is."""

    def __init__(  # its collaborators
        self,
        *,
        documents: Documents,
        author: Author,
        payloads: PayloadStore,
        openers: Sequence[Opener],
        clock: Clock,
        books: Books,
    ) -> None:
        self._documents, self._author, self._payloads = documents, author, payloads
        self._openers, self._clock, self._books = tuple(openers), clock, books
        self._voice = Voice(documents, author, clock)

    def give(self, answers: Sequence[Answer], session: Session) -> str:
        """Keep answers and say so on the ledger; the handle of this act. Raises ``ItemUnknown``, ``RecordUnknown``, ``AnswerUnsaid`` (kept)."""
        known = set(self._documents.keys(_EVIDENCE))
        for one in answers:
            item = self._books.shelf.item(one.catalogue, one.item)
            if item.mode is Mode.GROUP or len(one.text) > _TEXT_LIMIT:
                raise ItemUnknown(catalogue=one.catalogue, item=one.item)
            for name in one.evidence:
                if name not in known:
                    raise RecordUnknown(name=name)
        now = self._clock.now_ms()
        stamped = [replace(one, answered_ms=now) for one in answers]
        rows = [(f"{one.catalogue}/{one.item}", _dump(one)) for one in stamped]
        handle = new_handle(ANSWER)
        said = [commit(row) for _, row in rows]
        # Before it is said: a commitment whose salt is lost proves nothing to anybody.
        self._documents.put(_SAID, handle, [[one.salt, one.value] for one in said], now)
        try:
            self._voice.say(
                AnswersKept(handle, commitment_root([one.digest for one in said]), len(rows)), handle, session
            )
        except Unavailable as error:
            self._documents.put_all(_ANSWERS, rows, now)
            raise AnswerUnsaid from error
        self._documents.put_all(_ANSWERS, rows, now)
        return handle

    def said(self, handle: str) -> list[Committed]:
        """What the ledger's record of an act of answering commits to, with the salts: its root opens it. Raises ``RecordUnknown``."""
        found = self._documents.get(_SAID, handle)
        if found is None or not isinstance(found.value, list):
            raise RecordUnknown(name=handle)
        made = []
        for row in found.value:
            fields = Fields(row, 2)
            salt = fields.octets()
            made.append(commit_bytes(fields.octets(), salt))
        return made

    def all(self) -> list[Answer]:
        """The newest answer to each item."""
        return [_load(one.value) for one in self._documents.newest(_ANSWERS)]

    def of(self, catalogue: str, item: str) -> Answer | None:
        """The newest answer to one item."""
        found = self._documents.get(_ANSWERS, f"{catalogue}/{item}")
        return None if found is None else _load(found.value)

    def history(self, catalogue: str, item: str) -> list[Answer]:
        """All answers to one item, the newest first."""
        return [_load(one.value) for one in self._documents.history(_ANSWERS, f"{catalogue}/{item}")]

    def carry_over(self, items: Sequence[tuple[str, str]], session: Session) -> int:
        """Say again, today, what was said last time, item by item and marked as carried; how many."""
        earlier = [found for catalogue, item in items if (found := self.of(catalogue, item)) is not None]
        if earlier:
            self.give([replace(one, carried_from=str(one.answered_ms)) for one in earlier], session)
        return len(earlier)

    def changed_since(self, since_ms: int) -> list[tuple[Answer | None, Answer]]:
        """(what was said before ``since_ms``, what is said now) of every item whose answer differs."""
        changes = []
        for now in self.all():
            before = next((one for one in self.history(now.catalogue, now.item) if one.answered_ms < since_ms), None)
            if before is None or (before.reply, before.text, before.evidence) != (now.reply, now.text, now.evidence):
                changes.append((before, now))
        return changes

    # evidence

    def keep_evidence(
        self, name: str, data: bytes, media_type: str, audience: Audience, session: Session
    ) -> EvidenceFile:
        """Seal a file into the vault for this institution alone and announce it. Raises ``OpeningKeyMissing``."""
        now = self._clock.now_ms()
        ledger = self._author.ledger
        with ledger.view() as state:
            key = opening_key(state, self._author.institution, now)
        if key is None or key.key not in {opener.key_id for opener in self._openers}:
            raise OpeningKeyMissing(institution=self._author.institution)
        staged = stage(self._payloads, ledger.ledger_id, [(name, data)], [key])
        handle = new_handle(EVIDENCE)
        said = EvidenceKept(
            handle,
            staged.commitment,
            audience,
            staged.payload,
            staged.body_digest,
            staged.wraps,
            staged.storage,
            staged.copies,
        )
        self._voice.say(said, handle, session)
        made = EvidenceFile(handle, name, media_type, audience, staged.payload, now, len(data))
        self._documents.put(_EVIDENCE, handle, [name, media_type, int(audience), staged.payload, len(data)], now)
        return made

    def evidence(self) -> list[EvidenceFile]:
        """All evidence files."""
        return [_file(one.key, one.value, one.at_ms) for one in self._documents.newest(_EVIDENCE)]

    def read_evidence(self, handle: str) -> tuple[EvidenceFile, bytes]:
        """A file and its bytes, fetched and opened. Raises ``RecordUnknown`` and what the vault raises."""
        found = self._documents.get(_EVIDENCE, handle)
        if found is None:
            raise RecordUnknown(name=handle)
        made = _file(found.key, found.value, found.at_ms)
        documents = fetch(self._payloads, self._author.ledger.ledger_id, made.payload, self._openers)
        return made, documents[0][1]


def _dump(one: Answer) -> Value:
    return [dump_answer(one), one.owner, one.text]


def _load(value: Value) -> Answer:
    fields = Fields(value, _ANSWER_FIELDS)
    head = fields.rows()
    owner = fields.text()
    return load_answer(head, owner=owner, text=fields.text())


def _file(handle: str, value: Value, at_ms: int) -> EvidenceFile:
    fields = Fields(value, _EVIDENCE_FIELDS)
    name, media_type, audience = fields.text(), fields.text(), fields.member(Audience)
    return EvidenceFile(handle, name, media_type, audience, fields.octets(), at_ms, fields.number())


def default_reply(text: str) -> Reply | None:
    """What a written はい / 一部 / いいえ / 対象外 means, or ``None``."""
    words = {"はい": Reply.YES, "一部": Reply.PARTLY, "いいえ": Reply.NO, "対象外": Reply.NOT_APPLICABLE}
    return words.get(text.strip())
