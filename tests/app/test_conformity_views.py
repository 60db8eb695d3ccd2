"""What the overview counts: items that are measured as far as a program can, and wait for a person."""

from __future__ import annotations

import pytest

from akashi.app.conformity.telling import overview_lines, report_lines
from akashi.app.conformity.views import Overview, SheetSummary, ends_soon, is_half, measured_part
from akashi.conformity.model import (
    DAY_MS,
    Basis,
    Catalogue,
    CheckResult,
    Decision,
    Item,
    Mode,
    Opinion,
    Shares,
    Verdict,
    Words,
)
from akashi.conformity.proof.verify import Report
from akashi.ledger.proof.report import render
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verdict import Verdict as Verdicts

GOOD, PARTIAL, BAD, OPEN = Verdict.CONFORMS, Verdict.PARTIAL, Verdict.FAILS, Verdict.UNDECIDED


def item(mode: Mode = Mode.PARTLY, checks: int = 2) -> Item:
    """An item with that many checks."""
    return Item("1", "1", "1", mode, Words("例", "example"), checks=tuple(f"c.{at}" for at in range(checks)))


def decision(*verdicts: Verdict, reason: str = "item.unanswered", attempted: bool = True) -> Decision:
    """A decision that stands on checks with these verdicts; the last one was attempted or not."""
    last = len(verdicts) - 1
    checks = tuple(
        CheckResult(f"c.{at}", 1, Opinion(one, "x.y", Words("例", "example")), 1, attempted=attempted or at < last)
        for at, one in enumerate(verdicts)
    )
    return Decision("cat", "1", OPEN, Basis.NONE, reason, Words("例", "example"), 0, checks)


@pytest.mark.parametrize(
    ("verdicts", "part"),
    [
        ((GOOD, GOOD), GOOD),
        ((GOOD, PARTIAL), PARTIAL),
        ((GOOD, Verdict.NOT_APPLICABLE), GOOD),
        ((PARTIAL, BAD), BAD),
        ((GOOD, OPEN), OPEN),
        ((GOOD,), OPEN),
        ((), OPEN),
    ],
)
def test_the_measured_part_is_as_good_as_its_worst_check(verdicts: tuple[Verdict, ...], part: Verdict) -> None:
    """A check that is open, or missing, leaves the part open."""
    assert measured_part(item(), decision(*verdicts)) is part


def test_half_is_what_only_waits_for_a_person() -> None:
    """Measured in full and good, of a kind that a person answers too, and not yet answered."""
    assert is_half(item(), decision(GOOD, PARTIAL))
    assert not is_half(item(), decision(GOOD, BAD))
    assert not is_half(item(), decision(GOOD, GOOD, attempted=False))
    assert not is_half(item(), decision(GOOD, GOOD, reason="item.answered"))
    assert not is_half(item(Mode.MEASURED), decision(GOOD, GOOD))
    assert not is_half(item(Mode.PEOPLE, 0), decision())


@pytest.mark.parametrize(
    ("language", "said"),
    [("ja", "未決 5（測れる所は済み、人の答え待ち 3）"), ("en", "open 5 (3 measured, waiting for a person)")],
)
def test_the_overview_says_how_many_wait(language: str, said: str) -> None:
    """In both languages, beside what is open; and nothing where there is none."""
    words = Words("例", "example")
    book = Catalogue("cat", "f", 1, words, "d", "1", "p", "current", "", "S000", {}, (), ())
    counts = dict.fromkeys(Verdict, 0)
    shown = [
        overview_lines(
            Overview((SheetSummary(book, Shares(1, 0, 0, 5, 0), counts, 0, 5, half),), (), (), frozenset()), language
        )
        for half in (3, 0)
    ]

    assert said in shown[0][-1]
    assert said not in shown[1][-1]
    assert shown[1][-1].count("5") == 1


@pytest.mark.parametrize(
    ("verdict", "basis", "days", "soon"),
    [
        (GOOD, Basis.MEASURED, 30, False),
        (GOOD, Basis.MEASURED, 7, True),
        (GOOD, Basis.WORD, 30, True),
        (GOOD, Basis.DOCUMENT, 31, False),
        (BAD, Basis.MEASURED, 0, False),
        (OPEN, Basis.MEASURED, 1, False),
    ],
)
def test_what_ends_soon_is_what_somebody_has_to_see_to(
    verdict: Verdict, basis: Basis, days: int, *, soon: bool
) -> None:
    """What was just measured for 30 days is not listed at once; an answer is, a month before; what ended, or is open, is not."""
    now = 1_000 * DAY_MS
    one = Decision("cat", "1", verdict, basis, "x.y", Words("例", "example"), now + days * DAY_MS, ())

    assert ends_soon(one, now) is soon


def test_evidence_of_another_ledger_is_not_called_altered() -> None:
    """Both commands say that the trust file is for another ledger, and whom to ask."""
    bundle = report_lines(Report(Status.FAILED, "trust.genesis"), "ja")
    transfer = render(Verdicts.failed("trust.genesis"), "ja")

    for said in (*bundle[1:], transfer.splitlines()[1]):
        assert said.startswith("ほかの台帳の証拠か、信頼ファイルが違います。")
    assert report_lines(Report(Status.FAILED, "conformity.root"), "ja")[1].startswith("壊れているか")
