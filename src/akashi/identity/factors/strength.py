"""How many guesses a password stands, for somebody who knows English, Japanese, keyboards and the person's own names.

Guarantees: zxcvbn's estimate with a list of Japanese words and names beside its English ones, in any script a keyboard gives; a joined
sentence counts by its letters (``sentences``); only the first 72 characters count, so that long input costs no time. Refuses to answer without
the list (``WordsMissing``): then no password can be set. Trusted: whoever can change ``formats/passwords`` can make guessable words unknown.
Does not call ``zxcvbn.zxcvbn``: that writes one person's words into a table that all threads share.
"""

from __future__ import annotations

import lzma
import math
import re
import threading
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from zxcvbn.matching import RANKED_DICTIONARIES, omnimatch
from zxcvbn.scoring import most_guessable_match_sequence

from akashi.identity.factors.errors import WordsMissing
from akashi.identity.factors.romaji import latin, spellings
from akashi.identity.factors.sentences import sentence_bits

LIST = Path(__file__).resolve().parents[4] / "formats" / "passwords" / "japanese.txt.xz"
MOST_JUDGED = 72
MIN_WORDS, MOST_BYTES = 100_000, 16 * 1024 * 1024
_YEARS = {str(year): 2039 - year for year in range(1930, 2039)}
"""zxcvbn knows years up to 2019 only."""
_CLASS = re.compile(r"# ([1-9][0-9]{1,6})")
_PIECES = re.compile(r"[\s._\-・@/]+")


class Strength:
    """Judges passwords. Thread-safe; reads its list when first asked, once."""

    def __init__(self, path: Path = LIST) -> None:
        self._path = path
        self._words: dict[str, int] | None = None
        self._lock = threading.Lock()

    def guesses(self, password: str, own: Iterable[str] = ()) -> float:
        """The decimal logarithm of the guesses that ``password`` stands; ``own``: login, name, id, institution. Raises ``WordsMissing``."""
        words = self._list()
        text = latin(unicodedata.normalize("NFKC", password)[:MOST_JUDGED]).lower()[:MOST_JUDGED]
        mine = {piece: rank for rank, piece in enumerate(own_words(own), 1)}
        known = {**RANKED_DICTIONARIES, "japanese": words, "years": _YEARS, "user_inputs": mine}
        estimate = _log(text, known)
        found = sentence_bits(text, words.__contains__)
        if found is not None:
            bits, rest = found
            estimate = min(estimate, bits * math.log10(2) + (_log(rest, known) if rest else 0.0))
        return estimate

    def _list(self) -> dict[str, int]:
        with self._lock:
            if self._words is None:
                self._words = read_words(self._path)
            return self._words


def own_words(own: Iterable[str]) -> list[str]:
    """What somebody who knows the person tries first: each word whole, in pieces, and its kana as they are typed."""
    found: dict[str, None] = {}
    for word in own:
        plain = unicodedata.normalize("NFKC", word).lower()
        for piece in (plain, *_PIECES.split(plain)):
            for form in (piece, latin(piece), *sorted(spellings(piece))):
                if len(form) > 1:
                    found.setdefault(form)
    return list(found)


def read_words(path: Path) -> dict[str, int]:
    """The list as word to rank. Raises :class:`WordsMissing` for anything that is not the whole list."""
    try:
        with lzma.open(path) as file:
            lines = file.read(MOST_BYTES).decode().splitlines()
    except (OSError, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise WordsMissing(name=path.name) from error
    words: dict[str, int] = {}
    rank = 0
    for line in lines:
        found = _CLASS.fullmatch(line)
        if found:
            rank = int(found.group(1))
        else:
            words[line] = rank
    if len(words) < MIN_WORDS or rank == 0 or not all(words.values()):
        raise WordsMissing(name=path.name)
    return words


def _log(text: str, known: dict[str, dict[str, int]]) -> float:
    if not text:
        return 0.0
    guesses = most_guessable_match_sequence(text, omnimatch(text, known))["guesses"]
    return math.log10(max(1, guesses))
