"""What is looked at before an institution is founded, because what is on the ledger stays there.

Guarantees: a login or port that cannot be used is refused before anything is registered. Trusts the settings files of the home. Does
not ask the operating system: a port that another program holds shows when the home is served.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, load_settings, server_paths
from akashi.errors import InputError
from akashi.identity.errors import LoginUnusable
from akashi.identity.rules import decide_login
from akashi.ledger.rules import Denied

_LAST_PORT = 65_535


class PortUnusable(InputError):
    """A number that is no port, or that another origin of this home has."""

    code = "cli.port"
    ja, en = "ポート {port} は使えません。", "The port {port} cannot be used."
    hint_ja = "1〜65535 で、このホームのほかのページが使っていない番号を --port に指定してください。"
    hint_en = "Give --port a number from 1 to 65535 that no other page of this home has."


def require_login(login: str) -> None:
    """Raises ``LoginUnusable`` for a login that could not be registered."""
    if isinstance(decide_login(login), Denied):
        raise LoginUnusable


def chosen_port(home: Path, wanted: int | None) -> int:
    """``wanted`` if it is free in this home, or the next that is. Raises :class:`PortUnusable`."""
    used = _used(home)
    if wanted is None:
        return next(port for port in count(GatewaySettings().port) if port not in used)
    if not 0 < wanted <= _LAST_PORT or wanted in used:
        raise PortUnusable(port=wanted)
    return wanted


def _used(home: Path) -> set[int]:
    settings = server_paths(home).settings
    server = load_settings(settings, ServerSettings) if settings.is_file() else ServerSettings()
    gateways = (load_settings(gateway_paths(home, one).settings, GatewaySettings) for one in gateways_in(home))
    return {server.port, server.public_port, *(one.port for one in gateways)}
