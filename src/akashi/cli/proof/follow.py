"""``akashi follow``: who may be believed today, from a trust file that was believed once, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.shell import Shell, manual, moment
from akashi.ledger.proof.trust import MAX_TRUST_BYTES, parse_trust
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.trustchain import MAX_CHAIN_BYTES, Taken, follow_chain, servers_of

_WORDS = {
    "log.handover": ("台帳を複数のサーバーへ引き継ぎ", "the ledger was handed over"),
    "server.enrolled": ("サーバー {} が加わった", "server {} was enrolled"),
    "server.changed": ("サーバー {} の役割か鍵が変わった", "server {} has another role or other keys"),
    "server.retired": ("サーバー {} が外れた", "server {} was retired"),
}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command; it needs no home."""
    parser = commands.add_parser(
        "follow",
        help="from an old trust file to the servers of today, by a trust chain, offline",
        **manual(
            parent,
            "Goes through a trust chain (HOME/server/public/trust-chain.cbor, or what GET /api/v1/log/trust answers) from the\n"
            "trust file that you have. Each change of who signs must be signed by enough of those whom you believe until then.\n"
            "Says who signs since, and with --out writes the trust file of today. A chain cannot show that no newer change\n"
            "exists: compare the fingerprint of the published file, or the newest leaf, with somebody else's.",
            "akashi follow trust-chain.cbor --trust trust.txt --out trust-now.txt",
            (2, 6),
        ),
    )
    parser.add_argument("file", type=Path, metavar="CHAIN", help="the trust chain")
    parser.add_argument("--trust", type=Path, required=True, metavar="FILE", help="the trust file that you believe")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the trust file of today goes; must not be there"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(*[arguments.out] if arguments.out else [])
    chain, before = read_bounded(arguments.file, MAX_CHAIN_BYTES), read_bounded(arguments.trust, MAX_TRUST_BYTES)
    found = follow_chain(chain, before)
    numbers, trust = list(servers_of(parse_trust(found.text))), parse_trust(found.text)
    needed = trust.groups["servers"].least
    size = parse_checkpoint(found.note).size if found.note else None
    if arguments.out:
        write_whole(arguments.out, found.text)
    lines = [_line(one, shell) for one in found.taken]
    names = ", ".join(map(str, numbers))
    ja = f"信じてよいサーバー: {names}（署名は {needed} 台以上）。これより新しい変更がないことは、この資料からは分かりません。"
    en = f"Believe servers {names} ({needed} of them must have signed). That nothing newer exists is not shown by this."
    taken = [one._asdict() for one in found.taken]
    shell.result({"servers": numbers, "needed": needed, "size": size, "steps": taken}, [*lines, shell.choose(ja, en)])
    return 0


def _line(one: Taken, shell: Shell) -> str:
    ja, en = (text.format(one.server) for text in _WORDS[one.kind])
    return f"{one.at}  {moment(one.block_ms)}  {shell.choose(ja, en)}  [{', '.join(map(str, one.voting))}]"
