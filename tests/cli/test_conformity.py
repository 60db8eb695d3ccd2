"""Conformity from the command line: who sees which words and evidence, and what a bundle shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
