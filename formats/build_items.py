# ruff: noqa: INP001  (a program beside data files, not a package)
"""Rebuild the item and answer-code tables from the tables of facts beside this repository.

Guarantees: the same facts give the same bytes, so a test can compare the committed files with a rebuild.
Refuses: copying the source layout; only facts (codes, names, types, units, digits, groups) are taken, in our
own columns. Trusted: whoever can change the fact folder can change what a rebuild says, which is why the
results are committed and reviewed.

Run from the repository root: ``python formats/build_items.py ../shared/data/item-tables formats``
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

COLUMNS = (
    "code", "name", "category", "type", "format", "bytes", "integers", "decimals", "unit", "xml_unit", "low", "high",
    "oid", "group", "group_rel", "author_item", "depends", "method", "method_name", "required", "one_of", "entry",
)  # fmt: skip
# 特定健診: one of each lettered group must be present ("a" belongs to another programme and is not a group here).
ONE_OF = frozenset("ABCDEFGHJKLbcd")
# Answers the derived fact table lacks: smoking has three values since the 4th term (knowledge 3.4).
MISSING_ANSWERS = (("1.2.392.200119.6.24060", "2", "以前は吸っていたが最近1か月間は吸っていない"),)
REQUIREMENT = {"1": "required", "2": "detailed", "5": "if_present", "6": "if_present", "7": "if_present"}
RELATIONS = {"COMP": "COMP", "RSON": "RSON", "RSON1": "RSON"}


def read_table(path: Path) -> list[list[str]]:
    """The data rows of one fact table (three heading rows dropped), whichever of the two encodings it has."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932")
    return list(csv.reader(io.StringIO(text)))[3:]


def digits(shape: str) -> tuple[str, str, str]:
    """(bytes, integer digits, decimals) of a shape such as ``NNN.N``, ``N`` or ``256``."""
    if shape.isdigit():
        return shape, "", ""
    whole, _, fraction = shape.partition(".")
    return str(len(shape)), str(len(whole)), str(len(fraction))


def item_row(source: list[str], ranges: dict[str, tuple[str, str]]) -> list[str]:
    """One item in our columns."""
    # Sources pad or quote some shapes and names; the fact is the trimmed text.
    shape = source[17].strip()
    size, whole, fraction = digits(shape) if source[18] in {"PQ", "ST"} else ("2", "", "")
    low, high = ranges.get(source[15], ("", ""))
    author = source[22] if len(source[22]) == 17 else ""
    case = source[3]
    return [
        source[15], source[16].strip(), source[1].strip(), source[18], shape, size, whole, fraction, source[19],
        source[20], low, high, source[29], source[23], RELATIONS.get(source[24], ""), author, source[25], source[26],
        source[27].strip(), REQUIREMENT.get(case, ""), case if case in ONE_OF else "", "0" if source[21] == "0" else "1",
    ]  # fmt: skip


def render(heading: tuple[str, ...], rows: list[list[str]]) -> bytes:
    """CSV bytes, UTF-8, LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return out.getvalue().encode()


def build(facts: Path) -> dict[str, bytes]:
    """File name -> bytes of every table we derive."""
    basic = read_table(facts / "ITEMBasicInfo.csv")
    ranges = {row[0]: (row[6], row[7]) for row in basic if row[6] and row[7]}
    main = [item_row(row, ranges) for row in read_table(facts / "XMLhc24tab.csv")]
    known = {row[0] for row in main}
    extra = [item_row(row, ranges) for row in read_table(facts / "XMLhc24ext.csv") if row[15] not in known]
    codes: list[list[str]] = []
    for name in ("result_codes_v4_derived.tsv", "header_codes.tsv"):
        lines = (facts / name).read_text(encoding="utf-8").splitlines()[1:]
        for oid, code, label in (line.split("\t") for line in lines):
            # One derived row runs two answers together ("…。2：…"): they are two codes.
            first, joined, second = label.partition("。2：")
            codes.append([oid, code, first])
            if joined:
                codes.append([oid, "2", second])
    codes += [list(answer) for answer in MISSING_ANSWERS]
    return {
        "items-v4.csv": render(COLUMNS, main),
        "items-additional.csv": render(COLUMNS, extra),
        "codes-v4.csv": render(("oid", "code", "label"), codes),
    }


if __name__ == "__main__":
    for file_name, content in build(Path(sys.argv[1])).items():
        Path(sys.argv[2], file_name).write_bytes(content)
