"""Puts `verifier/` on the path, as its users do with PYTHONPATH; it is no part of the package under `src`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "verifier"))
