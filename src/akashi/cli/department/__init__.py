"""Departments and who works in them, at the gateway. From the first department on, rights go through `akashi rights`."""

from __future__ import annotations

import argparse

from akashi.cli.department import listing, placing, setting
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``department``."""
    group = commands.add_parser(
        "department",
        help="departments: add, list, manager, close, place",
        description="Departments and who works in them, at the gateway. From the first department on, rights go through `akashi rights`.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (setting, listing, placing):
        command.declare(inner, parent)
