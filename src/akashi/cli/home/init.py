"""``akashi init``: found a service."""

from __future__ import annotations

import argparse

from akashi.app.config import GatewaySettings, ServerSettings
from akashi.app.gateway.enrolment import FirstPerson, Joined, equip
from akashi.app.passphrase import find_passphrase
from akashi.app.server.founding import trust_digest
from akashi.app.server.home import Server
from akashi.cli.firsts import chosen_port, require_login
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Role


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        help="found a service: ledger, keys, CA, and the secretariat's gateway",
        **manual(
            parent,
            "Makes a server's home and the secretariat's own gateway with its first person. The passphrase of the key\n"
            "stores is read from the file named by AKASHI_PASSPHRASE_FILE, from HOME/passphrase, or typed.",
            "akashi init --home HOME --name 事務局 --login jimu",
            (7,),
        ),
    )
    parser.add_argument("--name", required=True, help="name of the secretariat")
    parser.add_argument("--login", required=True, help="login of the first person")
    parser.add_argument("--person", default="事務局", help="display name of the first person")
    parser.add_argument("--domain", default=ServerSettings().domain, help="first part of the ledger's name, for good")
    parser.add_argument("--port", type=int, help=f"port of its pages (default {GatewaySettings().port})")
    parser.add_argument("--pkcs11", metavar="MODULE", help="PKCS#11 library: the keys that it can hold are made in it")
    parser.add_argument("--pkcs11-token", default="", metavar="LABEL", help="label of the token in it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    require_login(arguments.login)
    port, passphrase = chosen_port(arguments.home, arguments.port), find_passphrase(arguments.home)
    module, label = arguments.pkcs11 or "", arguments.pkcs11_token
    settings = ServerSettings(domain=arguments.domain, pkcs11_module=module, pkcs11_token=label)
    server = Server.create(arguments.home, settings, arguments.name, passphrase, shell.clock)
    try:
        first = FirstPerson(arguments.login, arguments.person, Role.SECRETARIAT)
        own = GatewaySettings(port=port, pkcs11_module=module, pkcs11_token=label)
        joined = equip(server, arguments.home, server.secretariat_handle, first, passphrase, own, shell.clock)
        joined.gateway.close()
        _tell(shell, server, joined, arguments.login)
    finally:
        server.close()
    return 0


def _tell(shell: Shell, server: Server, joined: Joined, login: str) -> None:
    digest, origin = trust_digest(server.trust_text()), server.engine.origin
    shell.result(
        {"institution": joined.institution, "origin": origin, "person": joined.person, "trust": digest},
        [
            f"{shell.choose('台帳', 'ledger')}: {origin}",
            f"{shell.choose('事務局', 'secretariat')}: {joined.institution}  {joined.person}",
            f"{shell.choose('信頼ファイルの確認番号', 'digest of the trust file')}: {digest}",
        ],
    )
    shell.say(
        shell.choose(
            f"次に: akashi person totp {login} 、akashi person password {login}",
            f"next: akashi person totp {login}, then akashi person password {login}",
        )
    )
