"""``akashi device list``: the devices of the institution."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.events import devices


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list devices",
        **manual(
            parent,
            "Lists the institution's devices: handle, who answers for it, until when it is valid, whether it was revoked,\n"
            "and which is the gateway itself (revoked, the whole institution is shut out).",
            "akashi device list --institution inst-…",
            (3, 6, 7, 8),
        ),
    )
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_maybe(arguments, shell) as (opened, session):
        if session is not None:
            opened.gateway.accounts.require(session, "device.manage")
        with opened.gateway.ledger.view() as state:
            found = [one for one in devices(state) if one.institution == opened.gateway.institution]
    for one in sorted(found, key=lambda one: (one.from_ms, one.handle)):
        rows.append(
            {
                "device": one.handle,
                "from_ms": one.from_ms,
                "machine": one.machine,
                "responsible": one.responsible,
                "revoked_ms": one.revoked_ms,
                "to_ms": one.to_ms,
            }
        )
        revoked = shell.choose(f"失効 {moment(one.revoked_ms)}", f"revoked {moment(one.revoked_ms)}")
        valid = shell.choose(f"{moment(one.to_ms)} まで", f"until {moment(one.to_ms)}")
        own = shell.choose("  （ゲートウェイ自身）", "  (the gateway itself)") if one.machine else ""
        lines.append(f"{one.handle}  {one.responsible}  {valid if one.revoked_ms is None else revoked}{own}")
    shell.result(rows, lines)
    return 0
