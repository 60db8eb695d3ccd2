"""docs/conformity.md keeps pace with catalogues, judges and probes."""

from __future__ import annotations

import re

import pytest

from akashi.app.conformity.library import books, judges
from akashi.app.conformity.probes import host_probes
from akashi.app.selfcheck import probes as own
from tools.conformity_doc import PAGE, SHEET, leaf_table, leaves, marks, render


def test_the_page_is_up_to_date() -> None:
    """Its tables are what the books say (`make docs` writes them)."""
    page = PAGE.read_text(encoding="utf-8")

    assert render(page) == page


def test_every_leaf_has_its_line() -> None:
    """All 121 leaves stand in the table, once, in the catalogue's order."""
    catalogue = books().shelf.catalogue(SHEET)
    lines = [line.split(" | ")[0].removeprefix("| ") for line in leaf_table().splitlines()[2:]]

    assert lines == [item.id for item in leaves(catalogue)]
    assert len(lines) == 121


def test_every_check_names_a_probe_that_is_there() -> None:
    """No judge reads the measurements of a probe that nobody runs."""
    known = {one.name for one in host_probes()} | set(own._PROBES)
    named = {found.probe for check in judges().checks if (found := judges().find(check)) is not None}

    assert named <= known
    assert set(re.findall(r"\(`([a-z_]+)`\)", leaf_table())) <= named


def test_a_page_without_marks_is_refused() -> None:
    """A page that lost a mark is not silently left without its table."""
    with pytest.raises(ValueError, match="catalogues"):
        render("\n".join(marks("leaves")))
