"""``akashi keys move``: let new keys be made in a PKCS#11 token."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from akashi.app.config import save_settings
from akashi.app.keys.opening import find_token
from akashi.app.keys.rotation import KeyRole
from akashi.cli.homes import gateway_options
from akashi.cli.keys.target import settings_of
from akashi.cli.shell import Shell, manual
from akashi.keys.tokens.errors import TokenMissing


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "move",
        help="use a PKCS#11 token: keys made from now on are made in it",
        **manual(
            parent,
            "Sets pkcs11_module, pkcs11_token and pkcs11_validation of the server, or of a gateway with --institution, after\n"
            "the token answered and took the PIN. Private keys are not imported: change each with `akashi keys rotate`.\n"
            "The PIN comes from AKASHI_PIN_FILE, AKASHI_PIN_FD, AKASHI_PIN, HOME/pin, or is typed.",
            "akashi keys move --home HOME --module MODULE.so --token LABEL",
            (2, 3, 4, 7),
        ),
    )
    gateway_options(parser)
    parser.add_argument("--module", type=Path, required=True, help="the PKCS#11 library")
    parser.add_argument("--token", required=True, help="label of the token")
    parser.add_argument(
        "--validation", default="", help="what you declare of the module's validation (a certificate number)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    path, settings, _ = settings_of(arguments)
    module = str(arguments.module.resolve())
    changed = replace(
        settings, pkcs11_module=module, pkcs11_token=arguments.token, pkcs11_validation=arguments.validation
    )
    token = find_token(arguments.home, changed)
    if token is None:
        raise TokenMissing(token=arguments.token)
    try:
        facts = token.facts()
        token.wrap(bytes(32), b"trial") if facts.wraps else token.destroy(
            bytes(16)
        )  # takes the PIN; changes nothing of ours
    finally:
        token.close()
    save_settings(path, changed)
    known = ", ".join(role.value for role in KeyRole)
    shell.result(
        {"ed25519": facts.ed25519, "model": facts.model, "module": facts.module, "validation": facts.validation},
        [
            f"{facts.manufacturer} / {facts.model} {facts.firmware}  validation: {facts.validation}",
            shell.choose(f"次に: akashi keys rotate（{known}）", f"next: akashi keys rotate, for each of {known}"),
        ],
    )
    return 0
