"""The desk of words that no thesaurus understood: looking at them, and deciding what they mean from now on.

Guarantees: a decision makes the next version of the institution's own thesaurus and counts for the conversions after it, at once; what was
converted before stays as it is. Each step is in the journal with the word's handle, never the word. Refuses: findings that no thesaurus
has, decisions after which the word would still not be understood. Words are texts of the institution's files: for this session's screen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from akashi.app.checkup import mapdesk
from akashi.app.desk.maps import today
from akashi.app.gateway.home import Gateway
from akashi.app.mapmaking.queue import THESAURUS, Fate, QueuedWord, WordRefused, WordUnknown
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.thesaurus.folding import term_key
from akashi.checkup.thesaurus.lexicon import NOTHING_FOUND
from akashi.checkup.thesaurus.thesaurus import load_thesaurus
from akashi.checkup.thesaurus.vocabulary import Vocabulary
from akashi.errors import InputError
from akashi.identity.model import Session

LOOK, DECIDE = mapdesk.DRAFT, mapdesk.MANAGE


class WordFindingUnknown(InputError):
    """A finding that no thesaurus has for this kind of examination."""

    code = "app.word_finding"
    ja, en = "標準の所見にない語です。", "No thesaurus has this finding."
    hint_ja, hint_en = "候補から選んでください。", "Choose one of those offered."


class Verdict(StrEnum):
    """What somebody decides about a word: what it means, that it stays as written, or that it waits again."""

    FINDING = "finding"
    KEEP = "keep"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Words:
    """The queue: words that wait (the most frequent first), that stay as written, and that were given a meaning here."""

    waiting: tuple[QueuedWord, ...] = field(repr=False)
    kept: tuple[QueuedWord, ...] = field(repr=False)
    learnt: tuple[QueuedWord, ...] = field(repr=False)


def queued(gateway: Gateway, session: Session) -> Words:
    """The institution's queue. A word that a thesaurus knows by now waits no longer."""
    with mapdesk.journalled(gateway, session, LOOK):
        queue = gateway.words_kept()
        ordered = sorted(queue.words().values() if queue else (), key=lambda one: (-one.count, one.modality, one.word))
        vocabulary = gateway.maps.vocabulary()
        waiting = [one for one in ordered if one.fate is Fate.WAITING and not _understood(gateway, vocabulary, one)]
        kept, learnt = (tuple(one for one in ordered if one.fate is fate) for fate in (Fate.KEPT, Fate.LEARNT))
        return Words(tuple(waiting), kept, learnt)


def _understood(gateway: Gateway, vocabulary: Vocabulary, one: QueuedWord) -> str:
    """The finding as which a word is understood today, empty where it is not."""
    lexicon = vocabulary.terms(one.modality, one.institution, today(gateway.clock.now_ms()))
    term = lexicon.find(one.word) if lexicon else None
    return term.finding if term else ""


def word_row(one: QueuedWord) -> dict[str, object]:
    """A word for a program; holds the word itself."""
    return {
        "handle": one.handle,
        "institution": one.institution,
        "modality": one.modality,
        "word": one.word,
        "count": one.count,
        "first_ms": one.first_ms,
        "last_ms": one.last_ms,
        "fate": one.fate.name.lower(),
        "finding": one.finding,
        "part": one.part,
        "by": one.by,
        "decided_ms": one.decided_ms,
    }


def findings(gateway: Gateway, session: Session) -> Mapping[str, tuple[str, ...]]:
    """The standard findings of each modality, to choose from."""
    gateway.accounts.require(session, LOOK)
    queue = gateway.words_kept()
    return _findings(gateway, {one.institution for one in queue.words().values()} if queue else ())


def _findings(gateway: Gateway, institutions: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Modality -> the findings that general thesauri and those of ``institutions`` have today; none of this desk's own."""
    on = today(gateway.clock.now_ms())
    found: dict[str, set[str]] = {modality: set() for modality in sorted(MODALITIES)}
    for one in gateway.maps.vocabulary().thesauri:
        if one.institution in {"", *institutions} and one.thesaurus_id != THESAURUS and one.valid_on(on):
            for section in one.sections:
                for modality in section.modalities:
                    found[modality].update(section.findings)
    return {modality: tuple(sorted(words)) for modality, words in found.items()}


def decide(
    gateway: Gateway, session: Session, handle: str, verdict: Verdict, finding: str = "", part: str = ""
) -> QueuedWord:
    """Decide about one word; durable on return. ``part`` names the part of the word that means ``finding`` (else all of it).

    Raises ``WordUnknown``, ``WordFindingUnknown``, ``WordRefused``.
    """
    with mapdesk.journalled(gateway, session, DECIDE, handle):
        queue = gateway.words_kept()
        one = queue.words().get(handle) if queue else None
        if queue is None or one is None:
            raise WordUnknown
        if verdict is not Verdict.FINDING:
            fate = Fate.KEPT if verdict is Verdict.KEEP else Fate.WAITING
            return queue.settle(replace(one, fate=fate, finding="", part=""), lambda _text: None, session.person)
        if finding not in _findings(gateway, {one.institution}).get(one.modality, ()):
            raise WordFindingUnknown
        synonym = part.strip() or one.word
        if term_key(synonym) not in term_key(one.word) or finding == NOTHING_FOUND:
            raise WordRefused
        settled = replace(one, fate=Fate.LEARNT, finding=finding, part=synonym)

        def check(text: str) -> None:
            """With the new thesaurus the word must be understood as this finding; without it, as nothing else."""
            new, known = load_thesaurus(text), gateway.maps.vocabulary()
            others = [
                each for each in known.thesauri if (each.thesaurus_id, each.institution) != (THESAURUS, one.institution)
            ]
            if _understood(gateway, Vocabulary(tuple(others)), replace(one, word=synonym)):
                raise WordRefused
            if _understood(gateway, Vocabulary((*others, new)), one) != finding:
                raise WordRefused

        return queue.settle(settled, check, session.person)
