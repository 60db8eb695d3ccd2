"""What a bench returns: a figure beside the machine's own limit, and the budget it is held to.

Guarantees: frozen values. A budget is a bound on ``ratio``, said in the text: it starts with ``≥`` or ``≤`` and a number
(``"≥ 0.6 of the Ed25519 verify rate"``), so that the page and the verdict cannot differ.

>>> Measurement("ledger, batched", 5200.0, "operations/s", 8000.0, 0.65, "≥ 0.6 of the Ed25519 verify rate").kept
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

_BUDGET = re.compile(r"([≥≤]) ([0-9]+(?:\.[0-9]+)?)\b")


@dataclass(frozen=True)
class Measurement:
    """One figure of one run."""

    name: str
    value: float
    unit: str
    limit: float | None
    """What the machine itself does, in the same unit, measured in the same run."""
    ratio: float | None
    """``value`` against ``limit``; which way round, the budget says."""
    budget: str

    @property
    def kept(self) -> bool | None:
        """Whether the ratio keeps the budget; ``None`` where there is no budget or no ratio."""
        bound = _BUDGET.match(self.budget)
        if bound is None or self.ratio is None:
            return None
        sign, number = bound.groups()
        return self.ratio >= float(number) if sign == "≥" else self.ratio <= float(number)


def openssl_key(spki: bytes) -> Ed25519PublicKey:
    """The yardstick of signatures: a key whose ``verify`` is OpenSSL's. The budgets were set against it, whatever the product checks signatures with."""
    key = load_der_public_key(spki)
    assert isinstance(key, Ed25519PublicKey)
    return key
