"""``akashi evidence renew`` and ``akashi verify --record``: a bundle kept for thirty years, by commands alone."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from akashi.cli.__main__ import main
from akashi.cli.shell import Shell
from akashi.clock import FixedClock
from akashi.ledger.proof.bundle import write_bundle
from akashi.ledger.proof.stamp import LocalTsa
from akashi.ledger.proof.trust import format_trust
from tests.ledger.proof.decades import FIRST, FOURTH, ROOTS, SECOND, THIRD, year
from tests.vectors.world import START_MS, begun, stamp_note, tsa_root

pytestmark = pytest.mark.network
Act = Callable[..., tuple[int, dict[str, object]]]


@contextmanager
def answering(tsa: LocalTsa) -> Iterator[str]:
    """The address of an authority for one call."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = tsa.respond(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stamped bundle, a paper that went with it, and a trust file that knows the authorities of all decades."""
    log = begun()
    note = log.note(2)
    data = write_bundle(log.bundle(stamps=[log.stamp(note, stamp_note(note, START_MS))]))
    (tmp_path / "t.akashi").write_bytes(data)
    (tmp_path / "paper.pdf").write_bytes(b"an invented paper")
    trust = replace(log.trust(), tsa_roots=(tsa_root(), *ROOTS))
    (tmp_path / "trust.txt").write_bytes(format_trust(trust))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def act(at: int, *words: str) -> tuple[int, dict[str, object]]:
    """Run a command in that year; status and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    status = main([*words, "--trust", "trust.txt", "--json"], Shell(out, err, clock=FixedClock(year(at))))
    text = out.getvalue() or err.getvalue()
    return status, json.loads(text)


def renew(tsa: LocalTsa, at: int, *more: str) -> tuple[int, dict[str, object]]:
    """Renew in that year with that authority."""
    with answering(tsa) as url:
        return act(at, "evidence", "renew", "t.akashi", "--record", "t.ers", "--tsa", url, *more)


def verify(at: int, *more: str) -> tuple[int, dict[str, object]]:
    """Verify bundle and record in that year."""
    return act(at, "verify", "t.akashi", "--record", "t.ers", *more)


PAPER = ("--with", "paper.pdf")


def test_thirty_years_by_commands(folder: Path) -> None:
    """Begun in 2027, renewed in 2035 and 2043, rehashed by itself in 2049 because SHA-256 ends soon: good in 2056."""
    done = [
        renew(FIRST.at(2027), 2027, *PAPER),
        renew(SECOND.at(2035), 2035, *PAPER),
        renew(THIRD.at(2043), 2043, *PAPER),
        renew(FOURTH.at(2049), 2049, *PAPER),
    ]
    status, verdict = verify(2056, *PAPER)

    assert [code for code, _ in done] == [0, 0, 0, 0]
    assert status == 0
    assert verdict["record"] == {"first_ms": year(2027), "renew_by_ms": done[3][1]["renew_by_ms"], "stamps": 4}


def test_a_record_that_nobody_renewed(folder: Path) -> None:
    """In 2040 it proves nothing any more, is not renewed as if it did, and stays as it was."""
    renew(FIRST.at(2027), 2027)
    before = (folder / "t.ers").read_bytes()
    status, error = verify(2040)
    again, refusal = renew(SECOND.at(2040), 2040)

    assert (status, error["code"]) == (6, "ledger.proof")
    assert (again, refusal["code"]) == (6, "ledger.proof")
    assert (folder / "t.ers").read_bytes() == before


def test_a_file_that_went_with_it_is_missing(folder: Path) -> None:
    """Without the paper that the record is over it does not verify, nor is it renewed."""
    renew(FIRST.at(2027), 2027, *PAPER)

    assert verify(2028)[0] == 6
    assert renew(SECOND.at(2035), 2035)[0] == 6


def test_begun_too_late_for_the_stamp_inside(folder: Path) -> None:
    """The bundle's own stamp ended in 2036; a record begun in 2038 verifies by itself and does not save the bundle."""
    renew(SECOND.at(2038), 2038)

    assert verify(2039)[0] == 6


def test_a_record_needs_a_trust_file(folder: Path) -> None:
    """Whose time stamps count is never taken from the record: without a trust file the command refuses."""
    out, err = io.StringIO(), io.StringIO()
    status = main(["verify", "t.akashi", "--record", "t.ers", "--json"], Shell(out, err))

    assert status == 2
    assert json.loads(err.getvalue())["code"] == "cli.arguments"


def test_an_authority_that_is_away_changes_nothing(folder: Path) -> None:
    """No answer: exit 7, and there is no record that somebody might take for one."""
    status, _ = act(2027, "evidence", "renew", "t.akashi", "--record", "t.ers", "--tsa", "http://127.0.0.1:1/")

    assert status == 7
    assert not (folder / "t.ers").exists()
