"""One service for all attacks, and people of it who attack: founding it takes seconds, and no attack changes anything."""

from __future__ import annotations

from itertools import count

import pytest

from akashi.identity.model import Role
from tests.access.conftest import house
from tests.access.origin import signed_in_as
from tests.app.service import CLINIC, Service
from tests.attacks.asking import Attacker
from tests.attacks.witness import forget_failures

HANDS = Role.OPERATOR | Role.APPROVER | Role.MANAGER | Role.AUDITOR | Role.PLANNER | Role.OPERATIONS
_NUMBERS = count()
__all__ = ["HANDS", "house"]


@pytest.fixture(scope="session")
def clinic(house: Service) -> Attacker:
    """The clinic's origin, from the device of its own machine."""
    return Attacker(house.clinic)


@pytest.fixture(autouse=True)
def _a_day_later(house: Service) -> None:
    """What earlier attacks failed at is no longer counted: each attack begins with doors that are open."""
    forget_failures(house)


@pytest.fixture
def insider(house: Service) -> str:
    """The token of somebody of the clinic who may do nearly everything: what is refused to them is refused for the attack."""
    return signed_in_as(house.gateways[CLINIC], HANDS, f"-insider-{next(_NUMBERS)}")


@pytest.fixture
def clerk(house: Service) -> str:
    """The token of somebody of the clinic with one role."""
    return signed_in_as(house.gateways[CLINIC], Role.OPERATOR, f"-clerk-{next(_NUMBERS)}")
