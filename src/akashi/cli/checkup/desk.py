"""The people of files at the terminal: which part of the list, a line for each, and a part printed as one PDF.

Guarantees: a part is within the list. Refuses: a part that is none. Trusts the caller to have looked whether a file may be written.
"""

from __future__ import annotations

import argparse
import re

from akashi.checkup.errors import PersonUnknown
from akashi.checkup.report.paper import write_papers
from akashi.checkup.report.people import Person
from akashi.checkup.report.view import person_view
from akashi.cli.checkup.people import gathered
from akashi.cli.files import write_whole
from akashi.cli.shell import BadArguments, Shell


def part(text: str) -> tuple[int, int]:
    """From which to which person: ``FROM-TO``."""
    found = re.fullmatch(r"([0-9]{1,6})-([0-9]{1,6})", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError("FROM-TO")
    return int(found[1]), int(found[2])


def several(arguments: argparse.Namespace, shell: Shell) -> int:
    """Print a part of the list."""
    if arguments.pdf is None or arguments.html is not None:
        raise BadArguments(what="--people FROM-TO: --pdf OUT", command="akashi checkup show")
    found, (first, last) = gathered(arguments, shell), arguments.people
    if not 0 < first <= last <= len(found.people):
        raise PersonUnknown
    numbers = range(first, last + 1)
    views = (person_view(found.people.records(number), found.items, shell.language) for number in numbers)
    write_whole(arguments.pdf, write_papers(views, shell.clock.now_ms()))
    name = arguments.pdf.name
    value = {"people": len(numbers), "written": [name]}
    shell.result(value, [shell.choose(f"{len(numbers)} 人分  {name}", f"{len(numbers)} people  {name}")])
    return 0


def value_of(one: Person) -> dict[str, object]:
    """A person of the list, for a program."""
    return {
        "birth": one.birth,
        "id": one.identifier,
        "kana": one.kana,
        "number": one.number,
        "visits": list(one.visits),
    }


def line_of(one: Person) -> str:
    """A person of the list, for a person."""
    return f"{one.number:>5}  {one.identifier}  {one.kana or one.name}  {one.birth}  {' '.join(one.visits)}"
