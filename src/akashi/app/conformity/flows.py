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

from akashi.app.conformity.desk import journalled
from akashi.app.desk.evidence import proven_steps
from akashi.app.desk.sending import verify_opening_key
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.conformity.flow.service import Flow
from akashi.identity.model import Session

ASSESS, DECIDE, PUBLISH = "conformity.assess", "conformity.decide", "conformity.publish"


def open_flow(gateway: Gateway) -> Flow:
    """The flow of a gateway; the caller closes it."""
    return Flow(
        database=gateway.paths.conformity,
        author=gateway.author,
        payloads=gateway.payloads,
        openers=[gateway.keystore.opener(OPENING_KEY)],
        box=gateway.keystore,
        clock=gateway.clock,
        prove_key=partial(verify_opening_key, gateway),
        prove_steps=partial(proven_steps, gateway),
    )


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
