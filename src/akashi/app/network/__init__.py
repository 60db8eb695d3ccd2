"""Wiring of a ledger that several servers keep: founding, joining, running, watching, mirrors, witnesses."""
