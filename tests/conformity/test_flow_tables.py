"""Boundary tables as people fill them in: YAML and workbooks, and what is refused with its place."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.flow.boundary import (
    MAX_SHARES,
    Share,
    Situation,
    Table,
    TableRefused,
    Trouble,
    compare_tables,
    dump_table,
    empty_table,
    load_table,
    read_table,
    read_tasks,
)

TASKS = read_tasks((Path(__file__).resolve().parents[2] / "catalogs" / "boundary" / "tasks.yaml").read_bytes())
OWN, OTHER, THIRD = "inst-0own", "inst-0other", "inst-0third"
HEADINGS = ("作業", "場面", "担当", "再委託先")


def row(task: str = "backup", situation: str = "normal", party: str = "us", subcontractor: str = "") -> str:
    """One share as YAML."""
    return f'  - {{task: "{task}", situation: "{situation}", party: "{party}", subcontractor: "{subcontractor}"}}\n'


def yaml(*rows: str, parties: str = "[]") -> bytes:
    """A table as YAML."""
    return f"parties: {parties}\nshares:\n{''.join(rows)}".encode()


def workbook(*rows: Sequence[str], above: Sequence[Sequence[str]] = ()) -> bytes:
    """A table as a workbook, with rows above the headings."""
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for one in (*above, *rows):
        sheet.append(list(one))
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_empty_table_leaves_everything_open(language: str) -> None:
    """As it is written it can be read back, shares nothing, and the comparison names every task and situation."""
    table = read_table(empty_table(TASKS, language), OWN, OTHER)
    gaps = compare_tables(TASKS, [table])

    assert table == Table((OWN, OTHER), ())
    assert {one.trouble for one in gaps} == {Trouble.NOBODY}
    assert [(one.task, one.situation) for one in gaps] == [(one.id, at) for one in TASKS for at in one.situations]


@pytest.mark.parametrize(
    ("word", "parties"),
    [
        ("us", [OWN]), ("当方", [OWN]), ("them", [OTHER]), ("相手", [OTHER]), ("Both", [OWN, OTHER]), ("双方", [OWN, OTHER]),
        ("none", [""]), ("対象外", [""]), ("", []), (THIRD, [THIRD]), ("架空回線", ["架空回線"]),
    ],
)  # fmt: skip
def test_a_party_in_words(word: str, parties: list[str]) -> None:
    """Each side, both, nobody needed, nobody named, a third institution, a name that the table lists."""
    table = read_table(yaml(row(party=word), parties="[架空回線]"), OWN, OTHER)

    assert [one.party for one in table.shares] == parties
    assert load_table(dump_table(table)).parties == table.parties


def test_a_workbook_says_the_same_as_yaml() -> None:
    """Rows above the headings, blank rows and columns of one's own change nothing."""
    rows = [("backup", "平時", "当方", "架空倉庫"), ("", "", "", ""), ("backup", "緊急時", "双方", "")]
    data = workbook(
        (*HEADINGS, "備考"), *((*one, "覚え") if any(one) else one for one in rows), above=[("架空の表",), ()]
    )
    same = yaml(row(subcontractor="架空倉庫"), row(situation="emergency", party="both"))

    assert read_table(data, OWN, OTHER) == read_table(same, OWN, OTHER)
    assert read_table(data, OWN, OTHER).shares[0] == Share("backup", Situation.NORMAL, OWN, "架空倉庫")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\xff\xfe", "yaml"),
        (b"- a list", "top"),
        (b"shares: []\nmore: 1", "top"),
        (yaml("  - 3\n"), "shares[1]"),
        (yaml(row(), row(situation="sometimes")), "shares[2].situation"),
        (yaml(row(task="")), "shares[1].task"),
        (yaml(row(party="somebody")), "shares[1].party"),
        (yaml(row(), row()), "boundary.twice"),
        (yaml(row(subcontractor="x" * 201)), "boundary.size"),
        (yaml(*[row(task=f"t{at}") for at in range(MAX_SHARES + 1)]), "boundary.size"),
        (workbook(("作業", "担当"), ("backup", "当方")), "headings"),
        (workbook(HEADINGS, ("backup", "いつか", "当方", "")), "row 2.situation"),
        (workbook(HEADINGS, ("backup", "平時", "だれか", "")), "row 2.party"),
    ],
)
def test_a_wrong_table_is_refused_with_its_place(data: bytes, where: str) -> None:
    """The error names row and column, never what stands there."""
    with pytest.raises(TableRefused) as refused:
        read_table(data, OWN, OTHER)

    assert refused.value.params == {"where": where}


def test_a_damaged_workbook_is_refused() -> None:
    """A file that begins like a workbook and is none."""
    with pytest.raises(WorkbookRefused):
        read_table(b"PK\x03\x04 and nothing more", OWN, OTHER)
