"""Formats and screening, tried with invented people and harmless samples.

Guarantees: everything happens in memory; what is converted is read back by another reader than the one that wrote it and compared value by
value; samples are the industry's own test string and files that only look like macros. Refuses: any real person's file. Trusts: the
shipped layouts and maps to be those in use.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

from akashi.app.desk.conversion import CSV_NAME, Kind, make_draft
from akashi.app.desk.maps import FORMATS, today
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import TOOL, SelfContext
from akashi.app.selfcheck.trial import refuses
from akashi.checkup import ConversionReport, FormatDefinition, ItemTable, LayoutMap, NeutralRecord, convert
from akashi.checkup.archive.naming import DATA
from akashi.checkup.errors import MapNotValid
from akashi.checkup.generate import Maker, encode_file
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.screening import NoScanner, find_scanner, inspect

PEOPLE = 5
_SEED = 20261121
_NAMESPACE = "{urn:hl7-org:v3}"


def formats(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Convert an invented file, read it back; an older version of the map, and a changed item table."""
    gateway = here.gateway
    layout, data = sample(gateway)
    draft = make_draft(gateway, "selfcheck.csv", data, queue=False)
    documents = dict(draft.documents)
    output, report, records = _converted(gateway, layout, data)
    rows = _rows(documents.get(CSV_NAME, b""))
    compared, different = _different(rows, records, gateway.maps.definition())
    facts: dict[str, Fact] = {
        "people": PEOPLE,
        "csv.rows": len(rows),
        "csv.columns_even": len({len(row) for row in rows}) == 1,
        "csv.same_twice": sha256(output).digest() == sha256(documents.get(CSV_NAME, b"")).digest(),
        "csv.values": compared,
        "csv.values_different": different,
        "rows.skipped": report.rows_skipped,
    }
    archives = [documents[one.name] for one in draft.made if one.kind in {Kind.ARCHIVE.value, Kind.HC08.value}]
    facts |= _documents(archives[0] if archives else b"", records)
    facts |= _versions(gateway, layout, data, output)
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def sample(gateway: Gateway) -> tuple[LayoutMap, bytes]:
    """A layout whose headings are shipped, and a file of invented people in it."""
    for path in sorted((FORMATS / "layouts").glob("*.csv")):
        for layout in gateway.maps.maps():
            if layout.map_id.startswith(path.stem):
                heads = _heads(path, layout.header_rows)
                on = today(gateway.clock.now_ms())
                maker = Maker(heads, layout, gateway.maps.items(), on, messy=False)
                return layout, b"".join(encode_file(heads, maker.rows(_SEED, PEOPLE), encoding="cp932"))
    raise Unreached(reason="layout")


def _heads(path: Path, rows: int) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row for _, row in zip(range(rows), csv.reader(file), strict=False)]


def _converted(
    gateway: Gateway, layout: LayoutMap, data: bytes, *, days: int = 0, items: ItemTable | None = None
) -> tuple[bytes, ConversionReport, list[NeutralRecord]]:
    """The standard CSV, the report and the neutral records; ``days`` later than today."""
    out, records = io.BytesIO(), list[NeutralRecord]()
    report = convert(
        io.BytesIO(data),
        layout,
        gateway.maps.definition(),
        out,
        on=today(gateway.clock.now_ms()) + timedelta(days=days),
        items=items or gateway.maps.items(),
        record_sink=records.append,
    )
    return out.getvalue(), report, records


def _rows(data: bytes) -> list[list[str]]:
    """The rows below the heading, read by Python's own reader."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return list(csv.reader(io.StringIO(data.decode(encoding), newline=""), strict=True))[1:]
        except (UnicodeDecodeError, csv.Error):
            continue
    return []


def _different(rows: list[list[str]], records: list[NeutralRecord], definition: FormatDefinition) -> tuple[int, int]:
    """How many original values were compared with what the file says, and how many differ."""
    columns = [(at, one.source) for at, one in enumerate(definition.columns) if one.kind == "original"]
    compared = different = 0
    for row, record in zip(rows, records, strict=False):
        for at, code in columns:
            result = record.item(code)
            if result is not None and result.original:
                compared += 1
                different += 0 if at < len(row) and row[at] == result.original else 1
    return compared, different


def _documents(archive: bytes, records: list[NeutralRecord]) -> dict[str, Fact]:
    """The hc08 documents: each is well formed, of the right kind, and holds the record's codes."""
    found = sound = codes = 0
    if archive:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = sorted(name for name in opened.namelist() if f"/{DATA}/" in f"/{name}")
            for name, record in zip(names, records, strict=False):
                found += 1
                held = _codes(opened.read(name))
                sound += 1 if held else 0
                codes += len(held & {one.code for one in record.items})
    return {"hc08.documents": found, "hc08.well_formed": sound, "hc08.codes": codes}


def _codes(document: bytes) -> set[str]:
    """The observation codes of a document; empty where it is not one."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - our own output, made a moment ago from invented people
    except ET.ParseError:
        return set()
    if root.tag != f"{_NAMESPACE}ClinicalDocument":
        return set()
    return {one.get("code", "") for one in root.iter(f"{_NAMESPACE}code")} - {""}


def _versions(gateway: Gateway, layout: LayoutMap, data: bytes, output: bytes) -> dict[str, Fact]:
    """An older version of the map beside a newer one, each in its time; and a newer master that changes no older record."""
    on = today(gateway.clock.now_ms())
    older = replace(layout, valid_from=on - timedelta(days=400), valid_to=on - timedelta(days=200))
    newer = replace(layout, map_id=f"{layout.map_id}-next", valid_from=on + timedelta(days=30), valid_to=date.max)
    then, _, _ = _converted(gateway, older, data, days=-300)
    later, _, _ = _converted(gateway, newer, data, days=40)
    before = _rows(output)
    changed, _, _ = _converted(gateway, layout, data, items=_renamed(gateway.maps.items()))
    again, _, _ = _converted(gateway, layout, data)
    return {
        "versions.maps": len(gateway.maps.maps()),
        "versions.older_read": len(_rows(then)) == PEOPLE,
        "versions.newer_read": len(_rows(later)) == PEOPLE,
        "versions.older_refused_now": refuses(MapNotValid, partial(_converted, gateway, older, data)),
        "versions.newer_refused_now": refuses(MapNotValid, partial(_converted, gateway, newer, data)),
        "history.records_kept": bool(before) and _rows(output) == before and len(_rows(changed)) == PEOPLE,
        "history.same_digest": sha256(again).digest() == sha256(output).digest(),
    }


def _renamed(items: ItemTable) -> ItemTable:
    """The item table of tomorrow: every item has another name."""
    return replace(items, items={code: replace(one, name=f"{one.name}（新）") for code, one in items.items.items()})


def screening(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Samples of every kind through the gateway's screening, and through the conversion that an upload takes."""
    samples = _samples()
    said = {name: inspect(file, [data]) or "" for name, (file, data) in samples.items()}
    let = tuple(sorted(name for name, reason in said.items() if not reason))
    upload = tuple(
        sorted(
            name
            for name, (file, data) in samples.items()
            if not refuses(DocumentRefused, partial(make_draft, here.gateway, file, data))
        )
    )
    clean = inspect("selfcheck.csv", [b"id,value\r\n1,2\r\n"]) is None
    facts: dict[str, Fact] = {
        "samples": len(samples),
        "refused": len(samples) - len(let),
        "let": let,
        "upload.refused": len(samples) - len(upload),
        "upload.let": upload,
        "clean.passes": clean,
        "scanner": not isinstance(find_scanner(), NoScanner | None),
    }
    return Observed(facts, json.dumps(said, sort_keys=True).encode(), TOOL)


def _samples() -> dict[str, tuple[str, bytes]]:
    """Harmless files that must be refused. The test string is put together here, so that this source is not mistaken for it."""
    eicar = b"".join((b"X5O!P%@AP[4", b"\\PZX54(P^)7CC)7}$EICAR", b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"))
    macro = _zipped({"[Content_Types].xml": b"<Types/>", "word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(64)})
    return {
        "test_virus": ("selfcheck.csv", eicar),
        "test_virus.zipped": ("selfcheck.zip", _zipped({"a.txt": eicar})),
        "macro": ("selfcheck.docx", macro),
        "macro.name": ("selfcheck.xlsm", _zipped({"[Content_Types].xml": b"<Types/>"})),
        "program": ("selfcheck.csv", b"\x7fELF" + bytes(60)),
        "script": ("selfcheck.csv", b"#!/bin/sh\n"),
        "pdf.script": ("selfcheck.pdf", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(1)>>>>endobj\n"),
    }


def _zipped(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()
