"""Send a draft: prove the receiver's key, seal, stage, announce.

Guarantees: the receiver's opening key is taken only if the evidence proves that the receiver's own gateway enrolled it, under the
pinned trust file; the exchange seals to that key or to none. Findings that stop a file stop it here too. Refuses: the same content
twice unless the person said so. Trusts ``exchange`` for everything after.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.desk.drafts import Draft
from akashi.app.desk.evidence import collected
from akashi.app.errors import FindingsStop, OpeningKeyUnproven
from akashi.app.gateway.home import Gateway, acting
from akashi.app.wiring import KINDS
from akashi.exchange.model import Format, SendRequest, document
from akashi.exchange.sending import Preview, Sent
from akashi.identity.model import Session
from akashi.ledger.events import load_body
from akashi.ledger.model import Purpose
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.registry import KeyEnrolled, OpeningKey, opening_key
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
    proven = verify_opening_key(gateway, terms.receiver)
    return gateway.exchange.send(_request(gateway, draft, terms, proven), acting(session))


def _request(gateway: Gateway, draft: Draft, terms: Terms, receiver_key: bytes | None = None) -> SendRequest:
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
        receiver_key=receiver_key,
    )


def verify_opening_key(gateway: Gateway, institution: str) -> bytes | None:
    """The id of the institution's opening key, proven to be its own; ``None`` where it has none. Raises :class:`OpeningKeyUnproven`.

    1. the state names a current opening key; 2. the evidence on the institution verifies under the pinned trust file (signatures,
    enrolments, inclusion); 3. in it a gateway key of this very institution enrolled exactly this key. What the state says besides,
    such as whose a signing key is, is not believed.
    """
    with gateway.ledger.view() as state:
        key = opening_key(state, institution, gateway.clock.now_ms())  # (1)
    if key is None:
        return None  # the exchange says it in its own words: nothing can be sealed to this receiver
    evidence = collected(gateway, institution)
    verdict = verify_file(evidence, gateway.paths.trust.read_bytes(), KINDS)  # (2)
    if verdict.status is not Status.VERIFIED or not _enrolled_it(evidence, institution, key):  # (3)
        raise OpeningKeyUnproven(institution=institution)
    return key.key


def _enrolled_it(evidence: bytes, institution: str, key: OpeningKey) -> bool:
    """Whether a gateway key of the institution enrolled ``key``, in a bundle that verified."""
    gateways: set[bytes] = set()
    enrolled: list[tuple[bytes, KeyEnrolled]] = []
    for leaf in (parse_leaf(data) for part in parse_bundle(evidence).ranges for data in part.leaves):
        operation = parse_operation(leaf.envelope)
        if operation.statement.kind != "key.enrolled" or leaf.result != 0:
            continue
        body = load_body(KeyEnrolled, operation.statement.body)
        if body.institution == institution and body.purpose is Purpose.GATEWAY:
            gateways.add(body.key)
        if body.institution == institution and body.purpose is Purpose.OPENING:
            enrolled.append((operation.key, body))
    wanted = (key.key, key.public, key.suite)
    return any(signer in gateways and (body.key, body.public, body.suite) == wanted for signer, body in enrolled)
