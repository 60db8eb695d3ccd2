"""Where the tests find the program ``cometbft``: on the PATH, or where ``tools/cometbft.sh`` puts it.

Tests that need it take the mark :data:`needs_cometbft` and the path :data:`COMETBFT`. Where there is no such program they are
skipped with the reason, and everything else is tested.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

COMETBFT: Path | None = next(
    (Path(found) for found in (shutil.which("cometbft"), shutil.which("cometbft", path=str(ROOT / ".tools"))) if found),
    None,
)
"""The program, or ``None``."""

needs_cometbft = pytest.mark.skipif(COMETBFT is None, reason="cometbft is not installed (tools/cometbft.sh)")
"""Skips a test, or a whole file as ``pytestmark``, where there is no program."""


def cometbft() -> Path:
    """The program, for a test that bears :data:`needs_cometbft`."""
    assert COMETBFT is not None, "the test lacks the mark needs_cometbft"
    return COMETBFT
