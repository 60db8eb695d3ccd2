"""Documents that others wrote: other orders, other codes, other habits; and those that must be refused."""

from __future__ import annotations

import pytest

from akashi.checkup import Finding, ItemResult, ItemTable, Status
from akashi.checkup.cda.parsing import DEFAULT_LIMIT
from akashi.checkup.cda.reading import DocumentReader, read_hc08
from akashi.checkup.errors import DocumentInvalid, FileTooLarge
from tests.checkup.cda.golden import HEIGHT, JUDGE, JUDGED, SMOKING, SUGAR, document

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="hc08.xsl"?>
<hl7:ClinicalDocument xmlns:hl7="urn:hl7-org:v3" xmlns="urn:hl7-org:v3" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"
  x:schemaLocation="urn:hl7-org:v3 ../XSD/hc08_V08.xsd">
  <documentationOf><serviceEvent><effectiveTime><low value="20090516"/><high value="20090517"/></effectiveTime>
    <code code="010" codeSystem="1.2.392.200119.6.1002"/></serviceEvent></documentationOf>
  <effectiveTime value="200906011530"/><code code="10"/>
  <author><assignedAuthor><representedOrganization><name> 架空診療所 </name>
    <id extension="9910000003" root="1.2.392.200119.6.102"/><telecom value="00-1"/></representedOrganization></assignedAuthor></author>
  <recordTarget><patientRole>
    <patient><birthTime value="19700230"/><administrativeGenderCode code="3"/><name> ﾎｼ <given>ｿﾗ</given></name></patient>
    <addr>架空県 <!-- 都道府県 --><postalCode> 100-0000 </postalCode>星見市</addr>
    <id extension="345" root="1.2.392.200119.6.205"/><id extension="99000001" root="1.2.392.200119.6.101"/>
  </patientRole></recordTarget>
  <component><structuredBody><component><section><code code="01010"/>
"""
TAIL = "</section></component></structuredBody></component></hl7:ClinicalDocument>"
OBSERVED = '<entry><observation classCode="OBS" moodCode="EVN">{}</observation></entry>'
ABOVE = '<value x:type="CD" code="H" codeSystem="2.16.840.1.113883.5.83"/>'


def read(items: ItemTable, *observations: str) -> tuple[list[ItemResult], list[Finding]]:
    """The results and findings of observations in a foreign document."""
    said: list[Finding] = []
    text = HEAD + "\n".join(OBSERVED.format(inner) for inner in observations) + TAIL
    record = read_hc08(text.encode(), items, finding_sink=said.append)
    return list(record.items), [finding for finding in said if not finding.item.startswith("person.")]


def test_the_head_is_found_in_any_order_and_prefix(items: ItemTable) -> None:
    """Kana and dates become standard, originals stay; what is no date or sex is a finding with its place."""
    said: list[Finding] = []

    record = read_hc08((HEAD + TAIL).encode(), items, row=7, finding_sink=said.append)

    assert record.fields == {
        "visit.date": "2009-05-16", "visit.created": "2009-06-01", "visit.report": "10", "visit.program": "010",
        "insurance.insurer": "99000001", "insurance.number": "345", "person.kana": "ホシ　ソラ",
        "person.address": "架空県 星見市", "person.postal": "100-0000", "institution.code": "9910000003",
        "institution.name": "架空診療所", "institution.telephone": "00-1",
    }  # fmt: skip
    assert (record.originals["person.birth"], record.originals["person.sex"]) == ("19700230", "3")
    assert (record.row, record.map_id, record.table_id) == (7, "format:hc08", items.table_id)
    assert [(finding.code, finding.item, finding.row) for finding in said] == [
        ("cell.sex", "person.sex", 7), ("cell.date", "person.birth", 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("observation", "expected", "finding"),
    [
        (f'<value x:type="PQ" unit="cm" value="0165.50"/><code code="{HEIGHT}"/>', ("value", "165.50", "cm"), ""),
        (f'<code code="{HEIGHT}"/><value x:type="hl7:PQ" value="165.5"/>', ("value", "165.5", "cm"), ""),
        (f'<code code="{HEIGHT}"/><value x:type="PQ" value="65.2" unit="[in_i]"/>', ("value", "65.2", "[in_i]"), "hc08.unit"),
        (f'<code code="{HEIGHT}"/><value x:type="PQ" value="1e2" unit="cm"/>', ("unmatched", "1e2", "cm"), "hc08.value"),
        (f'<code code="{HEIGHT}"/><value x:type="ST">高い</value>', ("unmatched", "高い", ""), "hc08.value"),
        (f'<code code="{HEIGHT}"/><value x:type="PQ" nullFlavor="UNK"/>', ("unmatched", "UNK", ""), "hc08.value"),
        (f'<code code="{HEIGHT}"/><value x:type="PQ" nullFlavor="NI"/>', ("unmeasurable", "測定不能", ""), ""),
        (
            f'<code code="{HEIGHT}"/><value x:type="PQ" value="250"/>{ABOVE}',
            ("above", "250以上", "cm"),
            "",
        ),
        (
            f'<code code="{HEIGHT}"/><value x:type="PQ" value="100"/><interpretationCode code="LX"/>',
            ("below", "100以下", "cm"),
            "",
        ),
        (
            f'<code code="{HEIGHT}"/><value x:type="PQ" value="1"/><value x:type="PQ" value="2"/>',
            ("value", "1", "cm"),
            "hc08.value",
        ),
        (f'<code code="{SUGAR}"/><value x:type="CD" code="3"/>', ("value", "＋", ""), ""),
        (f'<code code="{SUGAR}"/><value x:type="CO" code="3" displayName="ﾌﾟﾗｽ"/>', ("value", "＋", ""), "hc08.label"),
        (f'<code code="{SUGAR}"/><value x:type="CO" code="77" displayName="多い"/>', ("unmatched", "多い", ""), "hc08.answer"),
        (f'<code code="{SUGAR}"/><value x:type="CO"/>', None, "hc08.value"),
        (f'<code code="{SUGAR}"/>', None, "hc08.value"),
        (f'<code code="{JUDGED}"/><value x:type="ED"> a <b>b</b> </value>', ("value", "a b", ""), ""),
        ('<value x:type="ST">だれの</value>', None, "hc08.value"),
    ],
)  # fmt: skip
def test_what_one_observation_states(
    items: ItemTable, observation: str, expected: tuple[str, str, str] | None, finding: str
) -> None:
    """Status, standard and unit; and what there is to remark."""
    results, said = read(items, observation)

    assert [(result.status.value, result.standard, result.unit) for result in results] == (
        [expected] if expected else []
    )
    assert [one.code for one in said] == ([finding] if finding else [])


def test_a_negated_observation_is_not_done_even_with_a_value(items: ItemTable) -> None:
    """The value that contradicts it is a finding that shows it."""
    text = OBSERVED.format(f'<code code="{HEIGHT}"/><value x:type="PQ" value="170"/>')
    said: list[Finding] = []

    record = read_hc08(
        (HEAD + text.replace("EVN", 'EVN" negationInd="1') + TAIL).encode(), items, finding_sink=said.append
    )

    assert [(result.status, result.original) for result in record.items] == [(Status.NOT_DONE, "")]
    assert [(one.code, one.original) for one in said if one.item == HEIGHT] == [("hc08.value", "170")]


def test_codes_nobody_knows_keep_code_name_system_and_value(items: ItemTable) -> None:
    """Of another code system, or of a later table; the finding informs."""
    results, said = read(
        items,
        '<code code="8480-6" codeSystem="2.16.840.1.113883.6.1" displayName="SBP"/><value x:type="PQ" value="120" unit="mm[Hg]"/>',
        '<code code="9Z999000000000011" displayName="新項目"/><value x:type="CD" code="5" codeSystem="1.2.3" displayName="五"/>',
        f'<code code="{HEIGHT}" codeSystem="1.2.3"/><value x:type="PQ" value="2" unit="m"/>',
    )

    assert [(one.code, one.system, one.name, one.standard, one.unit) for one in results] == [
        ("8480-6", "2.16.840.1.113883.6.1", "SBP", "120", "mm[Hg]"), ("9Z999000000000011", "", "新項目", "五", ""),
        (HEIGHT, "1.2.3", "", "2", "m"),
    ]  # fmt: skip
    assert (results[1].coded, results[1].answers) == ("5", "1.2.3")
    assert [one.code for one in said] == ["hc08.item"] * 3


def test_an_answer_of_the_third_term_keeps_its_code_system(items: ItemTable) -> None:
    """The same code means another thing under another table: 2003 had two answers, 24060 has three."""
    results, said = read(
        items, f'<code code="{SMOKING}"/><value x:type="CD" code="2" codeSystem="1.2.392.200119.6.2003"/>'
    )

    assert [(one.coded, one.standard, one.answers) for one in results] == [("2", "いいえ", "1.2.392.200119.6.2003")]
    assert said == []


def test_series_within_series_give_all_their_results(items: ItemTable) -> None:
    """A parent with a value of its own is a result too; a second statement of an item is its second occurrence."""
    child = '<entryRelationship typeCode="COMP"><observation>{}</observation></entryRelationship>'
    blood = '<code code="2A020000001930101"/><value x:type="PQ" value="{}"/>'
    inner = '<code nullFlavor="NA"/>' + child.format(blood.format("470")) + child.format(blood.format("471"))
    parent = f'<code code="{HEIGHT}"/><value x:type="PQ" value="165"/>' + child.format(inner)

    results, said = read(items, parent)

    assert [(one.code, one.occurrence, one.standard) for one in results] == [
        (HEIGHT, 1, "165"), ("2A020000001930101", 1, "470"), ("2A020000001930101", 2, "471"),
    ]  # fmt: skip
    assert said == []


def test_a_doctor_becomes_the_item_that_holds_the_name(items: ItemTable) -> None:
    """Once, after the results; the judgement names who judged."""
    author = "<author><assignedAuthor><assignedPerson><name>架空 <family>医師</family></name></assignedPerson></assignedAuthor></author>"

    results, _said = read(items, f'{author}<code code="{JUDGED}"/><value x:type="ST">異常なし</value>')

    assert [(one.code, one.standard, one.performer) for one in results] == [
        (JUDGED, "異常なし", "架空 医師"), (JUDGE, "架空 医師", ""),
    ]  # fmt: skip


def test_a_finding_names_the_line_on_both_roads(items: ItemTable) -> None:
    """Also for the member of a series, and also when the entry was read before."""
    text = document("series", items).replace('value="470"', 'value="many"')
    reader = DocumentReader(items)
    lines: list[list[int]] = []

    for each in (reader, reader, DocumentReader(items, remember=False)):
        said: list[Finding] = []
        each.read(text.encode(), finding_sink=said.append)
        lines.append([one.line for one in said])

    wanted = [nth for nth, line in enumerate(text.split("\n"), 1) if 'value="many"' in line]
    assert lines == [[wanted[0] - 2]] * 3


def test_bytes_met_as_a_member_are_not_taken_for_an_entry(items: ItemTable) -> None:
    """What is remembered of a series must not speak where a document puts it straight into an entry."""
    text = document("series", items).replace(">\n<", "><")
    parent = '<observation classCode="OBS" moodCode="EVN"><code nullFlavor="NA"/>'
    begun = text.index(parent)
    member = text[begun + len(parent) : text.index("</entryRelationship>") + len("</entryRelationship>")]
    odd = text[:begun] + member + text[text.index("</entry>", begun) :]
    reader = DocumentReader(items)

    seen = [reader.read(data.encode()).items for data in (text, odd)]

    assert (len(seen[0]), seen[1]) == (2, ())


GOOD = """<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget/><component><structuredBody/></component></ClinicalDocument>"""


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE ClinicalDocument>" + GOOD.encode(), "doctype"),
        (b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]>' + GOOD.encode(), "doctype"),
        (GOOD.encode()[:-4], "not well formed"),
        (GOOD.replace("ClinicalDocument", "index").encode(), "root"),
        (GOOD.replace("urn:hl7-org:v3", "urn:hl7-org:v2").encode(), "root"),
        (GOOD.replace("<recordTarget/>", "<recordTarget/>" * 2).encode(), "recordTarget"),
        (GOOD.replace("<recordTarget/>", "").encode(), "recordTarget"),
        (GOOD.replace("<structuredBody/>", "").encode(), "structuredBody"),
        (GOOD.replace("<structuredBody/>", "<a>" * 100_000 + "</a>" * 100_000).encode(), "too many elements"),
        (GOOD.replace("<structuredBody/>", "<a>" * 400 + "</a>" * 400).encode(), "not well formed"),
        (GOOD.replace("<recordTarget/>", f'<recordTarget a="{"a" * 40_000}"/>').encode(), "text too long"),
        (GOOD.replace("<recordTarget/>", "<recordTarget>星</recordTarget>").encode("cp932"), "not well formed"),
        (GOOD.encode("utf-16"), "encoding"),
    ],
)  # fmt: skip
def test_what_must_be_refused_is(items: ItemTable, data: bytes, what: str) -> None:
    """On both roads, with what is wrong and never with what stood there."""
    for remember in (True, False):
        with pytest.raises(DocumentInvalid) as caught:
            DocumentReader(items, remember=remember).read(data)

        assert caught.value.params["what"] == what


def test_a_document_that_is_too_large_is_refused(items: ItemTable) -> None:
    """Before it is parsed."""
    assert read_hc08(GOOD.encode(), items, limit_bytes=len(GOOD)).items == ()
    with pytest.raises(FileTooLarge):
        read_hc08(GOOD.encode(), items, limit_bytes=len(GOOD) - 1)
    with pytest.raises(FileTooLarge):
        read_hc08(GOOD.encode() + b" " * DEFAULT_LIMIT, items)
