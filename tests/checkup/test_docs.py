"""The page about this part lists what the code knows."""

from __future__ import annotations

import inspect as introspection
import re

from akashi.checkup import FINDING_KINDS, errors
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.findings import FindingLog
from akashi.checkup.formats.definitions import COLUMN_KINDS
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.model import Finding, Role
from akashi.errors import AkashiError
from tests.checkup.conftest import ROOT

PAGE = (ROOT / "docs/checkup.md").read_text()


def test_every_finding_is_in_the_table_with_its_severity() -> None:
    """And the table has no others."""
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| (stops|warns|informs) \|", PAGE, re.MULTILINE))

    assert rows == {code: kind.severity.value for code, kind in FINDING_KINDS.items()}


def test_every_error_kind_role_and_column_kind_is_named() -> None:
    """Schema words of maps and definitions, and error codes."""
    codes = {
        value.code
        for _name, value in introspection.getmembers(errors, introspection.isclass)
        if issubclass(value, AkashiError) and value.__module__ == errors.__name__
    }
    words = codes | KINDS | COLUMN_KINDS | {role.value for role in Role}

    assert {word for word in words if f"`{word}`" not in PAGE} == set()


def test_every_field_target_is_named() -> None:
    """The page groups them by their first word."""
    listed = set()
    for group, names in re.findall(r"`([a-z]+)\.([a-z_/]+)`", PAGE):
        listed |= {f"{group}.{name}" for name in names.split("/")}

    assert listed >= FIELD_TARGETS


def test_sentences_exist_in_both_languages_and_hold_no_place_for_values() -> None:
    """A finding's sentence speaks of the place only."""
    for kind in FINDING_KINDS.values():
        assert kind.sentence("ja") != kind.sentence("en")
        assert "{" not in kind.ja + kind.en


def test_the_log_counts_all_and_keeps_few() -> None:
    """Per code and column."""
    log = FindingLog(examples=2)
    for row in range(5):
        log.add(Finding("cell.term", row, row, 1))
        log.add(Finding("cell.term", row, row, 2))

    assert log.counts() == {"cell.term": 10}
    assert [(finding.row, finding.column) for finding in log.kept()] == [(0, 1), (0, 2), (1, 1), (1, 2)]
