"""Small random changes inside values of the CBOR profile, also inside byte strings that hold such values.

Guarantees: the same seed bends alike. Refuses: nothing. Trusts: nobody.

>>> mutate([1, [2]], random.Random(3))
[4611686018427387904, [2]]
"""

from __future__ import annotations

import random
from typing import Any

from akashi_verifier import Failure, cbor

WORDS = (
    "", "a", "b", "c", "h", "g", "1", "2", "doors-1", "doors-2", "doors-2/a", "doors-1/c", "doors-1/y", "equal", "covers",
    "part_of", "overlaps", "measured", "partly", "people", "group", "disk", "disk.encrypted", "documents.current",
    "item.carried", "item.answered", "item.unanswered", "check.not_measured", "endpoints", "sns", "wireless|endpoints",
)  # fmt: skip
"""What :func:`nudge` puts for a text: words that conformity bundles use."""


def mutate(value: Any, seeded: random.Random) -> Any:
    """Replace something small somewhere inside a value of the profile."""
    if isinstance(value, list) and value and seeded.random() < 0.9:
        place = seeded.randrange(len(value))
        return [*value[:place], mutate(value[place], seeded), *value[place + 1 :]]
    if isinstance(value, dict) and value and seeded.random() < 0.9:
        key = seeded.choice(sorted(value))
        return {**value, key: mutate(value[key], seeded)}
    if isinstance(value, bytes) and value and seeded.random() < 0.9:
        inner = _decoded(value)
        if inner is not None:
            return cbor.encode(mutate(inner, seeded))
        place = seeded.randrange(len(value))
        return value[:place] + bytes([seeded.randrange(256)]) + value[place + seeded.randrange(2) :]
    return seeded.choice([None, True, 0, -1, 1, 1 << 62, b"", b"x" * 32, "", "x", [], {}, value])


def _decoded(value: bytes) -> Any:
    try:
        return cbor.decode(value)
    except Failure:
        return None


def nudge(value: Any, seeded: random.Random) -> Any:
    """Replace something small by a value of the same type, so that parsers let it pass and rules must judge it."""
    if isinstance(value, list) and value and seeded.random() < 0.95:
        place = seeded.randrange(len(value))
        if seeded.random() < 0.15:
            return [*value[:place], *seeded.choice([[], [value[place]] * 2]), *value[place + 1 :]]
        return [*value[:place], nudge(value[place], seeded), *value[place + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return seeded.choice([value + 1, value - 1, 0, 1, 2, 3, 4, 5, value + 86_400_000])
    if isinstance(value, str):
        return seeded.choice([*WORDS, value])
    return mutate(value, seeded)
