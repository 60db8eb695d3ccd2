"""``akashi conformity answer``: one answer by a person, with evidence."""

from __future__ import annotations

import argparse
import mimetypes
from pathlib import Path

from akashi.app.conformity import desk
from akashi.app.conformity.telling import REPLIES, decision_line, decision_row
from akashi.app.conformity.views import item_view
from akashi.cli.files import read_bounded
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, days, manual
from akashi.conformity.model import DAY_MS, Audience, Reply

_REPLIES = {one.name.lower().replace("_", "-"): one for one in Reply}
_AUDIENCES = {one.name.lower(): one for one in Audience}
_EVIDENCE_LIMIT = 64 * 1024 * 1024
_TEXT_LIMIT = 64 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "answer",
        help="answer one item, with evidence",
        **manual(
            parent,
            "Keeps a person's answer; text and evidence stay sealed, the ledger gets commitments. What is not given stays as\n"
            "it was, and every earlier version is kept. Many answers at once: `akashi conformity import`.",
            "akashi conformity answer mhlw-7.0-draft-ops 2-1 --reply yes --text-file why.txt --evidence rules.pdf --as mori",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("catalogue", metavar="CATALOGUE", help="id of the catalogue")
    parser.add_argument("item", metavar="ITEM", help="id of the item")
    parser.add_argument("--reply", choices=sorted(_REPLIES), required=True, help="the answer")
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="what is done, in words (UTF-8)")
    parser.add_argument("--owner", help="who looks after it")
    parser.add_argument("--due-days", type=days, metavar="DAYS", help="until when it is to be looked at again")
    parser.add_argument("--audience", choices=sorted(_AUDIENCES), help="who may see it (default: the assessor only)")
    parser.add_argument("--evidence", action="append", type=Path, default=[], metavar="FILE", help="repeatable")
    person_options(parser)
    parser.set_defaults(run=_run)


def _given(arguments: argparse.Namespace, shell: Shell) -> dict[str, object]:
    """The fields of an answer that the arguments name."""
    given: dict[str, object] = {}
    if arguments.text_file is not None:
        given["text"] = read_bounded(arguments.text_file, _TEXT_LIMIT).decode("utf-8", "replace").strip()
    if arguments.owner is not None:
        given["owner"] = arguments.owner
    if arguments.due_days is not None:
        given["due_ms"] = shell.clock.now_ms() + arguments.due_days * DAY_MS
    if arguments.audience is not None:
        given["audience"] = _AUDIENCES[arguments.audience]
    return given


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    files = [(path.name, read_bounded(path, _EVIDENCE_LIMIT)) for path in arguments.evidence]
    given, reply = _given(arguments, shell), _REPLIES[arguments.reply]
    audience = _AUDIENCES[arguments.audience or "assessor"]
    with acting_person(arguments, shell) as (gateway, session):
        conformity = gateway.conformity
        conformity.books.shelf.item(arguments.catalogue, arguments.item)  # before anything is sealed
        before = conformity.answers.of(arguments.catalogue, arguments.item)
        kept = [
            desk.keep_evidence(gateway, session, name, data, mimetypes.guess_type(name)[0] or "", audience).handle
            for name, data in files
        ]
        if kept:
            given["evidence"] = (*(before.evidence if before is not None else ()), *kept)
        handle = desk.answer_one(gateway, session, arguments.catalogue, arguments.item, reply, **given)
        decision = item_view(conformity, arguments.catalogue, arguments.item).decision
    lines = [f"{handle}  {REPLIES[reply].of(shell.language)}", *kept, decision_line(decision, shell.language)]
    shell.result({"answer": handle, "decision": decision_row(decision), "evidence": kept}, lines)
    return 0
