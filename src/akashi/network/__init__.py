"""Several servers that keep one ledger: ordering by CometBFT, proof of its commits, peers, payload copies, repair."""
