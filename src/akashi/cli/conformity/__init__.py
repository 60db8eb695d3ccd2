"""Commands about conformity: what is asked, what applies, what is measured and answered, what stands, and the way out and in."""

from __future__ import annotations

import argparse

from akashi.cli.conformity import (
    answer,
    catalog,
    compare,
    export,
    features,
    importing,
    rehearse,
    report,
    run,
    target,
    verify,
)
from akashi.cli.flow import assess, boundary, certificate, notify, production, publishing, reply, request
from akashi.cli.shell import Parser, common_options


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``conformity``."""
    group = commands.add_parser(
        "conformity",
        help="conformity: measure, answer, report, prove; boundaries, notices, production, certificates, assessments",
        description="Sheets that are computed, not claimed: measure, ask people for the rest, prove it.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    own = (features, target, run, rehearse, answer, report, compare, export, importing)
    for command in (*own, request, reply, boundary, notify, production, certificate, assess, publishing):
        command.declare(inner, parent)
    homeless = common_options(home=False)
    for offline in (catalog, verify):
        offline.declare(inner, homeless)
