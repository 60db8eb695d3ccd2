"""Conformity bundles in the second verifier: the vectors, agreement with the first one, hostile bytes, the command line."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from copy import deepcopy
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from akashi.app.conformity.library import rulebook
from akashi.conformity.catalogues.catalogue import dump_catalogue
from akashi.conformity.model import Catalogue
from akashi.conformity.proof.verify import verify_conformity
from akashi_verifier import cbor
from akashi_verifier.__main__ import main
from akashi_verifier.conformity.steps import verify
from tests.vectors.build_conformity import ANSWERS, NEW, NOW, Run, Story, answered, edition, item, trust_file
from tests.verifier.bend import mutate, nudge

VECTORS = sorted((Path(__file__).parents[1] / "vectors").glob("conformity-*.json"))
TRUST = trust_file()
_CLASS = re.compile(r"[a-z]+\.[a-z_]+|chain|signature|enrolment|erasure|stamp")


@cache
def right() -> Run:
    """The invented run; copy it before changing it."""
    return Story().run()


def places(result: dict[str, Any]) -> dict[str, str]:
    """``catalogue/item`` to verdict and state, as in the vectors."""
    return {f"{one['catalogue']}/{one['item']}": f"{one['verdict']} {one['state']}" for one in result["decisions"]}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Each vector has the status and class it names; where it needs judges, this program says at least that it has none."""
    vector = json.loads(path.read_text("utf-8"))
    trust = None if vector["trust"] is None else vector["trust"].encode()
    found = verify(bytes.fromhex(vector["input_hex"]), trust)
    if vector["needs_judges"]:
        assert found["status"] == "verified"
        assert {"judges", "withheld" if vector["result"] else "judges"} <= set(found["unproven"])
        return
    assert found["failure"] == vector["failure"]
    if vector["result"] is not None:
        result = {key: found[key] for key in vector["result"] if key != "decisions"}
        assert result | {"decisions": places(found)} == vector["result"]


def both(data: bytes) -> tuple[str | None, str | None]:
    """The failure classes of the first and of the second verifier."""
    return verify_conformity(data, TRUST, rulebook(), NOW).failure, verify(data, TRUST)["failure"]


def bent_run(seeded: random.Random) -> bytes:
    """The run with something small changed in one item before it was recorded: shapes, or values of the right type."""
    run = deepcopy(right())
    at = seeded.randrange(1, len(run.values))
    run.values[at] = (nudge if seeded.random() < 0.8 else mutate)(run.values[at], seeded)
    return run.file()


def test_lies_in_items_are_judged_alike() -> None:
    """What the first verifier verifies the second does; what the second refuses the first does, and without judges little is missed."""
    seeded = random.Random(11)
    outcomes = Counter(both(bent_run(seeded)) for _ in range(160))
    softer = sum(count for (first, second), count in outcomes.items() if first is not None and second is None)
    assert not [pair for pair in outcomes if pair[0] is None and pair[1] not in (None, "conformity.head")]
    assert {pair[0] for pair in outcomes if pair[0] is not None and pair[1] is None} <= {"conformity.verdict"}
    assert softer < 8
    assert outcomes["conformity.verdict", "conformity.verdict"] > 25
    assert outcomes[None, None] > 5


def test_bent_files_are_judged_alike() -> None:
    """One element of the finished file changed: the same class from both."""
    seeded = random.Random(12)
    outcomes = Counter[tuple[str | None, str | None]]()
    for _ in range(100):

        def change(parts: list[Any]) -> None:
            at = seeded.choice((0, 2, 3, 5, 6, 7))
            parts[at] = (nudge if seeded.random() < 0.5 else mutate)(parts[at], seeded)

        outcomes[both(right().file(apart=[1, 5], change=change))] += 1
    assert [pair for pair in outcomes if pair[0] != pair[1]] == []
    assert len(outcomes) >= 6


def hostile(change: Any) -> bytes:
    """A run whose head names a catalogue that was changed as a CBOR value."""
    run = deepcopy(right())
    value = cbor.decode(dump_catalogue(NEW))
    change(value[3], value)
    changed = cbor.encode(value)
    run.catalogues[0] = changed
    head: Any = run.values[0]
    head[5][0][1] = sha256(b"akashi/catalogue/1\x00" + changed).digest()
    return run.file()


CATALOGUES = {
    "its own parent": lambda items, _: items[0].__setitem__(6, "h"),
    "a circle of headings": lambda items, _: items[0].__setitem__(6, "g"),
    "an empty heading": lambda items, _: [one.__setitem__(6, "h") for one in items if one[6] == "g"],
    "a parent that is no heading": lambda items, _: items[2].__setitem__(6, "a"),
    "a negative validity": lambda items, _: items[1].__setitem__(12, -1),
    "true for days": lambda items, _: items[1].__setitem__(12, True),  # noqa: FBT003  # a CBOR value
    "a number among conditions": lambda items, _: items[1][9].append(5),
    "an id with a space": lambda items, _: items[1].__setitem__(0, "a b"),
    "one id twice": lambda items, _: items[2].__setitem__(0, "a"),
    "no check where one decides": lambda items, _: items[1].__setitem__(8, []),
    "parameters out of order": lambda _, top: top.__setitem__(1, [[key, 1, "", "", False] for key in "ba"]),
    "bytes for a threshold": lambda _, top: top.__setitem__(1, [["a", [b"x"], "", "", False]]),
}


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_hostile_catalogue_is_refused(name: str) -> None:
    """A catalogue that the head names is still only read in its canonical form, and headings form a forest with leaves."""
    assert verify(hostile(CATALOGUES[name]), TRUST)["failure"] == "conformity.catalogue"


def test_a_catalogue_named_twice_is_refused() -> None:
    """Two editions of one id could decide an item two ways."""
    run = deepcopy(right())
    head: Any = run.values[0]
    run.catalogues.append(run.catalogues[0])
    head[5].append(head[5][0])
    assert verify(run.file(), TRUST)["failure"] == "conformity.catalogue"


@pytest.mark.parametrize(("field", "name"), [(9, "doors-2/q"), (10, "tls")])
def test_the_head_names_what_was_answered_and_measured(field: int, name: str) -> None:
    """Else a head could excuse one item by an answer that was given to another."""
    run = deepcopy(right())
    head: Any = run.values[0]
    head[field][0] = name
    assert verify(run.file(), TRUST)["failure"] == "conformity.head"


@pytest.mark.parametrize(("verdict", "failure"), [(3, None), (1, "conformity.verdict")])
def test_a_withheld_answer_hides_no_carried_lie(verdict: int, failure: str | None) -> None:
    """Beside a withheld answer an item may be open and take over a verdict, but only the one that follows."""
    run = Story(answers=(answered("doors-2/m"), *ANSWERS)).run()
    stated: Any = run.values[run.at("doors-2/m")]
    assert stated[2] == 3
    stated[2], counts = verdict, list(run.counts)
    run.counts = (counts[0] + (verdict == 1), counts[1], counts[2] - (verdict == 1), *counts[3:])
    assert both(run.file(run.withheld)) == (failure, failure)


def test_any_flipped_byte_is_refused() -> None:
    """Nothing in a bundle is without meaning: each 29th byte, flipped, fails with a class of the specification."""
    data = right().file(apart=[1, 2, 5])
    for place in range(0, len(data), 29):
        result = verify(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :], TRUST)
        assert result["status"] == "failed", place
        assert _CLASS.fullmatch(result["failure"]), result["failure"]


def test_a_cut_file_is_refused() -> None:
    """Cut anywhere it is no bundle."""
    data = right().file()
    assert {verify(data[:length], TRUST)["failure"] for length in range(0, len(data), 101)} == {
        "conformity.header",
        "cbor.short",
    }


def test_failed_names_the_decisions_that_do_not_follow() -> None:
    """A wrong verdict is found and named, and nothing else is."""
    vector = json.loads(next(path for path in VECTORS if path.stem == "conformity-decision-better").read_text("utf-8"))
    assert places(verify(bytes.fromhex(vector["input_hex"]), TRUST)) == {"doors-1/m": "1 invalid"}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """The public bundle of the run and a trust file."""
    (tmp_path / "a.akashi").write_bytes(right().file(right().withheld))
    (tmp_path / "trust").write_bytes(TRUST)
    return str(tmp_path / "a.akashi"), str(tmp_path / "trust")


def test_the_program_prints_both_languages(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0, the tally of states, a line per decision, and what was not proven: the judges at least."""
    assert main(["--trust", files[1], files[0]]) == 0
    printed = capsys.readouterr().out
    assert "再計算 recomputed: 14" in printed
    assert "doors-1/m  不適合 fails  自己申告 word  再計算 recomputed" in printed
    assert "判定器" in printed
    assert "`akashi conformity verify` has the judges" in printed


def test_without_trust_exits_9_and_bent_6(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The statuses of evidence bundles hold for conformity bundles too."""
    assert main([files[0]]) == 9
    Path(files[0]).write_bytes(right().file()[:-1])
    assert main(["--trust", files[1], files[0]]) == 6
    assert capsys.readouterr().out.splitlines()[-1] == "理由 / failure: cbor.short"


def test_json_is_the_specified_object(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the output is one object with the keys of the page, in that order."""
    assert main(["--json", "--trust", files[1], files[0]]) == 0
    result = json.loads(capsys.readouterr().out)
    expected = "status failure run institution recorded_ms stamped_ms judged_ms decisions broken apart unproven"
    row = "catalogue item verdict basis reason expires_ms contradiction carried state"
    assert list(result) == expected.split()
    assert list(result["decisions"][0]) == row.split()


def test_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An escape in an id that the institution chose is not printed as one."""
    run = Story((), (), catalogues=(renamed(),), links=()).run()
    (tmp_path / "a.akashi").write_bytes(run.file())
    assert main([str(tmp_path / "a.akashi")]) == 9
    printed = capsys.readouterr().out
    assert "doors-2/a?[2J" in printed
    assert "\x1b" not in printed


def renamed() -> Catalogue:
    """A catalogue of one item whose id holds an escape sequence."""
    return edition("doors-2", 1, (item("a\x1b[2J"),))
