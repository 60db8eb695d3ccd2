"""Registers that people keep: papers, vendors' disclosures, requirements, and remote maintenance against its log.

Guarantees: only numbers and days leave a register, never a title or a name; a row that cannot be read makes the whole register unread,
so that a slip of the pen hides nothing. Refuses: to take a date in the future for a thing done. Trusts: whoever keeps the register.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.conformity.errors import Unreached
from akashi.conformity.host.reading import (
    Columns,
    Row,
    day_end_ms,
    day_ms,
    exported,
    given_bytes,
    listed,
    moment_ms,
    table,
    yes,
)
from akashi.conformity.model import Fact, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, probe

PAPERS: Columns = {
    "document_id": ("document_id", "文書番号"),
    "owner": ("owner", "責任者"),
    "approved": ("approved", "承認日"),
    "approved_by": ("approved_by", "承認者"),
    "reviewed": ("reviewed", "見直し日"),
    "next_review": ("next_review", "次回見直し"),
}
DISCLOSURES: Columns = {
    "vendor_id": ("vendor_id", "業者番号"),
    "kind": ("kind", "種類"),
    "received": ("received", "受領日"),
    "signed": ("signed", "署名"),
    "expires": ("expires", "期限"),
}
REQUIREMENTS: Columns = {
    "requirement_id": ("requirement_id", "要求番号"),
    "answer": ("answer", "回答"),
    "measure": ("measure", "補う対策"),
}
WINDOWS: Columns = {
    "account": ("account", "アカウント"),
    "from": ("from", "開始"),
    "to": ("to", "終了"),
    "approved_by": ("approved_by", "承認者"),
}
LOG: Columns = {"account": ("account", "アカウント"), "at": ("at", "日時")}


@probe("papers", kind=TargetKind.FILE, option="papers")
def papers(target: Target, bench: Bench) -> Observed:
    """The register of documents. ``required``: document ids that must be in it, separated by commas."""
    raw = given_bytes(target, "papers")
    rows = table(raw, PAPERS)
    _distinct(rows, "document_id")
    now = bench.clock.now_ms()
    due = [day_end_ms(row["next_review"]) for row in rows if row["next_review"]]
    needed = set(listed(target.options.get("required", "")))
    late = [row for row in rows if not row["next_review"] or day_end_ms(row["next_review"]) < now]
    faults = {
        "unowned": [row for row in rows if not row["owner"]],
        "unapproved": [row for row in rows if not _done(row["approved"], now) or not row["approved_by"]],
        "unreviewed": [row for row in rows if not _done(row["reviewed"], now)],
        "overdue": late,
    }
    bad = {row["document_id"] for some in faults.values() for row in some}
    facts: dict[str, Fact] = {name: len(some) for name, some in faults.items()}
    facts |= {
        "documents": len(rows),
        "faulty": len(bad),
        "missing": len(needed - {row["document_id"] for row in rows}),
        "next_ms": min(due, default=0),
    }
    return Observed(facts, raw, "register")


@probe("disclosures", kind=TargetKind.FILE, option="disclosures")
def disclosures(target: Target, bench: Bench) -> Observed:
    """The register of vendors' MDS/SDS and disclosures; without an expiry a disclosure counts as expired."""
    raw = given_bytes(target, "disclosures")
    rows = table(raw, DISCLOSURES)
    if any(not row["vendor_id"] or not row["kind"] for row in rows):
        raise Unreached(reason="format")
    now = bench.clock.now_ms()
    ends = [day_end_ms(row["expires"]) for row in rows if row["expires"]]
    got = [row for row in rows if _done(row["received"], now)]
    facts: dict[str, Fact] = {
        "vendors": len({row["vendor_id"] for row in rows}),
        "asked": len(rows),
        "missing": len(rows) - len(got),
        "unsigned": sum(1 for row in got if not yes(row["signed"])),
        "expired": sum(1 for row in got if not row["expires"] or day_end_ms(row["expires"]) < now),
        "next_ms": min(ends, default=0),
    }
    return Observed(facts, raw, "register")


YES = frozenset({"はい", "yes", "適合"})
NO = frozenset({"いいえ", "no", "不適合"})
ABSENT = frozenset({"対象外", "n/a", "not_applicable"})


@probe("requirements", kind=TargetKind.FILE, option="requirements")
def requirements(target: Target, bench: Bench) -> Observed:  # noqa: ARG001
    """Own requirements with a vendor's answers; ``measure`` is what the institution does instead where the answer is いいえ."""
    raw = given_bytes(target, "requirements")
    rows = table(raw, REQUIREMENTS)
    _distinct(rows, "requirement_id")
    answers = [row["answer"].lower() for row in rows]
    if any(one and one not in YES | NO | ABSENT for one in answers):
        raise Unreached(reason="format")
    refused = [row for row in rows if row["answer"].lower() in NO]
    facts: dict[str, Fact] = {
        "requirements": len(rows),
        "met": sum(1 for one in answers if one in YES),
        "absent": sum(1 for one in answers if one in ABSENT),
        "unanswered": answers.count(""),
        "gaps": sum(1 for row in refused if not row["measure"]),
        "covered": sum(1 for row in refused if row["measure"]),
    }
    return Observed(facts, raw, "register")


@probe("remote_login", kind=TargetKind.FILE, option="remote_login")
def remote_login(target: Target, bench: Bench) -> Observed:
    """Approved windows of remote maintenance (``remote_login``) against the ``log`` of logins from outside."""
    if not target.options.get("log"):
        raise Unreached(reason="option")
    windows = [
        (row["account"], moment_ms(row["from"]), moment_ms(row["to"]), bool(row["approved_by"]))
        for row in table(given_bytes(target, "remote_login"), WINDOWS)
    ]
    if any(not account or ends <= starts for account, starts, ends, _ in windows):
        raise Unreached(reason="format")
    raw = exported(target, "log", bench)
    logins = [(row["account"], moment_ms(row["at"])) for row in table(raw, LOG)]
    good = [window for window in windows if window[3]]
    outside = sum(1 for who, at in logins if not any(a == who and s <= at <= e for a, s, e, _ in good))
    facts: dict[str, Fact] = {
        "windows": len(windows),
        "unapproved": len(windows) - len(good),
        "longest_hours": max((-(-(ends - starts) // 3_600_000) for _, starts, ends, _ in windows), default=0),
        "logins": len(logins),
        "outside": outside,
        "future": sum(1 for _, at in logins if at > bench.clock.now_ms() + 3_600_000),
    }
    return Observed(facts, raw, "register")


def _distinct(rows: Sequence[Row], key: str) -> None:
    names = [row[key] for row in rows]
    if "" in names or len(set(names)) != len(names):
        raise Unreached(reason="format")


def _done(day: str, now_ms: int) -> bool:
    """Whether a day is given and not ahead of us (a day begins up to 14 hours earlier in the east)."""
    return bool(day) and day_ms(day) <= now_ms + 14 * 3_600_000
