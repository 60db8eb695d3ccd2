"""Every list is in the access journal before it is shown, also the list of what is not on the ledger yet."""

from __future__ import annotations

import pytest

from akashi.identity.journal import What
from tests.api.served import World

pytestmark = pytest.mark.network


@pytest.mark.parametrize("path", ["/api/v1/transfers", "/api/v1/transfers?box=sent", "/api/v1/transfers/pending"])
def test_a_list_is_recorded(world: World, path: str) -> None:
    """One entry for one look, with who looked."""
    client, journal = world.signed_in(world.clinic), world.gateway(world.clinic).journal
    head = journal.head()
    answer = client.get(path)
    new = list(journal.entries((head.count if head else 0) + 1))

    assert answer.status_code == 200
    assert [(one.what, one.person) for one in new] == [(What.LISTED, world.clinic.person)]
