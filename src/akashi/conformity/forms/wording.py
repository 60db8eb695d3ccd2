"""The official wording of a catalogue, attached by the user who has the document: kept by the caller, never shipped.

Guarantees: a line is attached by its id or its clause, exactly, or not at all; what was not found is listed by line number; the digest
names the file that was read. Likeness of texts (for proposals that a person confirms) is a plain count of shared pairs of characters.
Refuses files over 4 MiB. Trusts the user: nobody else can know whether his copy is the right one. Pure.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.cells import folded
from akashi.conformity.forms.model import MappedRow, Matching, Wording
from akashi.conformity.model import Catalogue

MAX_BYTES = 4 << 20
MAX_LINE = 20_000
_CIRCLED = {chr(0x245F + number): f"[{number}]" for number in range(1, 21)}
_CHAPTER = re.compile(r"(\d\s?\d?)\s?[.．]\s*(?![\d.．])\S")
_SECTION = re.compile(r"(?:\d\s?){1,2}[.．]\s?\d")
_UNNUMBERED = "箇条"
_DUTIES = "【遵守事項】"
_POINT = re.compile(r"[-・•]?\s*([①-⑳])\s*(.+)")
_SUB = re.compile(r"[-・•]?\s*[(（](\d{1,2})[)）]\s*(.+)")
_LETTER = re.compile(r"[-・•]?\s*[(（]([a-z])[)）]\s*(.+)")
_BULLET = re.compile(r"[-・•]+\s*[・•－]?\s*(.+)")


def clause_key(clause: str) -> str:
    """For comparing clauses: like ``folded``, but ⑥ is not 6."""
    return folded("".join(_CIRCLED.get(letter, letter) for letter in clause))


def clauses_of(catalogue: Catalogue) -> dict[str, str]:
    """Clause key to item id, where one item alone has the clause; ids are there too."""
    keys = Counter(clause_key(item.clause) for item in catalogue.items)
    found = {clause_key(item.clause): item.id for item in catalogue.items if keys[clause_key(item.clause)] == 1}
    return found | {clause_key(item.id): item.id for item in catalogue.items}


def attach_text(catalogue: Catalogue, data: bytes) -> Wording:
    """From a UTF-8 text: lines of ``clause TAB sentence``, or the guideline's own text (chapters, 【遵守事項】, ①, (1), (a), ・).

    Raises :class:`WorkbookRefused` for a file that is no such text.
    """
    if len(data) > MAX_BYTES:
        raise WorkbookRefused(where="file", reason="too_large")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise WorkbookRefused(where="file", reason="encoding") from error
    known = clauses_of(catalogue)
    pieces = _tabbed(lines) if not any(_DUTIES in line for line in lines) else _duties(lines, known)
    texts: dict[str, str] = {}
    unmatched = []
    for number, clause, sentence in pieces:
        item = known.get(clause_key(clause))
        if item is None or item in texts:
            unmatched.append(number)
        else:
            texts[item] = sentence[:MAX_LINE]
    if not texts:
        raise WorkbookRefused(where="file", reason="no_clause")
    return Wording(catalogue.id, sha256(data).digest(), texts, tuple(unmatched))


def attach_rows(catalogue: Catalogue, rows: Iterable[MappedRow], matching: Matching) -> Wording:
    """From a user's sheet, by what was matched exactly or confirmed by a person."""
    texts, unmatched = {}, []
    for row in rows:
        item = matching.exact.get(row.row)
        if item is None or not row.text:
            unmatched.append(row.row)
        else:
            texts[item] = row.text
    return Wording(catalogue.id, matching.digest, texts, tuple(unmatched))


def _tabbed(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, 1):
        clause, tab, sentence = line.partition("\t")
        if tab and clause.strip() and sentence.strip():
            yield number, clause, sentence.strip()


@dataclass(slots=True)
class _Place:
    """Where the reading of a guideline stands."""

    chapter: str = ""
    inside: bool = False
    point: str = ""
    sub: str = ""
    bullets: int = 0


def _duties(lines: Iterable[str], known: Container[str]) -> Iterator[tuple[int, str, str]]:
    """Line number, clause and sentence of every duty of a guideline's text; broken lines and unnumbered points are joined."""
    place = _Place()
    held: tuple[int, str, str] | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        found = _step(place, line)
        if found is not None and held is not None and _UNNUMBERED in found[0] and clause_key(found[0]) not in known:
            held = held[0], held[1], f"{held[2]}\n{found[1]}"
        elif found is not None:
            if held is not None:
                yield held
            held = number, found[0], found[1]
        elif held is not None and place.inside and line:
            held = held[0], held[1], held[2] + line
        elif held is not None and not place.inside:
            yield held
            held = None
    if held is not None:
        yield held


def _step(place: _Place, line: str) -> tuple[str, str] | None:
    """The clause and sentence that begin in this line, if any."""
    if line.startswith(_DUTIES):
        place.inside, place.point = True, ""
        return None
    chapter = _CHAPTER.match(line)
    if _SECTION.match(line) or chapter:
        place.inside = False
        place.chapter = folded(chapter[1]) if chapter else place.chapter
        return None
    if not place.inside:
        return None
    found = _POINT.match(line)
    if found:
        place.point, place.sub, place.bullets = f"第{place.chapter}章 {found[1]}", "", 0
        return place.point, found[2]
    if not place.point:
        return None
    found = _SUB.match(line)
    if found:
        place.sub = f"({found[1]})"
        return place.point + place.sub, found[2]
    found = _LETTER.match(line)
    if found:
        return f"{place.point}{place.sub}({found[1]})", found[2]
    found = _BULLET.match(line)
    if found:
        place.bullets += 1
        return f"{place.point} {_UNNUMBERED}{place.bullets}", found[1]
    return None


def pairs_of(text: str) -> Counter[str]:
    """The pairs of neighbouring characters of a text, white space and width aside."""
    plain = folded(text)
    return Counter(plain[at : at + 2] for at in range(len(plain) - 1)) or Counter([plain] if plain else [])


def likeness(one: Counter[str], other: Counter[str]) -> int:
    """Shared pairs in per mille (Dice 1945): 1000 for the same text, 0 for nothing in common."""
    whole = one.total() + other.total()
    return 2000 * (one & other).total() // whole if whole else 0


class Likeness:
    """Texts by name, ready to be compared with many others."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._totals: dict[str, int] = {}
        self._holders: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for name, text in texts.items():
            pairs = pairs_of(text)
            self._totals[name] = pairs.total()
            for pair, count in pairs.items():
                self._holders[pair].append((name, count))

    def of(self, text: str) -> list[tuple[int, str]]:
        """(per mille, name) of all texts that share anything with this one, the likeliest first, then by name."""
        pairs, shared = pairs_of(text), Counter[str]()
        for pair, count in pairs.items():
            for name, other in self._holders.get(pair, ()):
                shared[name] += min(count, other)
        total = pairs.total()
        scored = ((2000 * both // (total + self._totals[name]), name) for name, both in shared.items())
        return sorted(scored, key=lambda one: (-one[0], one[1]))
