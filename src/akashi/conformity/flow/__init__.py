"""The flow on the ledger: requests, boundaries, reports, production, assessment, the public list."""
