"""Who may do what: institutions, people, devices, certificates, credentials, sessions, permissions, the access journal.

Guarantees: ids are never reused; whoever is disabled or revoked loses access at the next request; nobody is let in by
default. Refuses: names on the ledger, in logs and in the journal; they live in the gateway's own database only. Trusts: the
ledger for who exists, the gateway's database for how a person proves who they are.
"""
