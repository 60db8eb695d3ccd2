"""The shipped item table for property tests, which cannot use fixtures, and what a coded format must never lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, settings

from akashi.checkup import ItemResult, NeutralRecord, Status, load_items
from akashi.errors import AkashiError
from tests.checkup.conftest import FORMATS

_NAMES = ("v4", "additional", "own", "v3", "guidance", "municipal")
ITEMS = load_items(
    [(FORMATS / f"items-{name}.csv").read_text() for name in _NAMES], (FORMATS / "codes-v4.csv").read_text()
)
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def understood(result: ItemResult) -> bool:
    """Whether the result is a number or an answer of a known table: nothing that a format may reword."""
    item = ITEMS.items[result.code]
    known = item.type == "PQ" or bool(ITEMS.labels(result.code))
    return known and result.status is not Status.UNMATCHED


def ours_or_read(read: Callable[[], object]) -> bool:
    """Whether ``read`` comes back, or raises an error of ours that says it in both languages; others pass through."""
    try:
        read()
    except AkashiError as error:
        return bool(error.sentence("ja") and error.sentence("en"))
    return True


def meaning(record: NeutralRecord) -> NeutralRecord:
    """The record without its originals: a second way through a format shows the first way's texts as originals."""
    items = tuple(replace(result, original="") for result in record.items)
    return replace(record, row=1, line=1, originals={}, items=items)
