"""``akashi verify``: check an evidence bundle or a receipt, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.cli.conformity.verify import tell
from akashi.cli.files import read_bounded
from akashi.cli.proof.renew import keeping_options, objects_of, policy_of
from akashi.cli.shell import BadArguments, Shell, manual, moment
from akashi.conformity.proof.bundle import MAGIC
from akashi.ledger.proof.renewal import Believed, RecordVerdict, verify_kept_file, verify_record
from akashi.ledger.proof.renewal_record import MAX_RECORD_BYTES
from akashi.ledger.proof.report import render
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verify import verify_file

_LIMIT = 256 * 1024 * 1024
_TRUST_LIMIT = 64 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="check an evidence bundle (.akashi) or a receipt (.tlog-proof), offline",
        **manual(
            parent,
            "Says what was proven, what was not, and between which time stamps each operation lies. Needs no home and no\n"
            "network. The trust file comes from the secretariat by a way of its own, not with the evidence.\n"
            "A bundle of conformity is verified as `akashi conformity verify` does.",
            "akashi verify --trust trust.txt transfer.akashi",
            (6, 9),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bundle or receipt")
    text = "the evidence record beside it (.ers): also judge whether it was kept good until now; needs --trust"
    parser.add_argument("--record", type=Path, metavar="FILE", help=text)
    keeping_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if arguments.record is not None and arguments.trust is None:
        raise BadArguments(what="--record, --trust", command="akashi verify")
    trust = None if arguments.trust is None else read_bounded(arguments.trust, _TRUST_LIMIT)
    data = read_bounded(arguments.file, _LIMIT)
    if data.startswith(MAGIC):
        return tell(data, trust, shell)
    verdict = verify_file(data, trust, KINDS)
    value, rows = verdict.to_json(), [render(verdict, shell.language)]
    if arguments.record is not None and verdict.exit_status == 0:
        kept = _kept(arguments, data, trust, shell)
        value = {**value, "record": {"first_ms": kept.first_ms, "renew_by_ms": kept.renew_by_ms, "stamps": kept.stamps}}
        rows.append(shell.choose("証拠の更新記録: ", "Evidence record: ") + _told(kept, shell))
    shell.result(value, rows)
    return verdict.exit_status


def _kept(arguments: argparse.Namespace, data: bytes, trust: bytes | None, shell: Shell) -> RecordVerdict:
    """The record's verdict. Raises ``ProofError`` ``record.*``."""
    record, policy = read_bounded(arguments.record, MAX_RECORD_BYTES), policy_of(arguments)
    believed = Believed(() if trust is None else parse_trust(trust).tsa_roots)
    kept = verify_record(record, objects_of(arguments), believed, policy, shell.clock.now_ms())
    verify_kept_file(data, kept, believed, policy)
    return kept


def _told(kept: RecordVerdict, shell: Shell) -> str:
    first, until = moment(kept.first_ms), moment(kept.renew_by_ms)
    ja = f"{first} にはこの内容で存在し、以後 {kept.stamps} 個のタイムスタンプで途切れなく更新されています。次の更新の期限は {until} です。"
    en = f"existed as it is at {first}; kept by {kept.stamps} time stamps without a gap; to be renewed before {until}."
    return shell.choose(ja, en)
