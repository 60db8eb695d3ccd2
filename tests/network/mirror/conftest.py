"""A founded service, copied for each test, with a mirror of its own beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.service import Cast, Service, copied, found_home
from tests.network.mirror.carrying import Carried
from tests.network.mirror.story import Story, tell


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A founded and closed home, to be copied."""
    home = tmp_path_factory.mktemp("mirrored") / "home"
    return home, found_home(home)


@pytest.fixture
def carried(template: tuple[Path, Cast], tmp_path: Path) -> Iterator[Carried]:
    """An opened copy of the service, and an enrolled, still empty mirror."""
    source, cast = template
    service = Service(copied(source, tmp_path / "home"), cast)
    made = Carried(tmp_path, service)
    yield made
    made.close()


@pytest.fixture(scope="session")
def story(template: tuple[Path, Cast], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Three bundles, made once."""
    return tell(template, tmp_path_factory.mktemp("story"))
