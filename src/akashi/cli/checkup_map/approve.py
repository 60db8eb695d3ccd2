"""``akashi checkup map approve``: sign a map as the next version, on the ledger."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup import mapdesk
from akashi.cli.checkup_map.desk import person_step, shown
from akashi.cli.checkup_map.files import read_map_text
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "approve",
        "approve a map as the next version: from then on files of its layout are converted with it",
        "Records the digest of the map's text on the ledger. Its `version:` must follow the last approved one. With --hand-in the\n"
        "file is only kept as a draft (mdr-…), for somebody else to approve.",
        "akashi checkup map approve map.yaml --as mori",
    )
    parser.add_argument("what", metavar="FILE|DRAFT", help="a map's file (.yaml), or a draft's handle (mdr-…)")
    text = "an institution that may use it too (inst-…); repeatable; without it as the version before"
    parser.add_argument("--share", action="append", metavar="INST", help=text)
    text = "sign a draft only if its text still has this SHA-256, as the page of approval shows it"
    parser.add_argument("--digest", metavar="HEX", help=text)
    parser.add_argument("--hand-in", action="store_true", help="keep the file for somebody else to approve")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    is_draft = arguments.what.startswith("mdr-")
    text = "" if is_draft else read_map_text(Path(arguments.what))
    with acting_person(arguments, shell) as (gateway, session):
        if is_draft:
            children, read = arguments.share, arguments.digest
            return shown(mapdesk.approve(gateway, session, arguments.what, children=children, expected=read), shell)
        if not arguments.hand_in:
            return shown(mapdesk.approve_text(gateway, session, text, children=arguments.share), shell)
        handle = mapdesk.hand_in(gateway, session, text)
    shell.result({"draft": handle}, [handle])
    return 0
