"""``akashi emergency open``: ask for an account to be opened, or open it alone for a listed reason."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import REASONS, account_named, command, hours, show_opening
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "open",
        "ask for an opening, or open alone",
        "Asks for an account to be opened; another person confirms with `emergency confirm` within the hour. With --alone it opens\nat once, for one of the listed reasons only; that is told to the administrators and always reviewed.",
        "akashi emergency open per-… --reason life-threatening --alone --as hanako",
    )
    parser.add_argument("account", metavar="ACCOUNT", help="login or handle of the account (`akashi emergency list`)")
    parser.add_argument("--reason", choices=sorted(REASONS), default="agreed", help="why (default agreed; not alone)")
    parser.add_argument("--alone", action="store_true", help="nobody is there to confirm")
    parser.add_argument("--hours", type=hours, help="for how long, 1 to 24 (default 8)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    reason = REASONS[arguments.reason]
    with acting_person(arguments, shell) as (gateway, session):
        account = account_named(gateway, arguments.account)
        if arguments.alone:
            found = emergencies.open_alone(gateway, session, account, reason, arguments.hours)
            return show_opening(found, shell)
        asked = emergencies.ask(gateway, session, account, reason, arguments.hours)
    shell.result({"opening": asked, "stage": "asked"}, [asked])
    return 0
