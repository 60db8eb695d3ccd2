"""Wiring and cross-part use cases: where siblings meet (checkup, exchange, identity, vault, ledger)."""
