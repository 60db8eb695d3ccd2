"""A results file of invented people whose layout nobody has mapped: a shipped layout with its headings changed a little."""

from __future__ import annotations

from akashi.app.config import gateway_paths
from akashi.app.demo import read_heads
from akashi.app.desk.maps import FORMATS, MapShelf, today
from akashi.checkup.generate import Maker, encode_file
from akashi.clock import SystemClock
from tests.api.served import World


def unknown_file(world: World, people: int = 6, seed: int = 5) -> bytes:
    """UTF-8; the last heading is one that no map knows."""
    shelf = MapShelf(gateway_paths(world.home, world.clinic.institution).maps)
    layout = next(one for one in shelf.maps() if one.map_id.startswith("hoshi"))
    heads = read_heads(FORMATS / "layouts" / "hoshi.csv", layout.header_rows)
    maker = Maker(heads, layout, shelf.items(), today(SystemClock().now_ms()), messy=True)
    rows = list(maker.rows(seed, people))
    renamed = [list(row) for row in heads]
    renamed[-1][-1] = "まったく別の列"
    return b"".join(encode_file(renamed, rows, encoding="utf-8"))
