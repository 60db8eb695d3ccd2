"""What the ledger's evidence says, verified here: the server's own word about a transfer is not enough to open it.

Guarantees: :func:`announced` answers only from a bundle that verifies under the pinned trust file, in which the sender's own key signed
the announcement; :func:`proven_steps` only what such a bundle holds. Refuses everything else with ``ProofError``. Trusts the pinned trust file.
"""

from __future__ import annotations

from contextlib import suppress

from akashi.app.errors import RemoteDistrusted
from akashi.app.gateway.following import QUORUM, UNSIGNED
from akashi.app.gateway.home import Gateway
from akashi.app.wiring import KINDS
from akashi.errors import Misuse
from akashi.exchange.events import TransferSent
from akashi.exchange.model import Announced
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.errors import ProofError
from akashi.ledger.events import load_body
from akashi.ledger.model import Statement
from akashi.ledger.proof.bundle import parse_bundle
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf


def collected(gateway: Gateway, name: str) -> bytes:
    """The evidence bundle of a subject from the server, over HTTPS or in this process; not verified here."""
    if gateway.line.channel is not None:
        return gateway.line.channel.call("GET", f"/api/v1/subjects/{name}/evidence").content
    if gateway.line.collect is not None:
        return gateway.line.collect(name)
    if isinstance(gateway.ledger, LedgerReader):
        return export_subject(gateway.ledger, name)
    raise Misuse(what="evidence without a server")


def announced(gateway: Gateway, name: str) -> Announced:
    """Who announced a transfer to whom, and which content. Raises ``ProofError`` where that is not proven.

    1. the evidence on the transfer verifies (signatures, enrolments, inclusion); 2. in it is the one announcement of this very transfer.
    Left to the exchange: to open exactly this content, or none.
    """
    evidence = collected(gateway, name)
    verdict = verify_file(evidence, gateway.paths.trust.read_bytes(), KINDS)  # (1)
    if verdict.failure in {UNSIGNED, QUORUM}:  # others may sign by now
        with suppress(RemoteDistrusted):
            gateway.line.follow()
            verdict = verify_file(evidence, gateway.paths.trust.read_bytes(), KINDS)
    if verdict.status is not Status.VERIFIED:
        raise ProofError(verdict.failure or "transfer.announcement")
    for leaf in (parse_leaf(data) for part in parse_bundle(evidence).ranges for data in part.leaves):
        statement = parse_operation(leaf.envelope).statement
        if statement.kind == "transfer.sent" and statement.subject == name and leaf.result == 0:  # (2)
            body = load_body(TransferSent, statement.body)
            sender = statement.actor.institution
            return Announced(sender, body.receiver, body.payload, body.body_digest, body.commitment)
    raise ProofError("transfer.announcement")


def proven_steps(gateway: Gateway, name: str) -> list[Statement]:
    """The accepted statements on a subject, from evidence that verifies under the pinned trust file. Raises ``ProofError``."""
    evidence = collected(gateway, name)
    verdict = verify_file(evidence, gateway.paths.trust.read_bytes(), KINDS)
    if verdict.status is not Status.VERIFIED:
        raise ProofError(verdict.failure or "evidence")
    leaves = (parse_leaf(data) for part in parse_bundle(evidence).ranges for data in part.leaves)
    said = [parse_operation(leaf.envelope).statement for leaf in leaves if leaf.result == 0]
    return [statement for statement in said if statement.subject == name]
