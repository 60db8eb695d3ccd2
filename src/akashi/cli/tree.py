"""The whole command tree: every group of commands, in the order of the manual.

Guarantees: a command that is not here cannot be called; with the words of a command line only the modules that these choose are
loaded, and manual, result and error are the same as with all of them (docs/adr/0014). This is the one place that imports by name,
and the names are the tables' of the packages below. Refuses nothing itself. Trusts nobody.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module

from akashi import __version__
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
from akashi.cli.groups import Group, Held
from akashi.cli.shell import Parser, common_options, language_of

MEMBERS: tuple[Group | Held, ...] = (
    home.INIT, home.DEMO, home.SERVE, institution.GROUP, admission.GROUP, withdrawal.GROUP, person.GROUP, department.GROUP,
    rights.GROUP, review.GROUP, reset.GROUP, report.GROUP, access.GROUP, client.GROUP, device.GROUP, session.GROUP, alert.GROUP,
    checkup.GROUP, transfer.GROUP, proof.TRAIL, proof.EVIDENCE, ledger.GROUP, network.GROUP, mirror.GROUP, journal.GROUP,
    conformity.GROUP, emergency.GROUP, visit.GROUP, document.GROUP, home.HOME, home.HOUSE, keys.GROUP, witness.GROUP,
    proof.VERIFY, proof.FOLLOW,
)  # fmt: skip
"""What may follow ``akashi``."""
_FREE = {"-h", "--help", "--version"}
"""What the top answers from the tables alone."""
_PLACES = ("command", "action", "step")
_Words = Sequence[str] | None
"""The words that choose among the members of a group: the first one's member is loaded; of ``None`` all, of no words none."""


def build_parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The command tree: whole, or with the modules that ``words`` choose and the names of all others."""
    parser = Parser(prog="akashi", description="Convert, deliver, share and keep medical information, and prove it.")
    text = {"ja": f"証（Akashi） 版 {__version__}", "en": f"Akashi {__version__}"}[language_of(words or ())]
    parser.add_argument("--version", action="version", version=text, help="print the version")
    chosen = () if words and words[0] in _FREE else _choosing(words)
    _add(parser, "COMMAND", MEMBERS, chosen, {True: common_options(), False: common_options(home=False)})
    return parser


def _choosing(words: _Words) -> _Words:
    """What ``words`` choose: an option at their head (``--help``) may be about every member."""
    return None if words and words[0].startswith("-") else words


def _add(
    parser: argparse.ArgumentParser,
    metavar: str,
    members: Sequence[Group | Held],
    words: _Words,
    parents: Mapping[bool, argparse.ArgumentParser],
    depth: int = 0,
) -> None:
    """Add ``members`` below ``parser``, as far as ``words`` choose them."""
    commands = parser.add_subparsers(dest=_PLACES[depth], required=True, metavar=metavar, parser_class=Parser)
    for member in members:
        names = (member.name,) if isinstance(member, Group) else member.names
        chosen = words is None or (len(words) > 0 and words[0] in names)
        if isinstance(member, Group):
            group = commands.add_parser(member.name, help=member.help, description=member.description)
            if chosen:
                below = None if words is None else _choosing(words[1:])
                _add(group, member.metavar, member.members, below, parents, depth + 1)
        elif chosen:
            import_module(member.module).declare(commands, parents[member.homed])
        else:
            for name in names:
                commands.add_parser(name, help=member.help)
