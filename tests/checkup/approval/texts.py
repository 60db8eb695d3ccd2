"""Map texts of an invented institution: the shipped layout of ``hoshi`` under an id of its own."""

from __future__ import annotations

from akashi.app.desk.maps import FORMATS

MAP_ID = "kumo-2026"


def text(version: int = 1, map_id: str = MAP_ID, remark: str = "") -> str:
    """A map for the layout of ``hoshi``; ``remark`` makes it another text that says the same."""
    shipped = (FORMATS / "maps" / "hoshi.yaml").read_text(encoding="utf-8")
    lines = [line for line in shipped.splitlines() if not line.startswith(("id:", "version:", "#"))]
    head = [f"# {remark}"] if remark else []
    return "\n".join([*head, f"id: {map_id}", f"version: {version}", *lines, ""])
