"""``akashi checkup show``: one person's results at the terminal, as PDF or as a page; several people's as one PDF."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.checkup.errors import PersonUnknown
from akashi.checkup.report.page import person_page
from akashi.checkup.report.paper import MOST_PRINTED, write_paper
from akashi.checkup.report.plain import person_text
from akashi.checkup.report.view import person_view
from akashi.cli.checkup.desk import line_of, part, several, value_of
from akashi.cli.checkup.people import gathered, people_options
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import BadArguments, Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "show",
        help="show one person's results, or print them (PDF, HTML); print several people's",
        **manual(
            parent,
            "Lists the people of the files, or shows one of them with up to four earlier visits. Files are recognised by content.\n"
            "--people prints a part of the list as one PDF, each person on pages of their own.\n"
            "--person keeps an id out of the shell's history. What is printed or written is personal data, readable by anybody.",
            "akashi checkup show kekka.csv --person 3 --pdf result.pdf",
            (4, 5, 7),
        ),
    )
    people_options(parser)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--person", type=int, metavar="N", help="which person, by the number of the list")
    who.add_argument("--id", default="", help="which person, by their id")
    who.add_argument("--people", type=part, metavar="FROM-TO", help=f"which people (--pdf; at most {MOST_PRINTED})")
    parser.add_argument("--pdf", type=Path, metavar="OUT", help="where the A4 PDF goes")
    parser.add_argument("--html", type=Path, metavar="OUT", help="where the page goes; it needs nothing else")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.pdf, arguments.html)
    if arguments.people is not None:
        return several(arguments, shell)
    named = arguments.person is not None or arguments.id
    if (arguments.pdf or arguments.html) and not named:
        raise BadArguments(what="--pdf, --html: --person N | --id ID", command="akashi checkup show")
    found = gathered(arguments, shell)
    listed = found.people.listed()
    if not named:
        shell.result([value_of(person) for person in listed], [line_of(person) for person in listed])
        return 0
    fitting = [one for one in listed if arguments.id in (one.identifier, "") and arguments.person in (one.number, None)]
    if len(fitting) != 1:
        raise PersonUnknown
    one = fitting[0]
    view = person_view(found.people.records(one.number), found.items, shell.language)
    if arguments.pdf is not None:
        write_whole(arguments.pdf, write_paper(view, shell.clock.now_ms()))
    if arguments.html is not None:
        write_whole(arguments.html, person_page(view))
    text = person_text(view).decode("utf-8-sig").splitlines()
    written = [path.name for path in (arguments.pdf, arguments.html) if path is not None]
    shell.result(value_of(one) | {"written": written}, written or text)
    return 0
