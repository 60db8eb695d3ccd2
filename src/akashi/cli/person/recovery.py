"""``akashi person recovery``: codes for the day on which the telephone is gone."""

from __future__ import annotations

import argparse

from akashi.app.people import factors
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recovery",
        help="make one's own recovery codes",
        **manual(
            parent,
            "Makes ten recovery codes in place of all earlier ones and shows them once. Each signs in once, beside the password.\n"
            "Only for oneself, and only with an authenticator in force.",
            "akashi person recovery --as hanako",
            (3, 6, 7, 8),
        ),
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        codes = factors.recovery_codes(gateway, session)
    shell.say(
        shell.choose(
            "紙に控え、端末とは別の場所に保管してください。表示は今回だけです。",
            "Write them down and keep them away from the device. They are shown this once.",
        )
    )
    shell.result({"codes": codes}, codes)
    return 0
