"""``akashi conformity assess apply``: an application with its sheets, bundle, boundary, manuals and certificates."""

from __future__ import annotations

import argparse
from hashlib import sha256
from pathlib import Path
from typing import Any

from akashi.app.conformity.desk import SUBMIT
from akashi.cli.flow import desk
from akashi.cli.shell import BadArguments, Shell
from akashi.conformity.errors import StepRefused
from akashi.conformity.flow.asking import TABLE
from akashi.conformity.flow.boundary import dump_table
from akashi.conformity.flow.model import ApplicantKind, Application, BoundaryStatus, DocumentKind
from akashi.conformity.flow.service import Flow

_NAME = "akashi conformity assess apply"
_KINDS = desk.words(ApplicantKind)
_AGREED = "bnd-"
Document = tuple[DocumentKind, str, bytes]


def declare(inner: argparse._SubParsersAction[Any], parent: argparse.ArgumentParser) -> None:
    """Add the step."""
    example = f"{_NAME} --to inst-… --kind provider --sheet a.xlsx --bundle a.akashi --boundary bnd-… --as mori"
    parser = desk.step(inner, parent, _run, "apply", "apply to an assessor, sealed to it", example)
    parser.add_argument("--to", required=True, metavar="INST", help="the assessor (inst-…)")
    parser.add_argument("--kind", choices=sorted(_KINDS), required=True, help="who applies")
    parser.add_argument("--sheet", action="append", type=Path, required=True, metavar="FILE", help="repeatable")
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the conformity bundle")
    text = "the table of responsibilities: an agreed one by its handle, or a file"
    parser.add_argument("--boundary", required=True, metavar="BOUNDARY|FILE", help=text)
    for option, text in (("manual", "a manual; repeatable"), ("important-matters", "重要事項説明; repeatable")):
        parser.add_argument(f"--{option}", action="append", type=Path, default=[], metavar="FILE", help=text)
    text = "a third party's certificate, by the name it is kept under; repeatable"
    parser.add_argument("--certificate", action="append", default=[], metavar="NAME", help=text)
    parser.add_argument("--renews", metavar="ASSESSMENT", help="the published assessment that this one renews")
    desk.spoken_options(parser)


def _documents(arguments: argparse.Namespace) -> list[Document]:
    """What goes along, each file with what it is; the boundary comes last where it is a file."""
    kinds, own = DocumentKind, [] if arguments.boundary.startswith(_AGREED) else [Path(arguments.boundary)]
    given = [(kinds.SHEET, arguments.sheet), (kinds.BUNDLE, [arguments.bundle]), (kinds.MANUAL, arguments.manual)]
    given += [(kinds.IMPORTANT_MATTERS, arguments.important_matters), (kinds.EVIDENCE, arguments.file)]
    given.append((kinds.BOUNDARY, own))
    return [(kind, name, data) for kind, paths in given for name, data in desk.read_files(paths)]


def _agreed(flow: Flow, name: str) -> tuple[Document, bytes]:
    """An agreed table as both sides signed it, with the digest that they signed."""
    found = flow.boundary(name)
    if found.status is not BoundaryStatus.AGREED:
        raise StepRefused(reason="boundary.not_agreed")
    return (DocumentKind.BOUNDARY, TABLE, dump_table(flow.table(name))), found.digest


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    documents, text = _documents(arguments), desk.words_needed(arguments, _NAME)
    with desk.flowing(arguments, shell, SUBMIT) as (flow, session):
        kept = flow.certificates()
        if not set(arguments.certificate) <= set(kept):
            raise BadArguments(what="--certificate", command=_NAME)
        if documents[-1][0] is DocumentKind.BOUNDARY:
            boundary = sha256(documents[-1][2]).digest()
        else:
            agreed, boundary = _agreed(flow, arguments.boundary)
            documents.append(agreed)
        digests = {k: tuple(sha256(data).digest() for kind, _, data in documents if kind is k) for k in DocumentKind}
        wish = Application(
            arguments.to, _KINDS[arguments.kind], digests[DocumentKind.SHEET], digests[DocumentKind.BUNDLE][0],
            boundary, text, tuple((name, data) for _, name, data in documents), arguments.renews,
            tuple((name, kind) for kind, name, _ in documents), tuple(kept[name] for name in arguments.certificate),
        )  # fmt: skip
        return desk.done(flow.apply(wish, session), shell)
