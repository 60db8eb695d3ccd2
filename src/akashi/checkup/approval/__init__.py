"""Maps as signed documents: a map counts once its institution has approved it on the ledger.

Guarantees: the text that converts is the text whose digest the ledger holds as approved and not retired; every version, draft and decision
is kept. Refuses: texts that were altered, retired, or approved by nobody. Trusts: the ledger for what was approved, the key store for
what was kept.
"""
