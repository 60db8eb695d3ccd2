"""Probes of the machine, its files and its exports: they read, and try only what can be undone."""
