"""Review of people and what is printed of them: files that join people at each row, words that would be markup, formulas or names."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace

import pytest

from akashi.checkup import ItemTable
from akashi.checkup.report.emergency import FIELDS, INDEX, README, RESULTS, write_emergency
from akashi.checkup.report.page import person_page
from akashi.checkup.report.paper import paper_data, write_paper
from akashi.checkup.report.people import People, Source, gather
from akashi.checkup.report.view import person_view
from tests.checkup.report.samples import ECG, record, result

EVIL = [
    "<script>x</script>",
    '"><img src=x onerror=x>',
    '=HYPERLINK("x")',
    "＝1+1",
    "@SUM(1)",
    '#eval("1")',
    "\u202egnp.exe",
    "a\r\nb,c",
]


def test_joining_people_costs_what_they_are() -> None:
    """Attack: half of the rows name a person by id, half by insurance, and each of the rest joins two: no row looks at all the others."""
    people, looked = People(), 0

    class Counted(dict[tuple[str, ...], int]):
        def items(self) -> object:  # type: ignore[override]  # only to count whole walks
            nonlocal looked
            looked += 1
            return super().items()

    people._known = Counted()
    for number in range(60):
        who = {"person.id": f"P{number}", "insurance.number": str(number)}
        for left in ({"insurance.number": ""}, {"person.id": ""}, {}):
            people.add(record(fields={**who, **left}))
    assert (len(people), looked, type(people._known)) == (60, 0, Counted)
    assert [len(one.visits) for one in people.listed()] == [3] * 60


def test_people_joined_late_stay_one(items: ItemTable) -> None:
    """Whoever was joined once is found again by each of their numbers, also by those of people joined to them before."""
    numbers = [{"person.id": "A", "insurance.number": ""}, {"person.id": "", "insurance.number": "7"}]
    made = [record(fields=one) for one in (*numbers, {"person.id": "A", "insurance.number": "7"}, *numbers)]
    assert len(gather(made)) == 1
    assert len(gather(made).records(1)) == 5


@pytest.mark.parametrize("text", EVIL)
def test_words_of_a_file_are_words_in_every_export(items: ItemTable, text: str) -> None:
    """Attack: a cell that is markup, a formula, typst source or turns the line around, in each field that is shown."""
    base = record()
    fields = {**base.fields, "person.name": text, "person.id": text, "institution.name": text}
    results = tuple(
        replace(one, original=text, standard=text, judgement=text, name=text) for one in (result(ECG, "x"),)
    )
    made = replace(base, fields=fields, originals=fields, items=results)
    view = person_view([made], items, "ja")
    page = person_page(view).decode()
    with zipfile.ZipFile(
        io.BytesIO(write_emergency(gather([made]), items, [Source(text, b"1" * 32, "jma")], 0))
    ) as opened:
        members = {name: opened.read(name).decode("utf-8-sig") for name in opened.namelist()}
    tables = [row for name in (FIELDS, RESULTS) for row in csv.reader(io.StringIO(members[name], newline=""))]
    assert "<script>x" not in page + members[INDEX]
    assert "<img" not in page + members[INDEX]
    assert all((name == name.strip() and ".." not in name and name.isascii()) or name == README for name in members)
    assert not [cell for row in tables for cell in row if cell[:1] in "=@＝" and cell]
    assert "\u202e" not in str(paper_data([view], 0))
    assert write_paper(view, 0).startswith(b"%PDF")
