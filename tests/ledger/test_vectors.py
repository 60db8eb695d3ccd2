"""The language-neutral vectors through this implementation; ``tests/verifier`` runs them through the second one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import parse_checkpoint
from tests.vectors.generate import FORMATS, vectors

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path for path in VECTORS.glob("*.json") if path.name.split("-")[0] in FORMATS)

# Classes that the pages name; each must have a vector that is refused with it.
CLASSES = [
    "cbor.short",
    "cbor.trailing",
    "cbor.shortest",
    "cbor.head",
    "cbor.range",
    "cbor.text",
    "cbor.tag",
    "cbor.simple",
    "cbor.key",
    "cbor.order",
    "cbor.depth",
    "approval.many",
    "approval.unknown",
    "approval.purpose",
    "approval.kind",
    "approval.institution",
    "approval.expired",
    "approval.revoked",
    "approval.again",
    "approval.form",
    "approval.challenge",
    "approval.origin",
    "approval.rp",
    "approval.flags",
    "approval.signature",
    "op.size",
    "cose.tag",
    "cose.shape",
    "cose.unprotected",
    "cose.signature",
    "cose.protected",
    "cose.algorithm",
    "cose.key",
    "cose.type",
    "op.payload",
    "op.approvals",
    "op.statement",
    "op.ledger",
    "op.kind",
    "op.version",
    "op.subject",
    "op.body",
    "op.time",
    "op.lifetime",
    "op.nonce",
    "op.actor",
    "op.auth",
    "signature",
    "leaf.shape",
    "leaf.range",
    "header.shape",
    "header.range",
    "chain",
    "proof.index",
    "proof.size",
    "proof.length",
    "proof.inclusion",
    "proof.consistency",
    "note.format",
    "note.origin",
    "note.size",
    "note.root",
    "note.unsigned",
    "note.signature",
    "note.quorum",
    "receipt.format",
    "bundle.item",
    "bundle.header",
    "bundle.size",
    "bundle.range",
    "bundle.order",
    "bundle.end",
    "bundle.disclosure",
    "bundle.genesis",
    "trust.format",
    "trust.genesis",
    "op.foreign",
    "op.replayed",
    "op.expired",
    "op.ahead",
    "signer.unknown",
    "signer.expired",
    "signer.revoked",
    "signer.institution",
    "signer.purpose",
    "signer.algorithm",
    "enrolment",
    "stamp",
    "erasure",
]


def _cbor(data: bytes, _: bytes | None) -> object:
    assert cbor.encode(cbor.decode(data)) == data
    return None


def _operation(data: bytes, _: bytes | None) -> object:
    operation = parse_operation(data)
    return {"id": operation.id.hex(), "kind": operation.statement.kind, "key": operation.key.hex()}


def _leaf(data: bytes, _: bytes | None) -> object:
    leaf = parse_leaf(data)
    return {"height": leaf.height, "block_ms": leaf.block_ms, "result": leaf.result}


def _note(data: bytes, _: bytes | None) -> object:
    checkpoint = parse_checkpoint(data)
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}


def _trust(data: bytes, _: bytes | None) -> object:
    parse_trust(data)
    return None


def _verdict(data: bytes, trust: bytes | None) -> object:
    verdict = verify_file(data, trust)
    if verdict.failure is not None:
        raise EncodingError(verdict.failure)
    shown = verdict.to_json()
    return shown | {"unproven": [word for word in verdict.unproven if word != "kinds"]}


READERS: dict[str, Callable[[bytes, bytes | None], object]] = {
    "cbor": _cbor,
    "operation": _operation,
    "leaf": _leaf,
    "note": _note,
    "trust": _trust,
    "receipt": _verdict,
    "bundle": _verdict,
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Each input is accepted with the result, or refused with the failure class, that its file names."""
    vector: dict[str, Any] = json.loads(path.read_text("utf-8"))
    trust = None if vector["trust"] is None else vector["trust"].encode()
    failure, result = None, None
    try:
        result = READERS[vector["format"]](bytes.fromhex(vector["input_hex"]), trust)
    except EncodingError as error:
        failure = error.failure
    assert (failure, result) == (vector["failure"], vector["result"])
    assert vector["expect"] == ("accept" if failure is None else "reject")


def test_generator_gives_these_files() -> None:
    """Running the generator again changes no byte: nothing in the vectors depends on chance or on the clock."""
    assert dict(vectors()) == {path.name: path.read_text("utf-8") for path in FILES}


def test_every_failure_class_has_a_vector() -> None:
    """No class of the pages is without a must-fail case, and no case has a class the pages do not name."""
    found = {json.loads(path.read_text("utf-8"))["failure"] for path in FILES} - {None}
    assert found == set(CLASSES)
