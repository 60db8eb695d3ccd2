"""Sessions, places and alerts as use cases: whose they are, who may end them, what is recorded; in a whole service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akashi.app.people import presence
from akashi.identity.errors import NoSuchPerson, NotPermitted, SessionEnded, SignInFailed
from akashi.identity.journal import What
from akashi.identity.model import Arrival, Role, Session
from akashi.identity.presence.errors import ConfirmationNeeded
from akashi.identity.presence.model import AlertKind, Answer
from tests.app.service import CLINIC, PASSWORD, PAYER, Service

LONG = "tadashii-uma-7-denchi"


def operator(service: Service, login: str = "hataraku") -> Session:
    """An operator of the payer's, signed in on the gateway's machine."""
    gateway = service.payer
    person = gateway.accounts.person_of_login(login)
    if person is None:
        person = gateway.accounts.add_person(login=login, name="架空 働く", roles=Role.OPERATOR)
        gateway.accounts.set_password(person, LONG)
    one_factor = replace(gateway.accounts.factors._policy, second_factor=False)
    gateway.accounts.factors._policy = one_factor
    return gateway.accounts.sign_in(login, LONG, None, gateway.machine_certificate())


def test_everybody_sees_and_ends_their_own(service: Service) -> None:
    """One list of sessions and devices; ending another session of one's own works at once."""
    first, second = operator(service), operator(service)
    seen = presence.around(service.payer, second)
    [other] = [one.key for one in seen.stays if not one.here]
    presence.end(service.payer, second, other)

    with pytest.raises(SessionEnded):
        service.payer.accounts.session(first.token, service.payer.machine_certificate())
    assert len(presence.around(service.payer, second).stays) == 1


def test_a_manager_signs_somebody_out_everywhere(service: Service) -> None:
    """A manager ends all sessions of a person; an operator cannot look at others' or end them, which is recorded."""
    person = operator(service)
    manager = service.session(PAYER)
    seen = presence.around(service.payer, manager, person.person)
    with pytest.raises(NotPermitted):
        presence.around(service.payer, person, manager.person)
    with pytest.raises(NotPermitted):
        presence.everywhere(service.payer, person, manager.person)

    assert len(seen.stays) == 1
    assert presence.everywhere(service.payer, manager, person.person) == 1


def test_people_of_others_do_not_exist(service: Service) -> None:
    """Another institution's person is unknown, also to a manager."""
    with pytest.raises(NoSuchPerson):
        presence.around(service.payer, service.session(PAYER), service.cast.persons[CLINIC])


def test_a_second_browser_is_confirmed_on_the_real_ledger(service: Service) -> None:
    """The question, the answer, the operation `access.confirmed`: accepted by the engine and found by its person."""
    gateway = service.payer
    machine = gateway.machine_certificate()
    operator(service)
    gateway.accounts.sign_in("hataraku", LONG, None, machine, Arrival())
    second = gateway.accounts.sign_in("hataraku", LONG, None, machine, Arrival())
    with pytest.raises(ConfirmationNeeded):
        presence.around(gateway, second)
    confirmed = presence.confirm(gateway, second, Answer.YES)

    assert [one.kind for one in presence.own_alerts(gateway, confirmed)] == [AlertKind.SECOND_PLACE]
    assert len(gateway.ledger.entries(second.person)) > 0


def test_a_suspected_leak_needs_a_reset(service: Service) -> None:
    """One's own account can be stopped by oneself in one step; then it is shut, with an alert that managers see and acknowledge."""
    person = operator(service)
    presence.suspect_leak(service.payer, person)
    manager = service.session(PAYER)
    with pytest.raises(SignInFailed):
        operator(service)
    found = [one for one in presence.alerts(service.payer, manager) if one.kind == AlertKind.SUSPECTED_LEAK]
    done = presence.acknowledge(service.payer, manager, found[0].number)

    assert presence.around(service.payer, manager, person.person).stopped
    assert done.acknowledged_by == manager.person
    assert done.number not in [one.number for one in presence.alerts(service.payer, manager)]


def test_alerts_are_for_those_who_read_them(service: Service) -> None:
    """An operator does not see the list, and their look is refused and recorded; their own alerts they see."""
    person = operator(service)
    with pytest.raises(NotPermitted):
        presence.alerts(service.payer, person)
    service.payer.people.alerts.raise_(AlertKind.LOCKED_OUT, person.person)

    assert [one.subject for one in presence.own_alerts(service.payer, person)] == [person.person]
    assert [one.what for one in service.payer.journal.entries()][-2:] == [What.ACTION, What.ALERTED]
    assert PASSWORD not in repr(presence.own_alerts(service.payer, person))
