"""Who is here, from where, and what must be told to somebody: places, proofs, lock-outs, alerts."""
