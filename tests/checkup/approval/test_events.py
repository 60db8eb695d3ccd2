"""The kinds of map approval on a state of their own: every refusal by its reason, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.app.server.visibility import MemberView, decide_subject
from akashi.checkup.approval.errors import ApprovalRefused
from akashi.checkup.approval.events import (
    SPACE,
    MapAdopted,
    MapApproved,
    MapRetired,
    MapShared,
    approval,
    approvals,
)
from akashi.checkup.approval.frozen import KeptOtherwise, freeze, thaw
from akashi.checkup.approval.model import Approval, DraftHead, RetireReason, Standing
from akashi.checkup.approval.rules import decide_adoption, decide_approver, decide_children, decide_use, decide_version
from akashi.checkup.mapping.model import Choice, ColumnShape, Decision, Placing, Proposal, Reason
from akashi.identity.model import ALL_ROLES, Role
from akashi.ledger.errors import Refused
from akashi.ledger.rules import ALLOWED, Denied
from tests.app.service import CLINIC, OFFICE, PAYER, Service

NAME = "map-aaaa"
APPROVED = MapApproved(NAME, 1, b"\1" * 32, b"\2" * 32, 0, 1, ())


def said(service: Service, body: object, part: str = CLINIC, *, person: str | None = "", subject: str = NAME) -> None:
    """Say something on the ledger as somebody of ``part``, past the service."""
    gateway = service.gateway(part)
    who = service.cast.persons[part] if person == "" else person
    gateway.author.submit(body, subject=subject, person=who)


def reason(service: Service, body: object, part: str = CLINIC, **more: object) -> str:
    """Why the ledger refuses it."""
    with pytest.raises(Refused) as caught:
        said(service, body, part, **more)  # type: ignore[arg-type]  # a mapping by construction
    return caught.value.reason


def test_every_refused_approval_has_its_reason(service: Service) -> None:
    """Persons, subjects, versions, digests, days and children that are not right."""
    again = MapApproved(NAME, 2, b"\3" * 32, b"\2" * 32, 0, 1, (), b"\1" * 32)
    clinic, payer = service.clinic.institution, service.payer.institution
    office_person = service.cast.persons[OFFICE]
    assert reason(service, APPROVED, person=None) == "map.person"
    assert reason(service, APPROVED, person="per-nobody") == "map.person"
    assert reason(service, APPROVED, person=office_person) == "map.person"
    assert reason(service, APPROVED, subject="map-bbbb") == "map.subject"
    assert reason(service, replace(APPROVED, version=2)) == "map.version"
    assert reason(service, replace(APPROVED, previous=bytes(32))) == "map.previous"
    assert reason(service, replace(APPROVED, from_ms=2)) == "map.dates"
    assert reason(service, replace(APPROVED, children=(clinic,))) == "map.children"
    assert reason(service, replace(APPROVED, children=(payer, payer))) == "map.children"
    assert reason(service, replace(APPROVED, children=("inst-nobody",))) == "map.children"
    said(service, APPROVED)
    assert reason(service, APPROVED) == "map.version"
    assert reason(service, replace(again, version=3)) == "map.version"
    assert reason(service, replace(again, previous=None)) == "map.previous"
    assert reason(service, replace(again, text=b"\1" * 32)) == "map.same"
    assert reason(service, again, PAYER) == "map.owner"


def test_every_refused_step_after_it_has_its_reason(service: Service) -> None:
    """Retiring, sharing and adopting what is not there, not one's own, not shared, ended, or another text."""
    payer = service.payer.institution
    wrong, right = MapAdopted(NAME, 1, bytes(32)), MapAdopted(NAME, 1, b"\1" * 32)
    ended = MapRetired(NAME, 1, RetireReason.OTHER)
    assert reason(service, ended) == "map.unknown"
    said(service, APPROVED)
    assert reason(service, ended, PAYER) == "map.unknown"
    assert reason(service, MapShared(NAME, 1, ()), PAYER) == "map.unknown"
    assert reason(service, right, PAYER) == "map.unknown"
    said(service, MapShared(NAME, 1, (payer,)))
    assert reason(service, wrong, PAYER) == "map.digest"
    said(service, right, PAYER)
    assert reason(service, right, PAYER) == "map.again"
    said(service, ended)
    assert reason(service, ended) == "map.retired"
    assert reason(service, MapShared(NAME, 1, ())) == "map.retired"
    assert reason(service, right, PAYER) == "map.retired"


def test_only_those_concerned_see_a_map(service: Service) -> None:
    """The child sees versions shared with it and nothing else; the owner sees who adopted; others see nothing."""
    clinic, payer, office = service.clinic.institution, service.payer.institution, service.cast.handles[OFFICE]
    said(service, replace(APPROVED, children=(payer,)))
    said(service, MapAdopted(NAME, 1, b"\1" * 32), PAYER)
    said(service, MapApproved(NAME, 2, b"\3" * 32, b"\2" * 32, 0, 1, (), b"\1" * 32))
    with service.server.engine.view() as state:
        seen = {who: MemberView(state, who) for who in (clinic, payer, office)}
        versions = {who: [one.version for one in approvals(view)] for who, view in seen.items()}
        rows = {who: len(list(view.scan(SPACE))) for who, view in seen.items()}
        trail = {who: decide_subject(state, who, NAME) for who in seen}
    assert versions == {clinic: [1, 2], payer: [1], office: []}
    assert rows == {clinic: 6, payer: 2, office: 0}
    assert (trail[clinic], trail[office]) == (ALLOWED, Denied("state.hidden"))


def test_what_the_ledger_holds_is_numbers_and_digests(service: Service) -> None:
    """One version, read back as it was said."""
    said(service, APPROVED)
    with service.server.engine.view() as state:
        found = approval(state, NAME, 1)
    person, now = service.cast.persons[CLINIC], service.clock.now_ms()
    assert found == Approval(service.clinic.institution, NAME, 1, b"\1" * 32, b"\2" * 32, 0, 1, (), now, person)


def test_a_refusal_is_told_with_its_reason() -> None:
    """The reason is a word of ours, with a page that explains it."""
    error = ApprovalRefused(reason="map.version")
    assert "版の番号が次の番号ではありません" in error.sentence("ja")
    assert "map.version" in error.sentence("en")


APPROVAL = Approval("inst-a", NAME, 1, b"1", b"2", 0, 1, ("inst-b",), 0, "per-a")


@pytest.mark.parametrize(
    ("institution", "digest", "adopted", "change", "refusal"),
    [
        ("inst-a", b"1", None, {}, ""),
        ("inst-a", b"9", None, {}, "altered"),
        ("inst-a", b"1", None, {"retired_ms": 1}, "retired"),
        ("inst-b", b"1", (1, b"1"), {}, ""),
        ("inst-b", b"1", None, {}, "unapproved"),
        ("inst-b", b"1", (2, b"1"), {}, "unapproved"),
        ("inst-b", b"9", (1, b"1"), {}, "altered"),
        ("inst-b", b"1", (1, b"1"), {"children": ()}, "withheld"),
        ("inst-b", b"1", (1, b"1"), {"retired_ms": 1}, "retired"),
        ("inst-c", b"1", (1, b"1"), {}, "withheld"),
    ],
)
def test_use_is_decided_by_what_the_ledger_holds(
    institution: str, digest: bytes, adopted: tuple[int, bytes] | None, change: dict[str, object], refusal: str
) -> None:
    """Owner and child, each way in which a text may not be used."""
    made: Callable[..., Approval] = replace
    assert decide_use(made(APPROVAL, **change), institution, digest, adopted) == refusal
    seen = "withheld" if adopted is not None and adopted[1] == digest else "unapproved"
    assert decide_use(None, institution, digest, adopted) == seen


@given(st.integers(0, ALL_ROLES), st.booleans(), st.booleans())
def test_only_approvers_and_managers_decide(roles: int, enabled: bool, belongs: bool) -> None:
    """Whatever other roles they have, and only while they are there."""
    allowed = enabled and belongs and bool(roles & (Role.APPROVER | Role.MANAGER))
    assert (decide_approver(roles, enabled=enabled, belongs=belongs) == ALLOWED) is allowed


@given(st.integers(1, 5), st.integers(1, 6), st.sampled_from([None, b"a", b"b"]), st.sampled_from(["inst-a", "inst-b"]))
def test_versions_have_no_gaps(stands: int, version: int, previous: bytes | None, owner: str) -> None:
    """Only the next version, naming the digest before it, by the owner."""
    right = owner == "inst-a" and version == stands + 1 and previous == b"a"
    assert (decide_version(Standing("inst-a", stands, b"a"), owner, version, previous) == ALLOWED) is right
    assert (decide_version(None, owner, version, previous) == ALLOWED) is (version == 1 and previous is None)


@given(st.lists(st.sampled_from(["inst-a", "inst-b", "inst-c"]), max_size=3))
def test_children_are_others_and_each_once(children: list[str]) -> None:
    """Never the owner, never twice, never unknown."""
    right = "inst-a" not in children and len(set(children)) == len(children)
    assert (decide_children("inst-a", children, [True] * len(children)) == ALLOWED) is right
    assert decide_children("inst-a", ["inst-b"], [False]) == Denied("map.children")
    assert decide_children("inst-a", [f"inst-{n}" for n in range(33)], [True] * 33) == Denied("map.children")
    assert decide_adoption(None, "inst-b", b"1", None) == Denied("map.unknown")


TEXTS = st.text(max_size=6)
PROPOSALS = st.builds(
    Proposal, st.sampled_from(Placing), st.integers(0, 100), st.lists(st.builds(Reason, TEXTS, TEXTS), max_size=2).map(tuple),
    TEXTS, when_words=st.lists(TEXTS, max_size=2).map(tuple),
)  # fmt: skip
CHOICES = st.builds(Choice, st.sampled_from(Decision), st.one_of(st.none(), PROPOSALS))
SHAPES = st.builds(
    ColumnShape, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), TEXTS,
    st.dictionaries(TEXTS, st.floats(0, 1), max_size=2), st.lists(TEXTS, max_size=2).map(tuple),
    middle=st.one_of(st.none(), st.floats(-10, 10)),
)  # fmt: skip


@settings(max_examples=60)
@given(CHOICES, SHAPES)
def test_what_is_frozen_thaws_as_it_was(choice: Choice, shape: ColumnShape) -> None:
    """For the values that drafts are made of; and the text is the same each time."""
    assert thaw(Choice, freeze(choice)) == choice
    assert thaw(ColumnShape, freeze(shape)) == shape
    assert freeze(thaw(ColumnShape, freeze(shape))) == freeze(shape)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"map_id":1}', '{"state":"no"}', "{", '{"map_id":"a","x":1'])
def test_another_shape_does_not_thaw(text: str) -> None:
    """Neither broken JSON nor another type of field; a field too few is a default, one that has none is refused."""
    with pytest.raises(KeptOtherwise):
        thaw(DraftHead, text)
    with pytest.raises(KeptOtherwise):
        thaw(Choice, "{}")
