"""How fast conversion is, against a script that only moves columns (the fastest we know: stdlib csv, streaming).

Guarantees: both run in this process, in turns, on the same invented file, and are measured in CPU time; every check is
on. Memory is that of a process that does nothing but convert 100,000 rows. Refuses: caching between runs: each
conversion compiles its tables anew.

Run: ``PYTHONPATH=src:. python bench/checkup.py``
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from operator import itemgetter
from pathlib import Path

from akashi.checkup import (
    ConversionReport,
    FormatDefinition,
    ItemTable,
    LayoutMap,
    convert,
    load_definition,
    load_items,
    load_map,
)
from akashi.checkup.generate import Maker, encode_file
from akashi.checkup.tabular.layout import Columns
from akashi.checkup.thesaurus.vocabulary import Vocabulary, load_vocabulary
from bench.measurement import Measurement

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ROOT / "formats"
_WORDS = ("thesaurus", "judgements")
ROWS = 10_000
INSURERS = 300
SIZES = (1_000, 10_000, 100_000)
BUDGET = "≥ 0.6 of a script that only moves columns"
# All visits lie in one fiscal year, so that the plain file has nothing to find.
ON = date(2026, 9, 1)


@cache
def load() -> tuple[LayoutMap, FormatDefinition, ItemTable, list[list[str]]]:
    """The 300-column layout, the 2,000-column format, the item table and the headings."""
    names = ("v4", "additional", "own", "v3", "guidance", "municipal")
    items = load_items(
        [(FORMATS / f"items-{name}.csv").read_text() for name in names], (FORMATS / "codes-v4.csv").read_text()
    )
    layout_map = load_map((FORMATS / "maps/midori.yaml").read_text())
    definition = load_definition((FORMATS / "akashi-subset-1.yaml").read_text())
    with (FORMATS / "layouts/midori.csv").open(encoding="utf-8", newline="") as stream:
        headers = list(csv.reader(stream))
    return layout_map, definition, items, headers


@cache
def words() -> Vocabulary:
    """The shipped thesaurus and judgement vocabularies."""
    return load_vocabulary([path.read_text() for name in _WORDS for path in sorted((FORMATS / name).glob("*.yaml"))])


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


def in_turns(works: Mapping[str, Callable[[], int]], times: int = 5) -> dict[str, float]:
    """Rows per CPU-second of each, the best of a few runs (the machine is shared, so each has its turn each time)."""
    best = dict.fromkeys(works, 0.0)
    for _ in range(times):
        for name, work in works.items():
            start = time.process_time()
            rows = work()
            best[name] = max(best[name], rows / (time.process_time() - start))
    return best


def converted(source: Path, target: Path, *, checked: bool = True) -> ConversionReport:
    """One conversion from file to file, with every check or with none across cells."""
    layout_map, definition, items, _headers = load()
    checks = None if checked else ()
    fresh = Vocabulary(words().thesauri, words().judgements)
    with source.open("rb", buffering=1 << 20) as stream, target.open("wb", buffering=1 << 20) as out:
        return convert(stream, layout_map, definition, out, on=ON, items=items, checks=checks, vocabulary=fresh)


def made(rows: int, *, messy: bool) -> Iterator[list[str]]:
    """Invented rows, in which the examined share a few hundred insurers, as those of one institution do."""
    layout_map, _definition, items, headers = load()
    place = _places(("insurance.insurer",))[0]
    insurers: list[str] = []
    for number, row in enumerate(Maker(headers, layout_map, items, ON, messy=messy).rows(1, rows)):
        if len(insurers) < INSURERS:
            insurers.append(row[place])
        row[place] = insurers[number % len(insurers)]
        yield row


def _places(targets: tuple[str, ...]) -> list[int]:
    layout_map, _definition, _items, headers = load()
    columns = Columns(headers)
    return [columns.find(rule.at[0]) for rule in layout_map.rules if rule.target in targets]


def write_file(path: Path, rows: Iterable[list[str]]) -> None:
    """A CP932 file as an institution exports it."""
    with path.open("wb") as out:
        out.writelines(encode_file(load()[3], iter(rows), encoding="cp932"))


def multiplied(rows: list[list[str]], times: int) -> Iterator[list[str]]:
    """The rows again and again, each time of other persons (id and insured number)."""
    places = _places(("person.id", "insurance.number"))
    for turn in range(times):
        for row in rows:
            other = list(row)
            for place in places:
                other[place] += str(turn)
            yield other


def _plain_and_messy(folder: Path, rows: int) -> Iterator[Measurement]:
    _layout_map, definition, _items, headers = load()
    source, target = folder / "in.csv", folder / "out.csv"
    # The messy file writes every fifth number and every date in an odd form: a worst case, shown without a budget.
    for label, messy, budget in (("plain", False, BUDGET), ("messy", True, "none: a worst case, for information")):
        write_file(source, made(rows, messy=messy))
        found = in_turns(
            {
                "moved": lambda: rearrange(source, target, len(definition.columns), len(headers[1])),
                "cells": lambda: converted(source, target, checked=False).rows_out,
                "all": lambda: converted(source, target).rows_out,
            }
        )
        name = f"checkup: convert {label}, 300 -> {len(definition.columns)} columns, CP932"
        limit, cells, value = found["moved"], found["cells"], found["all"]
        yield Measurement(f"{name}, all rules", value, "rows/CPU-s", limit, value / limit, budget)
        yield Measurement(f"{name}, cells only", cells, "rows/CPU-s", limit, cells / limit, "beside it")


def _alone(source: Path, target: Path) -> dict[str, float]:
    """Convert in a process that does nothing else: its rows, CPU seconds (without starting) and peak memory in MiB."""
    command = [sys.executable, str(Path(__file__)), "--alone", str(source), str(target)]
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    answer = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": paths}, check=True, stdout=subprocess.PIPE, text=True
    )
    result: dict[str, float] = json.loads(answer.stdout)
    return result


def alone(source: str, target: str) -> str:
    """What :func:`_alone` runs; JSON."""
    load()
    start = time.process_time()
    rows = converted(Path(source), Path(target)).rows_out
    seconds = time.process_time() - start
    # Not ru_maxrss: that is inherited from whoever started this process.
    peak = re.search(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return json.dumps({"rows": rows, "seconds": seconds, "peak": int(peak[1]) / 1024 if peak else 0.0})


def _sizes(folder: Path) -> Iterator[Measurement]:
    source, target = folder / "in.csv", folder / "out.csv"
    first = list(made(ROWS, messy=False))
    speeds: dict[int, float] = {}
    peak = 0.0
    for size in SIZES:
        rows = first[:size] if size <= ROWS else multiplied(first, size // ROWS)
        write_file(source, rows)
        answers = [_alone(source, target) for _ in range(1 if size > ROWS else 3)]
        speeds[size] = max(answer["rows"] / answer["seconds"] for answer in answers)
        peak = max(answer["peak"] for answer in answers)
    for size, speed in speeds.items():
        yield Measurement(f"checkup: convert {size:,} rows alone", speed, "rows/CPU-s", None, None, "beside it")
    growth = speeds[SIZES[0]] / speeds[SIZES[-1]]
    name = f"checkup: CPU per row, {SIZES[-1]:,} rows against {SIZES[0]:,}"
    yield Measurement(name, growth, "times", 1.0, growth, "≤ 1.1: cost is linear")
    name = f"checkup: peak memory at {SIZES[-1]:,} rows"
    yield Measurement(name, peak, "MB", 100.0, peak / 100, "≤ 1.0 of 100 MB")


def measure(rows: int = ROWS) -> list[Measurement]:
    """The figures of this bench; takes about two minutes."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_plain_and_messy(Path(folder), rows), *_sizes(Path(folder))]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        print(alone(*sys.argv[2:4]))
        sys.exit(0)
    for measurement in measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS):
        ratio = f"{measurement.ratio:.2f}" if measurement.ratio is not None else "-"
        limit = f"{measurement.limit:,.0f}" if measurement.limit is not None else "-"
        print(f"{measurement.name}: {measurement.value:,.2f} {measurement.unit} (limit {limit}, ratio {ratio})")
