"""Good and broken fixtures of Akashi's ledger, vault and formats: really broken, then measured by the real probes."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from akashi.app.config import server_paths
from akashi.app.selfcheck import formats, ledgers
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.ledgers import Books, Line, books
from akashi.app.server.visibility import MemberView
from akashi.checkup import convert
from akashi.conformity.model import Facts, Measurement
from akashi.conformity.probing import Bench, Pace
from akashi.identity.journal import Journal
from akashi.ledger.model import AuthMethod
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.rules import ALLOWED
from tests.app.service import DAY_MS, checkup_file
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, Stage, probed, said, stage

Prepare = Callable[[Stage], object]


def _with(patches: list[Any], measure: Callable[[], list[Measurement]]) -> list[Measurement]:
    """Measure while parts of the program are replaced."""
    for one in patches:
        one.start()
    try:
        return measure()
    finally:
        for one in reversed(patches):
            one.stop()


def _beside(probe: str, damage: Callable[[Path], object], prepare: Prepare = lambda _: None) -> list[Measurement]:
    """Look at a damaged copy of the server's home: the running server does not know of it."""
    with stage() as st:
        prepare(st)
        shadow = st.folder / "shadow"
        for name in ("ledger", "vault"):
            (shadow / "server" / name).mkdir(parents=True)
        original, copy = server_paths(st.service.home), server_paths(shadow)
        shutil.copy(original.settings, copy.settings)
        _snapshot(original.ledger / "ledger.db", copy.ledger / "ledger.db")
        _snapshot(original.vault / "bodies.db", copy.vault / "bodies.db")
        shutil.copy(original.vault / "slots.bin", copy.vault / "slots.bin")
        damage(shadow)
        st.here = SelfContext(st.here.gateway, None, shadow)
        return st.run(probe)


def _snapshot(source: Path, to: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(to)) as new:
        old.backup(new)


def _sql(home: Path, database: str, *statements: str) -> None:
    path = server_paths(home).ledger / "ledger.db" if database == "ledger" else server_paths(home).vault / "bodies.db"
    with closing(sqlite3.connect(path)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        for one in statements:
            db.execute(one)


def _flipped(table: str, column: str, where: str) -> Callable[[Path], None]:
    """One bit of one cell of the ledger."""

    def damage(home: Path) -> None:
        path = server_paths(home).ledger / "ledger.db"
        with closing(sqlite3.connect(path)) as db, db:
            key, cell = db.execute(
                f"SELECT {where}, {column} FROM {table} ORDER BY {where} LIMIT 1 OFFSET 3"
            ).fetchone()
            data = bytearray(cell)
            data[len(data) // 2] ^= 1
            db.execute(f"UPDATE {table} SET {column} = ? WHERE {where} = ?", (bytes(data), key))

    return damage


def _facts(of: Callable[[Books], Facts], probe: str, change: Callable[[Books], Books]) -> list[Measurement]:
    """The facts of a probe over books that the ledger itself would never let come to be."""
    with stage() as st:
        bench = Bench(st.service.clock, "test", Pace(100), st.folder)
        with books(st.here, bench) as opened:
            return said(probe, dict(of(change(opened))))


def _order(change: Callable[[list[Line]], list[Line]]) -> list[Measurement]:
    """The order of lines that were changed."""
    return _facts(
        lambda opened: {"leaves": len(opened.lines), **ledgers.order_of(opened.lines)},
        "ledger",
        lambda opened: replace(opened, lines=change(list(opened.lines))),
    )


def _records(change: Callable[[Books], Books]) -> list[Measurement]:
    return _facts(lambda one: {**ledgers.attribution(one.lines), **ledgers.versions(one)}, "records", change)


def _nameless(opened: Books) -> Books:
    """The opening of a transfer names nobody."""

    def lines() -> list[Line]:
        return [
            replace(one, statement=one.statement._replace(actor=replace(one.statement.actor, person=None)))
            if one.statement.kind == "transfer.opened"
            else one
            for one in opened.lines
        ]

    return replace(opened, lines=lines())


def _machine(opened: Books) -> Books:
    """A confirmation without authentication."""
    return replace(
        opened,
        lines=[
            replace(one, statement=one.statement._replace(auth=one.statement.auth._replace(method=AuthMethod.MACHINE)))
            if one.statement.kind == "transfer.confirmed"
            else one
            for one in opened.lines
        ],
    )


def _unannounced(opened: Books) -> Books:
    return replace(opened, lines=[one for one in opened.lines if one.statement.kind != "transfer.sent"])


def _superseded(st: Stage) -> str:
    """A second version of a transfer."""
    first = st.service.send(st.service.draft(checkup_file(people=1, seed=3)))
    second = st.service.send(st.service.draft(checkup_file(people=2, seed=3)), supersedes=first.transfer)
    return second.transfer


def _chain(*, broken: bool) -> list[Measurement]:
    """A chain of two versions; with ``broken`` the older one is forgotten by the state."""
    with stage() as st:
        _superseded(st)
        bench = Bench(st.service.clock, "test", Pace(100), st.folder)
        with books(st.here, bench) as opened:
            if broken:
                newest = max((key for key, _ in opened.state.scan("tr")), key=lambda key: _sent_ms(opened, key))
                older = next(key for key, value in opened.state.scan("tr") if _points_to(value, newest.decode()))
                opened.state.delete("tr", older)  # type: ignore[attr-defined]  # an overlay: the test's own
            return said("records", {**ledgers.attribution(opened.lines), **ledgers.versions(opened)})


def _sent_ms(opened: Books, key: bytes) -> int:
    value = opened.state.get("tr", key)
    assert isinstance(value, list)
    return 1 if isinstance(value[-2], str) else 0


def _points_to(value: Any, name: str) -> bool:
    return bool(value[-1] == name)


def _strange_trust(st: Stage) -> None:
    """The pinned trust file names another log key."""
    path = st.here.gateway.paths.trust
    text = path.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith("log "))
    spoiled = line[:-6] + ("A" if line[-6] != "A" else "B") + line[-5:]
    path.write_text(text.replace(line, spoiled), encoding="utf-8")


def _gullible() -> Any:
    """A verifier that verifies everything."""
    real = verify_file

    def yes(data: bytes, trust: bytes | None, kinds: Any) -> Any:
        return replace(real(data, trust, kinds), status=Status.VERIFIED, failure=None)

    return patch.object(ledgers, "verify_file", yes)


def _plain(home: Path) -> None:
    """A body that holds readable text behind its header."""
    path = server_paths(home).vault / "bodies.db"
    with closing(sqlite3.connect(path)) as db, db:
        upload, data = db.execute("SELECT upload, data FROM chunks WHERE number = 0 LIMIT 1").fetchone()
        text = ("氏名,値\r\n架空 太郎,1\r\n" * 2000).encode()
        db.execute("UPDATE chunks SET data = ? WHERE upload = ?", ((data[:100] + text)[: len(data)], upload))


def _headless(home: Path) -> None:
    """A body that is no sealed container at all."""
    _sql(home, "bodies", "UPDATE chunks SET data = zeroblob(length(data))")


def _unerased(st: Stage) -> None:
    """A month later; nobody cleaned up."""
    st.service.clock.advance(30 * DAY_MS)


def _erased(st: Stage) -> None:
    st.service.server.housekeeping.run_once()


def _put_back(home: Path) -> None:
    """The bytes of an erased payload are in the store again."""
    _sql(
        home,
        "bodies",
        "INSERT INTO uploads VALUES (900, 1)",
        "INSERT INTO chunks VALUES (900, 0, x'00112233')",
        "UPDATE payloads SET upload = 900, status = 2, size = 4",
    )


def _keys_left() -> list[Measurement]:
    """The wrapped keys of before the erasure are in their slots again."""
    with stage() as st:
        path = server_paths(st.service.home).vault / "slots.bin"
        before = path.read_bytes()
        _erased(st)
        path.write_bytes(before)
        return st.run("erasure")


class Everything(MemberView):
    """A view that hides nothing."""

    def _may(self, space: str, key: bytes, value: Any) -> bool:
        return True


def _mangled() -> Any:
    """A writer that loses a digit."""

    def wrong(stream: Any, layout: Any, definition: Any, out: Any, **rest: Any) -> Any:
        inner = io.BytesIO()
        report = convert(stream, layout, definition, inner, **rest)
        out.write(inner.getvalue().replace(b",1", b",7"))
        return report

    return [patch("akashi.app.desk.conversion.convert", wrong), patch.object(formats, "convert", wrong)]


def _lossy() -> Any:
    """A writer that leaves the last person out."""

    def short(stream: Any, layout: Any, definition: Any, out: Any, **rest: Any) -> Any:
        inner = io.BytesIO()
        report = convert(stream, layout, definition, inner, **rest)
        out.write(b"\r\n".join(inner.getvalue().split(b"\r\n")[:-2]) + b"\r\n")
        return report

    return [patch("akashi.app.desk.conversion.convert", short), patch.object(formats, "convert", short)]


def _unstable() -> Any:
    """A writer whose output differs each time."""
    made: list[int] = []

    def noisy(stream: Any, layout: Any, definition: Any, out: Any, **rest: Any) -> Any:
        made.append(1)
        report = convert(stream, layout, definition, out, **rest)
        out.write(f"{len(made)}\r\n".encode())
        return report

    return [patch.object(formats, "convert", noisy)]


def _forgetting() -> Any:
    """A reader that leaves out a person whose file is older."""

    def short(stream: Any, layout: Any, definition: Any, out: Any, **rest: Any) -> Any:
        inner = io.BytesIO()
        report = convert(stream, layout, definition, inner, **rest)
        old = layout.valid_to.year < 9000 and not layout.map_id.endswith("next")
        out.write(b"\r\n".join(inner.getvalue().split(b"\r\n")[:-2]) + b"\r\n" if old else inner.getvalue())
        return report

    return [patch.object(formats, "convert", short)]


def _by_name() -> Any:
    """A writer that shows today's names of the items in yesterday's records: after a change they are no longer there."""

    def named(stream: Any, layout: Any, definition: Any, out: Any, **rest: Any) -> Any:
        return convert(stream, layout, definition, io.BytesIO() if _renamed(rest["items"]) else out, **rest)

    def _renamed(items: Any) -> bool:
        return all(one.name.endswith("（新）") for one in items.items.values())

    return [patch.object(formats, "convert", named)]


def _always_valid() -> Any:
    return [patch("akashi.checkup.formats.maps.LayoutMap.valid_on", lambda *_: True)]


BLIND = [patch.object(Journal, "verify", lambda *_a, **_k: 1)]
UNANCHORED = [patch.object(ledgers, "anchored", lambda *_: None)]
SHOWN = [patch("akashi.app.selfcheck.vault.MemberView", Everything)]
TRAILS = [patch("akashi.app.selfcheck.vault.decide_subject", lambda *_: ALLOWED)]

CASES: list[Case] = [
    ("ledger.audit", "as shipped", GOOD, lambda: probed("ledger")),
    ("ledger.audit", "leaf flipped", BROKEN, lambda: _beside("ledger", _flipped("leaves", "leaf", "idx"))),
    ("ledger.audit", "header flipped", BROKEN, lambda: _beside("ledger", _flipped("blocks", "header", "height"))),
    (
        "ledger.audit",
        "row changed",
        BROKEN,
        lambda: _beside(
            "ledger",
            lambda home: _sql(home, "ledger", "DELETE FROM state WHERE key = (SELECT max(key) FROM state)"),
        ),
    ),
    (
        "ledger.audit",
        "no ledger",
        BROKEN,
        lambda: _beside("ledger", lambda home: (server_paths(home).ledger / "ledger.db").unlink()),
    ),
    (
        "ledger.audit",
        "no database",
        BROKEN,
        lambda: _beside(
            "ledger", lambda home: (server_paths(home).ledger / "ledger.db").write_bytes(b"not a database" * 99)
        ),
    ),
    ("ledger.order", "as shipped", GOOD, lambda: probed("ledger")),
    ("ledger.order", "backwards", BROKEN, lambda: _order(lambda lines: [*lines[:-1], replace(lines[-1], block_ms=1)])),
    ("ledger.order", "gap", BROKEN, lambda: _order(lambda lines: lines[:3] + lines[4:])),
    ("ledger.order", "unreadable", BROKEN, lambda: _beside("ledger", _flipped("leaves", "leaf", "idx"))),
    ("records.attributed", "as shipped", GOOD, lambda: probed("records")),
    ("records.attributed", "nameless", BROKEN, lambda: _records(_nameless)),
    ("records.attributed", "machine", BROKEN, lambda: _records(_machine)),
    ("records.attributed", "none", BROKEN, lambda: _records(lambda one: replace(one, lines=()))),
    ("records.versions", "one", GOOD, lambda: probed("records")),
    ("records.versions", "two versions", GOOD, lambda: _chain(broken=False)),
    ("records.versions", "older gone", BROKEN, lambda: _chain(broken=True)),
    ("records.versions", "trail gone", BROKEN, lambda: _records(_unannounced)),
    ("log.tamper", "as shipped", GOOD, lambda: probed("tamper")),
    ("log.tamper", "blind journal", BROKEN, lambda: _with(BLIND, lambda: probed("tamper"))),
    ("log.tamper", "never anchored", BROKEN, lambda: _with(UNANCHORED, lambda: probed("tamper"))),
    ("log.tamper", "row deleted", BROKEN, lambda: probed("tamper", _deleted_row)),
    ("log.tamper", "ledger damaged", BROKEN, lambda: _beside("tamper", _flipped("leaves", "leaf", "idx"))),
    ("signatures.verify", "as shipped", GOOD, lambda: probed("signatures")),
    ("signatures.verify", "other trust", BROKEN, lambda: probed("signatures", _strange_trust)),
    ("signatures.verify", "gullible", BROKEN, lambda: _with([_gullible()], lambda: probed("signatures"))),
    ("sealing.payloads", "as shipped", GOOD, lambda: probed("sealing")),
    ("sealing.payloads", "plain text", BROKEN, lambda: _beside("sealing", _plain)),
    ("sealing.payloads", "no container", BROKEN, lambda: _beside("sealing", _headless)),
    (
        "sealing.payloads",
        "nothing there",
        BROKEN,
        lambda: _beside("sealing", lambda home: _sql(home, "bodies", "DELETE FROM payloads")),
    ),
    ("institutions.isolated", "as shipped", GOOD, lambda: probed("isolation")),
    ("institutions.isolated", "open rows", BROKEN, lambda: _with(SHOWN, lambda: probed("isolation"))),
    ("institutions.isolated", "open trails", BROKEN, lambda: _with(TRAILS, lambda: probed("isolation"))),
    ("erasure.done", "cleaned", GOOD, lambda: probed("erasure", _erased)),
    ("erasure.done", "left for a month", BROKEN, lambda: probed("erasure", _unerased)),
    ("erasure.done", "keys left", BROKEN, _keys_left),
    ("erasure.done", "put back", BROKEN, lambda: _beside("erasure", _put_back, _erased)),
    ("formats.roundtrip", "as shipped", GOOD, lambda: probed("formats")),
    ("formats.roundtrip", "a digit lost", BROKEN, lambda: _with(_mangled(), lambda: probed("formats"))),
    ("formats.roundtrip", "a person lost", BROKEN, lambda: _with(_lossy(), lambda: probed("formats"))),
    ("formats.versions", "as shipped", GOOD, lambda: probed("formats")),
    ("formats.versions", "never ends", BROKEN, lambda: _with(_always_valid(), lambda: probed("formats"))),
    ("formats.versions", "old people lost", BROKEN, lambda: _with(_forgetting(), lambda: probed("formats"))),
    ("formats.history", "names shown", BROKEN, lambda: _with(_by_name(), lambda: probed("formats"))),
    ("formats.history", "as shipped", GOOD, lambda: probed("formats")),
    ("formats.history", "differs each time", BROKEN, lambda: _with(_unstable(), lambda: probed("formats"))),
]


def _deleted_row(st: Stage) -> None:
    """A row of the real journal is gone."""
    with closing(sqlite3.connect(st.here.gateway.paths.database)) as db, db:
        db.execute("DROP TRIGGER journal_no_delete")
        db.execute("DELETE FROM journal WHERE number = 3")
