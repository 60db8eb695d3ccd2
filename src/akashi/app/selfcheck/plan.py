"""The targets that an Akashi home registers for itself.

Guarantees: all of them are on this machine and consent to themselves until the moment that the caller names. Refuses: to list other institutions' machines. Trusts the home's settings for ports.
"""

from __future__ import annotations

from pathlib import Path

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.app.selfcheck.accounts import STAFF_OPTION
from akashi.conformity.model import Target, TargetKind

_LOCAL = "127.0.0.1"
OWN_RATE = 100
"""Connections a second: it is our own service, on this machine."""


def default_targets(home: Path, consent_until_ms: int, *, staff: Path | None = None) -> list[Target]:
    """What a home registers for itself: its TLS ports with a machine certificate, its folders of settings, this machine, itself."""
    targets = [_target(TargetKind.AKASHI, str(home), consent_until_ms, _staff(staff))]
    targets.append(_target(TargetKind.MACHINE, _LOCAL, consent_until_ms, {}))
    ports: list[int] = []
    ca = server_paths(home).public / "ca.pem"
    certificate = ""
    for institution in gateways_in(home):
        paths = gateway_paths(home, institution)
        settings = load_settings(paths.settings, GatewaySettings)
        certificate = certificate or str(paths.certificate)
        options = {"ca": str(paths.ca), "certificate": str(paths.certificate), "role": "gateway"}
        targets.append(_target(TargetKind.TLS, f"{_LOCAL}:{settings.port}", consent_until_ms, options))
        targets.append(_target(TargetKind.FILE, str(paths.settings), consent_until_ms, {"secrets": "1"}))
        ports.append(settings.port)
    if server_paths(home).settings.is_file():
        served = load_settings(server_paths(home).settings, ServerSettings)
        options = {"ca": str(ca), "certificate": certificate, "role": "server"}
        targets.append(_target(TargetKind.TLS, f"{_LOCAL}:{served.port}", consent_until_ms, options))
        targets.append(_target(TargetKind.FILE, str(server_paths(home).settings), consent_until_ms, {"secrets": "1"}))
        ports += [served.port, served.public_port]
    allowed = ",".join(str(port) for port in sorted(ports)) or "none"
    return [*targets, _target(TargetKind.HOST, _LOCAL, consent_until_ms, {"ports": allowed})]


def _staff(path: Path | None) -> dict[str, str]:
    return {} if path is None else {STAFF_OPTION: str(path)}


def _target(kind: TargetKind, address: str, until_ms: int, options: dict[str, str]) -> Target:
    """Without a handle: a fresh one cannot be taken by somebody else first, and a consent that ended can be given again."""
    return Target("", kind, address, options, until_ms, OWN_RATE)
