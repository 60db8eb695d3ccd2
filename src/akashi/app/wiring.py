"""Puts the parts together: the table of operation kinds.

Guarantees: one table for engine, auditor, verifier and documentation. The ledger verifies and orders kinds of parts it has
never heard of, because they are handed to it here and nowhere else.
"""

from __future__ import annotations

from akashi.conformity.events import CONFORMITY_KINDS
from akashi.conformity.flow.events import CONFORMITY_FLOW_KINDS
from akashi.exchange.events import EXCHANGE_KINDS
from akashi.identity.events import IDENTITY_KINDS
from akashi.ledger.events import KindTable
from akashi.ledger.registry import LEDGER_KINDS
from akashi.vault.events import VAULT_KINDS

KINDS = KindTable(
    [*LEDGER_KINDS, *IDENTITY_KINDS, *VAULT_KINDS, *EXCHANGE_KINDS, *CONFORMITY_KINDS, *CONFORMITY_FLOW_KINDS]
)
