"""What checkup commands say about places and files: a column nobody has, one name for two results, a field by its name."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from akashi.app.desk.maps import MapShelf
from akashi.checkup.model import Finding
from akashi.cli.checkup.findings import finding_lines
from akashi.cli.shell import Shell
from tests.cli.test_checkup_people import made, run


@pytest.mark.parametrize("heading", ["結果", "身長", "nobody"])
def test_a_heading_that_names_no_single_column_is_told(tmp_path: Path, heading: str) -> None:
    """With how to name one, instead of a word of the manual."""
    status, told, said = run("checkup", "map", "explain", made(tmp_path, "midori", 1), 1, heading)

    assert (status, told) == (4, "")
    assert heading in said
    assert "身長/結果" in said


def test_two_results_of_one_name_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    """The findings must not stand where the CSV was asked for."""
    path = made(tmp_path, "hoshi", 1)
    named = tmp_path / "same.csv"

    assert run("checkup", "convert", path, "--out", named, "--findings", named)[0] == 5
    assert not named.exists()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("visit.report", "報告区分"),
        ("1A020000000191111", "尿糖"),
        ("見出し", "見出し"),
        ("\x1b[2J氏名", "\ufffd[2J氏名"),
    ],
)
def test_a_place_has_the_name_of_its_field_or_item(tmp_path: Path, target: str, name: str) -> None:
    """Writers put a field or an item where readers put a heading; a person reads words, and no heading steers the terminal."""
    found = Finding("hc08.unmatched", 1, 2, 0, target, item=target)
    items = MapShelf(tmp_path).items().items
    _counts, line = finding_lines([found], {"warns": 1}, Shell(io.StringIO(), io.StringIO()), items)

    assert f"「{name}」" in line
