"""A batch: every file for itself, what is kept and what is made again, what the summary says."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from akashi.app.checkup import batch_work
from akashi.app.checkup.batch import BatchIncomplete, NothingToDo, run_batch, verify_whole
from akashi.app.checkup.batch_inputs import Found
from akashi.app.checkup.batch_products import ARCHIVE, CSV, FHIR, SenderIncomplete, Terms
from akashi.app.checkup.batch_report import Across, Summary, Telling, lines, summary_files, value
from akashi.app.checkup.batch_work import Visits
from akashi.app.desk.making import Sender
from akashi.checkup import convert
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.errors import ArchiveNameWrong
from tests.app.checkup.batches import ON, SENDER, UNKNOWN, by_name, contents, lay, run, sample, tables, zipped

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


def test_each_file_by_its_own_map_and_a_bad_one_stops_nobody(source: Path, tmp_path: Path) -> None:
    """Files of several institutions in one batch are each recognised; an unknown one is told and the others are made."""
    summary = run(source, tmp_path / "out")

    assert _states(summary) == {"hoshi.csv": "done", "midori.csv": "done", "unknown.csv": "failed"}
    assert {name: one.entry.map_id for name, one in by_name(summary).items()} == {
        "hoshi.csv": "hoshi-2024", "midori.csv": "midori-2024", "unknown.csv": "",
    }  # fmt: skip
    assert by_name(summary)["unknown.csv"].entry.code == "checkup.layout_unknown"
    with pytest.raises(BatchIncomplete):
        verify_whole(summary)


def test_the_csv_is_that_of_the_ordinary_conversion(source: Path, tmp_path: Path) -> None:
    """A batch writes the very bytes that ``convert`` writes, whether or not other products are made."""
    chosen = next(one for one in tables().maps if one.map_id == "hoshi-2024")
    out = io.BytesIO()
    convert(io.BytesIO(sample("hoshi")), chosen, tables().definition, out, on=ON, items=tables().items)
    for number, terms in enumerate((Terms(), EVERYTHING)):
        folder = by_name(run(source, tmp_path / f"out{number}", terms))["hoshi.csv"].found.folder

        assert (tmp_path / f"out{number}" / folder / "standard.csv").read_bytes() == out.getvalue()


def test_every_product_of_every_format(tmp_path: Path) -> None:
    """What a batch made goes into another: archives, FHIR documents and the standard CSV are recognised and converted."""
    first = run(lay(tmp_path / "in", {"midori.csv": sample("midori")}), tmp_path / "out", EVERYTHING)
    made = tmp_path / "out" / first.outcomes[0].found.folder
    second = run(made, tmp_path / "again", replace(EVERYTHING, anyway=True))
    formats = {name: one.entry.format for name, one in by_name(second).items() if "findings" not in name}

    assert formats == {
        "1319999901_99000001_202606010_1.zip": "archive", "standard.csv": "akashi-csv",
        "1319999901_000001.json": "echeckup", "1319999901_000002.json": "echeckup", "1319999901_000003.json": "echeckup",
    }  # fmt: skip
    assert {one.entry.rows[1] for name, one in by_name(second).items() if name in formats} == {1, 3}


def test_the_archive_is_one_that_a_receiver_takes(source: Path, tmp_path: Path) -> None:
    """The archive of a batch passes the reception checks but for claims, which it has none of."""
    folder = by_name(run(source, tmp_path / "out", EVERYTHING))["hoshi.csv"].found.folder
    (archive,) = (tmp_path / "out" / folder).glob("*_1.zip")
    with archive.open("rb") as stream:
        found = check_archive(stream, tables().items, name=archive.name).findings

    assert not {code for code in found if code.startswith("archive.") and code != "archive.ticket"}


def test_two_processes_make_the_same_in_the_same_order(source: Path, tmp_path: Path) -> None:
    """``--jobs`` changes no byte of a product and no line of the summary but the times."""
    one, two = run(source, tmp_path / "one", EVERYTHING), run(source, tmp_path / "two", EVERYTHING, jobs=2)

    def said(summary: Summary) -> Any:
        told: Any = value(summary)
        for each in [*told["files"], told["totals"]]:
            each.pop("milliseconds")
        return told

    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert said(one) == said(two)


def test_what_findings_stop_is_not_written(tmp_path: Path) -> None:
    """A stopped file has findings and no product, unless the clerk says so."""
    lay(
        tmp_path / "in",
        {"a.csv": sample("hoshi").replace("受診年月日".encode(), "受診年月日".encode(), 1) + b'"x"\r\n'},
    )
    stopped = run(tmp_path / "in", tmp_path / "out", Terms(findings=".csv"))
    anyway = run(tmp_path / "in", tmp_path / "more", Terms(findings=".csv", anyway=True))

    assert _states(stopped) == {"a.csv": "stopped"}
    assert sorted(stopped.outcomes[0].entry.outputs) == ["findings.csv", "persons"]
    assert sorted(anyway.outcomes[0].entry.outputs) == ["findings.csv", "persons", "standard.csv"]
    assert stopped.outcomes[0].entry.rows == (4, 3, 1)


def test_originals_are_in_findings_files_only(tmp_path: Path) -> None:
    """A cell's text leaves in the findings that were asked for, and is nowhere in the state or the summary."""
    canary = "カナリア文言"
    rows = list(csv.reader(io.StringIO(sample("hoshi").decode(), newline="")))
    rows[1][rows[0].index("身長(cm)")] = canary
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    lay(tmp_path / "in", {"a.csv": text.getvalue().encode()})
    run(tmp_path / "in", tmp_path / "out", Terms(findings=".json", anyway=True))
    signs = canary.encode(), canary.encode("cp932")
    files = [(path.name, path.read_bytes()) for path in (tmp_path / "out").rglob("*") if path.is_file()]
    holding = {name for name, data in files if any(sign in data for sign in signs)}

    assert holding == {"findings.json", "standard.csv"}


def test_only_the_formats_that_were_asked_for(source: Path, tmp_path: Path) -> None:
    """``--kind`` leaves other formats where they are, and says so."""
    summary = run(source, tmp_path / "out", Terms(formats=("jma",)))

    assert _states(summary) == {"hoshi.csv": "left", "midori.csv": "left", "unknown.csv": "failed"}
    assert contents(tmp_path / "out") == {}


def test_visits_in_two_files_are_told_with_their_rows(tmp_path: Path) -> None:
    """The same person on the same day in another file, even of another institution's layout or in a zip, is a line of the summary."""
    one, two = sample("hoshi", 3), sample("hoshi", 3, seed=9)
    lay(tmp_path / "in", {"a.csv": one, "b.zip": zipped({"c.csv": one, "d.csv": two})})
    summary = run(tmp_path / "in", tmp_path / "out")
    kept = run(tmp_path / "in", tmp_path / "out", resume=True)

    assert [(pair.other, pair.name, pair.count, pair.places) for pair in summary.twice] == [
        ("in/a.csv", "in/b.zip/c.csv", 3, ((1, 1), (2, 2), (3, 3)))
    ]
    assert kept.twice == summary.twice
    assert any("in/b.zip/c.csv" in line and "1/1, 2/2, 3/3" in line for line in lines(summary, "en"))


def test_what_is_kept_of_persons_is_keyed(tmp_path: Path) -> None:
    """Attack: trying all numbers and birth dates against the hashes of another batch. The key is each batch's own."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi")})
    kept = []
    for name in ("one", "two"):
        folder = run(tmp_path / "in", tmp_path / name).outcomes[0].found.folder
        kept.append((tmp_path / name / "state" / f"{folder}.persons").read_bytes())

    assert len(kept[0]) == len(kept[1]) == 3 * 12
    assert not {kept[0][at : at + 8] for at in (0, 12, 24)} & {kept[1][at : at + 8] for at in (0, 12, 24)}


def test_comparing_files_is_bounded() -> None:
    """More visits than are remembered are said not to be all compared."""
    across = Across(most=2)
    across.add("a", b"".join(bytes([mark] * 8) + b"\0\0\0\1" for mark in range(3)))

    assert not across.complete
    assert not Visits(b"k" * 16).data()


def test_a_defect_at_one_file_is_told_without_its_words(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that is not ours costs one file, and its text (which may hold a value) is kept back."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("山田太郎")

    monkeypatch.setattr(batch_work, "convert", broken)
    entry = by_name(run(source, tmp_path / "out"))["hoshi.csv"].entry

    assert (entry.state, entry.code) == ("failed", "app.batch_unforeseen")
    assert "山田" not in repr(entry)


def test_a_file_written_meanwhile_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recognised and what was converted must be one content."""
    real = convert

    def slow(*arguments: Any, **options: Any) -> Any:
        with (source / "hoshi.csv").open("ab") as file:
            file.write(b"\r\n")
        return real(*arguments, **options)

    monkeypatch.setattr(batch_work, "convert", slow)

    assert by_name(run(source, tmp_path / "out"))["hoshi.csv"].entry.code == "app.batch_changed"


@pytest.mark.parametrize(
    ("products", "sender", "error"),
    [
        ((ARCHIVE,), Sender(), SenderIncomplete),
        ((ARCHIVE,), replace(SENDER, receiver=""), SenderIncomplete),
        ((ARCHIVE,), replace(SENDER, receiver="12"), None),
        ((ARCHIVE,), replace(SENDER, count=10), ArchiveNameWrong),
        ((ARCHIVE,), replace(SENDER, number="x"), ArchiveNameWrong),
        ((FHIR,), replace(SENDER, number="5521111111"), SenderIncomplete),
        ((FHIR,), replace(SENDER, author=" "), SenderIncomplete),
    ],
)
def test_a_sender_is_asked_for_before_anything(
    products: tuple[str, ...], sender: Sender, error: type[Exception] | None
) -> None:
    """What a product needs of its sender is refused at once, not file by file."""
    if error is None:
        Terms(products, sender).verify()
    else:
        with pytest.raises(error):
            Terms(products, sender).verify()


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    """An empty folder makes no output folder."""
    (tmp_path / "in").mkdir()
    with pytest.raises(NothingToDo):
        run(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_summary_is_one_table_in_three_forms(source: Path, tmp_path: Path) -> None:
    """CSV, workbook and JSON have a line per file; a file name that is a formula runs nowhere."""
    lay(source, {"=cmd.csv": UNKNOWN})
    summary = run_batch([source / "=cmd.csv", source], tmp_path / "out", tables(), Terms())
    rows = list(csv.reader(io.StringIO((tmp_path / "out/summary.csv").read_bytes().decode("utf-8-sig"))))
    told = json.loads((tmp_path / "out/summary.json").read_bytes())
    with zipfile.ZipFile(tmp_path / "out/summary.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert [row[0] for row in rows] == [
        "ファイル",
        "'=cmd.csv",
        "in/hoshi.csv",
        "in/midori.csv",
        "in/unknown.csv",
        "合計",
        "in/=cmd.csv",
    ]
    assert [one["name"] for one in told["files"]] == ["=cmd.csv", "in/hoshi.csv", "in/midori.csv", "in/unknown.csv"]
    assert told["totals"]["failed"] == 2
    assert "<f>" not in sheet and "in/midori.csv" in sheet  # noqa: PT018 - one sheet, one promise
    assert set(summary_files(summary, "en")) == {"summary.csv", "summary.json", "summary.xlsx"}


def test_archives_of_one_name_are_told(tmp_path: Path) -> None:
    """A receiver takes one archive per sender, day and count; two of one name are a line of the summary."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi"), "b.csv": sample("hoshi", 3, 4)})
    summary = run(tmp_path / "in", tmp_path / "out", Terms((ARCHIVE,), SENDER))

    assert summary.same_names() == ("1319999901_99000001_202606010_1.zip",)
    assert "--count" in lines(summary, "ja")[-1]


def test_of_two_versions_of_a_map_the_newer_is_used(tmp_path: Path) -> None:
    """A batch chooses among maps as a gateway does; a map out of its days is refused for that file."""
    lay(tmp_path / "in", {"a.csv": sample("hoshi")})
    old = next(one for one in tables().maps if one.map_id == "hoshi-2024")
    new = replace(old, version=2, digest=b"2" * 32)
    past = replace(old, valid_to=old.valid_from)
    newer = run_batch([tmp_path / "in"], tmp_path / "a", replace(tables(), maps=(new, old)), Terms())
    outdated = run_batch([tmp_path / "in"], tmp_path / "b", replace(tables(), maps=(past,)), Terms())

    assert newer.outcomes[0].entry.map_digest == "32" * 32
    assert outdated.outcomes[0].entry.code == "checkup.map_not_valid"


def test_bars_or_lines(tmp_path: Path) -> None:
    """On a terminal two bars on one line, each drawn once per step; elsewhere a plain line per file."""
    said: list[str] = []
    drawn: list[tuple[str, int]] = []

    def progress(label: str) -> Any:
        return lambda done, _total: drawn.append((label, done))

    bars, plain = (Telling(said.append, progress, "en", bars=on) for on in (True, False))
    found = Found("長い名前のファイル一覧その二.csv", "x-1", tmp_path)
    summary = run(lay(tmp_path / "in", {"a.csv": sample("hoshi")}), tmp_path / "out")
    for telling in (bars, plain):
        telling.begun(2)
        for done in (0, 0, 50, 100, 100):
            telling.reading(found, done, 100)
        telling.finished(summary.outcomes[0])

    assert [part for _label, part in drawn] == [0, 50, 99, 100]
    assert drawn[0][0] == f"[{'.' * 20}] 0/2  のファイル一覧その二.csv"
    assert drawn[-1][0].startswith(f"[{'#' * 10}{'.' * 10}] 1/2")
    assert said == ["1/2  done  in/a.csv"]
