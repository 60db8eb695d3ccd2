"""``akashi conformity request``: ask a vendor for sheets and disclosures, and compare the answer with one's own risks."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import ANSWER, READ
from akashi.cli.flow import desk
from akashi.cli.shell import Parser, Shell, days, moment
from akashi.conformity.flow.comparison import Need
from akashi.conformity.flow.model import Wanted
from akashi.conformity.model import DAY_MS

_NAME = "akashi conformity request"
_WANTED = desk.words(Wanted)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "requests to vendors: list, make, read, close"
    group = commands.add_parser("request", help=text, description="Ask vendors for sheets and disclosures.")
    inner = group.add_subparsers(dest="step", required=True, metavar="ACTION", parser_class=Parser)
    desk.step(inner, parent, _list, "list", "list the requests by and to this institution", f"{_NAME} list --as mori")
    example = f"{_NAME} make --to inst-… --what mds-sds --due-days 30 --need 13-6=yes --as mori"
    made = desk.step(inner, parent, _make, "make", "ask a vendor until a day", example)
    made.add_argument("--to", required=True, metavar="INST", help="whom (inst-…)")
    made.add_argument("--what", choices=sorted(_WANTED), required=True, help="what is asked for")
    made.add_argument("--due-days", type=days, default=30, help="days until it is due (default 30)")
    made.add_argument("--need", action="append", default=[], metavar="ITEM=REPLY", help="what is needed; repeatable")
    desk.spoken_options(made)
    example = f"{_NAME} read req-… --out answer --as mori"
    read = desk.step(inner, parent, _read, "read", "open the answer and compare it with what is needed", example)
    desk.out_option(read)
    close = desk.step(inner, parent, _close, "close", "close a request", f"{_NAME} close req-… --as mori")
    for parser in (read, close):
        parser.add_argument("request", metavar="REQUEST", help="its handle (req-…)")


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ) as (flow, _):
        found, late = flow.requests(), {one.handle for one in flow.overdue()}
    rows, lines = list[dict[str, object]](), list[str]()
    for one in found:
        what, state = one.what.name.lower(), "overdue" if one.handle in late else one.status.name.lower()
        row = {"due_ms": one.due_ms, "request": one.handle, "requester": one.requester, "status": state}
        rows.append(row | {"vendor": one.vendor, "what": what})
        lines.append(f"{one.handle}  {what:<10} {state:<9} {moment(one.due_ms)}  {one.requester} -> {one.vendor}")
    shell.result(rows, lines)
    return 0


def _make(arguments: argparse.Namespace, shell: Shell) -> int:
    needs = [Need(item, reply) for item, reply in desk.replies(arguments.need, f"{_NAME} make")]
    text = desk.said(arguments).text
    due = shell.clock.now_ms() + arguments.due_days * DAY_MS
    with desk.flowing(arguments, shell, ANSWER) as (flow, session):
        return desk.done(flow.ask(arguments.to, _WANTED[arguments.what], due, text, needs, session), shell)


def _read(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ, arguments.request) as (flow, _):
        spoken, compared = flow.read_answer(arguments.request), flow.compare_answer(arguments.request)
    found = [{"item": one.item, "outcome": one.outcome.name.lower(), "risk": one.risk} for one in compared]
    desk.show_spoken(
        spoken, arguments.out, shell, {"compared": found}, [f"{x['outcome']:<8} {x['item']}" for x in found]
    )
    return 0


def _close(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, ANSWER, arguments.request) as (flow, session):
        flow.close_request(arguments.request, session)
    return desk.done(arguments.request, shell)
