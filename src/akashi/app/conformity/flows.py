"""The flow at a gateway, with permission and journal: requests, boundaries, reports, production, assessment.

Guarantees: every step is permitted first and journalled afterwards, refused and failed ones too; opening keys are proven from evidence
under the pinned trust file before anything is sealed to them. Refuses what ``identity`` and ``flow`` refuse. Trusts: the session.

::

    with opened_flow(gateway) as flow, stepping(gateway, flow, session, SUBMIT):
        handle = flow.ask(vendor, Wanted.SHEET, due_ms, text, needs, session)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256

from akashi.app.conformity.bundles import verify
from akashi.app.conformity.desk import journalled
from akashi.app.desk.evidence import proven_steps
from akashi.app.desk.sending import verify_opening_key
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.conformity.errors import BundleInvalid
from akashi.conformity.flow.service import Flow
from akashi.conformity.model import Audience
from akashi.conformity.proof.bundle import parse_bundle
from akashi.conformity.proof.items import disclosed_answers
from akashi.identity.model import Session
from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.verdict import Status

ASSESS, DECIDE, PUBLISH = "conformity.assess", "conformity.decide", "conformity.publish"


def open_flow(gateway: Gateway) -> Flow:
    """The flow of a gateway; the caller closes it."""
    return Flow(
        database=gateway.paths.conformity,
        author=gateway.author,
        payloads=gateway.payloads,
        openers=gateway.keystore.openers(OPENING_KEY),
        box=gateway.keystore,
        clock=gateway.clock,
        prove_key=partial(verify_opening_key, gateway),
        prove_steps=partial(proven_steps, gateway),
    )


def publish(gateway: Gateway, flow: Flow, session: Session, name: str, data: bytes, until_ms: int) -> None:
    """Put an assessment on the public list with the redacted bundle ``data``, which verifies and is of the very run that was assessed.

    The bundle is kept here, so that the list can be written with it.
    Raises ``BundleInvalid``: it does not verify under the pinned trust file, is another institution's or another run's than the bundle
    in the application, or shows what is not for everybody; ``RecordUnknown``, ``StepRefused``.
    """
    found = flow.assessment(name)
    report = verify(data, gateway.paths.trust.read_bytes(), gateway.clock.now_ms())
    if report.status is not Status.VERIFIED or report.head is None:
        raise BundleInvalid(failure=report.failure or "trust")
    files = (file for _, file in flow.read_application(name).files)
    assessed = next((file for file in files if sha256(file).digest() == found.bundle), None)
    try:
        shown, submitted = parse_bundle(data), None if assessed is None else parse_bundle(assessed)
    except EncodingError as error:
        raise BundleInvalid(failure=error.failure) from error
    same = submitted is not None and (shown.run, shown.commitments) == (submitted.run, submitted.commitments)
    if report.head.institution != found.applicant or not same:
        raise BundleInvalid(failure="flow.assessed_bundle")
    if (
        shown.apart
        or shown.sealed
        or any(one.audience is not Audience.PUBLIC for one in disclosed_answers(shown.disclosed, report.head))
    ):
        raise BundleInvalid(failure="flow.not_redacted")
    flow.publish(name, until_ms, sha256(data).digest(), session, data)


@contextmanager
def stepping(gateway: Gateway, flow: Flow, session: Session, action: str, subject: str | None = None) -> Iterator[Flow]:
    """One permitted and journalled step of the flow."""
    with journalled(gateway, session, action, subject):
        yield flow


@contextmanager
def opened_flow(gateway: Gateway) -> Iterator[Flow]:
    """A flow for the time of one command; what was said and not acknowledged is said again first."""
    flow = open_flow(gateway)
    try:
        flow.resume()
        yield flow
    finally:
        flow.close()
