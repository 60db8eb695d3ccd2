"""Every kind of operation that a person signs works in two runs: asked, with nothing done; answered, with exactly what was shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.gateway.home import Gateway
from akashi.app.people import signing
from akashi.identity.factors.passkeys import to_base64
from akashi.identity.journal import Outcome
from akashi.identity.model import Session
from akashi.identity.permissions import TABLE
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.app.people import ways_people, ways_records
from tests.app.people.staff import Ward
from tests.app.people.ways import WAYS, Way, World
from tests.app.service import Cast, Service, copied
from tests.identity.factors.authenticator import Authenticator

PARTS = (ways_people, ways_records)
"""They register their ways."""
AT_THE_SERVER = "the service or its console says it, in nobody's session"
UNREACHED = {
    "admission.applied": AT_THE_SERVER,
    "admission.attested": AT_THE_SERVER,
    "admission.completed": AT_THE_SERVER,
    "admission.map_approved": AT_THE_SERVER,
    "device.enrolled": "the server issues a certificate on a request under the institution's key",
    "device.revoked": "as device.enrolled",
    "institution.disabled": AT_THE_SERVER,
    "institution.enabled": AT_THE_SERVER,
    "institution.registered": AT_THE_SERVER,
    "payload.erasure_ordered": "the server's housekeeping orders it when a transfer is over",
    "shares.made": AT_THE_SERVER,
    "shares.used": AT_THE_SERVER,
    "withdrawal.begun": AT_THE_SERVER,
    "withdrawal.completed": AT_THE_SERVER,
    "withdrawal.settled": AT_THE_SERVER,
}
"""Kinds that no person's session says today. This list may only shrink."""
MOST_UNREACHED = 15
STAGED = {"transfer.sent": {"gateway.db/exchange_sendings", "gateway.db/exchange_pins"}}
"""What a first run leaves on purpose: a sending's durable intent, given up by itself, and the receiver's key (docs/identity-signing.md)."""
BESIDE = {"gateway.db/journal", "gateway.db/sqlite_sequence"}
"""The journal has that somebody was asked; what it must not have is a deed (:func:`done`)."""
KINDS = sorted(signing.SIGNED_KINDS - UNREACHED.keys())


@pytest.fixture
def world(ward_home: tuple[Path, Cast, Ward], tmp_path: Path) -> Iterator[World]:
    """An opened copy of a home whose clinic has a ward."""
    home, cast, ward = ward_home
    with Service(copied(home, tmp_path / "home"), cast) as service:
        made = World(service, ward)
        yield made
        made.close()


def kept(gateway: Gateway) -> dict[str, object]:
    """Everything that a gateway keeps but its journal: rows by table, other files by their bytes."""
    found: dict[str, object] = {}
    for path in sorted(gateway.paths.root.rglob("*")):
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as db:
                tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                for table in tables:
                    found[f"{path.name}/{table}"] = sorted(map(repr, db.execute(f'SELECT * FROM "{table}"')))
        elif path.is_file() and not path.name.endswith(("-wal", "-shm")):
            found[path.name] = path.read_bytes()
    return {name: rows for name, rows in found.items() if rows and name not in BESIDE}


def run(way: Way, answers: str = "") -> object:
    """One request of a browser."""
    given = signing.answers_from(way.gateway, way.session, answers)
    approving = signing.approving_for(way.gateway, way.session, given)
    return way.run(replace(way.session, approving=approving))


def answer(gateway: Gateway, session: Session, passkey: Authenticator, wanted: ApprovalWanted) -> str:
    """What the page's script posts."""
    asked = signing.asked_of(gateway, session, wanted)
    made = json.loads(passkey.get({"challenge": asked["challenge"]}))["response"]
    (key,) = [one for one in asked["keys"] if one.get("credential") == to_base64(passkey.credential)]  # type: ignore[attr-defined]  # JSON
    parts = {"authenticator_data": made["authenticatorData"], "client_data": made["clientDataJSON"]}
    row = {"operation": asked["operation"], "key": key["key"], "kind": key["kind"], "signature": made["signature"]}
    return json.dumps([row | parts])


def done(gateway: Gateway) -> int:
    """How many deeds the journal has."""
    return sum(one.outcome is Outcome.DONE for one in gateway.journal.entries())


@pytest.mark.parametrize("kind", KINDS)
def test_asked_with_nothing_done_and_answered_with_what_was_shown(world: World, kind: str) -> None:
    """First run: nothing on the ledger, no deed in the journal, no row, no file. A minute later: the very statement, approved."""
    way = WAYS[kind](world)
    gateway, engine = way.gateway, world.service.server.engine
    passkey, _ = world.passkey(gateway, way.enrolling or way.session)
    before = (engine.size, done(gateway), kept(gateway))
    with pytest.raises(ApprovalWanted) as asked:
        run(way)
    after = (engine.size, done(gateway), kept(gateway))
    changed = {name for name in before[2].keys() | after[2].keys() if before[2].get(name) != after[2].get(name)}
    world.service.clock.advance(60_000)
    run(way, answer(gateway, way.session, passkey, asked.value))

    assert (asked.value.statement.kind, after[:2]) == (kind, before[:2])
    assert changed <= STAGED.get(kind, set())
    entry = engine.entry(asked.value.operation)
    assert entry is not None
    leaf = parse_leaf(entry.leaf)
    said = parse_operation(leaf.envelope)
    assert (leaf.result, said.statement) == (0, asked.value.statement)
    assert [one.key for one in said.approvals] == [key.key for key in asked.value.keys]
    assert done(gateway) > before[1]


@pytest.mark.parametrize("kind", ["rights.requested", "person.registered", "emergency.prepared", "client.enrolled"])
def test_without_an_answer_nothing_of_it_is_ever_there(world: World, kind: str) -> None:
    """Fault: the person closes the page and the gateway starts again: settling makes nobody of what was only asked."""
    way = WAYS[kind](world)
    world.passkey(way.gateway, way.session)
    with pytest.raises(ApprovalWanted):
        run(way)
    size, people = world.service.server.engine.size, len(way.gateway.accounts.accounts())
    way.gateway.accounts.settle()
    way.gateway.people.lifecycle.settle()
    way.gateway.people.settle()

    assert (world.service.server.engine.size, len(way.gateway.accounts.accounts())) == (size, people)


def test_what_waits_ends_with_the_session(world: World) -> None:
    """Attack: an answer after the sign-out. However a session ends, what it was asked is forgotten."""
    way = WAYS["person.disabled"](world)
    passkey, _ = world.passkey(way.gateway, way.session)
    with pytest.raises(ApprovalWanted) as asked:
        run(way)
    posted = answer(way.gateway, way.session, passkey, asked.value)
    waiting = len(way.gateway.people.approvals)
    way.gateway.accounts.sign_out(way.session.token)
    with pytest.raises(ApprovalMismatch) as late:
        run(way, posted)

    assert (waiting, len(way.gateway.people.approvals)) == (1, 0)
    assert late.value.reason == "approval.over"


def test_each_kind_has_a_way_or_a_reason() -> None:
    """No kind is signed on paper only: a person reaches it in a test, or the list says why not; the list only gets shorter."""
    assert set(WAYS) == set(KINDS)
    assert UNREACHED.keys() == signing.AT_A_CONSOLE
    assert len(UNREACHED) <= MOST_UNREACHED


def test_the_table_of_permissions_marks_what_is_signed() -> None:
    """An action is marked as signed if, and only if, a kind of operation is signed under it."""
    marked = {action for action, row in TABLE.items() if row.signed}
    kinds = frozenset().union(*signing.SIGNED.values())

    assert marked == set(signing.SIGNED)
    assert all(signing.SIGNED.values())
    assert kinds | signing.AT_A_CONSOLE == signing.SIGNED_KINDS
    assert kinds & signing.AT_A_CONSOLE == set()
