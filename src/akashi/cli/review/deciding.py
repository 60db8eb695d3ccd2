"""``akashi review decide``: what is done about one finding."""

from __future__ import annotations

import argparse

from akashi.app.people import reviews
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.lifecycle.model import Decision, Finding
from akashi.identity.model import Role

_FINDINGS = {one.name.lower(): one for one in Finding}
_DECISIONS = {one.name.lower(): one for one in Decision}
_ROLES = {role.name.lower(): role for role in Role if role.name}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "Decides on one finding. Reducing (--role: what is left) and disabling a person count at their next request."
    example = "akashi review decide rev-… per-… dormant --decision disable --note 退職の届け漏れ --as mori"
    parser = commands.add_parser(
        "decide", help="decide on a finding", **manual(parent, text, example, (3, 4, 5, 6, 7, 8))
    )
    parser.add_argument("review", metavar="REVIEW", help="rev-…")
    parser.add_argument("subject", metavar="SUBJECT", help="per-…, dev-… or cli-…")
    parser.add_argument("finding", metavar="FINDING", choices=sorted(_FINDINGS), help=", ".join(sorted(_FINDINGS)))
    parser.add_argument("--decision", required=True, choices=sorted(_DECISIONS), help="what is done")
    parser.add_argument("--role", choices=sorted(_ROLES), action="append", help="with reduce: what is left; repeatable")
    parser.add_argument("--note", default="", help="why; stays in this gateway")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    roles = Role(0)
    for name in arguments.role or ():
        roles |= _ROLES[name]
    with acting_person(arguments, shell) as (gateway, session):
        reviews.decided(
            gateway,
            session,
            arguments.review,
            arguments.subject,
            _FINDINGS[arguments.finding],
            _DECISIONS[arguments.decision],
            roles=roles or None,
            note=arguments.note,
        )
    shell.result({"decision": arguments.decision, "subject": arguments.subject}, [arguments.subject])
    return 0
