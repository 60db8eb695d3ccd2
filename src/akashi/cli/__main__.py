"""``akashi``: the entry. Assembles the parsers and runs the chosen command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from akashi.cli.home import demo, serve
from akashi.cli.proof import verify
from akashi.cli.shell import Parser, Shell, common_options, language_of_environment, run_parsed
from akashi.errors import AkashiError


def build_parser() -> Parser:
    """The whole command tree."""
    parser = Parser(prog="akashi", description="Convert, deliver, share and keep medical information, and prove it.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    homed, homeless = common_options(), common_options(home=False)
    for command in (demo, serve):
        command.declare(commands, homed)
    verify.declare(commands, homeless)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Parse and run; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    before = Shell(sys.stdout, sys.stderr, language_of_environment(), "--json" in words)
    try:
        arguments = build_parser().parse_args(words)
    except AkashiError as error:
        return before.fail(error)
    return run_parsed(arguments, Shell(sys.stdout, sys.stderr, arguments.lang, arguments.json))


if __name__ == "__main__":
    sys.exit(main())
