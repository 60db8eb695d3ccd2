"""Send a draft: prove the receiver's key, seal, stage, announce.

Guarantees: the receiver's opening key is taken only if the ledger proves that the receiver's own gateway enrolled it: the leaf is
there with its receipt, signed under the pinned trust file. Findings that stop a file stop it here too. Refuses: the same content
twice unless the person said so. Trusts ``exchange`` for everything after.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.desk.drafts import Draft
from akashi.app.errors import FindingsStop, OpeningKeyUnproven
from akashi.app.gateway.home import Gateway, acting
from akashi.exchange.model import Format, SendRequest, document
from akashi.exchange.sending import Preview, Sent
from akashi.identity.model import Session
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.events import load_body
from akashi.ledger.model import Purpose
from akashi.ledger.registry import KeyEnrolled, key_record, opening_key
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

MEDIA_TYPE = "application/vnd.akashi.checkup"


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a draft is sent."""

    receiver: str
    life_ms: int
    retention_ms: int
    persons: tuple[str, ...] = ()
    again: bool = False
    supersedes: str | None = None


def preview(gateway: Gateway, draft: Draft, receiver: str) -> Preview:
    """What the exchange says before sending: an earlier transfer of the same content, a changed key."""
    return gateway.exchange.preview(_request(gateway, draft, Terms(receiver, 0, 0)))


def send(gateway: Gateway, session: Session, draft: Draft, terms: Terms) -> Sent:
    """Seal and send. Raises :class:`FindingsStop`, :class:`OpeningKeyUnproven` and the errors of ``exchange``."""
    gateway.accounts.require(session, "transfer.send")
    if draft.severities[0]:
        raise FindingsStop(count=draft.severities[0])
    verify_opening_key(gateway, terms.receiver)
    return gateway.exchange.send(_request(gateway, draft, terms), acting(session))


def _request(gateway: Gateway, draft: Draft, terms: Terms) -> SendRequest:
    settings = gateway.settings
    return SendRequest(
        receiver=terms.receiver,
        documents=tuple(document(name, data) for name, data in draft.documents),
        format=Format.STANDARD_CSV,
        media_type=MEDIA_TYPE,
        persons=terms.persons,
        life_ms=terms.life_ms or settings.default_life_ms,
        retention_ms=terms.retention_ms,
        supersedes=terms.supersedes,
        counts=draft.severities,
        records=draft.report.rows_out,
        again=terms.again,
        source_digest=draft.source_digest,
    )


def verify_opening_key(gateway: Gateway, institution: str) -> None:
    """Check that the opening key in the state was enrolled by the institution's own gateway key, with a receipt.

    1. the state names a current opening key; 2. a leaf on the institution enrols exactly it; 3. that leaf is signed by a gateway key of the
    institution; 4. its receipt verifies under the pinned trust file (the remote ledger does this for every receipt it passes on).
    """
    with gateway.ledger.view() as state:
        key = opening_key(state, institution, gateway.clock.now_ms())
        if key is None:
            return  # the exchange says it in its own words: nothing can be sealed to this receiver
        for entry in gateway.ledger.entries(institution):
            leaf = parse_leaf(entry.leaf)
            operation = parse_operation(leaf.envelope)
            if operation.statement.kind != "key.enrolled" or leaf.result != 0:
                continue
            body = load_body(KeyEnrolled, operation.statement.body)
            signer = key_record(state, operation.key)
            own = signer is not None and signer.purpose is Purpose.GATEWAY and signer.institution == institution
            if body.key == key.key and body.public == key.public and own:
                try:
                    gateway.verify_receipt(gateway.ledger.receipt(entry.operation_id))
                except (ProofError, EncodingError) as error:
                    raise OpeningKeyUnproven(institution=institution) from error
                return
    raise OpeningKeyUnproven(institution=institution)
