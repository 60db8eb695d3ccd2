"""What the checkup commands work with: the file, the maps, the day, the limit.

Guarantees: maps come from the folder that ``--maps`` names, then from those shipped; the limit is the gateway's ``upload_limit_bytes``, else
512 MiB. Nobody signs in here, so approved maps, which are sealed, are not at hand. Refuses nothing that ``akashi.checkup`` does not
refuse. Trusted: whoever names the folder of ``--maps``.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from akashi.app.config import GatewaySettings, gateway_paths, gateways_in, load_settings
from akashi.app.desk.maps import MapShelf, today
from akashi.checkup import Finding, Inspection, LayoutMap, NeutralRecord, inspect
from akashi.checkup.errors import LayoutUnknown
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.tabular.convert import read_records
from akashi.checkup.tabular.layout import newest_of
from akashi.cli.files import FileUnreadable, FolderMissing
from akashi.cli.shell import Shell
from akashi.errors import NotFound


class MapUnknown(NotFound):
    """No map of that id is among those shipped or the institution's own."""

    code = "cli.map_unknown"
    ja, en = "その変換表はありません。", "There is no such map."
    hint_ja, hint_en = "変換表の名前を確かめてください。", "Check the id of the map."


@dataclass(frozen=True, slots=True)
class Bench:
    """Maps, limit and day of one command."""

    shelf: MapShelf
    limit: int
    on: date

    def look(self, path: Path) -> Inspection:
        """What the file looks like. Raises the reading errors of ``checkup``."""
        with reading(path) as stream:
            return inspect(
                stream,
                maps=self.shelf.maps(),
                limit_bytes=self.limit,
                # The word list is only read where no map knows the headings.
                is_heading=lambda cell: self.shelf.words().is_heading(cell),
            )

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
        return newest_of(known, self.on)

    def people(
        self, stream: BinaryIO, path: Path, wanted: str, sink: Callable[[Finding], None]
    ) -> tuple[FormatName, Iterator[NeutralRecord]]:
        """What ``stream``, the file at ``path``, is, and its people: a table as ``convert`` reads it, with the same map and words."""
        shelf = self.shelf
        form = detect(stream.read(LOOK_BYTES), definitions=[shelf.definition()])
        stream.seek(0)
        if form is FormatName.LAYOUT:
            return form, read_records(
                stream,
                self.map_for(path, wanted),
                on=self.on,
                items=shelf.items(),
                finding_sink=sink,
                limit_bytes=self.limit,
                vocabulary=shelf.vocabulary(),
            )
        return read_any(
            stream,
            items=shelf.items(),
            definition=shelf.definition(),
            maps=[],
            on=self.on,
            finding_sink=sink,
            limit_bytes=self.limit,
        )


def bench_options(parser: argparse.ArgumentParser, what: str = "the institution's file (CSV, UTF-8 or CP932)") -> None:
    """The options of commands that read a checkup file; ``what`` says which."""
    parser.add_argument("file", type=Path, metavar="FILE", help=what)
    parser.add_argument("--maps", type=Path, metavar="FOLDER", help="folder with maps to try (*.yaml), approved or not")
    parser.add_argument(
        "--institution", default="", help="whose settings, where the home has several gateways (inst-…)"
    )


def bench_of(arguments: argparse.Namespace, shell: Shell) -> Bench:
    """The bench that the options describe. Raises :class:`FolderMissing`."""
    if arguments.maps is not None and not arguments.maps.is_dir():
        raise FolderMissing(name=arguments.maps.name)
    on, there = today(shell.clock.now_ms()), gateways_in(arguments.home)
    chosen = arguments.institution or (there[0] if len(there) == 1 else "")
    if not chosen:
        return Bench(_shelf(arguments.maps, arguments.home / "maps"), GatewaySettings().upload_limit_bytes, on)
    paths = gateway_paths(arguments.home, chosen)
    limit = load_settings(paths.settings, GatewaySettings).upload_limit_bytes
    return Bench(_shelf(arguments.maps, paths.maps), limit, on)


def _shelf(named: Path | None, folder: Path) -> MapShelf:
    return MapShelf(folder) if named is None else MapShelf(named, loose=True)


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
