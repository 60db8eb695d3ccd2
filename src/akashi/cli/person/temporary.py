"""``akashi person temporary``: the route for somebody who lost their token."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people import factors
from akashi.cli.files import read_bounded
from akashi.cli.homes import acting_person, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.lifecycle.model import ResetMethod

_METHODS = {one.name.lower(): one for one in ResetMethod}
_LIMIT = 10 * 1024 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "temporary",
        help="give a colleague who lost their token a temporary code",
        **manual(
            parent,
            "After checking who it is, issues a code that signs in beside the password, a few times within a day, until the\n"
            "person enrols a new authenticator. Shown once; hand it to that person only. Not for oneself. The digest of the\n"
            "document's copy is kept. --end takes a code back.",
            "akashi person temporary hanako --as taro --method photo_id --document id.jpg",
            (2, 3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--method", choices=sorted(_METHODS), help="how you made sure who it is")
    way.add_argument("--end", action="store_true", help="take the code back and end what it opened")
    parser.add_argument("--document", type=Path, metavar="FILE", help="copy of the document that you looked at")
    parser.add_argument(
        "--witness", metavar="PERSON", help="the colleague who knows them (card_and_colleague): login or handle"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        person = person_named(gateway, arguments.named)
        if arguments.end:
            ended = factors.end_temporary(gateway, session, person)
            shell.result({"person": person, "ended": ended}, [person])
            return 0
        document = read_bounded(arguments.document, _LIMIT) if arguments.document else b""
        witness = person_named(gateway, arguments.witness) if arguments.witness else None
        code = factors.issue_temporary(gateway, session, person, _METHODS[arguments.method], document, witness)
    shell.say(
        shell.choose(
            "本人だけに渡してください。表示は今回だけです。", "Hand it to that person only. It is shown this once."
        )
    )
    shell.result({"person": person, "code": code}, [code])
    return 0
