"""``akashi access explain``: why somebody may or may not do something."""

from __future__ import annotations

import argparse

from akashi.app.people import explaining
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="say why somebody may or may not do something",
        **manual(
            parent,
            "Says in one sentence whether a person or machine client may do an action now, and why: role, job, department,\n"
            "institution, state of the device or transfer. Anybody may ask about themselves; about others, who reads access.",
            "akashi access explain hanako transfer.open tr-…",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle (per-…), or a machine client (cli-…)")
    parser.add_argument("wanted", metavar="WHAT", help="an action of `akashi access table`, such as transfer.open")
    parser.add_argument("subject", metavar="SUBJECT", nargs="?", help="tr-…, dev-…, per-…, cli-…, map-… or inst-…")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        named = arguments.named
        who = named if named.startswith("cli-") else person_named(opened.gateway, named)
        said = explaining.explained(opened.gateway, session, who, arguments.wanted, arguments.subject)
    value = {
        "action": arguments.wanted,
        "allowed": said.allowed,
        "en": said.en,
        "ja": said.ja,
        "reason": said.reason,
        "subject": arguments.subject,
        "who": who,
    }
    shell.result(value, [shell.choose(said.ja, said.en)])
    return 0
