"""``akashi conformity reply``: what a vendor answers to a request, or an applicant to an assessor's question."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import ANSWER
from akashi.cli.flow import desk
from akashi.cli.shell import Shell

_NAME = "akashi conformity reply"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    example = f"{_NAME} req-… --file mds.xlsx --say 13-6=yes --as mori"
    text = "answer a vendor request, or an assessor's question, signed and sealed to who asked"
    parser = desk.step(commands, parent, _run, "reply", text, example)
    parser.add_argument("subject", metavar="REQUEST|ASSESSMENT", help="its handle (req-… or asm-…)")
    parser.add_argument("--question", default="", metavar="QUESTION", help="which question (que-…), for an assessment")
    parser.add_argument(
        "--say", action="append", default=[], metavar="ITEM=REPLY", help="a reply to an item; repeatable"
    )
    desk.spoken_options(parser)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows = [(item, int(reply)) for item, reply in desk.replies(arguments.say, _NAME)]
    spoken = desk.said(arguments, rows)
    with desk.flowing(arguments, shell, ANSWER, arguments.subject) as (flow, session):
        if arguments.question:
            flow.reply(arguments.subject, arguments.question, spoken, session)
        else:
            flow.answer(arguments.subject, spoken, session)
    return desk.done(arguments.question or arguments.subject, shell)
