"""Conformity of one institution, put together: its books, its own probes, runs, views and bundles."""
