"""Routes of the machine API about sealed payloads: stage, and fetch for the parties.

Guarantees: bodies stream in both directions; wraps and bodies go to the two parties of the transfer that announced them and
to nobody else, to the receiver only after its opening is on the ledger, and to neither once the transfer is over. What conformity
delivered goes to its owner and its readers until its erasure is ordered. What is staged
but not announced nobody can fetch, not even who staged it. Refuses containers of another ledger. What passes here is sealed; this
server has no key that opens it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import anyio.from_thread
from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from akashi.api.problems import RequestInvalid
from akashi.api.server.callers import CallerHere, ServerHere, machine
from akashi.app.server.home import Server
from akashi.conformity.deliveries import decide_delivered, may_read
from akashi.conformity.errors import StepRefused
from akashi.exchange.errors import TransferDenied
from akashi.exchange.records import transfer_of_payload
from akashi.exchange.rules import decide_fetch
from akashi.ledger.rules import Denied
from akashi.vault.errors import PayloadMissing, SealError, SealForeign
from akashi.vault.sealing import read_container

router = APIRouter(prefix="/api/v1/payloads", tags=["payloads"])
MAX_CONTAINER = 2 << 30
Payload = Annotated[str, Path(pattern=r"^[0-9a-f]{32,64}$")]
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
_BYTES = "application/octet-stream"


@router.put("/{payload}", **machine("payload.store"))
async def stage(request: Request, server: ServerHere, payload: Payload) -> Response:
    """Store a sealed container; answers with the signed storage receipt once everything is durable."""
    pieces = _pulled(request.stream())
    done = await run_in_threadpool(_stage, server, bytes.fromhex(payload), pieces)
    return Response(done, media_type=_BYTES)


@router.get("/{payload}", **machine("payload.fetch"))
def size(server: ServerHere, caller: CallerHere, payload: Payload) -> dict[str, int]:
    """How many bytes the sealed body has."""
    found = server.payloads.size(_party(server, caller.institution, payload))
    if found is None:
        raise PayloadMissing(payload=payload)
    return {"size": found}


@router.get("/{payload}/wraps/{key}", **machine("payload.fetch"))
def wrap(server: ServerHere, caller: CallerHere, payload: Payload, key: Key) -> Response:
    """The data key wrapped to one opening key."""
    payload_id = _readable(server, caller.institution, payload)
    return Response(server.payloads.wrap(payload_id, bytes.fromhex(key)), media_type=_BYTES)


@router.get("/{payload}/body", **machine("payload.fetch"))
def body(server: ServerHere, caller: CallerHere, payload: Payload) -> StreamingResponse:
    """The sealed body."""
    payload_id = _readable(server, caller.institution, payload)
    length = server.payloads.size(payload_id)
    pieces = server.payloads.body(payload_id)
    # The length lets the client notice an erasure in the middle as a broken answer.
    return StreamingResponse(
        pieces, media_type=_BYTES, headers={} if length is None else {"Content-Length": str(length)}
    )


def _stage(server: Server, payload_id: bytes, pieces: Iterator[bytes]) -> bytes:
    try:
        container = read_container(pieces, server.engine.ledger_id)
    except SealForeign as error:
        raise RequestInvalid(field="container.ledger") from error
    except SealError as error:
        raise RequestInvalid(field="container") from error
    return server.payloads.stage(payload_id, container.wraps, container.body)


def _pulled(stream: AsyncIterator[bytes]) -> Iterator[bytes]:
    """The pieces of an asynchronous body, for a worker thread."""

    async def following() -> bytes | None:
        return await anext(stream, None)

    while (piece := anyio.from_thread.run(following)) is not None:
        if piece:
            yield piece


def _party(server: Server, institution: str, payload: str) -> bytes:
    """The id of a payload that concerns the caller. Raises ``PayloadMissing`` for everybody whom it does not."""
    payload_id = bytes.fromhex(payload)
    with server.engine.view() as state:
        found = transfer_of_payload(state, payload_id)
        concerned = may_read(state, payload_id, institution)
    if not concerned and (found is None or institution not in (found.sender, found.receiver)):
        raise PayloadMissing(payload=payload)
    return payload_id


def _readable(server: Server, institution: str, payload: str) -> bytes:
    """The payload's id, if the ledger lets the caller have its bytes now. Raises ``TransferDenied`` and ``StepRefused`` too."""
    payload_id = _party(server, institution, payload)
    with server.engine.view() as state:
        found = transfer_of_payload(state, payload_id)
        delivered = decide_delivered(state, payload_id, institution)
    if found is None:
        if isinstance(delivered, Denied):
            raise StepRefused(reason=delivered.reason)
        return payload_id
    decision = decide_fetch(found, institution, server.clock.now_ms())
    if isinstance(decision, Denied):
        raise TransferDenied(decision.reason)
    return payload_id
