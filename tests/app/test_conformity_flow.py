"""The flow between real gateways: a customer, a vendor and an assessor, each with its own keys, over one server.

Everything sealed goes through the server's vault; opening keys are proven from the evidence, as in service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from akashi.app.config import GatewaySettings
from akashi.app.conformity.library import CATALOGUES
from akashi.app.desk.evidence import collected, proven_steps
from akashi.app.desk.sending import verify_opening_key
from akashi.app.gateway.answers import MissingElsewhere
from akashi.app.gateway.enrolment import FirstPerson, join
from akashi.app.gateway.home import OPENING_KEY, Gateway
from akashi.app.gateway.remote import RemotePayloads
from akashi.app.server.erasing import erase_ordered
from akashi.conformity.errors import BundleInvalid, RecordUnknown, StepRefused
from akashi.conformity.events import RunRecorded
from akashi.conformity.flow.boundary import Share, Situation, Table, Trouble, compare_tables, read_tasks
from akashi.conformity.flow.comparison import Need, Outcome
from akashi.conformity.flow.listing import bundle_file, export_list, mark_file
from akashi.conformity.flow.model import (
    ApplicantKind,
    Application,
    BoundaryStatus,
    Certificate,
    DocumentKind,
    Finding,
    Phase,
    Ruling,
    Wanted,
    WithdrawnReason,
)
from akashi.conformity.flow.service import Flow, InboxEntry, Waiting
from akashi.conformity.flow.speaking import Spoken
from akashi.conformity.model import Basis, Catalogue, Decision, Group, Item, Mode, Reply, Verdict, Words
from akashi.errors import Unavailable
from akashi.exchange.housekeeping import ORPHAN_AGE_MS
from akashi.identity.model import InstitutionRole, Role, Session
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.author import Author
from akashi.ledger.model import Actor, AuthMethod
from akashi.ledger.port import Acknowledged
from akashi.vault.errors import PayloadErased
from akashi.vault.events import PayloadErasureOrdered, payload_record
from akashi.vault.model import ErasureLevel, ErasureOutcome, ErasureReason, ScrubReport
from tests.app.line import AppChannel, remote_ledger
from tests.app.service import DAY_MS, OFFICE, PASSPHRASE, START, Cast, Service, copied

CANARY = "架空の業者が書いた秘密の対策"
SHEET = ("sheet.xlsx", b"an invented workbook")
NEEDS = [Need("13-6", Reply.YES, 3), Need("14-1", Reply.PARTLY, 1), Need("15-2", Reply.YES, 2)]
TABLE = Table(
    ("customer", "vendor"),
    (
        Share("incident.contact", Situation.EMERGENCY, "vendor", "架空データセンター"),
        Share("incident.contact", Situation.EMERGENCY, "customer"),
        Share("patients.explain", Situation.NORMAL, "customer"),
    ),
)


def book() -> Catalogue:
    """Two items, of which one asks for a report."""
    items = tuple(Item(name, "1", name, Mode.PEOPLE, Words("架空"), report=name == "1-1") for name in ("1-1", "1-2"))
    return Catalogue(
        "invented", "invented", 1, Words("架空"), "", "", "", "current", "", "", {}, (Group("1", Words("架空")),),
        items, bytes([9]) * 32,
    )  # fmt: skip


def decided(item: str, verdict: Verdict) -> Decision:
    """A decision by somebody's word."""
    return Decision("invented", item, verdict, Basis.WORD, "invented", Words("架空"), 0)


@dataclass
class Stage:
    """Everybody's flow, and sessions by role."""

    service: Service
    assessor: Gateway
    customer: Flow
    vendor: Flow
    reviewer: Flow
    people: dict[str, Session]

    def application(self, **changes: object) -> Application:
        """What the vendor submits."""
        values: dict[str, object] = {
            "assessor": self.assessor.institution, "kind": ApplicantKind.PROVIDER, "sheets": (sha256(SHEET[1]).digest(),),
            "bundle": bytes([1]) * 32, "boundary": bytes([2]) * 32, "overview": CANARY, "documents": (SHEET,),
        }  # fmt: skip
        return Application(**values | changes)  # type: ignore[arg-type]  # a mapping by construction

    def published(self, bundle: bytes, **changes: object) -> str:
        """Bring an application all the way."""
        name = self.vendor.apply(self.application(**changes), self.people["vendor"])
        self.reviewer.evaluate(name, Finding.FIT, Spoken("良好"), self.people["evaluator"])
        self.reviewer.decide_in_committee(name, Ruling.AGREED, self.people["committee"])
        self.reviewer.decide_on_board(name, Ruling.AGREED, self.people["board"])
        self.reviewer.publish(name, START + 300 * DAY_MS, sha256(bundle).digest(), self.people["board"])
        return name


def flow_of(gateway: Gateway, **changes: object) -> Flow:
    """A gateway's flow, as the faces open it."""
    values: dict[str, object] = {
        "database": gateway.paths.conformity, "author": gateway.author, "payloads": gateway.payloads,
        "openers": [gateway.keystore.opener(OPENING_KEY)], "box": gateway.keystore, "clock": gateway.clock,
        "prove_key": partial(verify_opening_key, gateway), "prove_steps": partial(proven_steps, gateway),
    }  # fmt: skip
    return Flow(**values | changes)  # type: ignore[arg-type]  # a mapping by construction


def session_of(gateway: Gateway, person: str, role: Role) -> Session:
    """Somebody signed in."""
    return Session(
        bytes(32), person, gateway.institution, "dev-0000", role, AuthMethod.PASSWORD_TOTP, bytes(32), START, START, ""
    )


ROLES = {"evaluator": Role.ASSESSOR, "committee": Role.COMMITTEE, "board": Role.BOARD}


@pytest.fixture(scope="session")
def joined(
    template: tuple[Path, Cast], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Cast, str, dict[str, str]]:
    """The closed home once an assessor has joined, with the assessor's handle and people by role."""
    home, cast = template
    with Service(copied(home, tmp_path_factory.mktemp("joined") / "home"), cast) as service:
        made = join(
            service.server,
            service.home,
            name="架空評価協会",
            number="",
            roles=InstitutionRole.ASSESSOR,
            first=FirstPerson("eva", "架空 評価", Role.MANAGER | Role.ASSESSOR),
            passphrase=PASSPHRASE,
            settings=GatewaySettings(suite=1),
            clock=service.clock,
            cost=FAST_UNSAFE_COST,
        )
        people = {"evaluator": made.person}
        for login in ("committee", "board"):
            people[login] = made.gateway.accounts.add_person(login=login, name="架空", roles=ROLES[login])
        made.gateway.close()
        return service.home, cast, made.institution, people


@pytest.fixture
def stage(joined: tuple[Path, Cast, str, dict[str, str]], tmp_path: Path) -> Iterator[Stage]:
    """An opened copy."""
    home, cast, assessor, handles = joined
    with Service(copied(home, tmp_path / "home"), cast) as service:
        gateway = Gateway.open(service.home, assessor, PASSPHRASE, service.clock, service.server)
        people = {part: session_of(gateway, person, ROLES[part]) for part, person in handles.items()}
        people |= {"customer": service.session("payer"), "vendor": service.session("clinic")}
        customer, vendor, reviewer = flow_of(service.payer), flow_of(service.clinic), flow_of(gateway)
        yield Stage(service, gateway, customer, vendor, reviewer, people)
        for flow in (customer, vendor, reviewer):
            flow.close()
        gateway.close()


def test_a_customer_asks_and_compares_with_its_own_needs(stage: Stage) -> None:
    """The vendor finds the request, answers sealed; the customer sees gaps by risk; overdue until then; nothing in the clear."""
    vendor = stage.vendor.institution
    name = stage.customer.ask(vendor, Wanted.SHEET, START + DAY_MS, CANARY, NEEDS, stage.people["customer"])
    stage.service.clock.advance(DAY_MS)
    waiting = stage.vendor.inbox()
    late = [one.handle for one in stage.customer.overdue()]
    spoken = Spoken(CANARY, (SHEET,), (("13-6", int(Reply.PARTLY)), ("14-1", int(Reply.YES)), ("15-2", 99)))
    stage.vendor.answer(name, spoken, stage.people["vendor"])

    assert waiting == [InboxEntry(Waiting.ANSWER, name, START + DAY_MS, late=True)]
    assert late == [name]
    assert stage.customer.overdue() == []
    assert stage.customer.read_answer(name) == spoken
    assert [(one.item, one.outcome) for one in stage.customer.compare_answer(name)] == [
        ("13-6", Outcome.WEAKER), ("15-2", Outcome.MISSING), ("14-1", Outcome.MET),
    ]  # fmt: skip
    assert stage.vendor.read_answer(name) == spoken
    stage.customer.close_request(name, stage.people["customer"])
    with pytest.raises(StepRefused, match=r"request\.closed"):
        stage.vendor.answer(name, spoken, stage.people["vendor"])
    kept = [path for path in stage.service.home.rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in path.read_bytes() for path in kept)


def test_a_boundary_is_agreed_to_as_it_was_proposed(stage: Stage) -> None:
    """The other side opens the table, sees what nobody has or two have, and agrees to exactly that."""
    name = stage.customer.propose(stage.vendor.institution, TABLE, "案", stage.people["customer"])
    seen = stage.vendor.table(name)
    gaps = compare_tables(read_tasks((CATALOGUES / "boundary" / "tasks.yaml").read_bytes()), [seen])
    stage.vendor.agree(name, stage.people["vendor"])

    assert sorted(seen.shares, key=repr) == sorted(TABLE.shares, key=repr)
    assert ("incident.contact", Trouble.SEVERAL, ("customer", "vendor")) in {
        (one.task, one.trouble, one.parties) for one in gaps
    }
    assert stage.customer.boundary(name).status is BoundaryStatus.AGREED
    assert stage.customer.table(name) == seen
    with pytest.raises(RecordUnknown):
        stage.reviewer.boundary(name)


def test_a_report_counts_when_it_was_received(stage: Stage) -> None:
    """An item that asks for a report is missing until the person whom it was made to has it; files open again."""
    catalogue, me = book(), stage.people["customer"]
    planner = stage.service.payer.accounts.add_person(login="kikaku", name="架空 企画", roles=Role.MANAGER)
    name = stage.customer.report(planner, catalogue, "1-1", Spoken("報告", (SHEET,)), me)
    before = stage.customer.missing_reports(catalogue, [])
    with pytest.raises(StepRefused, match=r"report\.unknown"):
        stage.customer.receive_report(name, me)
    stage.customer.receive_report(name, session_of(stage.service.payer, planner, Role.MANAGER))

    assert [one.id for one in before] == ["1-1"]
    assert stage.customer.missing_reports(catalogue, []) == []
    assert stage.customer.report_files(name) == (SHEET,)
    with pytest.raises(StepRefused, match=r"report\.item"):
        stage.customer.report(planner, catalogue, "1-2", Spoken("報告"), me)


def test_production_stays_flagged_until_everything_is_decided(stage: Stage) -> None:
    """Open: no start. Failing: only with an accepted risk. The system is in the inbox until then."""
    me, gateway = stage.people["customer"], stage.service.payer
    for run, counts in (("run-0001", (1, 0, 0, 0, 1)), ("run-0002", (1, 0, 1, 0, 0))):
        body = RunRecorded(run, bytes(32), 2, START, START, counts)
        gateway.author.submit(body, subject=run, person=me.person, auth=me.auth)
    half = [decided("1-1", Verdict.CONFORMS), decided("1-2", Verdict.UNDECIDED)]
    name = stage.customer.flag("run-0001", book(), half, me)
    with pytest.raises(StepRefused, match=r"production\.open"):
        stage.customer.start_production(name, me)
    whole = [decided("1-1", Verdict.CONFORMS), decided("1-2", Verdict.FAILS)]
    stage.customer.flag("run-0002", book(), whole, me, name)
    with pytest.raises(StepRefused, match=r"production\.fails"):
        stage.customer.start_production(name, me)
    flagged = stage.customer.inbox()
    stage.customer.accept_risk(name, "代わりの対策がある", START + DAY_MS, me)
    stage.customer.start_production(name, me)

    assert flagged == [InboxEntry(Waiting.START, name)]
    assert stage.customer.inbox() == []
    assert stage.customer.productions()[0].started_ms == START


def test_an_assessment_from_application_to_withdrawal(stage: Stage) -> None:
    """Applied, asked, replied, evaluated, endorsed, approved, published, withdrawn: both sides see the same signed steps."""
    people, bundle = stage.people, b"a redacted bundle"
    name = stage.vendor.apply(stage.application(), people["vendor"])
    question = stage.reviewer.ask_applicant(name, Spoken("控えはどこに？"), people["evaluator"])
    turns = [[one.what for one in flow.inbox()] for flow in (stage.vendor, stage.reviewer)]
    stage.vendor.reply(name, question, Spoken(CANARY, (("manual.pdf", b"%PDF"),)), people["vendor"])
    asked, reply = stage.reviewer.read_question(stage.reviewer.questions(name)[0])
    stage.reviewer.evaluate(name, Finding.FIT, Spoken("良好", (("report.pdf", b"%PDF"),)), people["evaluator"])
    stage.reviewer.decide_in_committee(name, Ruling.AGREED, people["committee"])
    with pytest.raises(StepRefused, match=r"flow\.role"):
        stage.reviewer.decide_on_board(name, Ruling.AGREED, people["committee"])
    stage.reviewer.decide_on_board(name, Ruling.AGREED, people["board"])
    stage.reviewer.publish(name, START + DAY_MS, sha256(bundle).digest(), people["board"])
    files = export_list(stage.customer.listing(), stage.service.payer.names(), START, {name: bundle})
    stage.vendor.withdraw(name, WithdrawnReason.SERVICE_ENDED, people["vendor"])

    assert turns == [[Waiting.ASSESS], []]
    assert stage.reviewer.read_application(name) == Spoken(CANARY, (SHEET,))
    assert asked.text == "控えはどこに？"
    assert reply == Spoken(CANARY, (("manual.pdf", b"%PDF"),))
    assert stage.vendor.read_evaluation(name).text == "良好"
    entry = stage.customer.listing()[0]
    assert files[bundle_file(entry)] == bundle
    assert mark_file(entry) in files
    assert "架空健診センター" in files["index.html"].decode()
    assert entry.reason is WithdrawnReason.SERVICE_ENDED
    assert stage.vendor.assessment(name).phase is Phase.WITHDRAWN
    assert stage.vendor.trail(name) == stage.reviewer.trail(name)
    kinds = [step.kind.removeprefix("conformity.") for step in stage.vendor.trail(name) if step.accepted]
    assert kinds == [
        "assessment_applied", "question_asked", "question_replied", "assessment_evaluated", "committee_decided",
        "board_decided", "assessment_published", "assessment_withdrawn",
    ]  # fmt: skip


def test_a_renewal_takes_the_place_of_the_older_entry(stage: Stage) -> None:
    """The old entry stays on the list and names the new one."""
    first = stage.published(b"one")
    second = stage.published(b"two", renews=first)

    assert {one.assessment: one.renewed_by for one in stage.customer.listing()} == {first: second, second: None}


def test_a_third_institution_learns_nothing_over_the_line(stage: Stage) -> None:
    """By the server's API: no row, no trail, no size, no bytes; the reader gets all of them."""
    name = stage.vendor.apply(stage.application(), stage.people["vendor"])
    payload = stage.vendor.assessment(name).payload
    third, reader = stage.service.gateway(OFFICE), stage.assessor
    lines = {one: AppChannel(stage.service.server, one.paths.certificate.read_bytes()) for one in (third, reader)}
    ledger_id = stage.service.server.engine.ledger_id
    outside = RemotePayloads(lines[third], ledger_id)

    assert outside.size(payload) is None
    with pytest.raises(MissingElsewhere):
        list(outside.body(payload))
    with pytest.raises(MissingElsewhere):
        outside.wrap(payload, third.keystore.opener(OPENING_KEY).key_id)
    with remote_ledger(third, lines[third]).view() as state:
        assert state.get("cfasm", name.encode()) is None
        assert list(state.scan("cfof")) == []
        assert state.get("pay", payload) is None
    with pytest.raises(MissingElsewhere):
        remote_ledger(third, lines[third]).entries(name)
    with pytest.raises(MissingElsewhere):
        lines[third].call("GET", f"/api/v1/subjects/{name}/evidence")
    assert lines[reader].call("GET", f"/api/v1/subjects/{name}/evidence").content == collected(reader, name)
    author = Author(
        remote_ledger(reader, lines[reader]), reader.keystore.signer("gateway"), reader.institution, reader.clock
    )
    remote = flow_of(reader, author=author, payloads=RemotePayloads(lines[reader], ledger_id))
    assert remote.read_application(name) == Spoken(CANARY, (SHEET,))
    assert [one.handle for one in remote.assessments()] == [name]
    remote.ask_applicant(name, Spoken("遠くから"), stage.people["evaluator"])
    assert stage.vendor.read_question(stage.vendor.questions(name)[0])[0].text == "遠くから"
    remote.close()


def test_what_the_owner_erases_is_gone_and_what_it_keeps_is_no_orphan(stage: Stage) -> None:
    """Housekeeping leaves announced payloads alone, however old; an ordered one is erased with a receipt on the ledger."""
    name = stage.vendor.apply(stage.application(), stage.people["vendor"])
    payload, server = stage.vendor.assessment(name).payload, stage.service.server
    stage.service.clock.advance(ORPHAN_AGE_MS + DAY_MS)
    server.housekeeping.run_once()
    kept = stage.reviewer.read_application(name).text
    body = PayloadErasureOrdered(payload, ErasureReason.REQUESTED)
    stage.service.clinic.author.submit(body, subject=name, person=stage.people["vendor"].person)
    done = [server.erase_delivered(), server.erase_delivered()]

    assert kept == CANARY
    assert done == [1, 0]
    with server.engine.view() as state:
        record = payload_record(state, payload)
    assert record is not None
    assert record.level is ErasureLevel.FILE
    with pytest.raises(PayloadErased):
        stage.reviewer.read_application(name)


def test_an_erasure_that_cannot_be_done_now_is_done_later(stage: Stage) -> None:
    """While the vault is away, or a reader keeps the bytes from being scrubbed, no receipt is written; the next run finds it again."""

    class Tired:
        """A vault that is away, or cannot scrub."""

        def __init__(self, *, away: bool) -> None:
            self.real, self.away = stage.service.server.vault, away

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

        def erase(self, payload_id: bytes, order_id: bytes) -> ErasureOutcome:
            if self.away:
                raise Unavailable
            return self.real.erase(payload_id, order_id)

        def scrub(self) -> ScrubReport:
            return ScrubReport((), 1)

    name = stage.vendor.apply(stage.application(), stage.people["vendor"])
    body = PayloadErasureOrdered(stage.vendor.assessment(name).payload, ErasureReason.REQUESTED)
    stage.service.clinic.author.submit(body, subject=name, person=stage.people["vendor"].person)
    author, clock = stage.service.server.machine, stage.service.clock
    tired = [erase_ordered(author, Tired(away=away), clock) for away in (True, False)]  # type: ignore[arg-type]  # a vault by delegation

    assert tired == [0, 0]
    assert stage.service.server.erase_delivered() == 1


def test_nothing_is_sealed_to_a_key_that_is_not_proven(stage: Stage) -> None:
    """Where the evidence proves another key than the state names, the step is refused before anything leaves."""
    flow = flow_of(stage.service.clinic, prove_key=lambda _: bytes(32))
    with pytest.raises(StepRefused, match=r"flow\.opening_key"):
        flow.apply(stage.application(), stage.people["vendor"])
    flow.close()

    assert stage.vendor.assessments() == []


def test_another_payload_than_was_signed_is_refused(stage: Stage) -> None:
    """A commitment that does not fit what was opened: nothing is shown."""
    name = stage.vendor.apply(stage.application(), stage.people["vendor"])

    payload, overview = stage.vendor.assessment(name).payload, stage.vendor.assessment(name).overview
    with pytest.raises(BundleInvalid, match=r"flow\.unproven"):
        stage.reviewer.open(payload, bytes(32), name)
    with pytest.raises(BundleInvalid, match=r"flow\.commitment"):
        stage.reviewer.open_signed(payload, name, signed=overview, commitment=bytes(32))


def test_the_servers_word_is_not_enough(stage: Stage) -> None:
    """Attack: the server seals its own words to the customer's key and lets the state say that the vendor answered so.

    Without a proven operation of the vendor nothing is shown; with evidence that does not verify neither.
    """
    name = stage.customer.ask(stage.vendor.institution, Wanted.SHEET, START + DAY_MS, "", [], stage.people["customer"])
    stage.vendor.answer(name, Spoken(CANARY), stage.people["vendor"])
    silent = flow_of(stage.service.payer, prove_steps=lambda _: [])
    foreign = [one._replace(actor=Actor("inst-forger")) for one in proven_steps(stage.service.payer, name)]
    forged = flow_of(stage.service.payer, prove_steps=lambda _: foreign)

    for flow in (silent, forged):
        with pytest.raises(BundleInvalid, match=r"flow\.unproven"):
            flow.read_answer(name)
        flow.close()
    assert stage.customer.read_answer(name).text == CANARY


def test_a_step_without_an_answer_is_said_again_and_counts_once(stage: Stage) -> None:
    """The line breaks after the server has it: kept, said again unchanged, one request."""

    class Deaf:
        """Passes everything on and loses the answers."""

        def __init__(self) -> None:
            self.real, self.deaf = stage.service.payer.ledger, True

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

        def submit(self, envelope: bytes) -> Acknowledged:
            done = self.real.submit(envelope)
            if self.deaf:
                raise Unavailable
            return done

    gateway, line = stage.service.payer, Deaf()
    author = Author(line, gateway.keystore.signer("gateway"), gateway.institution, gateway.clock)  # type: ignore[arg-type]  # a ledger by delegation
    flow = flow_of(gateway, author=author)
    with pytest.raises(Unavailable):
        flow.ask(stage.vendor.institution, Wanted.SLA, START + DAY_MS, "", [], stage.people["customer"])
    line.deaf = False
    settled = [flow.resume(), flow.resume()]
    flow.close()

    assert settled == [1, 0]
    assert len(stage.vendor.requests()) == 1


def test_certificates_of_third_parties_warn_before_they_expire(stage: Stage) -> None:
    """Kept sealed, with number, scope and issuer; in the inbox before and after the day."""
    soon = Certificate("JP-0001", "データセンター運用", "架空認証機関", START + 30 * DAY_MS)
    stage.vendor.keep_certificate("isms", soon)
    stage.vendor.keep_certificate("privacy", Certificate("JP-0002", "全社", "架空協会", START + 900 * DAY_MS))
    before = stage.vendor.inbox()
    stage.service.clock.advance(31 * DAY_MS)

    assert before == [InboxEntry(Waiting.CERTIFICATE, "isms", soon.expires_ms)]
    assert stage.vendor.inbox() == [InboxEntry(Waiting.CERTIFICATE, "isms", soon.expires_ms, late=True)]
    assert stage.vendor.certificates()["isms"] == soon


def test_manuals_and_certificates_go_along_with_an_application(stage: Stage) -> None:
    """The assessor sees which document is the manual, which tells users what matters, and each certificate's end."""
    iso = Certificate("JP-0001", "データセンター運用", "架空認証機関", START + 30 * DAY_MS)
    manual, told = ("manual.pdf", b"%PDF-1"), ("juyou.pdf", b"%PDF-2")
    kinds = (("manual.pdf", DocumentKind.MANUAL), ("juyou.pdf", DocumentKind.IMPORTANT_MATTERS))
    application = stage.application(documents=(SHEET, manual, told), kinds=kinds, certificates=(iso,))
    spoken = stage.reviewer.read_application(stage.vendor.apply(application, stage.people["vendor"]))

    assert stage.reviewer.application_kinds(spoken) == {SHEET[0]: DocumentKind.EVIDENCE} | dict(kinds)
    assert stage.reviewer.application_certificates(spoken) == [iso]
    with pytest.raises(StepRefused, match=r"assessment\.documents"):
        stage.vendor.apply(stage.application(kinds=kinds), stage.people["vendor"])
