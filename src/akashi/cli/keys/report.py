"""``akashi keys report``: where the keys are, what overlaps, what the module says of itself, what is under which suite."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from akashi.app.keys.reporting import KeysReport, of_gateway, of_server
from akashi.app.keys.suites import suite_uses
from akashi.cli.homes import gateway_options
from akashi.cli.keys.target import opened_holder
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="where the keys are, which overlap, which module holds them, what is under which suite",
        **manual(
            parent,
            "Of the server's key store, or of a gateway's with --institution. What a PKCS#11 module says of itself is\n"
            "repeated; whether it is validated is not known to this software, only what the settings declare.",
            "akashi keys report --home HOME",
            (3, 4, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_holder(arguments, shell) as holder:
        if holder.gateway is not None:
            made = of_gateway(holder.gateway)
        elif holder.server is not None:
            made = of_server(holder.server)
        else:
            return 0
        uses = suite_uses(holder.server) if holder.server is not None else []
    lines = _lines(made, shell) + [
        f"{shell.choose('暗号方式', 'suite')} {one.suite} {one.name}: "
        f"{shell.choose('開封鍵', 'opening keys')} {one.opening_keys}, {shell.choose('保存データ', 'payloads')} {one.payloads}"
        for one in uses
    ]
    shell.result({**asdict(made), "suites": [asdict(one) for one in uses], "validation": _validation(made)}, lines)
    return 0


def _validation(made: KeysReport) -> str | None:
    return None if made.token is None else made.token.validation


_FORMS = {"file": "ファイル", "token": "トークンの中", "wrapped": "ファイル（トークンで包む）"}


def _validated(declared: str, shell: Shell) -> str:
    """The one sentence that may be said about a validation (FIPS 140, JCMVP): it is not known here."""
    if declared:
        ja, en = f"不明（運用者の申告: {declared}）", f"not known (declared by the operator: {declared})"
    else:
        ja, en = "不明（このソフトウェアでは確かめられない）", "not known"
    return shell.choose(f"認証（FIPS 140・JCMVP など）: {ja}", f"validation: {en}")


def _lines(made: KeysReport, shell: Shell) -> list[str]:
    rows = [
        f"{one.name}  {one.kind}  {shell.choose(_FORMS[one.form], one.form)}  {shell.choose('第', 'generation ')}{one.generation}{shell.choose('世代', '')}"
        + (f"  (+{len(one.older)})" if one.older else "")
        for one in made.keys
    ]
    shares = shell.choose("あり", "made") if made.recoverable else shell.choose("なし", "none")
    rows.append(f"{shell.choose('分散鍵', 'shares')}: {shares}")
    if made.token is not None:
        facts = made.token
        rows.append(
            f"{shell.choose('暗号モジュール', 'module')}: {facts.module} {facts.manufacturer} / {facts.model} {facts.firmware}"
        )
        rows.append(_validated(facts.declared, shell))
    return rows
