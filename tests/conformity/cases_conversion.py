"""Good and broken fixtures of what conversion does: writers, readers, pages, maps and checks are really broken, then measured."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from akashi.app.desk.outputs import Kind, written
from akashi.app.resultcheck import intake, maps, shown, standards
from akashi.checkup import NeutralRecord, load_map
from akashi.checkup.approval.model import RetireReason, Usable
from akashi.checkup.approval.service import MapApprovals
from akashi.checkup.archive.claims import read_claim
from akashi.checkup.checks.running import check_records
from akashi.checkup.findings.export import findings_file
from akashi.checkup.readers.opening import read_any
from akashi.checkup.report.emergency import RESULTS, write_emergency
from akashi.checkup.report.page import person_page
from akashi.checkup.report.paper import write_paper
from akashi.checkup.report.view import PersonView
from akashi.conformity.model import Measurement
from tests.app.service import CLINIC
from tests.checkup.approval.texts import text
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, Stage, probed


def _with(patches: list[Any], probe: str, prepare: Callable[[Stage], object] = lambda _: None) -> list[Measurement]:
    """Measure while parts of the program are replaced."""
    for one in patches:
        one.start()
    try:
        return probed(probe, prepare)
    finally:
        for one in reversed(patches):
            one.stop()


def _reading(change: Callable[[NeutralRecord], NeutralRecord]) -> list[Any]:
    """Readers that give other records than the file holds."""

    def read(*args: Any, **rest: Any) -> tuple[Any, Iterator[NeutralRecord]]:
        name, records = read_any(*args, **rest)
        return name, (change(one) for one in records)

    return [patch.object(standards, "read_any", read)]


def _last_lost(one: NeutralRecord) -> NeutralRecord:
    return replace(one, items=one.items[:-1])


def _rounded(one: NeutralRecord) -> NeutralRecord:
    """Digits behind the point are lost."""
    return replace(one, items=tuple(replace(item, standard=item.standard.partition(".")[0]) for item in one.items))


def _without(*kinds: Kind) -> list[Any]:
    """A program that does not write some formats."""
    return [patch.object(standards, "written", lambda kind, job: [] if kind in kinds else written(kind, job))]


def _newest_only() -> list[Any]:
    """A reader of claims that knows one version."""
    return [patch.object(standards, "read_claim", lambda data: replace(read_claim(data), version=4))]


def _pages(change: Callable[[bytes], bytes]) -> list[Any]:
    def page(view: PersonView) -> bytes:
        return change(person_page(view))

    return [patch.object(shown, "person_page", page)]


def _short_paper() -> list[Any]:
    """Paper without its last table."""
    return [
        patch.object(
            shown, "write_paper", lambda view, at: write_paper(replace(view, sections=view.sections[:-1]), at)
        )
    ]  # fmt: skip


def _export(change: Callable[[str, bytes], bytes | None]) -> list[Any]:
    """An export with changed or missing members."""

    def write(*args: Any, **rest: Any) -> bytes:
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(write_emergency(*args, **rest))) as old,
            zipfile.ZipFile(out, "w") as new,
        ):
            for name in old.namelist():
                content = change(name, old.read(name))
                if content is not None:
                    new.writestr(name, content)
        return out.getvalue()

    return [patch.object(shown, "write_emergency", write)]


def _approved(st: Stage) -> None:
    """Two versions of a map of the clinic's own."""
    clinic, session = st.service.clinic, st.service.session(CLINIC)
    clinic.map_approvals.approve(text(), session)
    clinic.map_approvals.approve(text(2), session)


def _retired(st: Stage) -> None:
    """Every map was taken out of use."""
    _approved(st)
    clinic, session = st.service.clinic, st.service.session(CLINIC)
    for one in clinic.map_approvals.versions():
        clinic.map_approvals.retire(one.map, one.version, RetireReason.OTHER, session)


def _altered(st: Stage) -> None:
    """Somebody put one text in the place of another."""
    _approved(st)
    clinic = st.service.clinic
    with closing(sqlite3.connect(clinic.paths.map_documents)) as other, other:
        one, two = (row[0] for row in other.execute("SELECT key FROM documents WHERE space = 'text' ORDER BY key"))
        query = "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE key = ?) WHERE key = ?"
        other.execute(query, (one, two))


class Trusting(MapApprovals):
    """A store of maps that compares no text with its approval."""

    def look(self) -> Any:
        """Everything that lies there counts as approved."""
        known = self.versions()[0]
        texts = [self._documents.get("text", one.digest.hex()) for one in self._texts.assigned()]
        return [Usable(known, load_map(str(one.value))) for one in texts if one is not None], []


def _quiet(*codes: str) -> list[Any]:
    """Checks that do not say some findings."""

    def checked(records: Any, items: Any, program: str, on: Any, say: Any) -> Any:
        return check_records(records, items, program, on, lambda one: None if one.code in codes else say(one))

    return [patch.object(intake, "check_records", checked)]


def _first_only(said: Any, *rest: Any) -> bytes:
    """A list that ends after one finding."""
    return findings_file(said[:1], *rest)


CASES: list[Case] = [
    ("formats.standard", "as shipped", GOOD, lambda: probed("standards")),
    ("formats.standard", "a result lost", BROKEN, lambda: _with(_reading(_last_lost), "standards")),
    ("formats.standard", "digits lost", BROKEN, lambda: _with(_reading(_rounded), "standards")),
    ("formats.standard", "no FHIR", BROKEN, lambda: _with(_without(Kind.FHIR), "standards")),
    ("formats.older", "as shipped", GOOD, lambda: probed("standards")),
    ("formats.older", "old codes lost", BROKEN, lambda: _with(_reading(_last_lost), "standards")),
    ("formats.older", "new claims only", BROKEN, lambda: _with(_newest_only(), "standards")),
    ("results.shown", "as shipped", GOOD, lambda: probed("results")),
    (
        "results.shown",
        "half a page",
        BROKEN,
        lambda: _with(_pages(lambda page: page[: len(page) // 2].rpartition(b"<")[0]), "results"),
    ),
    ("results.shown", "a table lacks on paper", BROKEN, lambda: _with(_short_paper(), "results")),
    ("results.emergency", "as shipped", GOOD, lambda: probed("results")),
    (
        "results.emergency",
        "a person lacks",
        BROKEN,
        lambda: _with(_export(lambda name, data: None if name.endswith("1.html") else data), "results"),
    ),
    (
        "results.emergency",
        "a row lacks",
        BROKEN,
        lambda: _with(
            _export(lambda name, data: data.rpartition(b"\r\n")[0].rpartition(b"\r\n")[0] if name == RESULTS else data),
            "results",
        ),
    ),
    (
        "results.emergency",
        "a script",
        BROKEN,
        lambda: _with(
            _export(lambda name, data: data + b"<script></script>" if name.endswith(".html") else data), "results"
        ),
    ),
    ("maps.approved", "two versions", GOOD, lambda: probed("maps", _approved)),
    ("maps.approved", "none", BROKEN, lambda: probed("maps")),
    ("maps.approved", "all retired", BROKEN, lambda: probed("maps", _retired)),
    ("maps.approved", "one altered", BROKEN, lambda: probed("maps", _altered)),
    (
        "maps.approved",
        "all believed",
        BROKEN,
        lambda: _with([patch.object(maps, "MapApprovals", Trusting)], "maps", _approved),
    ),
    ("input.checked", "as shipped", GOOD, lambda: probed("wrong_input")),
    ("input.checked", "BMI believed", BROKEN, lambda: _with(_quiet("bmi.differs"), "wrong_input")),
    ("input.checked", "people twice", BROKEN, lambda: _with(_quiet("persons.duplicate"), "wrong_input")),
    (
        "input.checked",
        "half lists",
        BROKEN,
        lambda: _with([patch.object(intake, "findings_file", _first_only)], "wrong_input"),
    ),
]
