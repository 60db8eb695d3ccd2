"""Builds the list of guessable Japanese words, ``formats/passwords/japanese.txt.xz``, from the IPA dictionary of Debian's ``mecab-ipadic``.

Guarantees: the same dictionary gives the same text. A word's readings are spelled as people type them (Hepburn, Kunrei, long vowels
dropped) and words written with kanji stand beside them; kana need no entry, because a password's kana are spelled out before they are looked up.
Words lie in classes of rank: a word counts by its place among its kind (names, places, nouns …) in the order of the
dictionary's own cost; within a class they are sorted. Refuses dictionaries of unknown form.
Trusted: whoever can change the dictionary can make words unknown, which is why the result is committed and compared by a test.

Used as ``python -m tools.japanese_words [--write] [FOLDER]``.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterator
from pathlib import Path

from akashi.durable import write_file
from akashi.identity.factors.romaji import spellings

DICTIONARY = Path("/usr/share/mecab/dic/ipadic")  # where Debian puts it
TARGET = Path(__file__).resolve().parents[1] / "formats" / "passwords" / "japanese.txt.xz"
FILES = (
    "Noun", "Noun.verbal", "Noun.adjv", "Noun.adverbal", "Noun.demonst", "Noun.name", "Noun.place", "Noun.proper", "Adj", "Verb", "Adverb",
    "Adnominal", "Interjection", "Conjunction", "Suffix",
)  # fmt: skip
RARE = {"Noun.place", "Noun.proper"}
"""Of these, names of hamlets and of works included, only the likelier quarter."""
INFLECTED = {"基本形", "連用形", "命令ｅ", "命令ｉ", "未然形", "連用タ接続", "連用テ接続"}
CLASSES = (
    (100, 100),
    (300, 300),
    (1_000, 1_000),
    (3_000, 3_000),
    (10_000, 10_000),
    (30_000, 30_000),
    (310_000, 50_000),
)
"""Up to which place, and the rank that a word there counts with: nothing in a dictionary counts as rarer than the last."""
MOST_LETTERS = 20


def words(folder: Path) -> list[str]:
    """All spellings, likeliest first."""
    place: dict[str, int] = {}
    for name in FILES:
        rows = sorted(_rows(folder / f"{name}.csv"))
        for at, (_, surface, reading) in enumerate(rows[: len(rows) // 4] if name in RARE else rows):
            forms = {one for one in spellings(reading) if 3 <= len(one) <= MOST_LETTERS}
            if 2 <= len(surface) <= MOST_LETTERS and any("一" <= c <= "鿿" for c in surface):
                forms.add(surface)
            for form in forms:
                place[form] = min(at, place.get(form, at))
    return sorted(place, key=lambda form: (place[form], form))[: CLASSES[-1][0]]


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Cost, surface and reading of each entry that is a word as people say it."""
    for line in path.read_text(encoding="euc_jp", errors="strict").splitlines():
        cells = line.split(",")
        if len(cells) != 13:
            continue
        if cells[4] in ("動詞", "形容詞") and cells[9] not in INFLECTED:
            continue
        yield int(cells[3]), cells[0], cells[11]


def text(folder: Path) -> str:
    """The list: ``# rank`` begins a class, whose words follow, one a line."""
    ordered, lines, start = words(folder), [], 0
    for end, rank in CLASSES:
        lines += [f"# {rank}", *sorted(ordered[start:end])]
        start = end
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the list, or say whether the committed one is what the dictionary gives; 0 if so."""
    folders = [Path(one) for one in arguments if one != "--write"]
    made = text(folders[0] if folders else DICTIONARY).encode()
    if "--write" in arguments:
        write_file(TARGET, lzma.compress(made, preset=9 | lzma.PRESET_EXTREME), mode=0o644)
        return 0
    same = lzma.decompress(TARGET.read_bytes()) == made
    sys.stdout.write("" if same else f"{TARGET.name} is not what the dictionary gives\n")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
