"""What a signed-in person does with transfers: list, look, take out, confirm, refuse, withdraw, prove.

Guarantees: each function asks for its permission, and writes the access journal before anything is handed out: what was done, and
also what was refused, with the error's code. Refuses handles that cannot be ours before they reach the journal. Trusts
``exchange`` for what is allowed at which stage.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from akashi.app.desk.evidence import announced, collected
from akashi.app.gateway.home import Gateway, acting
from akashi.app.server.visibility import decide_subject
from akashi.app.wiring import KINDS
from akashi.errors import AkashiError, Unavailable
from akashi.exchange.errors import TransferUnknown
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, Transfer, WithdrawReason
from akashi.exchange.records import transfer
from akashi.exchange.service import Shown
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Session
from akashi.ledger.errors import ProofError
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.ledger.model import HANDLE, Operation
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.verdict import Verdict
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.rules import Denied
from akashi.ledger.service import UnknownOperation
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.receipt import parse_receipt

_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way to a person: a name without secrets, a media type, and the bytes."""

    name: str
    media_type: str
    pieces: Iterator[bytes] = field(repr=False)


@contextmanager
def recorded(gateway: Gateway, session: Session, what: What, subject: str | None = None) -> Iterator[None]:
    """Journal the failure of what happens inside, then let it pass on. That a person is asked to sign is a question, no failure."""
    try:
        yield
    except ApprovalWanted:
        raise
    except AkashiError as error:
        outcome = Outcome.FAILED if isinstance(error, Unavailable) else Outcome.REFUSED
        gateway.journal.record(what, outcome, session=session, subject=subject, reason=error.code)
        raise


def listed(gateway: Gateway, session: Session, *, received: bool) -> list[Transfer]:
    """Everything received (or sent), newest first."""
    gateway.accounts.require(session, "transfer.read")
    gateway.exchange.poll()
    found = gateway.exchange.inbox() if received else gateway.exchange.outbox()
    found = [one for one in found if _within(session, one)]
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def shown(gateway: Gateway, session: Session, name: str) -> Shown:
    """One transfer with its trail; its notices count as read."""
    gateway.accounts.require(session, "transfer.read")
    with recorded(gateway, session, What.READ, _handle(name)):
        found = gateway.exchange.show(name)
        if not _within(session, found.transfer):
            raise TransferUnknown
    gateway.journal.record(What.READ, session=session, subject=name)
    for notice in gateway.exchange.notices():
        if notice.transfer == name:
            gateway.exchange.mark_read(notice.number)
    return found


def opened(gateway: Gateway, session: Session, name: str, purpose: ReadPurpose) -> tuple[tuple[str, bytes], ...]:
    """Open in memory what the sender provably announced: on the ledger and in the journal before the content is returned."""
    gateway.accounts.require(session, "transfer.open", subject=_handle(name))
    with recorded(gateway, session, What.OPENED, name):
        _demand_party(gateway, session, name)
        proven = announced(gateway, name)
        content = gateway.exchange.open(name, purpose, acting(session), announced=proven)
    gateway.journal.record(What.OPENED, session=session, subject=name, purpose=int(purpose))
    return content.documents


def exported(
    gateway: Gateway,
    session: Session,
    name: str,
    purpose: ReadPurpose,
    destination: Destination,
    form: Form,
    passphrase: str = "",
) -> Download:
    """Take out in a form; several readable documents come as one archive."""
    gateway.accounts.require(session, "transfer.open", subject=_handle(name))
    with recorded(gateway, session, What.EXPORTED, name):
        _demand_party(gateway, session, name)
        proven = announced(gateway, name)
        out = gateway.exchange.export(
            name, purpose, destination, form, acting(session), passphrase=passphrase, announced=proven
        )
    gateway.journal.record(What.EXPORTED, session=session, subject=name, purpose=int(purpose))
    if form is Form.PLAIN:
        return Download(f"{name}.zip", _ZIP, iter([_archive(out.documents)]))
    ending = "sealed" if form is Form.SEALED else "akashi-locked"
    return Download(f"{name}.{ending}", "application/octet-stream", out.stream)


def confirmed(gateway: Gateway, session: Session, name: str) -> Acknowledged:
    """Say that it arrived."""
    gateway.accounts.require(session, "transfer.confirm", subject=_handle(name))
    with recorded(gateway, session, What.CONFIRMED, name):
        done = gateway.exchange.confirm(name, acting(session))
    gateway.journal.record(What.CONFIRMED, session=session, subject=name)
    return done


def refused(gateway: Gateway, session: Session, name: str, reason: RefuseReason) -> Acknowledged:
    """Do not take it."""
    gateway.accounts.require(session, "transfer.refuse", subject=_handle(name))
    with recorded(gateway, session, What.REFUSED_TRANSFER, name):
        done = gateway.exchange.refuse(name, reason, acting(session))
    gateway.journal.record(What.REFUSED_TRANSFER, session=session, subject=name, purpose=int(reason))
    return done


def withdrawn(gateway: Gateway, session: Session, name: str, reason: WithdrawReason) -> Acknowledged:
    """Take back what was not opened."""
    gateway.accounts.require(session, "transfer.withdraw", subject=_handle(name))
    with recorded(gateway, session, What.WITHDRAWN, name):
        done = gateway.exchange.withdraw(name, reason, acting(session))
    gateway.journal.record(What.WITHDRAWN, session=session, subject=name, purpose=int(reason))
    return done


def receipt(gateway: Gateway, session: Session, operation_id: bytes) -> Download:
    """The receipt of this very operation, verified against the pinned trust file before it is handed out."""
    gateway.accounts.require(session, "transfer.read")
    with recorded(gateway, session, What.DOWNLOADED):
        data = gateway.ledger.receipt(operation_id)
        gateway.verify_receipt(data)
        operation = parse_operation(parse_leaf(parse_receipt(data).leaf).envelope)
        if operation.id != operation_id:
            raise ProofError("receipt.operation")
        _demand_concern(gateway, operation)
    gateway.journal.record(What.DOWNLOADED, session=session)
    return Download(f"receipt-{operation_id.hex()[:16]}.tlog-proof", "text/plain; charset=utf-8", iter([data]))


def evidence(gateway: Gateway, session: Session, name: str) -> Download:
    """The evidence bundle of a transfer, as the server collects it; it proves itself."""
    gateway.accounts.require(session, "export.evidence", subject=_handle(name))
    with recorded(gateway, session, What.DOWNLOADED, name):
        _demand_party(gateway, session, name)
        data = collected(gateway, name)
    gateway.journal.record(What.DOWNLOADED, session=session, subject=name)
    return Download(f"{name}.akashi", "application/octet-stream", iter([data]))


def verified(gateway: Gateway, session: Session, data: bytes) -> Verdict:
    """Verify a bundle or receipt against this gateway's pinned trust file; nothing leaves the gateway."""
    gateway.accounts.require(session, "ledger.read")
    return verify_file(data, gateway.paths.trust.read_bytes(), KINDS)


def _within(session: Session, one: Transfer) -> bool:
    """A machine client that was given one counterpart knows of no other transfers."""
    return session.counterpart is None or session.counterpart in (one.sender, one.receiver)


def _demand_party(gateway: Gateway, session: Session, name: str) -> None:
    """Others' transfers and those that do not exist are one: nothing is collected or proven about them. Raises ``TransferUnknown``."""
    with gateway.ledger.view() as state:
        found = transfer(state, name)
    if found is None or gateway.institution not in (found.sender, found.receiver) or not _within(session, found):
        raise TransferUnknown


def _demand_concern(gateway: Gateway, operation: Operation) -> None:
    """A receipt is for its actor and for who may see the subject, also where the server is in this process. Raises ``UnknownOperation``."""
    statement = operation.statement
    if statement.actor.institution == gateway.institution:
        return
    with gateway.ledger.view() as state:
        if statement.subject is None or isinstance(
            decide_subject(state, gateway.institution, statement.subject), Denied
        ):
            raise UnknownOperation(operation=operation.id.hex()[:16])


def _handle(name: str) -> str:
    if not HANDLE.fullmatch(name):
        raise TransferUnknown
    return name


def _archive(documents: tuple[tuple[str, bytes], ...]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in documents:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return out.getvalue()
