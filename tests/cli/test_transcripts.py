"""What the command line says, word for word, on good and on bad ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.stage import Stage, play

FOLDER = Path(__file__).with_name("transcripts")
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_transcript(stage: Stage, name: str) -> None:
    """Each command of the transcript answers as written there: output, errors, exit status."""
    script = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")

    assert list(play(stage, script)) == []
