"""The item tables: official counts, what each programme needs, groups, dependents and doctors' names."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import ItemTable
from akashi.checkup.formats.items import GLUCOSE_GROUPS, ITEM_COLUMNS, NATIONAL_SYSTEM, Item
from tests.checkup.conftest import FORMATS

TABLES = ("v4", "additional", "own", "v3", "guidance", "municipal")
WAIST = ("9N021000000000001", "9N016160100000001", "9N016160200000001", "9N016160300000001")
# A plain reading of the UCUM grammar: terms of letters, brackets, annotations and powers, joined by dots and slashes.
TERM = r"(?:10\*[0-9]+|[A-Za-z%'_]*\[[A-Za-z0-9_']+\][A-Za-z]*|[A-Za-z%]+[0-9]*)?(?:\{[!-z|~]+\})?"
UNIT = re.compile(rf"/?{TERM}(?:[./]{TERM})*")


def rows(name: str) -> list[dict[str, str]]:
    """One committed table."""
    with (FORMATS / f"items-{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def national(items: ItemTable) -> dict[str, Item]:
    """The 322 items of the 4th term."""
    return {row["code"]: items.items[row["code"]] for row in rows("v4")}


def test_the_national_table_has_322_items_of_four_types(national: dict[str, Item]) -> None:
    """The official counts."""
    kinds = [item.type for item in national.values()]

    assert len(national) == 322
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"CD": 121, "PQ": 103, "ST": 77, "CO": 21}


def test_no_code_stands_in_two_tables(items: ItemTable) -> None:
    """A code means one thing; all tables have the same columns."""
    codes = [row["code"] for name in TABLES for row in rows(name)]

    assert len(codes) == len(set(codes)) == len(items.items)
    assert all(tuple(row) == ITEM_COLUMNS for name in TABLES for row in rows(name)[:1])


def test_53_national_items_stand_in_ten_groups(items: ItemTable, national: dict[str, Item]) -> None:
    """Seven of them are reasons (RSON), the others components."""
    groups = {name: codes for name, codes in items.groups().items() if set(codes) & set(national)}
    members = [code for codes in groups.values() for code in codes]

    assert (len(groups), len(members)) == (10, 53)
    assert sum(national[code].group_rel == "RSON" for code in members) == 7
    assert set(groups) <= set(members)


def test_18_judgements_have_the_names_of_12_doctors(items: ItemTable, national: dict[str, Item]) -> None:
    """The name items never stand alone, and no other item is like that."""
    authors = items.authors()

    assert (len(authors), len(set(authors.values()))) == (18, 12)
    assert {code for code, item in national.items() if not item.entry} == set(authors.values())


def test_29_national_items_depend_on_another(items: ItemTable, national: dict[str, Item]) -> None:
    """Each points at a coded item of the same table that says when a finding is there."""
    pairs = {code: flag for code, flag in items.dependents().items() if code in national}

    assert len(pairs) == 29
    assert all(national[flag].abnormal for flag in pairs.values())
    assert pairs["9N061160800000049"] == "9N061000000000011"


def test_dependents_point_at_known_items(items: ItemTable) -> None:
    """In every table; the additional table has 14 pairs of its own."""
    assert set(items.dependents().values()) <= set(items.items)
    assert len(items.dependents()) == 29 + 14


def test_what_a_specific_checkup_always_needs(items: ItemTable) -> None:
    """17 items: height, weight, BMI, three questions with their texts, two judgements, diagnosis with name, 服薬, smoking."""
    names = [items.items[code].name for code in items.required("010")]

    assert len(names) == 17
    assert names[:3] == ["身長", "体重", "BMI"]
    assert names[-4:] == ["服薬1(血圧)", "服薬2(血糖)", "服薬3(脂質)", "喫煙"]


def test_one_of_groups_of_a_specific_checkup(items: ItemTable) -> None:
    """The official letters and how many items each has."""
    sizes = {letter: len(codes) for letter, codes in items.one_of_groups("010").items()}

    assert sizes == {
        "A": 4, "B": 3, "C": 3, "D": 6, "E": 3, "F": 5, "G": 2, "H": 2, "J": 2, "K": 2, "L": 2, "b": 4, "c": 4, "d": 4,
    }  # fmt: skip
    assert items.one_of_groups("010")["A"] == WAIST
    assert {items.items[items.one_of_groups("010")[letter][0]].name for letter in GLUCOSE_GROUPS} == {
        "空腹時血糖",
        "随時血糖",
        "HbA1c(NGSP値)",
    }


def test_an_employers_checkup_needs_other_items(items: ItemTable) -> None:
    """No visceral fat for the waist; one chest X-ray of two; sight with or without glasses."""
    groups = items.one_of_groups("030")

    assert groups["A"] == WAIST[1:]
    assert {letter: len(groups[letter]) for letter in "MNWXYZ"} == dict.fromkeys("MNWXYZ", 2)
    assert len(items.required("030")) == 29


@pytest.mark.parametrize(("program", "required"), [("020", 11), ("040", 18), ("060", 0), ("990", 0), ("123", 0)])
def test_how_many_items_other_programmes_need(items: ItemTable, program: str, required: int) -> None:
    """From the table's columns; a programme it does not know needs nothing."""
    assert len(items.required(program)) == required


def test_the_first_columns_agree_with_the_specific_checkup(national: dict[str, Item]) -> None:
    """``required`` and ``one_of`` say the same as programme 010."""
    for item in national.values():
        need = item.need("010")
        assert item.required == ("" if need.startswith("one_of") else need)
        assert item.one_of == need.removeprefix("one_of:") if item.one_of else not need.startswith("one_of")
        assert item.section == ("01010" if need else "01990")


def test_input_ranges_say_whose_they_are(items: ItemTable) -> None:
    """42 items have one, all from the same unconfirmed source."""
    ranged = [item for item in items.items.values() if item.low or item.high]

    assert len(ranged) == 42
    assert {item.range_source for item in ranged} == {"CC2X default"}
    assert all(float(item.low) < float(item.high) for item in ranged)


def test_three_kinds_of_unit_are_kept_apart(items: ItemTable) -> None:
    """Display, official XML (not always clean), UCUM."""
    units = {(item.unit, item.xml_unit, item.ucum) for item in items.items.values() if item.unit}

    assert ("mg/g･CR", "mg/g*CR", "mg/g{creat}") in units
    assert ("ml/min/1.73m2", "ml/min/1.73m2", "mL/min/{1.73_m2}") in units
    assert ("拍／分", "{h`b}/min", "{beats}/min") in units
    assert ("/mm3", "/mm3", "/mm3") in units
    assert [ucum for _unit, _xml, ucum in units if not UNIT.fullmatch(ucum)] == []


def test_only_ours_and_the_free_tables_lack_answers(items: ItemTable) -> None:
    """A coded item knows its answers unless its table is free (3029) or municipal."""
    without = {
        item.oid
        for item in items.items.values()
        if item.type in {"CD", "CO"} and item.system != "1.2.392.100495.100.1051" and not items.labels(item.code)
    }

    assert without == {"1.2.392.200119.6.3029"}


def test_codes_have_the_system_of_their_table(items: ItemTable) -> None:
    """National, guidance, municipal and our own."""
    assert items.system("9N001000000000001") == NATIONAL_SYSTEM
    assert items.system("1020000001") == "1.2.392.200119.6.1006"
    assert items.system("9P500000000000011") == "1.2.392.100495.100.1051"
    assert items.system("AK00001") == "akashi"
    assert items.system("nothing") == ""


def test_answers_of_the_third_term_stay_readable(items: ItemTable) -> None:
    """Drinking had three answers, its amount four; the wish for guidance was asked."""
    assert len(items.answers["1.2.392.200119.6.2005"]) == 3
    assert len(items.answers["1.2.392.200119.6.2006"]) == 4
    assert items.labels("9N806000000000011") == {"1": "はい", "2": "いいえ"}


def test_methods_of_one_examination_are_variants(items: ItemTable) -> None:
    """Fasting and casual glucose are not; nor are the first and second blood pressure."""
    fasting = items.one_of_groups("010")["b"]

    assert set(items.variants(fasting[0])) == set(fasting[1:])
    assert set(items.one_of_groups("010")["c"]) <= set(items.family(fasting[0]))
    assert items.variants("9A751000000000001") == ()
    assert "9A755000000000001" in items.family("9A751000000000001")
    assert items.variants("nothing") == items.family("nothing") == ()


def test_an_answer_that_claims_a_finding(items: ItemTable) -> None:
    """Equal, at least, not equal; what the table does not say stays open."""
    chest, sugar, ecg = (items.items[code] for code in ("9N206160700000011", "1A020000000190111", "9A110160700000011"))

    assert [chest.says_finding(answer) for answer in ("1", "2", "3")] == [True, False, True]
    assert [sugar.says_finding(answer) for answer in ("2", "3", "5")] == [False, True, True]
    assert [ecg.says_finding(answer) for answer in ("1", "2")] == [True, False]
    assert items.items["9N001000000000001"].says_finding("1") is None


@given(answer=st.text(max_size=8) | st.integers(0, 10**6).map(str))
def test_no_answer_breaks_the_question(items: ItemTable, answer: str) -> None:
    """Cells hold anything."""
    said = [item.says_finding(answer) for item in items.items.values() if item.abnormal]

    assert set(said) <= {True, False, None}
    assert set(said) == {None} or (answer.isascii() and answer.isdigit())


def test_guidance_items_have_a_form_in_the_document(items: ItemTable) -> None:
    """One form per item, in one of eight sections; support kind 3 is not "none" as in the support level table."""
    with (FORMATS / "guidance-forms.csv").open(encoding="utf-8", newline="") as stream:
        forms = {row["code"]: row for row in csv.DictReader(stream)}
    guidance = [items.items[row["code"]] for row in rows("guidance")]

    assert list(forms) == [item.code for item in guidance]
    assert len(forms) == 91 + 25
    assert all(forms[item.code]["section"] == item.section for item in guidance)
    assert {item.section for item in guidance} == {f"900{n}0" for n in (1, 3, 4, 5, 6, 7, 8)}
    assert items.labels("1020000001")["3"] == "動機付け支援相当"


def test_guidance_of_the_fourth_term_says_that_no_table_was_seen() -> None:
    """Its 25 items come from a reader of such documents; lengths of time stand beside the value, not in it."""
    with (FORMATS / "guidance-forms.csv").open(encoding="utf-8", newline="") as stream:
        forms = {row["code"]: row for row in csv.DictReader(stream)}

    assert sum(form["source"] == "reader" for form in forms.values()) == 25
    assert forms["1032300013"]["place"] == forms["1022000013"]["place"] == "duration"
    assert {form["place"] for form in forms.values()} == {
        "observation", "duration", "date", "form", "performer", "institution",
    }  # fmt: skip


def test_municipal_items_are_bare_facts(items: ItemTable) -> None:
    """Code, name and type only: the public table states no licence. Codes the national table has are not repeated."""
    municipal = [items.items[row["code"]] for row in rows("municipal")]

    assert len(municipal) == 158
    assert {(item.oid, item.unit, item.bytes) for item in municipal} == {("", "", 0)}
    assert not {item.code for item in municipal} & {row["code"] for row in rows("v4")}
