"""What the commands about machine clients share: the options of terms, and how an issued secret is told."""

from __future__ import annotations

import argparse

from akashi.app.gateway.home import Gateway
from akashi.cli.homes import person_named
from akashi.cli.shell import Shell, days, moment
from akashi.identity.access.model import ClientTerms, Issued
from akashi.identity.permissions import CLIENT_BITS

DAY_MS = 24 * 3600 * 1000


def terms_options(parser: argparse.ArgumentParser) -> None:
    """The options of a client's terms."""
    parser.add_argument(
        "--action",
        dest="actions",
        action="append",
        required=True,
        choices=sorted(CLIENT_BITS),
        help="what it may do; repeatable",
    )
    parser.add_argument("--days", type=days, default=365, help="until when, in days from now (at most 365)")
    parser.add_argument("--responsible", required=True, metavar="PERSON", help="who answers for it: login or handle")
    parser.add_argument(
        "--counterpart", default=None, metavar="INST", help="the one institution it exchanges with (inst-…)"
    )


def terms_of(arguments: argparse.Namespace, gateway: Gateway) -> ClientTerms:
    """The terms of the options."""
    until = gateway.clock.now_ms() + arguments.days * DAY_MS
    responsible = person_named(gateway, arguments.responsible)
    return ClientTerms(frozenset(arguments.actions), until, responsible, arguments.counterpart)


def tell_issued(issued: Issued, shell: Shell) -> None:
    """The secret, this once."""
    value = {
        "bearer": issued.bearer,
        "client": issued.client,
        "ends_ms": issued.ends_ms,
        "overlap_until_ms": issued.overlap_until_ms,
    }
    until, once = moment(issued.ends_ms), shell.choose("秘密（今回だけ表示）", "secret (shown this once)")
    lines = [shell.choose(f"{issued.client}  有効期限 {until}", f"{issued.client}  valid until {until}")]
    if issued.overlap_until_ms is not None:
        older = moment(issued.overlap_until_ms)
        lines.append(shell.choose(f"前の鍵は {older} まで使えます", f"the secret before it works until {older}"))
    shell.result(value, [*lines, f"{once}: {issued.bearer}"])
