"""Hostile and damaged archives: every attack is refused by kind and position before anything of it is used."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import Finding, ItemTable, SubmissionContext
from akashi.checkup.archive.members import ArchiveLimits, Members
from akashi.checkup.archive.unpack import inspect_archive, read_archive
from akashi.checkup.archive.zipping import ZipStream
from akashi.checkup.errors import ArchiveBroken, ArchiveUnsafe, FileTooLarge
from akashi.errors import AkashiError, Misuse
from tests.checkup.archive.invented import record
from tests.checkup.archive.test_pack import FOLDER, STEM, packed

LIMITS = ArchiveLimits(packed=1 << 20, members=50, one=1 << 16, unpacked=1 << 18, ratio=50, ratio_from=1 << 12)


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members, whatever they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def info(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """A member of this kind of file."""
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def raw(name: str) -> bytes:
    """A member whose name :mod:`zipfile` would have cleaned."""
    if not name.isascii():
        return zipped((name, b"x"))
    return zipped(("A" * len(name.encode()), b"x")).replace(b"A" * len(name.encode()), name.encode())


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "C:/x", "c:x", "a\\b", "..\\x", "a\0b", "a\nb",
        "a/b/c/d/e", "n" * 201, "a:stream", "\u202etxt.x",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    """Zip slip in every spelling; the name is not quoted."""
    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(raw(name)), LIMITS)

    assert caught.value.params == {"what": "path", "member": 1}


def named(name: bytes) -> bytes:
    """A zip whose one member has this name, in no encoding that the zip would state."""
    stand_in = b"A" * len(name)
    return zipped((stand_in.decode(), b"x")).replace(stand_in, name)


@pytest.mark.parametrize("name", ["結果表.csv", "ソラ/能.xml", "ﾎｼ.json", "一覧（十月）.txt", "予定①.csv"])
@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_that_japanese_systems_write_are_read(name: str, encoding: str) -> None:
    """CP932 of Windows, in which half of 表 is a backslash, and UTF-8 of Macs, neither stated."""
    members = Members(io.BytesIO(named(name.encode(encoding))), LIMITS)

    assert len(list(members)) == 1
    if name != "ﾎｼ.json":  # two bytes that are a Greek letter in UTF-8: no rule could tell
        assert list(members) == [(1, name)]


@pytest.mark.parametrize(
    "name",
    ["表\\x", "..\\表", "../ソ", "表/../../x", "能:x", "表\\..\\x", "表/能/ソ/十/深.x"],
)
@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_a_real_separator_in_such_a_name_is_still_refused(name: str, encoding: str) -> None:
    """The rules look at signs, not at bytes: a backslash that is none's half leads elsewhere."""
    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(named(name.encode(encoding))), LIMITS)

    assert caught.value.params == {"what": "path", "member": 1}


@pytest.mark.parametrize(("name", "taken"), [(b"a\x85 .txt", True), (b"a\x85 \\.txt", False)])
def test_a_name_in_no_encoding_is_judged_byte_by_byte(name: bytes, taken: bool) -> None:
    """What is neither UTF-8 nor CP932 passes as what DOS would show; a backslash among it does not."""
    with nullcontext() if taken else pytest.raises(ArchiveUnsafe):
        assert len(list(Members(io.BytesIO(named(name)), LIMITS))) == 1


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_devices_are_refused(kind: int) -> None:
    """A member is a regular file or a folder, and a folder has the name of one."""
    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(zipped(("a", b"x"), (info("b", kind | 0o777), b"/etc/passwd"))), LIMITS)

    assert caught.value.params == {"what": "link", "member": 2}


@pytest.mark.parametrize("name", ["inner.zip", "inner.LZH", "inner.tar", "inner.7z"])
def test_a_nested_archive_is_refused_by_name(name: str) -> None:
    """An archive of archives has no place in an archive."""
    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(zipped((name, b"x"))), LIMITS)

    assert caught.value.params["what"] == "nested"


def test_a_nested_archive_is_refused_by_content() -> None:
    """Also under a harmless name, when it is read."""
    members = Members(io.BytesIO(zipped(("h.xml", zipped(("a", b"x"))))), LIMITS)

    with pytest.raises(ArchiveUnsafe) as caught:
        members.read(1)

    assert caught.value.params == {"what": "nested", "member": 1}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (lambda: zipped(("a", b"0" * 40_000)), "size"),
        (lambda: zipped(("a", bytes(70_000)), compress=zipfile.ZIP_STORED), "size"),
        (lambda: zipped(*((f"{n}", bytes(60_000)) for n in range(5)), compress=zipfile.ZIP_STORED), "size"),
        (lambda: zipped(*((f"{n}", b"0" * 4_000) for n in range(40))), "size"),
        (lambda: zipped(*((f"{n}", b"") for n in range(51))), "members"),
        (lambda: zipped(("a", b"x"), ("A", b"y")), "duplicate"),
        (lambda: zipped(("a", b"x" * 500), compress=zipfile.ZIP_BZIP2), "method"),
        (lambda: zipped(("a/", b"x")), "folder with content"),
    ],
)
def test_bombs_twins_and_odd_methods_are_refused(data: Callable[[], bytes], what: str) -> None:
    """One that swells, one too large, too many together, many small ones, too many members, two of one name."""
    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(data()), LIMITS)

    assert caught.value.params["what"] == what


def test_encryption_is_refused() -> None:
    """We ask for no passwords."""
    data = bytearray(zipped(("a", b"x")))
    data[data.rfind(b"PK\1\2") + 8] |= 1

    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(bytes(data)), LIMITS)

    assert caught.value.params == {"what": "encrypted", "member": 1}


def test_members_that_share_bytes_are_refused() -> None:
    """Two entries of the directory that point at one place: the better zip bomb."""
    data = zipped(("a", b"x" * 300), ("b", b"y" * 300), compress=zipfile.ZIP_STORED)
    second = data.rfind(b"PK\1\2")
    shared = data[: second + 42] + bytes(4) + data[second + 46 :]

    with pytest.raises(ArchiveUnsafe) as caught:
        Members(io.BytesIO(shared), LIMITS)

    assert caught.value.params["what"] == "overlap"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PK", b"no zip at all", zipped(("a", b"x"))[:-10], b"x" * 100_000,
        b"PK\5\6" + b"\xff" * 18, zipped(("a", b"x")).replace(b"PK\1\2", b"PK\1\3"),
    ],
)  # fmt: skip
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    """Empty, cut, garbage, a lying end."""
    with pytest.raises((ArchiveBroken, ArchiveUnsafe)):
        Members(io.BytesIO(data), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"#!/bin/sh\n" + zipped(("a", b"x")), zipped(("a", b"x")) + b"more",
        zipped(("a", b"x"), ("b", b"y")).replace(b"\2\0\2\0", b"\1\0\1\0"),
        zipped(("a", b"x")).replace(b"\1\0\1\0", b"\2\0\2\0"), zipped(("a", b"x")).replace(b"\1\0\1\0", b"\xff" * 4),
    ],
)  # fmt: skip
def test_a_zip_with_anything_around_or_a_wrong_count_is_refused(data: bytes) -> None:
    """Two programs must not see two archives in one file."""
    with pytest.raises((ArchiveBroken, ArchiveUnsafe)):
        Members(io.BytesIO(data), LIMITS)


def test_a_comment_at_the_end_is_allowed() -> None:
    """Some tools write one; its length must be right."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x")
        archive.comment = b"made by PK\5\6 " + bytes(30)

    assert [path for _position, path in Members(out, LIMITS)] == ["a"]


def test_more_than_65534_members_are_read() -> None:
    """ZIP64, as our writer and others write it."""
    out = io.BytesIO()
    stream = ZipStream(out, date(2026, 6, 1), level=0)
    for number in range(65_540):
        stream.add(f"{number:06d}", b"x")
    stream.close()

    members = Members(out, replace(LIMITS, members=70_000, packed=1 << 24))

    assert sum(1 for _ in members) == 65_540
    assert members.read(65_540) == b"x"


def test_a_stream_that_cannot_seek_is_a_misuse() -> None:
    """A zip is read from its end; we do not spool it anywhere."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(Misuse):
        Members(Pipe(zipped(("a", b"x"))), LIMITS)


def test_a_large_file_is_refused_by_its_size() -> None:
    """Before anything of it is read."""
    with pytest.raises(FileTooLarge):
        Members(io.BytesIO(bytes(2 << 20)), LIMITS)


def test_a_member_longer_than_it_says_is_damaged() -> None:
    """The directory's size is not believed."""
    data = bytearray(zipped(("a", b"x" * 300), compress=zipfile.ZIP_STORED))
    at = data.rfind(b"PK\1\2") + 24
    data[at : at + 4] = (200).to_bytes(4, "little")
    members = Members(io.BytesIO(bytes(data)), LIMITS)

    with pytest.raises(ArchiveBroken) as caught:
        members.read(1)

    assert caught.value.params == {"what": "damaged", "member": 1}


def test_a_damaged_document_is_a_finding_and_the_others_are_read(context: SubmissionContext, items: ItemTable) -> None:
    """A wrong CRC in the first of two."""
    data = bytearray(packed(context, (record(1), None), (record(2), None))[0])
    data[data.find(b"PK\1\2") + 16] ^= 0xFF
    findings: list[Finding] = []

    read = list(read_archive(io.BytesIO(bytes(data)), items, finding_sink=findings.append))

    assert [one.row for one in read] == [2]
    assert [(finding.code, finding.row) for finding in findings] == [("archive.damaged", 1)]


def test_an_unreadable_document_is_a_finding_and_the_others_are_read(
    context: SubmissionContext, items: ItemTable
) -> None:
    """An entity bomb among documents."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'
    good = zipfile.ZipFile(io.BytesIO(packed(context, (record(1), None))[0])).read(f"{FOLDER}/DATA/h{STEM}1000001.xml")
    data = zipped((f"{FOLDER}/DATA/h1.xml", bomb), (f"{FOLDER}/DATA/h2.xml", good))
    findings: list[Finding] = []

    read = list(read_archive(io.BytesIO(data), items, finding_sink=findings.append))

    assert len(read) == 1
    assert [(finding.code, finding.row) for finding in findings] == [("archive.document", 1)]


def test_other_files_are_counted_and_not_read(context: SubmissionContext) -> None:
    """Schemas have their folder; everything else is told."""
    data = zipped(
        (f"{FOLDER}/XSD/coreschemas/voc.xsd", b""), (f"{FOLDER}/readme.txt", b""), (f"{FOLDER}/DATA/deep/h.xml", b""),
        (f"{FOLDER}/DATA/", b""),
    )  # fmt: skip

    contents = inspect_archive(io.BytesIO(data))

    assert (contents.schemas, contents.others, contents.documents, contents.index) == (1, 2, (), None)


@given(st.data())
def test_no_damage_gives_a_foreign_exception(draw: st.DataObject) -> None:
    """Whatever bytes change, cut or double: our errors, or records; never another exception."""
    data = bytearray(_SMALL)
    for _change in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)) | st.just(len(data)))
    try:
        members = Members(io.BytesIO(bytes(data[:cut])), LIMITS)
        read = [members.read(position) for position, _name in members]
    except AkashiError:
        read = []

    assert all(len(one) <= LIMITS.one for one in read)


_SMALL = zipped((f"{FOLDER}/DATA/h1.xml", b"<a/>" * 20), (f"{FOLDER}/ix08_V08.xml", b"<index/>"), ("empty/", b""))


def test_limits_have_defaults_that_hold_a_real_year() -> None:
    """100,000 people with claims fit; the largest document is that of one person."""
    limits = ArchiveLimits()

    assert limits.members > 200_000
    assert replace(limits, one=1).one == 1
