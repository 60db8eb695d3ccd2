"""Which program runs as the node: only one that says that it was built from the pinned sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.network.node.errors import NotInstalled, WrongProgram
from akashi.network.node.install import CHECKSUM, MODULE, ROOT, VERSION, installed, pinned, read
from tests.network.cometbft import cometbft, needs_cometbft

MAGIC = b"\xff Go buildinf:"


def program(folder: Path, *, version: str = VERSION, checksum: str = CHECKSUM, before: int = 64) -> Path:
    """A file with the build record of a Go program."""
    record = f"path\t{MODULE}/cmd/cometbft\nmod\t{MODULE}\t{version}\t{checksum}\ndep\tother\tv1.0.0\th1:x\n".encode()
    record = bytes(16) + record + bytes(16)
    data = bytes(before) + MAGIC + b"\x08\x02" + bytes(16) + b"\x06go1.26"
    data += bytes([len(record) & 0x7F | 0x80, len(record) >> 7]) + record + bytes(64)
    path = folder / "cometbft"
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def test_the_pinned_program_is_found(tmp_path: Path) -> None:
    """In the first folder that has one; version, checksum and Go's version are read without running it."""
    path = program(tmp_path)
    found = pinned([tmp_path / "none", tmp_path])

    assert (found.path, found.version, found.checksum, found.go) == (path, VERSION, CHECKSUM, "go1.26")


def test_without_a_program_it_says_so(tmp_path: Path) -> None:
    """Nothing there, or nothing that may be run."""
    program(tmp_path).chmod(0o644)

    assert installed([tmp_path]) is None
    with pytest.raises(NotInstalled):
        pinned([tmp_path])


@pytest.mark.parametrize(
    ("version", "checksum"), [("v0.38.24", CHECKSUM), ("v1.0.1", "h1:x"), (VERSION, "h1:x"), ("(devel)", "")]
)
def test_another_program_is_refused(tmp_path: Path, version: str, checksum: str) -> None:
    """Another version, the right version of other sources, and a build from a checkout."""
    program(tmp_path, version=version, checksum=checksum)

    with pytest.raises(WrongProgram):
        pinned([tmp_path])


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", bytes(64) + MAGIC, bytes(60) + MAGIC + b"\x08\x02" + bytes(64)]
)
def test_what_is_no_go_program_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, a script, a cut record, a record in the wrong place."""
    (tmp_path / "cometbft").write_bytes(content)
    (tmp_path / "cometbft").chmod(0o755)

    with pytest.raises(WrongProgram):
        pinned([tmp_path])


@given(cut=st.integers(0, 300), flip=st.integers(0, 300), value=st.integers(0, 255))
def test_a_damaged_record_is_no_accident(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int, value: int
) -> None:
    """Whatever is cut off or changed, reading ends in a value; nothing is the pinned program that does not say so."""
    path = program(tmp_path_factory.getbasetemp())
    data = bytearray(path.read_bytes())
    data[flip % len(data)] = value
    path.write_bytes(data[: len(data) - cut])

    found = read(path)

    assert not found.is_pinned or f"{MODULE}\t{VERSION}\t{CHECKSUM}\n".encode() in data


def test_the_script_builds_what_is_pinned() -> None:
    """tools/cometbft.sh and the product name the same version and checksum."""
    script = (ROOT / "tools" / "cometbft.sh").read_text(encoding="utf-8")

    assert re.findall(r"^(?:version|checksum)=(\S+)$", script, re.MULTILINE) == [VERSION, CHECKSUM]


@needs_cometbft
def test_the_real_program_is_the_pinned_one() -> None:
    """What the script has built here says so."""
    assert read(cometbft()).is_pinned
