"""How servers of one ledger talk to each other: pinned TLS, few bounded routes, and the exchange of cosignatures (docs/network-peers.md)."""
