"""What holds for every test: no network, no real clock luck, the same examples each time.

Sockets are disabled by pytest-socket (see pyproject.toml). A test marked ``network`` or ``browser`` may talk to this
machine and to nothing else. Hypothesis derives its examples from the test itself, so a red run is red again.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

LOCALHOST = ["127.0.0.1", "::1", "localhost"]

settings.register_profile(
    "akashi",
    derandomize=True,
    deadline=None,  # the machine is shared: elapsed time is measured in bench/, never here
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("akashi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open localhost, and only localhost, for tests that say that they need it."""
    for item in items:
        if item.get_closest_marker("network") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.allow_hosts(LOCALHOST))
