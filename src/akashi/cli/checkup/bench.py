"""What the checkup commands work with: the file, the maps, the day, the limit.

Guarantees: maps come from ``--maps``, else from the one gateway of the home, then from those shipped; the limit is the gateway's
``upload_limit_bytes``, else 512 MiB. Refuses nothing that ``akashi.checkup`` does not refuse. Trusts the map files.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from akashi.app.config import GatewaySettings, gateway_paths, gateways_in, load_settings
from akashi.app.desk.maps import MapShelf, today
from akashi.checkup import FINDING_KINDS, ConversionReport, Inspection, LayoutMap, Severity, inspect
from akashi.checkup.errors import LayoutUnknown, MapNotValid
from akashi.cli.files import FileUnreadable
from akashi.cli.shell import Shell
from akashi.errors import NotFound


class MapUnknown(NotFound):
    """No map of that id is among those shipped or the institution's own."""

    code = "cli.map_unknown"
    ja, en = "その変換表はありません。", "There is no such map."
    hint_ja, hint_en = "map の名前（id）を確かめてください。", "Check the id of the map."


@dataclass(frozen=True, slots=True)
class Bench:
    """Maps, limit and day of one command."""

    shelf: MapShelf
    limit: int
    on: date

    def look(self, path: Path) -> Inspection:
        """What the file looks like. Raises the reading errors of ``checkup``."""
        with reading(path) as stream:
            return inspect(stream, maps=self.shelf.maps(), limit_bytes=self.limit)

    def map_for(self, path: Path, wanted: str) -> LayoutMap:
        """The map ``wanted``, else the newest valid one of the file's layout. Raises ``LayoutUnknown``, ``MapNotValid``."""
        if wanted:
            known = [one for one in self.shelf.maps() if one.map_id == wanted]
            if not known:
                raise MapUnknown
        else:
            seen = self.look(path)
            known = [one for one in self.shelf.maps() if one.layout_hash == seen.layout_hash]
            if not known:
                raise LayoutUnknown(columns=len(seen.columns))
        valid = [one for one in known if one.valid_on(self.on)]
        if not valid:
            raise MapNotValid(map=known[0].map_id)
        return max(valid, key=lambda one: (one.valid_from, one.map_id))


def bench_options(parser: argparse.ArgumentParser) -> None:
    """The options of commands that read a checkup file."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the institution's file (CSV, UTF-8 or CP932)")
    parser.add_argument("--maps", type=Path, metavar="FOLDER", help="folder with maps of your own (*.yaml)")
    parser.add_argument("--institution", default="", help="whose maps, where the home has several gateways (inst-…)")


def bench_of(arguments: argparse.Namespace, shell: Shell) -> Bench:
    """The bench that the options describe."""
    on, there = today(shell.clock.now_ms()), gateways_in(arguments.home)
    chosen = arguments.institution or (there[0] if len(there) == 1 else "")
    if not chosen:
        return Bench(MapShelf(arguments.maps or arguments.home / "maps"), GatewaySettings().upload_limit_bytes, on)
    paths = gateway_paths(arguments.home, chosen)
    limit = load_settings(paths.settings, GatewaySettings).upload_limit_bytes
    return Bench(MapShelf(arguments.maps or paths.maps), limit, on)


class _Watched(io.FileIO):
    """A file that tells how far it was read."""

    def __init__(self, path: Path, show: Callable[[int, int], None]) -> None:
        super().__init__(path)
        self._show, self._total = show, path.stat().st_size

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # the stub wants a private type
        """Read, and show how far."""
        count = super().readinto(buffer)
        self._show(self.tell(), self._total)
        return count


@contextmanager
def reading(path: Path, show: Callable[[int, int], None] = lambda _done, _total: None) -> Iterator[BinaryIO]:
    """The file as a stream. Raises :class:`FileUnreadable`."""
    try:
        stream = io.BufferedReader(_Watched(path, show), 1 << 18)
    except (OSError, ValueError) as error:
        raise FileUnreadable(name=path.name) from error
    with stream:
        yield stream


def severities(report: ConversionReport) -> dict[str, int]:
    """How many findings stop, warn, inform."""
    totals: Counter[str] = Counter()
    for code, count in report.counts_by_code.items():
        totals[FINDING_KINDS[code].severity.value] += count
    return {one.value: totals[one.value] for one in Severity}
