"""Commands about proof: verify, audit, evidence."""
