"""The queue of findings that no thesaurus understood, and the institution's own words that came of it; sealed, one file (``words.db``).

Guarantees: a word is counted where it was met (modality, institution as the map names it); a decision and the thesaurus that follows from it
are one durable write, and every earlier version stays; names of rows and handles say nothing about a word without the key store. Refuses:
more than two thousand waiting words, words too long to be a thesaurus's, negations. Trusts: the documents for confidentiality.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum
from hashlib import sha256

from akashi.app.desk.maps import today
from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.thesaurus.folding import term_key
from akashi.checkup.thesaurus.lexicon import LONGEST
from akashi.checkup.thesaurus.model import TermSection
from akashi.checkup.thesaurus.queue import DISTINCT_LIMIT, written
from akashi.checkup.thesaurus.thesaurus import Thesaurus, load_thesaurus
from akashi.clock import Clock
from akashi.errors import InputError, NotFound
from akashi.ledger.wire.cbor import Value
from akashi.vault.documents import Documents

THESAURUS = "akashi-decided"
"""The id of the thesauri written here; a file in ``terms/`` has another."""
_WORDS, _SECRET, _WORD, _OWN = "words", "secret", "word-", "own-"
_MOST_COUNTED = 1_000_000_000


class WordUnknown(NotFound):
    """No queued word has this handle."""

    code = "app.word_unknown"
    ja, en = "その用語は見つかりません。", "There is no such word."


class WordRefused(InputError):
    """A word that cannot become another way to write a finding: a negation, a part of no finding, or already something else."""

    code = "app.word_refused"
    ja, en = "この語は標準の所見の別の書き方にできません。", "This word cannot be another way to write that finding."
    hint_ja = "否定を含む語や、ほかの意味ですでに使われている語は「そのまま」にしてください。一部だけが所見のときは、その部分を入れてください。"
    hint_en = "Keep negations, and words that mean something else already, as they are. Where only a part is the finding, name that part."


class Fate(IntEnum):
    """What was decided about a word. Permanent numbers, only appended."""

    WAITING = 0
    KEPT = 1
    LEARNT = 2


@dataclass(frozen=True, slots=True)
class QueuedWord:
    """One word of one modality. ``part`` is what became a synonym of ``finding``: the word, or a part of it."""

    handle: str
    institution: str
    modality: str
    word: str = field(repr=False)
    count: int
    first_ms: int
    last_ms: int
    fate: Fate = Fate.WAITING
    finding: str = field(default="", repr=False)
    part: str = field(default="", repr=False)
    by: str = ""
    decided_ms: int = 0


class WordQueue:
    """The institution's queue and its own thesauri. Thread-safe; other processes may use the same file."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents, self._clock, self._lock = documents, clock, threading.RLock()
        self._key = b""
        self._seen: tuple[tuple[int, int], dict[str, QueuedWord], tuple[str, ...]] | None = None

    def close(self) -> None:
        """Release the file."""
        self._documents.close()

    def add(self, institution: str, unmatched: Mapping[str, Mapping[str, int]]) -> int:
        """Count what a conversion did not understand (modality -> text -> how often); how many words are new. Durable on return."""
        with self._lock:
            known, now = self.words(), self._clock.now_ms()
            room = DISTINCT_LIMIT - sum(one.fate is Fate.WAITING for one in known.values())
            changed: dict[str, QueuedWord] = {}
            for modality, texts in unmatched.items():
                for text, count in texts.items():
                    if not 0 < len(term_key(text)) <= LONGEST:
                        continue
                    handle = self._name(_WORD, institution, modality, term_key(text))
                    found = changed.get(handle) or known.get(handle)
                    if found is None and room <= 0:
                        continue
                    room -= found is None
                    one = found or QueuedWord(handle, institution, modality, text, 0, now, now)
                    total = min(one.count + count, _MOST_COUNTED)
                    changed[handle] = replace(one, count=total, last_ms=now)
            if changed:
                self._documents.put_all(_WORDS, [(name, _row(one)) for name, one in changed.items()], now)
            return len(changed.keys() - known.keys())

    def words(self) -> Mapping[str, QueuedWord]:
        """All words by handle, whatever was decided."""
        return self._read()[0]

    def texts(self) -> tuple[str, ...]:
        """The institution's own thesauri as they stand: one for each name that its maps give it."""
        return self._read()[1]

    def _read(self) -> tuple[dict[str, QueuedWord], tuple[str, ...]]:
        with self._lock:
            stamp = self._documents.stamp()
            if self._seen is None or self._seen[0] != stamp:
                found = self._documents.newest(_WORDS)
                words = {one.key: _word(one.key, one.value) for one in found if one.key.startswith(_WORD)}
                texts = tuple(str(one.value) for one in found if one.key.startswith(_OWN) and one.value)
                self._seen = stamp, words, texts
            return self._seen[1:]

    def settle(self, one: QueuedWord, check: Callable[[str], None], by: str) -> QueuedWord:
        """Keep a decision together with the next version of the thesaurus. Raises :class:`WordRefused`, and what ``check`` raises.

        ``check`` is given the new thesaurus before anything is kept.
        """
        with self._lock:
            now = self._clock.now_ms()
            settled = replace(one, by=by, decided_ms=now)
            place = self._name(_OWN, one.institution)
            version, text = self._next(place, settled)
            check(text)
            kept = self._documents.put_all(_WORDS, [(one.handle, _row(settled)), (place, text)], now)[1]
            while kept != version:  # another process decided meanwhile; its rows are there now
                version, text = self._next(place, settled)
                kept = self._documents.put(_WORDS, place, text, now)
            return settled

    def _next(self, place: str, settled: QueuedWord) -> tuple[int, str]:
        """Number and text of the next version. Raises :class:`WordRefused`."""
        before = self._documents.get(_WORDS, place)
        version = before.version + 1 if before else 1
        words = {**self.words(), settled.handle: settled}.values()
        mine = [one for one in words if one.institution == settled.institution and one.fate is Fate.LEARNT]
        try:
            return version, thesaurus_text(settled.institution, version, today(self._clock.now_ms()), mine)
        except VocabularyInvalid as error:
            raise WordRefused from error

    def _name(self, prefix: str, *parts: str) -> str:
        """The name of a row, which says nothing about the word: a MAC under a key that is sealed itself."""
        if not self._key:
            if not self._documents.keys(_SECRET):
                self._documents.put(_SECRET, "names", secrets.token_bytes(32), self._clock.now_ms())
            # The first version counts: of two processes that begin at once, both use the same.
            value = self._documents.history(_SECRET, "names")[-1].value
            self._key = value if isinstance(value, bytes) else b""
        return prefix + hmac.new(self._key, "\0".join(parts).encode(), sha256).hexdigest()[:32]


def thesaurus_text(institution: str, version: int, since: date, learnt: Iterable[QueuedWord]) -> str:
    """An institution's own thesaurus, in use from ``since``. Raises :class:`VocabularyInvalid` for words that cannot stand in one."""
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in sorted(learnt, key=lambda word: (word.decided_ms, word.handle)):
        findings = sections.setdefault(one.modality, {})
        findings[one.finding] = tuple(dict.fromkeys((*findings.get(one.finding, ()), one.part)))
    made = tuple(TermSection((modality,), findings=findings) for modality, findings in sorted(sections.items()))
    whole = Thesaurus(THESAURUS, version, f"{institution}: akashi", institution, (since, date.max), made)
    text = written(whole)
    load_thesaurus(text)
    return text


def _row(one: QueuedWord) -> list[Value]:
    return [
        one.institution, one.modality, one.word, one.count, one.first_ms, one.last_ms, int(one.fate), one.finding, one.part, one.by,
        one.decided_ms,
    ]  # fmt: skip


def _word(handle: str, value: Value) -> QueuedWord:
    match value:
        case [
            str(institution), str(modality), str(word), int(count), int(first), int(last),
            int(fate), str(finding), str(part), str(by), int(decided),
        ]:  # fmt: skip
            return QueuedWord(
                handle, institution, modality, word, count, first, last, Fate(fate), finding, part, by, decided
            )
    raise WordUnknown
