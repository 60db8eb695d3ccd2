"""A served home and a browser with a device certificate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.api.served import World, served
from tests.waiting import PATIENCE_S
from tests.web.conformity_stage import Assessed, assessed


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The home; it lives for the session."""
    with served(tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home in which people have keys of their own and second places are asked about; it lives for the session."""
    with served(tmp_path_factory.mktemp("house"), confirm_places=True) as made:
        yield made


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assessed]:
    """A home with an assessor, its conformity on the stage; it lives for the session."""
    with assessed(tmp_path_factory.mktemp("assessed")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"], timeout=PATIENCE_S * 1000
        )
        yield made
        made.close()
