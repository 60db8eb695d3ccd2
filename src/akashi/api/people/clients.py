"""Routes of machine clients.

Guarantees: the same use cases as the pages; a secret is in one answer, once, which may not be cached. Refuses unknown fields, and everybody
without ``client.manage``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import JSONResponse, Response

from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.api.people import rows
from akashi.api.people.rows import ClientHere, Page
from akashi.app.people import clients
from akashi.identity.access.model import ClientReason, ClientTerms

router = APIRouter(prefix="/api/v1/clients", tags=["clients"])
_DAY_MS = 24 * 3600 * 1000
Action = Annotated[str, Field(max_length=64)]
Handle = Annotated[str, Field(max_length=80)]
Network = Annotated[str, Field(max_length=64)]


class TermsBody(Strict):
    """What a client may do, until when, and who answers for it."""

    actions: list[Action] = Field(min_length=1, max_length=16)
    until_ms: int = Field(ge=0, le=2**53)
    responsible: Handle
    counterpart: Handle | None = None
    networks: list[Network] = Field(default_factory=list, max_length=16)

    @property
    def terms(self) -> ClientTerms:
        """As the use case takes them."""
        return ClientTerms(frozenset(self.actions), self.until_ms, self.responsible, self.counterpart)


class ClientBody(TermsBody):
    """A new client."""

    device: Handle
    label: str = Field(min_length=1, max_length=80, repr=False)


class RotateBody(Strict):
    """For how many days the secrets before the new one go on."""

    days: int = Field(default=7, ge=0, le=30)


class StopBody(Strict):
    """Why a client is stopped."""

    reason: Literal["retired", "replaced", "suspected_leak", "responsible_left", "error"]


@router.get("", **person("client.manage"))
def listed(gateway: GatewayHere, session: SessionHere, page: Page = 1) -> dict[str, Any]:
    """All clients of the institution."""
    return rows.paged([rows.client_row(one) for one in clients.listed(gateway, session)], page)


@router.post("", status_code=201, **person("client.manage"))
def make(gateway: GatewayHere, session: SessionHere, body: ClientBody) -> Response:
    """A new client; its secret is in this answer only."""
    made = clients.enrolled(gateway, session, body.device, body.terms, label=body.label, networks=tuple(body.networks))
    return JSONResponse(rows.secret_row(made), 201, headers={"Cache-Control": "no-store"})


@router.post("/{client}", **person("client.manage"))
def change(gateway: GatewayHere, session: SessionHere, client: ClientHere, body: TermsBody) -> dict[str, Any]:
    """Other terms, from the next request on."""
    clients.changed(gateway, session, client, body.terms, networks=tuple(body.networks))
    return {"client": client}


@router.post("/{client}/rotate", **person("client.manage"))
def rotate(gateway: GatewayHere, session: SessionHere, client: ClientHere, body: RotateBody) -> Response:
    """A new secret, in this answer only."""
    made = clients.rotated(gateway, session, client, overlap_ms=body.days * _DAY_MS)
    return JSONResponse(rows.secret_row(made), headers={"Cache-Control": "no-store"})


@router.post("/{client}/disable", **person("client.manage"))
def disable(gateway: GatewayHere, session: SessionHere, client: ClientHere, body: StopBody) -> dict[str, Any]:
    """Stop the client for good."""
    clients.disabled(gateway, session, client, ClientReason[body.reason.upper()])
    return {"client": client, "enabled": False}
