"""One home is founded per session; every test opens a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.service import Cast, Service, copied, found_home


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A founded and closed home, to be copied."""
    home = tmp_path_factory.mktemp("template") / "home"
    return home, found_home(home)


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """The closed home of another service: another ledger, other keys."""
    home = tmp_path_factory.mktemp("stranger") / "home"
    return home, found_home(home)


@pytest.fixture
def service(template: tuple[Path, Cast], tmp_path: Path) -> Iterator[Service]:
    """An opened copy."""
    home, cast = template
    with Service(copied(home, tmp_path / "home"), cast) as opened:
        yield opened
