"""``akashi conformity target``: what may be measured, with whose consent until when."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import READ, register_target, withdraw_target
from akashi.app.conformity.telling import target_line, target_row
from akashi.app.selfcheck.plan import default_targets
from akashi.cli.flow import desk
from akashi.cli.homes import acting_person
from akashi.cli.shell import BadArguments, Parser, Shell, days
from akashi.conformity.model import DAY_MS, Target, TargetKind

_ADD = "akashi conformity target register"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    group = commands.add_parser("target", help="targets: list, register, withdraw", description="What may be measured.")
    inner = group.add_subparsers(dest="step", required=True, metavar="ACTION", parser_class=Parser)
    desk.step(inner, parent, _list, "list", "list the registered targets", "akashi conformity target list --as mori")
    text = "register a target and its owner's consent; active probes touch nothing else"
    adding = desk.step(
        inner, parent, _register, "register", text, f"{_ADD} --kind tls --address 192.0.2.7:443 --as mori"
    )
    adding.add_argument("--defaults", action="store_true", help="this home's own ports, settings and databases")
    adding.add_argument("--kind", choices=[one.value for one in TargetKind], help="what it is")
    adding.add_argument("--address", default="", help="host:port, host, file or folder, as its kind needs")
    adding.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="for probes; repeatable")
    adding.add_argument("--consent-days", type=days, default=365, help="how long the consent holds (default 365)")
    adding.add_argument("--rate", type=int, default=20, help="connections a second at most (default 20)")
    example = "akashi conformity target withdraw tgt-… --as mori"
    ending = desk.step(inner, parent, _withdraw, "withdraw", "end a consent now", example)
    ending.add_argument("target", metavar="TARGET", help="its handle (tgt-…)")


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, READ)
        found = gateway.conformity.targets()
    shell.result([target_row(one) for one in found], [target_line(one) for one in found])
    return 0


def _register(arguments: argparse.Namespace, shell: Shell) -> int:
    until = shell.clock.now_ms() + arguments.consent_days * DAY_MS
    if arguments.defaults:
        wanted = default_targets(arguments.home, until)
    elif arguments.kind and arguments.address:
        pairs = [one.partition("=") for one in arguments.option]
        if not 0 < arguments.rate <= 1000 or not all(name and sign for name, sign, _ in pairs):
            raise BadArguments(what="--option NAME=VALUE, --rate 1…1000", command=_ADD)
        options = {name: value for name, _, value in pairs}
        wanted = [Target("", TargetKind(arguments.kind), arguments.address, options, until, arguments.rate)]
    else:
        raise BadArguments(what="--defaults | --kind, --address", command=_ADD)
    with acting_person(arguments, shell) as (gateway, session):
        held = [one for one in gateway.conformity.targets() if one.consent_until_ms > shell.clock.now_ms()]
        known = [(one.kind, one.address, dict(one.options)) for one in held if arguments.defaults]
        fresh = [one for one in wanted if (one.kind, one.address, dict(one.options)) not in known]
        made = [register_target(gateway, session, one) for one in fresh]
    shell.result([target_row(one) for one in made], [target_line(one) for one in made])
    return 0


def _withdraw(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        withdraw_target(gateway, session, arguments.target)
    shell.result({"target": arguments.target}, [arguments.target])
    return 0
