"""``akashi document sign``: a long-term signature on a PDF."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akashi.app.people import documents
from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.homes import acting_person, person_options, secret
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.signatures.holding import MOST_FILE, Holding, Token, from_file, from_token
from akashi.signatures.model import Level, Limits

_LEVELS = {"lt": Level.B_LT, "lta": Level.B_LTA}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "sign",
        help="sign a PDF for the long term",
        **manual(
            parent,
            "Signs with a key file (P12 or PEM, under a passphrase) or a PKCS#11 token, stamps, and puts the revocation\n"
            "data inside; the ledger gets the digests. docs/signatures.md tells what must be configured first.",
            "akashi document sign report.pdf --out signed.pdf --key hanako.p12 --as hanako",
            (3, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the PDF")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the signed PDF goes")
    parser.add_argument("--key", dest="key_file", type=Path, metavar="FILE", help="key file with its certificate")
    parser.add_argument("--key-passphrase-file", type=Path, metavar="FILE", help="its passphrase, else asked for")
    parser.add_argument("--module", metavar="FILE", help="PKCS#11 module, with --token and --key-label")
    parser.add_argument("--token", metavar="LABEL", default="", help="the token's label")
    parser.add_argument(
        "--key-label", dest="label", metavar="LABEL", default="", help="the label of key and certificate"
    )
    parser.add_argument("--pin-file", type=Path, metavar="FILE", help="the token's PIN, else asked for")
    parser.add_argument("--level", choices=sorted(_LEVELS), default="lta", help="PAdES-B-LT or -LTA (default lta)")
    person_options(parser)
    parser.set_defaults(run=_run)


@contextmanager
def _holding(arguments: argparse.Namespace) -> Iterator[Holding]:
    if (arguments.key_file is None) == (arguments.module is None):
        raise BadArguments(what="--key | --module", command="akashi document sign")
    if arguments.key_file is not None:
        passphrase = secret(arguments.key_passphrase_file, "鍵の合言葉 / key passphrase: ", "--key-passphrase-file")
        yield from_file(read_bounded(arguments.key_file, MOST_FILE), passphrase.encode())
        return
    pin = secret(arguments.pin_file, "PIN: ", "--pin-file")
    with from_token(Token(arguments.module, arguments.token, arguments.label, pin)) as held:
        yield held


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    data = read_bounded(arguments.file, Limits().bytes_most)
    with _holding(arguments) as holding, acting_person(arguments, shell) as (gateway, session):
        made = documents.signed(gateway, session, data, holding, _LEVELS[arguments.level])
    write_whole(arguments.out, made.pdf)
    value = {"document": made.document.hex(), "level": made.level.name, "signature": made.signature.hex()}
    shell.result(value, [f"{arguments.out.name}  {made.level.name}  SHA-256 {made.document.hex()}"])
    return 0
