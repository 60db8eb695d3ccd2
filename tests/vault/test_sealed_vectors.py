"""The vectors of the sealed payload, through this implementation and through an independent one that knows only the page."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.errors import AkashiError
from akashi.keys.openers import MemoryOpener, p256_opener, xwing_opener
from akashi.vault.errors import SealError
from akashi.vault.sealing import read_container, unseal, wraps_digest
from tests.vault import independent_opener
from tests.vectors.build_sealed import KEEP, KEPT
from tests.vectors.generate_sealed import sealed_vectors

FOLDER = Path(__file__).parents[1] / "vectors"
FILES = sorted(FOLDER.glob("sealed-*.json"))
WORDS = {
    "vault.seal_malformed": "malformed",
    "vault.seal_truncated": "truncated",
    "vault.seal_extended": "extended",
    "vault.seal_reordered": "reordered",
    "vault.seal_altered": "altered",
    "vault.seal_foreign": "foreign",
    "vault.key_mismatch": "key",
    "vault.content_mismatch": "content",
}
FAILURES = {
    "malformed/container",
    "malformed/container.wraps",
    "malformed/wrap",
    "malformed/wrap.length",
    "suite/wrap",
    "foreign/container.ledger",
    "foreign/container.recipient",
    "foreign/wrap.suite",
    "opening/wrap",
    "truncated/header",
    "malformed/header",
    "foreign/body.payload",
    "foreign/body.suite",
    "key/body.key",
    "truncated/chunk.short",
    "truncated/chunk.last",
    "extended/chunk.after_last",
    "reordered/chunk.order",
    "altered/chunk",
    "malformed/chunk.empty",
    "truncated/frame.short",
    "malformed/frame.header",
    "malformed/frame.window",
    "malformed/frame.block",
    "malformed/frame.content",
    "extended/frame.trailing",
    "malformed/inner.header",
    "malformed/inner.parts",
    "malformed/inner.trailer",
    "content/trailer.length",
    "content/trailer.digest",
    "content/commitment",
    "foreign/body.digest",
}
Verdict = tuple[str | None, object]


@cache
def read_vector(path: Path) -> dict[str, Any]:
    """One file."""
    return dict(json.loads(path.read_text("utf-8")))


def given(vector: dict[str, Any]) -> bytes:
    """The input, as the README tells every language to make it."""
    if vector["input_pieces"] is None:
        return bytes.fromhex(vector["input_hex"])
    return b"".join(
        bytes.fromhex(piece["hex"]) if "hex" in piece else shake_128(piece["shake128"].encode()).digest(piece["length"])
        for piece in vector["input_pieces"]
    )


def ours(vector: dict[str, Any]) -> Verdict:
    """(failure, result) of ``akashi.vault.sealing``."""
    try:
        return None, _opened(vector)
    except SealError as error:
        return f"{WORDS[error.code]}/{error.failure}", None
    except AkashiError as error:
        return {"keys.suite_unknown": "suite/wrap", "keys.opening_failed": "opening/wrap"}[error.code], None


def _opener(recipient: dict[str, Any]) -> MemoryOpener:
    private = bytes.fromhex(recipient["private_hex"])
    if recipient["suite"] == 1:
        return xwing_opener(private)
    return p256_opener(ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1()))


def _opened(vector: dict[str, Any]) -> object:
    data, opener, ledger = given(vector), _opener(vector["recipient"]), bytes.fromhex(vector["ledger_hex"])
    # Pieces of 64 KiB, as from a socket: no border of the format falls on a border of reading.
    container = read_container((data[at : at + 65_536] for at in range(0, len(data), 65_536)), ledger)
    wrap = container.wrap_for(opener.key_id)
    body = b"".join(container.body)
    told = vector["announced"]
    expected = bytes.fromhex(told["body_digest"]) if told["body_digest"] else None
    opened = unseal(wrap, opener, ledger, [body], body_digest=expected)
    parts = opened.read(4 << 20)
    if told["commitment"]:
        opened.verify_commitment(bytes.fromhex(told["commitment"]))
    return {
        "media_type": opened.media_type,
        "parts": [{"name": name, "sha256": sha256(part).hexdigest(), "length": len(part)} for name, part in parts],
        "commitment": opened.commitment().hex(),
        "body_digest": sha256(body).hexdigest(),
        "wraps_digest": wraps_digest(container.wraps).hex(),
    }


def theirs(vector: dict[str, Any]) -> Verdict:
    """(failure, result) of the independent opener."""
    recipient, told = vector["recipient"], vector["announced"]
    key = independent_opener.Key(recipient["suite"], bytes.fromhex(recipient["private_hex"]))
    try:
        result = independent_opener.open_container(given(vector), key, bytes.fromhex(vector["ledger_hex"]))
    except independent_opener.Refused as refused:
        return refused.word, None
    if told["body_digest"] not in (None, result["body_digest"]):
        return "foreign/body.digest", None
    if told["commitment"] not in (None, result["commitment"]):
        return "content/commitment", None
    return None, result


@pytest.mark.parametrize("judge", [ours, theirs])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path, judge: Callable[[dict[str, Any]], Verdict]) -> None:
    """Each container opens to the result, or is refused with the failure, that its file names; by both implementations."""
    vector = read_vector(path)
    failure, result = judge(vector)
    assert (failure, result) == (vector["failure"], vector["result"])
    assert vector["expect"] == ("accept" if failure is None else "reject")


def test_inputs_are_what_their_files_say() -> None:
    """Listed or named by seed, the input has the digest beside it: a reader knows that it derived the right bytes."""
    wrong = [
        path.name for path in FILES if sha256(given(read_vector(path))).hexdigest() != read_vector(path)["input_sha256"]
    ]
    assert wrong == []


def test_generator_gives_these_files_and_makes_no_randomness() -> None:
    """Bodies are computed anew to the same bytes; encapsulations and compressed frames all come from the kept file."""
    made = dict(sealed_vectors())
    assert made == {path.name: path.read_text("utf-8") for path in FILES}
    assert (KEEP.added, KEEP.text()) == ([], KEPT.read_text("ascii"))


def test_every_failure_has_a_vector_and_both_suites_are_accepted() -> None:
    """No failure of the README is without a must-fail case, and none is unnamed there."""
    readme = (FOLDER / "README.md").read_text("utf-8")
    found = {read_vector(path)["failure"] for path in FILES} - {None}
    assert found == FAILURES
    assert {word for word in FAILURES if f"`{word}`" not in readme} == set()
    opened = {read_vector(path)["recipient"]["suite"] for path in FILES if read_vector(path)["expect"] == "accept"}
    assert opened == {1, 2}


def test_the_independent_opener_knows_nothing_of_ours() -> None:
    """It imports no module of the product, of the tests or of the second verifier, and no ready-made HPKE or HKDF."""
    tree = ast.parse(Path(independent_opener.__file__).read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in names if name.split(".")[0] in {"akashi", "akashi_verifier", "tests"}} == set()
    assert {name for name in names if "hpke" in name or "kdf" in name} == set()
