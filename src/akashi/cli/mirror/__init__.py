"""Commands about isolated mirrors: on the server's side and on the side that no network reaches."""

from __future__ import annotations

import argparse

from akashi.cli.mirror import accept, adopt, backup, export, follow, init, pull, recover, retire, status, taking, verify
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``mirror``."""
    group = commands.add_parser(
        "mirror",
        help="isolated mirrors: init, accept, export, import, follow, pull, status, verify, retire, backup, recover, adopt",
        description="A copy of the service on a machine that no network reaches, fed by carried files.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (init, accept, export, taking, follow, pull, status, verify, retire, backup, recover, adopt):
        command.declare(inner, parent)
