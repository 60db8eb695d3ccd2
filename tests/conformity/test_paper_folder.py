"""The evidence folder: complete, checkable by anybody's tools, safe to open and to unpack."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akashi.conformity.model import Audience
from akashi.conformity.paper import folder
from akashi.conformity.paper.errors import FolderTooLarge
from akashi.conformity.paper.folder import Attachment, safe_name, write_folder, zip_folder
from akashi.conformity.paper.view import RunView, view_run
from akashi.conformity.proof.commitments import Committed, verify_commitment
from tests.conformity.runs import NOW, OPS, answers, judges, sealed_run, shelf, small_view

SHELF = shelf(OPS)
SEALED = sealed_run(SHELF, given=answers(SHELF.catalogue(OPS)))
VIEW = view_run(SEALED, SHELF.catalogue(OPS), judges(), Audience.ASSESSOR)
RAW = tuple(SEALED.apart.values())
FILES = [Attachment("evd-0001", "規程 第2版.pdf", NOW, b"%PDF")]
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=y>"


def made(view: RunView = VIEW, raw: tuple[Committed, ...] = RAW) -> dict[str, bytes]:
    """A whole folder."""
    return write_folder(view, "あおば病院", raw, FILES)


class Page(HTMLParser):
    """What a browser would see of a page: its elements and links."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_every_item_has_a_folder_that_says_what_was_decided() -> None:
    """Each of the 121 items has a page of text with verdict, basis and reason, and the index leads to it."""
    files = made()
    pages = [path for path in files if path.endswith("_判定.txt")]

    assert len(pages) == len(VIEW.decisions) == 121
    text = files["証跡/13-6/2026-11-21_判定.txt"].decode()
    assert "判定: 適合" in text
    assert "生の記録: 測定/2026-11-21_tls_tgt-0000.txt" in text
    links = {unquote(one) for one in Page(files["index.html"]).links}
    assert links == {path.rpartition("/")[0] + "/" for path in pages}


def test_evidence_files_stand_with_their_items() -> None:
    """A file that an answer names lies in that item's folder under its date and name."""
    files = made()
    item = next(name for name, one in VIEW.answers.items() if one.evidence)

    assert files[f"証跡/{item}/2026-11-21_規程 第2版.pdf"] == b"%PDF"


def test_sums_are_checked_by_a_tool_of_others(tmp_path: Path) -> None:
    """``sha256sum -c`` takes the folder as it is, and finds one changed byte."""
    files = made()
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]

    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "index.html").write_bytes(files["index.html"] + b" ")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1
    listed = {line[66:] for line in files["SHA256SUMS"].decode().splitlines()}
    assert listed == set(files) - {"SHA256SUMS"}


def test_the_manifest_proves_raw_output() -> None:
    """Each raw file is in the manifest with digest, salt and commitment, and the commitment is the run's."""
    files = made()
    manifest = json.loads(files["manifest.json"])

    rows = {row["path"]: row for row in manifest["files"]}
    assert set(rows) == set(files) - {"manifest.json", "SHA256SUMS"}
    assert all(row["sha256"] == sha256(files[path]).hexdigest() for path, row in rows.items())
    raw = [row for row in rows.values() if row["kind"] == "raw"]
    assert len(raw) == len(VIEW.measurements)
    for row in raw:
        salt, digest = bytes.fromhex(row["salt"]), bytes.fromhex(row["commitment"])
        assert verify_commitment(digest, salt, files[row["path"]])
        assert digest in {one.raw_digest for one in VIEW.measurements}


def test_without_raw_output_there_is_none() -> None:
    """A folder for somebody who may not see raw output holds none of it."""
    files = made(raw=())

    assert not any(path.startswith("測定/") for path in files)
    assert not any(b"raw tls" in data for data in files.values())


def test_the_same_inputs_give_the_same_files() -> None:
    """Files and ZIP are byte for byte the same again."""
    assert made() == made()
    assert zip_folder(made(), "証跡") == zip_folder(made(), "証跡")


def test_the_zip_holds_the_folder() -> None:
    """Every file is in the ZIP under one folder, with its bytes."""
    files = made()
    with zipfile.ZipFile(io.BytesIO(zip_folder(files, "../x"))) as file:
        assert {name: file.read(name) for name in file.namelist()} == {
            f"_x/{path}": data for path, data in files.items()
        }


def test_hostile_texts_are_text() -> None:
    """Markup in the label or in a catalogue is shown as letters: no element, no handler, no link of it appears."""
    page = Page(write_folder(small_view(HOSTILE), HOSTILE)["index.html"])

    assert not {"script", "img"} & set(page.tags)
    assert "onerror" not in page.attributes
    assert not any("alert" in link for link in page.links)


def test_the_page_loads_nothing() -> None:
    """No script, no outside address, and a policy that forbids them."""
    data = made()["index.html"].decode()

    assert "default-src 'none'" in data
    assert not re.search(r"https?://|<script|@import|url\(", data)


@given(st.text(max_size=200))
@example("CON")
@example("lpt1.txt")
@example("a" * 300 + ".pdf")
@example("あ" * 300 + ".xlsx")
@example("..\\..\\x")
@example("x. .")
@example("\u202etxt.exe")
def test_names_are_safe_everywhere(text: str) -> None:
    """No name is a path, a device, hidden, endless or refused by Windows; a safe one stays what it is."""
    name = safe_name(text)

    assert name
    assert len(name.encode()) <= 130
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\u202a-\u202e]', name)
    assert name not in (".", "..")
    assert name[-1] not in " ."
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", name)
    assert safe_name(name) == name


@given(st.lists(st.sampled_from(["A.pdf", "a.pdf", "a", "A", "é.txt", "e\u0301.txt", "x/y"]), max_size=12))
def test_no_file_hides_another(names: list[str]) -> None:
    """Files of one name, or of names that differ in case only, all stay there."""
    shelf_ = folder._Shelf()
    for at, name in enumerate(names):
        shelf_.put(f"f/{safe_name(name)}", str(at).encode(), "x")

    assert sorted(shelf_.files.values()) == sorted(str(at).encode() for at in range(len(names)))
    assert len({path.casefold() for path in shelf_.files}) == len(names)


def test_a_folder_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much is refused whole, not cut off."""
    monkeypatch.setattr(folder, "MAX_BYTES", 10_000)

    with pytest.raises(FolderTooLarge):
        made()
