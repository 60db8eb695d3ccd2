"""Canaries through everything that people may type, name or hand in for conformity, and then searched wherever anything remains.

Attack: whoever reads a disk, a log, the journal, the server, the ledger, an error or a public export should learn no name, text or address.
"""

from __future__ import annotations

import io
import logging
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from akashi.app.conformity import desk, exports, imports
from akashi.app.conformity.telling import target_row
from akashi.app.gateway.home import Gateway
from akashi.conformity.flow.boundary import Share, Situation, Table
from akashi.conformity.flow.comparison import Need
from akashi.conformity.flow.model import Certificate, Finding, Wanted
from akashi.conformity.flow.speaking import Spoken
from akashi.conformity.model import Answer, Audience, Reply, Target, TargetKind
from akashi.conformity.probing import Bench, Observed, Pace, Probe
from akashi.errors import AkashiError
from akashi.identity.model import Role, Session
from tests.app.service import DAY_MS, START
from tests.app.test_conformity_flow import Stage, book, joined, stage  # noqa: F401  # fixtures

NAME, TEXT, FILE, ADDRESS, HOST = (
    "鵺椿 担当",
    "鵺椿の対策文",
    "鵺椿の規程",
    "/srv/nuetsubaki-path",
    "nuetsubaki.example",
)
PASSWORD, NUMBER = "Nuetsubaki-password-99", "NUETSUBAKI-CERT-1"
NEEDLES = (NAME, TEXT, FILE, ADDRESS, HOST, PASSWORD, NUMBER, "鵺椿", "uetsubaki", "UETSUBAKI")
OPS = "mhlw-7.0-draft-ops"
CLOSED = Audience.ASSESSOR


def told(data: bytes | str) -> list[str]:
    """The canaries in a text, in the encodings that a program of ours could write it in."""
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    return [
        one
        for one in NEEDLES
        if any(
            one.encode(code, "ignore") in raw for code in ("utf-8", "utf-16-le", "cp932") if one.encode(code, "ignore")
        )
    ]


@dataclass
class Told:
    """Who typed canaries where, and the errors that came of it."""

    stage: Stage
    gateway: Gateway
    session: Session = field(repr=False)
    errors: list[AkashiError] = field(default_factory=list)

    def refused(self, call: Callable[[], object]) -> None:
        """Something that goes wrong with a canary in hand."""
        with pytest.raises(AkashiError) as caught:
            call()
        self.errors.append(caught.value)


@pytest.fixture
def said(stage: Stage, caplog: pytest.LogCaptureFixture) -> Told:  # noqa: F811  # the fixture
    """Canaries through all inputs."""
    caplog.set_level(logging.DEBUG)
    made = Told(stage, stage.service.clinic, stage.people["vendor"])
    _answered(made)
    _measured(made)
    _agreed(made)
    _provoked(made)
    return made


def _answered(made: Told) -> None:
    gateway, session = made.gateway, made.session
    kept = desk.keep_evidence(gateway, session, f"{FILE}.pdf", TEXT.encode(), "application/pdf", CLOSED)
    leaves = [item.id for item in gateway.conformity.books.shelf.catalogue(OPS).items if item.mode.value == "people"]
    answers = [Answer(OPS, item, Reply.YES, 0, (kept.handle,), CLOSED, 0, NAME, f"={TEXT}") for item in leaves[:3]]
    desk.answer(gateway, session, answers)
    rows = f"catalogue: {OPS}\nanswers:\n- {{item: '{leaves[4]}', reply: yes, text: {TEXT}, owner: {NAME}}}\n"
    rows = rows.replace("reply: yes", "reply: 'yes'")
    imports.bring(gateway, session, imports.Parcel(imports.Kind.LIST, f"{FILE}.yaml", rows.encode(), OPS))


def _measured(made: Told) -> None:
    options = {"papers": f"{FILE}.csv", "defaults": f"admin:{PASSWORD}"}
    target = Target("", TargetKind.FILE, ADDRESS, options, START + DAY_MS)
    desk.register_target(made.gateway, made.session, target)
    desk.register_target(made.gateway, made.session, Target("", TargetKind.TLS, f"{HOST}:443", {}, START + DAY_MS))

    def look(target: Target, bench: Bench) -> Observed:
        return Observed({"volumes": 1, "plain": 0}, f"{target.address} {TEXT} {PASSWORD}".encode(), "test 1")

    def trip(target: Target, bench: Bench) -> Observed:
        raise ValueError(f"{target.address} {NAME} {PASSWORD}")

    probes = [
        Probe("disk", 1, TargetKind.FILE, active=False, measure=look),
        Probe("tls", 1, TargetKind.TLS, active=True, measure=trip),
    ]
    bench = Bench(made.gateway.clock, "gateway", Pace(100), made.stage.service.home)
    made.gateway.conformity.run(probes, bench, made.session)


def _agreed(made: Told) -> None:
    flow, me = made.stage.vendor, made.session
    other = made.stage.customer
    asked = other.ask(
        flow.institution,
        Wanted.SHEET,
        START + DAY_MS,
        TEXT,
        [Need("13-6", Reply.YES, 3)],
        made.stage.people["customer"],
    )
    flow.answer(asked, Spoken(TEXT, ((f"{FILE}.xlsx", TEXT.encode()),), (("13-6", 1),)), me)
    table = Table((NAME, "customer"), (Share(TEXT, Situation.NORMAL, NAME, NAME),))
    flow.propose(other.institution, table, TEXT, me)
    planner = made.gateway.accounts.add_person(login="kikaku", name="架空 企画", roles=Role.MANAGER)
    flow.report(planner, book(), "1-1", Spoken(TEXT, ((f"{FILE}.pdf", TEXT.encode()),)), me)
    flow.keep_certificate(FILE, Certificate(NUMBER, TEXT, NAME, START + DAY_MS))
    name = flow.apply(made.stage.application(overview=TEXT, documents=((f"{FILE}.pdf", TEXT.encode()),)), me)
    question = made.stage.reviewer.ask_applicant(name, Spoken(TEXT), made.stage.people["evaluator"])
    flow.reply(name, question, Spoken(TEXT), me)
    made.stage.reviewer.evaluate(name, Finding.FIT, Spoken(TEXT), made.stage.people["evaluator"])


def _provoked(made: Told) -> None:
    gateway, session, flow = made.gateway, made.session, made.stage.vendor

    def bring(kind: imports.Kind, data: bytes, catalogue: str = OPS) -> Callable[[], object]:
        return lambda: imports.bring(gateway, session, imports.Parcel(kind, "upload", data, catalogue))

    for call in (
        bring(imports.Kind.LIST, f"catalogue: {OPS}\nanswers:\n- {{item: {NAME}}}\n".encode()),
        bring(imports.Kind.LIST, f"{NAME}: [".encode()),
        bring(imports.Kind.SHEET, TEXT.encode()),
        bring(imports.Kind.TEXT, TEXT.encode()),
        lambda: desk.declare(gateway, session, ["no-such-feature"]),
        lambda: desk.withdraw_target(gateway, session, NAME),
        lambda: desk.read_evidence(gateway, session, NAME),
        lambda: desk.answer_one(gateway, session, OPS, "no-such-item", Reply.YES, text=TEXT),
        lambda: flow.ask(NAME, Wanted.SHEET, START + DAY_MS, TEXT, [], session),
        lambda: exports.export(gateway, session, exports.Wish(exports.Form.XLSX, run=NAME)),
    ):
        made.refused(call)


def test_no_file_log_or_error_says_it(said: Told, caplog: pytest.LogCaptureFixture) -> None:
    """Every file of every home (ledger, vault, databases, journals), every log line, every error in both languages."""
    files = [path for path in said.stage.service.home.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"conformity.db", "gateway.db"}
    assert {path.name: found for path in files if (found := told(path.read_bytes()))} == {}
    assert told(caplog.text) == []
    for error in said.errors:
        shown = f"{error} {error!r} {error.params} {error.sentence('ja')} {error.hint('en')}"
        assert told(shown) == [], error.code
        assert told("".join(traceback.format_exception(error))) == [], error.code


@pytest.mark.parametrize("form", [one for one in exports.Form if one not in (exports.Form.OWN, exports.Form.PDF)])
def test_no_public_export_says_it(said: Told, form: exports.Form) -> None:
    """What is taken out for everybody has no owner, no text, no file name, no address; only verdicts and facts."""
    wish = exports.Wish(form, Audience.PUBLIC, (OPS,) if form is not exports.Form.METI else ())
    files = exports.export(said.gateway, said.session, wish)
    assert files
    for name, data in files.items():
        inner = [data]
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inner = [archive.read(one) for one in archive.namelist()]
        assert [found for one in inner if (found := told(one))] == [], name


def test_nothing_that_is_shown_by_itself_says_it(said: Told) -> None:
    """Rows of targets for REST and command line, and the ``repr`` of what passes through."""
    conformity = said.gateway.conformity
    objects = [
        *conformity.targets(), *conformity.answers.all(), *conformity.answers.evidence(), *conformity.measurements(),
        *said.stage.vendor.reports(), *said.stage.vendor.boundaries(), conformity.sealed_run(),
    ]  # fmt: skip
    assert told(repr([target_row(one) for one in conformity.targets()])) == []
    assert [found for one in objects if (found := told(repr(one)))] == []
