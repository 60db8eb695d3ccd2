"""A clinic's ward is staffed once per session; tests of lifecycle open a copy of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.people.staff import Ward, ward_of
from tests.app.service import Cast, Service, copied


@pytest.fixture(scope="session")
def ward_home(template: tuple[Path, Cast], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast, Ward]:
    """A closed home whose clinic has a ward, to be copied."""
    home, cast = template
    copy = copied(home, tmp_path_factory.mktemp("ward") / "home")
    with Service(copy, cast) as service:
        ward = ward_of(service)
    return copy, cast, ward
