"""``akashi admission apply``: an institution applies; it gets its id and its gateway, and cannot work yet."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.config import GatewaySettings
from akashi.app.gateway.enrolment import FirstPerson, equip
from akashi.app.membership.joining import Admissions
from akashi.app.passphrase import find_passphrase
from akashi.cli.calendar import day_start
from akashi.cli.files import read_bounded
from akashi.cli.firsts import chosen_port, require_login
from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.model import InstitutionRole, Role

_ROLES = {role.name.lower(): role for role in InstitutionRole if role.name and role != InstitutionRole.SECRETARIAT}
LIMIT = 50 * 1024 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = (
        "Takes an application with operating rules and record of training (the ledger has their digests), and makes the\n"
        "gateway. Its people can prepare, not send or read, until `admission complete`."
    )
    example = (
        "akashi admission apply --name みどり健診センター --role sender --login mori --rules kitei.pdf --training kyouiku.pdf"
        " --trained 2026-11-01"
    )
    parser = commands.add_parser("apply", help="take an application", **manual(parent, text, example, (3, 5, 6, 7)))
    parser.add_argument("--name", required=True, help="name of the institution")
    parser.add_argument("--number", default="", help="its public 10-digit number, if it has one")
    parser.add_argument(
        "--role", required=True, choices=sorted(_ROLES), action="append", help="what it does; repeatable"
    )
    parser.add_argument("--rules", type=Path, required=True, metavar="FILE", help="its operating rules")
    parser.add_argument("--training", type=Path, required=True, metavar="FILE", help="its record of training")
    parser.add_argument("--trained", type=day_start, required=True, metavar="DAY", help="day of the training")
    parser.add_argument("--login", required=True, help="login of its first person")
    parser.add_argument("--person", default="管理者", help="display name of its first person")
    parser.add_argument("--port", type=int, help="port of its pages (default: the next free one)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    roles = InstitutionRole(0)
    for name in arguments.role:
        roles |= _ROLES[name]
    rules, training = read_bounded(arguments.rules, LIMIT), read_bounded(arguments.training, LIMIT)
    work = Role.ASSESSOR if roles == InstitutionRole.ASSESSOR else Role.OPERATOR
    with opened_server(arguments, shell) as server:
        require_login(arguments.login)
        settings = GatewaySettings(port=chosen_port(arguments.home, arguments.port))
        terms = {"name": arguments.name, "number": arguments.number}
        made = Admissions(server).apply(
            **terms, roles=roles, rules=rules, training=training, trained_ms=arguments.trained
        )
        first = FirstPerson(arguments.login, arguments.person, Role.MANAGER | work)
        passphrase = find_passphrase(arguments.home)
        joined = equip(server, arguments.home, made.institution, first, passphrase, settings, shell.clock)
        joined.gateway.close()
    shell.result(
        {"admission": made.handle, "institution": made.institution, "person": joined.person}, [made.institution]
    )
    return 0
