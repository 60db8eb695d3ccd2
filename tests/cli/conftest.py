"""The home of the transcripts, founded once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from akashi.identity.credentials import Hasher
from tests.cli.stage import Cast, Stage, found

CHEAP = {"at_once": 2, "passes": 1, "memory_kib": 8, "lanes": 1}
"""argon2 costs for passwords: each command signs in, and guessing is not what is tested here."""


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A founded home and who is in it; copied, never used."""
    home = tmp_path_factory.mktemp("cli") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hasher.__init__, "__kwdefaults__", CHEAP)
        return home, found(home)


@pytest.fixture
def stage(founded: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A copy of the home, with nothing set in the environment that a command would look at."""
    for name in ("AKASHI_HOME", "AKASHI_PASSPHRASE_FILE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Hasher.__init__, "__kwdefaults__", CHEAP)
    home, cast = founded
    shutil.copytree(home, tmp_path / "home")
    made = Stage(tmp_path, deepcopy(cast))
    yield made
    made.close()
