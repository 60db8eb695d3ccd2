"""Puts the parts together: the table of operation kinds.

Guarantees: one table for engine, auditor, verifier and documentation. The ledger verifies and orders kinds of parts it has
never heard of, because they are handed to it here and nowhere else.
"""

from __future__ import annotations

from akashi.checkup.approval.events import CHECKUP_KINDS
from akashi.conformity.events import CONFORMITY_KINDS
from akashi.conformity.flow.events import CONFORMITY_FLOW_KINDS
from akashi.exchange.events import EXCHANGE_KINDS
from akashi.identity.access.events import CLIENT_KINDS
from akashi.identity.admission.events import ADMISSION_KINDS
from akashi.identity.devices.events import DEVICE_KINDS
from akashi.identity.emergency.events import EMERGENCY_KINDS
from akashi.identity.events import IDENTITY_KINDS, is_person_of, person
from akashi.identity.lifecycle.events import LIFECYCLE_KINDS
from akashi.identity.lifecycle.review_events import REVIEW_KINDS
from akashi.identity.maintenance.events import MAINTENANCE_KINDS
from akashi.identity.presence.events import PRESENCE_KINDS
from akashi.keys.custody.events import CUSTODY_KINDS
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context, KindTable
from akashi.ledger.registry import LEDGER_KINDS
from akashi.ledger.state import ReadState
from akashi.network.events import NETWORK_KINDS
from akashi.network.mirror.events import MIRROR_KINDS
from akashi.signatures.events import document_kinds
from akashi.vault.events import VAULT_KINDS


def require_acting_person(state: ReadState, context: Context) -> None:
    """The actor is an enabled person of the acting institution, else ``Refused``: asked by parts that do not know ``identity``."""
    actor = context.statement.actor
    found = None if actor.person is None else person(state, actor.person)
    if found is None or found.institution != actor.institution:
        raise Refused("person.unknown")
    if not found.enabled:
        raise Refused("person.disabled")


KINDS = KindTable(
    [
        *LEDGER_KINDS,
        *CUSTODY_KINDS,
        *IDENTITY_KINDS,
        *EMERGENCY_KINDS,
        *MAINTENANCE_KINDS,
        *LIFECYCLE_KINDS,
        *REVIEW_KINDS,
        *ADMISSION_KINDS,
        *CLIENT_KINDS,
        *PRESENCE_KINDS,
        *DEVICE_KINDS,
        *VAULT_KINDS,
        *EXCHANGE_KINDS,
        *CONFORMITY_KINDS,
        *CONFORMITY_FLOW_KINDS,
        *CHECKUP_KINDS,
        *NETWORK_KINDS,
        *MIRROR_KINDS,
        *document_kinds(require_acting_person),
    ],
    is_active=is_person_of,
)
