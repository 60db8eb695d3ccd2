"""Reading a heading: folded text with word boundaries, unit in brackets, and known words found in it.

Guarantees: pure and total; width, case, hiragana, long vowels and signs do not matter; a Latin word or a number is only
found whole (``p`` is not found in ``alp``). Refuses: judging what the words mean (``candidates``).

>>> folded("ｱﾙﾌﾞﾐﾝ (g/dl)").text
'アルブミンgdl'
>>> folded("ﾁﾕｳｾｲ-ｼﾎﾞｳ").text == folded("ちゅうせいしぼう").text
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_LEVEL = str.maketrans("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ")
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サ_スセソ", "t": "タ__テト", "n": "ナニヌネノ", "h": "ハヒ_ヘホ", "m": "マミムメモ",
    "y": "ヤ_ユ_ヨ", "r": "ラリルレロ", "w": "ワ____", "g": "ガギグゲゴ", "z": "ザ_ズゼゾ", "d": "ダ__デド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_ROMAN = {kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, "aiueo", strict=True)} | {
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu", "ン": "n", "ヲ": "o",
}  # fmt: skip
_GLIDES = {"ャ": "a", "ュ": "u", "ョ": "o"}
_BRACKETS = re.compile(r"[(\[【<]([^()\[\]【】<>]{1,16})[)\]】>]")
# Single signs that stand in many other words (頸動脈, 血清, 性状): only known where nothing but signs or kana is beside them.
_LONELY = frozenset("脈血糖鉄性便薬酒課歳")
# A unit is never a bare number: 身長(1) is an occurrence.
_SPELLINGS = {
    "iu/l": "u/l", "u/l37c": "u/l", "/ul": "/mm3", "/μl": "/mm3", "個/mm3": "/mm3", "個/μl": "/mm3", "万/ul": "万/mm3", "万/μl": "万/mm3",
    "10^4/μl": "万/mm3", "10^4/ul": "万/mm3", "×104/μl": "万/mm3", "mmol/l": "meq/l", "ug/dl": "μg/dl", "mcg/dl": "μg/dl",
    "回/分": "拍/分", "bpm": "拍/分", "uiu/ml": "μiu/ml", "センチ": "cm", "キロ": "kg", "ml/分/1.73m2": "ml/min/1.73m2",
    "ml/min/1.73": "ml/min/1.73m2", "ml/分/1.73m^2": "ml/min/1.73m2", "l": "l", "cm²": "cm2",
}  # fmt: skip


def unit_key(unit: str) -> str:
    """One spelling of a unit: case, width and the usual equal signs (IU/L and U/l; /μl and /mm3)."""
    plain = "".join(unicodedata.normalize("NFKC", unit).casefold().replace("µ", "μ").replace("ℓ", "l").split())
    return _SPELLINGS.get(plain, plain)


def _class(sign: str) -> str:
    if sign.isdigit():
        return "digit"
    if "a" <= sign <= "z":
        return "latin"
    return "other"


class Folded(NamedTuple):
    """``text`` without signs; ``cuts[i]`` says whether a Latin word or number may begin or end before sign ``i``.

    ``soft[i]`` marks hiragana (grammar, mostly), ``parted[i]`` a sign or blank before ``i``.
    """

    text: str
    cuts: tuple[bool, ...]
    soft: tuple[bool, ...]
    parted: tuple[bool, ...]


def folded(text: str) -> Folded:
    """Level widths, case, kana and signs of ``text``, remembering where words may part."""
    signs: list[str] = []
    cuts: list[bool] = []
    soft: list[bool] = []
    parted: list[bool] = []
    gap, last = True, ""
    for sign in unicodedata.normalize("NFKC", text):
        hiragana = "ぁ" <= sign <= "ゖ"
        level = (chr(ord(sign) + 0x60) if hiragana else sign).translate(_LEVEL)
        for small in level.casefold():
            if small in "ー〜":
                continue
            if not (small.isalnum() or small in "%〒"):
                gap = True
                continue
            camel = last.islower() and sign.isupper()
            cuts.append(gap or camel or _class(small) == "other" or not signs or _class(signs[-1]) != _class(small))
            signs.append(small)
            soft.append(hiragana)
            parted.append(gap)
            gap, last = False, sign
    return Folded("".join(signs), (*cuts, True), tuple(soft), tuple(parted))


def romaji(katakana: str) -> tuple[str, ...]:
    """Hepburn spellings of a katakana word: long vowels written out, and left away. Empty where a sign is no kana."""
    written = ""
    double = False
    for sign in katakana.replace(" ", ""):
        if sign == "ー":
            continue
        if sign == "ッ":
            double = True
            continue
        if sign in _GLIDES and written.endswith("i"):
            stem = written[:-1]
            written = stem + ("" if stem.endswith(("sh", "ch", "j")) else "y") + _GLIDES[sign]
            continue
        if sign not in _ROMAN:
            return ()
        part = _ROMAN[sign]
        written += part[:1] + part if double else part
        double = False
    short = re.sub(r"ou|oo", "o", re.sub(r"uu", "u", written))
    return tuple(dict.fromkeys((written, short)))


def split_unit(heading: str, units: Mapping[str, str]) -> tuple[str, str]:
    """(heading without its unit, unit as the table writes it). ``units`` maps :func:`unit_key` to that spelling."""
    plain = unicodedata.normalize("NFKC", heading)
    for match in _BRACKETS.finditer(plain):
        known = units.get(unit_key(match[1]))
        if known:
            return plain[: match.start()] + " " + plain[match.end() :], known
    tail = re.search(r"(?:(?<=[^\x00-\x7f])|(?<=\s))([a-zA-Z%][a-zA-Z0-9/%]{0,8})$", plain)
    if tail and units.get(unit_key(tail[1])) and len(tail[1]) > 1:
        return plain[: tail.start()], units[unit_key(tail[1])]
    return plain, ""


def _is_kanji(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _stands(fold: Folded, word: str, start: int) -> bool:
    if word not in _LONELY:
        return True
    end = start + 1
    before = start > 0 and not fold.parted[start] and _is_kanji(fold.text[start - 1])
    after = end < len(fold.text) and not fold.parted[end] and _is_kanji(fold.text[end])
    return not (before or after)


@dataclass(frozen=True, slots=True)
class Found:
    """Names of the known words of one heading, in order, and how much of it no word explains (in signs)."""

    names: tuple[str, ...]
    unknown: float
    text: str


class Lexicon:
    """Words (folded) to names, searched for the fewest and longest that cover a heading."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        self._longest = max(map(len, words), default=0)
        self._starts = frozenset(word[0] for word in words)

    def find(self, heading: str) -> Found:
        """Cover ``heading`` best: long words first, unknown signs cost (hiragana and running numbers hardly)."""
        fold = folded(heading)
        text, size = fold.text, len(fold.text)
        best: list[tuple[float, int, str]] = [(0.0, 0, "")] * (size + 1)
        for start in range(size - 1, -1, -1):
            cost = 0.1 if fold.soft[start] else 0.2 if text[start].isdigit() else 1.0
            choice = (best[start + 1][0] - cost, 1, "")
            if fold.cuts[start] and text[start] in self._starts:
                for length in range(min(self._longest, size - start), 0, -1):
                    word = text[start : start + length]
                    if word in self._words and fold.cuts[start + length] and _stands(fold, word, start):
                        worth = 2 * length - 1 + best[start + length][0]
                        if worth > choice[0]:
                            choice = (worth, length, word)
            best[start] = choice
        return self._collect(fold, best)

    def _collect(self, fold: Folded, best: Sequence[tuple[float, int, str]]) -> Found:
        names: list[str] = []
        unknown, place = 0.0, 0
        while place < len(fold.text):
            _worth, length, word = best[place]
            if word:
                names.append(self._words[word])
            else:
                unknown += 0.0 if fold.soft[place] else 0.15 if fold.text[place].isdigit() else 1.0
            place += length
        return Found(tuple(names), unknown, fold.text)
