"""Opening the homes that a command works on, and signing in its person.

Guarantees: a gateway command reaches the server in this process if the server's home is here and nobody serves it, else over
HTTPS. A person signs in with password and code, on the gateway's own machine certificate; secrets come from the terminal or from
files, never from arguments. Without ``--institution`` the gateway is the only one, or the only one that knows the login that was
named; between several it refuses to guess. Trusted: whoever has the home and its passphrase is the
console, and may do without signing in what the manual of a command says.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from akashi.app.config import gateway_paths, gateways_in, server_paths
from akashi.app.errors import HomeMissing, ServerAway
from akashi.app.gateway.home import Gateway
from akashi.app.passphrase import find_passphrase
from akashi.app.people.signing import approving_with
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell
from akashi.errors import InputError, Unavailable
from akashi.identity.errors import NoSuchPerson
from akashi.identity.model import Session
from akashi.identity.store import Database, Store
from akashi.keys.errors import KeyUnsuitable
from akashi.keys.keyfile import MOST_BYTES, key_of_file
from akashi.late import late
from akashi.ledger.errors import LedgerLocked
from akashi.vault.errors import VaultLocked

if TYPE_CHECKING:  # only where the server's home is here
    from akashi.app.server import home as server_home
else:
    server_home = late("akashi.app.server.home")

_SECRET_LIMIT = 4096


class GatewayUnclear(InputError):
    """Several gateways are in the home, and neither ``--institution`` nor a login says which."""

    code = "cli.gateway_unclear"
    ja, en = "どの機関として操作するかを指定してください。", "Say for which institution you act."
    hint_ja = "--institution に機関番号（inst-…）を指定してください。番号は「akashi institution list」で分かります。"
    hint_en = "Give --institution inst-…; `akashi institution list` shows them."


class SecretMissing(InputError):
    """A password or code that was neither typed nor in a file."""

    code = "cli.secret_missing"
    ja, en = "パスワードまたは確認コードがありません（{option}）。", "No password or code was given ({option})."
    hint_ja = "端末で入力するか、それを書いたファイルを {option} で指定してください。"
    hint_en = "Type it at the terminal, or name a file that holds it with {option}."


class HomeInUse(Unavailable):
    """Another process holds the home's ledger and does not answer over HTTPS."""

    code = "cli.home_in_use"
    ja, en = "このホームは別の akashi が使っています。", "Another akashi is using this home."
    hint_ja = "動いている操作が終わるのを待つか、「akashi serve」の起動が終わってからやり直してください。"
    hint_en = "Wait for the running command to end, or until `akashi serve` listens, and try again."


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened gateway, and the server beside it where this process has that too."""

    gateway: Gateway
    server: server_home.Server | None


def gateway_options(parser: argparse.ArgumentParser) -> None:
    """The option of commands that act at a gateway."""
    text = "which gateway of the home (inst-…), if there are several and the login is not in exactly one of them"
    parser.add_argument("--institution", default="", help=text)


def person_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The options of commands that act for a person; without ``required`` the console may act instead."""
    gateway_options(parser)
    text = (
        "who acts; signs in" if required else "who acts, signing in (without it: whoever holds the home's passphrase)"
    )
    parser.add_argument("--as", dest="login", required=required, metavar="LOGIN", help=text)
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file with the password, else it is asked for"
    )
    parser.add_argument(
        "--code-file", type=Path, metavar="FILE", help="file with the six-digit code, else it is asked for"
    )
    parser.add_argument(
        "--sign", type=Path, metavar="FILE", help="your own key (`akashi person key`): signs what you do"
    )
    parser.add_argument(
        "--sign-passphrase-file", type=Path, metavar="FILE", help="its passphrase, else it is asked for"
    )


@contextmanager
def opened_server(arguments: argparse.Namespace, shell: Shell) -> Iterator[server_home.Server]:
    """The server of ``--home``."""
    server = server_home.Server.open(arguments.home, find_passphrase(arguments.home), shell.clock)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def opened_gateway(arguments: argparse.Namespace, shell: Shell) -> Iterator[Gateway]:
    """The gateway that the command acts at."""
    with opened_both(arguments, shell) as opened:
        yield opened.gateway


@contextmanager
def opened_both(arguments: argparse.Namespace, shell: Shell) -> Iterator[Opened]:
    """The gateway that the command acts at, with the server in this process where that is possible."""
    institution, passphrase = chosen_gateway(arguments), find_passphrase(arguments.home)
    server, held = _local_server(arguments.home, passphrase, shell)
    try:
        gateway = Gateway.open(arguments.home, institution, passphrase, shell.clock, server)
        try:
            yield Opened(gateway, server)
        finally:
            gateway.close()
    except ServerAway as error:
        if held:
            raise HomeInUse from error
        raise
    finally:
        if server is not None:
            server.close()


def chosen_gateway(arguments: argparse.Namespace) -> str:
    """The institution of ``--institution``, the only one, or the only one that knows the login that was named.

    Raises :class:`HomeMissing`, :class:`GatewayUnclear`.
    """
    there = gateways_in(arguments.home)
    if not there:
        raise HomeMissing(name=arguments.home.name)
    if arguments.institution:
        if arguments.institution not in there:
            raise GatewayUnclear
        return str(arguments.institution)
    if len(there) > 1:
        # Who acts says where; without that, the person whom the command is about.
        named = getattr(arguments, "login", "") or getattr(arguments, "named", "") or getattr(arguments, "person", "")
        there = [one for one in there if named and _knows(arguments.home, one, named)]
    if len(there) != 1:
        raise GatewayUnclear
    return there[0]


def _knows(home: Path, institution: str, named: str) -> bool:
    """Whether a login or handle has an account at this gateway."""
    database = Database(gateway_paths(home, institution).database)
    try:
        people = Store(database)
        return people.person_by_login(named) is not None or people.person(named) is not None
    finally:
        database.close()


def _local_server(home: Path, passphrase: bytes, shell: Shell) -> tuple[server_home.Server | None, bool]:
    """The server's home if it is here and free, and whether somebody holds it."""
    if not server_paths(home).settings.is_file():
        return None, False
    try:
        return server_home.Server.open(home, passphrase, shell.clock), False
    except (LedgerLocked, VaultLocked):  # somebody serves it: then it answers over HTTPS
        return None, True


def signed_in(gateway: Gateway, arguments: argparse.Namespace) -> Session:
    """The session of ``--as``; raises ``SignInFailed`` whatever was wrong."""
    password = secret(arguments.password_file, "パスワード / password: ", "--password-file")
    code = secret(arguments.code_file, "確認コード / code: ", "--code-file")
    return gateway.accounts.sign_in(arguments.login, password, code, gateway.machine_certificate())


def secret(path: Path | None, prompt: str, option: str) -> str:
    """A secret from a file's first 4 KiB, else typed without echo. Raises :class:`SecretMissing`."""
    if path is not None:
        return read_bounded(path, _SECRET_LIMIT).decode("utf-8", "replace").strip()
    if not sys.stdin.isatty():
        raise SecretMissing(option=option)
    return getpass.getpass(prompt)


@contextmanager
def acting_person(arguments: argparse.Namespace, shell: Shell) -> Iterator[tuple[Gateway, Session]]:
    """An opened gateway with its person signed in; signed out at the end."""
    with acting_maybe(arguments, shell) as (opened, session):
        if session is None:
            raise SecretMissing(option="--as")
        yield opened.gateway, session


@contextmanager
def acting_maybe(arguments: argparse.Namespace, shell: Shell) -> Iterator[tuple[Opened, Session | None]]:
    """As :func:`acting_person`, but without ``--as`` the console acts and there is no session."""
    with opened_both(arguments, shell) as opened:
        session = signed_in(opened.gateway, arguments) if arguments.login else None
        try:
            yield opened, session if session is None else _signing(opened.gateway, session, arguments)
        finally:
            if session is not None:
                opened.gateway.accounts.sign_out(session.token)


def _signing(gateway: Gateway, session: Session, arguments: argparse.Namespace) -> Session:
    """The session with the key of ``--sign``. Raises ``KeyUnsuitable`` for a key that is not the person's now."""
    path: Path | None = getattr(arguments, "sign", None)
    if path is None:
        return session
    passphrase = secret(arguments.sign_passphrase_file, "合言葉 / passphrase: ", "--sign-passphrase-file")
    signer = key_of_file(path.name, read_bounded(path, MOST_BYTES), passphrase.encode())
    approving = approving_with(gateway, session, signer)
    if approving is None:
        raise KeyUnsuitable(name=path.name, kind="person")
    return replace(session, approving=approving)


def person_named(gateway: Gateway, name: str) -> str:
    """The handle behind a login or a handle of this gateway. Raises ``NoSuchPerson``."""
    found = gateway.accounts.person_of_login(name)
    if found is not None:
        return found
    if name in {account.person for account in gateway.accounts.accounts()}:
        return name
    raise NoSuchPerson(person="-")
