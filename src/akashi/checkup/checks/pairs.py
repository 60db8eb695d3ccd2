"""Flags and the texts that depend on them: findings, symptoms, history, medication (29 pairs in the national table).

Guarantees: a flag that says "found" has a text, a text has a flag, and the two agree. Refuses: deciding which of the two is
right. Source: column 依存対象項目 and the abnormal answers of the ministry's item table (knowledge 1.5).
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.checkup.cells.fold import key
from akashi.checkup.checks.model import Check, Judge, Said, Wanted
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import Outcome, Role, Status

_NOTHING = frozenset(
    key(word)
    for word in (
        "なし", "特になし", "とくになし", "特記なし", "特記事項なし", "特記すべきことなし", "特記すべき事項なし", "所見なし", "特記所見なし",
        "異常なし", "異常所見なし", "異常(所見)なし", "異常を認めず", "異常は認めず", "異常認めず", "病歴なし", "既往歴なし", "自覚症状なし", "他覚症状なし", "症状なし",
        "服薬なし", "無", "無し", "特に無し", "異常無し", "所見無し",
    )
)  # fmt: skip
_MEDICINE, _REASON = "167000000049", "167100000049"


def says_nothing(text: str) -> bool:
    """Whether a text, or each part of a list joined by 「、」, only says that there is nothing.

    >>> says_nothing("異常なし"), says_nothing("所見なし、特になし"), says_nothing("胆石"), says_nothing("聴力低下なし、耳鳴")
    (True, True, False, False)
    """
    return any(sign in text for sign in "な無ず") and all(key(part) in _NOTHING for part in text.split("、"))


def _judge(item: Item, calm: frozenset[str], missing: str) -> Judge:
    """``calm``: answers that contradict a text; ``missing``: what to say when there is no text (may be nothing)."""

    def judge(cells: tuple[Outcome, ...]) -> tuple[Said, ...]:
        flag, text, beside = cells
        if text.status is Status.EMPTY:
            text = beside
        if flag.status is Status.EMPTY:
            return (Said("flag.missing", 1),) if text.status is Status.VALUE else ()
        if flag.status is not Status.VALUE:
            return ()
        found = item.says_finding(flag.coded)
        if text.status is not Status.VALUE:
            return (Said(missing, 0),) if found and missing and text.status is Status.EMPTY else ()
        nothing = says_nothing(text.standard)
        wrong = found if nothing else flag.coded in calm
        return (Said("flag.contradicts", 0),) if wrong else ()

    return judge


def _missing(text_code: str) -> str:
    if text_code.endswith(_REASON):
        return ""
    return "flag.medicine" if text_code.endswith(_MEDICINE) else "flag.text_missing"


def _calm(items: ItemTable, flag: Item) -> frozenset[str]:
    """Answers that say "nothing": 2 in あり/なし tables (3 and 4 there: take again, unfit), else all that claim no finding."""
    labels = items.labels(flag.code)
    if labels.get("2", "").endswith(("なし", "いいえ")):
        return frozenset({"2"})
    return frozenset(code for code in labels if flag.says_finding(code) is False)


def pair_checks(items: ItemTable) -> Iterator[Check]:
    """One check per dependent pair; the text may stand in its own item or beside the flag (role TEXT)."""
    for text_code, flag_code in items.dependents().items():
        flag = items.items.get(flag_code)
        if flag is not None:
            judge = _judge(flag, _calm(items, flag), _missing(text_code))
            wanted = (Wanted(flag_code), Wanted(text_code), Wanted(flag_code, role=Role.TEXT))
            yield Check(f"pair.{text_code}", wanted, judge)
