"""The pages of sessions and devices cite tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["identity-sessions.md", "identity-devices.md"])
def test_cited_tests_of_presence_exist(name: str) -> None:
    """Every test that the page names is there, once the tests of identity, the API, the pages and the use cases are read."""
    cited = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / name).read_text(encoding="utf-8")))
    files = [path for part in ("identity", "api", "app", "web") for path in (ROOT / "tests" / part).rglob("test_*.py")]
    defined = {one for path in files for one in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)}

    assert len(cited) > 15
    assert cited - defined == set()
