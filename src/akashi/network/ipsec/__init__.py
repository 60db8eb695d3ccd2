"""IPsec between the servers of one ledger: what strongSwan is given (docs/network-ipsec.md)."""
