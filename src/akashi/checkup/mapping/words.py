"""The drafter's word list (``formats/map-words.yaml``): how files call things, in our own collection.

Guarantees: a word has one meaning; every target's pattern names terms that exist. Refuses: a list with unknown keys or a word
twice (:class:`MapInvalid` with the line, as for maps).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from akashi.checkup.cells.fold import key
from akashi.checkup.errors import MapInvalid
from akashi.checkup.formats.documents import Node, SchemaError, parse
from akashi.checkup.formats.maps import MODALITIES
from akashi.checkup.mapping.headings import Lexicon, folded, romaji
from akashi.checkup.model import Role

# Names of meanings carry their class in front: terms none, roles ":", skips "!", marks "·", contexts "°".
ROLE_NAMES = frozenset(role.value for role in Role) - {"VALUE"} | {"GROUP", "UNIT"}
SKIP_NAMES = frozenset({"PREVIOUS", "SPARE", "OTHER"})
_KATAKANA = re.compile(r"[ァ-ヶー]+")
_ROMAN_MIN = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """Terms that together mean ``target``. ``usual``: only the usual reading, a person should look."""

    target: str
    needs: frozenset[str]
    may: frozenset[str]
    usual: bool


@dataclass(frozen=True)
class WordList:
    """Words ready for use. ``groups`` maps a folded group word to the item of its joint judgement."""

    lexicon: Lexicon = field(repr=False)
    patterns: tuple[Pattern, ...] = field(repr=False)
    groups: Mapping[str, str] = field(repr=False)
    weak: frozenset[str] = field(repr=False)
    answers: Mapping[str, tuple[str, Mapping[str, str]]] = field(repr=False)
    usual: Mapping[str, tuple[float, float]] = field(repr=False)
    modalities: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Term -> the modality of a thesaurus that it names."""

    def modality(self, terms: frozenset[str], target: str) -> str:
        """The one modality that a heading's ``terms`` name, as far as what is known of ``target`` agrees; else empty."""
        named = {self.modalities[term] for term in terms if term in self.modalities}
        known = {
            self.modalities[term]
            for pattern in self.patterns
            if pattern.target == target
            for term in pattern.needs
            if term in self.modalities
        }
        found = (named & known) if named and known else named or known
        return next(iter(found)) if len(found) == 1 else ""

    def is_heading(self, cell: str) -> bool:
        """Whether a cell reads like a heading: words of this list, and hardly anything else."""
        found = self.lexicon.find(cell)
        return bool(found.names) and found.unknown <= 2

    def by_term(self) -> dict[str, list[Pattern]]:
        """Patterns under each term they need."""
        found: dict[str, list[Pattern]] = {}
        for pattern in self.patterns:
            for term in pattern.needs:
                found.setdefault(term, []).append(pattern)
        return found


def _spellings(word: str) -> Iterator[str]:
    yield folded(word).text
    if _KATAKANA.fullmatch(word):
        for spelling in romaji(word):
            if len(spelling) >= _ROMAN_MIN:
                yield folded(spelling).text


def _pattern(target: str, node: Node, terms: frozenset[str]) -> Pattern:
    text = node.text()
    usual = text.endswith("!")
    needs: set[str] = set()
    may: set[str] = set()
    for word in text.rstrip("!").split():
        (may if word.endswith("?") else needs).add(word.rstrip("?"))
    if not needs or not (needs | may) <= terms:
        raise node.wrong("terms of this list are expected")
    return Pattern(target, frozenset(needs), frozenset(may), usual)


def _meanings(found: Mapping[str, Node]) -> dict[str, str]:
    words: dict[str, str] = {}
    romans: dict[str, str] = {}

    def add(name: str, node: Node) -> None:
        for child in node.items():
            plain, *spelled = _spellings(child.text())
            if words.setdefault(plain, name) != name:
                raise child.wrong("a word with two meanings")
            for spelling in spelled:
                romans.setdefault(spelling, name)

    for name, node in found["terms"].table().items():
        add(name, node)
    for section, allowed, sign in (("roles", ROLE_NAMES, ":"), ("skips", SKIP_NAMES, "!")):
        for name, node in found[section].table().items():
            if name not in allowed:
                raise node.wrong("unknown name")
            add(sign + name, node)
    add("·", found["marks"])
    add("°", found["contexts"])
    # A reading gives way to a word that is written so: ``to`` is English before it is sugar.
    return romans | words


def _load(text: str) -> WordList:
    keys = {"words", "terms", "weak", "roles", "marks", "contexts", "skips", "groups", "targets", "answers", "usual"}
    found = parse(text).fields(keys, {"modalities"})
    if found["words"].text() != "1":
        raise found["words"].wrong("only schema 1 is known")
    terms = frozenset(found["terms"].table()) | ROLE_NAMES
    patterns = [
        _pattern(target, child, terms) for target, node in found["targets"].table().items() for child in node.items()
    ]
    groups = {
        folded(child.text()).text: target for target, node in found["groups"].table().items() for child in node.items()
    }
    answers: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name, node in found["answers"].table().items():
        parts = node.fields({"tables", "words"})
        table = {key(word): code.text() for word, code in parts["words"].table().items()}
        answers |= {oid.text(): (name, table) for oid in parts["tables"].items()}
    usual: dict[str, tuple[float, float]] = {}
    for target, node in found["usual"].table().items():
        parts = node.fields({"low", "high"})
        usual[target] = (float(parts["low"].integer(0, 10**8)), float(parts["high"].integer(0, 10**8)))
    weak = frozenset(child.text() for child in found["weak"].items())
    if not weak <= terms:
        raise found["weak"].wrong("terms of this list are expected")
    modalities = _modalities(found["modalities"], terms) if "modalities" in found else {}
    return WordList(Lexicon(_meanings(found)), tuple(patterns), groups, weak, answers, usual, modalities)


def _modalities(node: Node, terms: frozenset[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for modality, children in node.table().items():
        if modality not in MODALITIES:
            raise children.wrong("unknown modality")
        for child in children.items():
            if child.text() not in terms or child.text() in named:
                raise child.wrong("terms of this list are expected, each once")
            named[child.text()] = modality
    return named


def load_words(text: str) -> WordList:
    """Parse a word list strictly. Raises :class:`MapInvalid` with the line."""
    try:
        return _load(text)
    except SchemaError as error:
        raise MapInvalid(line=error.line, what=error.what) from None
