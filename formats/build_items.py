# ruff: noqa: INP001  (a program beside data files, not a package)
"""Rebuild the item and answer-code tables from the tables of facts beside this repository.

Guarantees: the same facts give the same bytes, so a test can compare the committed files with a rebuild; a code stands in
one table only (the national table before the additional, then the 3rd term's, guidance, municipal). Refuses: copying the
source layout; only facts (codes, names, types, units, digits, groups, needs) are taken, in our own columns. Trusted: whoever
can change the fact folder can change what a rebuild says, which is why the results are committed and reviewed.

Kept by hand beside this file: ``municipal.csv`` (code, name, type of municipal screening items), ``guidance-added.csv``
(guidance items of the 4th term, in the columns of the guidance facts), ``answers-added.csv`` (answers the fact tables
lack, each with its reason) and the first 22 columns of ``items-own.csv``.

Run from the repository root: ``python formats/build_items.py ../shared/data/item-tables formats``
"""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASE = (
    "code", "name", "category", "type", "format", "bytes", "integers", "decimals", "unit", "xml_unit", "low", "high",
    "oid", "group", "group_rel", "author_item", "depends", "method", "method_name", "required", "one_of", "entry",
)  # fmt: skip
COLUMNS = (*BASE, "ucum", "range_source", "family", "abnormal", "programs", "system", "section")
FORM_COLUMNS = (
    "code",
    "entry",
    "number",
    "section",
    "act_mood",
    "obs_class",
    "obs_mood",
    "xml_type",
    "place",
    "source",
)
# 特定健診: one of each lettered group must be present ("a" belongs to another programme and is not a group here).
ONE_OF = frozenset("ABCDEFGHJKLbcd")
REQUIREMENT = {
    "1": "required",
    "2": "detailed",
    "3": "print_only",
    "5": "if_present",
    "6": "if_present",
    "7": "if_present",
}
RELATIONS = {"COMP": "COMP", "RSON": "RSON", "RSON1": "RSON"}
# Which column of needs belongs to which programme code of OID …6.1002. The 生活機能評価 column and the unnamed ones have none.
PROGRAMS = {"010": 3, "020": 4, "030": 5, "040": 6, "060": 8, "090": 11, "990": 12}
# How the table's flag says when an answer means a finding: equal, at least, not equal (read from the flagged answers).
FLAGS = {"2": "=", "3": ">=", "4": "!="}
# Unit codes in the official XML that are not clean UCUM; everything else is taken as it stands.
UCUM = {
    "mg/g*CR": "mg/g{creat}", "mg/day": "mg/d", "{h`b}/min": "{beats}/min", "ml/min/1.73m2": "mL/min/{1.73_m2}",
    "fl": "fL", "{permil}": "[ppth]", "Kg": "kg", "pg/ml": "pg/mL", "ng/ml": "ng/mL", "ug/ml": "ug/mL", "U/ml": "U/mL",
    "mAU/ml": "m[arb'U]/mL", "ug/dl": "ug/dL", "mg/dl": "mg/dL",
}  # fmt: skip
SHOWN = {"min": "分", "wk": "週", "mm[Hg]": "mmHg"}
GUIDANCE, MUNICIPAL, OWN = "1.2.392.200119.6.1006", "1.2.392.100495.100.1051", "akashi"
# The guidance fact table names the support *level* table for the support *kind*; they differ in code 3 (…6.1112 is its own).
OID_CORRECTIONS = {"1020000001": "1.2.392.200119.6.1112"}
SECTIONS = {
    "指導共通情報": "90010", "初回面接実施情報": "90030", "保健指導計画情報": "90030", "継続支援情報": "90040", "中間評価情報": "90050",
    "最終（3ヶ月）評価情報": "90060", "計画上の集計情報": "90070", "実施上の集計情報": "90070", "指導機関情報": "90080",
}  # fmt: skip


def read_table(path: Path, headings: int = 3) -> list[list[str]]:
    """The data rows of one fact table, whichever of the two encodings it has."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932")
    return list(csv.reader(io.StringIO(text)))[headings:]


def digits(shape: str) -> tuple[str, str, str]:
    """(bytes, integer digits, decimals) of a shape such as ``NNN.N``, ``N`` or ``256``."""
    if shape.isdigit():
        return shape, "", ""
    whole, _, fraction = shape.partition(".")
    return str(len(shape)), str(len(whole)), str(len(fraction))


def need(case: str) -> str:
    """The word for one programme's mark: a letter is a group of which one must be there."""
    return f"one_of:{case}" if case.isalpha() else REQUIREMENT.get(case, "")


def derived(row: dict[str, str], **more: str) -> list[str]:
    """A whole row in our columns; what is not given is blank."""
    xml_unit = row.get("xml_unit", "")
    extra = {"ucum": UCUM.get(xml_unit, xml_unit), "range_source": "CC2X default" if row.get("low") else ""}
    return [({"entry": "1"} | row | extra | more).get(column, "") for column in COLUMNS]


def item_row(source: list[str], ranges: dict[str, tuple[str, str]], families: dict[str, str]) -> list[str]:
    """One national or additional item in our columns."""
    # Sources pad or quote some shapes and names; the fact is the trimmed text.
    code, shape, case = source[15], source[17].strip(), source[3]
    size, whole, fraction = digits(shape) if source[18] in {"PQ", "ST"} else ("2", "", "")
    low, high = ranges.get(code, ("", ""))
    base = (
        code, source[16].strip(), source[1].strip(), source[18], shape, size, whole, fraction, source[19],
        source[20], low, high, source[29], source[23], RELATIONS.get(source[24], ""),
        source[22] if len(source[22]) == 17 else "", source[25], source[26], source[27].strip(),
        REQUIREMENT.get(case, ""), case if case in ONE_OF else "", "0" if source[21] == "0" else "1",
    )  # fmt: skip
    programs = {program: need(source[column]) for program, column in PROGRAMS.items()}
    return derived(
        dict(zip(BASE, base, strict=True)),
        family=families.get(code, code[:5]),
        abnormal=FLAGS[source[32]] + source[31] if source[31] else "",
        programs=";".join(f"{program}={word}" for program, word in programs.items() if word),
        section="01010" if programs["010"] else "01990",
    )


def old_row(source: list[str]) -> list[str]:
    """An item of the 3rd term that the 4th no longer has: no programme asks for it."""
    code, kind, shape = source[3], source[6], source[8]
    size, whole, fraction = digits(shape) if kind in {"PQ", "ST"} else ("2", "", "")
    row = {
        "code": code, "name": source[4].strip(), "category": source[1].strip(), "type": kind, "format": shape, "bytes": size,
        "integers": whole, "decimals": fraction, "unit": source[9], "xml_unit": source[10], "oid": source[18],
        "method": source[16], "method_name": source[17],
    }  # fmt: skip
    return derived(row, family=source[14], section="01010")


def place(source: list[str], entry: str) -> str:
    """Where a guidance fact stands: days, forms and persons have no observation of their own, but the act around it."""
    if SECTIONS[entry] == "90080":
        return "institution"
    if source[7].strip("-"):
        # An observation without a value type is a length of time.
        return "observation" if source[5] else "duration"
    if source[4] == "年月日":
        return "date"
    return "performer" if "実施者" in source[3] else "form"


def guidance(rows: list[list[str]], origin: str) -> tuple[list[list[str]], list[list[str]]]:
    """(items, their XML forms) of guidance rows. Counts (INT) are numbers without unit to us, days are texts."""
    items, forms, entry = [], [], ""
    for source in rows:
        entry, code, shape, kind = source[0] or entry, source[2], source[4], source[5]
        act, observed, mood = (mark.strip("-") for mark in source[6:9])
        numeric = kind in {"PQ", "INT"} or bool(source[9])
        own = "PQ" if numeric else "CD" if shape == "コード" else "ST"
        size = (
            "8"
            if shape == "年月日"
            else "64"
            if "64バイト" in source[11]
            else "512"
            if "256文字" in source[11]
            else "256"
        )
        row = {
            "code": code, "name": source[3], "category": f"保健指導（{entry}）", "type": own, "bytes": {"CD": "2", "ST": size}.get(own, ""),
            "unit": SHOWN.get(source[9], source[9]), "xml_unit": source[9], "oid": OID_CORRECTIONS.get(code, source[10]),
        }  # fmt: skip
        items.append(derived(row, family=code, system=GUIDANCE, section=SECTIONS[entry]))
        forms.append([code, entry, source[1], SECTIONS[entry], act, observed, mood, kind, place(source, entry), origin])
    return items, forms


def answers(note: str) -> list[tuple[str, str]]:
    """(code, label) pairs of a remark such as ``1:はい、2：いいえ``.

    >>> answers("1:陽性、２：陰性")
    [('1', '陽性'), ('2', '陰性')]
    """
    found = re.findall(r"(?:^|、)([0-9０-９]+)[:：](.+?)(?=、[0-9０-９]+[:：]|$)", note.partition("（「")[0])
    return [(unicodedata.normalize("NFKC", code), label.strip()) for code, label in found]


def answer_rows(facts: Path, noted: Iterable[tuple[str, str]]) -> list[list[str]]:
    """All answers: the code tables, what remarks say of tables these lack, and what we added by hand."""
    codes: list[list[str]] = []
    for name in ("result_codes_v4_derived.tsv", "header_codes.tsv"):
        lines = (facts / name).read_text(encoding="utf-8").splitlines()[1:]
        for oid, code, label in (line.split("\t") for line in lines):
            # One derived row runs two answers together ("…。2：…"): they are two codes.
            first, joined, second = label.partition("。2：")
            codes.append([oid, code, first])
            if joined:
                codes.append([oid, "2", second])
    listed, seen = {row[0] for row in codes}, set()
    for oid, note in noted:
        fresh = [(oid, *pair) for pair in answers(note) if oid and oid not in listed]
        codes += [list(row) for row in fresh if row[:2] not in seen]
        seen |= {row[:2] for row in fresh}
    return codes + [row[:3] for row in read_table(HERE / "answers-added.csv", 1)]


def render(heading: tuple[str, ...], rows: list[list[str]]) -> bytes:
    """CSV bytes, UTF-8, LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return out.getvalue().encode()


def build(facts: Path) -> dict[str, bytes]:
    """File name -> bytes of every table we derive."""
    ranges = {row[0]: (row[6], row[7]) for row in read_table(facts / "ITEMBasicInfo.csv") if row[6] and row[7]}
    old, guided = read_table(facts / "XMLhc18tab.csv", 1), read_table(facts / "XMLhg18tab.csv", 1)
    national, more = read_table(facts / "XMLhc24tab.csv"), read_table(facts / "XMLhc24ext.csv")
    families = {row[3]: row[14] for row in old}
    guidance_items, forms = guidance(guided, "table")
    later_items, later_forms = guidance(read_table(HERE / "guidance-added.csv", 1), "reader")
    municipal = [
        derived({"code": code, "name": name, "type": kind, "category": category}, family=code[:5], system=MUNICIPAL)
        for code, name, kind, category in read_table(HERE / "municipal.csv", 1)
    ]
    own = [
        derived(dict(zip(BASE, row, strict=False)), family=row[0], system=OWN)
        for row in read_table(HERE / "items-own.csv", 1)
    ]
    tables = {
        "items-v4.csv": [item_row(row, ranges, families) for row in national],
        "items-additional.csv": [item_row(row, ranges, families) for row in more],
        "items-v3.csv": [old_row(row) for row in old],
        "items-guidance.csv": guidance_items + later_items,
        "items-municipal.csv": municipal,
        "items-own.csv": own,
    }
    noted = [(row[29], row[28]) for row in national + more]
    noted += [(OID_CORRECTIONS.get(row[2], row[10]), row[11]) for row in guided]
    built = {"codes-v4.csv": render(("oid", "code", "label"), answer_rows(facts, noted))}
    known: set[str] = set()
    for name, rows in tables.items():
        built[name] = render(COLUMNS, [row for row in rows if row[0] not in known])
        known |= {row[0] for row in rows}
    return built | {"guidance-forms.csv": render(FORM_COLUMNS, forms + later_forms)}


if __name__ == "__main__":
    for file_name, content in build(Path(sys.argv[1])).items():
        Path(sys.argv[2], file_name).write_bytes(content)
