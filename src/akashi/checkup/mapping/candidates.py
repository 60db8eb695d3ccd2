"""What a heading may mean: candidates with confidence and reasons, before the columns are compared with each other.

Guarantees: pure; every point of confidence has a reason. Refuses: looking at cells (``evidence`` weighs them).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.mapping.headings import Found, folded, split_unit, unit_key
from akashi.checkup.mapping.model import Reason
from akashi.checkup.mapping.words import Pattern, WordList
from akashi.checkup.model import Role

_NUMBERS = frozenset({"one", "two", "three"})
_FILLING = re.compile("検査|結果|定性")
_ENDING = re.compile("(区分|名称|コード|文字|値|検査|結果)+$")
_BRACKET = re.compile(r"[\[(【]([^\])】]*)[\])】]")
_ALIKE = 0.82
_QUIET = frozenset(
    {"number", "name", "person", "visit", "insurance", "history", "overall", "doctor", "day", "kanji", "quantity"}
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing a column may be."""

    target: str
    role: Role
    confidence: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading, read. ``alone``: it names a role or a number only and belongs to a neighbour."""

    column: int
    label: str
    upper: str
    unit: str
    found: Found
    terms: frozenset[str]
    roles: frozenset[str]
    skips: frozenset[str]
    contexts: frozenset[str]

    @property
    def alone(self) -> bool:
        """Whether nothing but role words (判定, H/L …) and filling words stand there."""
        return bool(self.roles) and not (self.terms or self.skips or self.contexts) and self.found.unknown <= 1

    @property
    def number(self) -> str:
        """``one``, ``two`` … where the heading counts, for repeated columns."""
        return next(iter(sorted(self.terms & _NUMBERS)), "")


def _plain(name: str) -> str:
    return _FILLING.sub("", folded(name).text)


def _spellings(heading: str) -> Iterator[str]:
    """A heading as an official name may write it: without filling words, endings, and bracketed additions."""
    plain = unicodedata.normalize("NFKC", heading)
    # Only Latin additions ([Met], (Stab)) may be left out: a Japanese bracket says which item it is.
    bare = _BRACKET.sub(lambda match: "" if match[1].isascii() else match[0], plain)
    for text in (plain, bare):
        whole = folded(text).text
        for spelling in (
            whole,
            _FILLING.sub("", whole),
            _ENDING.sub("", whole),
            _FILLING.sub("", _ENDING.sub("", whole)),
        ):
            yield spelling
            yield spelling.lstrip("0123456789")


def _pairs(text: str) -> Counter[str]:
    return Counter(text[place : place + 2] for place in range(len(text) - 1))


def role_of(roles: frozenset[str]) -> tuple[Role, int]:
    """The role that the heading's words give, and how many of them are left over."""
    order = ("LOWER", "UPPER", "FLAG", "METHOD", "GROUP", "JUDGEMENT", "QUALIFIER", "TEXT")
    named = [name for name in order if name in roles]
    if not named:
        return Role.VALUE, len(roles)
    # A joint judgement is not the judgement of one item, unless nothing better is found.
    extra = len(named) - 1 + (1 if named[0] == "GROUP" else 0)
    return Role(named[0]) if named[0] != "GROUP" else Role.JUDGEMENT, min(extra, 1)


@dataclass(frozen=True)
class Matcher:
    """Headings against word list and item table. Made once per draft."""

    words: WordList
    items: ItemTable
    _patterns: dict[str, list[Pattern]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", self.words.by_term())

    @cached_property
    def units(self) -> Mapping[str, str]:
        """Unit spelling -> the unit as the table writes it."""
        known = {unit_key(item.unit): item.unit for item in self.items.items.values() if item.unit}
        # pH is an examination before it is a unit.
        return {spelling: unit for spelling, unit in known.items() if spelling != "ph"} | {"kg": "kg", "l": "ｌ"}

    @cached_property
    def _listed(self) -> dict[tuple[str, str], str]:
        """Items that differ by method only share name and type: the word list says which of them is the usual one."""
        found: dict[tuple[str, str], str] = {}
        for pattern in self.words.patterns:
            item = self.items.items.get(pattern.target)
            if item is not None:
                found.setdefault((item.name, item.type), pattern.target)
        return found

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for item in self.items.items.values():
            # Guidance (sections 900x0) reports its own 体重 and 血圧; a checkup's heading never means those.
            if item.section.startswith("90"):
                continue
            usual = self._listed.setdefault((item.name, item.type), item.code)
            known = found.setdefault(_plain(item.name), [])
            if usual not in known:
                known.append(usual)
        # Some names end in 定量 where headings do not; another item of the bare name keeps it.
        for name in [name for name in found if name.endswith("定量")]:
            found.setdefault(name.removesuffix("定量"), found[name])
        for name, codes in [*found.items()]:
            found.setdefault(name.removesuffix("所見"), codes)
            if name.startswith("判定"):
                found.setdefault(name.removeprefix("判定") + "判定", codes)
        for name, codes in self._additions.items():
            found.setdefault(name, codes)
        return {name: tuple(codes) for name, codes in found.items() if name}

    @cached_property
    def _additions(self) -> dict[str, list[str]]:
        """What official names add in brackets in Latin letters (Seg, Stab …), where only one item does."""
        found: dict[str, set[str]] = {}
        for item in self.items.items.values():
            for match in _BRACKET.finditer(unicodedata.normalize("NFKC", item.name)):
                if len(match[1]) > 2 and match[1].isascii() and match[1].isalpha():
                    found.setdefault(folded(match[1]).text, set()).add(
                        self._listed.setdefault((item.name, item.type), item.code)
                    )
        return {name: sorted(codes) for name, codes in found.items() if len(codes) == 1}

    @cached_property
    def _by_pair(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._names:
            for pair in _pairs(name):
                found.setdefault(pair, []).append(name)
        return found

    def variants(self, target: str) -> tuple[str, ...]:
        """Codes of the same item by other methods."""
        item = self.items.items.get(target)
        if item is None:
            return ()
        same = (item.name, item.type)
        return tuple(
            code for code, other in self.items.items.items() if (other.name, other.type) == same and code != target
        )

    def family(self, target: str) -> tuple[str, str]:
        """What a target is, whatever the method: two columns may not both be it."""
        item: Item | None = self.items.items.get(target)
        return (item.name, item.type) if item else (target, "")

    def read(self, column: int, label: str, upper: str) -> Heading:
        """Take a heading apart. ``label`` is what stands in the last heading row, ``upper`` what stands above."""
        whole, unit = split_unit(f"{upper} {label}".strip(), self.units)
        found = self.words.lexicon.find(whole)
        names = found.names
        return Heading(
            column, label, upper, unit, found,
            frozenset(name for name in names if name[0] not in ":!·°"),
            frozenset(name[1:] for name in names if name[0] == ":"),
            frozenset(name[1:] for name in names if name[0] == "!"),
            frozenset(name for name in names if name[0] == "°"),
        )  # fmt: skip

    def candidates(self, heading: Heading) -> list[Candidate]:
        """What the heading may mean, best first."""
        found = [*self._by_words(heading), *self._by_group(heading), *self._by_name(heading)]
        best: dict[tuple[str, Role], Candidate] = {}
        for candidate in found:
            place = candidate.target, candidate.role
            if place not in best or best[place].confidence < candidate.confidence:
                best[place] = candidate
        return sorted(best.values(), key=lambda candidate: (-candidate.confidence, candidate.target))

    def _by_words(self, heading: Heading) -> list[Candidate]:
        said = heading.terms | heading.roles
        found = []
        patterns = {id(pattern): pattern for term in said for pattern in self._patterns.get(term, ())}
        for pattern in patterns.values():
            if not pattern.needs <= said:
                continue
            used = (pattern.needs | pattern.may) & said
            strong, weak = self._left_over(heading, used)
            role, extra = role_of(heading.roles - used)
            if "." in pattern.target and role is not Role.VALUE:
                continue
            # A text beside a finding or a coded answer is an item of its own, not a role.
            if role is Role.TEXT and self._written(pattern.target):
                continue
            # In a whole sentence, words that nobody knows matter less than in a short heading.
            unknown = min(heading.found.unknown, 10) * min(1.0, 12 / max(len(heading.found.text), 1))
            # A richer reading beats a poorer one of the same words.
            confidence = 90.0 + 2 * len(used) - 45 * strong - 5 * weak - 5 * unknown - 30 * extra
            confidence -= 24 if pattern.usual else 0
            reasons = [Reason("heading.words", " ".join(sorted(used)))]
            if pattern.usual:
                reasons.append(Reason("heading.usual"))
            if strong or heading.found.unknown > 1:
                reasons.append(Reason("heading.rest"))
            found.append(Candidate(pattern.target, role, confidence, tuple(reasons)))
        return found

    def _left_over(self, heading: Heading, used: frozenset[str]) -> tuple[int, int]:
        """How many terms nothing uses: those that change the meaning, and those that only name the group in front."""
        names = heading.found.names
        begin = next((place for place, name in enumerate(names) if name.lstrip(":") in used), len(names))
        strong = weak = 0
        for place, name in enumerate(names):
            if name[0] in ":!·°" or name in used:
                continue
            if name in _NUMBERS or (name in self.words.weak and place < begin) or name in _QUIET:
                weak += 1
            else:
                strong += 1
        return strong, weak

    def _written(self, target: str) -> bool:
        item = self.items.items.get(target)
        return item is not None and item.type != "PQ"

    def _by_group(self, heading: Heading) -> list[Candidate]:
        judged = heading.roles & {"GROUP", "JUDGEMENT"}
        if not judged:
            return []
        rest = heading.found.text
        for word in (
            "総合判定",
            "区分判定",
            "ソウゴウハンテイ",
            "sogohantei",
            "判定区分",
            "判定",
            "ハンテイ",
            "hantei",
        ):
            if word in rest:
                rest = rest.replace(word, "", 1)
                break
        rest = _ENDING.sub("", re.sub(r"[0-9]{2,}", "", rest)) or ("総合" if "GROUP" in judged else "")
        target = self.words.groups.get(rest) or self.words.groups.get(_ENDING.sub("", rest))
        if target is None or target not in self.items.items:
            return []
        sure = 96.0 if "GROUP" in judged else 80.0
        return [Candidate(target, Role.VALUE, sure, (Reason("heading.group", rest),))]

    def _by_name(self, heading: Heading) -> list[Candidate]:
        label = f"{heading.upper} {heading.label}".strip()
        plain = unicodedata.normalize("NFKC", label).strip()
        found = self._exactly(plain, Role.VALUE)
        role = Role.VALUE
        for word, named in (("判定", Role.JUDGEMENT), ("下限", Role.LOWER), ("上限", Role.UPPER)):
            if plain.endswith(word):
                plain, role = plain.removesuffix(word), named
                found += self._exactly(plain, role)
                break
        if found:
            return found
        for match in _BRACKET.finditer(plain):
            inner = folded(match[1]).text
            if inner in self._additions:
                return self._named(inner, role, 78.0, "heading.name")
        return self._alike(_FILLING.sub("", folded(plain).text), role)

    def _exactly(self, text: str, role: Role) -> list[Candidate]:
        for spelling in _spellings(text):
            if spelling in self._names:
                return self._named(spelling, role, 96.0, "heading.name")
        return []

    def _named(self, name: str, role: Role, confidence: float, code: str) -> list[Candidate]:
        codes = self._names[name]
        sure = confidence - (20 if len(codes) > 1 else 0)
        return [Candidate(one, role, sure, (Reason(code, self.items.items[one].name),)) for one in codes]

    def _alike(self, text: str, role: Role) -> list[Candidate]:
        own = _pairs(text)
        if own.total() < 4:
            return []
        near = Counter(name for pair in own for name in self._by_pair.get(pair, ()))
        found: list[Candidate] = []
        for name, _count in near.most_common(4):
            other = _pairs(name)
            alike = 2 * (own & other).total() / (own.total() + other.total())
            if alike >= _ALIKE:
                found += self._named(name, role, 40 + 45 * alike, "heading.alike")
        return found
