"""Screening: programs, macros and active content are seen wherever they hide; plain files pass."""

from __future__ import annotations

import io
import sys
import zipfile
import zlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.exchange import screening
from akashi.exchange.model import Scan
from akashi.exchange.screening import ClamScanner, NoScanner, find_scanner, inspect

EICAR = b"X5O!P%@AP[4" + rb"\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)


def archive(entries: Mapping[str, bytes]) -> bytes:
    """A ZIP file of ``entries``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in entries.items():
            target.writestr(name, data)
    return buffer.getvalue()


WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00", "program"),
        (b"\x7fELF\x02\x01\x01\x00", "program"),
        (bytes.fromhex("cffaedfe07000001"), "program"),
        (b"#!/bin/sh\nexit\n", "program"),
        (b"\x00asm\x01\x00\x00\x00", "program"),
        (OLE + "_VBA_PROJECT".encode("utf-16-le"), "macro"),
        (OLE + b"\x85\x00\x0e\x00" + bytes(4) + b"\x00\x01" + bytes(8), "macro"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "macro"),
        (archive({**WORD, "word/vbaProject.bin": b"x"}), "macro"),
        (archive({**WORD, "xl/macrosheets/sheet1.xml": b"<xm/>"}), "macro"),
        (archive({"[Content_Types].xml": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"}), "macro"),
        (archive({"word/_rels/a.rels": b'Type="attachedTemplate" TargetMode="External"'}), "active_content"),
        (archive({"result.csv": b"MZ\x90\x00\x03\x00"}), "program"),
        (archive({"run.BAT": b"echo"}), "program"),
        (archive({"in.zip": archive({"in.docx": archive({**WORD, "word/vbaProject.bin": b"x"})})}), "macro"),
        (archive({"1.zip": archive({"2.zip": archive({"3.zip": archive({"4.txt": b"deep"})})})}), "unreadable_archive"),
        (b"PK\x03\x04 cut off", "unreadable_archive"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "unreadable_archive"),
        (b"Rar!\x1a\x07\x00", "unreadable_archive"),
        (b"id,value\n1,2\n" + archive({"a.txt": b"a"}), "unreadable_archive"),
        (rb"{\rtf1{\object\objdata 0105}}", "macro"),
        (b"%PDF-1.7\n1 0 obj<</S/JavaScript/JS(app)>>", "active_content"),
        (b"%PDF-1.7\n1 0 obj<</S/J#61vaScript>>", "active_content"),
        (b"%PDF-1.7\nstream\n" + zlib.compress(b"<</S/Launch/F(x)>>") + b"\nendstream", "active_content"),
        (b"%PDF-1.7\ntrailer<</Encrypt 3 0 R>>", "unreadable_archive"),
        (b"<!DOCTYPE html><html><script>x</script>", "active_content"),
        (b'<svg onload="x()"></svg>', "active_content"),
        (EICAR, "test_virus"),
        (b"id,value\n" * 20_000 + EICAR + b"\n1,2\n", "test_virus"),
    ],
)
def test_programs_macros_and_active_content_are_refused(data: bytes, reason: str) -> None:
    """Each hiding place is known and named by its reason."""
    assert inspect("result.dat", [data]) == reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        "氏名,値\r\nＭＺ,1\r\n".encode("cp932"),
        b"MZ_CODE,VALUE\r\n1,2\r\n",
        b'\xef\xbb\xbf<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>',
        b'{"resourceType":"Bundle"}',
        archive({"data/h0001.xml": b"<ClinicalDocument/>", "ix08_V08.xml": b"<index/>"}),
        archive(WORD),
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>",
        OLE,
        b"=cmd|' /C calc'!A0,1\n",
    ],
)
def test_plain_content_passes(data: bytes) -> None:
    """CSV, XML, JSON, archives of those and documents without active content are let through (formulas are checkup's findings)."""
    assert inspect("result.dat", [data]) is None


@pytest.mark.parametrize("name", ["a.exe", "a.PS1", "kekka.xlsm", "a.js ", "検査.lnk"])
def test_names_of_programs_are_refused(name: str) -> None:
    """Scripts have no magic number: their names tell."""
    assert inspect(name, [b"plain"]) == "program"


@given(st.binary(max_size=300), st.integers(1, 7))
def test_the_cut_into_chunks_does_not_matter(data: bytes, step: int) -> None:
    """However a document arrives, the answer is the same, and no bytes make it raise."""
    chunks = [data[at : at + step] for at in range(0, len(data), step)]

    assert inspect("a", chunks) == inspect("a", [data])


@given(st.integers(0, 200_000))
def test_the_test_virus_is_found_across_chunk_borders(at: int) -> None:
    """A signature that straddles two chunks is one signature."""
    data = b"x" * at + EICAR

    assert inspect("a.csv", [data[: at + 30], data[at + 30 :]]) == "test_virus"


def test_many_small_chunks_are_looked_at_in_reasonable_steps() -> None:
    """A converter yields a line at a time: the search window is not copied for each of 200,000 lines."""
    lines = [b"1,2,3\n"] * 200_000

    assert inspect("a.csv", lines) is None
    assert inspect("a.csv", [*lines, EICAR]) == "test_virus"


def test_a_pdf_of_many_streams_is_looked_at_once() -> None:
    """Streams without an end do not make the search start again and again; the last of many is still seen."""
    plain = b"stream\n" + zlib.compress(b"x") + b"\nendstream\n"
    active = b"stream\n" + zlib.compress(b"<</S/JavaScript>>") + b"\nendstream\n"

    assert inspect("a.pdf", [b"%PDF-1.7\n" + plain * 5_000]) is None
    assert inspect("a.pdf", [b"%PDF-1.7\n" + plain * 5_000 + active]) == "active_content"
    assert inspect("a.pdf", [b"%PDF-1.7\n" + b"stream\n" * 100_000]) is None


def test_an_encrypted_archive_is_refused() -> None:
    """What cannot be looked into is not let through."""
    data = bytearray(archive({"a.txt": b"a"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1

    assert inspect("a.zip", [bytes(data)]) == "unreadable_archive"


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file cannot take all the memory: unpacking stops at the limit."""
    monkeypatch.setattr(screening, "MAX_BUFFER", 10_000)

    assert inspect("a.zip", [archive({"a.txt": bytes(8_000), "b.txt": bytes(8_000)})]) == "unreadable_archive"


@pytest.mark.parametrize(("status", "verdict"), [(0, Scan.CLEAN), (1, Scan.INFECTED), (2, Scan.FAILED)])
def test_the_scanner_gets_the_content_on_its_standard_input(status: int, verdict: Scan) -> None:
    """A program with ClamAV's exit statuses is asked; it sees the bytes, and its status is the verdict."""
    program = f"import sys; sys.exit({status} if sys.stdin.buffer.read() == b'abc' else 9)"

    assert ClamScanner((sys.executable, "-c", program)).scan(lambda: [b"a", b"bc"]) is verdict


def test_a_scanner_that_stops_reading_early_is_no_error() -> None:
    """A scanner may decide before the end of its input."""
    program = "import sys; sys.stdin.close(); sys.exit(1)"

    assert ClamScanner((sys.executable, "-c", program)).scan(lambda: [bytes(1 << 20)] * 4) is Scan.INFECTED


def test_a_scanner_that_hangs_is_stopped() -> None:
    """A verdict is waited for a bounded time; then it is FAILED, and that is recorded."""
    program = "import time; time.sleep(60)"

    assert ClamScanner((sys.executable, "-c", program), timeout_s=0.1).scan(lambda: [b"a"]) is Scan.FAILED


def test_a_missing_scanner_program_is_a_failed_scan() -> None:
    """A scanner that went away after start does not pass for a clean verdict."""
    assert ClamScanner(("akashi-no-such-scanner",)).scan(lambda: [b"a"]) is Scan.FAILED


def test_without_a_scanner_the_verdict_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ClamAV on this machine: NOT_SCANNED, never CLEAN."""
    monkeypatch.setenv("PATH", "")
    scanner = find_scanner()

    assert isinstance(scanner, NoScanner)
    assert scanner.scan(lambda: [b"a"]) is Scan.NOT_SCANNED
