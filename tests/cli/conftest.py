"""The home of the transcripts, founded once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from akashi.app.desk import maps
from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, load_definition, load_items, load_map
from akashi.identity.credentials import Hasher
from tests.cli.conformity_stage import put_on_stage
from tests.cli.stage import Cast, Stage, found

CHEAP = {"at_once": 2, "passes": 1, "memory_kib": 8, "lanes": 1}
"""argon2 costs for passwords: each command signs in, and guessing is not what is tested here."""


# Parsing the shipped tables takes most of a command's time; parsers are pure, so each text is parsed once.
_parsed_map: Callable[[str], LayoutMap] = cache(load_map)
_parsed_definition: Callable[[str], FormatDefinition] = cache(load_definition)


@cache
def _parsed_items(tables: tuple[str, ...], codes: str) -> ItemTable:
    return load_items(tables, codes)


def cheapen(patch: pytest.MonkeyPatch) -> None:
    """Passwords cost little to check, and tables are parsed once."""
    patch.setattr(Hasher.__init__, "__kwdefaults__", {**(Hasher.__init__.__kwdefaults__ or {}), **CHEAP})
    patch.setattr(maps, "load_map", _parsed_map)
    patch.setattr(maps, "load_definition", _parsed_definition)
    patch.setattr(maps, "load_items", lambda tables, codes: _parsed_items(tuple(tables), codes))


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A founded home and who is in it; copied, never used."""
    home = tmp_path_factory.mktemp("cli") / "home"
    with pytest.MonkeyPatch.context() as patch:
        cheapen(patch)
        return home, found(home)


@pytest.fixture
def stage(founded: tuple[Path, Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A copy of the home, with nothing set in the environment that a command would look at."""
    for name in ("AKASHI_HOME", "AKASHI_PASSPHRASE_FILE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    cheapen(monkeypatch)
    put_on_stage(monkeypatch)
    home, cast = founded
    shutil.copytree(home, tmp_path / "home")
    made = Stage(tmp_path, deepcopy(cast))
    yield made
    made.close()
