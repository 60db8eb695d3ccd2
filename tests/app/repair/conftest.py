"""Four servers of a ledger, founded and running once for a file of tests; every test leaves them level."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from akashi.clock import SystemClock
from tests.app.network.four import found_four
from tests.app.repair.lab import Lab, running
from tests.ports import free_ports


@pytest.fixture(scope="module")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Real nodes on ports of this machine."""
    with running(found_four(tmp_path_factory.mktemp("lab"), SystemClock(), free_ports(8))) as found:
        yield found


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    """The four of them at rest: what the test before did has been said, and has come to all, so that a test counts what is its own."""
    running_lab.at_rest()
    return running_lab
