"""``akashi conformity assess``: the assessor's steps, and withdrawing by either side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from akashi.app.conformity.desk import SUBMIT
from akashi.app.conformity.flows import ASSESS, DECIDE, PUBLISH, publish
from akashi.cli.files import read_bounded
from akashi.cli.flow import desk
from akashi.cli.shell import Shell, days
from akashi.conformity.flow.model import Finding, Ruling, WithdrawnReason
from akashi.conformity.model import DAY_MS

_NAME = "akashi conformity assess"
_FINDINGS, _RULINGS, _REASONS = desk.words(Finding), desk.words(Ruling), desk.words(WithdrawnReason)


def declare(inner: argparse._SubParsersAction[Any], parent: argparse.ArgumentParser) -> None:
    """Add the steps."""

    def step(run: desk.Run, name: str, text: str, more: str) -> argparse.ArgumentParser:
        parser = desk.step(inner, parent, run, name, text, f"{_NAME} {name} asm-… {more} --as abe")
        parser.add_argument("assessment", metavar="ASSESSMENT", help="its handle (asm-…)")
        return parser

    desk.spoken_options(step(_ask, "ask", "ask the applicant", "--text-file question.txt"))
    found = step(_evaluate, "evaluate", "say what the evaluator found", "--finding fit --text-file report.txt")
    found.add_argument("--finding", choices=sorted(_FINDINGS), required=True, help="what was found")
    desk.spoken_options(found)
    for name in ("committee", "board"):
        parser = step(_rule, name, f"decide for the {name}", "--ruling agreed")
        parser.add_argument("--ruling", choices=sorted(_RULINGS), required=True, help="what is decided")
        parser.set_defaults(board=name == "board")
    published = step(_publish, "publish", "put an approved assessment on the public list", "--bundle public.akashi")
    published.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the redacted bundle")
    published.add_argument("--valid-days", type=days, default=365, help="how long the entry is valid (default 365)")
    withdraw = step(_withdraw, "withdraw", "take an assessment back, for good", "--reason service-ended")
    withdraw.add_argument("--reason", choices=sorted(_REASONS), required=True, help="why")
    withdraw.add_argument("--assessor", action="store_true", help="for the assessor's board (else: the applicant)")


def _ask(arguments: argparse.Namespace, shell: Shell) -> int:
    spoken = desk.said(arguments)
    with desk.flowing(arguments, shell, ASSESS, arguments.assessment) as (flow, session):
        return desk.done(flow.ask_applicant(arguments.assessment, spoken, session), shell)


def _evaluate(arguments: argparse.Namespace, shell: Shell) -> int:
    spoken = desk.said(arguments)
    with desk.flowing(arguments, shell, ASSESS, arguments.assessment) as (flow, session):
        flow.evaluate(arguments.assessment, _FINDINGS[arguments.finding], spoken, session)
    return desk.done(arguments.assessment, shell)


def _rule(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, DECIDE, arguments.assessment) as (flow, session):
        decide = flow.decide_on_board if arguments.board else flow.decide_in_committee
        decide(arguments.assessment, _RULINGS[arguments.ruling], session)
    return desk.done(arguments.assessment, shell)


def _publish(arguments: argparse.Namespace, shell: Shell) -> int:
    data = read_bounded(arguments.bundle, desk.FILE_LIMIT)
    until = shell.clock.now_ms() + arguments.valid_days * DAY_MS
    with desk.at_gateway(arguments, shell, PUBLISH, arguments.assessment) as (gateway, flow, session):
        publish(gateway, flow, session, arguments.assessment, data, until)
    return desk.done(arguments.assessment, shell)


def _withdraw(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, PUBLISH if arguments.assessor else SUBMIT, arguments.assessment) as (
        flow,
        session,
    ):
        flow.withdraw(arguments.assessment, _REASONS[arguments.reason], session)
    return desk.done(arguments.assessment, shell)
