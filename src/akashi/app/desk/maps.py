"""The maps, item table and format definition that a gateway converts with.

Guarantees: the files in ``formats/`` and the institution's own ``maps/*.yaml`` are parsed strictly when first needed; an own map
comes before a shipped one. Refuses: files over 4 MiB. Trusted: whoever can change these files can change what a column means.
"""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, load_definition, load_items, load_map
from akashi.durable import make_directory, write_file
from akashi.errors import InputError

FORMATS = Path(__file__).resolve().parents[4] / "formats"
STANDARD_DEFINITION = "akashi-subset-1.yaml"
_ITEM_TABLES = ("items-v4.csv", "items-additional.csv", "items-own.csv")
_MAX_BYTES = 4 * 1024 * 1024


class MapTooLarge(InputError):
    """A map file over 4 MiB."""

    code = "app.map_too_large"
    ja, en = "変換表のファイルが大きすぎます（{name}）。", "The map file is too large ({name})."


class MapShelf:
    """Loads each file once. Thread-safe."""

    def __init__(self, folder: Path, formats: Path = FORMATS) -> None:
        self._folder, self._formats = folder, formats
        self._lock = threading.Lock()
        self._maps: list[LayoutMap] | None = None
        self._items: ItemTable | None = None
        self._definition: FormatDefinition | None = None

    def maps(self) -> list[LayoutMap]:
        """The institution's own maps, then the shipped ones."""
        with self._lock:
            if self._maps is None:
                own = sorted(self._folder.glob("*.yaml")) if self._folder.is_dir() else []
                shipped = sorted((self._formats / "maps").glob("*.yaml"))
                self._maps = [load_map(_text(path)) for path in [*own, *shipped]]
            return self._maps

    def add(self, name: str, text: str) -> LayoutMap:
        """Check a map and keep it among the institution's own; durable on return."""
        made = load_map(text)
        make_directory(self._folder)
        write_file(self._folder / f"{Path(name).stem}.yaml", text.encode())
        with self._lock:
            self._maps = None
        return made

    def items(self) -> ItemTable:
        """The item table (codes, names, types, units)."""
        with self._lock:
            if self._items is None:
                tables = [_text(self._formats / name) for name in _ITEM_TABLES]
                self._items = load_items(tables, _text(self._formats / "codes-v4.csv"))
            return self._items

    def definition(self) -> FormatDefinition:
        """The format definition of the standard CSV: our own subset unless a licensee's file stands in its place."""
        with self._lock:
            if self._definition is None:
                own = self._folder / "standard-format.yaml"
                self._definition = load_definition(_text(own if own.is_file() else self._formats / STANDARD_DEFINITION))
            return self._definition


def today(now_ms: int) -> date:
    """The day in Japan at ``now_ms``: fixed offset +9 h, no daylight saving."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + (now_ms + 9 * 3_600_000) // 86_400_000)


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_BYTES:
        raise MapTooLarge(name=path.name)
    return path.read_text(encoding="utf-8")
