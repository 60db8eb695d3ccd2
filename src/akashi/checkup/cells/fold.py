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

# Dashes that typists use for minus. The long-vowel mark is left alone here: in words it is a letter.
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−─━﹣－"), "-")
_SMALL_KANA = str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def fold(text: str) -> str:
    """Half width for letters, digits and signs, full width for kana, plain dashes, no spaces at all."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(folded.split())


def key(text: str) -> str:
    """A folded text for comparing words: also small kana and letter case are levelled."""
    return fold(text).translate(_SMALL_KANA).casefold()


def has_odd_digits(text: str) -> bool:
    """Whether folding would turn a sign such as a superscript or a circled digit into a plain digit."""
    return not text.isascii() and any(unicodedata.category(sign) == "No" for sign in text)


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
