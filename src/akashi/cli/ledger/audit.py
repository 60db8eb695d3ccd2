"""``akashi ledger audit``: the whole ledger, re-done."""

from __future__ import annotations

import argparse

from akashi.app.config import ServerPaths, ServerSettings, load_settings, server_paths
from akashi.app.errors import HomeMissing, PassphraseMissing
from akashi.app.keys.opening import open_keystore
from akashi.app.passphrase import find_passphrase
from akashi.app.server.founding import COSIGNER_KEY
from akashi.app.wiring import KINDS
from akashi.cli.shell import Shell, manual
from akashi.errors import IntegrityError
from akashi.ledger.audit import AuditReport, audit
from akashi.ledger.wire.note import NoteSigner

_FAILED = IntegrityError.exit_status
_MOST_SHOWN = 50
_COUNTS = ("blocks", "leaves", "origin", "rows", "sealed")


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "audit",
        help="check every signature, leaf, checkpoint and derived row",
        **manual(
            parent,
            "Re-executes the whole ledger and compares everything with it. Works beside a server that is running. Without a\n"
            "passphrase the seals of the derived rows are left out, and it says so.",
            "akashi ledger audit --home HOME",
            (3, 6),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    paths = server_paths(arguments.home)
    if not paths.settings.is_file():
        raise HomeMissing(name=arguments.home.name)
    cosigner = _cosigner(arguments, paths)
    progress = shell.progress(shell.choose("監査", "audit"))
    report = audit(paths.ledger, KINDS, cosigner=cosigner, progress=progress)
    progress(report.leaves, report.leaves)
    shell.result(_value(report), _lines(report, shell))
    if not report.sealed:
        shell.say(
            shell.choose("合言葉がないため、行の封印は調べていません。", "No passphrase: the seals were not checked.")
        )
    return 0 if report.clean else _FAILED


def _value(report: AuditReport) -> dict[str, object]:
    found = [{"at": one.at, "failure": one.failure, "step": one.step} for one in report.findings]
    return {name: getattr(report, name) for name in _COUNTS} | {"clean": report.clean, "findings": found}


def _lines(report: AuditReport, shell: Shell) -> list[str]:
    counted, wrong = (report.leaves, report.blocks, report.rows), len(report.findings)
    words = shell.choose(
        "操作 {}、ブロック {}、行 {}：不一致 {} 件", "{} operations, {} blocks, {} rows: {} disagreements"
    )
    step = shell.choose("手順", "step")
    places = [f"  {step} {one.step}: {one.failure} ({one.at})" for one in report.findings[:_MOST_SHOWN]]
    return [f"{shell.choose('台帳', 'ledger')}: {report.origin}", words.format(*counted, wrong), *places]


def _cosigner(arguments: argparse.Namespace, paths: ServerPaths) -> NoteSigner | None:
    try:
        keystore = open_keystore(
            arguments.home, paths.keys, find_passphrase(arguments.home), load_settings(paths.settings, ServerSettings)
        )
    except PassphraseMissing:
        return None
    return keystore.note_signer(COSIGNER_KEY, (paths.public / "cosigner").read_text(encoding="utf-8").strip())
