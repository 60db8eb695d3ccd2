"""Runs on a real ledger, and bundles that verify offline or are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.desk.evidence import collected
from akashi.app.errors import ServerAway
from akashi.app.wiring import KINDS
from akashi.conformity.catalogues.catalogue import Shelf, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.errors import AnswerUnsaid
from akashi.conformity.model import Audience, Facts, Reply, Target, TargetKind
from akashi.conformity.probing import Bench, Pace
from akashi.conformity.proof.bundle import MAGIC, apart_bytes, open_apart, parse_bundle, write_bundle
from akashi.conformity.proof.commitments import commitment_root
from akashi.conformity.proof.items import Sealed
from akashi.conformity.proof.recomputing import State
from akashi.conformity.proof.verify import Report, Rulebook, verify_conformity, verify_parsed
from akashi.conformity.service import Conformity
from akashi.ledger.errors import EncodingError
from akashi.ledger.port import Ledger
from akashi.ledger.proof.verdict import Status
from akashi.ledger.wire import cbor
from tests.app.service import CLINIC, Service
from tests.conformity.small import DAY, LINKS, NOW, answer, door_probe, small_judges

RULES = Rulebook(small_judges(), frozenset({"windows", "keys", "cards"}), KINDS)
GOOD: Facts = {"locked": True, "days": 1}
SECRET = "担当者の名前 印 太郎"


def measure(service: Service, conformity: Conformity, facts: Facts = GOOD) -> Sealed:
    """Register a target, answer, and run."""
    session = service.session(CLINIC)
    target = Target("", TargetKind.MACHINE, "this machine", {}, NOW + DAY)
    conformity.register_target(target, session)
    conformity.answers.give([answer("c", text=SECRET, owner=SECRET), answer("b", audience=Audience.PUBLIC)], session)
    bench = Bench(service.clock, "here", Pace(100), service.home)
    record = conformity.run([door_probe(facts)], bench, session)
    return conformity.sealed_run(record.run)


def bundle(service: Service, conformity: Conformity, sealed: Sealed, audience: Audience = Audience.PUBLIC) -> bytes:
    """The bundle for an audience."""
    return write_bundle(
        sealed,
        evidence=collected(service.gateway(CLINIC), sealed.head.run),
        catalogues=conformity.books.shelf.catalogues,
        links=conformity.books.crosswalk.links,
        audience=audience,
    )


def trust(service: Service) -> bytes:
    """The pinned trust file."""
    return service.gateway(CLINIC).paths.trust.read_bytes()


def check(service: Service, data: bytes) -> Report:
    """Verify offline."""
    return verify_conformity(data, trust(service), RULES, NOW)


def test_everything_disclosed_is_recomputed(service: Service, conformity: Conformity) -> None:
    """The assessor's bundle: every verdict follows again, and the run's record is proven."""
    report = check(service, bundle(service, conformity, measure(service, conformity), Audience.ASSESSOR))
    assert (report.status, report.failure) == (Status.VERIFIED, None)
    assert report.count(State.RECOMPUTED) == len(report.rows) == 10
    assert report.head is not None
    assert report.head.institution == service.cast.handles[CLINIC]


def test_the_public_bundle_withholds_and_says_so(service: Service, conformity: Conformity) -> None:
    """An answer for the assessor is not in it; the verdicts on it are withheld, all others follow."""
    sealed = measure(service, conformity)
    data = bundle(service, conformity, sealed)
    report = check(service, data)
    withheld = {f"{row.decision.catalogue}/{row.decision.item}" for row in report.rows if row.state is State.WITHHELD}
    assert report.status is Status.VERIFIED
    assert withheld == {"new/c", "old/c"}
    assert SECRET.encode() not in data
    assert b"raw output" not in data


def test_without_a_trust_file_it_is_only_consistent(service: Service, conformity: Conformity) -> None:
    """No trust, no word of proof."""
    data = bundle(service, conformity, measure(service, conformity))
    assert verify_conformity(data, None, RULES, NOW).status is Status.SELF_CONSISTENT


def test_what_was_sealed_to_the_assessor_is_checked_too(service: Service, conformity: Conformity) -> None:
    """Raw output and texts match the commitments in their items; an altered one does not."""
    sealed = measure(service, conformity)
    public = parse_bundle(bundle(service, conformity, sealed))
    opened = open_apart(apart_bytes(sealed), public)
    report = verify_parsed(opened, trust(service), RULES, NOW)
    assert (report.status, report.apart) == (Status.VERIFIED, 3)
    assert report.count(State.RECOMPUTED) == len(report.rows)
    index, (salt, _) = next(iter(opened.apart.items()))
    forged = replace(opened, apart={index: (salt, b"another output")})
    assert verify_parsed(forged, trust(service), RULES, NOW).failure == "conformity.apart"


def rewritten(data: bytes, change: object) -> bytes:
    """The bundle with its CBOR list changed by ``change``."""
    value = cbor.decode(data[len(MAGIC) :])
    assert callable(change)
    change(value)
    return MAGIC + cbor.encode(value)


def test_a_changed_fact_turns_its_verdicts_invalid(service: Service, conformity: Conformity) -> None:
    """One byte of a measurement: the item is broken, and what was judged from it is invalid, not merely withheld."""
    data = bundle(service, conformity, measure(service, conformity), Audience.ASSESSOR)

    def flip(value: list[list[list[bytes]]]) -> None:
        row = value[3][1]
        row[2] = row[2].replace(b"door", b"d00r")

    report = check(service, rewritten(data, flip))
    invalid = {f"{row.decision.catalogue}/{row.decision.item}" for row in report.rows if row.state is State.INVALID}
    assert (report.status, report.failure, report.broken) == (Status.FAILED, "conformity.item", (1,))
    assert {"new/a", "new/b", "old/a", "old/b"} <= invalid


def test_every_changed_byte_of_a_disclosed_item_is_found(service: Service, conformity: Conformity) -> None:
    """No position of any item can be altered unseen."""
    data = bundle(service, conformity, measure(service, conformity), Audience.ASSESSOR)
    parsed = parse_bundle(data)
    for index, (salt, value) in parsed.disclosed.items():
        for position in range(0, len(value), 7):
            changed = bytes([*value[:position], value[position] ^ 1, *value[position + 1 :]])
            forged = replace(parsed, disclosed={**parsed.disclosed, index: (salt, changed)})
            report = verify_parsed(forged, trust(service), RULES, NOW)
            assert report.status is Status.FAILED
            assert index in report.broken


def test_a_false_verdict_with_a_right_commitment_is_invalid(service: Service, conformity: Conformity) -> None:
    """An operator who records 適合 where the facts say 不適合 is found by recomputing."""
    session = service.session(CLINIC)
    conformity.register_target(Target("", TargetKind.MACHINE, "x", {}, NOW + DAY), session)
    lying = small_judges()
    bad = conformity.judges.find("door.locked")
    assert bad is not None
    object.__setattr__(bad, "decide", lambda _given, _limits: lying_opinion())
    bench = Bench(service.clock, "here", Pace(100), service.home)
    record = conformity.run([door_probe({"locked": False, "days": 1})], bench, session)
    report = check(service, bundle(service, conformity, conformity.sealed_run(record.run), Audience.ASSESSOR))
    states = {f"{row.decision.catalogue}/{row.decision.item}": row.state for row in report.rows}
    assert (report.status, report.failure) == (Status.FAILED, "conformity.verdict")
    assert states["new/a"] is State.INVALID
    assert lying.checks == RULES.judges.checks


def lying_opinion() -> object:
    """適合, whatever was seen."""
    from akashi.conformity.judges.registry import conforms  # noqa: PLC0415  # only this lie needs it

    return conforms("door.locked", "閉まっています。", "It is locked.")


@pytest.mark.parametrize("part", range(8))
def test_each_part_of_the_file_matters(part: int, service: Service, conformity: Conformity) -> None:
    """Emptying any part but the optional ones is refused."""
    data = bundle(service, conformity, measure(service, conformity))

    def empty(value: list[object]) -> None:
        value[part] = type(value[part])()

    if part in (6, 7):
        assert rewritten(data, empty) == data  # raw output and container are empty already
    else:
        assert check(service, rewritten(data, empty)).status is Status.FAILED


def test_withholding_a_measurement_does_not_excuse_a_lie_elsewhere(service: Service, conformity: Conformity) -> None:
    """A withheld fact excuses only the verdicts that its probe feeds."""
    sealed = measure(service, conformity)
    parsed = parse_bundle(bundle(service, conformity, sealed, Audience.ASSESSOR))
    hidden = replace(parsed, disclosed={index: one for index, one in parsed.disclosed.items() if index != 1})
    report = verify_parsed(hidden, trust(service), RULES, NOW)
    states = {f"{row.decision.catalogue}/{row.decision.item}": row.state for row in report.rows}
    assert report.status is Status.VERIFIED
    assert states["new/a"] is State.WITHHELD
    assert states["new/c"] is State.RECOMPUTED


def test_another_runs_record_proves_nothing(service: Service, conformity: Conformity) -> None:
    """Evidence on one run does not carry the facts of another."""
    first, second = measure(service, conformity), measure(service, conformity)
    data = bundle(service, conformity, first)
    other = collected(service.gateway(CLINIC), second.head.run)

    def swap(value: list[object]) -> None:
        value[1] = other

    assert check(service, rewritten(data, swap)).failure == "conformity.record"


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC + b"\x80", b"akashi-conformity/2\n\x80", MAGIC + b"\xff" * 99])
def test_garbage_is_refused_in_words(data: bytes, service: Service) -> None:
    """Whatever the bytes, the answer is a report."""
    assert check(service, data).status is Status.FAILED


def test_disclosures_come_in_order_and_once(service: Service, conformity: Conformity) -> None:
    """An index that comes twice could show two faces."""
    data = bundle(service, conformity, measure(service, conformity))

    def double(value: list[list[object]]) -> None:
        value[3].insert(1, value[3][0])

    with pytest.raises(EncodingError):
        parse_bundle(rewritten(data, double))


def test_an_active_probe_needs_a_consent_in_force(service: Service, conformity: Conformity) -> None:
    """When the consent is over nothing is sent, and the measurement says why; a withdrawn target is no target any more."""
    session = service.session(CLINIC)
    over = conformity.register_target(Target("", TargetKind.MACHINE, "x", {}, NOW + DAY), session)
    gone = conformity.register_target(Target("", TargetKind.MACHINE, "y", {}, NOW + 9 * DAY), session)
    conformity.withdraw_target(gone.handle, session)
    service.clock.advance(DAY)
    bench = Bench(service.clock, "here", Pace(100), Path(service.home))
    conformity.run([door_probe(GOOD)], bench, session)
    seen = conformity.measurements()
    assert [(one.target, one.reach.name, one.note, dict(one.facts)) for one in seen] == [
        (over.handle, "REFUSED", "consent", {})
    ]


def test_evidence_is_sealed_in_the_vault_and_comes_back(service: Service, conformity: Conformity) -> None:
    """The server holds it sealed, the ledger its commitment, and the owner reads it; an answer may then name it."""
    session = service.session(CLINIC)
    kept = conformity.answers.keep_evidence("規程.pdf", SECRET.encode(), "application/pdf", Audience.ASSESSOR, session)
    made, data = conformity.answers.read_evidence(kept.handle)
    conformity.answers.give([answer("c", evidence=(kept.handle,))], session)
    body = b"".join(service.server.vault.body(kept.payload))
    assert (made.name, data) == ("規程.pdf", SECRET.encode())
    assert SECRET.encode() not in body


def test_answers_keep_their_history_and_are_carried_over(service: Service, conformity: Conformity) -> None:
    """Every version stays; carrying over says it again, marked."""
    session = service.session(CLINIC)
    conformity.answers.give([answer("c", Reply.NO, text="まだ")], session)
    service.clock.advance(DAY)
    conformity.answers.give([answer("c", Reply.YES, text="済み")], session)
    service.clock.advance(DAY)
    assert conformity.answers.carry_over([("new", "c"), ("new", "e")], session) == 1
    history = conformity.answers.history("new", "c")
    assert [(one.reply, one.text) for one in history] == [(Reply.YES, "済み")] * 2 + [(Reply.NO, "まだ")]
    assert history[0].carried_from == str(history[1].answered_ms)
    changes = conformity.answers.changed_since(NOW + 1)
    assert [(before and before.text, now.text) for before, now in changes] == [("まだ", "済み")]


class Away:
    """A ledger that does not answer; everything else is the real one."""

    def __init__(self, real: Ledger) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def submit(self, envelope: bytes) -> None:
        """Silence."""
        raise ServerAway


def test_an_answer_given_while_the_ledger_is_away_is_kept_and_said_later(
    service: Service, conformity: Conformity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing a person typed is lost; it is on the ledger once, when the ledger is back."""
    session, gateway = service.session(CLINIC), service.gateway(CLINIC)
    monkeypatch.setattr(gateway.author, "_ledger", Away(gateway.ledger))
    with pytest.raises(AnswerUnsaid):
        conformity.answers.give([answer("c", text=SECRET)], session)
    kept = conformity.answers.of("new", "c")
    monkeypatch.undo()
    size = service.server.engine.size
    settled = [conformity.resume(), conformity.resume()]
    assert kept is not None
    assert kept.text == SECRET
    assert (settled, service.server.engine.size - size) == ([1, 0], 1)


def test_an_old_run_keeps_the_books_it_was_judged_by(service: Service, conformity: Conformity) -> None:
    """After an update of the program with other catalogues, the old run's bundle still verifies, with the old ones in it."""
    sealed = measure(service, conformity)
    newer = with_digest(replace(conformity.books.shelf.catalogue("new"), edition="3"))
    shelf = Shelf([newer, conformity.books.shelf.catalogue("old")])
    conformity.books = replace(conformity.books, shelf=shelf, crosswalk=Crosswalk(LINKS[:1]))
    catalogues, links = conformity.books_of(sealed.head)
    evidence = collected(service.gateway(CLINIC), sealed.head.run)
    data = write_bundle(sealed, evidence=evidence, catalogues=catalogues, links=links, audience=Audience.ASSESSOR)
    assert ([one.edition for one in catalogues], len(links)) == (["2", "2"], 3)
    assert check(service, data).status is Status.VERIFIED


def test_what_was_said_of_answers_and_targets_can_be_opened(service: Service, conformity: Conformity) -> None:
    """Years later the institution shows which answers, and which address, the ledger's records commit to."""
    session = service.session(CLINIC)
    act = conformity.answers.give([answer("c", text=SECRET), answer("e")], session)
    target = conformity.register_target(Target("", TargetKind.HOST, "192.0.2.9", {}, NOW + DAY), session)
    with service.server.engine.view() as state:
        answered, registered = state.get("cfans", act.encode()), state.get("cftgt", target.handle.encode())
    said, meant = conformity.answers.said(act), conformity.target_commitment(target.handle)
    assert isinstance(answered, list)
    assert isinstance(registered, list)
    assert (commitment_root([one.digest for one in said]), len(said)) == (answered[2], answered[3])
    assert meant.digest == registered[2]
    assert SECRET.encode() in said[0].value
    assert b"192.0.2.9" in meant.value
