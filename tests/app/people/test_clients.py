"""A machine client sends, receives and confirms through the use cases of a gateway, on the real ledger, and does nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.app.desk import conversion, devices, sending, transfers
from akashi.app.gateway.home import Gateway, acting
from akashi.app.people import clients
from akashi.errors import AkashiError
from akashi.exchange.errors import TransferDenied, TransferUnknown
from akashi.exchange.events import TransferConfirmed
from akashi.exchange.model import ReadPurpose, RefuseReason, Scan
from akashi.identity import events as identity
from akashi.identity.access.errors import ClientRefused
from akashi.identity.access.model import ClientReason, ClientTerms
from akashi.identity.errors import NotPermitted
from akashi.identity.model import Role, Session
from akashi.ledger.errors import Refused
from akashi.ledger.model import Auth, AuthMethod
from tests.app.service import CLINIC, DAY_MS, PAYER, Service, checkup_file

SENDS = frozenset({"checkup.convert", "transfer.send", "transfer.read", "transfer.withdraw"})
TAKES = frozenset({"transfer.read", "transfer.open", "transfer.confirm", "transfer.refuse"})


@dataclass
class Machines:
    """A service with a client at the clinic that sends, and one at the payer that receives."""

    service: Service
    bearers: dict[str, str]
    certificates: dict[str, bytes]
    handles: dict[str, str]

    def gateway(self, part: str) -> Gateway:
        """The gateway of the client."""
        return self.service.gateway(part)

    def session(self, part: str) -> Session:
        """One request of the client."""
        return clients.authenticate(self.gateway(part), f"Bearer {self.bearers[part]}", self.certificates[part])

    def send(self, **more: object) -> str:
        """The clinic's client sends to the payer."""
        gateway, session = self.gateway(CLINIC), self.session(CLINIC)
        gateway.accounts.require(session, "checkup.convert")
        payer = self.service.cast.handles[PAYER]
        draft = conversion.make_draft(gateway, "kekka.csv", checkup_file(), receiver=payer)
        return sending.send(gateway, session, draft, sending.Terms(payer, 0, 0, **more)).transfer  # type: ignore[arg-type]


def _client(service: Service, part: str, actions: frozenset[str], counterpart: str | None) -> tuple[str, str, bytes]:
    gateway, manager = service.gateway(part), service.session(part)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    issued = service.server.issue_device(gateway.institution, manager.person, public)
    terms = ClientTerms(actions, service.clock.now_ms() + 30 * DAY_MS, manager.person, counterpart)
    given = clients.enrolled(gateway, manager, issued.device, terms, label="架空 連携")
    with gateway.ledger.view() as state:
        device = identity.device(state, issued.device)
    assert device is not None
    return given.client, given.bearer, device.certificate


@pytest.fixture
def machines(service: Service) -> Machines:
    """Both clients, each with the other institution as its counterpart."""
    made = Machines(service, {}, {}, {})
    for part, actions, other in ((CLINIC, SENDS, PAYER), (PAYER, TAKES, CLINIC)):
        handle, bearer, certificate = _client(service, part, actions, service.cast.handles[other])
        made.handles[part], made.bearers[part], made.certificates[part] = handle, bearer, certificate
    return made


def test_clients_send_receive_and_confirm(machines: Machines) -> None:
    """The main job without a person: the trail names institutions and devices, no person, method client."""
    name = machines.send()
    payer, session = machines.gateway(PAYER), machines.session(PAYER)
    documents = transfers.opened(payer, session, name, ReadPurpose.CHECKUP_RESULT)
    transfers.confirmed(payer, machines.session(PAYER), name)
    trail = transfers.shown(payer, machines.session(PAYER), name).trail

    assert documents
    assert [step.kind for step in trail] == ["transfer.sent", "transfer.opened", "transfer.confirmed"]
    assert {(step.person or "")[:4] for step in trail} == {"dev-"}


def test_a_client_passes_no_other_use_case(machines: Machines) -> None:
    """Opening at the clinic, sending at the payer, managing devices, clients or people: refused by the same use cases."""
    gateway, session = machines.gateway(CLINIC), machines.session(CLINIC)
    name = machines.send()
    for call in (
        lambda: transfers.opened(gateway, session, name, ReadPurpose.AUDIT),
        lambda: transfers.evidence(gateway, session, name),
        lambda: devices.listed(gateway, session),
        lambda: clients.listed(gateway, session),
        lambda: clients.rotated(gateway, session, session.person),
        lambda: gateway.accounts.add_person(login="x.y.z", name="架空", roles=Role.MANAGER, by=session),
    ):
        with pytest.raises(NotPermitted):
            call()


def test_ledger_refuses_other_actions(machines: Machines) -> None:
    """A gateway that let its client do more than it was given is refused by the ledger itself."""
    name = machines.send()
    gateway, session = machines.gateway(CLINIC), machines.session(CLINIC)
    with pytest.raises(TransferDenied) as caught:
        gateway.exchange.open(name, ReadPurpose.AUDIT, acting(session))

    assert caught.value.params == {"reason": "client.actions"}


def test_ledger_refuses_another_counterpart(machines: Machines) -> None:
    """A client for one counterpart neither touches nor sees transfers with another."""
    manager = machines.service.session(PAYER)
    handle, office = machines.handles[PAYER], machines.service.server.secretariat_handle
    payer = machines.gateway(PAYER)
    name = machines.send()
    terms = ClientTerms(TAKES, machines.service.clock.now_ms() + DAY_MS, manager.person, office)
    clients.changed(payer, manager, handle, terms)
    session = machines.session(PAYER)
    with pytest.raises(TransferDenied) as caught:
        transfers.refused(payer, session, name, RefuseReason.NOT_OURS)
    with pytest.raises(TransferUnknown):
        transfers.shown(payer, session, name)

    assert caught.value.params == {"reason": "client.counterpart"}
    assert transfers.listed(payer, session, received=True) == []


FORGED: dict[str, tuple[dict[str, object], str]] = {
    "no such client": ({"device": "machine"}, "client.unknown"),
    "no device": ({"device": None}, "client.actor"),
    "foreign device": ({"device": "foreign"}, "client.unknown"),
    "other certificate": ({"certificate": bytes(32)}, "client.certificate"),
    "no certificate": ({"certificate": None}, "client.certificate"),
    "as a machine": ({"method": AuthMethod.MACHINE}, "transfer.person"),
    "as a passkey": ({"method": AuthMethod.PASSKEY}, "transfer.person"),
}


@pytest.mark.parametrize("what", FORGED)
def test_ledger_refuses_unknown_clients(machines: Machines, what: str) -> None:
    """Whatever a gateway says about who acted, without a person it is a client that the ledger knows, or nobody."""
    changes, reason = FORGED[what]
    name, session = machines.send(), machines.session(PAYER)
    payer = machines.gateway(PAYER)
    own = machines.service.session(PAYER).device
    named = {"machine": own, "foreign": machines.session(CLINIC).device, "": session.device}
    auth = Auth(AuthMethod.CLIENT, session.started_ms, session.certificate)
    device = changes.get("device", "")
    named_device = None if device is None else named[str(device)]
    auth = auth._replace(**{k: v for k, v in changes.items() if k != "device"})  # type: ignore[arg-type]  # fields by name
    said = TransferConfirmed(name, matches=True, scan=Scan.CLEAN)
    with pytest.raises(Refused) as caught:
        payer.author.submit(said, subject=name, device=named_device, auth=auth)

    assert caught.value.reason == reason


def test_named_persons_exclude_machines(machines: Machines) -> None:
    """What was sent to a named person is opened by that person, not by a client."""
    name = machines.send(persons=(machines.service.cast.persons[PAYER],))
    with pytest.raises(TransferDenied) as caught:
        transfers.opened(machines.gateway(PAYER), machines.session(PAYER), name, ReadPurpose.CHECKUP_RESULT)

    assert caught.value.params == {"reason": "transfer.person_not_named"}


def test_a_disabled_client_is_refused_by_gateway_and_ledger(machines: Machines) -> None:
    """Also a session that was begun before: the ledger asks again at every operation."""
    name, before = machines.send(), machines.session(PAYER)
    payer = machines.gateway(PAYER)
    clients.disabled(payer, machines.service.session(PAYER), before.person, ClientReason.SUSPECTED_LEAK)
    with pytest.raises(ClientRefused):
        machines.session(PAYER)
    with pytest.raises(TransferDenied) as caught:
        transfers.refused(payer, before, name, RefuseReason.NOT_OURS)

    assert caught.value.params == {"reason": "client.unknown"}


def test_only_managers_manage_clients(machines: Machines) -> None:
    """An auditor neither sees, changes, rotates nor disables clients, and stands in the journal for trying."""
    gateway, manager = machines.gateway(CLINIC), machines.service.session(CLINIC)
    auditor = replace(manager, roles=Role.AUDITOR)
    terms = ClientTerms(SENDS, machines.service.clock.now_ms() + DAY_MS, manager.person)
    name = machines.handles[CLINIC]
    before = sum(1 for _ in gateway.journal.entries())
    for call in (
        lambda: clients.listed(gateway, auditor),
        lambda: clients.shown(gateway, auditor, name),
        lambda: clients.changed(gateway, auditor, name, terms),
        lambda: clients.networks_set(gateway, auditor, name, ()),
        lambda: clients.rotated(gateway, auditor, name),
        lambda: clients.disabled(gateway, auditor, name, ClientReason.ERROR),
        lambda: clients.enrolled(gateway, auditor, "dev-nothing0", terms, label="x"),
    ):
        with pytest.raises(NotPermitted):
            call()

    assert sum(1 for _ in gateway.journal.entries()) - before == 7


def test_anothers_client_does_not_exist(machines: Machines) -> None:
    """A client of the payer is unknown at the clinic, with the same words as one that never was."""
    gateway, manager = machines.gateway(CLINIC), machines.service.session(CLINIC)
    said = []
    for name in (machines.handles[PAYER], "cli-nothing00000"):
        with pytest.raises(AkashiError) as caught:
            clients.shown(gateway, manager, name)
        said.append((caught.value.code, str(caught.value)))

    assert said[0] == said[1]
