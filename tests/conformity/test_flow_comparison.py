"""Boundary tables and comparisons: one canonical form, and nothing missing goes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.flow.boundary import (
    Gap,
    Share,
    Situation,
    Table,
    Task,
    Trouble,
    compare_tables,
    dump_table,
    load_table,
    read_tasks,
    table_digest,
)
from akashi.conformity.flow.comparison import (
    Need,
    Outcome,
    compare,
    missing_reports,
    open_items,
    running_out,
    verdict_counts,
)
from akashi.conformity.flow.model import Certificate
from akashi.conformity.model import DAY_MS, Basis, Catalogue, Decision, Item, Mode, Reply, Verdict, Words
from akashi.ledger.errors import EncodingError

TASKS = Path(__file__).resolve().parents[2] / "catalogs" / "boundary" / "tasks.yaml"
PARTIES = ("customer", "vendor", "line")
shares = st.builds(
    Share,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(Situation),
    st.sampled_from([*PARTIES, ""]),
    st.text(max_size=5),
)
tables = st.lists(shares, max_size=12, unique_by=lambda one: (one.task, one.situation, one.party)).map(
    lambda drawn: Table(PARTIES, tuple(drawn))
)
KNOWN = [Task(name, Words(name), tuple(Situation)) for name in "abc"]


@settings(max_examples=100, deadline=None)
@given(tables)
def test_a_table_has_one_form(table: Table) -> None:
    """In whatever order the shares were written: the same bytes, the same digest, and back again."""
    mixed = Table(table.parties, tuple(reversed(table.shares)))
    data = dump_table(table)

    assert dump_table(mixed) == data
    assert set(load_table(data).shares) == set(table.shares)
    assert table_digest(dump_table(load_table(data))) == table_digest(data)


@settings(max_examples=100, deadline=None)
@given(st.lists(tables, max_size=3))
def test_every_task_is_somebodys_or_a_gap(drawn: list[Table]) -> None:
    """Per task and situation: no entry is nobody, two different parties are several, anything else is no gap."""
    gaps = {(one.task, one.situation): one.trouble for one in compare_tables(KNOWN, drawn)}

    for task in KNOWN:
        for situation in Situation:
            named = {
                one.party
                for table in drawn
                for one in table.shares
                if (one.task, one.situation) == (task.id, situation)
            }
            expected = Trouble.NOBODY if not named else Trouble.SEVERAL if len(named - {""}) > 1 else None
            assert gaps.get((task.id, situation)) is expected


def test_a_task_of_ones_own_is_compared_too() -> None:
    """Tables may add tasks that the list does not have."""
    own = Table(PARTIES, (Share("z", Situation.NORMAL, "vendor"), Share("z", Situation.NORMAL, "line")))

    assert compare_tables([], [own]) == [Gap("z", Situation.NORMAL, Trouble.SEVERAL, ("line", "vendor"))]


@pytest.mark.parametrize(
    ("table", "failure"),
    [
        (Table(PARTIES, (Share("a", Situation.NORMAL, "stranger"),)), "boundary.share"),
        (Table(PARTIES, (Share("", Situation.NORMAL, "vendor"),)), "boundary.share"),
        (
            Table(PARTIES, (Share("a", Situation.NORMAL, "vendor"), Share("a", Situation.NORMAL, "vendor", "x"))),
            "boundary.twice",
        ),
        (Table(("vendor", "vendor"), ()), "boundary.parties"),
        (Table(PARTIES, (Share("a", Situation.NORMAL, "vendor", "x" * 201),)), "boundary.size"),
    ],
)
def test_tables_that_are_refused(table: Table, failure: str) -> None:
    """Strangers, tasks without a name, a share twice, parties twice, endless texts."""
    with pytest.raises(EncodingError, match=failure):
        dump_table(table)


def test_another_form_is_refused() -> None:
    """Bytes that say the same in another order are not the table that was signed."""
    data = dump_table(Table(PARTIES, (Share("a", Situation.NORMAL, "line"), Share("b", Situation.NORMAL, "line"))))

    with pytest.raises(EncodingError, match=r"boundary\.form"):
        load_table(data.replace(b"\x61a", b"\x61c"))


def test_the_shipped_tasks_cover_both_sources() -> None:
    """Tasks of the ordinance criteria and of the guideline's chapter, each once, with a title in both languages."""
    tasks = read_tasks(TASKS.read_bytes())

    assert {one.source for one in tasks} == {"S001", "S003"}
    assert all(one.title.ja and one.title.en and one.situations for one in tasks)
    assert len(compare_tables(tasks, [])) == sum(len(one.situations) for one in tasks)


@pytest.mark.parametrize("text", ["tasks: [{id: a, title: {ja: あ}, situations: [always]}]", "tasks: [{id: a}]", "- a"])
def test_task_files_that_are_refused(text: str) -> None:
    """An unknown situation, a missing title, another shape."""
    with pytest.raises(CatalogueInvalid):
        read_tasks(text.encode())


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(Reply)), st.lists(
    st.builds(Need, st.sampled_from("abcd"), st.sampled_from(Reply), st.integers(1, 3)), max_size=6
))  # fmt: skip
def test_every_need_is_accounted_for(answers: dict[str, Reply], needs: list[Need]) -> None:
    """One row a need; missing exactly where there is no reply; gaps first, by risk; いいえ never meets はい."""
    rows = compare(answers, needs)

    assert sorted((one.item, one.needed, one.risk) for one in rows) == sorted((n.item, n.reply, n.risk) for n in needs)
    assert all((one.outcome is Outcome.MISSING) is (one.item not in answers) for one in rows)
    assert [one.outcome is Outcome.MET for one in rows] == sorted(one.outcome is Outcome.MET for one in rows)
    gaps = [one.risk for one in rows if one.outcome is not Outcome.MET]
    assert gaps == sorted(gaps, reverse=True)
    assert not any(
        one.needed is Reply.YES and one.given in (Reply.NO, Reply.PARTLY) and one.outcome is Outcome.MET for one in rows
    )


def test_what_each_reply_meets() -> None:
    """はい meets all but 対象外; 一部 does not meet はい; 対象外 meets only itself."""
    met = {
        (given.name, needed.name)
        for given in Reply
        for needed in Reply
        if compare({"a": given}, [Need("a", needed)])[0].outcome is Outcome.MET
    }

    assert met >= {("YES", "YES"), ("YES", "PARTLY"), ("PARTLY", "PARTLY"), ("PARTLY", "NO"), ("NO", "NO")}
    assert not met & {("PARTLY", "YES"), ("NO", "PARTLY"), ("NO", "YES")}
    assert {pair for pair in met if pair[0] == "NOT_APPLICABLE"} == {("NOT_APPLICABLE", "NOT_APPLICABLE")}


def _item(name: str, mode: Mode = Mode.PEOPLE, *, report: bool = True) -> Item:
    return Item(name, "1", name, mode, Words("架空"), report=report)


def _decision(item: str, verdict: Verdict) -> Decision:
    return Decision("invented", item, verdict, Basis.WORD, "invented", Words("架空"), 0)


def test_missing_reports_are_of_applicable_items_that_ask() -> None:
    """Headings, items that do not ask, 対象外 and what was reported for this very catalogue are not missing."""
    items = (_item("1"), _item("2"), _item("3"), _item("4", report=False), _item("5", Mode.GROUP), _item("6"))
    book = Catalogue("invented", "f", 1, Words("架空"), "", "", "", "current", "", "", {}, (), items)
    decisions = [_decision("2", Verdict.NOT_APPLICABLE), _decision("3", Verdict.UNDECIDED)]

    found = missing_reports(book, decisions, [("invented", "1"), ("another", "6")])

    assert [one.id for one in found] == ["3", "6"]


@given(st.lists(st.sampled_from(Verdict)))
def test_counts_add_up(verdicts: list[Verdict]) -> None:
    """Five counts in the order of the numbers; the last is what is open."""
    decisions = [_decision(str(at), one) for at, one in enumerate(verdicts)]
    counts = verdict_counts(decisions)

    assert (len(counts), sum(counts), counts[4]) == (5, len(verdicts), len(open_items(decisions)))


def test_certificates_that_run_out_come_in_order() -> None:
    """Expired ones too; those that hold longer are left out."""
    days = [90, -5, 30, 60]
    kept = [Certificate(str(day), "", "", day * DAY_MS) for day in days]

    assert [one.number for one in running_out(kept, 0)] == ["-5", "30", "60"]
