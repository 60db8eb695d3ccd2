"""The probes of network and machine that ship with the program.

Guarantees: importing this registers them, once. Those of Akashi itself are made per run (``selfcheck``), because they need its parts.
"""

from __future__ import annotations

from akashi.conformity.host import (
    backup,
    bill,
    inventory,
    logins,
    malware,
    plain_secrets,
    platform,
    registers,
    time_source,
)
from akashi.conformity.probing import PROBES, Probe
from akashi.conformity.wire import defaults, ike, ipsec, reach, ssh, tls, wireless

MODULES = (
    backup, bill, defaults, ike, inventory, ipsec, logins, malware, plain_secrets, platform, reach, registers, ssh, time_source,
    tls, wireless,
)  # fmt: skip
"""Imported for the probes that they register."""


def host_probes() -> list[Probe]:
    """All of them, by name."""
    return list(PROBES)
