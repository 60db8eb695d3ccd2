"""Pages about people: one's own account, proofs and signatures, places; and the people of an institution."""
