"""What the pages of maps say about columns and proposals, in words.

Guarantees: pure; a draft's page holds headings and masked examples, never a cell. Refuses: states that no page offers. Trusts: the texts.

>>> one = Proposal(Placing.MAP, 90, (), "person.kana", kind="kana")
>>> proposal_words(one, ItemTable("", {}, {}), "ja")
'氏名（カナ）'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from akashi.checkup import ItemTable
from akashi.checkup.approval.model import MapDraft, MapState
from akashi.checkup.cells.fold import key
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.mapping.model import Choice, ColumnDraft, Decision, Placing, Proposal, Reason
from akashi.checkup.mapping.sentences import sentence
from akashi.checkup.model import Role
from akashi.web.rendering import texts

PAGE = 50
SHOWN = ("open", "ask", "done", "all")
ORDERS = ("column", "confidence")
SETTLED = frozenset({Decision.ADOPT, Decision.IGNORE, Decision.WATCH})
ASKING = frozenset({Decision.NEEDS_CONFIRMATION, Decision.DEFERRED})
STATE_TONES = {
    MapState.WAITING: "warn", MapState.APPROVED: "good", MapState.RETIRED: "", MapState.WITHHELD: "warn",
    MapState.ALTERED: "stop", MapState.UNAPPROVED: "stop",
}  # fmt: skip
_TONES = {
    Decision.ADOPT: "good", Decision.IGNORE: "", Decision.WATCH: "good", Decision.NEEDS_CONFIRMATION: "warn",
    Decision.DEFERRED: "warn", Decision.UNREVIEWED: "open",
}  # fmt: skip
_MOST_FOUND = 30


@dataclass(frozen=True, slots=True)
class View:
    """Which columns of a draft are shown, in which order, from which page."""

    show: str = "open"
    by: str = "column"
    page: int = 1

    @classmethod
    def read(cls, show: str, by: str, page: str) -> View:
        """From an address or a form; what nobody offers becomes the usual.

        >>> View.read("ask", "x", "-3")
        View(show='ask', by='column', page=1)
        """
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
        return cls(show if show in SHOWN else SHOWN[0], by if by in ORDERS else ORDERS[0], max(1, number))

    def query(self, **other: object) -> str:
        """As the tail of an address.

        >>> View().query(page=2)
        'show=open&by=column&page=2'
        """
        return urlencode({"show": self.show, "by": self.by, "page": self.page} | other)


def thing(target: str, items: ItemTable, language: str) -> str:
    """The name of a field or an item; a code that nobody knows as it is."""
    if target in FIELD_TARGETS:
        return texts(language)(f"maps.target.{target}")
    item = items.items.get(target)
    return item.name if item else target


def target_words(target: str, role: Role, occurrence: int, items: ItemTable, language: str) -> str:
    """A target in words, as ``空腹時血糖（mg/dl）の値``."""
    t, name = texts(language), thing(target, items, language)
    if target in FIELD_TARGETS:
        return name
    item = items.items.get(target)
    unit = f"（{item.unit}）" if item and item.unit else ""
    nth = t("maps.words.nth", number=occurrence) if occurrence > 1 else ""
    return t("maps.words.item", name=f"{name}{unit}{nth}", role=t(f"maps.role.{role.value.lower()}"))


def proposal_words(one: Proposal, items: ItemTable, language: str) -> str:
    """What a proposal says of its column."""
    t = texts(language)
    if one.placing is not Placing.MAP:
        return t(f"maps.placing.{one.placing.value}")
    words = target_words(one.target, one.role, one.occurrence, items, language)
    if one.when_column:
        words += t("maps.words.when", column=one.when_column, words="／".join(one.when_words))
    if one.factor != "1":
        words += t("maps.words.factor", factor=one.factor)
    return words


def reason_words(one: Reason, language: str) -> str:
    """Why a column was proposed so, without the words of our own lists.

    >>> reason_words(Reason("values.fit", "date"), "ja")
    '値の形が合っています（日付）。'
    """
    if one.code == "heading.words":
        return texts(language)("maps.by_heading")
    if one.code.startswith("values.") and one.about in KINDS:
        return sentence(Reason(one.code, texts(language)(f"maps.kind.{one.about}")), language)
    return sentence(one, language)


def day_words(one: date, language: str) -> str:
    """A day as people here write it.

    >>> day_words(date(2026, 4, 1), "ja"), day_words(date(2026, 4, 1), "en")
    ('2026年4月1日', '2026-04-01')
    """
    return f"{one.year}年{one.month}月{one.day}日" if language == "ja" else one.isoformat()


def choice_of(found: MapDraft, column: ColumnDraft) -> Choice:
    """What was decided about a column so far."""
    return found.choices.get(column.column, Choice(column.state))


def is_settled(choice: Choice) -> bool:
    """Whether nothing more is asked about the column."""
    return choice.state in SETTLED


def progress(found: MapDraft) -> dict[str, int]:
    """Columns in all, and how many are decided, open, put off, watched."""
    columns = found.columns.columns if found.columns else ()
    choices = [choice_of(found, one) for one in columns]
    done = sum(is_settled(one) for one in choices)
    ask = sum(one.state in ASKING for one in choices)
    watched = sum(
        one.state is Decision.WATCH
        or (one.state is Decision.ADOPT and not one.proposal and column.proposal.placing is Placing.WATCH)
        for one, column in zip(choices, columns, strict=True)
    )
    return {"all": len(columns), "done": done, "ask": ask, "open": len(columns) - done, "watched": watched}


def visible(found: MapDraft, view: View) -> list[ColumnDraft]:
    """The columns of a view, on all its pages."""
    columns = found.columns.columns if found.columns else ()
    kept = []
    for one in columns:
        choice = choice_of(found, one)
        wanted = {
            "open": not is_settled(choice),
            "ask": choice.state in ASKING,
            "done": is_settled(choice),
            "all": True,
        }
        if wanted[view.show]:
            kept.append(one)
    return sorted(kept, key=lambda one: (one.proposal.confidence, one.column)) if view.by == "confidence" else kept


def column_row(found: MapDraft, one: ColumnDraft, items: ItemTable, language: str) -> dict[str, object]:
    """A column for the table."""
    choice = choice_of(found, one)
    proposal = choice.proposal or one.proposal
    twins = one.twins if proposal == one.proposal else ()
    return {
        "column": one.column,
        "heading": one.heading,
        "words": proposal_words(proposal, items, language),
        "twins": [proposal_words(twin, items, language) for twin in twins],
        "own": choice.proposal is not None,
        "confidence": one.proposal.confidence,
        "doubt": one.suggested is Decision.NEEDS_CONFIRMATION,
        "reasons": [reason_words(reason, language) for reason in one.proposal.reasons],
        "examples": one.shape.examples,
        "filled": round(100 * (1 - one.shape.blank_rate)),
        "state": choice.state.value,
        "tone": _TONES[choice.state],
        "adoptable": proposal.placing is not Placing.UNDECIDED,
    }


def sure_counts(sure: Mapping[int, Choice], found: MapDraft) -> dict[str, int]:
    """How many columns would be converted, left out and watched if the surest are adopted together."""
    counts = {"all": len(sure), "map": 0, "ignore": 0, "watch": 0}
    for one in found.columns.columns if found.columns else ():
        if one.column in sure:
            placing = one.proposal.placing
            name = (
                "watch"
                if placing is Placing.WATCH
                else "map"
                if placing in (Placing.MAP, Placing.DECIDES)
                else "ignore"
            )
            counts[name] += 1
    return counts


def search(words: str, items: ItemTable, language: str) -> list[dict[str, str]]:
    """Fields and items whose name holds all the words, or whose code begins so; the first thirty."""
    wanted = [key(word) for word in words.split()]
    if not wanted:
        return []
    places = ((target, thing(target, items, language), "", "") for target in sorted(FIELD_TARGETS))
    rows = ((one.code, one.name, one.unit, one.method_name) for one in items.items.values())
    found = []
    for code, name, unit, method in (*places, *rows):
        text = key(f"{name} {method}")
        if all(word in text or code.casefold().startswith(word) for word in wanted):
            found.append({"code": code, "name": name, "unit": unit, "method": method})
    return found[:_MOST_FOUND]


def draft_row(found: MapDraft, people: Mapping[str, str]) -> dict[str, object]:
    """A draft for the shelf."""
    return {
        "handle": found.handle,
        "map_id": found.head.map_id,
        "valid_from": found.head.valid_from,
        "valid_to": found.head.valid_to,
        "by": people.get(found.saved_by, found.saved_by),
        "saved_ms": found.saved_ms,
        "closed": found.closed,
    }
