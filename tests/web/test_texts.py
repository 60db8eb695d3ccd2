"""The two catalogues say the same things, and templates ask only for what is there."""

from __future__ import annotations

import re
from enum import Enum

import pytest

from akashi.app.conformity.exports import Form as Export
from akashi.app.desk.outputs import Kind
from akashi.checkup.readers.detection import FormatName
from akashi.conformity.flow.agreements import AGREEMENT_KINDS
from akashi.conformity.flow.boundary import Situation, Trouble
from akashi.conformity.flow.comparison import Outcome
from akashi.conformity.flow.events import CONFORMITY_FLOW_KINDS
from akashi.conformity.flow.model import (
    ApplicantKind,
    BoundaryStatus,
    Finding,
    Phase,
    RequestStatus,
    Ruling,
    Wanted,
    WithdrawnReason,
)
from akashi.conformity.flow.service import Waiting
from akashi.conformity.model import Audience, Basis, Mode, Reach, Relation, Reply, TargetKind, Verdict
from akashi.exchange.model import Destination, Form, ReadPurpose, RefuseReason, Status, WithdrawReason
from akashi.web.rendering import ENVIRONMENT, FOLDER, moment, texts
from akashi.web.visitors import MENU, NOTICES

TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
CALLS = re.compile(r"""\bt\(\s*["']([a-z_.0-9]+)["']\s*[,)]""")
FAMILIES = {
    "status.": Status,
    "purpose.": ReadPurpose,
    "destination.": Destination,
    "form.": Form,
    "withdraw.": WithdrawReason,
    "refuse.": RefuseReason,
    "cf.verdict.": Verdict,
    "cf.basis.": Basis,
    "cf.reply.": Reply,
    "cf.audience.": Audience,
    "cf.reach.": Reach,
    "cf.phase.": Phase,
    "cf.finding.": Finding,
    "cf.ruling.": Ruling,
    "cf.withdrawn.": WithdrawnReason,
    "cf.applicant.": ApplicantKind,
    "cf.wanted.": Wanted,
    "cf.request.": RequestStatus,
    "cf.boundary.": BoundaryStatus,
    "cf.situation.": Situation,
    "cf.trouble.": Trouble,
    "cf.outcome.": Outcome,
}
VALUES: dict[str, type[Enum]] = {
    "kind.": Kind,
    "kind_help.": Kind,
    "source.": FormatName,
    "cf.mode.": Mode,
    "cf.relation.": Relation,
    "cf.kind.": TargetKind,
    "cf.waiting.": Waiting,
    "cf.form.": Export,
}


def test_both_languages_have_the_same_keys() -> None:
    """No sentence is missing in either."""
    assert texts("ja").keys() == texts("en").keys()


def test_both_languages_have_the_same_places() -> None:
    """A sentence with a place for a value has it in both."""
    places = re.compile(r"\{([a-z]+)\}")

    assert [
        key
        for key in sorted(texts("ja").keys())
        if set(places.findall(texts("ja")(key))) != set(places.findall(texts("en")(key)))
    ] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_known_keys_and_nothing_inline(path: object) -> None:
    """Every text exists; there is no script, no inline style, no handler, no address of elsewhere."""
    text = (FOLDER / "templates" / str(getattr(path, "name", ""))).read_text(encoding="utf-8")
    if getattr(path, "name", "") == "base.html":  # the one script of ours, on pages that ask for it
        text = text.replace('<script src="/static/akashi.js" defer></script>', "", 1)

    assert set(CALLS.findall(text)) <= texts("ja").keys()
    assert not re.search(r"<script|style=|\son[a-z]+=|https?://|javascript:|\|\s*safe", text)
    assert text.count("\n") <= 150
    assert ENVIRONMENT.parse(text) is not None


def test_words_of_enums_have_sentences() -> None:
    """Every member that a page can show has its word."""
    wanted = {prefix + member.name.lower() for prefix, enum in FAMILIES.items() for member in enum}
    wanted |= {prefix + member.value for prefix, kinds in VALUES.items() for member in kinds}

    assert wanted <= texts("ja").keys()


def test_steps_of_an_assessment_have_sentences() -> None:
    """Whatever the ledger may hold about an assessment has its line in the record of steps."""
    tags = {one.info.tag for one in CONFORMITY_FLOW_KINDS} - {one.info.tag for one in AGREEMENT_KINDS}

    assert len(tags) == 8
    assert {f"cf.kind_{tag.replace('.', '_')}" for tag in tags} <= texts("ja").keys()


def test_menu_and_notices_have_sentences() -> None:
    """So have the menu and what is said after a form."""
    wanted = {key for _, key, _ in MENU} | {f"notice.{key}" for key in NOTICES}

    assert wanted <= texts("ja").keys()


@pytest.mark.parametrize(
    ("at_ms", "shown"),
    [(1_763_730_300_000, "2025年11月21日 22:05"), (1_772_290_800_000, "2026年3月1日 00:00"), (None, "－")],
)
def test_times_are_shown_as_in_japan(at_ms: int | None, shown: str) -> None:
    """Nine hours ahead of UTC, also over the end of a day and a month."""
    assert shown in moment(at_ms)


def test_fields_that_are_refused_have_words() -> None:
    """A field that a page of conformity refuses is named as the page calls it."""
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((FOLDER / "conformity").glob("*.py")))
    literal = set(re.findall(r'FieldWrong\(field="([a-z]+)"\)', sources))

    assert len(literal) > 10
    assert {f"cf.field.{name}" for name in [*literal, "needs", "rows", "name", "number", "scope", "issuer"]} <= texts(
        "ja"
    ).keys()
