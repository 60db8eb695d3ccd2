"""The probes of network and machine that ship with the program.

Guarantees: importing this registers them, once. Those of Akashi itself are made per run (``selfcheck``), because they need its parts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
from akashi.conformity.model import Target, TargetKind
from akashi.conformity.probing import PROBES, Bench, Observed, Probe
from akashi.conformity.wire import defaults, ike, ipsec, reach, ssh, tls, wireless

MODULES = (
    backup, bill, defaults, ike, inventory, ipsec, logins, malware, plain_secrets, platform, reach, registers, ssh, time_source,
    tls, wireless,
)  # fmt: skip
"""Imported for the probes that they register."""


def let_in(one: Probe, certificate: Path, key: str) -> Probe:
    """The probe, with the gateway machine's certificate and key (paths) at origins of its own home, where only known machines come in.

    Such origins are registered with a ``role``; nobody else is handed the certificate. A target that names its own is left alone.
    """
    if one.kind not in (TargetKind.TLS, TargetKind.HOST):
        return one

    def measure(target: Target, bench: Bench) -> Observed:
        if "role" not in target.options or "cert" in target.options:
            return one.measure(target, bench)
        return one.measure(replace(target, options={**target.options, "cert": str(certificate), "key": key}), bench)

    return replace(one, measure=measure)


def host_probes() -> list[Probe]:
    """All of them, by name."""
    return list(PROBES)
