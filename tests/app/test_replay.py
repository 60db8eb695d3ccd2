"""An operation counts once, and in its own ledger only."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.identity.events import AccessAnchored
from akashi.ledger.errors import Refused
from tests.app.service import START, Cast, Service, copied

BODY = AccessAnchored(bytes(32), 1, START - 2_000, START - 1_000)


def test_a_replay_into_another_ledger_is_refused(service: Service, stranger: tuple[Path, Cast], tmp_path: Path) -> None:
    """Attack: an envelope of one service is submitted to another. Refused as foreign, and nothing is written there."""
    envelope = service.clinic.author.compose(BODY)
    service.server.engine.submit(envelope)
    home, cast = stranger
    with Service(copied(home, tmp_path / "other"), cast) as other:
        size = other.server.engine.size
        with pytest.raises(Refused) as caught:
            other.server.engine.submit(envelope)
        after = other.server.engine.size

    assert caught.value.reason == "op.foreign"
    assert after == size


def test_a_replay_into_its_own_ledger_is_answered_with_the_first_acknowledgement(service: Service) -> None:
    """Submitted twice, and again after a restart: one leaf, the same acknowledgement each time."""
    envelope = service.clinic.author.compose(BODY)
    first = service.server.engine.submit(envelope)
    size = service.server.engine.size
    second = service.server.engine.submit(envelope)
    service.close()
    with Service(service.home, service.cast, service.clock) as again:
        third = again.server.engine.submit(envelope)
        assert again.server.engine.size == size

    assert first == second == third
