"""One service for all tests of this folder: founding it takes seconds, and what is tried here changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from akashi.app.gateway.home import Gateway
from akashi.identity.model import Role
from tests.access.origin import Origin, with_assessor
from tests.app.service import CLINIC, OFFICE, PAYER, Service, found_home

ASSESSORS = "assessors"
PARTS = {Role.SECRETARIAT: OFFICE, Role.ASSESSOR: ASSESSORS, Role.COMMITTEE: ASSESSORS, Role.BOARD: ASSESSORS}
"""Where people of a role are; everybody else is at the clinic."""


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, with its office and an assessor opened beside clinic and payer."""
    home = tmp_path_factory.mktemp("access") / "home"
    with Service(home, found_home(home)) as service:
        service.gateway(OFFICE)
        service.gateways[ASSESSORS] = with_assessor(service)
        yield service


def gateway_of(house: Service, role: Role) -> Gateway:
    """The gateway at which somebody can have ``role``."""
    return house.gateways[PARTS.get(role, CLINIC)]


@pytest.fixture(scope="session")
def origins(house: Service) -> dict[str, Origin]:
    """The origin of each institution, asked on its machine's own device."""
    return {part: Origin(one, one.machine_certificate()) for part, one in house.gateways.items()}


__all__ = ["ASSESSORS", "CLINIC", "PARTS", "PAYER", "gateway_of"]
