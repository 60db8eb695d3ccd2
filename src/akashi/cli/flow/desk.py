"""What the commands of the flow share: texts and files in and out, one permitted step at a time.

Guarantees: what is said comes from files, never from arguments, because it may name people; what was sealed by others is written only
where the user says. Refuses: folders that are there, files over 64 MiB. Trusts: the flow for commitments.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar

from akashi.app.conformity.flows import opened_flow, stepping
from akashi.app.conformity.library import boundary_tasks
from akashi.app.gateway.home import Gateway
from akashi.cli.files import FileUnwritable, read_bounded, verify_free, write_whole
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import BadArguments, Parser, Shell, manual
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.flow.asking import Reported
from akashi.conformity.flow.boundary import Gap, Trouble
from akashi.conformity.flow.model import Production
from akashi.conformity.flow.service import Flow
from akashi.conformity.flow.speaking import Spoken
from akashi.conformity.model import DAY_MS, Reply, Words
from akashi.durable import make_directory
from akashi.identity.model import Session

FILE_LIMIT = 64 << 20
TEXT_LIMIT = 160_000
Chosen = TypeVar("Chosen", bound=IntEnum)
Run = Callable[[argparse.Namespace, Shell], int]
STATUSES = (3, 4, 5, 6, 7, 8)
_TROUBLES = {Trouble.NOBODY: Words("誰もいません", "nobody"), Trouble.SEVERAL: Words("重なっています", "several")}
_JAPAN = timezone(timedelta(hours=9))


def day(text: str) -> int:
    """The type of options that name a day: its last millisecond in Japan.

    >>> day("1970-01-01")
    53999999
    """
    at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_JAPAN)
    if not 1970 <= at.year < 2200:
        raise argparse.ArgumentTypeError("1970…2199")
    return int(at.timestamp() * 1000) + DAY_MS - 1


def words(kind: type[Chosen]) -> dict[str, Chosen]:
    """The members of an enumeration by the word that an option takes."""
    return {one.name.lower().replace("_", "-"): one for one in kind}


def group(
    commands: argparse._SubParsersAction[Any], name: str, text: str, description: str
) -> argparse._SubParsersAction[Any]:
    """A group of steps under one word."""
    parser = commands.add_parser(name, help=text, description=description)
    inner: argparse._SubParsersAction[Any] = parser.add_subparsers(
        dest="step", required=True, metavar="ACTION", parser_class=Parser
    )
    return inner


def step(
    inner: argparse._SubParsersAction[Any],
    parent: argparse.ArgumentParser,
    run: Run,
    name: str,
    text: str,
    example: str,
) -> argparse.ArgumentParser:
    """The parser of one step; ``text`` is its help line and, with a full stop, its description."""
    parser: argparse.ArgumentParser = inner.add_parser(
        name, help=text, **manual(parent, f"{text[0].upper()}{text[1:]}.", example, STATUSES)
    )
    parser.set_defaults(run=run)
    person_options(parser)
    return parser


def spoken_options(parser: argparse.ArgumentParser) -> None:
    """The options of steps that say something."""
    text_option(parser)
    parser.add_argument("--file", action="append", type=Path, default=[], metavar="FILE", help="repeatable")


def text_option(parser: argparse.ArgumentParser) -> None:
    """The option of steps that say something without files."""
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="the words (UTF-8)")


def out_option(
    parser: argparse.ArgumentParser, what: str = "DIR", text: str = "a folder that is not there yet, for its files"
) -> None:
    """The option of steps that open what others sealed, or write what is theirs."""
    parser.add_argument("--out", type=Path, metavar=what, help=text)


def said(arguments: argparse.Namespace, rows: Sequence[tuple[str, int]] = ()) -> Spoken:
    """The words and files that the arguments name. Raises ``FileUnreadable``, ``FileTooLarge``."""
    text = "" if arguments.text_file is None else read_text(arguments.text_file)
    return Spoken(text, read_files(arguments.file), tuple(rows))


def read_text(path: Path) -> str:
    """A text file."""
    return read_bounded(path, TEXT_LIMIT).decode("utf-8", "replace").strip()


def read_files(paths: Sequence[Path]) -> tuple[tuple[str, bytes], ...]:
    """Files by their last names."""
    return tuple((path.name, read_bounded(path, FILE_LIMIT)) for path in paths)


@contextmanager
def flowing(
    arguments: argparse.Namespace, shell: Shell, action: str, subject: str | None = None
) -> Iterator[tuple[Flow, Session]]:
    """The flow of the gateway with its person signed in, for one permitted and journalled step."""
    with at_gateway(arguments, shell, action, subject) as (_, flow, session):
        yield flow, session


@contextmanager
def at_gateway(
    arguments: argparse.Namespace, shell: Shell, action: str, subject: str | None = None
) -> Iterator[tuple[Gateway, Flow, Session]]:
    """As :func:`flowing`, with the gateway itself."""
    verify_free(getattr(arguments, "out", None))
    with (
        acting_person(arguments, shell) as (gateway, session),
        opened_flow(gateway) as flow,
        stepping(gateway, flow, session, action, subject),
    ):
        yield gateway, flow, session


def replies(given: Sequence[str], command: str) -> list[tuple[str, Reply]]:
    """``item=reply`` of an option. Raises ``BadArguments``."""
    known = words(Reply)
    parts = [one.rpartition("=") for one in given]
    if not all(item and word in known for item, _, word in parts):
        raise BadArguments(what=f"ITEM={'|'.join(sorted(known))}", command=command)
    return [(item, known[word]) for item, _, word in parts]


def show_spoken(
    spoken: Spoken, folder: Path | None, shell: Shell, more: Mapping[str, object], lines: Sequence[str]
) -> int:
    """Words on standard output, files into ``folder`` (without one, only their names)."""
    names = [Path(name).name or "file" for name, _ in spoken.files]
    if folder is not None:
        write_folder(folder, [(name, data) for name, (_, data) in zip(names, spoken.files, strict=True)])
    files = [{"bytes": len(data), "file": name} for name, (_, data) in zip(names, spoken.files, strict=True)]
    value = {"files": files, "rows": [list(row) for row in spoken.rows], "text": spoken.text}
    listed = [f"{one['bytes']:>12,}  {one['file']}" for one in files]
    shell.result(value | dict(more), [*([spoken.text] if spoken.text else []), *listed, *lines])
    return 0


def write_folder(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Files into a folder that is not there yet. Raises ``FileUnwritable``."""
    try:
        make_directory(folder)
    except OSError as error:
        raise FileUnwritable(name=folder.name) from error
    for name, data in files:
        write_whole(folder / name, data)


def words_needed(arguments: argparse.Namespace, command: str) -> str:
    """The text of ``--text-file`` where a step must say something. Raises ``BadArguments``."""
    text = "" if arguments.text_file is None else read_text(arguments.text_file)
    if not text:
        raise BadArguments(what="--text-file", command=command)
    return text


def gap_rows(gaps: Sequence[Gap]) -> list[dict[str, object]]:
    """Gaps as JSON."""
    keys = ("parties", "situation", "task", "trouble")
    found = [(list(one.parties), one.situation.name.lower(), one.task, one.trouble.name.lower()) for one in gaps]
    return [dict(zip(keys, row, strict=True)) for row in found]


def gap_lines(gaps: Sequence[Gap], language: str) -> list[str]:
    """Gaps as lines, each with its task in words."""
    titles = {task.id: task.title.of(language) for task in boundary_tasks()}
    return [
        f"! {_TROUBLES[one.trouble].of(language)}: {one.task} {one.situation.name.lower()}"
        f"{' '.join(['', *one.parties])}  {titles.get(one.task, '')}".rstrip()
        for one in gaps
    ]


def report_of(flow: Flow, name: str) -> Reported:
    """A report of this institution. Raises ``RecordUnknown``."""
    found = next((one for one in flow.reports() if one.record.handle == name), None)
    if found is None:
        raise RecordUnknown(name=name)
    return found


def production_of(flow: Flow, name: str) -> Production:
    """A flagged or started system of this institution. Raises ``RecordUnknown``."""
    found = next((one for one in flow.productions() if one.handle == name), None)
    if found is None:
        raise RecordUnknown(name=name)
    return found


def done(handle: str, shell: Shell) -> int:
    """A step was taken; its handle."""
    shell.result({"handle": handle}, [handle])
    return 0
