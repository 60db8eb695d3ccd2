"""A thesaurus: whose it is, when it holds, and its words; loaded strictly.

Guarantees: within one modality a key has one meaning; no finding, location or qualifier is a negation; every mistake
has its line. Refuses: unknown keys and modalities, and spellings that would feed themselves. The schema is in
docs/checkup-terms.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256

from akashi.checkup.cells.terms import NOTHING_WORDS
from akashi.checkup.errors import VocabularyInvalid
from akashi.checkup.formats.documents import Node, SchemaError, parse
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.thesaurus.folding import is_negated, term_key
from akashi.checkup.thesaurus.lexicon import LONGEST, NOTHING_FOUND, Lexicon
from akashi.checkup.thesaurus.model import Term, TermSection, Word, WordKind

ALWAYS = (date.min, date.max)
_Words = Mapping[str, tuple[str, ...]]

# Each spelling is tried on each word, each section is compared with each: these bound the product.
MOST_SPELLINGS, MOST_SECTIONS = 200, 100


@dataclass(frozen=True)
class Thesaurus:
    """One file. ``institution`` is empty for one that is anybody's; ``valid`` are its first and last day."""

    thesaurus_id: str
    version: int
    label: str
    institution: str
    valid: tuple[date, date]
    sections: tuple[TermSection, ...] = field(repr=False)
    sides: _Words = field(default_factory=dict, repr=False)
    qualifiers: _Words = field(default_factory=dict, repr=False)
    spellings: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: bytes = field(default=b"", repr=False, compare=False)
    """SHA-256 of the text it was loaded from."""

    def valid_on(self, day: date) -> bool:
        """Whether ``day`` lies within its dates, both ends included."""
        return self.valid[0] <= day <= self.valid[1]

    def lookup(self, modality: str, text: str) -> Term | None:
        """The term that ``text`` is in this thesaurus alone; ``None`` where it is not understood."""
        return self._lexicons[modality].find(text) if modality in self._lexicons else None

    @cached_property
    def modalities(self) -> frozenset[str]:
        """The modalities it has words for."""
        return frozenset(modality for section in self.sections for modality in section.modalities)

    @cached_property
    def _lexicons(self) -> dict[str, Lexicon]:
        return {modality: lexicon(modality, (self,)) for modality in self.modalities}


def _section_words(one: TermSection) -> Iterator[tuple[str, Word]]:
    for kind, words in ((WordKind.LOCATION, one.locations), (WordKind.FINDING, one.findings)):
        for standard, synonyms in words.items():
            yield from ((text, Word(kind, standard)) for text in (standard, *synonyms))
    yield from ((text, Word(WordKind.NOTHING, NOTHING_FOUND)) for text in one.nothing)


def _general_words(one: Thesaurus) -> Iterator[tuple[str, Word]]:
    for kind, words in ((WordKind.SIDE, one.sides), (WordKind.QUALIFIER, one.qualifiers)):
        for standard, synonyms in words.items():
            yield from ((text, Word(kind, standard)) for text in (standard, *synonyms))


def _spoken(one: Thesaurus, modality: str) -> Iterator[tuple[str, Word]]:
    yield from _general_words(one)
    for section in one.sections:
        if modality in section.modalities:
            yield from _section_words(section)


def lexicon(modality: str, layers: Sequence[Thesaurus]) -> Lexicon:
    """The words of all ``layers`` for one modality; a later layer wins over an earlier one, word by word.

    Where the spellings of one layer make two words of another equal, neither is known: nobody can say which is meant.
    """
    spellings: dict[str, str] = {}
    pairs: dict[str, frozenset[str]] = {}
    for layer in layers:
        spellings.update(layer.spellings)
        for section in layer.sections:
            if modality in section.modalities:
                pairs.update({finding: frozenset(places) for finding, places in section.pairs.items()})
    spellings = dict(sorted(spellings.items(), key=lambda pair: (-len(pair[0]), pair[0])))
    words = {term_key(text, spellings): Word(WordKind.NOTHING, NOTHING_FOUND) for text in NOTHING_WORDS}
    for layer in layers:
        own: dict[str, set[Word]] = {}
        for text, word in _spoken(layer, modality):
            own.setdefault(term_key(text, spellings), set()).add(word)
        for known, meanings in own.items():
            if len(meanings) == 1:
                words[known] = next(iter(meanings))
            else:
                words.pop(known, None)
    return Lexicon(words, pairs, spellings)


def _word(node: Node, text: str, *, negation: bool = False) -> str:
    folded = term_key(text)
    if not folded or len(folded) > LONGEST or text != text.strip():
        raise node.wrong("a word of 1 to 80 signs without spaces around it is expected")
    if not negation and is_negated(text):
        raise node.wrong("a word that says that something is absent belongs into nothing")
    return text


def _texts(node: Node, *, negation: bool = False) -> tuple[str, ...]:
    return tuple(_word(child, child.text(), negation=negation) for child in node.items())


def _words(found: Mapping[str, Node], name: str) -> dict[str, tuple[str, ...]]:
    if name not in found:
        return {}
    return {_word(node, word): _texts(node) for word, node in found[name].table().items()}


def _spellings(found: Mapping[str, Node]) -> dict[str, str]:
    if "spellings" not in found:
        return {}
    spellings: dict[str, str] = {}
    if len(found["spellings"].table()) > MOST_SPELLINGS:
        raise found["spellings"].wrong("too many spellings")
    for old, node in found["spellings"].table().items():
        known, new = term_key(_word(node, old)), term_key(_word(node, node.text()))
        if known in spellings:
            raise node.wrong("the same spelling twice")
        spellings[known] = new
    for node in found["spellings"].table().values():
        if any(old in term_key(node.text()) for old in spellings):
            raise node.wrong("a spelling that would be replaced again")
    return spellings


def _section(node: Node) -> TermSection:
    found = node.fields({"for"}, {"locations", "findings", "nothing", "pairs"})
    modalities = tuple(child.choice(MODALITIES) for child in found["for"].items())
    if not modalities or len(set(modalities)) < len(modalities):
        raise found["for"].wrong("modalities are expected, each once")
    pairs = {word: _texts(child) for word, child in (found["pairs"].table() if "pairs" in found else {}).items()}
    nothing = _texts(found["nothing"], negation=True) if "nothing" in found else ()
    return TermSection(modalities, _words(found, "locations"), _words(found, "findings"), nothing, pairs)


class _Meanings:
    """Refuses a key with two meanings in one modality, at the line of the second."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._spellings = spellings
        self._seen: dict[tuple[str, str], Word] = {}

    def add(self, node: Node, text: str, word: Word, modalities: Sequence[str]) -> None:
        folded = term_key(text, self._spellings)
        for modality in modalities:
            if self._seen.setdefault((modality, folded), word) != word:
                raise node.wrong("a word with two meanings in one modality")

    def tables(self, nodes: Mapping[str, Node], names: Mapping[str, WordKind], modalities: Sequence[str]) -> None:
        for name, kind in names.items():
            for standard, node in (nodes[name].table() if name in nodes else {}).items():
                self.add(node, standard, Word(kind, standard), modalities)
                for child in node.items():
                    self.add(child, child.text(), Word(kind, standard), modalities)


def _check_meanings(found: Mapping[str, Node], sections: Sequence[TermSection], spellings: Mapping[str, str]) -> None:
    meanings = _Meanings(spellings)
    every = sorted(MODALITIES)
    for text in NOTHING_WORDS:
        meanings.add(found["terms"], text, Word(WordKind.NOTHING, NOTHING_FOUND), every)
    meanings.tables(found, {"sides": WordKind.SIDE, "qualifiers": WordKind.QUALIFIER}, every)
    homes: set[tuple[str, str]] = set()
    for section, node in zip(sections, found["terms"].items(), strict=True):
        parts = node.table()
        meanings.tables(parts, {"locations": WordKind.LOCATION, "findings": WordKind.FINDING}, section.modalities)
        for child in parts["nothing"].items() if "nothing" in parts else ():
            meanings.add(child, child.text(), Word(WordKind.NOTHING, NOTHING_FOUND), section.modalities)
        for standard in (*section.locations, *section.findings):
            home = {(modality, standard) for modality in section.modalities}
            if home & homes:
                raise node.wrong("the same standard word in two sections of one modality")
            homes |= home


def _check_pairs(found: Mapping[str, Node], sections: Sequence[TermSection]) -> None:
    for section, node in zip(sections, found["terms"].items(), strict=True):
        for modality in section.modalities:
            mine = [one for one in sections if modality in one.modalities]
            places = {place for one in mine for place in one.locations}
            words = {word for one in mine for word in one.findings}
            if any(word not in words or not places.issuperset(at) for word, at in section.pairs.items()):
                raise node.table()["pairs"].wrong("pairs name findings and locations of the same modality")


def dates(found: Mapping[str, Node]) -> tuple[date, date]:
    """First and last day; all days where the file names none. Raises :class:`SchemaError`."""
    if "valid" not in found:
        return ALWAYS
    node = found["valid"].fields({"from", "to"})
    first, last = node["from"].day(), node["to"].day()
    if first > last:
        raise found["valid"].wrong("from lies after to")
    return first, last


def identifier(node: Node) -> str:
    """An id. Raises :class:`SchemaError`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", node.text()):
        raise node.wrong("an id of small letters, digits and hyphens is expected")
    return node.text()


def _load(text: str) -> Thesaurus:
    found = parse(text).fields(
        {"thesaurus", "id", "label", "terms"},
        {"version", "institution", "valid", "sides", "qualifiers", "spellings"},
    )
    if found["thesaurus"].text() != "1":
        raise found["thesaurus"].wrong("only schema 1 is known")
    spellings = _spellings(found)
    if len(found["terms"].items()) > MOST_SECTIONS:
        raise found["terms"].wrong("too many sections")
    sections = tuple(_section(node) for node in found["terms"].items())
    loaded = Thesaurus(
        thesaurus_id=identifier(found["id"]),
        version=found["version"].integer(1, 99_999) if "version" in found else 1,
        label=found["label"].text(),
        institution=found["institution"].text() if "institution" in found else "",
        valid=dates(found),
        sections=sections,
        sides=_words(found, "sides"),
        qualifiers=_words(found, "qualifiers"),
        spellings=spellings,
        digest=sha256(text.encode()).digest(),
    )
    _check_meanings(found, sections, spellings)
    _check_pairs(found, sections)
    return loaded


def load_thesaurus(text: str) -> Thesaurus:
    """Parse a thesaurus strictly. Raises :class:`VocabularyInvalid` with the line."""
    try:
        return _load(text)
    except SchemaError as error:
        raise VocabularyInvalid(line=error.line, what=error.what) from None
