"""The vectors of trust chains through this implementation, and the command; ``tests/verifier/test_chain.py`` runs them through the second one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.ledger.errors import EncodingError, ProofError
from akashi.network.trustchain import follow_chain
from tests.vectors.network.generate_chain import vectors

FOLDER = Path(__file__).parents[1] / "vectors" / "network"
FILES = sorted(FOLDER.glob("chain-*.json"))


def _vector(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((FOLDER / f"chain-{name}.json").read_text(encoding="utf-8"))
    return value


def _say(folder: Path, name: str, *words: str) -> tuple[int, list[str]]:
    """What the command says of a vector, and its exit status."""
    vector = _vector(name)
    (folder / "chain").write_bytes(bytes.fromhex(vector["input_hex"]))
    (folder / "trust").write_text(vector["trust"], encoding="utf-8")
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    arguments = ["follow", str(folder / "chain"), "--trust", str(folder / "trust"), "--lang", "en", *words]
    status = main(arguments, Shell(out, err, clock=FixedClock(0)))
    out.seek(0)
    return status, [*out.read().splitlines(), *err.getvalue().splitlines()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_chain_leads_where_it_must_or_nowhere(path: Path) -> None:
    """Accepted with the trust file that follows, or refused with its class."""
    vector = json.loads(path.read_text(encoding="utf-8"))
    failure, text = None, None
    try:
        text = follow_chain(bytes.fromhex(vector["input_hex"]), vector["trust"].encode()).text.decode()
    except (EncodingError, ProofError) as error:
        failure = error.failure

    assert (failure, text) == (vector["failure"], vector["result"])
    assert (failure is None) == (vector["expect"] == "accept")


def test_the_vectors_are_those_of_the_generator() -> None:
    """The same bytes every time, and no file is left over."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FILES} == dict(vectors())


def test_a_stranger_is_told_whom_he_may_believe(tmp_path: Path) -> None:
    """Each step with its leaf and time, the servers, how many must sign, what is not shown; the file of today is written."""
    status, lines = _say(tmp_path, "whole", "--out", str(tmp_path / "now"))

    assert status == 0
    assert [line.split("  ", 2)[2] for line in lines[:3]] == [
        "the ledger was handed over  [1, 2, 3, 4]",
        "server 5 was enrolled  [1, 2, 3, 4, 5]",
        "server 2 was retired  [1, 3, 4, 5]",
    ]
    assert lines[3] == (
        "Believe servers 1, 3, 4, 5 (3 of them must have signed). That nothing newer exists is not shown by this."
    )
    assert (tmp_path / "now").read_text(encoding="utf-8") == _vector("whole")["result"]


def test_a_file_that_is_level_says_so(tmp_path: Path) -> None:
    """No step is taken; the same servers, in the form for programs."""
    status, lines = _say(tmp_path, "level", "--json")
    told = json.loads("\n".join(lines))

    assert status == 0
    assert (told["servers"], told["needed"], told["size"], told["steps"]) == ([1, 3, 4, 5], 3, None, [])


@pytest.mark.parametrize("name", ["quorum", "swapped", "no-middle-fits", "older", "cut"])
def test_a_lie_leads_nowhere(tmp_path: Path, name: str) -> None:
    """Exit status 6 or 2 with a sentence, and no file is written."""
    status, lines = _say(tmp_path, name, "--out", str(tmp_path / "now"))

    assert status == (2 if name == "cut" else 6)
    assert lines[0].startswith("error: ")
    assert not (tmp_path / "now").exists()


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Whoever names his old trust file as the new one keeps it."""
    (tmp_path / "now").write_text("mine", encoding="utf-8")
    status, _ = _say(tmp_path, "whole", "--out", str(tmp_path / "now"))

    assert status == 5
    assert (tmp_path / "now").read_text(encoding="utf-8") == "mine"
