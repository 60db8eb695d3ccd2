"""Routes about transfers: send a draft, look, take out, confirm, refuse, withdraw, send again, prove.

Guarantees: each route names its permission and calls one use case of ``app.desk``, which journals before anything is handed
out. Refuses unknown enum names and handles of others. Content leaves only through ``export``, in the form asked for.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import StreamingResponse

from akashi.api.gateway.bodies import Upload, download
from akashi.api.gateway.session import GatewayHere, SessionHere, Strict, person
from akashi.app.desk import sending, transfers
from akashi.app.desk.trail import trail_lines
from akashi.app.gateway.home import acting
from akashi.exchange.model import DAY_MS, Destination, Form, ReadPurpose, RefuseReason, Transfer, WithdrawReason
from akashi.identity.journal import What
from akashi.ledger.port import Acknowledged

router = APIRouter(prefix="/api/v1", tags=["transfers"])
Name = Annotated[str, Path(pattern=r"^tr-[0-9a-z]{4,32}$")]
Operation = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Institution = Annotated[str, Path(pattern=r"^inst-[0-9a-z]{4,32}$")]
Purpose = Literal["checkup_result", "health_guidance", "billing", "inquiry", "subject_request", "audit"]
Person = Annotated[str, Field(pattern=r"^per-[0-9a-z]{4,32}$")]


class SendBody(Strict):
    """On which terms a draft is sent; days of 0 mean the gateway's default life, or no retention."""

    draft: str = Field(max_length=64)
    receiver: str = Field(pattern=r"^inst-[0-9a-z]{4,32}$")
    life_days: int = Field(default=0, ge=0, le=90)
    keep_days: int = Field(default=7, ge=0, le=90)
    persons: list[Person] = Field(default_factory=list, max_length=32)
    again: bool = False
    supersedes: str | None = Field(default=None, pattern=r"^tr-[0-9a-z]{4,32}$")


class KeyBody(Strict):
    """The id of the opening key that was compared (SHA-256, hex)."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")


class OpenBody(Strict):
    """Why content is opened."""

    purpose: Purpose


class ExportBody(Strict):
    """Why, where to and in which form content is taken out."""

    purpose: Purpose
    destination: Literal["device", "internal_system", "removable_medium", "subject"]
    form: Literal["plain", "sealed", "locked"] = "sealed"
    passphrase: str = Field(default="", max_length=256, repr=False)


class RefuseBody(Strict):
    """Why it is not taken."""

    reason: Literal["not_ours", "unreadable", "wrong_content", "infected", "duplicate", "agreement_ended"]


class WithdrawBody(Strict):
    """Why it is taken back."""

    reason: Literal["wrong_receiver", "wrong_content", "subject_request", "agreement_ended"]


@router.get("/institutions", **person("transfer.read"))
def institutions(gateway: GatewayHere) -> dict[str, object]:
    """Institutions whose names the ledger's commitments confirm."""
    return {"institutions": [{"handle": handle, "name": name} for handle, name in sorted(gateway.names().items())]}


@router.post("/institutions/{institution}/key", **person("transfer.send"))
def accept_key(
    gateway: GatewayHere, session: SessionHere, institution: Institution, body: KeyBody
) -> dict[str, object]:
    """After ``exchange.receiver_key_changed``: accept the new opening key, its id compared with the receiver by another channel."""
    with transfers.recorded(gateway, session, What.ACTION):
        sending.verify_opening_key(gateway, institution)
        gateway.exchange.accept_key(institution, bytes.fromhex(body.key), acting(session))
    gateway.journal.record(What.ACTION, session=session, subject=institution, reason="receiver.key_accepted")
    return {"institution": institution, "key": body.key}


@router.post("/transfers", status_code=201, **person("transfer.send"))
def send(gateway: GatewayHere, session: SessionHere, body: SendBody) -> dict[str, object]:
    """Seal and send a draft. 409 ``exchange.already_sent`` unless ``again``; 503 ``exchange.unacknowledged`` stays pending."""
    terms = sending.Terms(
        body.receiver,
        body.life_days * DAY_MS,
        body.keep_days * DAY_MS,
        tuple(body.persons),
        body.again,
        body.supersedes,
    )
    with gateway.drafts.claimed(body.draft, session.id) as draft:
        with transfers.recorded(gateway, session, What.SENT):
            sent = sending.send(gateway, session, draft, terms)
        gateway.drafts.drop(body.draft)
    gateway.journal.record(What.SENT, session=session, subject=sent.transfer, count=draft.report.rows_out)
    return {"transfer": sent.transfer, "scan": sent.scan.name.lower(), **_place(sent.acknowledged)}


@router.get("/transfers", **person("transfer.read"))
def listing(gateway: GatewayHere, session: SessionHere, box: Literal["inbox", "sent"] = "inbox") -> dict[str, object]:
    """Everything received, or everything sent, newest first."""
    return {"transfers": [_row(one) for one in transfers.listed(gateway, session, received=box == "inbox")]}


@router.get("/transfers/pending", **person("transfer.read"))
def pending(gateway: GatewayHere, session: SessionHere) -> dict[str, object]:
    """What is signed here and not on the ledger yet (未確定)."""
    rows = gateway.exchange.pending()
    gateway.journal.record(What.LISTED, session=session, count=len(rows))
    return {"pending": [{"transfer": p.transfer, "kind": p.kind, "attempts": p.attempts} for p in rows]}


@router.get("/transfers/{name}", **person("transfer.read"))
def show(gateway: GatewayHere, session: SessionHere, name: Name) -> dict[str, object]:
    """One transfer with its trail."""
    found = transfers.shown(gateway, session, name)
    lines = trail_lines(gateway, found.trail, "en")
    trail = [
        {
            "index": line.index,
            "operation": line.operation,
            "kind": line.kind,
            "block_ms": line.block_ms,
            "institution": step.institution,
            "person": step.person,
        }
        for line, step in zip(lines, found.trail, strict=True)
    ]
    return {**_row(found.transfer), "trail": trail, "pending": [one.kind for one in found.pending]}


@router.post("/transfers/{name}/open", **person("transfer.open"))
def open_(gateway: GatewayHere, session: SessionHere, name: Name, body: OpenBody) -> dict[str, object]:
    """Open in the gateway's memory and compare with what the sender committed to; answers with names, sizes and digests."""
    documents = transfers.opened(gateway, session, name, ReadPurpose[body.purpose.upper()])
    rows = [{"name": n, "bytes": len(data), "sha256": sha256(data).hexdigest()} for n, data in documents]
    return {"transfer": name, "documents": rows}


@router.post("/transfers/{name}/export", **person("transfer.open"))
def export(gateway: GatewayHere, session: SessionHere, name: Name, body: ExportBody) -> StreamingResponse:
    """Take out: purpose, destination and form are on the ledger before the first byte."""
    purpose, where = ReadPurpose[body.purpose.upper()], Destination[body.destination.upper()]
    form = Form[body.form.upper()]
    return download(transfers.exported(gateway, session, name, purpose, where, form, body.passphrase))


@router.post("/transfers/{name}/confirm", **person("transfer.confirm"))
def confirm(gateway: GatewayHere, session: SessionHere, name: Name) -> dict[str, object]:
    """Confirm receipt; only after it was opened here and found right."""
    return _place(transfers.confirmed(gateway, session, name))


@router.post("/transfers/{name}/refuse", **person("transfer.refuse"))
def refuse(gateway: GatewayHere, session: SessionHere, name: Name, body: RefuseBody) -> dict[str, object]:
    """Do not take it; the sender is told and the payload is erased."""
    return _place(transfers.refused(gateway, session, name, RefuseReason[body.reason.upper()]))


@router.post("/transfers/{name}/withdraw", **person("transfer.withdraw"))
def withdraw(gateway: GatewayHere, session: SessionHere, name: Name, body: WithdrawBody) -> dict[str, object]:
    """Take back what the receiver has not opened."""
    return _place(transfers.withdrawn(gateway, session, name, WithdrawReason[body.reason.upper()]))


@router.get("/transfers/{name}/evidence", **person("export.evidence"))
def evidence(gateway: GatewayHere, session: SessionHere, name: Name) -> StreamingResponse:
    """The evidence bundle of a transfer."""
    return download(transfers.evidence(gateway, session, name))


@router.get("/receipts/{operation}", **person("transfer.read"))
def receipt(gateway: GatewayHere, session: SessionHere, operation: Operation) -> StreamingResponse:
    """The receipt of one operation (C2SP tlog-proof)."""
    return download(transfers.receipt(gateway, session, bytes.fromhex(operation)))


@router.post("/verify", **person("ledger.read"))
def verify(gateway: GatewayHere, session: SessionHere, data: Upload) -> dict[str, object]:
    """Verify a bundle or receipt against this gateway's pinned trust file (docs/spec/verification.md)."""
    return transfers.verified(gateway, session, data).to_json()


def _row(one: Transfer) -> dict[str, object]:
    return {
        "transfer": one.handle,
        "sender": one.sender,
        "receiver": one.receiver,
        "status": one.status.name.lower(),
        "sent_ms": one.sent_ms,
        "expires_ms": one.expires_ms,
        "supersedes": one.supersedes,
        "superseded_by": one.superseded_by,
    }


def _place(done: Acknowledged) -> dict[str, object]:
    return {
        "operation": done.operation_id.hex(),
        "index": done.index,
        "height": done.height,
        "block_ms": done.block_ms,
    }
