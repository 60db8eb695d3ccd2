"""Section 5 of `docs/spec/conformity-bundle.md`: from the results of checks and an answer to a decision.

Guarantees: pure; the same inputs give the same decision, to the letter. Refuses: nothing. Leaves to the caller: whether the
results of the checks follow from the measurements. Trusts: nobody.

>>> chained("covers", "part_of")
'overlaps'
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

CONFORMS, PARTIAL, FAILS, NOT_APPLICABLE, UNDECIDED = range(1, 6)
MEASURED, DOCUMENT, WORD, NONE = range(1, 5)
YES, PARTLY, NO, NOT_ASKED = range(1, 5)
DAY_MS = 86_400_000
MAX_HOPS = 3
_RANK = {FAILS: 0, UNDECIDED: 1, PARTIAL: 2, CONFORMS: 3, NOT_APPLICABLE: 4}
_STRENGTH = {FAILS: 0, CONFORMS: 1, PARTIAL: 2, NOT_APPLICABLE: 3, UNDECIDED: 4}
_SAID = {YES: CONFORMS, PARTLY: PARTIAL, NO: FAILS, NOT_ASKED: NOT_APPLICABLE}
_CLASHES = {
    YES: {FAILS, PARTIAL},
    PARTLY: {FAILS},
    NO: set[int](),
    NOT_ASKED: {FAILS, PARTIAL, CONFORMS},
}
UNANSWERED = ("人が答える項目です。まだ答えがありません。", "A person answers this item; there is no answer yet.")
EXPIRED = ("期限が切れました。測り直すか、答え直してください。", "It has expired: measure or answer again.")
FEATURE = ("届け出た条件では、この項目は当てはまりません。", "Under the declared conditions this item does not apply.")
BY_DOCUMENT = ("答えと資料によります。", "By answer and documents.")
BY_WORD = ("答えだけによります。資料はありません。", "By word only; there is no document.")
NOT_MEASURED = ("check.not_measured", "まだ測っていません。", "Not measured yet.")
_RELATION_JA = {
    "equal": "同じ内容",
    "covers": "こちらの内容をすべて含む",
    "part_of": "こちらの一部",
    "overlaps": "一部が重なる",
}
_FIRMNESS = {"overlaps": 0, "part_of": 1, "covers": 2, "equal": 3}
_BACKWARDS = {"equal": "equal", "covers": "part_of", "part_of": "covers", "overlaps": "overlaps"}


@dataclass(frozen=True, slots=True)
class Item:
    """What the rules need of an item; `when`: its group's conditions and its own."""

    id: str
    mode: str
    parent: str
    checks: tuple[str, ...]
    when: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Check:
    """The stated result of one check."""

    name: str
    version: int
    verdict: int
    reason: str
    ja: str
    en: str
    expires: int
    measured: int
    attempted: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules need of an answer; `place`: `catalogue/item`."""

    place: str
    reply: int
    answered: int
    documents: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with all its fields, in the order of the page."""

    catalogue: str
    item: str
    verdict: int
    basis: int
    reason: str
    ja: str
    en: str
    expires: int
    contradiction: bool
    carried: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One line of a crosswalk, read from source to target."""

    source: str
    target: str
    relation: str


def unattempted(name: str, version: int) -> Check:
    """The result of a check that no probe was run for."""
    return Check(name, version, UNDECIDED, *NOT_MEASURED, 0, 0, attempted=False)


def is_unattempted(check: Check) -> bool:
    """Whether the result is of that form; a judge may have added a note to its words."""
    plain = unattempted(check.name, check.version)
    noted = check.ja.startswith(plain.ja) and check.en.startswith(plain.en)
    return noted and replace(check, ja=plain.ja, en=plain.en) == plain


def applies(item: Item, features: frozenset[str]) -> bool:
    """Whether every condition holds; `a|b` holds if either is declared."""
    return all(features.intersection(condition.split("|")) for condition in item.when)


def decide(
    catalogue: str, item: Item, features: frozenset[str], checks: Sequence[Check], answer: Answer | None, now: int
) -> Decision:
    """5.2: an item's own decision (no heading's)."""
    if not applies(item, features):
        return Decision(
            catalogue, item.id, NOT_APPLICABLE, WORD, "item.feature", *FEATURE, 0, contradiction=False, carried="",
            checks=(),
        )  # fmt: skip
    made = _decide(catalogue, item, tuple(checks), answer)
    if made.verdict != UNDECIDED and made.expires <= now:
        ja, en = EXPIRED
        return replace(made, verdict=UNDECIDED, basis=NONE, reason="item.expired", ja=ja, en=en)
    return made


def _decide(catalogue: str, item: Item, checks: tuple[Check, ...], answer: Answer | None) -> Decision:
    tried = [one for one in checks if one.attempted]
    worst = min(tried, key=lambda one: _RANK[one.verdict], default=None)
    ends = [min(one.measured + item.days * DAY_MS, one.expires or 1 << 80) for one in tried]
    clash = answer is not None and any(one.verdict in _CLASHES[answer.reply] for one in tried)
    deciding = _deciding(item, checks, worst)
    verdict, basis, reason, words, expires = UNDECIDED, NONE, "item.unanswered", UNANSWERED, 0
    if deciding is not None:
        verdict, reason, words = deciding.verdict, deciding.reason, (deciding.ja, deciding.en)
        basis, expires = NONE if verdict == UNDECIDED else MEASURED, min(ends)
    elif answer is not None:
        verdict, reason = _SAID[answer.reply], "item.answered"
        basis, words = (DOCUMENT, BY_DOCUMENT) if answer.documents else (WORD, BY_WORD)
        expires = min([answer.answered + item.days * DAY_MS, *ends])
        if verdict == CONFORMS and worst is not None and worst.verdict == PARTIAL:
            verdict, reason, words = PARTIAL, worst.reason, (worst.ja, worst.en)
    return Decision(catalogue, item.id, verdict, basis, reason, *words, expires, clash, "", checks)


def _deciding(item: Item, checks: Sequence[Check], worst: Check | None) -> Check | None:
    """The check that decides without an answer, if one does."""
    if worst is None or worst.verdict in (FAILS, UNDECIDED):
        return worst
    if item.mode != "measured":
        return None
    return next((one for one in checks if not one.attempted), worst)


def is_open(made: Decision) -> bool:
    """5.3: whether a crosswalk may decide instead."""
    return made.verdict == UNDECIDED and made.reason in ("item.unanswered", "check.not_measured")


def chained(first: str, second: str) -> str | None:
    """How A relates to C, A to B by `first` and B to C by `second`; None where nothing follows."""
    if "equal" in (first, second):
        return second if first == "equal" else first
    if first == second != "overlaps":
        return first
    touches = (first == "covers" and second in ("part_of", "overlaps")) or (first, second) == ("overlaps", "part_of")
    return "overlaps" if touches else None


def carries(verdict: int, relation: str) -> int | None:
    """What a verdict on the source says of the target, or None."""
    if verdict == UNDECIDED:
        return None
    if relation == "equal" or (relation == "covers" and verdict in (CONFORMS, NOT_APPLICABLE)):
        return verdict
    return PARTIAL if verdict in (CONFORMS, PARTIAL) else None


class Crosswalk:
    """All links, walked in both directions."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._into: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for link in links:
            self._into[link.target].append((link.source, link.relation))
            self._into[link.source].append((link.target, _BACKWARDS[link.relation]))

    def sources(self, name: str) -> Iterator[tuple[str, str]]:
        """(item, its relation to `name`) at most three hops away: the nearest first, then by name."""
        seen, level = {name}, {name: "equal"}
        for _ in range(MAX_HOPS):
            found: dict[str, str] = {}
            for at in sorted(level):
                for source, step in self._into.get(at, ()):
                    path = chained(step, level[at])
                    if (
                        path is not None
                        and source not in seen
                        and _FIRMNESS[path] > _FIRMNESS.get(found.get(source, ""), -1)
                    ):
                        found[source] = path
            yield from sorted(found.items())
            seen |= found.keys()
            level = found

    def carry(self, made: Decision, own: dict[str, Decision], now: int) -> Decision:
        """5.3: the decision itself, or while it is open the best that a source carries here."""
        if not is_open(made):
            return made
        best: Decision | None = None
        for name, relation in self.sources(f"{made.catalogue}/{made.item}"):
            if name.startswith(f"{made.catalogue}/"):
                continue
            # What can be measured itself takes nothing from what merely touches it.
            source = own.get(name) if relation in ("equal", "covers") or not made.checks else None
            verdict = None if source is None else carries(source.verdict, relation)
            if source is None or source.carried or verdict is None or (source.expires and source.expires <= now):
                continue
            ja = f"{name} の判定から引き継ぎました（{_RELATION_JA[relation]}）。"
            en = f"Carried over from {name} ({relation})."
            found = Decision(
                made.catalogue, made.item, verdict, source.basis, "item.carried", ja, en, source.expires,
                contradiction=False, carried=name, checks=(),
            )  # fmt: skip
            if best is None or (_STRENGTH[verdict], found.basis) < (_STRENGTH[best.verdict], best.basis):
                best = found
        return best or made


def heading(catalogue: str, item: Item, below: Sequence[Decision]) -> Decision:
    """5.4: a heading from all decisions below it, in the catalogue's order."""
    first, found = below[0], {one.verdict for one in below} - {NOT_APPLICABLE}
    if not found:
        verdict = NOT_APPLICABLE
    elif UNDECIDED in found:
        # Beside an open one only a failure says anything, and beside anything else it says no more than "mixed".
        verdict = UNDECIDED if FAILS not in found else FAILS if found == {FAILS, UNDECIDED} else PARTIAL
    else:
        verdict = found.pop() if len(found) == 1 else PARTIAL
    basis = max(one.basis for one in below)
    expires = min((one.expires for one in below if one.expires), default=0)
    clash = any(one.contradiction for one in below)
    return Decision(catalogue, item.id, verdict, basis, "item.heading", first.ja, first.en, expires, clash, "", ())
