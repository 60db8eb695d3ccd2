"""``akashi conformity assess``: an assessment, from the application to the public list."""

from __future__ import annotations

import argparse
from hashlib import sha256
from pathlib import Path

from akashi.app.conformity.desk import READ, SUBMIT
from akashi.cli.flow import decide, desk
from akashi.cli.shell import Parser, Shell, moment
from akashi.conformity.flow.model import ApplicantKind, Application, DocumentKind

NAME = "akashi conformity assess"
_KINDS = desk.words(ApplicantKind)


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
    example = f"{NAME} apply --to inst-… --kind provider --sheet a.xlsx --bundle a.akashi --boundary b.xlsx --as mori"
    applied = desk.step(inner, parent, _apply, "apply", "apply to an assessor, sealed to it", example)
    applied.add_argument("--to", required=True, metavar="INST", help="the assessor (inst-…)")
    applied.add_argument("--kind", choices=sorted(_KINDS), required=True, help="who applies")
    applied.add_argument("--sheet", action="append", type=Path, required=True, metavar="FILE", help="repeatable")
    applied.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the conformity bundle")
    applied.add_argument("--boundary", type=Path, required=True, metavar="FILE", help="the table of responsibilities")
    applied.add_argument("--renews", metavar="ASSESSMENT", help="the published assessment that this one renews")
    desk.spoken_options(applied)
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
        asked = [(one.handle, *flow.read_question(one)) for one in flow.questions(arguments.assessment)]
        trail = flow.trail(arguments.assessment)
    lines = [f"{name}  {said.text}  ->  {answer.text if answer else '-'}" for name, said, answer in asked]
    lines += [
        f"{one.index:6}  {moment(one.block_ms)}  {one.kind}  {one.institution}  {one.person or ''}" for one in trail
    ]
    questions = [{"question": x, "reply": y and y.text, "text": said.text} for x, said, y in asked]
    steps = [{"index": one.index, "kind": one.kind, "person": one.person} for one in trail]
    desk.show_spoken(spoken, arguments.out, shell, {"questions": questions, "steps": steps}, lines)
    return 0


def _apply(arguments: argparse.Namespace, shell: Shell) -> int:
    sheets = desk.read_files(arguments.sheet)
    (bundle, boundary), spoken = desk.read_files([arguments.bundle, arguments.boundary]), desk.said(arguments)
    digests = [sha256(data).digest() for _, data in (*sheets, bundle, boundary)]
    files = (*sheets, bundle, boundary, *spoken.files)
    kind, renews = _KINDS[arguments.kind], arguments.renews
    wish = Application(
        arguments.to, kind, tuple(digests[:-2]), digests[-2], digests[-1], spoken.text, files, renews,
        (*((name, DocumentKind.SHEET) for name, _ in sheets), (bundle[0], DocumentKind.BUNDLE),
         (boundary[0], DocumentKind.BOUNDARY)),
    )  # fmt: skip
    with desk.flowing(arguments, shell, SUBMIT) as (flow, session):
        return desk.done(flow.apply(wish, session), shell)
