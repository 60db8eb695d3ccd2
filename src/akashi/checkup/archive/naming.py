"""Names of archives and their files: one formatter, one strict parser, each the inverse of the other.

Guarantees: ``parse(format(x)) == x``; only ASCII digits, real dates. Refuses: anything else, by :class:`ArchiveNameWrong`
with the kind of name, never the name (somebody may have put a person's name there). Source: knowledge 3.1.

>>> from akashi.checkup.archive.model import ArchiveName
>>> archive_folder(ArchiveName("9910000001", "99000001", "2026-06-01", 0, "1"))
'9910000001_99000001_202606010_1'
>>> parse_member("h99100000012026060101000007.xml").pair
'99100000012026060101000007'
"""

from __future__ import annotations

import re
from datetime import date

from akashi.checkup.archive.model import ArchiveName, MemberName
from akashi.checkup.errors import ArchiveNameWrong

INDEX_NAME, SUMMARY_NAME = "ix08_V08.xml", "su08_V08.xml"
DATA, CLAIMS, SCHEMAS = "DATA", "CLAIMS", "XSD"
CLAIM_OF = {"h": "c", "g": "p"}
DOCUMENT_OF = {claim: document for document, claim in CLAIM_OF.items()}
# Employers have no institution number: these two stand for it (knowledge 3.1).
EMPLOYERS = frozenset({"5521111111", "6631111116"})

_FOLDER = re.compile(r"([0-9]{10})_([0-9]{8})_([0-9]{8})([0-9])_([1-5])")
_MEMBER = re.compile(r"([hcgp])([0-9]{10})([0-9]{8})([0-9])([1-5])([0-9]{6})\.xml")


def compact(iso: str) -> str:
    """``2026-06-01`` as ``20260601``."""
    return iso.replace("-", "")


def iso_day(text: str) -> str:
    """``20260601`` as ``2026-06-01``; empty where it is no real day."""
    if re.fullmatch("[0-9]{8}", text, re.ASCII) is None:
        return ""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return ""


def archive_folder(name: ArchiveName) -> str:
    """The folder inside the zip. Raises :class:`ArchiveNameWrong` where a part does not fit."""
    text = f"{name.sender:0>10}_{name.receiver:0>8}_{compact(name.day)}{name.count}_{name.event}"
    parse_folder(text)
    return text


def archive_file(name: ArchiveName) -> str:
    """The file name of the zip."""
    return archive_folder(name) + ".zip"


def parse_folder(text: str) -> ArchiveName:
    """The parts of a folder's or (with ``.zip``) an archive's name. Raises :class:`ArchiveNameWrong`."""
    found = _FOLDER.fullmatch(text.removesuffix(".zip"))
    day = iso_day(found[3]) if found else ""
    if found is None or not day:
        raise ArchiveNameWrong(what="folder")
    return ArchiveName(found[1], found[2], day, int(found[4]), found[5])


def member_file(name: MemberName) -> str:
    """The file name of a document or claim. Raises :class:`ArchiveNameWrong` where a part does not fit."""
    text = f"{name.letter}{name.pair}.xml"
    parse_member(text)
    return text


def parse_member(text: str) -> MemberName:
    """The parts of a document's or claim's file name. Raises :class:`ArchiveNameWrong`."""
    found = _MEMBER.fullmatch(text)
    day = iso_day(found[3]) if found else ""
    if found is None or not day:
        raise ArchiveNameWrong(what="document")
    return MemberName(found[1], found[2], day, int(found[4]), found[5], int(found[6]))
