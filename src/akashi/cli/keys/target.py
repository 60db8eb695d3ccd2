"""Whose keys a command is about: the server's of the home, or a gateway's.

Guarantees: a kind of key says by itself where it belongs; without a kind ``--institution`` chooses a gateway, and its absence the server.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import GatewaySettings as OfGateway
from akashi.app.config import ServerSettings, gateway_paths, load_settings, server_paths
from akashi.app.gateway.home import Gateway
from akashi.app.keys.opening import Settings
from akashi.app.server.home import Server
from akashi.cli.files import read_bounded
from akashi.cli.homes import chosen_gateway, opened_both, opened_server
from akashi.cli.shell import Shell
from akashi.keys.custody.model import Share
from akashi.keys.custody.writing import open_share, read_share
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author

_SHARE_LIMIT = 16_384


@dataclass(frozen=True, slots=True)
class Holder:
    """A key store with somebody who can speak for it."""

    keystore: FileKeystore
    author: Author
    gateway: Gateway | None
    server: Server | None


@contextmanager
def opened_holder(arguments: argparse.Namespace, shell: Shell) -> Iterator[Holder]:
    """The gateway of ``--institution``, else the server."""
    if arguments.institution:
        with opened_both(arguments, shell) as opened:
            yield Holder(opened.gateway.keystore, opened.gateway.author, opened.gateway, opened.server)
    else:
        with opened_server(arguments, shell) as server:
            yield Holder(server.keystore, server.author, None, server)


def settings_of(arguments: argparse.Namespace) -> tuple[Path, Settings, Path]:
    """Settings file, settings and key store's folder of the gateway of ``--institution``, else of the server."""
    if arguments.institution:
        paths = gateway_paths(arguments.home, chosen_gateway(arguments))
        return paths.settings, load_settings(paths.settings, OfGateway), paths.keys
    server = server_paths(arguments.home)
    return server.settings, load_settings(server.settings, ServerSettings), server.keys


def read_shares(files: list[Path], gateway: Gateway | None) -> list[Share]:
    """Shares from text files, or sealed to ``gateway``. Raises ``ShareMalformed``, ``ShareMistyped``."""
    made = []
    for path in files:
        data = read_bounded(path, _SHARE_LIMIT)
        if gateway is not None and path.suffix == ".akashi":
            openers = gateway.keystore.openers("opening")
            made.append(open_share(data, gateway.ledger.ledger_id, gateway.institution, openers))
        else:
            made.append(read_share(data.decode("utf-8", "replace")))
    return made
