"""Commands about files of every format: read, check, write, words not understood, and the checks of archives and FHIR documents. No home is needed."""

from __future__ import annotations

import argparse

from akashi.cli.checkup_formats import archive, check, fhir, read, terms, write
from akashi.cli.shell import Parser

_GROUPS = (
    ("archive", "archives of 特定健診: check", "Look at archives of 特定健診 on this machine.", archive),
    ("fhir", "FHIR documents: check", "Look at FHIR documents on this machine.", fhir),
)


def declare(inner: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands and groups to ``akashi checkup``."""
    for command in (read, check, write, terms):
        command.declare(inner, parent)
    for name, said, told, module in _GROUPS:
        group = inner.add_parser(name, help=said, description=told)
        module.declare(group.add_subparsers(dest="step", required=True, metavar="ACTION", parser_class=Parser), parent)
