"""Invented files for batches, and the tables to convert them with, loaded once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from akashi.app.checkup.batch import run_batch
from akashi.app.checkup.batch_products import Terms
from akashi.app.checkup.batch_report import Summary
from akashi.app.checkup.batch_work import Outcome, Tables
from akashi.app.demo import read_heads
from akashi.app.desk.making import Sender
from akashi.app.desk.maps import FORMATS, MapShelf
from akashi.checkup.generate import Maker, encode_file

ON = date(2026, 6, 1)
LIMIT = 1 << 24
SENDER = Sender("1319999901", "架空健診センター", 0, "99000001", 0, "架空　医師")
UNKNOWN = b"a,b\r\n1,2\r\n"


@cache
def tables() -> Tables:
    """The shipped tables and maps."""
    return Tables.of(MapShelf(Path("no maps of one's own")), ON, LIMIT)


@cache
def sample(layout: str, people: int = 3, seed: int = 1) -> bytes:
    """A file in the layout of an invented institution."""
    chosen = next(one for one in tables().maps if one.map_id.startswith(layout))
    heads = read_heads(FORMATS / "layouts" / f"{layout}.csv", chosen.header_rows)
    maker = Maker(heads, chosen, tables().items, ON, messy=False)
    return b"".join(encode_file(heads, maker.rows(seed, people), encoding="utf-8", quoted=True))


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write ``files`` under ``folder``."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def run(source: Path, out: Path, terms: Terms | None = None, *, resume: bool = False, jobs: int = 1) -> Summary:
    """A batch over one folder."""
    return run_batch([source], out, tables(), terms or Terms(), resume=resume, jobs=jobs)


def by_name(summary: Summary) -> dict[str, Outcome]:
    """What became of each input, by the last part of its name."""
    return {one.found.name.rsplit("/", 1)[-1]: one for one in summary.outcomes}


def contents(out: Path) -> dict[str, bytes]:
    """Every product of a batch: path -> bytes; not what the batch remembers or sums up."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in files
        if path.parent != out and path.parent.name != "state"
    }
