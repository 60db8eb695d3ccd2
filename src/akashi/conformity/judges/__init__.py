"""Judges: pure, versioned functions from facts to a verdict; the only place where a threshold meets a measurement."""
