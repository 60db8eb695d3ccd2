"""Explaining a permission: one sentence that says what the gateway would decide, to those who may know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.people import explaining
from akashi.errors import AkashiError, NotFound
from akashi.identity.access.errors import ActionUnknown
from akashi.identity.access.model import ClientTerms
from akashi.identity.errors import NoSuchPerson, NotPermitted
from akashi.identity.model import PersonReason, Role, Session
from akashi.identity.permissions import TABLE
from tests.app.service import CLINIC, DAY_MS, OFFICE, PAYER, Service, checkup_file


@pytest.fixture
def clerk(service: Service) -> Session:
    """An operator of the payer without any right to look at others."""
    person = service.payer.accounts.add_person(login="ken.k", name="架空 健", roles=Role.OPERATOR)
    return replace(service.session(PAYER), person=person, roles=Role.OPERATOR)


def sent(service: Service, **more: object) -> str:
    """A transfer from the clinic to the payer."""
    return service.send(service.draft(checkup_file()), **more).transfer  # type: ignore[arg-type]


def test_allowed_says_by_which_role(service: Service, clerk: Session) -> None:
    """An operator may open a transfer to their institution, by that role, and the sentence says so in both languages."""
    said = explaining.explained(service.payer, None, clerk.person, "transfer.open", sent(service))

    assert said.allowed
    assert "担当者" in said.ja
    assert said.ja.endswith("できます。")
    assert "by role operator" in said.en


def test_denied_says_what_is_needed(service: Service, clerk: Session) -> None:
    """Without the role the sentence names those that would do."""
    said = explaining.explained(service.payer, None, clerk.person, "person.manage")

    assert (said.allowed, said.reason) == (False, "permission.role")
    assert "機関の管理者" in said.ja
    assert said.ja.endswith("できません。")


@pytest.mark.parametrize(("action", "several"), [("institution.manage", False), ("device.manage", True)])
def test_one_role_is_not_one_of_several(service: Service, clerk: Session, action: str, several: bool) -> None:
    """Where a single role has the action the sentence does not speak of several, in neither language."""
    said = explaining.explained(service.payer, None, clerk.person, action)

    assert (said.reason, "のいずれか" in said.ja, "one of" in said.en) == ("permission.role", several, several)


def lets(service: Service, session: Session, action: str) -> bool:
    """Whether the gateway lets the session do it."""
    try:
        service.payer.accounts.require(session, action)
    except NotPermitted:
        return False
    return True


def test_the_sentence_agrees_with_the_gateway(service: Service) -> None:
    """For each action: explained as allowed exactly where the gateway lets the person do it."""
    session = service.session(PAYER)
    said = {action: explaining.explained(service.payer, session, session.person, action).allowed for action in TABLE}

    assert said == {action: lets(service, session, action) for action in TABLE}
    assert set(said.values()) == {True, False}


def test_the_transfer_has_its_say(service: Service, clerk: Session) -> None:
    """Not the receiver's to withdraw, not to be confirmed unopened, not for whom it does not name: each with its reason."""
    named = sent(service, again=True)
    reasons = {
        action: explaining.explained(service.payer, None, clerk.person, action, named).reason
        for action in ("transfer.withdraw", "transfer.confirm", "transfer.refuse")
    }

    assert reasons == {
        "transfer.withdraw": "transfer.not_sender",
        "transfer.confirm": "transfer.not_opened",
        "transfer.refuse": "",
    }


def test_explaining_others_needs_a_permission(service: Service, clerk: Session) -> None:
    """One may ask about oneself; about a colleague only with a right to read access, and the try is recorded."""
    boss = service.session(PAYER)
    before = sum(1 for _ in service.payer.journal.entries())
    with pytest.raises(NotPermitted):
        explaining.explained(service.payer, clerk, boss.person, "transfer.read")

    assert sum(1 for _ in service.payer.journal.entries()) == before + 1
    assert explaining.explained(service.payer, clerk, clerk.person, "transfer.read").allowed


def test_names_are_for_who_may_see_them(service: Service, clerk: Session) -> None:
    """An operator reads their own handle, a manager the name beside it."""
    own = explaining.explained(service.payer, clerk, clerk.person, "transfer.read")
    managed = explaining.explained(service.payer, service.session(PAYER), clerk.person, "transfer.read")

    assert "架空 健" not in own.ja + own.en
    assert managed.ja.startswith("架空 健（per-")


def foreign(service: Service) -> Iterator[tuple[str, str]]:
    """For each kind of handle: one of another institution, and one that nobody has."""
    office = service.session(OFFICE)
    clinic = service.session(CLINIC)
    yield clinic.person, "per-nothing0000"
    yield clinic.device, "dev-nothing0000"
    yield office.person, "map-nothing0000"
    yield "inst-nothing0000", "emg-nothing0000"


def test_foreign_and_unknown_subjects_are_the_same(service: Service) -> None:
    """Nobody learns from an explanation whether a handle of another institution exists."""
    session = service.session(PAYER)
    said = set()
    for pair in foreign(service):
        for handle in pair:
            with pytest.raises(NotFound) as caught:
                explaining.explained(service.payer, session, session.person, "transfer.read", handle)
            said.add((caught.value.code, str(caught.value)))

    assert len(said) == 1


def test_others_people_are_unknown(service: Service) -> None:
    """A person of another institution is as unknown as nobody."""
    session = service.session(PAYER)
    for who in (service.cast.persons[CLINIC], "per-nothing0000"):
        with pytest.raises(NoSuchPerson):
            explaining.explained(service.payer, session, who, "transfer.read")


def test_unknown_actions_are_said_to_be(service: Service) -> None:
    """No sentence about an action that does not exist."""
    with pytest.raises(ActionUnknown):
        explaining.explained(service.payer, None, service.cast.persons[PAYER], "transfer.eat")


def test_who_was_stopped_may_nothing(service: Service, clerk: Session) -> None:
    """A disabled account is explained as stopped, whatever its roles were."""
    service.payer.accounts.disable(clerk.person, PersonReason.LEFT)
    said = {explaining.explained(service.payer, None, clerk.person, action).reason for action in TABLE}

    assert said == {"person.disabled"}


def test_the_secretariat_serves_devices_and_reads_nothing(service: Service) -> None:
    """The office may manage a clinic's device; a transfer does not exist for it."""
    office = service.gateway(OFFICE)
    session, name = service.session(OFFICE), sent(service)
    device = service.session(CLINIC).device
    said = explaining.explained(office, None, session.person, "device.manage", device)
    with pytest.raises(AkashiError) as caught:
        explaining.explained(office, None, session.person, "transfer.open", name)

    assert said.allowed
    assert caught.value.code == "identity.subject_unknown"


def test_a_client_is_explained_too(service: Service) -> None:
    """A machine client may do what it was given, as a machine client; its responsible person's roles add nothing."""
    manager = service.session(PAYER)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    device = service.server.issue_device(service.payer.institution, manager.person, public).device
    terms = ClientTerms(frozenset({"transfer.read"}), service.clock.now_ms() + DAY_MS, manager.person)
    client = service.payer.people.clients.enrol(manager, device, terms, label="x").client
    said = [explaining.explained(service.payer, manager, client, a) for a in ("transfer.read", "transfer.open")]

    assert [one.reason for one in said] == ["", "permission.client"]
    assert "機械用クライアントとして" in said[0].ja
