"""Writes docs/cli.md from the parsers of the command line, or tells that it is out of date.

Guarantees: every command is listed with its description, arguments, options, example and exit statuses; the same parsers give the
same bytes, whatever the width of the terminal or the environment. Used as ``python -m tools.cli_doc [--write]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from akashi.cli.shell import EXITS
from akashi.cli.tree import build_parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """# The command line

Written by `make docs` from the parsers; do not edit. `akashi COMMAND --help` says the same.

Results go to standard output; questions, progress and errors go to standard error. An error is `error: …` and `hint: …`, or with
`--json` one object `{"code", "message", "hint"}`; codes are listed in `docs/errors.md`. Passwords, codes and passphrases are typed or
read from files named by an option, never taken from arguments. The passphrase of the key stores comes from the file named by
`AKASHI_PASSPHRASE_FILE`, from `HOME/passphrase`, or is typed. A command with `--as` signs its person in and out again on the
gateway's own machine certificate; a code counts once, so the next command needs the next code. If nobody serves the home, the server's
part is opened in the same process; if `akashi serve` runs, it is reached over HTTPS. Files that exist are never replaced.
"""
COMMON = """## Options of every command

- `--home HOME`: the home folder (default: the value of `AKASHI_HOME`, else `akashi-home`); not for `verify`, `conformity verify` and `conformity catalog`
- `--json`: print one JSON object or array instead of lines
- `--lang ja|en`: language of messages (default: the locale's, else Japanese)
- `-h`, `--help`: the manual of the command

`akashi --version` prints the version, and needs no home.
"""
_EVERYWHERE = {"help", "home", "json", "lang"}


def leaves(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Every command that can be run, with its help line."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to ask a parser what it takes
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
            for name, inner in action.choices.items():
                deeper = list(leaves(inner))
                yield from deeper or [(inner, helps[name])]


def _option(action: argparse.Action) -> str:
    name = " ".join(action.option_strings) or str(action.metavar or action.dest)
    if action.option_strings and action.nargs != 0 and not action.choices:
        name += f" {action.metavar or action.dest.upper()}"
    choices = f" one of {', '.join(map(str, action.choices))}." if action.choices else ""
    needed = " Required." if action.option_strings and action.required else ""
    return f"- `{name}`: {action.help}.{choices}{needed}"


def section(parser: argparse.ArgumentParser, text: str) -> str:
    """One command."""
    actions = [action for action in parser._actions if action.dest not in _EVERYWHERE]  # noqa: SLF001 - as above
    example, _, statuses = (parser.epilog or "").partition("\n\nexit status:\n")
    numbers = [line.split()[0] for line in statuses.splitlines()]
    lines = [
        f"## {parser.prog}",
        "",
        f"{text[:1].upper()}{text[1:]}.",
        "",
        " ".join((parser.description or "").split()),
    ]
    lines += ["", *map(_option, actions)] if actions else []
    lines += ["", "```", example.removeprefix("example:").strip(), "```", "", f"Exit status: {', '.join(numbers)}."]
    return "\n".join(lines) + "\n"


def render() -> str:
    """The page."""
    statuses = "\n".join(f"| {number} | {text} |" for number, text in EXITS.items())
    table = f"## Exit statuses\n\n| status | meaning |\n|---|---|\n{statuses}\n"
    return "\n".join([HEAD, COMMON, table, *(section(parser, text) for parser, text in leaves(build_parser()))])


def main() -> int:
    """Compare, or write with ``--write``; exit status 1 when the page is out of date."""
    parser = argparse.ArgumentParser(description="docs/cli.md from the parsers")
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing")
    page = render()
    if parser.parse_args().write:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page)


if __name__ == "__main__":
    raise SystemExit(main())
