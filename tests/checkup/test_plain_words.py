"""What a clerk reads about a file is Japanese: findings, errors and pages of the converter, and the reasons inside errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from akashi.app.checkup.mapdesk import HeadIncomplete, ProposalWrong
from akashi.checkup import FINDING_KINDS
from akashi.checkup.approval.errors import MapNotUsable
from akashi.checkup.approval.model import MapState
from akashi.checkup.errors import (
    ArchiveBroken,
    ArchiveNameWrong,
    ArchiveUnsafe,
    BundleInvalid,
    DocumentInvalid,
    InterchangeInvalid,
)
from akashi.checkup.reasons import INTERCHANGE, MAP_STATE, MAP_STEP, Worded
from akashi.web.rendering import FOLDER
from tools.errors_doc import error_classes

SOURCE = Path(__file__).parents[2] / "src" / "akashi"
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
KNOWN = {
    "CSV", "XML", "PDF", "FHIR", "ID", "URL", "ZIP", "JSON", "Excel", "HTML", "YAML", ".yaml", "yaml", "UTF-8", "Shift_JIS", "CP932",
    "FKAC522", "ix08", "su08", "DATA", "CLAIMS", "Akashi", "BMI", "eGFR", "dB", "H", "L", "N", "X", "A", "C", "SHA-256", "A4",
}  # fmt: skip
"""Names of formats and of folders in them, of items and of marks that stand on results."""
COMMANDS = {
    "akashi", "checkup", "check", "map", "draft", "archive", "fhir", "resume", "jobs", "summary.xlsx", "docs/checkup.md", "Format",
    "definitions", "Map", "files", "version", "tools/setup.sh", "json", "per-",
}  # fmt: skip
"""What a person types, or a file that they open."""
PAGES = ("send.", "preview.", "kind.", "kind_help.", "source.", "severity.", "results.", "maps.", "words.")
PARTS = ("akashi.checkup.", "akashi.app.checkup.", "akashi.app.desk.", "akashi.app.mapmaking.", "akashi.cli.checkup")


def _sentences() -> Iterator[tuple[str, str]]:
    for code, kind in FINDING_KINDS.items():
        yield code, kind.sentence("ja")
        yield code, kind.todo("ja")
    for error in error_classes():
        if error.__module__.startswith(PARTS):
            yield error.code, error.ja
            yield error.code, error.hint_ja
    pages: dict[str, str] = yaml.safe_load((FOLDER / "texts" / "ja.yaml").read_text(encoding="utf-8"))
    for name, text in pages.items():
        if name.startswith(PAGES):
            yield name, text


def test_a_clerk_reads_no_english() -> None:
    """No sentence of the converter has a Latin word but names of formats, items and marks, and what is typed."""
    found = {
        (name, word)
        for name, text in _sentences()
        for word in LATIN.findall(re.sub(r"\{[a-z_]+\}", "", text))
        if word.rstrip(".") not in KNOWN | COMMANDS
    }

    assert found == set()


def _reasons(name: str) -> set[str]:
    """What our code hands to the error ``name`` as its reason."""
    found = set()
    for path in [*(SOURCE / "checkup").rglob("*.py"), SOURCE / "app" / "checkup" / "mapdesk.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                found |= {
                    str(one.value.value)
                    for one in node.keywords
                    if one.arg == "what" and isinstance(one.value, ast.Constant)
                }
    return found


@pytest.mark.parametrize(
    "error", [ArchiveBroken, ArchiveUnsafe, ArchiveNameWrong, BundleInvalid, DocumentInvalid, HeadIncomplete, ProposalWrong]
)  # fmt: skip
def test_every_reason_has_a_word(error: type[Worded]) -> None:
    """Whatever our code says is wrong is said in Japanese."""
    said = _reasons(error.__name__)

    assert said
    assert said - set(error.words) == set()


def test_every_danger_of_a_zip_has_a_word() -> None:
    """Those are not handed over as they stand, but found in the function that looks for them."""
    text = (SOURCE / "checkup" / "archive" / "members.py").read_text(encoding="utf-8")
    said = set(re.findall(r'(?:_broken\(|return |danger = |danger or )"([a-z ]+)"', text))

    assert {"path", "no zip", "duplicate", "size"} <= said
    assert said - set(ArchiveUnsafe.words) == set()


def test_the_states_and_steps_of_maps_have_words() -> None:
    """What the ledger says of a map, and why a map cannot be used."""
    rules = (SOURCE / "checkup" / "approval" / "rules.py").read_text(encoding="utf-8")

    assert set(re.findall(r'Denied\("([a-z.]+)"\)', rules)) == set(MAP_STEP)
    assert {one.value for one in MapState} - set(MAP_STATE) == {"approved"}
    assert MapNotUsable(map="m", version=2, reason="retired").sentence("ja") == (
        "変換表 m 第 2 版は使えません（廃止されています）。"
    )


def test_a_program_still_gets_the_reason() -> None:
    """The words change in Japanese only; the English sentence and the parameters are as before; the whole archive has no place."""
    error = ArchiveBroken(what="no zip", member=0)

    assert error.sentence("ja") == "アーカイブを読み取れません（ZIP ではありません）。"
    assert ArchiveBroken(what="damaged", member=3).sentence("ja").endswith("（中身が壊れています、3 番目のファイル）。")
    assert error.sentence("en") == "The archive cannot be read (no zip)."
    assert error.params == {"what": "no zip", "member": 0}
    assert InterchangeInvalid(kind="ix08", what="index").sentence("ja").startswith(INTERCHANGE["ix08"])
    assert BundleInvalid(what="something new").sentence("ja") == "FHIR 文書が正しくありません（something new）。"
