"""Checkup results: any institution's file in; one neutral record; standard CSV and 特定健診 XML out.

Guarantees: the original text stands beside every standard value; what is not understood stays verbatim with a
finding at row and column. Refuses: computing judgements, converting units silently, and any I/O but the streams
handed in. Trusted: the item tables, maps and definitions loaded from ``formats/`` (see ``formats/__init__``).

Import from here; the modules beneath are arranged for reading, not for callers.
"""

from __future__ import annotations

from akashi.checkup.cda.hc08 import SubmissionContext, hc08_document
from akashi.checkup.findings import KINDS as FINDING_KINDS
from akashi.checkup.findings import FindingKind, stops
from akashi.checkup.formats.definitions import FormatDefinition, load_definition, padded
from akashi.checkup.formats.items import ItemTable, load_items
from akashi.checkup.formats.maps import LayoutMap, load_map
from akashi.checkup.model import (
    ConversionReport,
    Coverage,
    Finding,
    Inspection,
    ItemResult,
    NeutralRecord,
    Severity,
    Status,
)
from akashi.checkup.tabular.convert import convert, convert_to_hc08, read_records
from akashi.checkup.tabular.inspection import inspect
from akashi.checkup.tabular.layout import layout_hash, recognise

__all__ = [
    "FINDING_KINDS",
    "ConversionReport",
    "Coverage",
    "Finding",
    "FindingKind",
    "FormatDefinition",
    "Inspection",
    "ItemResult",
    "ItemTable",
    "LayoutMap",
    "NeutralRecord",
    "Severity",
    "Status",
    "SubmissionContext",
    "convert",
    "convert_to_hc08",
    "hc08_document",
    "inspect",
    "layout_hash",
    "load_definition",
    "load_items",
    "load_map",
    "padded",
    "read_records",
    "recognise",
    "stops",
]
