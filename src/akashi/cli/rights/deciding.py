"""``akashi rights decide`` and ``confirm``."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.lifecycle.model import RightsReason, Verdict

_REASONS = {one.name.lower(): one for one in RightsReason}
_EXITS = (3, 4, 5, 6, 7, 8)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = (
        "Decides on somebody else's application about somebody else. An approval counts at the person's next request."
    )
    example = "akashi rights decide req-… --approve --reason work_needs_it --as mori"
    decide = commands.add_parser("decide", help="approve or refuse", **manual(parent, text, example, _EXITS))
    how = decide.add_mutually_exclusive_group(required=True)
    how.add_argument("--approve", action="store_true", help="give the rights")
    how.add_argument("--refuse", action="store_true", help="do not")
    decide.add_argument("--reason", required=True, choices=sorted(_REASONS), help="why")
    text = "The department's manager says whether what is in force is what was applied for; if not, it is suspended."
    example = "akashi rights confirm req-… --matches --as hanako"
    confirm = commands.add_parser("confirm", help="confirm what is in force", **manual(parent, text, example, _EXITS))
    what = confirm.add_mutually_exclusive_group(required=True)
    what.add_argument("--matches", action="store_true", help="it is what was applied for")
    what.add_argument("--differs", action="store_true", help="it is not: what was before is in force again")
    for parser, run in ((decide, _decide), (confirm, _confirm)):
        parser.add_argument("request", metavar="REQUEST", help="req-…")
        person_options(parser)
        parser.set_defaults(run=run)


def _decide(arguments: argparse.Namespace, shell: Shell) -> int:
    verdict = Verdict.APPROVED if arguments.approve else Verdict.REFUSED
    with acting_person(arguments, shell) as (gateway, session):
        done = rights.decided(gateway, session, arguments.request, verdict, _REASONS[arguments.reason])
    shell.result({"request": done.handle, "stage": done.stage.name.lower()}, [done.stage.name.lower()])
    return 0


def _confirm(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = rights.confirmed(gateway, session, arguments.request, matches=arguments.matches)
    shell.result({"request": done.handle, "stage": done.stage.name.lower()}, [done.stage.name.lower()])
    return 0
