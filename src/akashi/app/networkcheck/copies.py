"""Where the sealed payloads lie and whether they are whole there, and whether what had to be erased is erased at every holder.

Guarantees: bodies are hashed, never opened; which servers had to hold a copy, and who answered for an erasure, is read from the ledger; the copies of the servers whose homes are on this machine are
read from their own databases. Refuses: to count a row as a copy where its bytes are not those that the ledger announced. Trusts: the ledger for receipts (it refuses an announcement
without a quorum of them). At most :data:`MOST_BYTES` of each server are hashed; the rest is compared by the digests that it keeps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from akashi.app.config import ServerPaths, server_paths
from akashi.app.network.local import homes
from akashi.app.network.places import NetworkPlaces
from akashi.app.networkcheck.servers import hosts_of
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, scratch
from akashi.app.selfcheck.ledgers import Books, books
from akashi.conformity.model import Fact, Facts, Target
from akashi.conformity.probing import Bench, Observed
from akashi.exchange.events import TransferSent
from akashi.ledger.events import load_body
from akashi.ledger.keyring.members import handed_over, members, quorum
from akashi.network.mirror.events import mirrors
from akashi.network.payloads.erasing import ALARM_AFTER_MS
from akashi.network.records import servers as enrolled
from akashi.vault.accounting import accounts, ordered_ms, overdue
from akashi.vault.events import SPACE, PayloadPhase, PayloadRecord, payload_record
from akashi.vault.model import Account, PayloadStatus, StoredPayload
from akashi.vault.store import BodyStore

MOST_BYTES = 256 << 20
_BODIES = "bodies.db"


def copies(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Copies of what is alive, and accounts of what was to be erased."""
    paths, now_ms = here.server_paths, here.gateway.clock.now_ms()
    with books(here, bench) as opened, scratch(bench) as place:
        several = handed_over(opened.state) is not None
        voting = len(members(opened.state)) or 1
        facts: dict[str, Fact] = {
            "several": several,
            "voting": voting,
            "needed": quorum(voting),
            "hosts": hosts_of(paths, enrolled(opened.state)) if several else 1,
            "mirrors": sum(1 for one in mirrors(opened.state) if one.retired_ms is None),
            **receipt_facts(opened, quorum(voting)),
            **held_facts(opened, _homes(paths), place),
            **erasure_facts(opened, now_ms),
        }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _homes(paths: ServerPaths) -> list[ServerPaths]:
    if not NetworkPlaces.of(paths).exists:
        return [paths]
    return [server_paths(one) for one in homes(paths.root.parent)]


def receipt_facts(opened: Books, needed: int) -> dict[str, Fact]:
    """Of the sendings since several servers keep the ledger: how many storage receipts the one with the fewest carries."""
    since = next((one.index for one in opened.lines if one.statement.kind == "log.handover" and one.accepted), None)
    found = [
        1 + len(load_body(TransferSent, one.statement.body).copies or ())
        for one in opened.lines
        if since is not None and one.index > since and one.accepted and one.statement.kind == "transfer.sent"
    ]
    return {
        "receipts.sendings": len(found),
        "receipts.least": min(found, default=0),
        "receipts.short": sum(1 for one in found if one < needed),
    }


def held_facts(opened: Books, here: Sequence[ServerPaths], place: Path) -> dict[str, Fact]:
    """At how many of the servers on this machine the payload with the fewest copies lies whole."""
    living = {
        payload: record
        for payload, _ in opened.state.scan(SPACE)
        if (record := payload_record(opened.state, payload)) is not None and record.phase is PayloadPhase.ANNOUNCED
    }
    held = dict.fromkeys(living, 0)
    altered = looked = 0
    for number, paths in enumerate(here):
        if not (paths.vault / _BODIES).is_file():
            continue
        looked += 1
        copied = copy_database(paths.vault / _BODIES, place / f"bodies-{number}.db")
        with closing(BodyStore(copied)) as store:
            whole, wrong = _whole(store, living)
        altered += wrong
        for payload in whole:
            held[payload] += 1
        copied.unlink()
    return {
        "payloads": len(living),
        "held.servers": looked,
        "held.least": min(held.values(), default=looked),
        "held.altered": altered,
    }


def _whole(store: BodyStore, living: dict[bytes, PayloadRecord]) -> tuple[list[bytes], int]:
    """The payloads that this store holds as announced, and how many rows of others say something else."""
    whole, wrong, left = [], 0, MOST_BYTES
    for row in store.with_status(PayloadStatus.STAGED, PayloadStatus.ANNOUNCED):
        record = living.get(row.payload_id)
        if record is None:
            continue
        found = _digest(store, row) if row.size <= left else row.body_digest
        left -= row.size
        if found == record.body_digest:
            whole.append(row.payload_id)
        else:
            wrong += 1
    return whole, wrong


def _digest(store: BodyStore, row: StoredPayload) -> bytes:
    made, sent, number = sha256(), 0, 0
    while sent < row.size and (piece := store.chunk(row.payload_id, number)) is not None:
        made.update(piece)
        sent, number = sent + len(piece), number + 1
    return made.digest()


def erasure_facts(opened: Books, now_ms: int) -> Facts:
    """Orders, those that every holder answered for, and what is missing for too long."""
    ordered = [
        (payload, record)
        for payload, _ in opened.state.scan(SPACE)
        if (record := payload_record(opened.state, payload)) is not None and record.order_id is not None
    ]
    done = [(payload, record) for payload, record in ordered if record.phase is PayloadPhase.ERASED]
    holders = [accounts(opened.state, payload) for payload, _ in ordered]
    late = {one.payload for one in overdue(opened.state, now_ms, ALARM_AFTER_MS)}
    late |= {
        payload
        for payload, record in ordered
        if record.phase is PayloadPhase.ORDERED
        and ordered_ms(opened.state, payload) is None
        and _ordered_at(opened, record) + ALARM_AFTER_MS <= now_ms
    }
    return {
        "erasures": len(ordered),
        "erasures.done": len(done),
        "erasures.overdue": len(late),
        "erasures.unproven": sum(1 for some in holders if any(one.account is Account.NOT_PROVEN for one in some)),
        "erasures.words": sum(max(1, len(accounts(opened.state, payload))) for payload, _ in done),
    }


def _ordered_at(opened: Books, record: PayloadRecord) -> int:
    """The block time of the order; for a ledger that one server keeps, which has no accounts."""
    return next((one.block_ms for one in opened.lines if one.operation == record.order_id), 0)
