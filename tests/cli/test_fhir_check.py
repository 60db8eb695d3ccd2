"""Many FHIR documents are checked as one is: a zip as our desk makes it, a folder, and what hostile hands put into either."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from akashi.app.desk.maps import MapShelf
from akashi.checkup.fhir.strict_json import parse, render
from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from tests.checkup.fhir.samples import whole


@cache
def document(*, broken: bool = False) -> bytes:
    """A document that keeps the profile, or one whose report has no status."""
    made = parse(render(whole(MapShelf(Path("no maps of one's own")).items())))
    if broken:
        del made["entry"][0]["resource"]["status"]
    return render(made)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write ``files`` under ``folder``."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def check(path: Path, *, as_json: bool = True) -> tuple[Any, list[str], int]:
    """Run the command: its result, its errors, its exit status."""
    out, err = io.StringIO(), io.StringIO()
    status = main(
        ["checkup", "fhir", "check", str(path), "--lang", "ja", *(["--json"] if as_json else [])],
        Shell(out, err, clock=FixedClock(1_795_219_200_000)),
    )
    text = out.getvalue()
    return (json.loads(text) if as_json and text else text.splitlines()), err.getvalue().splitlines(), status


def files_of(value: Any) -> dict[str, tuple[int, bool]]:
    """Document -> broken rules, and whether it could not be read."""
    return {one["file"]: (one["broken"], "unread" in one) for one in value["files"]}


def test_a_zip_is_checked_document_by_document(tmp_path: Path) -> None:
    """One summary; each document is named with its own problems; what is no document is counted."""
    files = {"a_000001.json": document(), "a_000002.json": document(broken=True), "readme.txt": b"x"}
    lay(tmp_path, {"fhir.zip": zipped(files)})

    value, _err, status = check(tmp_path / "fhir.zip")

    assert (value["documents"], value["left_out"], value["unread"], status) == (2, 1, 0, 2)
    assert files_of(value) == {
        "fhir.zip/a_000001.json": (0, False), "fhir.zip/a_000002.json": (value["broken"], False),
    }  # fmt: skip
    assert [one["entry"] for one in value["files"][1]["problems"]] == [0] * value["broken"]
    assert value["broken"] > 0


def test_a_good_zip_ends_with_nought(tmp_path: Path) -> None:
    """Where every document keeps the profile one line is said, and the exit status is 0."""
    lay(tmp_path, {"fhir.zip": zipped({"1.json": document(), "2.json": document()})})

    assert check(tmp_path / "fhir.zip", as_json=False) == (["文書: 2, 外れている規則: 0, 注意: 0"], [], 0)


def test_a_folder_is_searched_with_its_zips(tmp_path: Path) -> None:
    """Documents below it and in zips in it are checked; links, hidden files and other files are left out and counted."""
    place = lay(tmp_path / "in", {
        "1.json": document(), "sub/2.JSON": document(), "more.zip": zipped({"3.json": document()}), "table.csv": b"a,b\r\n",
        ".4.json": document(broken=True),
    })  # fmt: skip
    (place / "5.json").symlink_to(place / "1.json")

    value, _err, status = check(place)

    assert sorted(files_of(value)) == ["in/1.json", "in/more.zip/3.json", "in/sub/2.JSON"]
    assert (value["left_out"], status) == (3, 0)


def test_one_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    """A damaged document among good ones is told by name with its reason, counts, and the others are still checked."""
    lay(tmp_path, {"fhir.zip": zipped({"1.json": b'{"resourceType": ', "2.json": document()})})

    value, err, status = check(tmp_path / "fhir.zip")
    told, _err, _status = check(tmp_path / "fhir.zip", as_json=False)

    assert (value["unread"], files_of(value), status) == (
        1, {"fhir.zip/1.json": (0, True), "fhir.zip/2.json": (0, False)}, 2,
    )  # fmt: skip
    assert json.loads(err[0])["code"] == "app.findings_stop"
    assert told == [
        "文書: 2, 外れている規則: 0, 注意: 0, 読めない文書: 1",
        "fhir.zip/1.json: FHIR 文書が正しくありません（JSON の書き方になっていません）。",
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("../1.json", b"{}"),
        ("/1.json", b"{}"),
        ("a\\..\\1.json", b"{}"),
        ("1.zip", b"{}"),
        ("1.json", b" " * (20 << 20)),
    ],
    ids=["up", "root", "backslash", "zip in zip", "bomb"],
)
def test_an_unsafe_zip_is_refused_whole(tmp_path: Path, name: str, data: bytes) -> None:
    """Attack: paths that lead outside, a zip in a zip, one that swells. Nothing of it is read or written."""
    lay(tmp_path, {"evil.zip": zipped({name: data, "2.json": document()})})

    value, err, status = check(tmp_path / "evil.zip")

    assert (value, status, json.loads(err[0])["code"]) == ([], 2, "checkup.archive_unsafe")
    assert [one.name for one in tmp_path.iterdir()] == ["evil.zip"]


def test_a_document_is_bounded_in_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is not read on; it is told as unreadable, and the others are checked."""
    monkeypatch.setattr("akashi.cli.checkup_formats.bench.DOCUMENT_LIMIT", len(document()))
    place = lay(tmp_path / "in", {"1.json": document() + b" " * 10, "2.json": document()})

    value, _err, status = check(place)

    assert (files_of(value), status) == ({"in/1.json": (0, True), "in/2.json": (0, False)}, 2)


def test_more_problems_than_a_screen_are_counted(tmp_path: Path) -> None:
    """Of each of many documents the first problems are listed; all are counted."""
    many = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation"}}] * 60}
    lay(tmp_path, {"fhir.zip": zipped({"1.json": json.dumps(many).encode(), "2.json": document()})})

    value, _err, _status = check(tmp_path / "fhir.zip")
    told, _err, _status = check(tmp_path / "fhir.zip", as_json=False)

    assert value["broken"] + value["warnings"] > len(value["files"][0]["problems"]) > 0
    assert told[-1] == f"  ほか {value['broken'] + value['warnings'] - len(value['files'][0]['problems'])} 件"


def test_where_no_document_is_that_is_said(tmp_path: Path) -> None:
    """An empty folder, or a zip of other things, is no success."""
    lay(tmp_path, {"other.zip": zipped({"a.csv": b"x"}), "empty/.keep": b""})

    codes = [json.loads(check(tmp_path / name)[1][0])["code"] for name in ("other.zip", "empty")]

    assert codes == ["cli.fhir_none", "cli.fhir_none"]


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    """Attack: a pipe under a document's name would hold the command for ever; it is left out."""
    place = lay(tmp_path / "in", {"1.json": document()})
    os.mkfifo(place / "2.json")

    value, _err, status = check(place)

    assert (value["documents"], value["left_out"], status) == (1, 1, 0)
