"""The vectors of conformity bundles through this implementation, judges and all; ``tests/verifier`` runs the second one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from akashi.app.conformity.library import rulebook
from akashi.conformity.proof.verify import verify_conformity
from tests.vectors.build_conformity import NOW
from tests.vectors.cases_conformity import shown
from tests.vectors.generate_conformity import conformity_vectors

FILES = sorted((Path(__file__).parents[1] / "vectors").glob("conformity-*.json"))
CLASSES = {
    "conformity.header", "conformity.shape", "conformity.commitments", "conformity.order", "conformity.record", "conformity.root",
    "conformity.item", "conformity.head", "conformity.catalogue", "conformity.crosswalk", "conformity.item_unknown",
    "conformity.decisions", "conformity.times", "conformity.verdict", "conformity.counts", "conformity.apart",
}  # fmt: skip
"""Classes of this page's own steps; each must have a vector that is refused with it."""


@cache
def made() -> dict[str, str]:
    """Everything the generator writes."""
    return dict(conformity_vectors())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Each bundle is verified with the result, or refused with the failure class, that its file names."""
    vector = json.loads(path.read_text("utf-8"))
    data, text = bytes.fromhex(vector["input_hex"]), vector["trust"]
    trust = None if text is None else text.encode()
    assert verify_conformity(data, trust, rulebook(), NOW).failure == vector["failure"]
    if vector["failure"] is None:
        assert shown(data, trust) == vector["result"]


def test_the_generator_writes_the_same_bytes() -> None:
    """The files are what the code makes: no file is missing, left over, or other."""
    assert {path.name: path.read_text("utf-8") for path in FILES} == made()


def test_every_class_has_a_vector() -> None:
    """Each step can be seen to fail."""
    assert {json.loads(text)["failure"] for text in made().values()} >= CLASSES


def test_the_set_stays_small() -> None:
    """Vectors are for people who write a verifier: few enough to be read through."""
    assert len(made()) < 60
