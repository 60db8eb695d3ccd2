"""Looking texts up: a dictionary of keys, and the reading of 「部位＋所見」 with its side, doubt and size.

Guarantees: the reading with the fewest words wins, among equals the one with the longest first word; ``find`` of a
term's own text gives the same term; what was read is remembered. Refuses: texts with a sign it cannot account for, two
findings in one, and findings beside a negation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from akashi.checkup.thesaurus.folding import may_negate, term_key
from akashi.checkup.thesaurus.model import Term, Word, WordKind

NOTHING_FOUND = "所見なし"
REMEMBERED = 8192
LONGEST = 80
_BETWEEN = ("の", "に", "・", ":", ";", ",", "、")
_AFTER = ("あり", "有り", "有", "を認める", "認める", "を認めます", "がみられる", "が見られる", "です", "。", ".")
_FILLERS = {term_key(text): Word(WordKind.FILLER, "") for text in (*_BETWEEN, *_AFTER)}
_LAST_FILLERS = frozenset(map(term_key, _AFTER))
# A size or a number of things: kept as a qualifier in its folded form.
_MEASURE = re.compile(
    r"(?:最大|約|径|φ)?[0-9]{1,4}(?:\.[0-9]{1,2})?(?:[x×*][0-9]{1,4}(?:\.[0-9]{1,2})?){0,2}(?:mm|cm|個)(?:大)?"
)
# Readings of the text that came out: enough for what institutions' words make of general ones.
_PASSES = 4
# Pieces of a list without separators: how many a term may have, and how many are looked at.
_GROUP, _MOST_PIECES = 5, 24


class Token(NamedTuple):
    """A word at a place of the key."""

    start: int
    end: int
    word: Word


class _Reading(NamedTuple):
    """The rest of a text: number of words, their lengths (negative, for comparing), and the words."""

    size: int
    lengths: tuple[int, ...]
    tokens: tuple[Token, ...]


class _Chunk(NamedTuple):
    """What stands between separators, as it will be written."""

    parts: tuple[str, ...]
    known: bool
    doubtful: bool


_DONE = _Reading(0, (), ())
_SAYS = {WordKind.FINDING, WordKind.NOTHING}


class Lexicon:
    """The words of one modality, ready to be asked. ``pairs``: finding -> locations it may stand with."""

    def __init__(
        self, words: Mapping[str, Word], pairs: Mapping[str, frozenset[str]], spellings: Mapping[str, str]
    ) -> None:
        self._words = {**_FILLERS, **words}
        self._pairs, self._spellings = dict(pairs), dict(spellings)
        self._most = max(map(len, self._words))
        self._known: dict[str, Term | None] = {}
        self._chunks: dict[str, _Chunk] = {}

    def find(self, text: str) -> Term | None:
        """The term that ``text`` is, as a whole; ``None`` where it is not understood."""
        if text in self._known:
            return self._known[text]
        term = self._settled(text)
        if len(self._known) < REMEMBERED and len(text) <= 2 * LONGEST:
            self._known[text] = term
        return term

    def _settled(self, text: str) -> Term | None:
        """A term whose own text reads as itself, or none at all."""
        for _ in range(_PASSES):
            term = self._term(self._tokens(text))
            if term is None or term.text == text:
                return term
            text = term.text
        return None

    def _tokens(self, text: str) -> tuple[Token, ...]:
        if len(text) > 2 * LONGEST:
            return ()
        folded = term_key(text, self._spellings)
        if not folded or len(folded) > LONGEST:
            return ()
        size = len(folded)
        # (place, whether something has been said) -> the best reading from there on; from the end of the text backwards.
        best: dict[tuple[int, bool], _Reading] = {(size, True): _DONE}
        for place in range(size - 1, -1, -1):
            for token in self._at(folded, place):
                says = token.word.kind in _SAYS
                for said in (False, True):
                    rest = best.get((token.end, said or says))
                    if rest is None or (said and says):
                        continue
                    lengths = (place - token.end, *rest.lengths)
                    reading = _Reading(rest.size + 1, lengths, (token, *rest.tokens))
                    if (place, said) not in best or reading[:2] < best[place, said][:2]:
                        best[place, said] = reading
        return best.get((0, False), _DONE).tokens

    def _at(self, folded: str, place: int) -> list[Token]:
        found = []
        for end in range(place + 1, min(place + self._most, len(folded)) + 1):
            part = folded[place:end]
            word = self._words.get(part)
            if word is None or (word.kind is WordKind.FILLER and not _may_stand(part, place, end, len(folded))):
                continue
            found.append(Token(place, end, word))
        measure = _MEASURE.match(folded, place)
        if measure is not None:
            found.append(Token(place, measure.end(), Word(WordKind.QUALIFIER, measure[0])))
        return found

    def _term(self, tokens: Sequence[Token]) -> Term | None:
        said = [token.word for token in tokens if token.word.kind in _SAYS]
        if len(said) != 1:
            return None
        locations, bare = _locations(tokens)
        words = [token.word.standard for token in tokens if token.word.kind is WordKind.QUALIFIER]
        qualifiers = tuple(dict.fromkeys(words))
        if said[0].kind is WordKind.NOTHING:
            return None if qualifiers else Term(NOTHING_FOUND, locations)
        allowed = self._pairs.get(said[0].standard)
        if allowed is not None and not bare <= allowed:
            return None
        return Term(said[0].standard, locations, qualifiers)

    def unify(self, chunks: Sequence[Sequence[str]]) -> tuple[list[str], bool]:
        """The parts of a cell in standard words, and whether all were understood.

        A chunk is what stands between separators, as its pieces between spaces. A chunk is unified whole or, piece by
        piece, not at all. Where a negation stands beside other words nothing is unified: nobody knows what it negates.
        """
        read = [self._read(chunk) for chunk in chunks]
        parts = [part for one in read for part in one.parts]
        known = all(one.known for one in read)
        if len(parts) == 1 and not known and len(parts[0]) <= LONGEST and term_key(parts[0]) in _BARE:
            return [NOTHING_FOUND], True
        if any(one.doubtful for one in read) or (len(parts) > 1 and NOTHING_FOUND in parts):
            return [piece for chunk in chunks for piece in chunk], False
        return parts, known

    def _read(self, chunk: Sequence[str]) -> _Chunk:
        """A chunk, remembered within the bound."""
        text = " ".join(chunk)
        seen = self._chunks.get(text)
        if seen is None:
            terms = self._chunk(chunk)
            if terms is not None:
                seen = _Chunk(tuple(term.text for term in terms), known=True, doubtful=False)
            else:
                seen = _Chunk(tuple(chunk), known=False, doubtful=_doubtful(text))
            if len(self._chunks) < REMEMBERED and len(text) <= 2 * LONGEST:
                self._chunks[text] = seen
        return seen

    def _chunk(self, pieces: Sequence[str]) -> list[Term] | None:
        """One term of all pieces; else terms of some pieces each, without a rest, where there is but one way to part them.

        「結石 多発 嚢胞」 is parted in two ways (which of them is 多発?), so in none.
        """
        whole = self.find(" ".join(pieces))
        if whole is not None:
            return [whole]
        size = len(pieces)
        if not 1 < size <= _MOST_PIECES:
            return None
        # How many ways there are from each piece on, and the one found.
        ways: list[tuple[int, list[Term]]] = [*((0, []) for _ in pieces), (1, [])]
        for start in range(size - 1, -1, -1):
            for end in range(start + 1, min(start + _GROUP, size) + 1):
                term = self._group(pieces[start:end]) if ways[end][0] else None
                if term is not None:
                    ways[start] = (ways[start][0] + ways[end][0], [term, *ways[end][1]])
        count, terms = ways[0]
        return terms if count == 1 else None

    def _group(self, pieces: Sequence[str]) -> Term | None:
        """The term of some pieces of a list: a place after the finding would belong to what comes next."""
        term = self.find(" ".join(pieces))
        if term is None:
            return None
        heads = (self.find(" ".join(pieces[:end])) for end in range(1, len(pieces)))
        first = next((head for head in heads if head is not None), term)
        return term if (first.finding, first.locations) == (term.finding, term.locations) else None

    def unknown(self, chunks: Sequence[Sequence[str]]) -> list[str]:
        """What a person should decide about: the chunks that were not understood, as written (all, beside a negation)."""
        unread = [chunk for chunk in chunks if not self._read(chunk).known]
        return [" ".join(chunk) for chunk in (unread or chunks)]


_BARE = frozenset(map(term_key, ("なし", "無し", "無", "(-)", "-")))


def _doubtful(text: str) -> bool:
    """Whether a chunk that was not understood may be a negation."""
    return len(text) > 2 * LONGEST or may_negate(text)


def _may_stand(part: str, place: int, end: int, size: int) -> bool:
    """Fillers join words or close a text; one that only joins does not end it."""
    return place > 0 and (end < size or part in _LAST_FILLERS)


def _locations(tokens: Sequence[Token]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Locations with their sides (a side belongs to the location right after it), and those without."""
    found: list[str] = []
    bare: set[str] = set()
    side = ""
    for token in tokens:
        if token.word.kind is WordKind.LOCATION:
            found.append(side + token.word.standard)
            bare.add(token.word.standard)
        elif side:
            found.append(side)
        side = token.word.standard if token.word.kind is WordKind.SIDE else ""
    if side:
        found.append(side)
    return tuple(dict.fromkeys(found)), frozenset(bare)
