"""docs/attacks.md names every attack that issue 5 lists, and each with tests that are there."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT
from tests.architecture.test_threat_model import defined_tests

LISTED = (
    "stolen cookie", "stolen certificate", "resumption", "keep-alive", "replayed TOTP", "cloned passkey", "wrong origin", "session fixation",
    "CSRF on every form", "privilege escalation by parameter", "id enumeration by timing", "every object", "log injection",
    "nginx socket", "TLS 1.2", "foreign CA", "expired CA", "10 minutes off", "10,000 login attempts",
)  # fmt: skip
PAGE = ROOT / "docs" / "attacks.md"


def lines() -> list[list[str]]:
    """The rows of the list: attack, tests, record."""
    section = PAGE.read_text(encoding="utf-8").split("## 1.")[1].split("## 2.")[0]
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| ")
    ][1:]


def test_every_listed_attack_has_its_line() -> None:
    """Nineteen attacks, a line each, with tests and a record."""
    attacks = [row[0] for row in lines()]

    assert [name for name in LISTED if not any(name in attack for attack in attacks)] == []
    assert len(attacks) == len(LISTED)
    assert [row[0] for row in lines() if len(row) != 3 or "`test_" not in row[1] or not row[2]] == []


def test_the_cited_tests_exist() -> None:
    """No line rests on a test that is gone."""
    cited = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))

    assert sorted(cited - defined_tests()) == []


def test_no_attack_of_the_folder_is_forgotten() -> None:
    """Each test of tests/attacks stands in docs/attacks.md or docs/asvs.md: what is tried is told."""
    told = PAGE.read_text(encoding="utf-8") + (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
    tried = {
        name
        for path in (ROOT / "tests" / "attacks").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert sorted(name for name in tried - {"test_there_are_many_forms"} if name not in told) == []
