"""The people of files at the terminal: read as a conversion reads them, and nobody is lost without a word."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from akashi.app.desk.maps import FORMATS
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock

NOW_MS = 1_795_000_000_000


def run(*words: object) -> tuple[int, str, str]:
    """Exit status, output and what was said beside it."""
    out, err = io.StringIO(), io.StringIO()
    status = main([str(one) for one in words], Shell(out, err, clock=FixedClock(NOW_MS)))
    return status, out.getvalue(), err.getvalue()


def made(tmp_path: Path, layout: str, people: int = 3) -> Path:
    """A file of invented people in a shipped layout."""
    path = tmp_path / f"{layout}.csv"
    assert run("checkup", "generate", "--layout", layout, "--people", people, "--out", path)[0] == 0
    return path


def test_words_are_shown_as_a_conversion_writes_them(tmp_path: Path) -> None:
    """A finding that the thesaurus knows by another spelling has its standard name on the page too."""
    path = made(tmp_path, "hoshi", 1)
    heads, row, *_rest = path.read_text(encoding="utf-8").splitlines()
    cells = row.split(",")
    cells[heads.split(",").index('"心電図所見"')] = '"平低T波"'
    path.write_text("\r\n".join((heads, ",".join(cells))) + "\r\n", encoding="utf-8")

    status, told, _said = run("checkup", "show", path, "--person", 1)

    assert status == 0
    assert "T波平低" in told


def test_a_map_with_a_judgement_vocabulary_shows_people(tmp_path: Path) -> None:
    """What converts can be looked at and taken out for an emergency."""
    path, maps = made(tmp_path, "midori"), tmp_path / "maps"
    maps.mkdir()
    text = (FORMATS / "maps" / "midori.yaml").read_text(encoding="utf-8")
    text = text.replace("kind: judgement, table: judgement", "kind: judgement, vocabulary: dock")
    (maps / "own.yaml").write_text(text.replace("id: midori-2024", "id: own"), encoding="utf-8")
    chosen = ("--maps", maps, "--map", "own")

    assert run("checkup", "convert", path, *chosen, "--out", tmp_path / "out.csv")[0] == 0
    assert run("checkup", "show", path, *chosen)[0] == 0
    assert run("checkup", "emergency", path, *chosen, "--out", tmp_path / "out.zip")[0] == 0


def test_people_who_could_not_be_read_are_told(tmp_path: Path) -> None:
    """A row that is cut is counted beside the list and in the zip itself; the others are shown."""
    path = made(tmp_path, "hoshi")
    path.write_text(path.read_text(encoding="utf-8")[:-200] + "\r\n", encoding="utf-8")

    listed = run("checkup", "show", path)
    taken = run("checkup", "emergency", path, "--out", tmp_path / "out.zip", "--json")

    assert (listed[0], len(listed[1].splitlines())) == (0, 2)
    assert "1 件" in listed[2]
    assert (taken[0], json.loads(taken[1])["left_out"], json.loads(taken[1])["people"]) == (0, 1, 2)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert "読めなかった行・文書が 1 件あります" in archive.read("はじめに.txt").decode()
        assert "読めなかったもの" in archive.read("index.html").decode()


def test_files_without_anybody_are_refused(tmp_path: Path) -> None:
    """An empty list is no success, and an emergency export of nobody is not made."""
    path = tmp_path / "documents.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", '{"resourceType": "Bundle"}')

    assert run("checkup", "show", path)[0] == 2
    assert run("checkup", "emergency", path, "--out", tmp_path / "out.zip")[0] == 2
    assert not (tmp_path / "out.zip").exists()
