"""Signatures per second: keys in files against keys in a SoftHSM token. Prints a table; SoftHSM is a test double, not a budget.

Run: ``PYTHONPATH=src:. python bench/keys.py [seconds]``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from akashi.keys import FAST_UNSAFE_COST, FileKeystore, KeyKind
from akashi.keys.custody.rules import coefficients_needed, combine, split
from tests.keys.tokens.softhsm import open_token


def rate(work: Callable[[], object], seconds: float) -> float:
    """Calls per second."""
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - begun)


def main(seconds: float) -> None:
    """Measure and print."""
    folder, token = Path(tempfile.mkdtemp(prefix="akashi-bench-")), open_token("akashi-bench")
    files = FileKeystore.create(folder / "files", b"invented", cost=FAST_UNSAFE_COST)
    inside = FileKeystore.create(folder / "token", b"invented", cost=FAST_UNSAFE_COST, token=token)
    print(f"{'':24}{'file /s':>12}{'token /s':>12}{'ratio':>8}")
    for kind in (KeyKind.P256, KeyKind.ED25519):
        rates = []
        for store in (files, inside):
            store.generate(kind.name.lower(), kind)
            signer = store.signer(kind.name.lower())
            rates.append(rate(lambda signer=signer: signer.sign(b"m" * 64), seconds))  # type: ignore[misc]  # bound in the loop
        print(f"sign {kind.name.lower():19}{rates[0]:12,.0f}{rates[1]:12,.0f}{rates[0] / rates[1]:8.1f}")
    for store, name in ((files, "file"), (inside, "token")):
        store.generate("opening", KeyKind.XWING)
        print(f"unlock an opening key, {name}: {rate(lambda store=store: store.opener('opening'), seconds):,.0f}/s")  # type: ignore[misc]  # as above
    made = split(bytes(32), bytes(16), 3, 5, bytes(coefficients_needed(3)))
    print(f"split 3 of 5: {rate(lambda: split(bytes(32), bytes(16), 3, 5, bytes(64)), seconds):,.0f}/s")
    print(f"combine 3: {rate(lambda: combine(made[:3]), seconds):,.0f}/s")
    token.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
