"""Convert an institution's file at the desk: look at it, preview it, hold it as a draft.

Guarantees: everything happens in memory; a draft holds the standard CSV and, where the institution has a 10-digit number and people are
identified, an archive of hc08 documents. Bad rows are findings; a file that cannot be read at all is an error that names the
place. Refuses: programs and macros (``exchange.screening``) before anything is converted. Trusts the maps of ``maps``.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import BinaryIO

from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import today
from akashi.app.gateway.home import Gateway
from akashi.checkup import (
    FINDING_KINDS,
    ConversionReport,
    Finding,
    Inspection,
    LayoutMap,
    Severity,
    SubmissionContext,
    convert,
    convert_to_hc08,
    inspect,
)
from akashi.checkup.errors import LayoutUnknown, MapNotValid
from akashi.checkup.findings import FindingLog
from akashi.exchange.errors import DocumentRefused
from akashi.exchange.screening import inspect as screen

CSV_NAME, HC08_NAME = "standard.csv", "hc08.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def inspect_file(gateway: Gateway, stream: BinaryIO) -> Inspection:
    """What a file looks like: encoding, layout, map, coverage. Raises the reading errors of ``checkup``."""
    return inspect(stream, maps=gateway.maps.maps(), limit_bytes=gateway.settings.upload_limit_bytes)


def make_draft(gateway: Gateway, file_name: str, data: bytes, *, receiver: str = "", hc08: bool = True) -> Draft:
    """Convert ``data``. Raises reading errors, ``LayoutUnknown``, ``MapNotValid``, ``DocumentRefused``."""
    reason = screen(file_name, [data])
    if reason is not None:
        raise DocumentRefused(1, reason)
    on = today(gateway.clock.now_ms())
    layout_map = _map_for(gateway, inspect_file(gateway, io.BytesIO(data)), on)
    report, standard = _standard(gateway, data, layout_map, on)
    documents = [(CSV_NAME, standard)]
    severities = _severities(report)
    if hc08 and not severities[0]:
        archive, said = _hc08(gateway, data, layout_map, on)
        if archive is not None:
            documents.append((HC08_NAME, archive))
            report = _told_of(report, said)
            severities = _severities(report)
    return Draft(file_name, report, severities, tuple(documents), sha256(data).digest(), receiver)


def _map_for(gateway: Gateway, seen: Inspection, on: date) -> LayoutMap:
    if seen.map_id is None:
        raise LayoutUnknown(columns=len(seen.columns))
    known = [one for one in gateway.maps.maps() if one.layout_hash == seen.layout_hash or one.map_id == seen.map_id]
    valid = [one for one in known if one.valid_on(on)]
    if not valid:
        raise MapNotValid(map=seen.map_id)
    return max(valid, key=lambda one: (one.valid_from, one.map_id))


def _standard(gateway: Gateway, data: bytes, layout_map: LayoutMap, on: date) -> tuple[ConversionReport, bytes]:
    out = io.BytesIO()
    report = convert(
        io.BytesIO(data),
        layout_map,
        gateway.maps.definition(),
        out,
        on=on,
        items=gateway.maps.items(),
        limit_bytes=gateway.settings.upload_limit_bytes,
    )
    return report, out.getvalue()


def _severities(report: ConversionReport) -> tuple[int, int, int]:
    totals: Counter[Severity] = Counter()
    for code, count in report.counts_by_code.items():
        totals[FINDING_KINDS[code].severity] += count
    return totals[Severity.STOPS], totals[Severity.WARNS], totals[Severity.INFORMS]


def _told_of(report: ConversionReport, said: FindingLog) -> ConversionReport:
    """The report with what the archive adds: who is left out of it, and which values. Nobody is left out unseen."""
    counts = Counter(report.counts_by_code) + Counter(said.counts())
    return replace(report, counts_by_code=dict(sorted(counts.items())), findings=(*report.findings, *said.kept()))


def _hc08(gateway: Gateway, data: bytes, layout_map: LayoutMap, on: date) -> tuple[bytes | None, FindingLog]:
    """A zip of one document per identified person, and the findings that only it has.

    ``None`` where the institution has no number or nobody is identified: such a layout has no archive, which is no fault of a row.
    """
    said = FindingLog()

    def take(finding: Finding) -> None:
        if finding.code.startswith("hc08."):  # the cells' own findings are in the report already
            said.add(finding)

    entry = next((one for one in gateway.directory.entries() if one.handle == gateway.institution), None)
    if entry is None or not entry.number:
        return None, said
    context = SubmissionContext(entry.number, entry.name, on, gateway.maps.items())
    out = io.BytesIO()
    count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # zstd comes after it
        for name, document in convert_to_hc08(
            io.BytesIO(data),
            layout_map,
            context,
            on=on,
            finding_sink=take,
            limit_bytes=gateway.settings.upload_limit_bytes,
        ):
            archive.writestr(zipfile.ZipInfo(f"DATA/{name}", _EPOCH), document)
            count += 1
    return out.getvalue() if count else None, said
