"""The vectors of commits: invented ones with one fault each, and what a real chain of four wrote."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from akashi.network.errors import CommitUnproven
from akashi.network.light.errors import LightMalformed
from akashi.network.light.hashing import commit_hash, header_hash
from akashi.network.light.parsing import parse_block, parse_commit, parse_validators
from akashi.network.light.values import Commit, Header, ValidatorSet
from akashi.network.light.verifying import verify_commit, verify_txs
from tests.vectors.network.generate import vectors

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "network"
FILES = sorted(FOLDER.glob("commit-*.json"))
RECORDED = FOLDER / "recorded.json"


def failure_of(vector: dict[str, Any]) -> str | None:
    """What this implementation says of a vector."""
    try:
        header, commit = parse_commit(vector["commit"])
        validators = ValidatorSet.of((bytes.fromhex(key), power) for key, power in vector["validators"])
        verify_commit(vector["chain_id"], header, commit, validators)
        verify_txs(header, [b64decode(tx) for tx in vector["txs"]])
    except LightMalformed as error:
        return f"parse/{error.failure}"
    except CommitUnproven as error:
        return f"verify/{error.failure}"
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_vector_says_what_it_must(path: Path) -> None:
    """Accepted, or refused for exactly its fault."""
    vector = json.loads(path.read_text(encoding="utf-8"))

    assert failure_of(vector) == vector["failure"]
    assert (vector["expect"] == "accept") == (vector["failure"] is None)


def test_the_vectors_are_those_of_the_generator() -> None:
    """The same bytes every time, and no file is left over."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FILES} == dict(vectors())


def recorded() -> list[dict[str, Any]]:
    """The heights that were recorded, each with what the RPC said of it."""
    rows = json.loads(RECORDED.read_text(encoding="utf-8"))["heights"]
    assert isinstance(rows, list)
    return rows


def decided() -> list[tuple[Header, Commit]]:
    """Their headers and commits."""
    return [parse_commit(row["commit"]) for row in recorded()]


def test_a_recorded_chain_verifies() -> None:
    """Every height of it: votes, transactions, and the links between headers."""
    chain_id = json.loads(RECORDED.read_text(encoding="utf-8"))["chain_id"]
    last: Header | None = None
    for row in recorded():
        header, commit = parse_commit(row["commit"])
        height, validators = parse_validators(row["validators"])
        again, txs, before = parse_block(row["block"])

        verify_commit(chain_id, header, commit, validators)
        verify_txs(header, txs)
        assert (header.height, again) == (height, header)
        assert last is None or header.last_block_id.hash == header_hash(last)
        assert commit_hash(before) == header.last_commit_hash
        last = header


def test_a_recorded_commit_proves_no_other_header() -> None:
    """Each commit for each other header of the same chain is refused."""
    rows = decided()
    _, validators = parse_validators(recorded()[0]["validators"])

    for header, _ in rows:
        for other, commit in rows:
            if other is not header:
                with pytest.raises(CommitUnproven):
                    verify_commit(header.chain_id, header, commit, validators)


def test_any_flipped_character_of_a_recorded_commit_is_noticed() -> None:
    """Every string of header and commit: no change of a character verifies as the same block, whatever it parses to."""
    row = recorded()[-1]
    header, _ = parse_commit(row["commit"])
    _, validators = parse_validators(row["validators"])
    for path, text in strings(row["commit"]["signed_header"]):
        for changed in {text[:-1] + ("1" if text[-1:] != "1" else "2"), text[1:], "A" + text[1:]} - {text}:
            copy = json.loads(json.dumps(row["commit"]))
            place = copy["signed_header"]
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = changed
            with pytest.raises((CommitUnproven, LightMalformed)):
                verify_commit(header.chain_id, *parse_commit(copy), validators)


def strings(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Every non-empty string in a JSON value, with the way to it."""
    if isinstance(value, str):
        return [(path, value)] if value else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, inner in steps for found in strings(inner, (*path, step))]
