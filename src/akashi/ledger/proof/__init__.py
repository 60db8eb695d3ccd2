"""Evidence that outlives its maker: bundles, trust files, stamps and their verification, all offline.

Guarantees: what :mod:`~akashi.ledger.proof.verify` accepts was signed by the keys it names and lies in the tree it names.
Refuses to take trust from the evidence itself. Only ``stamp`` needs more than the standard library and ``cryptography``.
"""
