"""The A4 report: it says what was decided, looks the same again, breaks long words, and takes nobody's text for source."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from akashi.conformity.errors import ToolMissing
from akashi.conformity.model import Verdict
from akashi.conformity.paper import report
from akashi.conformity.paper.dates import both, minute, wareki
from akashi.conformity.paper.report import printable, report_data, write_report
from tests.conformity.runs import ops_view, small_view

VIEW = ops_view()
LABEL = "あおば病院"
HOSTILE = '#panic("x") #read("/etc/passwd") *a* $x$ = h `c` // </table> \\ @ref <l> ] ) }'


def told(data: bytes, at: Path, *command: str) -> str:
    """What a tool of poppler says of a PDF."""
    (at / "one.pdf").write_bytes(data)
    done = subprocess.run(
        [*command, "one.pdf", *(["-"] if command[0] == "pdftotext" else [])], cwd=at, check=True, capture_output=True
    )
    return done.stdout.decode()


def squeezed(text: str) -> str:
    """Without spaces and breaks."""
    return re.sub(r"[\s\u200b]+", "", text)


def test_the_report_says_what_was_decided(tmp_path: Path) -> None:
    """The text of the PDF holds title, institution, run, root, every item's words, and the number of contradictions."""
    text = squeezed(told(write_report(VIEW, LABEL), tmp_path, "pdftotext", "-layout"))

    for word in (VIEW.catalogue.title.ja, LABEL, VIEW.run, VIEW.root.hex(), "令和8年11月21日", "2026-11-21"):
        assert squeezed(word) in text
    contradictions = sum(1 for one in VIEW.decisions if one.contradiction)
    assert contradictions
    assert f"（申告と測定が合わない項目）{contradictions}件" in text
    raw = squeezed(told(write_report(VIEW, LABEL), tmp_path, "pdftotext", "-raw"))
    missing = [item.id for item in VIEW.catalogue.items if squeezed(item.text.ja)[:8] not in raw]
    assert missing == []


def test_the_pages_are_a4_with_numbers(tmp_path: Path) -> None:
    """Every page is A4 upright; page numbers and the heading of the table stand on each page of the table."""
    data = write_report(VIEW, LABEL)
    info = told(data, tmp_path, "pdfinfo", "-f", "1", "-l", "99")

    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", info)
    assert len(sizes) > 3
    assert {(round(float(x)), round(float(y))) for x, y in sizes} == {(595, 842)}
    pages = told(data, tmp_path, "pdftotext", "-layout").split("\f")[:-1]
    for number, page in enumerate(pages, 1):
        assert f"{number}/{len(pages)}" in squeezed(page)
    assert all("求められていること" in page for page in pages[1:-1])


def test_the_same_run_gives_the_same_bytes() -> None:
    """A report that is written again is byte for byte the same; its time is the run's."""
    data = write_report(VIEW, LABEL)

    assert write_report(VIEW, LABEL) == data
    assert b"2026-11-21T" in data or b"D:20261121" in data


def test_texts_are_never_source(tmp_path: Path) -> None:
    """Markup, code and file reads in a text stand there as letters."""
    text = told(write_report(small_view(HOSTILE), HOSTILE), tmp_path, "pdftotext", "-raw")

    assert '#panic("x")#read("/etc/passwd")*a*$x$=h`c`//</table>\\@ref<l>])}' in squeezed(text)
    assert "root:" not in text


@pytest.mark.parametrize("text", ["x" * 300, "あ" * 300, "0123456789abcdef" * 20, "a-b." * 90])
def test_long_words_stay_in_their_column(text: str, tmp_path: Path) -> None:
    """No word reaches over the right margin of the page, whatever it is made of."""
    found = told(write_report(small_view(text), text[:80]), tmp_path, "pdftotext", "-bbox")

    right = [float(one) for one in re.findall(r'xMax="([\d.]+)"', found)]
    assert len(right) > 50
    assert max(right) < 595 - 40


@settings(max_examples=12)
@given(st.text(min_size=1, max_size=40))
@example("\x00\u202e\u2066")
def test_any_text_can_be_printed(text: str) -> None:
    """Whatever characters a text has, there is a report."""
    assert write_report(small_view(text), text).startswith(b"%PDF")


@given(st.text())
def test_what_is_printed_has_no_control_or_direction_marks(text: str) -> None:
    """Nothing on paper reorders or hides what stands beside it; long ASCII words have places to break."""
    shown = printable(text)

    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert not re.search(r"[!-~]{10}", shown)


def test_the_picture_counts_every_item_once() -> None:
    """What decided what, with what does not apply, sums up to all items; so do the verdicts."""
    data = report_data(VIEW, LABEL)

    absent = sum(1 for one in VIEW.decisions if one.verdict is Verdict.NOT_APPLICABLE)
    assert counted(data["shares"]) + absent == counted(data["verdicts"]) == 121


def counted(rows: report.Data) -> int:
    """The sum of all counts."""
    assert isinstance(rows, list)
    return sum(count for one in rows if isinstance(one, dict) and isinstance(count := one["count"], int))


def test_without_a_japanese_font_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a font for Japanese gets an error that names the font, not a page of boxes."""

    class Bare:
        """Fonts of a machine without Japanese."""

        def families(self) -> list[str]:
            """What is there."""
            return ["DejaVu Sans"]

    monkeypatch.setattr("akashi.conformity.paper.report.typst.Fonts", Bare)

    with pytest.raises(ToolMissing):
        write_report(small_view(), LABEL)


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (1_795_250_000_123, "令和8年11月21日"),
        (1_556_636_399_999, "平成31年4月30日"),
        (1_556_636_400_000, "令和元年5月1日"),
        (600_188_400_000, "平成元年1月8日"),
        (600_188_399_999, ""),
    ],
)
def test_eras_change_at_midnight_in_japan(ms: int, expected: str) -> None:
    """The day and its era are those of Japan, to the millisecond."""
    assert wareki(ms) == expected


def test_dates_are_of_japan() -> None:
    """Evening in Greenwich is the next morning in Japan."""
    assert minute(1_795_302_000_000) == "2026-11-22 08:00"
    assert both(600_188_399_999) == "1989-01-07"
