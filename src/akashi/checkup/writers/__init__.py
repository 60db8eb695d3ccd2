"""Formats of rows that we write: the standard CSV by a format definition, 日医特定健診, FKAC522.

Guarantees: writers take neutral values and produce bytes; what a format cannot say is a finding, and ``expressible_…``
tells what remains. Refuses: filling gaps.
"""
