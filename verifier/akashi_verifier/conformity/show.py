"""A result of `steps.verify` for a person, in Japanese and English.

Guarantees: every decision that was not recomputed, and everything that was not proven, is named. Refuses: to print any
content beyond identifiers, verdicts and counts. Trusts: the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

VERDICTS = {
    1: "適合 conforms",
    2: "一部適合 partly conforms",
    3: "不適合 fails",
    4: "対象外 not applicable",
    5: "判定不能 undecided",
    None: "読めません unreadable",
}
BASES = {1: "実測 measured", 2: "文書 document", 3: "自己申告 word", 4: "なし nothing", None: "?"}
STATES = {
    "recomputed": "再計算 recomputed",
    "withheld": "非開示に基づく rests on something withheld",
    "invalid": "導けない does not follow",
}
UNPROVEN = {
    "judges": (
        "測定結果から各検査の判定が導かれること(この検証器は判定器を持ちません。akashi conformity verify が確かめます)",
        "that the results of the checks follow from the measurements (`akashi conformity verify` has the judges)",
    ),
    "withheld": ("開示されていないものに基づく判定", "decisions that rest on what was not disclosed"),
    "sealed": ("評価者向けに封をした部分", "what is sealed for the assessor"),
    "targets": (
        "測った対象が正しいこと、人の答えが真実であること",
        "that the right targets were measured and people said the truth",
    ),
}


def text(result: dict[str, Any], time: Callable[[int | None], str]) -> list[str]:
    """Lines about a bundle that did not fail: the run, the tally, and the decisions of all catalogues."""
    rows = result["decisions"]
    judged, recorded, stamped = (time(result[key]) for key in ("judged_ms", "recorded_ms", "stamped_ms"))
    lines = [f"{result['run']}  {result['institution']}  判定 judged {judged}  記録 recorded {recorded} < {stamped}"]
    states = Counter(row["state"] for row in rows)
    lines.append("  ".join(f"{words}: {states[state]}" for state, words in STATES.items()))
    lines.append(f"生データと文章 raw output and texts: {result['apart']}")
    for catalogue in dict.fromkeys(row["catalogue"] for row in rows):
        counts = Counter(row["verdict"] for row in rows if row["catalogue"] == catalogue)
        lines.append(
            f"{plain(catalogue)}: " + "  ".join(f"{VERDICTS[verdict]} {counts[verdict]}" for verdict in range(1, 6))
        )
        lines += [row_line(row, time) for row in rows if row["catalogue"] == catalogue]
    return lines


def plain(name: str) -> str:
    """A name out of the file without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def row_line(row: dict[str, Any], time: Callable[[int | None], str]) -> str:
    """One decision."""
    said = f"  {plain(row['catalogue'])}/{plain(row['item'])}  {VERDICTS[row['verdict']]}  {BASES[row['basis']]}  {STATES[row['state']]}"
    until = f"  {time(row['expires_ms'])} まで until" if row["expires_ms"] else ""
    carried = f"  <- {plain(row['carried'])}" if row["carried"] else ""
    return said + until + carried + ("  矛盾 contradiction" if row["contradiction"] else "")
