"""Names of fields, and the lines that maps are told in."""

from __future__ import annotations

import csv
import io

from akashi.app.checkup.naming import FIELDS
from akashi.app.checkup.telling import STATES, draft_lines, report_csv
from akashi.app.desk.maps import today
from akashi.checkup.approval.model import MapState
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.model import Draft
from tests.app.service import SHELF, START

HEADS = "=cmd|' /C calc'!A0,氏名,身長(cm)\r\n"


def made() -> Draft:
    """A draft of a file whose first heading would be a formula."""
    data = HEADS + "1,架空 花子,160\r\n2,架空 太郎,171\r\n"
    return draft(io.BytesIO(data.encode()), SHELF.items(), SHELF.words(), institution="x", on=today(START))


def test_every_field_and_state_has_its_words() -> None:
    """In both languages; nothing is named that there is not."""
    assert set(FIELDS) == set(FIELD_TARGETS)
    assert set(STATES) == set(MapState)
    assert all(ja and en for ja, en in (*FIELDS.values(), *STATES.values()))


def test_no_heading_is_a_formula_in_the_report() -> None:
    """The table of columns opens in a spreadsheet without running anything; it has a row for each column."""
    text = report_csv(made(), SHELF.items(), "ja").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 4
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_lines_show_masked_examples_only() -> None:
    """No name of a person is in any line."""
    lines = "\n".join(draft_lines(made(), SHELF.items(), "en"))
    assert "花子" not in lines
    assert "name" in lines
