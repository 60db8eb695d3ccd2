"""Names: the formatter and the strict parser are each other's inverse."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup.archive.model import ArchiveName, MemberName
from akashi.checkup.archive.naming import archive_file, archive_folder, iso_day, member_file, parse_folder, parse_member
from akashi.checkup.errors import ArchiveNameWrong

DAYS = st.dates(date(2008, 4, 1), date(2099, 12, 31)).map(date.isoformat)
DIGITS10 = st.from_regex(r"[0-9]{10}", fullmatch=True)
FOLDERS = st.builds(
    ArchiveName, DIGITS10, st.from_regex(r"[0-9]{8}", fullmatch=True), DAYS, st.integers(0, 9), st.sampled_from("12345")
)
MEMBERS = st.builds(
    MemberName,
    st.sampled_from("hcgp"),
    DIGITS10,
    DAYS,
    st.integers(0, 9),
    st.sampled_from("12345"),
    st.integers(0, 999_999),
)


@given(FOLDERS)
def test_a_folder_name_reads_back(name: ArchiveName) -> None:
    """With and without ``.zip``."""
    assert parse_folder(archive_folder(name)) == name == parse_folder(archive_file(name))


@given(MEMBERS)
def test_a_document_name_reads_back(name: MemberName) -> None:
    """All four letters; the pair differs in the letter only."""
    text = member_file(name)

    assert parse_member(text) == name
    assert text[1:-4] == name.pair


def test_short_numbers_are_filled_with_zeros() -> None:
    """The receiver to eight digits, the sender to ten (knowledge 3.1)."""
    assert archive_folder(ArchiveName("99000001", "123", "2026-06-01", 3, "2")) == "0099000001_00000123_202606013_2"


@pytest.mark.parametrize(
    "text",
    [
        "", "9910000001_99000001_202606010", "9910000001_99000001_202606310_1", "9910000001_99000001_202606010_6",
        "９９10000001_99000001_202606010_1", "9910000001_99000001_202606010_1/", "../9910000001_99000001_202606010_1",
        "9910000001_99000001_202606010_1.zip.zip", "9910000001_99000001_202606010_1\n",
    ],
)  # fmt: skip
def test_a_wrong_folder_name_is_refused(text: str) -> None:
    """Missing parts, no real day, other digits, paths; the name is not quoted."""
    with pytest.raises(ArchiveNameWrong) as caught:
        parse_folder(text)

    assert text == "" or text not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["h991000000120260601010000.xml", "x99100000012026060101000001.xml", "h99100000012026130101000001.xml",
     "H99100000012026060101000001.xml", "h99100000012026060101000001.XML", "h99100000012026060101000001"],
)  # fmt: skip
def test_a_wrong_document_name_is_refused(text: str) -> None:
    """Letters, lengths, days and ending."""
    with pytest.raises(ArchiveNameWrong):
        parse_member(text)


@pytest.mark.parametrize("text", ["20260230", "2026060", "２０２６０６０１", "2026-06-01", ""])
def test_no_day_is_no_day(text: str) -> None:
    """Empty, never a guess."""
    assert iso_day(text) == ""
