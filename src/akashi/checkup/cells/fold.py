"""Folding: one spelling out of the many widths, spaces and dashes that files hold.

Guarantees: pure, total, and idempotent. Refuses: touching what a person reads (names, free text): folded text
is for comparing and for numbers, never for display of free text.

>>> fold("（－）"), fold("ｷﾔﾝｾﾙ"), fold(" １２．５ ")
('(-)', 'キヤンセル', '12.5')
>>> width("γ-GT"), width("ｶﾅ")
(5, 2)
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Literal

# Dashes that typists use for minus. The long-vowel mark is left alone here: in words it is a letter.
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−─━﹣－"), "-")
_SMALL_KANA = str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ")
# What a text may be long before its marks are counted; runs of more marks than this are parted (UAX #15, 13: 30).
_SHORT, _MOST_MARKS, _JOINER = 256, 30, "\u034f"
# Signs that normalisation turns into marks though they are none themselves.
_BECOME_MARKS = frozenset("ﾞﾟ\u0f73\u0f75\u0f81")
_PARTED = re.compile(r"\w\s+\w")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def normal(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """``unicodedata.normalize`` in time that grows with the length only (UAX #15, 13: stream-safe text).

    Normalisation sorts each run of combining marks by insertion: a megabyte of them would take hours.
    """
    if len(text) <= _SHORT or text.isascii():
        return unicodedata.normalize(form, text)
    pieces: list[str] = []
    start = run = 0
    for place, sign in enumerate(text):
        if not (unicodedata.combining(sign) or sign in _BECOME_MARKS):
            run = 0
        elif run == _MOST_MARKS:
            pieces += (text[start:place], _JOINER)
            start, run = place, 1
        else:
            run += 1
    return unicodedata.normalize(form, "".join((*pieces, text[start:])))


def fold(text: str) -> str:
    """Half width for letters, digits and signs, full width for kana, plain dashes, no spaces at all."""
    folded = text if text.isascii() else normal("NFKC", text).translate(_DASHES)
    return "".join(folded.split())


def key(text: str) -> str:
    """A folded text for comparing words: also small kana and letter case are levelled."""
    return fold(text).translate(_SMALL_KANA).casefold()


def has_odd_digits(text: str) -> bool:
    """Whether folding would turn a sign such as a superscript or a circled digit into a plain digit."""
    return not text.isascii() and any(unicodedata.category(sign) == "No" for sign in text)


def parts_digits(text: str) -> bool:
    """Whether a space stands between two digits: folding would make one number of two (``120 80``).

    >>> parts_digits("120 80"), parts_digits("１２０　８０"), parts_digits("120 mmHg")
    (True, True, False)
    """
    # Every cell with a plain number comes here, and nearly none has a space inside.
    if _PARTED.search(text) is None:
        return False
    words = normal("NFKC", text).split()
    return any(one[-1].isdigit() and other[0].isdigit() for one, other in pairwise(words))


def clean(text: str) -> tuple[str, bool]:
    """Free text without control characters and outer spaces, and whether a control character was found."""
    stripped = text.strip()
    if _CONTROL.search(stripped) is None:
        return stripped, False
    return _CONTROL.sub(" ", stripped).strip(), True


def width(text: str) -> int:
    """Bytes as the item table counts them: full width 2, half width 1 (half-width kana 1)."""
    if text.isascii():
        return len(text)
    return sum(1 if sign <= "\x7f" or "\uff61" <= sign <= "\uff9f" else 2 for sign in text)
