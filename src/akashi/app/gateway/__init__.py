"""A gateway home: one institution, its keys and people, and its line to the ledger."""
