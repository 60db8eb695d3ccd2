"""特定保健指導 XML: moods and places as the ministry's table has them, validity, and reading back what was written."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from akashi.checkup import Finding, ItemResult, ItemTable, NeutralRecord, Status, SubmissionContext
from akashi.checkup.cda.guidance import (
    GuidanceWriter,
    act_key,
    expressible_guidance,
    hg08_document,
    known,
    observation_mood,
    place,
    value_type,
)
from akashi.checkup.cda.guidance_reading import read_hg08
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.errors import DocumentInvalid
from akashi.checkup.formats.items import Item
from akashi.checkup.generate import person
from tests.checkup.archive.invented import check, record
from tests.checkup.conftest import FORMATS, ROOT

GOLDEN = ROOT / "tests/checkup/archive/golden"
NS = {"h": "urn:hl7-org:v3"}
LEVEL, WEIGHT_GOAL, DAY, FORM, MINUTES, WHO = (
    "1020000001", "1021001032", "1022000011", "1022000012", "1022000013", "1022000015",
)  # fmt: skip


@pytest.fixture(scope="session")
def guidance(context: SubmissionContext) -> SubmissionContext:
    """A guidance archive's sender."""
    return replace(context, purpose=2, program_code="100", report_code="22")


def one(code: str, standard: str, coded: str = "", occurrence: int = 1, **more: str) -> ItemResult:
    """One result as a source gives it."""
    return ItemResult(code, occurrence, Status.VALUE, more.pop("unit", ""), standard, standard, coded, **more)


SESSIONS = (
    one(LEVEL, "積極的支援", "1"), one("1020000003", "標準コース"), one(DAY, "2026-05-20"), one(FORM, "個別支援", "1"),
    one(MINUTES, "20", unit="分"), one(WHO, "保健師", "2"), one(WEIGHT_GOAL, "62.5", unit="kg"),
    one("1032100011", "2026-06-20"), one("1032100012", "電話Ａ", "4"), one("1032100014", "45"),
    one("1032100011", "2026-07-20", occurrence=2), one("1032100012", "個別支援Ａ", "1", occurrence=2),
    one("1032200012", "電子メール支援B", "7"), one("1042000011", "2026-09-01"), one("1042001032", "61.0", unit="kg"),
    one("1041800117", "4"), one("1042800117", "3"), one("1042000022", "2026-08-20"),
    one("1042000081", "9910000001"), one("1042000082", "架空保健指導センター"), one("1042000085", "個別支援", "1"),
    one("1042000086", "継続的支援", "5"),
)  # fmt: skip


def test_places_and_moods_are_those_of_the_ministrys_table(items: ItemTable) -> None:
    """formats/guidance-forms.csv holds the facts; the code's rules give the same for every item."""
    with (FORMATS / "guidance-forms.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["code"]: row for row in csv.DictReader(stream)}
    names = {"end": "date", "width": "duration", "institution_name": "institution"}
    table = known(items)

    assert set(table) == set(rows)
    for code, row in rows.items():
        item, where = table[code], place(code)
        assert item.section == row["section"]
        if row["section"] != "90080":
            assert names.get(where, where) == row["place"], code
        if row["act_mood"]:
            assert act_key(item).mood == row["act_mood"], code
        if row["obs_mood"]:
            assert observation_mood(code) == row["obs_mood"], code
        if row["xml_type"]:
            assert value_type(item) == row["xml_type"], code


def test_a_course_of_guidance_has_its_sessions_in_order(guidance: SubmissionContext) -> None:
    """One act per session: form as code, day, who, then observations; valid; the golden file of this form."""
    document = hg08_document(record(1, *SESSIONS, visit_report="22", ticket_kind="2"), guidance)

    check("hg08", document)
    assert document == (GOLDEN / "guidance.xml").read_bytes()
    root = etree.fromstring(document)
    acts = root.findall(".//h:act", NS)
    codes = [act.find("h:code", NS) for act in acts]
    assert [None if code is None else code.get("code") for code in codes] == [
        None, "1", None, "4", "1", "7", None, None, None, "1"
    ]  # fmt: skip
    widths = [node.get("value") for node in root.findall(".//h:width", NS)]
    assert widths == ["20"]
    assert [node.get("moodCode") for node in root.findall(".//h:observation[h:code]", NS)].count("GOL") == 1


def test_the_golden_course_reads_back(guidance: SubmissionContext, items: ItemTable) -> None:
    """From the file itself: every session, nothing to remark."""
    findings: list[Finding] = []

    read = read_hg08((GOLDEN / "guidance.xml").read_bytes(), items, finding_sink=findings.append)

    assert findings == []
    wanted = expressible_guidance(record(1, *SESSIONS, visit_report="22", ticket_kind="2"), guidance)
    assert replace(read, line=0) == replace(wanted, line=0)
    assert len(read.items) == len(SESSIONS)


def _words(item: Item, labels: dict[str, str]) -> st.SearchStrategy[dict[str, str]]:
    where = place(item.code)
    if where in {"date", "end"}:
        return st.dates(date(2026, 4, 1), date(2027, 3, 31)).map(lambda day: {"standard": day.isoformat()})
    if where == "institution":
        return st.sampled_from(("9910000001", "99")).map(lambda text: {"standard": text})
    if item.type in {"CD", "CO"}:
        return st.sampled_from(sorted(labels) or ["1"]).map(
            lambda code: {"coded": code, "standard": labels.get(code, "")}
        )
    if item.type == "PQ":
        number = st.integers(0, 300).map(str) | st.sampled_from(("61.5", "010", "-1", "x"))
        return st.builds(
            lambda text, unit: {"standard": text, "unit": unit}, number, st.sampled_from((item.unit, "", "g"))
        )
    return st.text("あ漢<&>\"' aZ　", max_size=40).map(lambda text: {"standard": text})


@st.composite
def courses(draw: st.DrawFn, items: ItemTable) -> NeutralRecord:
    """Any mix of guidance items and sessions, in any order, with statuses and texts that hg08 cannot say."""
    table = known(items)
    results: dict[tuple[str, int, str], ItemResult] = {}
    for code in draw(st.lists(st.sampled_from(sorted(table)), max_size=14)):
        item, occurrence = table[code], draw(st.integers(1, 4))
        status = draw(st.sampled_from((*[Status.VALUE] * 6, *Status)).filter(lambda status: status is not Status.EMPTY))
        said = draw(_words(item, dict(items.labels(code)))) if status is Status.VALUE else {"standard": "ことば"}
        group = draw(st.sampled_from(("", "", "90020")))
        fields = {"unit": "", "standard": "", "coded": ""} | said
        results[code, occurrence, group] = ItemResult(
            code,
            occurrence,
            status,
            fields["unit"],
            fields["standard"],
            fields["standard"],
            fields["coded"],
            group=group,
        )
    who = person(Random(draw(st.integers(0, 99))), 1)
    more = draw(st.sampled_from(({}, {"ticket_number": ""}, {"ticket_kind": "1"}, {"ticket_expires": "2027-03-31"})))
    return record(
        1, *results.values(), person_kana=who.kana, visit_report=draw(st.sampled_from(("21", "22", "", "10"))), **more
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_reads_back(data: st.DataObject, guidance: SubmissionContext, items: ItemTable) -> None:
    """read(write(r)) == expressible(r), expressible is idempotent, and every document is valid."""
    given_record = data.draw(courses(items))

    document, left = GuidanceWriter(guidance).write(given_record)

    check("hg08", document)
    wanted = expressible_guidance(given_record, guidance)
    assert replace(read_hg08(document, items), line=0, row=1) == replace(wanted, line=0, row=1)
    assert expressible_guidance(wanted, guidance) == wanted
    assert len(wanted.items) + len(left) <= len(given_record.items)


@pytest.mark.parametrize(
    ("given_result", "expected"),
    [
        (ItemResult("1042001032", 1, Status.NOT_DONE, "", "", ""), (Status.NOT_DONE, NOT_DONE)),
        (ItemResult("1042001032", 1, Status.UNMEASURABLE, "", "", ""), (Status.UNMEASURABLE, UNMEASURABLE)),
        (ItemResult("1042001032", 1, Status.BELOW, "kg", "", "40未満", qualifier="<"), None),
        (ItemResult("1042001032", 1, Status.VALUE, "g", "", "61"), None),
        (ItemResult("1041800117", 1, Status.VALUE, "", "", "4.5"), None),
        (ItemResult("1042000011", 1, Status.NOT_DONE, "", "", ""), None),
        (ItemResult("1032100012", 1, Status.VALUE, "", "", "個別支援B", "2"), None),
        (ItemResult("1020000001", 1, Status.UNMATCHED, "", "", "ほげ"), None),
    ],
)
def test_each_status_and_each_refusal(
    guidance: SubmissionContext, items: ItemTable, given_result: ItemResult, expected: tuple[Status, str] | None
) -> None:
    """Not done and unmeasurable are said; bounds, other units, broken counts and B forms of a support A are left out."""
    document, left = GuidanceWriter(guidance).write(record(1, given_result))

    check("hg08", document)
    read = read_hg08(document, items)
    assert [(one.status, one.standard) for one in read.items] == ([expected] if expected else [])
    assert left == (() if expected else (given_result.code,))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('code="1021001032"', 'code="1029999999"', "hc08.item"),
        ('value="62.5" unit="kg"', 'value="62.5" unit="g"', "hc08.unit"),
        ('value="62.5" unit="kg"', 'value="x" unit="kg"', "hc08.value"),
        ('effectiveTime value="20260520"', 'effectiveTime value="20260532"', "hc08.value"),
        ('code="1" codeSystem="1.2.392.200119.6.18140"', 'code="9" codeSystem="1.2.392.200119.6.18140"', "hc08.answer"),
    ],
)
def test_what_does_not_read_is_kept_with_a_finding(items: ItemTable, old: str, new: str, code: str) -> None:
    """Unknown item, other unit, no number, no day, unknown answer: verbatim, never improved."""
    text = (GOLDEN / "guidance.xml").read_text()
    assert old in text
    findings: list[Finding] = []

    read = read_hg08(text.replace(old, new, 1).encode(), items, finding_sink=findings.append)

    assert [finding.code for finding in findings] == [code]
    assert len(read.items) == len(SESSIONS)


def test_what_is_no_guidance_document_is_refused(items: ItemTable) -> None:
    """Another root, and two persons."""
    text = (GOLDEN / "guidance.xml").read_text()
    target = text[text.index("<recordTarget>") : text.index("</recordTarget>") + 15]

    with pytest.raises(DocumentInvalid):
        read_hg08(b"<a/>", items)
    with pytest.raises(DocumentInvalid):
        read_hg08(text.replace(target, target * 2).encode(), items)
