"""Visits of maintainers: planned, approved by somebody else, watched, reported, reviewed."""
