"""Records as other readers may leave them: any text in any place still makes a Bundle that keeps the profile and comes back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akashi.checkup import ItemResult, ItemTable, NeutralRecord, Status
from akashi.checkup.fhir.checker import check_bundle
from akashi.checkup.fhir.expressible import expressible
from akashi.checkup.fhir.people import missing_identity
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.strict_json import parse
from akashi.checkup.fhir.writer import write_bundle
from tests.checkup.fhir.samples import CONTEXT, FIELDS, record

_TEXT = st.text('あ 　a1.-+"\\\n\x00\x1b:^/<&', max_size=6)
_NUMBER = st.sampled_from(("", "1", "0.50", "-3", "007", "1e5", "１", "1.", "99999999999999999999", "0.1未満"))
_FLAG_PAIR = ("9N056000000000011", "9N056160400000049")
_SOME = (
    "9N001000000000001", "1A020000000191111", "9N511000000000049", "9N516000000000049", "9N581161300000011",
    "9N581161400000049", "9N211161100000049", "9A110160700000011", "AK00002", "X1", *_FLAG_PAIR, *_FLAG_PAIR,
)  # fmt: skip
RESULTS = st.lists(
    st.builds(
        ItemResult,
        code=st.sampled_from(_SOME),
        occurrence=st.integers(1, 3),
        status=st.sampled_from(Status),
        unit=st.sampled_from(("", "cm", "mg/dl", "尺")) | _TEXT,
        original=_TEXT,
        standard=_NUMBER | _TEXT,
        coded=st.sampled_from(("", "1", "99", "a b")) | _TEXT,
        qualifier=st.sampled_from(("", "<", "<=", ">=", ">", "~")),
        low=_NUMBER,
        high=_NUMBER,
        flag=st.sampled_from(("", "L", "N", "H", "HH", "*")),
        judgement=st.sampled_from(("", "C6")),
        method=st.sampled_from(("", "9N00100000", "酵素法")) | _TEXT,
        text=_TEXT,
        performer=st.sampled_from(("", "架空　医師", "星見")) | _TEXT,
        group=st.sampled_from(("", "9A110", "独自")),
        name=_TEXT,
        system=st.sampled_from(("", "", "1.2.392.200119.6.1005", "1.2.392.200119.4.504", "1.2.392.100495.100.1051", "1.2.3")),
        answers=st.sampled_from(("", "", "1.2.392.200119.6.2001", "1.2.3.4", "http://example.org/a")),
    ),
    max_size=8,
)  # fmt: skip
FIELD_VALUES = st.dictionaries(st.sampled_from(sorted(FIELDS)), _TEXT, max_size=4)
MANY = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def _wild(items: ItemTable, results: list[ItemResult], values: dict[str, str]) -> NeutralRecord:
    made = replace(record(items), fields=FIELDS | values, items=tuple(results))
    return replace(made, fields=FIELDS) if missing_identity(made) else made


@MANY
@given(results=RESULTS, values=FIELD_VALUES)
def test_a_wild_record_comes_back_as_expressible(
    items: ItemTable, results: list[ItemResult], values: dict[str, str]
) -> None:
    """Control characters, odd units, foreign systems, contradicting qualifiers."""
    wild = _wild(items, results, values)

    read = read_bundle(write_bundle(wild, CONTEXT, items), items)

    assert read == expressible(wild, items, CONTEXT)


@MANY
@given(results=RESULTS, values=FIELD_VALUES)
def test_a_wild_record_keeps_the_profile(items: ItemTable, results: list[ItemResult], values: dict[str, str]) -> None:
    """The checker has nothing to say."""
    assert check_bundle(parse(write_bundle(_wild(items, results, values), CONTEXT, items))) == ()


@MANY
@given(results=RESULTS, values=FIELD_VALUES)
def test_what_is_expressible_of_a_wild_record_stays(
    items: ItemTable, results: list[ItemResult], values: dict[str, str]
) -> None:
    """A second journey loses nothing more."""
    once = expressible(_wild(items, results, values), items, CONTEXT)

    assert expressible(once, items, CONTEXT) == once
