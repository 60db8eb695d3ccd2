"""Looking for programs, macros and active content before sealing and after opening.

Guarantees: :func:`inspect` refuses programs (PE, ELF, Mach-O, Java, WebAssembly, scripts, shortcuts), Office files with
VBA, XLM or embedded packages, RTF objects, PDF with JavaScript, launches, attachments or encryption, markup with scripts,
archives that hold such things, and whatever it cannot look into (encrypted, unknown or too deep archives). It is bounded
in memory, depth and entries, does no I/O and raises nothing on bad input. Refuses to be a malware scanner: that is
ClamAV's verdict, recorded beside it. Trusted: whoever can change the scanner program can make it say "clean".

>>> inspect("a.csv", [b"id,value"]) is None, inspect("a.csv", [b"#!", b"/bin/sh"])
(True, 'program')
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from akashi.exchange.model import Scan

MAX_BUFFER = 256 << 20
"""Structured files (Office, PDF, archives) are looked at in memory up to this size, and unpack to at most this much."""
MAX_ENTRIES = 20_000
MAX_DEPTH = 3

_EICAR = b"".join((b"X5O!P%@AP[4", b"\\PZX54(P^)7CC)7}$EICAR", b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"))
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP_END = b"PK\x05\x06"
_ZIP_STARTS = (b"PK\x03\x04", _ZIP_END)
_ZIP_TAIL = 22 + 65_535
_PROGRAMS = (
    b"\x7fELF",
    b"\x00asm",
    b"dex\n",
    b"#!",
    bytes.fromhex("feedface"),
    bytes.fromhex("feedfacf"),
    bytes.fromhex("cefaedfe"),
    bytes.fromhex("cffaedfe"),
    bytes.fromhex("cafebabe"),  # Java class and fat Mach-O
    bytes.fromhex("4c0000000114020000000000c000000000000046"),  # Windows shortcut
)
_CLOSED_ARCHIVES = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"MSCF",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
)
_PROGRAM_NAMES = re.compile(
    r"\.(exe|dll|com|scr|pif|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|msi|msp|jar|class|lnk|reg|cpl|sh|command|app|"
    r"docm|dotm|xlsm|xltm|xlam|pptm|potm|ppam|ppsm|sldm|xll|iqy|slk|chm|scf|url|iso|img|vhd)$",
    re.IGNORECASE | re.ASCII,
)
_MACRO_ENTRIES = re.compile(
    r"(vbaproject\.bin|vbadata\.xml|(^|/)macrosheets/|(^|/)activex/|^basic/|^scripts/)", re.IGNORECASE | re.ASCII
)
_OLE_NAMES = [
    name.encode("utf-16-le")
    for name in (
        "_VBA_PROJECT",
        "VBA",
        "Macros",
        "_VBA_PROJECT_CUR",
        "EncryptedPackage",
        "ObjectPool",
        "\x01Ole10Native",
    )
]
_XLM_SHEET = re.compile(rb"\x85\x00[\x08-\xff]\x00.{4}[\x00-\x02]\x01", re.DOTALL)
_RTF_OBJECT = re.compile(rb"\\obj(ect|data|ocx|autlink|emb|link|update)|\\ddeauto", re.IGNORECASE)
_PDF_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|ImportData)(?![A-Za-z])")
_PDF_ENCRYPT = re.compile(rb"/Encrypt(?![A-Za-z])")
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"stream\r?\n")
_MAX_STREAM = 8 << 20
_GATHER = 1 << 18
_MARKUP = re.compile(rb"\s*(<!doctype html|<html|<script|<svg|<hta:)", re.IGNORECASE)
_SCRIPT = re.compile(rb"<script|<hta:|javascript:|\son[a-z]{3,20}\s*=", re.IGNORECASE)

Reason = str | None
"""Why a document is refused, or ``None``: ``program``, ``macro``, ``active_content``, ``unreadable_archive``, ``test_virus``."""


def inspect(name: str, chunks: Iterable[bytes]) -> Reason:
    """Look at one document. Plain text streams through; structured files are buffered up to ``MAX_BUFFER``."""
    if _PROGRAM_NAMES.search(name.strip()):
        return "program"
    source = iter(chunks)
    head = _take(source, 4096)
    if _is_program(head):
        return "program"
    if head.startswith(_CLOSED_ARCHIVES):
        return "unreadable_archive"
    if _is_structured(head):
        whole = bytearray(head)
        for chunk in source:
            whole += chunk
            if len(whole) > MAX_BUFFER:
                return "unreadable_archive"
        return _inspect_structured(bytes(whole), MAX_DEPTH, [MAX_BUFFER])
    return _inspect_text(head, source)


def _take(source: Iterator[bytes], size: int) -> bytes:
    head = bytearray()
    for chunk in source:
        head += chunk
        if len(head) >= size:
            break
    return bytes(head)


def _is_program(head: bytes) -> bool:
    if head.startswith(_PROGRAMS):
        return True
    # "MZ" can begin a column name; a DOS or Windows program has control bytes right behind it.
    return head.startswith((b"MZ", b"ZM")) and any(byte < 9 for byte in head[2:256])


def _is_structured(head: bytes) -> bool:
    start = head[:1024]
    return (
        head.startswith((_OLE, *_ZIP_STARTS))
        or b"%PDF-" in start
        or b"{\\rt" in start
        or _MARKUP.match(start.removeprefix(b"\xef\xbb\xbf")) is not None
    )


def _inspect_text(head: bytes, source: Iterator[bytes]) -> Reason:
    window = head
    while _EICAR not in window:
        # Gathered, because a converter yields a line at a time and the window is carried over each time.
        more = _take(source, _GATHER)
        if not more:
            # An archive behind other content would be opened by programs that look for its directory at the end.
            return "unreadable_archive" if _ZIP_END in window[-_ZIP_TAIL:] else None
        window = window[-_ZIP_TAIL:] + more
    return "test_virus"


def _inspect_structured(data: bytes, depth: int, budget: list[int]) -> Reason:
    if _EICAR in data:
        return "test_virus"
    if data.startswith(_ZIP_STARTS):
        return _inspect_zip(data, depth, budget)
    if data.startswith(_OLE):
        return _inspect_ole(data)
    if b"%PDF-" in data[:1024]:
        return _inspect_pdf(data)
    if b"{\\rt" in data[:1024]:
        return "macro" if _RTF_OBJECT.search(data) else None
    if _MARKUP.match(data[:1024].removeprefix(b"\xef\xbb\xbf")):
        return "active_content" if _SCRIPT.search(data) else None
    return None


def _inspect_zip(data: bytes, depth: int, budget: list[int]) -> Reason:
    if depth == 0:
        return "unreadable_archive"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or any(entry.flag_bits & 1 for entry in entries):
                return "unreadable_archive"
            for entry in entries:
                reason = _inspect_entry(archive, entry, depth, budget)
                if reason:
                    return reason
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError):
        return "unreadable_archive"
    return None


def _inspect_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int, budget: list[int]) -> Reason:
    if _MACRO_ENTRIES.search(entry.filename):
        return "macro"
    if _PROGRAM_NAMES.search(entry.filename):
        return "program"
    if entry.is_dir():
        return None
    with archive.open(entry) as member:
        content = member.read(budget[0] + 1)
    budget[0] -= len(content)
    if budget[0] < 0:
        return "unreadable_archive"
    if _is_program(content[:4096]):
        return "program"
    if content.startswith(_CLOSED_ARCHIVES):
        return "unreadable_archive"
    if entry.filename == "[Content_Types].xml" and b"macroenabled" in content.lower():
        return "macro"
    if entry.filename.endswith(".rels") and b"attachedTemplate" in content and b"External" in content:
        return "active_content"
    if _is_structured(content[:4096]):
        return _inspect_structured(content, depth - 1, budget)
    return _inspect_text(content, iter(()))


def _inspect_ole(data: bytes) -> Reason:
    if any(name in data for name in _OLE_NAMES) or _XLM_SHEET.search(data):
        return "macro"
    return None


def _inspect_pdf(data: bytes) -> Reason:
    if _PDF_ENCRYPT.search(data):
        return "unreadable_archive"
    pieces = [data, *_inflated(data)]
    if sum(map(len, pieces)) > MAX_BUFFER:
        return "unreadable_archive"
    for piece in pieces:
        plain = _PDF_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), piece)
        if _PDF_ACTIVE.search(plain):
            return "active_content"
    return None


def _inflated(data: bytes) -> Iterator[bytes]:
    """What is deflated inside a PDF: object streams hide dictionaries there. One pass, bounded per stream and in all."""
    view, budget = memoryview(data), MAX_BUFFER
    found = _PDF_STREAM.search(data)
    while found is not None and budget > 0:
        end = data.find(b"endstream", found.end())
        end = len(data) if end < 0 else end
        try:
            piece = zlib.decompressobj().decompress(view[found.end() : end], _MAX_STREAM)
        except zlib.error:
            piece = b""  # not deflated: the caller looks at the raw bytes anyway
        budget -= len(piece)
        yield piece
        found = _PDF_STREAM.search(data, end + len(b"endstream"))


class Scanner(Protocol):
    """A malware scanner. Bounded in time; never raises on content; keeps no copy."""

    def scan(self, read: Callable[[], Iterable[bytes]]) -> Scan:
        """The verdict on one document."""
        ...


class NoScanner:
    """Where none is installed: says so, and the ledger records that it was said."""

    def scan(self, read: Callable[[], Iterable[bytes]]) -> Scan:  # noqa: ARG002 - the protocol's shape
        """Always ``NOT_SCANNED``."""
        return Scan.NOT_SCANNED


class ClamScanner:
    """ClamAV as a subprocess; the content goes to its standard input, never into a file of ours.

    ``clamscan`` and ``clamd`` spool their input: give them a directory in memory (``--tempdir``, ``TemporaryDirectory``).
    Exit statuses: 0 clean, 1 infected, anything else or a time-out ``FAILED``.
    """

    def __init__(self, command: tuple[str, ...], timeout_s: float = 120.0) -> None:
        self._command = command
        self._timeout_s = timeout_s

    def scan(self, read: Callable[[], Iterable[bytes]]) -> Scan:
        """Run the scanner once; kills it at the time limit."""
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError:
            return Scan.FAILED
        alarm = threading.Timer(self._timeout_s, process.kill)
        alarm.start()
        try:
            _feed(process, read)
            status = process.wait()
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
        return {0: Scan.CLEAN, 1: Scan.INFECTED}.get(status, Scan.FAILED)


def _feed(process: subprocess.Popen[bytes], read: Callable[[], Iterable[bytes]]) -> None:
    pipe = process.stdin
    if pipe is None:  # Popen was asked for a pipe
        return
    try:
        with pipe:
            for chunk in read():
                pipe.write(chunk)
    except (BrokenPipeError, ConnectionResetError):
        return  # a scanner may stop reading as soon as it has found something


def find_scanner(memory_directory: Path | None = None) -> Scanner:
    """ClamAV where it is installed: the daemon's client first, else the stand-alone scanner spooling in memory."""
    if shutil.which("clamdscan"):
        return ClamScanner(("clamdscan", "--no-summary", "--stream", "-"))
    if shutil.which("clamscan") and memory_directory is not None:
        return ClamScanner(("clamscan", "--no-summary", f"--tempdir={memory_directory}", "-"))
    return NoScanner()
