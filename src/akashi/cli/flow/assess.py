"""``akashi conformity assess``: an assessment, from the application to the public list."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import READ
from akashi.cli.flow import apply, decide, desk
from akashi.cli.shell import Parser, Shell, moment

NAME = "akashi conformity assess"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "assessments: list, show, apply, ask, evaluate, committee, board, publish, withdraw"
    group = commands.add_parser("assess", help=text, description="An assessment, each step a signed operation.")
    inner = group.add_subparsers(dest="step", required=True, metavar="ACTION", parser_class=Parser)
    desk.step(inner, parent, _list, "list", "list assessments on both sides", f"{NAME} list --as mori")
    example = f"{NAME} show asm-… --out received --as mori"
    show = desk.step(inner, parent, _show, "show", "open the application, its questions and its steps", example)
    show.add_argument("assessment", metavar="ASSESSMENT", help="its handle (asm-…)")
    desk.out_option(show)
    apply.declare(inner, parent)
    decide.declare(inner, parent)


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ) as (flow, _):
        found, ours = flow.assessments(), {one.handle for one in flow.waiting_assessments()}
    rows, lines = list[dict[str, object]](), list[str]()
    for one in found:
        row = {"applicant": one.applicant, "assessment": one.handle, "assessor": one.assessor}
        rows.append(row | {"phase": one.phase.name.lower(), "waits_for_us": one.handle in ours})
        waits = shell.choose("  ← こちらの番", "  <- our turn") if one.handle in ours else ""
        lines.append(f"{one.handle}  {one.phase.name.lower():<10} {one.applicant} -> {one.assessor}{waits}")
    shell.result(rows, lines)
    return 0


def _show(arguments: argparse.Namespace, shell: Shell) -> int:
    with desk.flowing(arguments, shell, READ, arguments.assessment) as (flow, _):
        spoken = flow.read_application(arguments.assessment)
        kinds, certificates = flow.application_kinds(spoken), flow.application_certificates(spoken)
        asked = [(one.handle, *flow.read_question(one)) for one in flow.questions(arguments.assessment)]
        trail = flow.trail(arguments.assessment)
    lines = [f"{name}  {said.text}  ->  {answer.text if answer else '-'}" for name, said, answer in asked]
    lines += [f"{moment(one.expires_ms)[:10]}  {one.number}  {one.scope}  {one.issuer}" for one in certificates]
    lines += [
        f"{one.index:6}  {moment(one.block_ms)}  {one.kind}  {one.institution}  {one.person or ''}" for one in trail
    ]
    questions = [{"question": x, "reply": y and y.text, "text": said.text} for x, said, y in asked]
    steps = [{"index": one.index, "kind": one.kind, "person": one.person} for one in trail]
    papers = [
        {"expires_ms": one.expires_ms, "issuer": one.issuer, "number": one.number, "scope": one.scope}
        for one in certificates
    ]
    documents = {name: kind.name.lower() for name, kind in kinds.items()}
    lines = [*(f"{kind:<17} {name}" for name, kind in documents.items()), *lines]
    more = {"certificates": papers, "documents": documents, "questions": questions, "steps": steps}
    return desk.show_spoken(spoken, arguments.out, shell, more, lines)
