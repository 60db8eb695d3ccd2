"""The emergency export: complete, readable without anything of ours, and harmless to whoever opens it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable, NeutralRecord
from akashi.checkup.report.emergency import write_emergency
from akashi.checkup.report.page import person_page
from akashi.checkup.report.people import Source, gather
from akashi.checkup.report.plain import person_text
from akashi.checkup.report.view import person_view
from tests.checkup.report.samples import ECG, GLUCOSE, HEIGHT, HOSTILE, MADE_MS, record, result
from tests.checkup.strategies import records

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
SOURCES = [Source("kekka.csv", bytes(range(32)), "layout"), Source("@@ {total}.xml", bytes(32), "hc08")]


class Tags(HTMLParser):
    """Elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        self.tags.add(tag)
        self.names |= {name for name, _value in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Collect."""
        self.text += data


def exported(items: ItemTable, *made: NeutralRecord) -> dict[str, bytes]:
    """The members of an export."""
    data = write_emergency(gather(made), items, SOURCES, MADE_MS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(data: bytes) -> list[dict[str, str]]:
    """A table of the export."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_it_holds_list_pages_texts_tables_and_an_explanation(items: ItemTable) -> None:
    """Names without anybody's name; the list leads to every page."""
    other = record(result(HEIGHT, "170"), fields={"person.id": "P2", "insurance.number": "23"})
    found = exported(items, record(result(HEIGHT, "165")), other)

    assert sorted(found) == [
        "index.html", "people.csv", "people/00001.html", "people/00001.txt", "people/00002.html", "people/00002.txt",
        "results.csv", "はじめに.txt",
    ]  # fmt: skip
    assert set(Tags(found["index.html"].decode()).links) == {"people/00001.html", "people/00002.html"}


def test_the_explanation_says_since_when_and_from_what(items: ItemTable) -> None:
    """Time, files with their digests, how to open it, that it is not encrypted; a file's name is no template."""
    text = exported(items, record())["はじめに.txt"].decode()

    for word in (
        "2026-11-21 17:33",
        "kekka.csv",
        bytes(range(32)).hex(),
        "@@ {total}.xml",
        "index.html",
        "暗号化していません",
    ):
        assert word in text
    assert text.count("\r\n") == text.count("\n")


@FEW
@given(data=st.data())
def test_the_tables_lose_nothing(items: ItemTable, data: st.DataObject) -> None:
    """Every field and every result, original and standard, with code, status, unit, range, mark and judgement."""
    made = data.draw(records(items))
    found = exported(items, made)
    fields = {row["項目"]: (row["標準"], row["原文"]) for row in rows(found["people.csv"])}
    shown = [(row["項目コード"], row["回"], row["状態"], row["単位"], row["下限"], row["上限"], row["印"], row["コード"])
             for row in rows(found["results.csv"])]  # fmt: skip
    texts = [(row["標準"].removeprefix("'"), row["原文"].removeprefix("'"), row["所見"].removeprefix("'"))
             for row in rows(found["results.csv"])]  # fmt: skip

    assert fields == {name: (text, made.originals[name]) for name, text in made.fields.items()}
    assert shown == [
        (one.code, str(one.occurrence), one.status.value, one.unit, one.low, one.high, one.flag, one.coded)
        for one in made.items
    ]
    assert texts == [
        tuple(text.removeprefix("'") for text in (one.standard, one.original, one.text)) for one in made.items
    ]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|x", "-2+3", "＝1", "\t=1"])
def test_no_cell_of_the_tables_is_a_formula(items: ItemTable, text: str) -> None:
    """A spreadsheet shows it instead of running it."""
    found = exported(items, record(result(ECG, text, name=text), fields={"person.name": text}))
    cells = [cell for name in ("results.csv", "people.csv") for row in rows(found[name]) for cell in row.values()]

    assert [cell for cell in cells if re.match(r"[=@＝＠\t]|[+-].*[a-zA-Z|+]", cell)] == []
    assert f"'{text}" in cells


def test_a_negative_value_stays_a_number(items: ItemTable) -> None:
    """Only what could run gets an apostrophe."""
    assert rows(exported(items, record(result(HEIGHT, "-3.5")))["results.csv"])[0]["標準"] == "-3.5"


def test_pages_hold_no_script_and_nothing_from_elsewhere(items: ItemTable) -> None:
    """Hostile texts stay text; the page forbids scripts and fetching to itself."""
    made = record(
        result(ECG, HOSTILE, text=HOSTILE), result("Z", HOSTILE, name=HOSTILE), fields={"person.kana": HOSTILE}
    )
    found = exported(items, made)
    for name in ("index.html", "people/00001.html"):
        page = found[name].decode()
        tags = Tags(page)

        assert not tags.tags & {
            "script",
            "img",
            "iframe",
            "link",
            "object",
            "form",
            "b" if name == "index.html" else "x",
        }
        assert not [one for one in tags.names if one.startswith("on")]
        assert "default-src 'none'" in page
        assert HOSTILE in tags.text
        assert not [link for link in tags.links if ":" in link or link.startswith("/")]


@FEW
@given(data=st.data())
def test_page_and_text_say_every_value(items: ItemTable, data: st.DataObject) -> None:
    """What the view has, both have, in either language."""
    made = data.draw(records(items))
    for language in ("ja", "en"):
        view = person_view([made], items, language)
        page = re.sub(r"\s+", " ", Tags(person_page(view).decode()).text)
        text = re.sub(r"\s+", " ", person_text(view).decode())
        for section in view.sections:
            for row in section.rows:
                for cell in row.cells:
                    assert cell is not None
                    for told in (row.name, cell.value, cell.judgement, cell.text):
                        assert re.sub(r"\s+", " ", told) in page
                        assert re.sub(r"\s+", " ", told) in text


def test_no_text_of_a_file_makes_a_line_of_its_own(items: ItemTable) -> None:
    """A line break in a value cannot pretend to be another result."""
    made = record(result(ECG, "異常\r\n■ 偽の項目\u2028身長 200"))
    lines = person_text(person_view([made], items)).decode().split("\r\n")

    assert [line for line in lines if "偽の項目" in line and line.startswith("■")] == []


def test_the_same_people_give_the_same_bytes(items: ItemTable) -> None:
    """Nothing depends on when or where, but the time that was given."""
    made = [record(result(GLUCOSE, "95")), record(result(GLUCOSE, "96"), fields={"visit.date": "2025-05-01"})]

    first, second = (write_emergency(gather(made), items, SOURCES, MADE_MS) for _ in range(2))

    assert first == second


def test_history_is_on_the_persons_page(items: ItemTable) -> None:
    """Two files of one person are one page with both visits."""
    found = exported(
        items, record(result(HEIGHT, "165.1")), record(result(HEIGHT, "164.2"), fields={"visit.date": "2025-05-01"})
    )
    text = Tags(found["people/00001.html"].decode()).text

    assert "people/00002.html" not in found
    assert "165.1" in text
    assert "164.2" in text
