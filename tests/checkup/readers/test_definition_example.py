"""The worked example for a licensee (docs/checkup.md) loads, and says what is publicly known of ver 5.0."""

from __future__ import annotations

import csv
import io

from akashi.checkup import FormatDefinition, ItemResult, NeutralRecord, Status, load_definition
from akashi.checkup.writers.standard_records import write_standard
from tests.checkup.conftest import ROOT
from tests.checkup.readers.shipped import ITEMS

FIELDS = {
    "person.id": "P1",
    "person.name": "星　空",
    "person.sex": "2",
    "person.birth": "1970-01-02",
    "visit.date": "2026-05-16",
}
RESULTS = (
    ItemResult(
        "9N001000000000001", 1, Status.VALUE, "cm", "１６５．５", "165.5", judgement="C6", judgement_standard="要再検査"
    ),
    ItemResult(
        "3F015000002327101", 1, Status.BELOW, "mg/dl", "<30", "30未満", qualifier="<", low="30", high="149", flag="L"
    ),
    ItemResult("9N701000000000011", 1, Status.VALUE, "", "1", "はい", coded="1"),
    ItemResult("9A110160800000049", 1, Status.VALUE, "", "不整脈/右脚ブロック", "不整脈、右脚ブロック"),
    ItemResult("9A751000000000001", 2, Status.VALUE, "mmHg", "124", "124"),
)


def example() -> FormatDefinition:
    """The definition on the page."""
    page = (ROOT / "docs/checkup.md").read_text()
    return load_definition(page.split("```yaml\n", 1)[1].split("```", 1)[0])


def row() -> dict[str, str]:
    """One person's line by column name."""
    out = io.BytesIO()
    record = NeutralRecord(1, 1, "tiny", ITEMS.table_id, FIELDS, dict(FIELDS), RESULTS)
    write_standard([record], example(), ITEMS, out)
    [line] = csv.DictReader(io.StringIO(out.getvalue().decode("cp932")))
    return line


def test_values_are_names_and_the_original_stands_beside_them() -> None:
    """No code is written; what the institution wrote is carried along."""
    line = row()

    assert (line["服薬（血圧）"], line["性別"]) == ("はい", "女")
    assert (line["身長"], line["身長_原文"]) == ("165.5", "１６５．５")
    assert (line["身長_単位"], line["身長_判定"]) == ("cm", "要再検査")


def test_several_values_are_joined_in_one_item() -> None:
    """With the full-width comma; the original keeps its own separator."""
    line = row()

    assert line["心電図所見"] == "不整脈、右脚ブロック"
    assert line["心電図所見_原文"] == "不整脈/右脚ブロック"


def test_bounds_ranges_dates_and_second_readings_have_their_columns() -> None:
    """And spare columns stay empty."""
    line = row()

    assert [line[f"中性脂肪{part}"] for part in ("", "_基準下限", "_基準上限", "_HL")] == ["30未満", "30", "149", "L"]
    assert (line["受診年月日"], line["最高血圧2回目"]) == ("2026/05/16", "124")
    assert [line[name] for name in ("予備（身体）", "予備1", "予備2", "予備3")] == ["", "", "", ""]


def test_an_item_may_be_512_bytes_long_where_nothing_else_is_said() -> None:
    """Full width counts two."""
    columns = {column.name: column.max_bytes for column in example().columns}

    assert columns["心電図所見"] == 512
    assert columns["生年月日"] == 10
