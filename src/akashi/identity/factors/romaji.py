"""How kana are typed in Latin letters: Hepburn and Kunrei, with long vowels spelled out or dropped.

Guarantees: pure and total; what is not kana stays as it is. Refuses nothing. Used for the list of guessable words and for own names.

>>> sorted(spellings("きょうしつ"))
['kyoshitsu', 'kyositu', 'kyoushitsu', 'kyousitu']
>>> latin("ケンシン2026")
'kenshin2026'
"""

from __future__ import annotations

import re
import unicodedata

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ", "m": "マミムメモ",
    "y": "ヤ・ユ・ヨ", "r": "ラリルレロ", "w": "ワヰ・ヱヲ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ",
    "p": "パピプペポ", "v": "・・ヴ・・", "x": "ァィゥェォ",
}  # fmt: skip
_VOWELS = "aiueo"
_KUNREI = {
    kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, _VOWELS, strict=True) if kana != "・"
} | {
    "ャ": "xya",
    "ュ": "xyu",
    "ョ": "xyo",
    "ン": "n",
    "ヂ": "zi",
    "ヅ": "zu",
    "ヲ": "o",
    "ヰ": "i",
    "ヱ": "e",
    "ヵ": "ka",
    "ヶ": "ke",
}
_HEPBURN = _KUNREI | {"シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji"}
_KANA = re.compile("[ァ-ヺー]+")
_LONG = re.compile("ou|oo|uu|aa|ee|ii")
_TO_KATAKANA = {ord("ぁ") + at: ord("ァ") + at for at in range(ord("ゖ") - ord("ぁ") + 1)}


def latin(text: str) -> str:
    """Kana in ``text`` as Hepburn with long vowels spelled out, everything else as it is."""
    return _KANA.sub(lambda found: _spell(found.group(), _HEPBURN), _katakana(text))


def spellings(kana: str) -> set[str]:
    """The ways to type a word of kana; empty if it holds anything else."""
    plain = _katakana(kana)
    if not _KANA.fullmatch(plain):
        return set()
    spelled = {_spell(plain, _HEPBURN), _spell(plain, _KUNREI)}
    return spelled | {_LONG.sub(lambda found: found.group()[0], one) for one in spelled}


def _katakana(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_TO_KATAKANA)


def _spell(kana: str, table: dict[str, str]) -> str:
    out, doubled = "", False
    for char in kana:
        if char == "ッ":
            doubled = True
            continue
        if char == "ー":
            out += out[-1:] if out[-1:] in _VOWELS else ""
            continue
        sound = table.get(char, "")
        if sound.startswith("xy"):
            out = _joined(out, sound[1:])
        elif sound.startswith("x"):
            out = (out[:-1] if out[-1:] in ("u", "i", "e", "o") else out) + sound[1:]
        else:
            out += sound[:1] + sound if doubled and sound[:1] not in _VOWELS else sound
        doubled = False
    return out


def _joined(before: str, small: str) -> str:
    """A consonant with a small ya, yu, yo: ``shi`` + ``ya`` is ``sha``, ``ki`` + ``ya`` is ``kya``."""
    if before.endswith(("shi", "chi", "ji")):
        return before[:-1] + small[1:]
    return before[:-1] + small if before.endswith("i") else before + small
