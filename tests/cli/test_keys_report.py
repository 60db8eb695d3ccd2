"""``akashi keys report``: in each language its own words; identifiers stay what commands take."""

from __future__ import annotations

import io
import re

import pytest

from akashi.app.keys.reporting import KeyLine, KeysReport
from akashi.cli.keys.report import _lines
from akashi.cli.shell import Shell
from akashi.keys.model import KeyForm
from akashi.keys.tokens.model import TokenFacts

FACTS = TokenFacts("libsofthsm2.so", "ab" * 32, "Lib", "2.6", "2.40", "label", "Maker", "Model", "2.6", True, True, "")  # noqa: FBT003
KEYS = tuple(KeyLine(form.name.lower(), "p256", form.name.lower(), 2, (1,), None) for form in KeyForm)
NAMES = {"libsofthsm2", "so", "Maker", "Model", "p256", "file", "token", "wrapped", "FIPS", "JCMVP"}
"""What stays as it is: names of keys and kinds (here: those of the forms), the module's own words, two standards."""


def _told(declared: str, language: str) -> list[str]:
    facts = TokenFacts(**{name: getattr(FACTS, name) for name in FACTS.__dataclass_fields__} | {"declared": declared})
    shell = Shell(io.StringIO(), io.StringIO(), language)
    return _lines(KeysReport("server", KEYS, facts, recoverable=True), shell)


@pytest.mark.parametrize("declared", ["", "JCMVP"])
def test_the_japanese_report_has_no_english_words(declared: str) -> None:
    """Forms and the sentence about validation are Japanese; what the operator declared is repeated."""
    words = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", "\n".join(_told(declared, "ja"))))
    assert words <= NAMES


def test_the_english_report_says_the_same() -> None:
    """Not known, or not known with what the operator declared."""
    assert _told("", "en")[-1] == "validation: not known"
    assert _told("F-1", "en")[-1] == "validation: not known (declared by the operator: F-1)"
