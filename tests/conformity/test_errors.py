"""The sentences of errors that carry a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from akashi.conformity.errors import STEP_REASONS, StepRefused

FLOW = Path(__file__).resolve().parents[2] / "src" / "akashi" / "conformity" / "flow"


def test_a_reason_is_told_in_words_and_by_its_code() -> None:
    """The clerk reads words, who helps them finds the code."""
    told = StepRefused(reason="assessment.same_person")
    assert told.sentence("ja").endswith("（評価・委員会・理事会は別の人が行います [assessment.same_person]）。")
    assert "different people" in told.sentence("en")
    assert "x.unheard" in StepRefused(reason="x.unheard").sentence("ja")


@pytest.mark.parametrize("code", sorted(STEP_REASONS))
def test_each_reason_in_words_is_one_that_the_flow_gives(code: str) -> None:
    """No words for what is never said."""
    said = "".join(path.read_text(encoding="utf-8") for path in FLOW.glob("*.py"))
    assert re.search(rf'"{re.escape(code)}"', said)
