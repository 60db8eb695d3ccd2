"""Going on with a batch: what is kept, what is made again and why, and what is not ours is left alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.checkup.batch import run_batch
from akashi.app.checkup.batch_products import ARCHIVE, CSV, FHIR, Terms
from akashi.app.checkup.batch_report import Summary
from akashi.app.checkup.batch_state import BatchForeign, BatchThere
from tests.app.checkup.batches import SENDER, UNKNOWN, by_name, contents, lay, run, sample, tables

EVERYTHING = Terms((CSV, ARCHIVE, FHIR), SENDER, findings=".csv")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two institutions' files and one that nobody knows."""
    files = {"hoshi.csv": sample("hoshi"), "midori.csv": sample("midori"), "unknown.csv": UNKNOWN}
    return lay(tmp_path / "in", files)


def _states(summary: Summary) -> dict[str, str]:
    return {name: one.entry.state for name, one in by_name(summary).items()}


def _again(summary: Summary) -> dict[str, str]:
    return {name: "kept" if one.kept else one.entry.again for name, one in by_name(summary).items()}


def test_a_second_run_keeps_everything(source: Path, tmp_path: Path) -> None:
    """Nothing changed, nothing is written again; what failed is tried again."""
    run(source, tmp_path / "out", EVERYTHING)
    before = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("standard.csv")}
    summary = run(source, tmp_path / "out", EVERYTHING, resume=True)

    assert _again(summary) == {"hoshi.csv": "kept", "midori.csv": "kept", "unknown.csv": "failed"}
    assert {path: path.stat().st_ino for path in before} == before


def test_changed_input_is_made_again_and_said_so(source: Path, tmp_path: Path) -> None:
    """Only the changed file is converted, and its outputs are the new ones."""
    run(source, tmp_path / "out")
    lay(source, {"hoshi.csv": sample("hoshi", 5)})
    summary = run(source, tmp_path / "out", resume=True)

    assert _again(summary) == {"hoshi.csv": "input", "midori.csv": "kept", "unknown.csv": "failed"}
    assert by_name(summary)["hoshi.csv"].entry.rows == (5, 5, 0)


def test_changed_terms_map_and_table_are_made_again(source: Path, tmp_path: Path) -> None:
    """Another product wanted, another text of the map, another item table: each is a reason of its own."""
    run(source, tmp_path / "out")
    terms = _again(run(source, tmp_path / "out", Terms(findings=".json"), resume=True))
    edited = [replace(one, digest=b"x" * 32) if one.map_id == "hoshi-2024" else one for one in tables().maps]
    changed = replace(tables(), maps=tuple(edited))
    mapped = _again(run_batch([source], tmp_path / "out", changed, Terms(findings=".json"), resume=True))
    newer = replace(changed, items=replace(changed.items, table_id="sha256:newer"))
    tabled = _again(run_batch([source], tmp_path / "out", newer, Terms(findings=".json"), resume=True))

    assert terms == {"hoshi.csv": "terms", "midori.csv": "terms", "unknown.csv": "failed"}
    assert mapped == {"hoshi.csv": "map", "midori.csv": "kept", "unknown.csv": "failed"}
    assert tabled == {"hoshi.csv": "table", "midori.csv": "table", "unknown.csv": "failed"}


def test_another_doctor_is_another_document(tmp_path: Path) -> None:
    """Who signs is part of the terms, although no ``repr`` shows the name; the language of messages alone is not."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi", 1)})
    terms = Terms((FHIR,), SENDER)
    run(tmp_path / "in", tmp_path / "out", terms)
    english = run(tmp_path / "in", tmp_path / "out", replace(terms, language="en"), resume=True)
    other = replace(terms, sender=replace(SENDER, author="星見　医師"))
    signed = run(tmp_path / "in", tmp_path / "out", other, resume=True)

    assert (_again(english), _again(signed)) == ({"a.csv": "kept"}, {"a.csv": "terms"})


def test_other_words_are_other_terms(tmp_path: Path) -> None:
    """An institution's new thesaurus changes outputs: what was made without it is made again."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi", 1)})
    run(tmp_path / "in", tmp_path / "out")
    words = tables().vocabulary
    edited = [replace(one, digest=b"other") for one in words.thesauri]
    changed = replace(tables(), vocabulary=replace(words, thesauri=tuple(edited)))

    assert words.thesauri
    assert _again(run_batch([tmp_path / "in"], tmp_path / "out", changed, Terms(), resume=True)) == {"a.csv": "terms"}


@pytest.mark.parametrize("harm", ["altered", "missing", "link", "persons"])
def test_harmed_outputs_are_made_again(source: Path, tmp_path: Path, harm: str) -> None:
    """Attack: an output was edited, removed or replaced by a link to another file. It is not taken for ours."""
    out = tmp_path / "out"
    folder = by_name(run(source, out))["hoshi.csv"].found.folder
    good, target = contents(out), out / folder / "standard.csv"
    if harm == "altered":
        target.write_bytes(target.read_bytes() + b"x")
    elif harm == "persons":
        (out / "state" / f"{folder}.persons").unlink()
    else:
        target.unlink()
    if harm == "link":
        target.symlink_to(lay(tmp_path / "else", {"a": good[f"{folder}/standard.csv"]}) / "a")
    summary = run(source, out, resume=True)

    assert _again(summary)["hoshi.csv"] == "outputs"
    assert contents(out) == good


def test_outputs_that_are_no_longer_made_do_not_stay(source: Path, tmp_path: Path) -> None:
    """A folder holds what the last run made of its input, and nothing from before."""
    run(source, tmp_path / "out", EVERYTHING)
    folder = by_name(run(source, tmp_path / "out", resume=True))["hoshi.csv"].found.folder

    assert [path.name for path in (tmp_path / "out" / folder).iterdir()] == ["standard.csv"]


def test_an_output_folder_with_something_else_is_refused(source: Path, tmp_path: Path) -> None:
    """Nothing is written among other people's files, with or without ``--resume``, nor through a link."""
    lay(tmp_path / "full", {"a.txt": b"1"})
    run(source, tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for place, resume, expected in (
        ("full", False, BatchThere), ("full", True, BatchForeign), ("out", False, BatchThere), ("link", True, BatchForeign),
    ):  # fmt: skip
        with pytest.raises(expected):
            run(source, tmp_path / place, resume=resume)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["a.txt"]


def test_a_link_in_the_output_folder_is_not_written_through(source: Path, tmp_path: Path) -> None:
    """Attack: an input's folder is replaced by a link to another place."""
    folder = by_name(run(source, tmp_path / "out"))["hoshi.csv"].found.folder
    (tmp_path / "else").mkdir()
    (tmp_path / "out" / folder).rename(tmp_path / "away")
    (tmp_path / "out" / folder).symlink_to(tmp_path / "else")

    with pytest.raises(BatchForeign):
        run(source, tmp_path / "out", resume=True)
    assert list((tmp_path / "else").iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', "null"])
def test_a_broken_state_is_no_state(source: Path, tmp_path: Path, text: str) -> None:
    """An entry that is not exactly ours does not count: its file is converted again."""
    out = tmp_path / "out"
    folder = by_name(run(source, out))["hoshi.csv"].found.folder
    good = contents(out)
    (out / "state" / f"{folder}.json").write_text(text)

    assert _again(run(source, out, resume=True))["hoshi.csv"] == ""
    assert contents(out) == good


def test_a_state_cannot_name_files_outside(source: Path, tmp_path: Path) -> None:
    """Attack: an entry whose outputs lie elsewhere, to have them removed."""
    out = tmp_path / "out"
    folder = by_name(run(source, out))["hoshi.csv"].found.folder
    victim = lay(tmp_path, {"victim": b"1"}) / "victim"
    place = out / "state" / f"{folder}.json"
    entry = json.loads(place.read_text())
    entry["outputs"]["../../victim"] = "0"
    place.write_text(json.dumps(entry))
    run(source, out, resume=True)

    assert victim.read_bytes() == b"1"


def test_numbers_given_out_stay_with_their_input(source: Path, tmp_path: Path) -> None:
    """A file that comes later gets a number of its own, also when it sorts before the others: document numbers never meet."""
    before = {name: one.entry.ordinal for name, one in by_name(run(source, tmp_path / "out")).items()}
    lay(source, {"a.csv": sample("hoshi", 1, 5)})
    after = {name: one.entry.ordinal for name, one in by_name(run(source, tmp_path / "out", resume=True)).items()}

    assert after == before | {"a.csv": 4}


def test_a_map_that_came_later_mends_a_failed_file(tmp_path: Path) -> None:
    """What no map knew is converted on going on, once there is a map."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi")})
    bare = replace(tables(), maps=())
    first = run_batch([tmp_path / "in"], tmp_path / "out", bare, Terms())
    second = run(tmp_path / "in", tmp_path / "out", resume=True)

    assert (_states(first), _states(second)) == ({"a.csv": "failed"}, {"a.csv": "done"})
