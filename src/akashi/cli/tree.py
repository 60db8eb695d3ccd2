"""The whole command tree: every group of commands, in the order of the manual.

Guarantees: a command that is not here cannot be called. Refuses nothing itself. Trusts nobody.
"""

from __future__ import annotations

import argparse

from akashi.cli import (
    access,
    admission,
    alert,
    checkup,
    client,
    conformity,
    department,
    device,
    document,
    emergency,
    home,
    institution,
    journal,
    keys,
    ledger,
    mirror,
    network,
    person,
    proof,
    report,
    reset,
    review,
    rights,
    session,
    transfer,
    visit,
    withdrawal,
    witness,
)
from akashi.cli.home import demo, house, init, serve
from akashi.cli.proof import follow, verify
from akashi.cli.shell import Parser, common_options

GROUPS = (
    init, demo, serve, institution, admission, withdrawal, person, department, rights, review, reset, report, access, client, device,
    session, alert, checkup, transfer, proof, ledger, network, mirror, journal, conformity, emergency, visit, document, home, house, keys, witness,
)  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """The whole command tree."""
    parser: argparse.ArgumentParser = Parser(
        prog="akashi", description="Convert, deliver, share and keep medical information, and prove it."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    homed = common_options()
    for group in GROUPS:
        group.declare(commands, homed)
    for free in (verify, follow):
        free.declare(commands, common_options(home=False))
    return parser
