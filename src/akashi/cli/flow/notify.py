"""``akashi conformity notify``: the signed reports that clauses ask for, to the person who manages (企画管理者)."""

from __future__ import annotations

import argparse

from akashi.app.conformity.comparing import missing_reports
from akashi.app.conformity.desk import ANSWER, READ
from akashi.cli.flow import desk
from akashi.cli.homes import person_named
from akashi.cli.shell import Shell, moment
from akashi.conformity.flow.speaking import Spoken

_NAME = "akashi conformity notify"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "signed reports to the 企画管理者 that clauses ask for: list, missing, make, show, receive"
    inner = desk.group(commands, "notify", text, "Reports to the manager, each signed.")
    for name, run, text in (
        ("list", _list, "list the reports of this institution"),
        ("missing", _missing, "list the items that ask for a report which nobody has made and received"),
    ):
        desk.step(inner, parent, run, name, text, f"{_NAME} {name} --as mori")
    example = f"{_NAME} make mhlw-7.0-draft-ops 2-4 --to hara --text-file report.txt --as mori"
    made = desk.step(inner, parent, _make, "make", "report to a colleague about an item", example)
    for name, text in (("catalogue", "id of the catalogue"), ("item", "id of an item that asks for a report")):
        made.add_argument(name, metavar=name.upper(), help=text)
    made.add_argument("--to", required=True, metavar="LOGIN", help="the colleague whom it is for")
    desk.spoken_options(made)
    show = desk.step(inner, parent, _show, "show", "read a report", f"{_NAME} show rep-… --out files --as hara")
    desk.out_option(show)
    example = f"{_NAME} receive rep-… --as hara"
    receive = desk.step(inner, parent, _receive, "receive", "say that one has read a report to oneself", example)
    for parser in (show, receive):
        parser.add_argument("report", metavar="REPORT", help="its handle (rep-…)")


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ) as (flow, session):
        found, me = flow.reports(), session.person
    rows, lines = list[dict[str, object]](), list[str]()
    for item, one in ((f"{one.catalogue}/{one.item}", one.record) for one in found):
        times: dict[str, object] = {"made_ms": one.made_ms, "received_ms": one.received_ms}
        rows.append(times | {"item": item, "maker": one.maker, "report": one.handle, "to": one.to})
        turn = shell.choose("  ← あなたの番", "  <- your turn") if one.to == me and not one.received_ms else ""
        at = f"{moment(one.made_ms)}  {moment(one.received_ms)}"
        lines.append(f"{one.handle}  {item}  {at}  {one.maker} -> {one.to}{turn}")
    shell.result(rows, lines)
    return 0


def _missing(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.at_gateway(arguments, shell, READ) as (gateway, _, _):
        found = missing_reports(gateway)
    lines = [f"{name}/{item.id}  {item.text.of(shell.language)}" for name, item in found]
    shell.result([{"catalogue": name, "item": item.id} for name, item in found], lines)
    return 0


def _make(arguments: argparse.Namespace, shell: Shell) -> int:
    spoken = Spoken(desk.words_needed(arguments, f"{_NAME} make"), desk.read_files(arguments.file))
    with desk.at_gateway(arguments, shell, ANSWER) as (gateway, flow, session):
        shelf, to = gateway.conformity.books.shelf, person_named(gateway, arguments.to)
        item = shelf.item(arguments.catalogue, arguments.item).id
        return desk.done(flow.report(to, shelf.catalogue(arguments.catalogue), item, spoken, session), shell)


def _show(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ, arguments.report) as (flow, _):
        found, files = desk.report_of(flow, arguments.report), flow.report_files(arguments.report)
    more = {"item": f"{found.catalogue}/{found.item}", "maker": found.record.maker, "to": found.record.to}
    return desk.show_spoken(Spoken(found.text, files), arguments.out, shell, more, [more["item"]])


def _receive(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, ANSWER, arguments.report) as (flow, session):
        flow.receive_report(desk.report_of(flow, arguments.report).record.handle, session)
        return desk.done(arguments.report, shell)
