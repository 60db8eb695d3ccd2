"""Signatures on documents: PAdES on PDFs, and what a health-care certificate says of who signed (docs/signatures.md).

Guarantees: what is signed here verifies offline, with time stamps and revocation lists inside; what is verified here was parsed within
limits. Refuses to say anything about legal effect. Trusts the authorities that the operator names, and nobody else.
"""
