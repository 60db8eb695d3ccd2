"""What the node says is kept in bounds, and no key is kept."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from akashi.network.node.logs import LONGEST_LINE, NodeLog


def kept(path: Path) -> str:
    """Everything in the log's files, the older one first."""
    older = path.with_name(path.name + ".1")
    return (older.read_text(encoding="utf-8") if older.exists() else "") + path.read_text(encoding="utf-8")


def test_the_log_is_bounded(tmp_path: Path) -> None:
    """However much is said, two files of the limit remain, and the newest line is there."""
    log = NodeLog(tmp_path / "node.log", limit=10_000)
    for number in range(1_000):
        log.write(b"line %d of what it says, at some length\n" % number)
    log.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["node.log", "node.log.1"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000
    assert kept(tmp_path / "node.log").endswith("line 999 of what it says, at some length\n")


def test_a_line_is_cut_and_cannot_break_out(tmp_path: Path) -> None:
    """No line is longer than the limit, and terminal codes and line breaks within it are not kept."""
    log = NodeLog(tmp_path / "node.log")
    log.write(b"x" * (LONGEST_LINE + 1))
    log.write(b"\x1b[31mred\rforged\n")
    log.close()

    assert [len(line) for line in kept(tmp_path / "node.log").splitlines()] == [LONGEST_LINE, 15]
    assert "\x1b" not in kept(tmp_path / "node.log")


def test_no_private_key_is_kept(tmp_path: Path) -> None:
    """A line that quotes a key file is kept without the key."""
    secret = base64.b64encode(bytes(range(64))).decode()
    log = NodeLog(tmp_path / "node.log")
    log.write(f'cannot read {{"value":"{secret}"}}\n'.encode())
    log.close()

    assert kept(tmp_path / "node.log") == 'cannot read {"value":"[key]"}\n'


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask."""
    log = NodeLog(tmp_path / "node.log")
    log.write(b"a line\n")
    log.close()

    assert (tmp_path / "node.log").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that cannot be kept is counted; nobody who writes hears of it."""
    log = NodeLog(tmp_path / "node.log")
    log.write(b"a line\n")

    def full(text: str) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(log.stream, "write", full)
    log.write(b"another\n")
    log.write(b"a third\n")
    log.close()

    assert log.lost == 2
