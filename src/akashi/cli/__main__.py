"""``akashi``: the entry. Runs the chosen command.

Guarantees: whatever the arguments, the answer is a result, a manual, or two lines of error, and an exit status. Trusts nobody.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace

from akashi.cli.shell import Shell, language_of, run_parsed
from akashi.cli.tree import build_parser
from akashi.errors import AkashiError


def main(argv: Sequence[str] | None = None, shell: Shell | None = None) -> int:
    """Parse and run; returns the exit status. ``shell`` brings streams and clock of its own."""
    words = list(sys.argv[1:] if argv is None else argv)
    shell = shell or Shell(sys.stdout, sys.stderr)
    try:
        with redirect_stdout(shell.out):  # argparse prints manuals there
            arguments = build_parser(words).parse_args(words)
    except AkashiError as error:
        return replace(shell, language=language_of(words), as_json="--json" in words).fail(error)
    except SystemExit:  # a manual or the version was asked for, and printed
        return 0
    return run_parsed(arguments, replace(shell, language=arguments.lang, as_json=arguments.json))


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without Japanese must not stop a command
    sys.exit(main())
