"""One served home for all API tests: founding it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.served import World, served


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The home; it lives for the session."""
    with served(tmp_path_factory.mktemp("served")) as made:
        yield made
