"""A server home and what the secretariat does with it."""
