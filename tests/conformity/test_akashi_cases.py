"""The self check's judges on real fixtures: good ones are 適合, broken and senseless ones never."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.judges import akashi as _doors
from akashi.conformity.judges import backup as _backup
from akashi.conformity.judges import conversion as _conversion
from akashi.conformity.judges import duties as _duties
from akashi.conformity.judges import records as _records
from akashi.conformity.judges import servers as _servers
from akashi.conformity.judges.registry import JUDGES, judge_check
from akashi.conformity.model import Measurement, Opinion, Reach, Verdict
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, said
from tests.conformity.cases_akashi import CASES as PEOPLE
from tests.conformity.cases_akashi_records import CASES as RECORDS
from tests.conformity.cases_conversion import CASES as CONVERSION
from tests.conformity.cases_duties import CASES as DUTIES
from tests.conformity.cases_servers import CASES as SERVERS
from tests.conformity.checks import AKASHI

JUDGE_MODULES = (_doors, _backup, _records, _conversion, _duties, _servers)
"""Imported for what they register."""
CASES = [*PEOPLE, *RECORDS, *CONVERSION, *DUTIES, *SERVERS]
OTHERS = {"documents.current", "disclosures.current", "requirements.gaps"}
"""On the same line of the list, but judged from registers of papers."""
NOT_REACHED = {"no list", "not text", "not served", "no ledger", "no database"}
"""Fixtures that a probe cannot look at; all others it must have seen, so that no verdict rests on a probe that broke."""
MINE = sorted((set(AKASHI) - OTHERS) | {"tls.revocation"})
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 20),
    st.text(max_size=8),
    st.lists(st.text(max_size=8), max_size=3).map(tuple),
)


def _name(case: Case) -> str:
    return f"{case[0]}-{case[1]}".replace(" ", "_")


def _opinion(check: str, measurements: list[Measurement]) -> Opinion:
    judge = JUDGES.find(check)
    assert judge is not None, check
    return judge_check(judge, measurements, {}).opinion


@cache
def _good(check: str) -> list[Measurement]:
    return next(measure for name, _, kind, measure in CASES if name == check and kind == GOOD)()


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_broken_one_never_conforms(case: Case) -> None:
    """The verdict on a good fixture is 適合, on a broken one anything else."""
    check, name, kind, measure = case
    measured = _good(check) if kind == GOOD else measure()
    opinion = _opinion(check, measured)

    assert [one.note for one in measured if (one.reach is Reach.REACHED) is (name in NOT_REACHED)] == []
    assert (opinion.verdict is Verdict.CONFORMS) is (kind == GOOD), opinion


def test_every_check_has_a_judge_and_both_kinds_of_fixture() -> None:
    """Each check of this part is judged, with one good and at least two broken fixtures."""
    kinds = {check: [kind for name, _, kind, _ in CASES if name == check] for check in MINE}

    assert [check for check in MINE if JUDGES.find(check) is None] == []
    assert [check for check, found in kinds.items() if GOOD not in found or found.count(BROKEN) < 2] == []


@pytest.mark.parametrize("check", MINE)
def test_without_facts_nothing_is_decided(check: str) -> None:
    """No measurement, none that reached its target, none with facts: 判定不能 each time."""
    judge = JUDGES.find(check)
    assert judge is not None
    unreached = [Measurement(judge.probe, 1, "tgt-a", "test", "", 0, 1, Reach.UNREACHED, {}, "network")]

    for measured in ([], unreached, said(judge.probe, {}), [*_good(check), *unreached]):
        assert _opinion(check, measured).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("check", MINE)
def test_a_fact_of_another_type_does_not_help(check: str) -> None:
    """Whichever fact is missing or of another type: the verdict stays what it was without it, or becomes 判定不能 or 不適合."""
    judge, facts = JUDGES.find(check), _good(check)[0].facts
    assert judge is not None
    spoiled: dict[str, object] = dict.fromkeys(facts, b"\x00\xff")

    assert _opinion(check, said(judge.probe, spoiled)).verdict is Verdict.UNDECIDED  # type: ignore[arg-type]  # on purpose
    for key in facts:
        without = {name: value for name, value in facts.items() if name != key}
        assert _opinion(check, said(judge.probe, without)).verdict in (Verdict.CONFORMS, Verdict.UNDECIDED)


@pytest.mark.parametrize("check", MINE)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_judges_answer_to_anything(check: str, data: st.DataObject) -> None:
    """Whatever the facts are, the judge answers; and every sentence is there in both languages."""
    judge, facts = JUDGES.find(check), _good(check)[0].facts
    assert judge is not None
    drawn = {name: data.draw(VALUES) for name in facts}
    opinion = _opinion(check, said(judge.probe, {name: value for name, value in drawn.items() if value is not None}))

    assert opinion.reason
    assert opinion.why.ja
    assert opinion.why.en


@pytest.mark.parametrize("check", MINE)
def test_every_truth_that_is_turned_round_counts(check: str) -> None:
    """Of the facts that are true in a good measurement and that the judge reads, none may become false unnoticed."""
    judge, facts = JUDGES.find(check), _good(check)[0].facts
    assert judge is not None
    read = [
        key
        for key, value in facts.items()
        if value is True
        and _opinion(check, said(judge.probe, {k: v for k, v in facts.items() if k != key})).verdict
        is not Verdict.CONFORMS
    ]

    for key in read:
        assert _opinion(check, said(judge.probe, {**facts, key: False})).verdict is not Verdict.CONFORMS, key
