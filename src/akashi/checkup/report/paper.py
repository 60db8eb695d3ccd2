"""Results as an A4 PDF: of one person, or of many, one after the other.

Guarantees: the same views and time give the same bytes on a machine with the same fonts; texts go in as data and are never read as typst
source; each person begins on a page of their own, and their name and the page's number among theirs stand on each page; nothing depends on
colour. Refuses: to print Japanese with a font that lacks it (:class:`PaperMissing`), and more than :data:`MOST_PRINTED` people at once. Trusts: the
typst library with the data of the views; it gets no files, no packages and no network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import typst

from akashi.checkup.errors import PaperMissing, TooManyPeople
from akashi.checkup.report.view import Cell, PersonView, Row, remarks
from akashi.checkup.report.words import minute, words
from akashi.errors import Misuse

Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data]"
FONTS = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "BIZ UDPGothic", "IPAexGothic", "IPAGothic",
    "VL Gothic", "TakaoGothic",
)  # fmt: skip
"""Free fonts with Japanese, the best first."""
MOST_PRINTED = 200
"""People of one PDF: what a pile of paper and a request can bear."""
_SOURCE = Path(__file__).with_name("paper.typ")
# Control and direction marks could hide or reorder what stands beside them; lone surrogates cannot be printed.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff0-\uffff]")
_ASCII_RUN = re.compile(r"[!-~]{9,}")


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, ...]:
    known = set(typst.Fonts().families())
    return tuple(one for one in FONTS if one in known)


def write_paper(view: PersonView, made_ms: int) -> bytes:
    """The PDF; ``made_ms`` is the time it names. Raises :class:`PaperMissing`."""
    return write_papers([view], made_ms)


def write_papers(views: Iterable[PersonView], made_ms: int) -> bytes:
    """The PDF of several people of one language, in the order given. Raises :class:`PaperMissing`, :class:`TooManyPeople`."""
    fonts = _fonts()
    if not fonts:
        raise PaperMissing(name=FONTS[0])
    chosen = list(islice(views, MOST_PRINTED + 1))
    if len(chosen) > MOST_PRINTED:
        raise TooManyPeople(limit=MOST_PRINTED)
    if not chosen:
        raise Misuse(what="paper for nobody")
    data = paper_data(chosen, made_ms) | {"fonts": list[Data](fonts)}
    compiler = typst.Compiler(
        _SOURCE.read_bytes(), root=str(_SOURCE.parent), sys_inputs={"data": json.dumps(data, sort_keys=True)}
    )
    made = compiler.compile(format="pdf", timestamp=made_ms // 1000)
    if not isinstance(made, bytes):
        raise PaperMissing(name="typst")
    return made


def printable(text: str) -> str:
    """A text for paper: no control or direction marks, and long words of ASCII may break after every eighth sign."""
    clean = _UNSEEN.sub("\ufffd", text.replace("\r\n", " ").replace("\n", " "))
    return _ASCII_RUN.sub(lambda run: "\u200b".join(run[0][at : at + 8] for at in range(0, len(run[0]), 8)), clean)


def paper_data(views: Sequence[PersonView], made_ms: int) -> dict[str, Data]:
    """Everything that stands on the paper, as data. At least one view."""
    said = words(views[0].language)
    return {
        "lang": views[0].language,
        "words": {key: printable(text) for key, text in said.items()},
        "title": views[0].title,
        "made": f"{said['printed']} {minute(made_ms)}",
        "people": [_person(view) for view in views],
    }


def _person(view: PersonView) -> Data:
    said = words(view.language)
    return {
        "title": view.title,
        "name": printable(view.name),
        "left_out": said["left_out"].format(count=view.left_out) if view.left_out else "",
        "facts": [[printable(label), printable(text)] for label, text in view.facts],
        "visits": [
            {
                "day": printable(one.day or one.shown),
                "shown": printable(one.shown),
                "facts": [[printable(label), printable(text)] for label, text in one.facts],
            }
            for one in view.visits
        ],
        "sections": [
            {"title": printable(section.title), "rows": [_row(row, view) for row in section.rows]}
            for section in view.sections
        ],
    }


def _row(row: Row, view: PersonView) -> Data:
    shown: list[Data] = [_cell(one, view.language) if one else "" for one in row.cells]
    return {
        "name": printable(row.name),
        "note": printable(row.note),
        "unit": printable(row.unit),
        "range": printable(row.range),
        "wide": row.wide,
        "cells": shown,
    }


def _cell(cell: Cell, language: str) -> Data:
    return {
        "value": printable(cell.value),
        "flag": printable(cell.flag),
        "judgement": printable(cell.judgement),
        "differs": printable(cell.differs),
        "unit": printable(cell.unit),
        "range": printable(cell.range),
        "told": [printable(text) for text in remarks(cell, language)],
    }
