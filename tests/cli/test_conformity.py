"""Conformity from the command line: who sees which words and evidence, and what a bundle shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests.cli.stage import Stage

SHEET = "mhlw-7.0-draft-ops"
SECRET = "手順書のとおり、架空花子が行っています。"


def value(stage: Stage, line: str) -> Any:
    """Run a command with ``--json``; its result."""
    out, err, status = stage.run(line)
    assert status == 0, err
    return json.loads(out[0])


@pytest.fixture
def answered(stage: Stage) -> Stage:
    """One answer for customers with one evidence file, one target, one run."""
    stage.step(f"text why.txt {SECRET}")
    stage.step("text rules.pdf invented")
    for line in (
        "declare --preset exchange_service",
        "target register --defaults",
        f"answer {SHEET} 2-1 --reply yes --text-file {{tmp}}/why.txt --evidence {{tmp}}/rules.pdf --audience customers",
        "run",
    ):
        assert stage.run(f"akashi conformity {line} @mori")[2] == 0
    return stage


@pytest.mark.parametrize(("audience", "there"), [("public", False), ("customers", True), ("assessor", True)])
def test_evidence_is_for_its_audience(answered: Stage, audience: str, *, there: bool) -> None:
    """The evidence folder and the sheets hold a file and words only for those whom the answer is meant for."""
    out = answered.folder / "out"
    for form in ("folder", "oscal"):
        line = f"akashi conformity export --format {form} --sheet {SHEET} --audience {audience} --out {{tmp}}/out/{form} @mori"
        (answered.folder / "out").mkdir(exist_ok=True)
        assert answered.run(line)[2] == 0
    names = [path.name for path in out.rglob("*") if path.is_file()]
    texts = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())

    assert any(name.endswith("rules.pdf") for name in names) is there
    assert SECRET.encode() not in texts


def test_the_public_bundle_holds_no_words_of_people(answered: Stage) -> None:
    """Facts and verdicts are in it; what a person wrote, an evidence file's name and its bytes are not."""
    assert answered.run("akashi conformity export --format bundle --out {tmp}/out @mori")[2] == 0
    data = (answered.folder / "out" / "public.akashi").read_bytes()

    assert [one for one in (SECRET.encode(), b"rules.pdf", "架空花子".encode()) if one in data] == []


def test_what_rests_on_withheld_answers_is_withheld(answered: Stage) -> None:
    """The public bundle recomputes what it shows; the verdict by an answer for customers is withheld there, not invalid."""
    for audience in ("public", "customers"):
        line = f"akashi conformity export --format bundle --audience {audience} --out {{tmp}}/{audience} @mori"
        assert answered.run(line)[2] == 0
    verify = "akashi conformity verify --json --trust {home}/server/public/trust.txt "
    public = value(answered, verify + "{tmp}/public/public.akashi")["counts"]
    customers = value(answered, verify + "{tmp}/customers/customers.akashi")["counts"]

    assert public["invalid"] == customers["invalid"] == 0
    assert public["withheld"] > customers["withheld"] == 0


MAPPING = f"""
mapping: invented-form
catalogue: {SHEET}
sheet: 点検表
header: {{row: 1, cells: {{A: 番号, B: 項目, C: 回答, D: 備考}}}}
columns: {{clause: A, text: B, reply: C, answer: D}}
replies: {{はい: はい, いいえ: いいえ, 対象外: 対象外}}
"""


def own_form(path: Path, rows: list[tuple[str, str, str, str]], heading: str = "回答") -> None:
    """An institution's own Excel."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "点検表"
    for row in [("番号", "項目", heading, "備考"), *rows]:
        sheet.append(row)
    book.save(path)


def test_an_own_form_is_read_by_its_mapping(stage: Stage) -> None:
    """Rows with a clause of the catalogue are taken; a row that only resembles one is shown to a person; another heading is refused."""
    stage.step(f"text mapping.yaml '{MAPPING}'")
    rows = [("第2章 ①", "書類", "はい", "手順書"), ("独自1", "何か別の話", "いいえ", "")]
    own_form(stage.folder / "form.xlsx", rows)
    own_form(stage.folder / "other.xlsx", rows, heading="返事")
    line = f"akashi conformity import {{tmp}}/%s.xlsx --kind own --mapping {{tmp}}/mapping.yaml --sheet {SHEET} --json @mori"

    taken = value(stage, line % "form")
    refused = stage.run(line % "other")
    accepted = value(stage, (line % "form").replace("--json", "--accept 3=2-2 --json"))
    kept = value(stage, "akashi conformity compare --since-days 1 --json @mori")

    assert (taken["kept"], taken["unmatched"]) == (1, [3])
    assert accepted["kept"] == 1
    assert [(one["item"], one["after"]) for one in kept] == [(f"{SHEET}/2-1", "yes"), (f"{SHEET}/2-2", "no")]
    assert (refused[2], json.loads(refused[1][0])["code"]) == (2, "conformity.workbook")


def test_official_wording_stays_in_the_own_sheets(answered: Stage) -> None:
    """Wording that the user attached stands in workbooks for customers, in no workbook that anybody may have, and in no bundle."""
    wording = "利用者が読み込んだ架空の公式文"
    answered.step(f"text official.txt '第2章 ①\t{wording}\n'")
    kept = value(answered, f"akashi conformity import {{tmp}}/official.txt --kind wording --sheet {SHEET} --json @mori")
    cells = {}
    for audience in ("public", "customers"):
        line = f"akashi conformity export --format xlsx --sheet {SHEET} --audience {audience} --out {{tmp}}/{audience} @mori"
        assert answered.run(line)[2] == 0
        sheet = load_workbook(answered.folder / audience / "conformity.xlsx").worksheets[0]
        cells[audience] = {str(cell.value) for row in sheet.iter_rows() for cell in row}
    assert answered.run("akashi conformity export --format bundle --out {tmp}/bundle @mori")[2] == 0

    assert kept["kept"] == 1
    assert (wording in cells["public"], wording in cells["customers"]) == (False, True)
    assert wording.encode() not in (answered.folder / "bundle" / "public.akashi").read_bytes()


def test_an_own_form_is_filled_in(answered: Stage) -> None:
    """The institution's own workbook comes back with the answers in its columns and everything else as it was."""
    answered.step(f"text mapping.yaml '{MAPPING}'")
    own_form(answered.folder / "form.xlsx", [("第2章 ①", "書類", "", ""), ("独自1", "何か別の話", "", "")])
    line = (
        f"akashi conformity export --format own --fill {{tmp}}/form.xlsx --mapping {{tmp}}/mapping.yaml --sheet {SHEET}"
        " --audience assessor --out {tmp}/filled @mori"
    )

    status = answered.run(line)[2]
    incomplete = answered.run(line.replace("--mapping {tmp}/mapping.yaml", "").replace("filled", "again"))
    rows = list(load_workbook(answered.folder / "filled" / "form.xlsx").worksheets[0].iter_rows(values_only=True))

    assert (status, incomplete[2]) == (0, 2)
    assert rows[1] == ("第2章 ①", "書類", "はい", SECRET)
    assert rows[2][:2] == ("独自1", "何か別の話")
