"""Nothing readable reaches the server, a log or a disk: the canaries are the invented people's own cells."""

from __future__ import annotations

import csv
import io
import logging
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.api.served import World, checkup_file, deliver

pytestmark = pytest.mark.network


def canaries(data: bytes) -> list[bytes]:
    """Long cells of the people's rows, in the encodings that could leak: CP932 and UTF-8."""
    rows = list(csv.reader(io.StringIO(data.decode("cp932"))))[2:]
    cells = {cell for row in rows for cell in row if len(cell) >= 4 and not cell.isascii()}
    names = sorted(cells, key=lambda cell: (-len(cell), cell))[:40]
    found = [cell.encode(encoding) for cell in names for encoding in ("cp932", "utf-8")]
    assert len(found) == 80
    return found


def held_in(path: Path) -> bytes:
    """A file's bytes; nothing of a folder, or of what the service at work has put away since it was listed."""
    with suppress(FileNotFoundError):
        return path.read_bytes() if path.is_file() else b""
    return b""


def holders(folder: Path, needles: list[bytes]) -> list[str]:
    """Files below ``folder`` that hold any of the needles."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if any(needle in held_in(path) for needle in needles)
    )


def test_no_canary_in_bodies_files_or_logs(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A whole transfer over HTTPS: the server's requests and answers, both homes and the log hold none of the cells."""
    data = checkup_file(world, people=20, seed=31)
    needles = [*canaries(data), b"standard.csv", b"kekka.csv"]
    before = len(world.recording.bodies)
    with caplog.at_level(logging.DEBUG):
        name = deliver(world, data)
        payer = world.signed_in(world.payer)
        payer.post(f"/api/v1/transfers/{name}/open", json={"purpose": "checkup_result"})
        body = {"purpose": "checkup_result", "destination": "device", "form": "plain"}
        taken = payer.post(f"/api/v1/transfers/{name}/export", json=body)
    passed = b"".join(world.recording.bodies[before:])

    assert taken.status_code == 200
    assert len(passed) > 10_000  # the sealed container went through here
    assert [needle for needle in needles if needle in passed] == []
    assert holders(world.home, needles) == []
    assert [needle for needle in needles if needle in caplog.text.encode()] == []


def test_no_temporary_files(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload is never spooled: with every temporary folder read-only or watched, nothing appears in it."""
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    client = world.signed_in(world.clinic)
    answer = client.post("/api/v1/checkup/convert", content=checkup_file(world, people=400, seed=32))

    assert answer.status_code == 201
    assert list(tmp_path.iterdir()) == []


def test_refusals_do_not_repeat_what_was_sent(world: World) -> None:
    """A body that fails validation is answered with the field's name, not with its value."""
    client = world.signed_in(world.clinic)
    answer = client.post("/api/v1/transfers", json={"draft": "x", "receiver": "canary-7f3a", "canary-9b1c": 1})

    assert answer.status_code == 400
    assert "7f3a" not in answer.text
    assert answer.json()["code"] == "api.request"
