"""Every setting stands in docs/operations.md."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from akashi.app.config import GatewaySettings, ServerSettings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def test_every_setting_is_documented() -> None:
    """A setting that an operator cannot look up does not exist."""
    page = PAGE.read_text(encoding="utf-8")
    names = {field.name for settings in (ServerSettings, GatewaySettings) for field in fields(settings)}

    assert sorted(name for name in names if f"`{name}`" not in page) == []
