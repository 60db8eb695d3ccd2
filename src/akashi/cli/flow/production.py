"""``akashi conformity production``: a system is flagged until nothing is open, and fails only where the risk was accepted."""

from __future__ import annotations

import argparse

from akashi.app.conformity.comparing import sheet_decisions
from akashi.app.conformity.desk import READ, SUBMIT
from akashi.cli.flow import desk
from akashi.cli.shell import Shell, days, moment
from akashi.conformity.model import DAY_MS, Verdict

_NAME = "akashi conformity production"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "systems before their start: list, flag, accept-risk, start"
    inner = desk.group(commands, "production", text, "A system starts when nothing is open.")
    desk.step(inner, parent, _list, "list", "list the flagged and started systems", f"{_NAME} list --as mori")
    text = "flag a system with what a recorded run says of one sheet"
    flag = desk.step(inner, parent, _flag, "flag", text, f"{_NAME} flag mhlw-7.0-draft-ops --as mori")
    flag.add_argument("catalogue", metavar="CATALOGUE", help="id of the catalogue")
    flag.add_argument("--run", dest="of_run", default="", metavar="RUN", help="a recorded run (default: the newest)")
    flag.add_argument("--again", metavar="PRODUCTION", help="the flagged system that is measured anew (prd-…)")
    text = "accept, for a time and with the reason, that something fails"
    example = f"{_NAME} accept-risk prd-… --text-file reason.txt --until-days 90 --as mori"
    risk = desk.step(inner, parent, _accept, "accept-risk", text, example)
    risk.add_argument("--until-days", type=days, default=90, help="for how long (default 90, at most a year)")
    desk.text_option(risk)
    start = desk.step(inner, parent, _start, "start", "start production", f"{_NAME} start prd-… --as mori")
    for parser in (risk, start):
        parser.add_argument("production", metavar="PRODUCTION", help="its handle (prd-…)")


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.at_gateway(arguments, shell, READ) as (gateway, flow, _):
        names = {one.digest: one.id for one in gateway.conformity.books.shelf.catalogues}
        found = flow.productions()
    rows, lines = list[dict[str, object]](), list[str]()
    for one in found:
        counts = {kind.name.lower(): one.counts[kind - 1] for kind in Verdict}
        book, risk = names.get(one.catalogue, one.catalogue.hex()[:16]), one.risk_until_ms or None
        row: dict[str, object] = {"catalogue": book, "counts": counts, "production": one.handle, "run": one.run}
        rows.append(row | {"flagged_ms": one.flagged_ms, "risk_until_ms": risk, "started_ms": one.started_ms})
        texts = [f"{name}={counts[name]}" for name in ("fails", "undecided")]
        texts += [f"risk={moment(risk)}", f"started={moment(one.started_ms)}"]
        lines.append("  ".join([one.handle, book, one.run, *texts]))
    shell.result(rows, lines)
    return 0


def _flag(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.at_gateway(arguments, shell, SUBMIT, arguments.again) as (gateway, flow, session):
        again, conformity = (
            desk.production_of(flow, arguments.again).handle if arguments.again else "",
            gateway.conformity,
        )
        book, run = conformity.books.shelf.catalogue(arguments.catalogue), conformity.sealed_run(arguments.of_run)
        decisions = sheet_decisions(conformity, run.head.run, book)
        return desk.done(flow.flag(run.head.run, book, decisions, session, again), shell)


def _accept(arguments: argparse.Namespace, shell: Shell) -> int:
    text = desk.words_needed(arguments, f"{_NAME} accept-risk")
    until = shell.clock.now_ms() + arguments.until_days * DAY_MS
    with desk.flowing(arguments, shell, SUBMIT, arguments.production) as (flow, session):
        flow.accept_risk(desk.production_of(flow, arguments.production).handle, text, until, session)
    return desk.done(arguments.production, shell)


def _start(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, SUBMIT, arguments.production) as (flow, session):
        flow.start_production(desk.production_of(flow, arguments.production).handle, session)
    return desk.done(arguments.production, shell)
