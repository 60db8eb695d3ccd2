"""A founded service, copied for each test, with folders that files are carried through and a mirror on the other side."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.config import ServerSettings, load_settings, save_settings, server_paths
from tests.app.mirrors.line import MINUTE_MS, Line
from tests.app.service import Cast, Service, copied, found_home
from tests.network.mirror.carrying import Carried


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A founded and closed home, to be copied."""
    home = tmp_path_factory.mktemp("daily") / "home"
    return home, found_home(home)


@pytest.fixture
def line(template: tuple[Path, Cast], tmp_path: Path) -> Iterator[Line]:
    """A service whose settings ask for bundles each minute, at most three waiting, and its enrolled mirror."""
    source, cast = template
    home = copied(source, tmp_path / "home")
    for name in ("out", "in"):
        (tmp_path / name).mkdir()
    path = server_paths(home).settings
    settings = replace(
        load_settings(path, ServerSettings),
        mirror_outbox=str(tmp_path / "out"),
        mirror_inbox=str(tmp_path / "in"),
        mirror_every_ms=MINUTE_MS,
        mirror_keep=3,
    )
    save_settings(path, settings)
    carried = Carried(tmp_path, Service(home, cast))
    enrolment = carried.mirror.enrolment()
    carried.mirror.close()
    yield Line(carried, tmp_path / "out", tmp_path / "in", enrolment)
    carried.service.close()
    shutil.rmtree(tmp_path, ignore_errors=True)
