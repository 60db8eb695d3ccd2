"""``akashi department place``: department and job of a person, without a change of roles."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Job

JOBS = {one.name.lower(): one for one in Job}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "Says in which department somebody works, and as what. A move that changes roles is applied for (`rights apply`)."
    example = "akashi department place hanako --department dep-… --job nurse --as mori"
    parser = commands.add_parser("place", help="place a person", **manual(parent, text, example, (3, 4, 5, 6, 7, 8)))
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument("--department", required=True, help="dep-…")
    parser.add_argument("--job", choices=sorted(JOBS), default="other", help="what they were trained for")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    job = JOBS[arguments.job]
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.named)
        if session is None:
            opened.gateway.people.lifecycle.place(person, arguments.department, job)
        else:
            rights.placed(opened.gateway, session, person, arguments.department, job)
    shell.result({"department": arguments.department, "job": arguments.job, "person": person}, [person])
    return 0
