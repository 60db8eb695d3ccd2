"""One founded home for all tests that need a real ledger, and a copy for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.gateway.home import OPENING_KEY
from akashi.conformity.service import Conformity
from tests.app.service import CLINIC, Cast, Service, copied, found_home
from tests.conformity.small import small_books, small_judges


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A home with three institutions, closed."""
    home = tmp_path_factory.mktemp("conformity") / "home"
    return home, found_home(home)


@pytest.fixture
def service(founded: tuple[Path, Cast], tmp_path: Path) -> Iterator[Service]:
    """An opened copy of it."""
    template, cast = founded
    with Service(copied(template, tmp_path / "home"), cast) as opened:
        yield opened


@pytest.fixture
def conformity(service: Service) -> Iterator[Conformity]:
    """The clinic's conformity over the small books."""
    gateway = service.gateway(CLINIC)
    made = Conformity(
        database=gateway.paths.conformity,
        box=gateway.keystore,
        author=gateway.author,
        payloads=gateway.payloads,
        openers=[gateway.keystore.opener(OPENING_KEY)],
        clock=gateway.clock,
        books=small_books(),
        judges=small_judges(),
    )
    yield made
    made.close()
