"""A run waits for its targets as the gateway's settings say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.conformity.running import bench_of
from akashi.app.errors import SettingsInvalid
from akashi.conformity.probing import Patience
from tests.app.service import Service


def test_a_run_waits_as_it_is_set(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting reaches what the probes are given; one beyond its bounds stops the run and is named."""
    gateway = service.clinic
    shipped = bench_of(gateway, tmp_path).patience
    monkeypatch.setattr(gateway, "settings", replace(gateway.settings, probe_answer_ms=20_000))
    slow = bench_of(gateway, tmp_path).patience
    monkeypatch.setattr(gateway, "settings", replace(gateway.settings, probe_answer_ms=100))

    assert (shipped, slow) == (Patience(), Patience(20_000))
    with pytest.raises(SettingsInvalid) as refused:
        bench_of(gateway, tmp_path)
    assert refused.value.params == {"setting": "probe_answer_ms"}
