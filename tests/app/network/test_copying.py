"""What a further server's keeper does beside erasing and fetching: bytes that were never announced, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from akashi.app.network import copying
from akashi.app.network.copying import CopyKeeper
from akashi.app.network.running import NetworkNode
from akashi.clock import FixedClock
from akashi.errors import AkashiError
from akashi.ledger.author import Author
from akashi.network.payloads.erasing import SWEEP_EVERY_MS, Erased
from akashi.network.payloads.intake import Fetching
from akashi.network.payloads.overview import CopyOverview
from akashi.vault.accounting import Owed
from akashi.vault.service import Vault

NOW = 1_795_219_200_000
EIGHT_DAYS = 8 * 24 * 3600 * 1000


class _Stage:
    """A keeper between stand-ins; ``catching_up``: whether the node lacks blocks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, orphan_after_ms: int | None = EIGHT_DAYS) -> None:
        self.clock, self.catching_up = FixedClock(NOW), False
        self.expired: list[int] = []
        self.told: list[str] = []
        self.owed: list[Owed] = []
        for name, stand_in in (
            ("Copies", lambda *_: SimpleNamespace(close=lambda: None)),
            ("Intake", lambda *_: SimpleNamespace(mistrusted={"srv-b": 2})),
            ("Erasures", lambda *_: SimpleNamespace(run_once=lambda: Erased(0, 0, 0))),
            ("erase_before_serving", lambda *_: 0),
            ("fetch_missing", lambda _intake: Fetching(0, ())),
        ):
            monkeypatch.setattr(copying, name, stand_in)
        monkeypatch.setattr("akashi.network.payloads.overview.overdue_receipts", lambda *_: self.owed)
        status = SimpleNamespace(status=lambda: SimpleNamespace(catching_up=self.catching_up))
        self.node: Any = SimpleNamespace(
            engine=SimpleNamespace(view=_view), desk=SimpleNamespace(), process=SimpleNamespace(client=status),
            links=SimpleNamespace(peers=dict), tell=self._tell, copies=CopyOverview(),
        )  # fmt: skip
        vault = SimpleNamespace(expire_orphans=self._expire)
        self.keeper = CopyKeeper(
            cast("NetworkNode", self.node),
            cast("Vault", vault),
            cast("Author", None),
            self.clock,
            orphan_after_ms=orphan_after_ms,
        )

    def _tell(self, problem: AkashiError) -> None:
        self.told.append(problem.code)

    def _expire(self, _known: Callable[[bytes], bool], older_than_ms: int) -> list[bytes]:
        self.expired.append(older_than_ms)
        return []


@contextmanager
def _view() -> Iterator[None]:
    yield None


def test_what_was_never_announced_is_dropped_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start and each hour, after the time that the settings name."""
    stage = _Stage(monkeypatch)
    stage.keeper.run_once()
    stage.keeper.run_once()
    stage.clock.advance(SWEEP_EVERY_MS)
    stage.keeper.run_once()

    assert stage.expired == [EIGHT_DAYS, EIGHT_DAYS]


def test_a_server_that_lacks_blocks_drops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The announcement may be among them; it looks again when it has them."""
    stage = _Stage(monkeypatch)
    stage.catching_up = True
    stage.keeper.run_once()
    before = list(stage.expired)
    stage.catching_up = False
    stage.keeper.run_once()

    assert (before, stage.expired) == ([], [EIGHT_DAYS])


def test_the_founding_server_leaves_that_to_its_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is done once."""
    stage = _Stage(monkeypatch, None)
    stage.keeper.run_once()

    assert stage.expired == []


def test_who_owes_and_who_is_mistrusted_is_shown_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the status in every turn, as an alarm once."""
    stage = _Stage(monkeypatch)
    stage.owed.append(Owed(3, bytes(16), 1))
    stage.keeper.run_once()
    stage.keeper.run_once()

    assert stage.node.copies == CopyOverview({3: 1}, {"srv-b": 2})
    assert stage.told == ["network.receipt_overdue"]
