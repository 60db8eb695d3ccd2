"""What ``akashi checkup fhir check`` looks at and tells: one FHIR document, a zip of them, or a folder.

Guarantees: one document is in memory at a time; a zip is bounded and never unpacked to disk (``archive.members``), links and hidden files are
not followed; one that cannot be read is told with the others and counts as broken; places and rules are told, no value. Refuses: what
holds no document at all. Trusts nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from akashi.app.checkup.batch_inputs import Found, Zips, find_inputs, opened_input, shown
from akashi.checkup.fhir.checker import Problem, check_bundle, problems_json
from akashi.checkup.fhir.strict_json import parse
from akashi.checkup.readers.bundles import ENDING
from akashi.checkup.readers.detection import is_zip
from akashi.checkup.readers.opening import DOCUMENT_LIMIT
from akashi.cli.checkup.bench import reading
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell
from akashi.errors import AkashiError, InputError

_MOST_SHOWN = 100
# Of one document everything is told to a program; of thousands the counts and the first of each.
_MOST_ALONE, _MOST_EACH = 10_000, 20
_HEAD = 4


class DocumentsMissing(InputError):
    """A zip or a folder without one FHIR document in it; nothing was checked."""

    code = "cli.fhir_none"
    ja, en = "「{name}」に FHIR 文書がありません。", "`{name}` holds no FHIR document."
    hint_ja = "名前が .json で終わるファイル、それを入れた ZIP かフォルダーを指定してください。"
    hint_en = "Name a file that ends in .json, or a zip or folder of such files."


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one document: the first problems, how many there are, or why it could not be read."""

    name: str
    problems: tuple[Problem, ...] = ()
    broken: int = 0
    warnings: int = 0
    fault: AkashiError | None = None

    def value(self, language: str) -> dict[str, object]:
        """For a program."""
        made: dict[str, object] = {
            "broken": self.broken, "file": self.name, "problems": json.loads(problems_json(self.problems)),
            "warnings": self.warnings,
        }  # fmt: skip
        if self.fault is not None:
            made["unread"] = {"code": self.fault.code, "message": self.fault.sentence(language)}
        return made


def documents_of(path: Path, shell: Shell) -> tuple[list[Checked], int]:
    """What was found in each document at ``path``, and how many other things are there. Raises :class:`DocumentsMissing` or the reading errors."""
    if path.is_dir() or _zipped(path):
        return _several(path, shell)
    return [_verdict(shown(path.name), read_bounded(path, DOCUMENT_LIMIT))], 0


def _zipped(path: Path) -> bool:
    with reading(path) as stream:
        return is_zip(stream.read(_HEAD))


def _several(path: Path, shell: Shell) -> tuple[list[Checked], int]:
    """Every document of a zip or folder, and how many other things are there. Raises :class:`DocumentsMissing`, or why a zip is unsafe."""
    inputs = find_inputs([path], None, DOCUMENT_LIMIT)
    documents = [one for one in inputs.found if one.fault is not None or one.name.casefold().endswith(ENDING)]
    if len(inputs.found) == 1 and inputs.found[0].fault is not None:
        raise inputs.found[0].fault.error()
    if not documents:
        raise DocumentsMissing(name=shown(path.name))
    show = shell.progress(shell.choose("確認", "checking"))
    checked = []
    for number, one in enumerate(_each(documents), 1):
        checked.append(one)
        show(number, len(documents))
    return checked, len(inputs.left_out) + len(inputs.found) - len(documents)


def _each(documents: list[Found]) -> Iterator[Checked]:
    with closing(Zips(DOCUMENT_LIMIT)) as zips:
        for one in documents:
            try:
                with opened_input(one, zips) as stream:
                    data = stream.read(DOCUMENT_LIMIT + 1)
                yield _verdict(one.name, data, _MOST_EACH)
            except AkashiError as error:
                yield Checked(one.name, fault=error)


def _verdict(name: str, data: bytes, most: int = _MOST_ALONE) -> Checked:
    """Raises the reading errors of ``strict_json``."""
    problems = check_bundle(parse(data, DOCUMENT_LIMIT))
    broken = sum(not one.warns for one in problems)
    return Checked(name, problems[:most], broken, len(problems) - broken)


def told(checked: list[Checked], left_out: int, shell: Shell) -> tuple[dict[str, object], list[str]]:
    """The summary for a program and for a person: one line for all, then file by file what is wrong."""
    unread = sum(one.fault is not None for one in checked)
    broken, warnings = sum(one.broken for one in checked), sum(one.warnings for one in checked)
    value: dict[str, object] = {
        "broken": broken, "documents": len(checked), "files": [one.value(shell.language) for one in checked],
        "left_out": left_out, "unread": unread, "warnings": warnings,
    }  # fmt: skip
    figures = [
        (shell.choose("文書", "documents"), len(checked)),
        (shell.choose("外れている規則", "broken rules"), broken),
        (shell.choose("注意", "warnings"), warnings),
        (shell.choose("読めない文書", "unreadable"), unread),
        (shell.choose("対象外のファイル", "other files"), left_out),
    ]
    # What is nought and seldom is not said: a good document has one short line.
    lines = [", ".join(f"{name}: {count}" for name, count in [*figures[:3], *(one for one in figures[3:] if one[1])])]
    lines += _places(checked, shell)
    return value, lines


def _places(checked: list[Checked], shell: Shell) -> list[str]:
    """Document by document what is wrong: the first of each, and how many more."""
    wrong, lines = [one for one in checked if one.fault is not None or one.problems], list[str]()
    for one in wrong[:_MOST_SHOWN]:
        lines.append(f"{one.name}: {_short(one, shell)}")
        first = one.problems[:_MOST_SHOWN]
        for problem in first:
            where = f"entry {problem.entry}" if problem.entry >= 0 else "Bundle"
            lines.append(f"  {where}: {problem.sentence(shell.language)}")
        if more := one.broken + one.warnings - len(first):
            lines.append(shell.choose(f"  ほか {more} 件", f"  {more} more"))
    if (more := len(wrong) - _MOST_SHOWN) > 0:
        lines.append(shell.choose(f"ほか {more} 文書", f"{more} more documents"))
    return lines


def _short(one: Checked, shell: Shell) -> str:
    if one.fault is not None:
        return one.fault.sentence(shell.language)
    return shell.choose(
        f"外れている規則 {one.broken}, 注意 {one.warnings}", f"broken rules {one.broken}, warnings {one.warnings}"
    )
