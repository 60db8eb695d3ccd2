"""Japanese sentences typed in Latin letters, which a word-by-word estimate takes for stronger than they are.

Guarantees: pure. A run of letters that splits into words of the list with a particle or ending among them is a sentence; its letters count
1.3 bits each, the most that Shannon found for printed text (Prediction and Entropy of Printed English, 1951). Words that merely stand together
count 2 bits a letter, and what is around them counts as before. Refuses to judge single words, or words with signs between them.

>>> bits_a_letter("watashihagenki", {"watashi", "genki"}.__contains__)
1.3
>>> bits_a_letter("hokenshidou", {"hoken", "shidou"}.__contains__)
2.0
>>> bits_a_letter("hoken", {"hoken"}.__contains__)
"""

from __future__ import annotations

import re
from collections.abc import Callable

SENTENCE_BITS, JOINED_BITS = 1.3, 2.0
MIN_LETTERS, MOST_WORD = 8, 20
MIN_AVERAGE_SENTENCE, MIN_AVERAGE_JOINED = 2.8, 3.5
"""Shorter pieces than these on average are chance: almost any syllables split into words of two letters."""
_LETTERS = re.compile("[a-z]+|[ぁ-鿿]+")
_FUNCTION = (
    "ha wa ga wo o ni he e de to mo no ka ya yo ne na da desu masu mashita masen desuka masuka kara made yori dake demo datta deshita"
    " shita suru shimasu shimashita shite shitai iru imasu aru arimasu arimasen kudasai nai naide tai taku teki dayo dane desune desuyo"
    " iu nado kono sono ano dono watashino bokuno anatano wo は が を に へ で と も の か や よ ね だ です ます した する から まで"
)
FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""Particles and endings, which no list of words needs to hold."""


def bits_a_letter(run: str, is_word: Callable[[str], bool]) -> float | None:
    """What a letter of ``run`` is worth if the run is a sentence or joined words; else ``None``."""
    # Per place: the fewest pieces that lead there, without and with a particle among them.
    best: list[tuple[int | None, int | None]] = [(0, None)] + [(None, None)] * len(run)
    for start in range(len(run)):
        plain, glued = best[start]
        if plain is None and glued is None:
            continue
        for end in range(start + 1, min(len(run), start + MOST_WORD) + 1):
            piece = run[start:end]
            function, word = piece in FUNCTION_WORDS, end - start > 1 and is_word(piece)
            if not function and not word:
                continue
            was_plain, was_glued = best[end]
            if word:
                was_plain, was_glued = _fewer(was_plain, plain), _fewer(was_glued, glued)
            if function:
                was_glued = _fewer(_fewer(was_glued, plain), glued)
            best[end] = (was_plain, was_glued)
    joined, sentence = best[-1]
    if sentence is not None and sentence >= 2 and len(run) / sentence >= MIN_AVERAGE_SENTENCE:
        return SENTENCE_BITS
    if joined is not None and joined >= 2 and len(run) / joined >= MIN_AVERAGE_JOINED:
        return JOINED_BITS
    return None


def sentence_bits(text: str, is_word: Callable[[str], bool]) -> tuple[float, str] | None:
    """Bits of the sentences in ``text`` (lower case, kana spelled out), and what is left around them; ``None`` without a sentence."""
    bits, rest, last = 0.0, "", 0
    for found in _LETTERS.finditer(text):
        run = found.group()
        worth = bits_a_letter(run, is_word) if len(run) >= MIN_LETTERS else None
        if worth is not None:
            bits += worth * len(run)
            rest += text[last : found.start()]
            last = found.end()
    return (bits, rest + text[last:]) if last else None


def _fewer(one: int | None, before: int | None) -> int | None:
    if before is None:
        return one
    return before + 1 if one is None else min(one, before + 1)
