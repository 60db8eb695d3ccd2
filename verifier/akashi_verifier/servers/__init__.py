"""Of the servers that keep one ledger: who of them is to be believed (`docs/spec/network.md`)."""
