"""Commands about visits of maintainers."""

from __future__ import annotations

import argparse

from akashi.cli.shell import Parser
from akashi.cli.visit import act_as, begin, decide, end, listing, report, request, review, show


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``visit``."""
    group = commands.add_parser(
        "visit",
        help="visits of maintainers: request, decide, begin, act-as, end, report, review, list, show",
        description="Visits of maintainers: applied for with a plan, decided by somebody else, compared with the plan, reported, reviewed.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (request, decide, begin, act_as, end, report, review, listing, show):
        command.declare(inner, parent)
