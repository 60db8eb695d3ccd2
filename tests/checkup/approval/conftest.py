"""One founded home for the tests of map approval, and an opened copy for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.desk.maps import MapShelf
from tests.app.service import CLINIC, PAYER, Cast, Service, copied, found_home


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A home with three institutions, closed."""
    home = tmp_path_factory.mktemp("approval") / "home"
    return home, found_home(home)


@pytest.fixture
def service(founded: tuple[Path, Cast], tmp_path: Path) -> Iterator[Service]:
    """An opened copy of it, whose gateways have shelves of their own."""
    template, cast = founded
    with Service(copied(template, tmp_path / "home"), cast) as opened:
        for part in (CLINIC, PAYER):
            gateway = opened.gateway(part)
            gateway.maps = MapShelf(gateway.paths.maps, approved=gateway._approved_maps)
        yield opened
