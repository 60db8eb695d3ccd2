"""Exchanged bytes: one encoder and one strict parser for each format of ``docs/spec``."""
