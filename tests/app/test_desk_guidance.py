"""Guidance from an institution's own table: a map onto guidance items, documents, an archive, and back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from akashi.app.desk.maps import FORMATS, MapShelf, today
from akashi.app.desk.outputs import Job, Kind, Output, Sender, written
from akashi.checkup import Finding, ItemTable, LayoutMap, NeutralRecord, layout_hash, load_map
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import read_archive
from akashi.checkup.tabular.convert import read_records
from tests.app.service import START

HEADS = [
    "利用券整理番号", "保険者番号", "記号", "番号", "フリガナ", "性別", "生年月日", "初回面接日", "初回の形態", "初回の時間", "実施者", "区分",
    "支援1日", "支援1形態", "支援1点数", "支援2日", "支援2形態", "支援2点数", "評価日", "評価体重",
]  # fmt: skip
ROWS = [
    "22345678901,99000001,12,345,ﾎｼ ｿﾗ,男,S45.1.2,R8.5.20,個別支援,20分,保健師,積極的支援,R8.6.20,電話Ａ,45,R8.7.20,個別支援Ａ,120,R8.9.1,61.0",
    "22345678902,99000001,12,346,ﾐﾄﾞ ﾅﾐ,女,S50.3.4,R8.5.21,個別支援,30,医師,動機づけ支援,,,,,,,R8.9.2,55.5",
]
MAP = """\
map: 1
id: guidance-own
institution: guidance-own
layout: {layout}
valid: {{from: 2026-01-01, to: 2027-12-31}}
header_rows: 1
rules:
- {{to: ticket.number, at: "利用券整理番号", kind: digits}}
- {{to: insurance.insurer, at: "保険者番号", kind: digits}}
- {{to: insurance.symbol, at: "記号", kind: text}}
- {{to: insurance.number, at: "番号", kind: text}}
- {{to: person.kana, at: "フリガナ", kind: kana}}
- {{to: person.sex, at: "性別", kind: sex}}
- {{to: person.birth, at: "生年月日", kind: date}}
- {{to: visit.date, at: "初回面接日", kind: date}}
- {{to: "1020000001", at: "区分", kind: code}}
- {{to: "1022000011", at: "初回面接日", kind: date}}
- {{to: "1022000012", at: "初回の形態", kind: code}}
- {{to: "1022000013", at: "初回の時間", kind: number, unit: "分"}}
- {{to: "1022000015", at: "実施者", kind: code}}
- {{to: "1032100011", at: "支援1日", kind: date}}
- {{to: "1032100012", at: "支援1形態", kind: code}}
- {{to: "1032100014", at: "支援1点数", kind: number}}
- {{to: "1032100011", at: "支援2日", kind: date, occurrence: 2}}
- {{to: "1032100012", at: "支援2形態", kind: code, occurrence: 2}}
- {{to: "1032100014", at: "支援2点数", kind: number, occurrence: 2}}
- {{to: "1042000011", at: "評価日", kind: date}}
- {{to: "1042001032", at: "評価体重", kind: number, unit: "kg"}}
"""


@pytest.fixture(scope="module")
def shelf() -> MapShelf:
    """The shipped tables."""
    return MapShelf(FORMATS / "no maps of one's own")


@pytest.fixture(scope="module")
def guidance_map() -> LayoutMap:
    """A map of twenty columns onto guidance items."""
    return load_map(MAP.format(layout=layout_hash([HEADS], ",")))


def people(guidance_map: LayoutMap, items: ItemTable) -> Callable[[], Iterator[NeutralRecord]]:
    """Two courses of guidance, from the table."""
    data = "\r\n".join((",".join(HEADS), *ROWS, "")).encode("cp932")
    return lambda: read_records(io.BytesIO(data), guidance_map, on=today(START), items=items)


def made(
    shelf: MapShelf, records: Callable[[], Iterator[NeutralRecord]], kind: Kind, guidance: bool | None = None
) -> tuple[list[Output], list[Finding]]:
    """The files, and what was said."""
    said: list[Finding] = []
    sender = Sender("1319999901", "架空保健指導センター", START, "99000001")
    job = Job(records, sender, shelf.items(), shelf.definition(), said.append, guidance=guidance)
    return written(kind, job), said


def test_a_table_of_guidance_becomes_an_archive_that_its_receiver_takes(
    shelf: MapShelf, guidance_map: LayoutMap
) -> None:
    """Letters g, kind 2; every session comes back; the receiver's checks find nothing."""
    records, items = people(guidance_map, shelf.items()), shelf.items()
    [archive], said = made(shelf, records, Kind.ARCHIVE)
    findings: list[Finding] = []

    check_archive(io.BytesIO(archive.data), items, name=archive.name, finding_sink=findings.append)

    back = list(read_archive(io.BytesIO(archive.data), items))
    assert (archive.name[-6:], archive.people, said, findings) == ("_2.zip", 2, [], [])
    wanted = [[(one.code, one.occurrence, one.standard, one.coded) for one in record.items] for record in records()]
    assert [sorted((one.code, one.occurrence, one.standard, one.coded) for one in record.items) for record in back] == [
        sorted(one) for one in wanted
    ]
    assert {record.fields["visit.program"] for record in back} == {"100"}
    assert [record.fields["ticket.kind"] for record in back] == ["2", "2"]


def test_without_a_receiver_the_documents_come_alone(shelf: MapShelf, guidance_map: LayoutMap) -> None:
    """Under the name and the letters of guidance."""
    [bare], said = made(shelf, people(guidance_map, shelf.items()), Kind.HC08, guidance=True)

    with zipfile.ZipFile(io.BytesIO(bare.data)) as opened:
        names = opened.namelist()
    assert (bare.name, said) == ("hg08.zip", [])
    assert [name.rpartition("/")[2][0] for name in names] == ["g", "g"]


def test_guidance_is_not_written_as_checkups_nor_checkups_as_guidance(shelf: MapShelf, guidance_map: LayoutMap) -> None:
    """Where one kind was asked for, the other is left out and told, even if no column says which it is."""
    guided = people(guidance_map, shelf.items())

    def mixed() -> Iterator[NeutralRecord]:
        for record in guided():
            yield record
            yield replace(record, items=())

    checkups, said = made(shelf, guided, Kind.HC08, guidance=False)
    [both], also = made(shelf, mixed, Kind.ARCHIVE)

    assert checkups == []
    assert [one.code for one in said] == ["archive.mixed"] * 2
    assert (both.people, [one.code for one in also]) == (2, ["archive.mixed"] * 2)


def test_fhir_has_no_guidance(shelf: MapShelf, guidance_map: LayoutMap) -> None:
    """The profile knows checkups only: nobody is written, each is told."""
    files, said = made(shelf, people(guidance_map, shelf.items()), Kind.FHIR)

    assert files == []
    assert [one.code for one in said] == ["write.left_out"] * 2
