"""``akashi session list``: where somebody is signed in."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list sessions and devices",
        **manual(
            parent,
            "Lists the open sessions of a person (key, device, browser, begin, last use) and the devices that they answer for.",
            "akashi session list --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--person", default="", help="whose: login or handle (default: one's own)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.person) if arguments.person or session is None else ""
        found = presence.around(opened.gateway, session, person)
    rows: list[dict[str, object]] = []
    lines = []
    for one in found.stays:
        stay = one.session
        facts = {"browser": one.browser, "device": stay.device, "here": one.here, "key": one.key}
        rows.append(
            facts | {"method": stay.method.name.lower(), "seen_ms": stay.seen_ms, "started_ms": stay.started_ms}
        )
        here = shell.choose("  （この操作）", "  (this command)") if one.here else ""
        lines.append(
            f"{one.key}  {stay.device}  {one.browser}  {moment(stay.started_ms)}  {moment(stay.seen_ms)}{here}"
        )
    devices = [one.handle for one in found.devices]
    lines += [f"{handle}" for handle in devices]
    if found.stopped:
        lines.append(shell.choose("漏えいの疑いで止めています", "stopped: a leak is suspected"))
    shell.result({"devices": devices, "person": found.person, "sessions": rows, "stopped": found.stopped}, lines)
    return 0
