"""What holds for every test: no network, no real clock luck, the same examples each time.

Sockets are disabled by pytest-socket (see pyproject.toml). A test marked ``network`` or ``browser`` may talk to this
machine and to nothing else. Hypothesis derives its examples from the test itself, so a red run is red again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

LOCALHOST = ["127.0.0.1", "::1", "localhost"]
SLOW_S, ANSWER_S = 1800, 90.0
"""How long a slow test may take before it hangs, and one operation of several servers in it: reached on no machine that goes on at all."""

settings.register_profile(
    "akashi",
    derandomize=True,
    deadline=None,  # the machine is shared: elapsed time is measured in bench/, never here
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("akashi")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open localhost, and only localhost, for tests that say that they need it; give slow ones the time to be slow."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_S))
        if item.get_closest_marker("network") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.allow_hosts(LOCALHOST))


@pytest.fixture(autouse=True, scope="module")
def patient(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a whole file is slow, several servers may take longer over an operation than a person would wait: the machine is shared."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("slow"):
            patch.setattr("akashi.network.service.ACK_TIMEOUT_S", ANSWER_S)
        yield
