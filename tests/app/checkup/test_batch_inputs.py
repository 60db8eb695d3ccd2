"""What a batch takes in: names, folders, zips, and what it leaves out."""

from __future__ import annotations

import os
import re
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.app.checkup import batch_inputs
from akashi.app.checkup.batch_inputs import (
    Found,
    InputsTooMany,
    InputUnreadable,
    Zips,
    find_inputs,
    folder_of,
    opened_input,
    shown,
)
from akashi.errors import AkashiError
from tests.app.checkup.batches import LIMIT, lay, zipped

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ZIPS = Zips(LIMIT)


def _names(*paths: Path, out: Path | None = None) -> list[str]:
    return [one.name for one in find_inputs(paths, out or paths[0].parent / "out", LIMIT).found]


def _left(*paths: Path, out: Path | None = None) -> dict[str, str]:
    return {one.name: one.reason for one in find_inputs(paths, out or paths[0].parent / "out", LIMIT).left_out}


def test_folders_are_searched_by_name(tmp_path: Path) -> None:
    """Every file of a folder and of those in it is an input, in an order that depends on names alone."""
    lay(tmp_path / "in", {"b.csv": b"1", "a/z.csv": b"1", "a/y.csv": b"1", "c.xml": b"1"})

    assert _names(tmp_path / "in") == ["in/a/y.csv", "in/a/z.csv", "in/b.csv", "in/c.xml"]


def test_links_hidden_files_and_pipes_are_left_out(tmp_path: Path) -> None:
    """Attack: a link to a file outside, a link to a folder, a pipe that never ends. None is opened, each is told."""
    place = lay(tmp_path / "in", {"a.csv": b"1", ".hidden": b"1"})
    (place / "link.csv").symlink_to("/etc/hostname")
    (place / "up").symlink_to(tmp_path)
    os.mkfifo(place / "pipe.csv")

    assert _names(place) == ["in/a.csv"]
    assert _left(place) == {
        "in/.hidden": "hidden", "in/link.csv": "link", "in/up": "link", "in/pipe.csv": "special",
    }  # fmt: skip


def test_a_link_that_is_named_is_not_followed_either(tmp_path: Path) -> None:
    """What is named on the command line obeys the same rule."""
    (tmp_path / "link").symlink_to(lay(tmp_path / "in", {"a.csv": b"1"}))

    assert _left(tmp_path / "link") == {"link": "link"}


def test_the_output_folder_is_no_input(tmp_path: Path) -> None:
    """A batch that writes into the folder it reads does not read what it wrote."""
    place = lay(tmp_path / "in", {"a.csv": b"1", "out/x/standard.csv": b"1"})

    assert _names(place, out=place / "out") == ["in/a.csv"]
    assert _names(place, place / "out/x/standard.csv", out=place / "out") == ["in/a.csv"]


def test_a_file_named_twice_is_one_input(tmp_path: Path) -> None:
    """A file named beside its folder is not converted twice."""
    place = lay(tmp_path / "in", {"a.csv": b"1"})

    assert _names(place, place / "a.csv") == ["in/a.csv"]
    assert _left(place, place / "a.csv") == {"a.csv": "twice"}


def test_equal_names_of_different_places_stay_apart(tmp_path: Path) -> None:
    """Two files of one name have names and output folders of their own."""
    lay(tmp_path, {"x/a.csv": b"1", "y/a.csv": b"2"})
    found = find_inputs([tmp_path / "x/a.csv", tmp_path / "y/a.csv"], tmp_path / "out", LIMIT).found

    assert [one.name for one in found] == ["a.csv", "a.csv (2)"]
    assert len({one.folder for one in found}) == 2


def test_folders_too_deep_are_told(tmp_path: Path) -> None:
    """Attack: folders in folders without end."""
    lay(tmp_path / "in", {"/".join(["d"] * 40) + "/a.csv": b"1", "b.csv": b"1"})

    assert _names(tmp_path / "in") == ["in/b.csv"]
    assert set(_left(tmp_path / "in").values()) == {"deep"}


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole disk named by mistake is refused before anything is converted."""
    monkeypatch.setattr(batch_inputs, "MOST_FILES", 3)
    lay(tmp_path / "in", {f"{number}.csv": b"1" for number in range(4)})

    with pytest.raises(InputsTooMany):
        find_inputs([tmp_path / "in"], tmp_path / "out", LIMIT)


def test_what_is_not_there_is_an_input_that_fails(tmp_path: Path) -> None:
    """A wrong name stops nobody else."""
    (one,) = find_inputs([tmp_path / "nosuch.csv"], tmp_path / "out", LIMIT).found

    with pytest.raises(InputUnreadable), opened_input(one, ZIPS):
        pass


def test_a_zip_of_files_gives_each_of_them(tmp_path: Path) -> None:
    """Members of an ordinary zip are inputs; what a Mac adds is not."""
    data = zipped({"a.csv": b"one", "sub/b.csv": b"two", "__MACOSX/._a.csv": b"x", ".DS_Store": b"x"})
    place = lay(tmp_path, {"bag.zip": data}) / "bag.zip"
    found = find_inputs([place], tmp_path / "out", LIMIT).found
    read = []
    with closing(Zips(LIMIT)) as zips:
        for one in found:
            with opened_input(one, zips) as stream:
                read.append(stream.read())

    assert [one.name for one in found] == ["bag.zip/a.csv", "bag.zip/sub/b.csv"]
    assert read == [b"one", b"two"]


def test_a_zip_that_changed_is_opened_anew(tmp_path: Path) -> None:
    """The zip that is kept open is let go when another lies in its place."""
    place = lay(tmp_path, {"bag.zip": zipped({"a.csv": b"one"})}) / "bag.zip"
    (one,) = find_inputs([place], tmp_path / "out", LIMIT).found
    with closing(Zips(LIMIT)) as zips:
        before = zips.read(place, one.member)
        place.unlink()
        lay(tmp_path, {"bag.zip": zipped({"a.csv": b"another"})})
        after = zips.read(place, one.member)
        place.unlink()
        with pytest.raises(InputUnreadable):
            zips.read(place, one.member)

    assert (before, after) == (b"one", b"another")


def test_names_of_a_windows_zip_are_readable(tmp_path: Path) -> None:
    """Japanese Windows writes names in CP932 without saying so."""
    with zipfile.ZipFile(tmp_path / "bag.zip", "w") as archive:
        archive.writestr("XXXX.csv", b"1")
    data = (tmp_path / "bag.zip").read_bytes().replace(b"XXXX", "結果".encode("cp932"))
    (tmp_path / "bag.zip").write_bytes(data)

    assert _names(tmp_path / "bag.zip") == ["bag.zip/結果.csv"]


def test_an_archive_is_one_input(tmp_path: Path) -> None:
    """A 特定健診 archive is read as a whole, not document by document."""
    inner = {"1_2/ix08_V08.xml": b"<x/>", "1_2/DATA/h1.xml": b"<x/>"}

    assert _names(lay(tmp_path, {"bag.zip": zipped(inner)}) / "bag.zip") == ["bag.zip"]


@pytest.mark.parametrize(
    "data",
    [
        zipped({"../out.csv": b"1"}),
        zipped({"inner.zip": zipped({"a.csv": b"1"})}),
        zipped({"bomb.csv": b"0" * 2_000_000}),
        zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}),
        zipped({"a.csv": b"1"})[:-10],
    ],
    ids=["leads outside", "nested", "bomb", "workbook", "cut"],
)
def test_a_dangerous_zip_is_one_input_that_fails(tmp_path: Path, data: bytes) -> None:
    """Attack: zip slip, zip in zip, a bomb; and what only looks like a zip of files. An error of ours, told in its turn."""
    (one,) = find_inputs([lay(tmp_path, {"bag.zip": data}) / "bag.zip"], tmp_path / "out", LIMIT).found

    with pytest.raises(AkashiError), opened_input(one, ZIPS):
        pass


def test_a_file_replaced_by_a_link_is_not_read(tmp_path: Path) -> None:
    """Attack: between looking and reading, the file becomes a link to another."""
    place = lay(tmp_path, {"a.csv": b"1", "secret": b"2"}) / "a.csv"
    (one,) = find_inputs([place], tmp_path / "out", LIMIT).found
    place.unlink()
    place.symlink_to(tmp_path / "secret")

    with pytest.raises(InputUnreadable), opened_input(one, ZIPS):
        pass


@given(NAMES, NAMES)
@settings(max_examples=200, deadline=None)
def test_output_folders_are_harmless_and_apart(one: str, other: str) -> None:
    """A folder's name never leads anywhere, never hides, is never one that the batch uses itself; different names differ."""
    assert re.fullmatch(r"[\w-]{1,40}-[0-9a-f]{12}", folder_of(one))
    assert (folder_of(one) == folder_of(other)) == (one == other)


@given(NAMES)
def test_shown_names_steer_no_terminal(name: str) -> None:
    """No control character, no turn of direction, no line break is left of a name."""
    assert all(sign.isprintable() or sign == "\u3000" for sign in shown(name))


def test_a_fault_does_not_speak_of_the_place() -> None:
    """What an input shows of itself is no path of this machine in an error."""
    one = Found("a.csv", "a-0", Path("/nowhere/at/all"))

    with pytest.raises(InputUnreadable) as caught, opened_input(one, ZIPS):
        pass
    assert "nowhere" not in caught.value.sentence() + caught.value.hint()
