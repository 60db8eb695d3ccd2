"""Routes of the machine API about the ledger: submit, read what one may see, prove.

Guarantees: an operation is taken only from its actor's own institution; reads show a member's part of the state and no more
(``app.server.visibility``); an answer to a submission carries the receipt, so that the caller need not believe us. Refuses
envelopes over 32 KiB and subjects of others, as if they did not exist.
"""

from __future__ import annotations

import base64
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints
from starlette.responses import Response

from akashi.api.problems import BodyTooLarge, CallerDenied, RequestInvalid
from akashi.api.server.callers import Body, CallerHere, ServerHere, machine
from akashi.app.server.home import Server
from akashi.app.server.visibility import MemberView, decide_subject
from akashi.errors import NotFound, Unavailable
from akashi.ledger.port import Entry
from akashi.ledger.rules import Denied
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

router = APIRouter(prefix="/api/v1", tags=["ledger"])
MAX_ENVELOPE = 32 * 1024
MAX_ROWS = 100_000
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Handle = Annotated[str, Path(pattern=r"^[a-z]{1,8}-[a-z0-9]{1,64}$")]
Space = Annotated[str, Path(pattern=r"^[a-z]{1,8}$")]
KEY = r"^([0-9a-f]{2}){0,128}$"
RowName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,8}/([0-9a-f]{2}){0,128}$")]
MAX_KEYS = 64


class TooManyRows(Unavailable):
    """A scan that is larger than one answer may be."""

    code = "api.rows"
    ja, en = "結果が多すぎます。", "There are too many rows for one answer."


@router.get("/ledger", **machine("ledger.read"))
def ledger(server: ServerHere) -> dict[str, object]:
    """Which ledger this is."""
    return {"ledger_id": server.engine.ledger_id.hex(), "origin": server.engine.origin}


@router.post("/operations", **machine("ledger.submit"))
def submit(server: ServerHere, caller: CallerHere, envelope: Body) -> dict[str, object]:
    """Append one operation (COSE_Sign1, at most 32 KiB) and answer with its place and receipt."""
    if len(envelope) > MAX_ENVELOPE:
        raise BodyTooLarge(limit=MAX_ENVELOPE)
    if parse_operation(envelope).statement.actor.institution != caller.institution:
        raise CallerDenied(action="ledger.submit")
    done = server.engine.submit(envelope)
    return {
        "operation_id": done.operation_id.hex(),
        "index": done.index,
        "height": done.height,
        "block_ms": done.block_ms,
        "receipt": base64.b64encode(server.engine.receipt(done.operation_id)).decode(),
    }


@router.get("/operations/{operation}", **machine("ledger.read"))
def operation(server: ServerHere, caller: CallerHere, operation: Digest) -> dict[str, object]:
    """One leaf. 404 where there is none, or none that the caller may see."""
    return _row(_visible(server, caller.institution, bytes.fromhex(operation)))


@router.get("/operations/{operation}/receipt", **machine("ledger.read"))
def receipt(server: ServerHere, caller: CallerHere, operation: Digest) -> Response:
    """The C2SP tlog-proof of one leaf."""
    found = _visible(server, caller.institution, bytes.fromhex(operation))
    return Response(server.engine.receipt(found.operation_id), media_type="application/octet-stream")


@router.get("/subjects/{subject}/operations", **machine("ledger.read"))
def operations(server: ServerHere, caller: CallerHere, subject: Handle) -> dict[str, object]:
    """All leaves on a subject, in log order."""
    require_subject(server, caller.institution, subject)
    return {"operations": [_row(entry) for entry in server.engine.entries(subject)]}


@router.get("/state", **machine("ledger.read"))
def rows(
    server: ServerHere, caller: CallerHere, key: Annotated[list[RowName] | None, Query(max_length=MAX_KEYS)] = None
) -> dict[str, object]:
    """The mark of the newest state, which no two states share, and the values of the rows named (``space/key``), null where none is visible."""
    at = server.engine.mark  # before the view, here and below: what is answered is at least as new as its mark
    with server.engine.view() as state:
        view = MemberView(state, caller.institution)
        named = [one.partition("/") for one in key or ()]
        found = [view.get(space, bytes.fromhex(name)) for space, _, name in named]
    return {"at": at, "values": [None if value is None else _value(value) for value in found]}


@router.get("/state/{space}", **machine("ledger.read"))
def scan(
    server: ServerHere, caller: CallerHere, space: Space, prefix: Annotated[str, Query(pattern=KEY)] = ""
) -> dict[str, object]:
    """The visible rows of a space below a prefix; keys in hex, values as CBOR in base64."""
    at = server.engine.mark
    with server.engine.view() as state:
        rows = list(islice(MemberView(state, caller.institution).scan(space, bytes.fromhex(prefix)), MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise TooManyRows
    return {"at": at, "rows": [{"key": key.hex(), "value": _value(value)} for key, value in rows]}


@router.get("/state/{space}/{key}", **machine("ledger.read"))
def row(
    server: ServerHere, caller: CallerHere, space: Space, key: Annotated[str, Path(pattern=KEY)]
) -> dict[str, object]:
    """One value, or null where there is none that the caller may see."""
    at = server.engine.mark
    with server.engine.view() as state:
        value = MemberView(state, caller.institution).get(space, bytes.fromhex(key))
    return {"at": at, "value": None if value is None else _value(value)}


@router.get("/checkpoint", **machine("ledger.read"))
def checkpoint(server: ServerHere) -> Response:
    """The newest signed checkpoint."""
    return Response(server.engine.checkpoint(), media_type="text/plain; charset=utf-8")


@router.get("/consistency", **machine("ledger.read"))
def consistency(
    server: ServerHere, old: Annotated[int, Query(ge=0, lt=2**53)], new: Annotated[int, Query(ge=0, lt=2**53)]
) -> dict[str, object]:
    """Proof that the tree of ``new`` leaves extends that of ``old``."""
    if not old <= new <= server.engine.size:
        raise RequestInvalid(field="size")
    return {"hashes": [one.hex() for one in server.engine.consistency(old, new)]}


def _value(value: cbor.Value) -> str:
    return base64.b64encode(cbor.encode(value)).decode()


def _row(entry: Entry) -> dict[str, object]:
    return {
        "index": entry.index,
        "operation_id": entry.operation_id.hex(),
        "leaf": base64.b64encode(entry.leaf).decode(),
    }


def _visible(server: Server, institution: str, operation_id: bytes) -> Entry:
    """The leaf, if it is the caller's own or on a subject that they may see. Raises ``NotFound``."""
    entry = server.engine.entry(operation_id)
    if entry is None:
        raise NotFound
    statement = parse_operation(parse_leaf(entry.leaf).envelope).statement
    if statement.actor.institution != institution:
        require_subject(server, institution, statement.subject)
    return entry


def require_subject(server: Server, institution: str, subject: str | None) -> None:
    """Raise ``NotFound`` unless the institution may read the operations on ``subject``."""
    with server.engine.view() as state:
        if subject is None or isinstance(decide_subject(state, institution, subject), Denied):
            raise NotFound
