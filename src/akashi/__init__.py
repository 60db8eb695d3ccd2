"""Akashi: convert, deliver, share and keep medical information, and prove it offline.

The parts and their one-way import directions are drawn in ``docs/architecture.md``.
This package exports nothing but its version; import the part you need.
"""

__version__ = "0.1.0"
