"""``akashi person disable`` ends all that leaving ends."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from akashi.app.people import rights
from akashi.cli.person import disable
from akashi.identity.model import PersonReason


def test_disabling_somebody_revokes_their_keys_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: who was stopped at the command line keeps a key on the ledger that still counts as theirs."""
    done: list[tuple[object, ...]] = []

    @contextmanager
    def acting(*_: object) -> Iterator[tuple[Any, Any]]:
        yield SimpleNamespace(gateway="gateway"), "session"

    monkeypatch.setattr(disable, "acting_maybe", acting)
    monkeypatch.setattr(disable, "person_named", lambda *_: "per-gone0000")
    monkeypatch.setattr(rights, "left", lambda *given: done.append(given))
    shell: Any = SimpleNamespace(result=lambda *_: None)
    disable._run(Namespace(named="hanako", reason="left"), shell)
    assert done == [("gateway", "session", "per-gone0000", PersonReason.LEFT)]
