"""What the server holds of others' content: sealed payloads, erasures, and the walls between institutions.

Guarantees: stored bytes are looked at, never opened, except an invented text that the probe itself sealed to its own institution and
staged (nobody can fetch it, and the server drops it after some days because nobody announced it). Refuses: to judge a server whose
databases are not in reach. Trusts: the ledger copy for who is a party to what.
"""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from akashi.app.gateway.home import OPENING_KEY
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, scratch
from akashi.app.selfcheck.ledgers import Books, books
from akashi.app.selfcheck.trial import refuses
from akashi.app.server.visibility import MemberView, decide_subject
from akashi.conformity.deliveries import delivered
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.errors import Denied as RefusedByRule
from akashi.errors import NotFound
from akashi.exchange.errors import TransferUnknown
from akashi.exchange.model import Transfer
from akashi.exchange.records import transfer
from akashi.identity.events import institutions
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record, keys_of, opening_key
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState
from akashi.vault.errors import SealError
from akashi.vault.events import PayloadPhase, payload_record
from akashi.vault.model import ErasureLevel, Part, PayloadStatus, Recipient, StoredPayload
from akashi.vault.sealing import parse_wrap, seal, unseal
from akashi.vault.sealing.body import take_header
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.slots import SLOT_SIZE, SlotRecord, parse_slot
from akashi.vault.store import BodyStore

MAX_SLOTS = 64 << 20
_HOUR_MS = 3_600_000
_SAMPLE = 16 * 1024
_BODIES, _SLOTS = "bodies.db", "slots.bin"


def sealing(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Seal and stage an invented text, then look through everything that the server stores."""
    text = f"自己点検 {secrets.token_hex(24)} ".encode() * 8
    folder = here.server_paths.vault
    with books(here, bench) as opened:
        payload, opens = _stage(here, text)
        with scratch(bench) as place:
            path = copy_database(folder / _BODIES, place / _BODIES)
            with closing(BodyStore(path)) as store:
                facts = _bodies(store, opened.state, payload, text)
        facts |= _wraps(folder / _SLOTS, opened.state, payload, here.gateway.keystore.opener(OPENING_KEY).key_id)
    facts["canary.opens"] = opens
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _stage(here: SelfContext, text: bytes) -> tuple[bytes, bool]:
    """Put a sealed canary on the server; its id, and whether our own key opens what was sealed."""
    gateway = here.gateway
    with gateway.ledger.view() as state:
        key = opening_key(state, gateway.institution, gateway.clock.now_ms())
    if key is None:
        raise Unreached(reason="opening_key")
    made = seal(
        [Part("selfcheck.txt", [text])],
        media_type="text/plain",
        recipients=[Recipient(key.key, key.suite, key.public)],
        ledger_id=gateway.ledger.ledger_id,
        suite=key.suite,
    )
    body = list(made.chunks())
    gateway.payloads.stage(made.payload_id, made.wraps, body)
    unsealed = unseal(made.wraps[0], gateway.keystore.opener(OPENING_KEY), gateway.ledger.ledger_id, body)
    return made.payload_id, [data for _, data in unsealed.read(1 << 20)] == [text]


def _bodies(store: BodyStore, state: ReadState, canary: bytes, text: bytes) -> dict[str, Fact]:
    """Every stored body: does it parse as sealed, has it the digests it was given, and does it look like anything readable?"""
    rows = store.with_status(PayloadStatus.STAGED, PayloadStatus.ANNOUNCED)
    seen = [_body(store, state, row, text[: len(text) // 8]) for row in rows]
    return {
        "payloads": len(rows),
        "payloads.not_sealed": sum(1 for one in seen if not one.sealed),
        "payloads.altered": sum(1 for one in seen if one.altered),
        "payloads.readable": sum(1 for one in seen if one.readable),
        "canary.stored": any(row.payload_id == canary for row in rows),
        "canary.found_plain": sum(1 for one in seen if one.canary),
    }


class _Seen(NamedTuple):
    """What one stored body looks like."""

    sealed: bool
    altered: bool
    readable: bool
    canary: bool


def _body(store: BodyStore, state: ReadState, row: StoredPayload, word: bytes) -> _Seen:
    """Read one body through; the ledger's digest counts beside the store's own."""
    try:
        header, _ = take_header(Pieces(_pieces(store, row)))
        sealed = header.payload_id == row.payload_id
    except SealError:
        sealed = False
    digest, tail, found, readable = sha256(), b"", False, False
    for piece in _pieces(store, row):
        digest.update(piece)
        readable = readable or looks_readable(piece[:_SAMPLE])
        found = found or word in tail + piece
        tail = piece[-len(word) :]
    said = payload_record(state, row.payload_id)
    wanted = {row.body_digest} if said is None else {row.body_digest, said.body_digest}
    return _Seen(sealed, wanted != {digest.digest()}, readable, found)


def _pieces(store: BodyStore, row: StoredPayload) -> Iterator[bytes]:
    sent, number = 0, 0
    while sent < row.size and (piece := store.chunk(row.payload_id, number)) is not None:
        sent, number = sent + len(piece), number + 1
        yield piece


def looks_readable(sample: bytes) -> bool:
    """Whether bytes after the header shrink when packed: what was sealed does not. Short samples are not judged by this.

    >>> looks_readable(b"id,value" * 100), looks_readable(b"short")
    (True, False)
    """
    rest = sample[128:]
    return len(rest) >= 256 and len(zlib.compress(rest, 6)) < len(rest) * 97 // 100


def _wraps(path: Path, state: ReadState, canary: bytes, own_key: bytes) -> dict[str, Fact]:
    """Every wrapped key: does it parse, and is it for an opening key of one of the two parties?"""
    kept = _slots(path)
    broken = foreign = 0
    for one in kept:
        try:
            fits = (parse_wrap(one.wrap).payload_id, parse_wrap(one.wrap).key_id) == (one.payload_id, one.key_id)
        except SealError:
            fits = False
        broken += 0 if fits else 1
        record, said = key_record(state, one.key_id), payload_record(state, one.payload_id)
        if said is None:  # staged, not announced: anybody's own business, but still for an enrolled opening key
            known = record is not None and record.purpose is Purpose.OPENING
            foreign += 0 if known or (one.payload_id == canary and one.key_id == own_key) else 1
            continue
        told, handed = transfer(state, said.subject), delivered(state, one.payload_id)
        parties = set() if told is None else {told.sender, told.receiver}
        parties |= set() if handed is None else {handed.owner, *handed.readers}
        allowed = {key.key for party in parties for key in keys_of(state, party, Purpose.OPENING)}
        foreign += 0 if one.key_id in allowed else 1
    return {"wraps": len(kept), "wraps.broken": broken, "wraps.for_others": foreign}


def _slots(path: Path) -> list[SlotRecord]:
    """The wrapped keys in the slot file. Raises :class:`Unreached` where it is missing or larger than can be looked through."""
    if not path.is_file() or path.stat().st_size > MAX_SLOTS:
        raise Unreached(reason="slots")
    data = path.read_bytes()
    found = [parse_slot(data[at : at + SLOT_SIZE]) for at in range(0, len(data) - SLOT_SIZE + 1, SLOT_SIZE)]
    return [one for one in found if one is not None]


def erasure(here: SelfContext, target: Target, bench: Bench) -> Observed:
    """Payloads whose time is over: receipt on the ledger, bytes gone from the store, none overdue."""
    grace = int(target.options.get("erasure_grace_hours", "24")) * _HOUR_MS
    now = here.gateway.clock.now_ms()
    with books(here, bench) as opened, scratch(bench) as place:
        found = _transfers(opened)
        due = [one for one in found if one.erase_after_ms is not None and one.erase_after_ms <= now]
        records = {one.handle: payload_record(opened.state, one.payload) for one in due}
        path = copy_database(here.server_paths.vault / _BODIES, place / _BODIES)
        with closing(BodyStore(path)) as store:
            stored = {row.payload_id for row in store.with_status(PayloadStatus.STAGED, PayloadStatus.ANNOUNCED)}
            chunks = {one.payload for one in found if store.chunk(one.payload, 0) is not None}
        keys = {one.payload_id for one in _slots(here.server_paths.vault / _SLOTS)}
    done = [one for one in due if (said := records[one.handle]) is not None and said.phase is PayloadPhase.ERASED]
    left = [one for one in due if one not in done]
    overdue = [one for one in left if (one.erase_after_ms or 0) + grace <= now]
    facts: dict[str, Fact] = {
        "transfers": len(found),
        "due": len(due),
        "erased": len(done),
        "erased.bytes_gone": sum(
            1 for one in done if (said := records[one.handle]) is not None and said.level is ErasureLevel.FILE
        ),
        "erased.still_stored": sum(1 for one in done if one.payload in stored | chunks),
        "erased.keys_left": sum(1 for one in done if one.payload in keys),
        "waiting": len(left) - len(overdue),
        "overdue": len(overdue),
        "grace_h": grace // _HOUR_MS,
    }
    return Observed(facts, json.dumps(sorted(one.handle for one in overdue)).encode(), TOOL)


def _transfers(opened: Books) -> list[Transfer]:
    rows = [transfer(opened.state, name.decode()) for name, _ in opened.state.scan("tr")]
    return [one for one in rows if one is not None]


def isolation(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Each institution looks for each transfer that is not its own; our own gateway asks its server for others' as well."""
    with books(here, bench) as opened:
        found = _transfers(opened)
        members = [one.handle for one in institutions(opened.state)]
        tried, seen = 0, 0
        for member in members:
            view = MemberView(opened.state, member)
            foreign = [one for one in found if member not in (one.sender, one.receiver)]
            tried += len(foreign)
            listed = {name.decode() for name, _ in view.scan("tr")}
            seen += sum(1 for one in foreign if one.handle in listed or _visible(opened.state, view, member, one))
    asked, answered = _asked(here, [one for one in found if here.gateway.institution not in (one.sender, one.receiver)])
    facts: dict[str, Fact] = {
        "institutions": len(members),
        "transfers": len(found),
        "tried": tried,
        "seen": seen,
        "asked": asked,
        "answered": answered,
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def _visible(state: ReadState, view: MemberView, member: str, one: Transfer) -> bool:
    """Whether any door shows a stranger's transfer: its row, its payload, the others' lists, its trail."""
    return (
        view.get("tr", one.handle.encode()) is not None
        or view.get("pay", one.payload) is not None
        or any(next(view.scan(space, f"{party}/".encode()), None) for space, party in _lists(one))
        or not isinstance(decide_subject(state, member, one.handle), Denied)
    )


def _lists(one: Transfer) -> tuple[tuple[str, str], ...]:
    return ("trin", one.receiver), ("trout", one.sender)


def _asked(here: SelfContext, foreign: list[Transfer]) -> tuple[int, int]:
    """How often our gateway asked for what is not its own, and how often it was told."""
    gateway, channel = here.gateway, here.gateway.line.channel
    asked = answered = 0
    for one in foreign[:20]:
        asked += 1
        answered += 0 if refuses(TransferUnknown, partial(gateway.exchange.show, one.handle)) else 1
        if channel is not None:
            for path in (f"subjects/{one.handle}/evidence", f"payloads/{one.payload.hex()}/body"):
                asked += 1
                answered += 0 if _hidden(partial(channel.call, "GET", f"/api/v1/{path}")) else 1
    return asked, answered


def _hidden(call: Callable[[], object]) -> bool:
    """Refused or said not to exist: either way nothing was told."""
    try:
        call()
    except (NotFound, RefusedByRule):
        return True
    return False
