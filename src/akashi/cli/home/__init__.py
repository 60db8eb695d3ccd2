"""Commands about a home: found it, try it, serve it, copy it, keep it in order."""

from __future__ import annotations

import argparse

from akashi.cli.home import snapshot
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``home``; the others of this package are commands of their own."""
    group = commands.add_parser("home", help="a home: snapshot", description="Commands about a home.")
    snapshot.declare(group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser), parent)
