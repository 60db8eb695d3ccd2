"""``akashi checkup generate``: invented people, for trying things out."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.demo import read_heads
from akashi.app.desk.maps import FORMATS, MapShelf, today
from akashi.checkup.generate import Maker, encode_file
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import BadArguments, Shell, manual

_LAYOUTS = tuple(sorted(path.stem for path in (FORMATS / "layouts").glob("*.csv")))
_PLAIN = "hoshi"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "generate",
        help="make a file of invented people",
        **manual(
            parent,
            "Writes a file in the layout of an invented institution. The same seed gives the same file; nobody in it exists.",
            "akashi checkup generate --layout midori --people 100 --out kekka.csv",
            (5, 7),
        ),
    )
    parser.add_argument("--layout", choices=_LAYOUTS, default=_LAYOUTS[-1], help="whose layout")
    parser.add_argument("--people", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="which people (default 1)")
    parser.add_argument("--messy", action="store_true", help="write values in every form found in real files")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the file goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    shelf, people = MapShelf(arguments.home / "maps"), arguments.people
    if people < 1:
        raise BadArguments(what="--people 1", command="akashi checkup generate")
    layout_map = next(one for one in shelf.maps() if one.map_id.startswith(arguments.layout))
    heads = read_heads(FORMATS / "layouts" / f"{arguments.layout}.csv", layout_map.header_rows)
    maker = Maker(heads, layout_map, shelf.items(), today(shell.clock.now_ms()), messy=arguments.messy)
    plain = arguments.layout == _PLAIN
    pieces = encode_file(
        heads, maker.rows(arguments.seed, people), encoding="utf-8" if plain else "cp932", quoted=plain
    )
    data = b"".join(pieces)
    write_whole(arguments.out, data)
    told = shell.choose(f"{people} 人、{len(data):,} バイト", f"{people} people, {len(data):,} bytes")
    shell.result({"bytes": len(data), "people": people}, [told])
    return 0
