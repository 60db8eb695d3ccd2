"""How fast conversion is, against a script that only moves columns (the fastest we know: stdlib csv, streaming).

Guarantees: both run in this process, on the same invented file, and are measured in CPU time. Refuses: caching
between runs: each conversion compiles its tables anew.

Run: ``PYTHONPATH=src:. python bench/checkup.py``
"""

from __future__ import annotations

import csv
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from operator import itemgetter
from pathlib import Path

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, convert, load_definition, load_items, load_map
from akashi.checkup.generate import Maker, encode_file
from bench.measurement import Measurement

FORMATS = Path(__file__).resolve().parent.parent / "formats"
ROWS = 10_000
BUDGET = "≥ 0.6 of a script that only moves columns"
ON = date(2026, 6, 1)


def load() -> tuple[LayoutMap, FormatDefinition, ItemTable, list[list[str]]]:
    """The 300-column layout, the 2,000-column format, the item table and the headings."""
    names = ("items-v4.csv", "items-additional.csv", "items-own.csv")
    items = load_items([(FORMATS / name).read_text() for name in names], (FORMATS / "codes-v4.csv").read_text())
    layout_map = load_map((FORMATS / "maps/midori.yaml").read_text())
    definition = load_definition((FORMATS / "akashi-subset-1.yaml").read_text())
    with (FORMATS / "layouts/midori.csv").open(encoding="utf-8", newline="") as stream:
        headers = list(csv.reader(stream))
    return layout_map, definition, items, headers


def rearrange(source: Path, target: Path, columns: int, width: int) -> int:
    """The limit: move every column to a new place, reformat ten dates and look ten codes up; nothing is checked."""
    places = [width] * columns
    for index in range(width):
        places[index * (columns // width)] = index
    pick = itemgetter(*places)
    dates, codes = range(5, 15), range(20, 30)
    table = {"1": "2", "2": "1"}
    rows = 0
    with (
        source.open(encoding="cp932", newline="", buffering=1 << 20) as stream,
        target.open("w", encoding="cp932", newline="", buffering=1 << 20) as out,
    ):
        reader = csv.reader(stream)
        writer = csv.writer(out, lineterminator="\r\n")
        next(reader)
        next(reader)

        def moved() -> object:
            nonlocal rows
            for row in reader:
                for index in dates:
                    value = row[index]
                    if value:
                        row[index] = f"{value[:4]}-{value[4:6]}-{value[6:]}"
                for index in codes:
                    row[index] = table.get(row[index], row[index])
                row.append("")
                rows += 1
                yield pick(row)

        writer.writerows(moved())  # type: ignore[arg-type]  # a generator of tuples, said loosely
    return rows


def per_second(work: Callable[[], int], times: int = 3) -> float:
    """Rows per CPU-second, the best of a few runs (the machine is shared)."""
    best = 0.0
    for _ in range(times):
        start = time.process_time()
        rows = work()
        best = max(best, rows / (time.process_time() - start))
    return best


def measure(rows: int = ROWS) -> list[Measurement]:
    """The figures of this bench; takes well under a minute."""
    layout_map, definition, items, headers = load()
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        # The messy file writes every fifth number and every date in an odd form: a worst case, shown without a budget.
        for label, messy, budget in (("plain", False, BUDGET), ("messy", True, "none: a worst case, for information")):
            maker = Maker(headers, layout_map, items, ON, messy=messy)
            with source.open("wb") as out:
                out.writelines(encode_file(headers, maker.rows(1, rows), encoding="cp932"))

            def moved() -> int:
                return rearrange(source, target, len(definition.columns), len(headers[1]))

            def converted() -> int:
                with source.open("rb", buffering=1 << 20) as stream, target.open("wb", buffering=1 << 20) as out:
                    return convert(stream, layout_map, definition, out, on=ON, items=items).rows_out

            limit, value = per_second(moved), per_second(converted)
            name = f"checkup: convert {label}, 300 -> {len(definition.columns)} columns, CP932"
            found.append(Measurement(name, value, "rows/CPU-s", limit, value / limit, budget))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.append(
        Measurement("checkup: peak memory of the bench process", peak, "MB", 100.0, peak / 100, "≤ 1.0 of 100 MB")
    )
    return found


if __name__ == "__main__":
    for measurement in measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS):
        ratio = f"{measurement.ratio:.2f}" if measurement.ratio is not None else "-"
        line = io.StringIO()
        line.write(f"{measurement.name}: {measurement.value:,.0f} {measurement.unit}")
        line.write(f" (limit {measurement.limit or 0:,.0f}, ratio {ratio}, budget {measurement.budget})")
        print(line.getvalue())
