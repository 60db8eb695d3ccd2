"""What a clerk reads about a file is Japanese: findings, errors and pages of the converter, and the reasons inside errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from akashi.app.checkup.mapdesk import HeadIncomplete, ProposalWrong
from akashi.app.checkup.telling import _STATUSES
from akashi.checkup import FINDING_KINDS
from akashi.checkup.approval.errors import MapNotUsable
from akashi.checkup.approval.model import MapState
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.errors import (
    ArchiveBroken,
    ArchiveNameWrong,
    ArchiveUnsafe,
    BundleInvalid,
    DefinitionInvalid,
    DocumentInvalid,
    InterchangeInvalid,
    MapInvalid,
    TableInvalid,
    VocabularyInvalid,
)
from akashi.checkup.fhir.checker import Problem
from akashi.checkup.fhir.invariants import INVARIANTS
from akashi.checkup.fhir.rows import ENTRIES, MANY, ROWS
from akashi.checkup.formats.maps import load_map
from akashi.checkup.mapping.model import Reason
from akashi.checkup.mapping.sentences import sentence
from akashi.checkup.model import Status
from akashi.checkup.reasons import DEFINITION, INTERCHANGE, MAP, MAP_STATE, MAP_STEP, VOCABULARY, Worded, in_words
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
    "akashi", "checkup", "check", "read", "map", "draft", "archive", "fhir", "resume", "jobs", "summary.xlsx", "docs/checkup.md", "Format",
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


def _said(node: ast.expr) -> str | None:
    """A text of our code, with ``{}`` where a value is put in; ``None`` for a name."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return None


def _files(place: Path) -> Iterator[Path]:
    """A module, or the modules of a folder."""
    yield from [place] if place.is_file() else place.rglob("*.py")


def _written_reasons(folders: tuple[str, ...], error: str) -> set[str]:
    """What the readers of files that a person writes say is wrong: at a place of the file, or of the whole."""
    found = set()
    for path in sorted(one for name in folders for one in _files(SOURCE / name)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"wrong", "SchemaError"}:
                found.add(_said(node.args[-1]))
            elif name == error:
                found |= {_said(one.value) for one in node.keywords if one.arg == "what"}
    return {reason for reason in found if reason is not None}


COMMON = ("checkup/formats/documents.py",)


@pytest.mark.parametrize(
    ("error", "own"),
    [
        (MapInvalid, ("checkup/formats/maps.py", "checkup/mapping", "checkup/tabular", "web", "cli", "api", "app")),
        (DefinitionInvalid, ("checkup/formats/definitions.py",)),
        (TableInvalid, ("checkup/formats/items.py",)),
        (VocabularyInvalid, ("checkup/thesaurus",)),
    ],
    ids=["map", "definition", "table", "vocabulary"],
)
def test_what_is_wrong_with_a_written_file_is_said_in_japanese(error: type[Worded], own: tuple[str, ...]) -> None:
    """Whatever a map, definition, table or list of words does wrong is read in Japanese; only what the file itself says stays, in 「」."""
    said = _written_reasons(own if error is TableInvalid else (*COMMON, *own), error.__name__)
    shown = {one: in_words(error.words, one.replace("{}", "7")) for one in said}
    odd = {
        (one, word)
        for one, text in shown.items()
        for word in LATIN.findall(re.sub("「[^」]*」", "", text))
        if word not in KNOWN
    }

    assert len(said) > 1
    assert odd == set()


def test_no_word_is_for_a_reason_that_nobody_gives() -> None:
    """A sentence in Japanese that our code never says is one that nobody keeps right."""
    given = _written_reasons((*COMMON, "checkup", "web", "cli", "api"), "MapInvalid")
    given |= _written_reasons(("checkup/thesaurus",), "VocabularyInvalid")

    assert (set(MAP) | set(VOCABULARY) | set(DEFINITION)) - given == set()


def test_a_wrong_map_is_read_in_japanese() -> None:
    """End to end: the key, the words to choose from and the numbers stand in the sentence; the whole file has no line."""
    with pytest.raises(MapInvalid) as missing:
        load_map("map: 1\n")
    with pytest.raises(MapInvalid) as broken:
        load_map("map: [1\n")

    assert missing.value.sentence("ja") == "変換表の 1 行目が正しくありません（「header_rows」がありません）。"
    assert missing.value.sentence("en") == "Line 1 of the map is wrong (the key header_rows is missing)."
    assert "YAML の書き方になっていません" in broken.value.sentence("ja")
    assert MapInvalid(line=3, what="one of date, text is expected").sentence("ja") == (
        "変換表の 3 行目が正しくありません（次のどれか一つを書いてください: 「date, text」）。"
    )
    assert (
        MapInvalid(line=3, what="an integer from 1 to 9 is expected")
        .sentence("ja")
        .endswith("（1 から 9 までの整数を書いてください）。")
    )
    assert (
        MapInvalid(line=0, what="unit of 9N001000000000001")
        .sentence("ja")
        .startswith("変換表が正しくありません（項目「9N001")
    )
    assert MapInvalid(line=0, what="unit of X").sentence("en") == "The map is wrong (unit of X)."


def test_every_danger_of_a_zip_has_a_word() -> None:
    """Those are not handed over as they stand, but found in the function that looks for them."""
    text = (SOURCE / "checkup" / "archive" / "members.py").read_text(encoding="utf-8")
    said = set(re.findall(r'(?:_broken\(|return |danger = |danger or )"([a-z ]+)"', text))

    assert {"path", "no zip", "duplicate", "size"} <= said
    assert said - set(ArchiveUnsafe.words) == set()


def test_the_rules_of_fhir_have_words() -> None:
    """Each row, count, shape and named rule of the profile: names of elements in 「」, what is asked of them in Japanese."""
    rules = {row.rule for rows in ROWS.values() for row in rows} | {
        "Patient.name#list",
        "Patient.name#one",
        "Bundle#Bundle",
    }
    rules |= {f"Bundle.entry[{kind}]#{low}..{'*' if high == MANY else high}" for kind, low, high in ENTRIES}
    told = [Problem(rule, 0).sentence("ja") for rule in rules] + [one.ja for one in INVARIANTS]
    odd = [text for text in told if set(LATIN.findall(re.sub("「[^」]*」", "", text))) - KNOWN - {"JLAC10"}]

    assert len(told) > 100
    assert odd == []
    assert [text for text in told if ".." in text] == []
    assert Problem("Patient.name#1..*", 0).sentence("ja") == "「Patient.name」が仕様（一つ以上）に合いません。"
    assert Problem("Patient.name#0..1", 0).sentence("ja") == "「Patient.name」が仕様（1 つまで）に合いません。"


def test_the_reasons_of_a_draft_have_words() -> None:
    """Why a column was proposed so: the kinds of values are named in Japanese, and no term of our own word list is shown."""
    shown = {kind: sentence(Reason("values.fit", kind), "ja") for kind in KINDS}

    assert {kind for kind, text in shown.items() if LATIN.search(text)} == set()
    assert set(_STATUSES) == set(Status)
    assert sentence(Reason("heading.words", "number person"), "ja") == "見出しの語から。"
    assert sentence(Reason("heading.words", "number person"), "en") == "From the words of the heading (number person)."


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
    assert (
        InterchangeInvalid(kind="ix08", what="index")
        .sentence("ja")
        .startswith(INTERCHANGE["ix08"] + " の項目「index」")
    )
    assert BundleInvalid(what="something new").sentence("ja") == "FHIR 文書が正しくありません（something new）。"
