"""Bundles: salted commitments to facts, answers and verdicts, and their verification offline."""
