"""The language-neutral vectors of `tests/vectors/`, read by the second implementation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akashi_verifier import Failure, cbor, note, operation, tree, trust
from akashi_verifier.steps import verify

FOLDER = Path(__file__).parents[1] / "vectors"
# The verifier holds no keys and opens no sealed file, so `sealed` vectors are not for it; `test_conformity.py` reads `conformity`.
FORMATS = {"cbor", "operation", "leaf", "note", "trust", "receipt", "bundle"}
VECTORS = sorted(FOLDER.glob("*.json"))


def _cbor(data: bytes) -> None:
    assert cbor.encode(cbor.decode(data)) == data


def _operation(data: bytes) -> dict[str, Any]:
    op = operation.parse(data)
    return {"id": op.id.hex(), "kind": op.kind, "key": op.key_id.hex()}


def _leaf(data: bytes) -> dict[str, Any]:
    leaf = tree.parse_leaf(data)
    return {"height": leaf.height, "block_ms": leaf.ms, "result": leaf.result}


def _note(data: bytes) -> dict[str, Any]:
    parsed = note.parse(data)
    return {"origin": parsed.origin, "size": parsed.size, "root": parsed.root.hex()}


def _trust(data: bytes) -> None:
    trust.parse(data)


READERS: dict[str, Callable[[bytes], Any]] = {
    "cbor": _cbor,
    "operation": _operation,
    "leaf": _leaf,
    "note": _note,
    "trust": _trust,
}


def judge(vector: dict[str, Any]) -> dict[str, Any]:
    """What this implementation says, in the words of the vectors' README."""
    data = bytes.fromhex(vector["input_hex"])
    if vector["format"] in READERS:
        try:
            return {"expect": "accept", "failure": None, "result": READERS[vector["format"]](data)}
        except Failure as failure:
            return {"expect": "reject", "failure": failure.code, "result": None}
    text = vector["trust"]
    result = verify(data, None if text is None else text.encode())
    if result["status"] == "failed":
        return {"expect": "reject", "failure": result["failure"], "result": None}
    result["unproven"] = [word for word in result["unproven"] if word != "kinds"]
    return {"expect": "accept", "failure": None, "result": result}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Each vector is accepted or refused as it says, with its failure class and its result."""
    vector = json.loads(path.read_text("utf-8"))
    if vector["format"] in FORMATS:
        assert judge(vector) == {key: vector[key] for key in ("expect", "failure", "result")}
    else:
        assert vector["format"] in ("sealed", "conformity")


def test_vectors_cover_every_format_both_ways() -> None:
    """There are accepted and refused vectors of every format that this program reads."""
    found = {
        (vector["format"], vector["expect"]) for path in VECTORS for vector in [json.loads(path.read_text("utf-8"))]
    }
    assert found >= {(name, expect) for name in FORMATS for expect in ("accept", "reject")}
