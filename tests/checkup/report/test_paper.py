"""The A4 paper: it says what the view says, on every page whose it is, the same again, and takes nobody's text for source."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.errors import PaperMissing, TooManyPeople
from akashi.checkup.report import paper
from akashi.checkup.report.paper import printable, write_paper, write_papers
from akashi.checkup.report.view import PersonView, person_view
from akashi.errors import Misuse
from tests.checkup.report.samples import ECG, GLUCOSE, HEIGHT, HOSTILE, MADE_MS, WHO, record, result


def told(data: bytes, at: Path, *command: str) -> str:
    """What a tool of poppler says of a PDF."""
    (at / "one.pdf").write_bytes(data)
    rest = ["-"] if command[0] == "pdftotext" else []
    done = subprocess.run([*command, "one.pdf", *rest], cwd=at, check=True, capture_output=True)
    return done.stdout.decode()


def squeezed(text: str) -> str:
    """Without spaces and breaks."""
    return re.sub(r"[\s\u200b]+", "", text)


def long_view(items: ItemTable, visits: int = 5) -> PersonView:
    """Every item of the 4th term over some visits: several pages."""
    codes = [code for code in items.items if len(code) == 17][:150]
    made = [result(code, f"{at}", low="1", high="9", flag="H", judgement="C6") for at, code in enumerate(codes)]
    made[3] = replace(made[3], text="右脚ブロック、不整脈、" * 40)
    return person_view([record(*made, fields={"visit.date": f"{2026 - n}-05-16"}) for n in range(visits)], items)


def test_everything_that_is_shown_is_printed(items: ItemTable, tmp_path: Path) -> None:
    """Person, both calendars, visits, items, values, ranges, marks, judgements, findings, and that it is a copy."""
    now = record(
        result(HEIGHT, "165.5", unit="cm", low="150.1", high="180.2", flag="H", judgement="C6"),
        result(ECG, "異常", text="不整脈", performer="架空　医師"),
        result(GLUCOSE),
    )
    earlier = record(result(HEIGHT, "164.9", unit="cm"), fields={"visit.date": "2025-05-01"})
    text = squeezed(told(write_paper(person_view([now, earlier], items), MADE_MS), tmp_path, "pdftotext", "-layout"))

    for word in (
        "星空", "ホシソラ", "1968-01-01（昭和43年1月1日）", "2026-05-16（令和8年5月16日）", "2025-05-01", "身長", "165.5", "164.9",
        "150.1～180.2", "H", "C6", "所見:不整脈", "医師:架空医師", "未実施", "原本ではありません", "tiny", "2026-11-2117:33",
    ):  # fmt: skip
        assert word in text


def test_every_page_is_a4_and_says_whose_it_is(items: ItemTable, tmp_path: Path) -> None:
    """Upright A4; name, page number, note and the heading of the table on each page of it."""
    data = write_paper(long_view(items), MADE_MS)
    info = told(data, tmp_path, "pdfinfo", "-f", "1", "-l", "99")
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", info)
    pages = told(data, tmp_path, "pdftotext", "-layout").split("\f")[:-1]

    assert len(sizes) == len(pages) > 3
    assert {(round(float(x)), round(float(y))) for x, y in sizes} == {(595, 842)}
    for number, page in enumerate(pages, 1):
        flat = squeezed(page)
        assert "受診者:星空" in flat
        assert "原本ではありません" in flat
        assert f"{number}/{len(pages)}" in flat
    assert all("基準範囲" in page and "判定" in page for page in pages[1:-1])


def test_no_color_is_used(items: ItemTable, tmp_path: Path) -> None:
    """Each drawn pixel is a grey: a black-and-white printer loses nothing."""
    (tmp_path / "one.pdf").write_bytes(write_paper(long_view(items, 2), MADE_MS))
    subprocess.run(["pdftoppm", "-r", "40", "-l", "1", "one.pdf", "page"], cwd=tmp_path, check=True)
    (picture,) = tmp_path.glob("page*.ppm")
    pixels = picture.read_bytes().split(b"\n", 3)[3]

    assert pixels[0::3] == pixels[1::3] == pixels[2::3]
    assert len(set(pixels)) > 2


def test_the_same_person_gives_the_same_bytes(items: ItemTable) -> None:
    """The time is the one that was given."""
    view = long_view(items, 1)
    data = write_paper(view, MADE_MS)

    assert write_paper(view, MADE_MS) == data
    assert write_paper(view, MADE_MS + 3_600_000) != data


def test_texts_are_never_source(items: ItemTable, tmp_path: Path) -> None:
    """Markup, code and file reads in a name, a value or a finding stand there as letters."""
    made = record(result(ECG, "異常", text=HOSTILE), fields={"person.name": HOSTILE, "institution.name": HOSTILE})
    text = told(write_paper(person_view([made], items), MADE_MS), tmp_path, "pdftotext", "-raw")

    assert squeezed(text).count(squeezed(HOSTILE)) >= 2
    assert "root:" not in text


@pytest.mark.parametrize("text", ["x" * 300, "あ" * 300, "0123456789abcdef" * 20])
@pytest.mark.parametrize("visits", [1, 5])
def test_long_words_stay_on_the_page(items: ItemTable, text: str, visits: int, tmp_path: Path) -> None:
    """Whatever is long, nothing reaches over the right margin."""
    one = result(HEIGHT, text[:13], unit=text, low=text[:10], high=text[:10], judgement=text, name=text)
    made = [record(one, fields={"person.name": text, "visit.course": text})] * visits
    found = told(write_paper(person_view(made, items), MADE_MS), tmp_path, "pdftotext", "-bbox")
    right = [float(at) for at in re.findall(r'xMax="([\d.]+)"', found)]

    assert max(right) < 595 - 30


@settings(max_examples=10, deadline=None)
@given(text=st.text(min_size=1, max_size=40))
@example("\x00\u202e\u2066\ud800")
def test_any_text_can_be_printed(items: ItemTable, text: str) -> None:
    """Whatever signs a foreign file has, there is a paper."""
    made = record(result(HEIGHT, text), fields={"person.name": text})

    assert write_paper(person_view([made], items), MADE_MS).startswith(b"%PDF")


@given(st.text())
def test_what_is_printed_hides_and_reorders_nothing(text: str) -> None:
    """No control or direction marks; long ASCII words have places to break."""
    shown = printable(text)

    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert not re.search(r"[!-~]{9}", shown)


def test_without_a_japanese_font_nothing_is_printed(items: ItemTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names the font, not a page of boxes."""
    monkeypatch.setattr(paper, "_fonts", tuple)

    with pytest.raises(PaperMissing):
        write_paper(person_view([record()], items), MADE_MS)


def test_a_person_without_results_is_printed(items: ItemTable, tmp_path: Path) -> None:
    """It says so."""
    text = told(write_paper(person_view([record()], items), MADE_MS), tmp_path, "pdftotext", "-raw")

    assert "検査結果はありません" in squeezed(text)
    assert WHO["person.id"] in text


def crowd(items: ItemTable) -> list[PersonView]:
    """Somebody with one page, somebody with several, somebody with nothing."""
    short = record(result(HEIGHT, "165.5", unit="cm"), fields={"person.name": "一頁　花子"})
    none = record(fields={"person.name": "無　太郎"})
    return [person_view([short], items), long_view(items, 2), person_view([none], items)]


def test_each_person_begins_on_a_page_of_their_own(items: ItemTable, tmp_path: Path) -> None:
    """In the order given; each page says whose it is and counts that person's pages only; nobody's stands on another's."""
    text = told(write_papers(crowd(items), MADE_MS), tmp_path, "pdftotext", "-layout")
    pages = [squeezed(page) for page in text.split("\f")[:-1]]
    names = [
        "一頁花子" if "受診者:一頁花子" in page else "星空" if "受診者:星空" in page else "無太郎" for page in pages
    ]
    several = names.count("星空")

    assert names == ["一頁花子", *["星空"] * several, "無太郎"]
    assert several > 1
    counted = ["1/1", *(f"{number}/{several}" for number in range(1, several + 1)), "1/1"]
    assert [page.endswith(wanted) for page, wanted in zip(pages, counted, strict=True)] == [True] * len(pages)
    assert "この人の検査結果はありません" in pages[-1]
    assert not any("一頁" in page for page in pages[1:])


def test_a_person_among_many_reads_as_alone(items: ItemTable, tmp_path: Path) -> None:
    """The pages of each say what their own paper says."""
    alone = "".join(told(write_paper(one, MADE_MS), tmp_path, "pdftotext", "-layout") for one in crowd(items))
    together = told(write_papers(crowd(items), MADE_MS), tmp_path, "pdftotext", "-layout")

    assert squeezed(together) == squeezed(alone)


def test_many_people_give_the_same_bytes_again(items: ItemTable) -> None:
    """As one person's paper."""
    assert write_papers(crowd(items), MADE_MS) == write_papers(iter(crowd(items)), MADE_MS)


def test_more_people_than_a_pile_are_refused(items: ItemTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: a list without end. No more than the bound are made ready, and nothing is printed; nobody is no paper."""
    monkeypatch.setattr(paper, "MOST_PRINTED", 2)
    asked = 0

    def endless() -> Iterator[PersonView]:
        nonlocal asked
        while True:
            asked += 1
            yield person_view([record()], items)

    with pytest.raises(TooManyPeople) as caught:
        write_papers(endless(), MADE_MS)
    with pytest.raises(Misuse):
        write_papers([], MADE_MS)

    assert (caught.value.params, asked) == ({"limit": 2}, 3)
