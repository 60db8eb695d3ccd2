"""``akashi evidence renew``: begin or renew the record that keeps evidence good for decades."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual, moment
from akashi.durable import write_file
from akashi.ledger.proof.renewal import DEFAULT_POLICY, Believed, Policy, parse_policy, renewed, verify_record
from akashi.ledger.proof.renewal_record import HASH_SIZES, MAX_RECORD_BYTES
from akashi.ledger.proof.trust import MAX_TRUST_BYTES, parse_trust
from akashi.ledger.proof.tsa import HttpTsa

_LIMIT = 256 * 1024 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command to the group ``evidence``; it needs no home."""
    parser = commands.add_parser(
        "renew",
        help="begin or renew the evidence record beside a bundle (RFC 4998)",
        **manual(
            parent,
            "Has a time-stamping authority stamp the bundle (and the files --with it), or renew the newest stamp of the record\n"
            "beside it, before certificates and algorithms end. The record is verified before and after; it is replaced\n"
            "whole. Keep bundle, files and record together: each is needed at every later renewal and verification.",
            "akashi evidence renew transfer.akashi --record transfer.ers --trust trust.txt --tsa https://tsa.example",
            (6, 7),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bundle or receipt")
    parser.add_argument(
        "--record", type=Path, required=True, metavar="FILE", help="the record; begun if it is not there"
    )
    parser.add_argument("--tsa", required=True, metavar="URL", help="the time-stamping authority (RFC 3161)")
    parser.add_argument(
        "--hash", choices=sorted(HASH_SIZES), default="", help="hash algorithm (default: one that lasts)"
    )
    keeping_options(parser, required=True)
    parser.set_defaults(run=_run)


def keeping_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """What a record is judged by."""
    parser.add_argument(
        "--trust", type=Path, required=required, metavar="FILE", help="the trust file (its #!tsa-root lines)"
    )
    text = "a further file that the record is over; repeatable, all of them each time"
    parser.add_argument("--with", dest="others", type=Path, action="append", default=[], metavar="FILE", help=text)
    text = "until when algorithms are good (docs/spec/evidence-record.md); default: the shipped policy"
    parser.add_argument("--policy", type=Path, metavar="FILE", help=text)


def policy_of(arguments: argparse.Namespace) -> Policy:
    """The policy of ``--policy``."""
    return DEFAULT_POLICY if arguments.policy is None else parse_policy(read_bounded(arguments.policy, 64 * 1024))


def objects_of(arguments: argparse.Namespace) -> list[bytes]:
    """The file and those ``--with`` it."""
    return [read_bounded(path, _LIMIT) for path in (arguments.file, *arguments.others)]


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    objects, policy, now_ms = objects_of(arguments), policy_of(arguments), shell.clock.now_ms()
    believed = Believed(parse_trust(read_bounded(arguments.trust, MAX_TRUST_BYTES)).tsa_roots)
    old = read_bounded(arguments.record, MAX_RECORD_BYTES) if arguments.record.exists() else None
    made = renewed(old, objects, HttpTsa(arguments.tsa), believed, policy, now_ms, arguments.hash)
    verdict = verify_record(made, objects, believed, policy, now_ms)
    write_file(arguments.record, made)
    told = shell.choose("次の更新の期限", "renew again before")
    value = {"first_ms": verdict.first_ms, "renew_by_ms": verdict.renew_by_ms, "stamps": verdict.stamps}
    shell.result(value, [f"{arguments.record.name}  {verdict.stamps}  {told}: {moment(verdict.renew_by_ms)}"])
    return 0
