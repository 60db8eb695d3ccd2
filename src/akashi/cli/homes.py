"""Opening the homes that a command works on, and signing in its person.

Guarantees: a gateway command reaches the server in this process if the server's home is here and not being served, else over
HTTPS. A person signs in with password and code, on the gateway's own machine certificate; secrets come from the terminal or from
files, never from arguments. Refuses to guess between several gateways.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from akashi.app.config import gateways_in, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.gateway.home import Gateway
from akashi.app.passphrase import find_passphrase
from akashi.app.server.home import Server
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell
from akashi.errors import InputError, Unavailable
from akashi.identity.model import Session

_SECRET_LIMIT = 4096


class GatewayUnclear(InputError):
    """Several gateways are in the home, or none of that name."""

    code = "cli.gateway_unclear"
    ja, en = "どの機関として操作するかを指定してください。", "Say for which institution you act."
    hint_ja, hint_en = "--institution に機関番号（inst-…）を指定してください。", "Give --institution inst-…"


class SecretMissing(InputError):
    """A password or code that was neither typed nor in a file."""

    code = "cli.secret_missing"
    ja, en = "パスワードまたは確認コードがありません。", "No password or code was given."
    hint_ja = "端末で入力するか、--password-file と --code-file を指定してください。"
    hint_en = "Type it at the terminal, or give --password-file and --code-file."


def gateway_options(parser: argparse.ArgumentParser, *, person: bool) -> None:
    """The options of commands that act at a gateway, with a person where ``person``."""
    parser.add_argument("--institution", default="", help="which gateway of the home (inst-…), if there are several")
    if person:
        parser.add_argument("--as", dest="login", required=True, metavar="LOGIN", help="who acts; signs in")
        parser.add_argument("--password-file", type=Path, help="file with the password (else it is asked for)")
        parser.add_argument("--code-file", type=Path, help="file with the six-digit code (else it is asked for)")


@contextmanager
def opened_server(arguments: argparse.Namespace, shell: Shell) -> Iterator[Server]:
    """The server of ``--home``."""
    server = Server.open(arguments.home, find_passphrase(arguments.home), shell.clock)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def opened_gateway(arguments: argparse.Namespace, shell: Shell) -> Iterator[Gateway]:
    """The gateway that the command acts at."""
    institution = _chosen(arguments)
    passphrase = find_passphrase(arguments.home)
    server = _local_server(arguments.home, passphrase, shell)
    try:
        gateway = Gateway.open(arguments.home, institution, passphrase, shell.clock, server)
        try:
            gateway.exchange.recover()
            yield gateway
        finally:
            gateway.close()
    finally:
        if server is not None:
            server.close()


def _chosen(arguments: argparse.Namespace) -> str:
    there = gateways_in(arguments.home)
    if not there:
        raise HomeMissing(name=arguments.home.name)
    if arguments.institution:
        if arguments.institution not in there:
            raise GatewayUnclear
        return str(arguments.institution)
    if len(there) > 1:
        raise GatewayUnclear
    return there[0]


def _local_server(home: Path, passphrase: bytes, shell: Shell) -> Server | None:
    """The server's home, if it is here and nobody is serving it."""
    if not server_paths(home).settings.is_file():
        return None
    with suppress(Unavailable):  # somebody serves it: then it answers over HTTPS
        return Server.open(home, passphrase, shell.clock)
    return None


def signed_in(gateway: Gateway, arguments: argparse.Namespace) -> Session:
    """The session of ``--as``; raises ``SignInFailed`` whatever was wrong."""
    password = _secret(arguments.password_file, "パスワード / password: ")
    code = _secret(arguments.code_file, "確認コード / code: ")
    return gateway.accounts.sign_in(arguments.login, password, code, gateway.machine_certificate())


def _secret(path: Path | None, prompt: str) -> str:
    if path is not None:
        return read_bounded(path, _SECRET_LIMIT).decode("utf-8", "replace").strip()
    if not sys.stdin.isatty():
        raise SecretMissing
    return getpass.getpass(prompt)


@contextmanager
def acting_person(arguments: argparse.Namespace, shell: Shell) -> Iterator[tuple[Gateway, Session]]:
    """An opened gateway with its person signed in; signed out at the end."""
    with opened_gateway(arguments, shell) as gateway:
        session = signed_in(gateway, arguments)
        try:
            yield gateway, session
        finally:
            gateway.accounts.sign_out(session.token)
