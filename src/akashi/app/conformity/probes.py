"""The probes of network and machine that ship with the program.

Guarantees: importing this registers them, once. Those of Akashi itself are made per run (``selfcheck``), because they need its parts.
"""

from __future__ import annotations

from akashi.conformity import host, wire
from akashi.conformity.probing import PROBES, Probe

PACKAGES = (host, wire)
"""Imported for the probes that their modules register."""


def host_probes() -> list[Probe]:
    """All of them, by name."""
    return list(PROBES)
