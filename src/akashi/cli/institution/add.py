"""``akashi institution add``: register an institution and make its gateway."""

from __future__ import annotations

import argparse

from akashi.app.config import GatewaySettings
from akashi.app.gateway.enrolment import FirstPerson, join
from akashi.app.passphrase import find_passphrase
from akashi.cli.firsts import chosen_port, require_login
from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.model import InstitutionRole, Role

_ROLES = {role.name.lower(): role for role in InstitutionRole if role.name and role != InstitutionRole.SECRETARIAT}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add",
        help="register an institution and make its gateway in this home",
        **manual(
            parent,
            "Registers an institution, makes its gateway (own folder, keys, database) and its first person, a manager who\n"
            "may also send and receive (an assessor's: assess). Set that person's code and password next.",
            "akashi institution add --name みどり健診センター --number 1319999901 --role sender --login mori --port 8445",
            (3, 5, 6, 7),
        ),
    )
    parser.add_argument("--name", required=True, help="name of the institution")
    parser.add_argument("--number", default="", help="its public 10-digit number, if it has one")
    parser.add_argument(
        "--role", required=True, choices=sorted(_ROLES), action="append", help="what it does; repeatable"
    )
    parser.add_argument("--login", required=True, help="login of its first person")
    parser.add_argument("--person", default="管理者", help="display name of its first person")
    parser.add_argument("--port", type=int, help="port of its pages (default: the next free one)")
    parser.add_argument(
        "--suite",
        type=int,
        choices=(1, 2),
        default=1,
        help="1: post-quantum hybrid; 2: algorithms on the government's list",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    roles = InstitutionRole(0)
    for name in arguments.role:
        roles |= _ROLES[name]
    work = Role.ASSESSOR if roles == InstitutionRole.ASSESSOR else Role.OPERATOR
    with opened_server(arguments, shell) as server:
        require_login(arguments.login)
        port = chosen_port(arguments.home, arguments.port)
        joined = join(
            server,
            arguments.home,
            name=arguments.name,
            number=arguments.number,
            roles=roles,
            first=FirstPerson(arguments.login, arguments.person, Role.MANAGER | work),
            passphrase=find_passphrase(arguments.home),
            settings=GatewaySettings(port=port, suite=arguments.suite),
            clock=shell.clock,
        )
        joined.gateway.close()
    value = {"institution": joined.institution, "person": joined.person}
    shell.result(value, [f"{joined.institution}  {joined.person}"])
    named = f"{arguments.login} --institution {joined.institution}"
    shell.say(
        shell.choose(
            f"次に: akashi person totp {named} 、akashi person password {named}",
            f"next: akashi person totp {named}, then akashi person password {named}",
        )
    )
    return 0
