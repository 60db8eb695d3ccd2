"""``akashi init``: found a service."""

from __future__ import annotations

import argparse

from akashi.app.config import GatewaySettings, ServerSettings
from akashi.app.gateway.enrolment import FirstPerson, equip
from akashi.app.passphrase import find_passphrase
from akashi.app.server.founding import trust_digest
from akashi.app.server.home import Server
from akashi.cli.shell import Shell
from akashi.identity.model import Role


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        parents=[parent],
        help="found a service: ledger, keys, CA, and the secretariat's gateway",
        description="Makes a server's home and the secretariat's own gateway with its first person.",
        epilog="example: akashi init --home HOME --name 事務局 --login jimu   exit status: 0 done, 2 the home is in use",
    )
    parser.add_argument("--name", required=True, help="name of the secretariat")
    parser.add_argument("--domain", default=ServerSettings().domain, help="first part of the ledger's name; fixed for good")
    parser.add_argument("--login", required=True, help="login of the first person")
    parser.add_argument("--person", default="事務局", help="display name of the first person")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    passphrase = find_passphrase(arguments.home)
    settings = ServerSettings(domain=arguments.domain)
    server = Server.create(arguments.home, settings, arguments.name, passphrase, shell.clock)
    try:
        first = FirstPerson(arguments.login, arguments.person, Role.SECRETARIAT)
        joined = equip(
            server, arguments.home, server.secretariat_handle, first, passphrase, GatewaySettings(), shell.clock
        )
        joined.gateway.close()
        digest = trust_digest(server.trust_text())
        shell.result(
            {"institution": joined.institution, "origin": server.engine.origin, "person": joined.person, "trust": digest},
            [
                f"{shell.choose('台帳', 'ledger')}: {server.engine.origin}",
                f"{shell.choose('事務局', 'secretariat')}: {joined.institution}  {joined.person}",
                f"{shell.choose('信頼ファイルの確認番号', 'digest of the trust file')}: {digest}",
            ],
        )
    finally:
        server.close()
    return 0
