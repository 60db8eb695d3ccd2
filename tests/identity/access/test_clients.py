"""Machine clients: enrolled by managers, let in with certificate and secret, refused alike for every cause, stopped at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from akashi.errors import AkashiError
from akashi.identity import events as identity
from akashi.identity.access import events
from akashi.identity.access.errors import ClientRefused, ClientTermsUnusable, NoSuchClient
from akashi.identity.access.model import ClientReason, ClientTerms, Issued
from akashi.identity.access.service import Clients
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import Access, Outcome, What
from akashi.identity.model import DeviceReason, InstitutionReason, PersonReason, Policy, Role, Session
from akashi.identity.permissions import TABLE
from akashi.ledger.errors import Refused
from akashi.ledger.events import KindTable
from akashi.ledger.model import Auth, AuthMethod, Purpose
from tests.identity.twin import CLINIC, DESK, FOREIGN, HOSPITAL, NOW, TABLET, Clinic, MemoryBox, author, clinic

DAY = 24 * 3600 * 1000
ACTIONS = frozenset({"transfer.send", "transfer.read"})
NETWORK, NEAR, FAR = ("192.0.2.0/24",), "192.0.2.9", "198.51.100.9"


@dataclass
class Stage:
    """A clinic with a manager's session, its clients, and one client on the tablet."""

    clinic: Clinic
    clients: Clients
    manager: Session
    issued: Issued
    alarms: list[str]

    def bearer(self, issued: Issued | None = None) -> str:
        """The header of a good request."""
        return f"Bearer {(issued or self.issued).bearer}"

    def used(self) -> list[Access]:
        """What the journal says about clients' requests."""
        return [one for one in self.clinic.accounts.journal.entries() if one.what is What.CLIENT_USED]


def terms(stage: Clinic, **changes: object) -> ClientTerms:
    """What the client may do."""
    made = ClientTerms(ACTIONS, stage.clock.now_ms() + 100 * DAY, stage.nurse)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Everything enrolled."""
    made = clinic(tmp_path)
    made.ledger._kinds = KindTable([*identity.IDENTITY_KINDS, *events.CLIENT_KINDS])
    gateway = made.accounts._author
    alarms: list[str] = []
    policy = Policy(device_failures=4)
    clients = Clients(
        made.database, MemoryBox(), gateway, made.clock, made.accounts.journal, policy, alarm=alarms.append
    )
    who = (made.manager, CLINIC, "dev-desk", Role.MANAGER, AuthMethod.PASSWORD_TOTP, DESK)
    session = Session(bytes(32), *who, NOW, NOW, "")
    issued = clients.enrol(session, "dev-tablet", terms(made), label="基幹システム", networks=NETWORK)
    return Stage(made, clients, session, issued, alarms)


def test_a_client_is_let_in(stage: Stage) -> None:
    """Certificate, secret, network: a session with the client's actions and no roles, over its own device."""
    session = stage.clients.authenticate(stage.bearer(), TABLET, NEAR)

    assert (session.person, session.device, session.roles) == (stage.issued.client, "dev-tablet", Role(0))
    assert (session.method, session.auth.certificate, session.actions) == (AuthMethod.CLIENT, TABLET, ACTIONS)


def test_client_does_nothing_else(stage: Stage) -> None:
    """Of the whole table the client may do what it was given; each other action is refused and recorded."""
    session = stage.clients.authenticate(stage.bearer(), TABLET, NEAR)
    taken = set()
    for action in TABLE:
        try:
            stage.clinic.accounts.require(session, action)
            taken.add(action)
        except NotPermitted:
            pass
    entries = [e for e in stage.clinic.accounts.journal.entries() if e.what is What.ACTION]

    assert taken == ACTIONS
    assert [e.person for e in entries] == [stage.issued.client] * (len(TABLE) - len(ACTIONS))


def _stop(act: Callable[[Stage], object]) -> Callable[[Stage], tuple[str, bytes, str]]:
    def change(stage: Stage) -> tuple[str, bytes, str]:
        act(stage)
        return stage.bearer(), TABLET, NEAR

    return change


def _secretariat(body: object) -> Callable[[Stage], tuple[str, bytes, str]]:
    return _stop(lambda stage: stage.clinic.secretariat.submit(body))


WRONG: dict[str, Callable[[Stage], tuple[str, bytes, str | None]]] = {
    "secret": lambda s: (s.bearer()[:-4] + "AAAA", TABLET, NEAR),
    "unknown": lambda s: ("Bearer cli-00000000000000000000." + "A" * 43, TABLET, NEAR),
    "form": lambda _: ("Bearer something", TABLET, NEAR),
    "basic": lambda s: ("Basic " + s.issued.bearer, TABLET, NEAR),
    "newline": lambda s: (s.bearer() + "\n", TABLET, NEAR),
    "empty": lambda _: ("", TABLET, NEAR),
    "other device": lambda s: (s.bearer(), DESK, NEAR),
    "foreign device": lambda s: (s.bearer(), FOREIGN, NEAR),
    "no such certificate": lambda s: (s.bearer(), bytes(32), NEAR),
    "other network": lambda s: (s.bearer(), TABLET, FAR),
    "no address": lambda s: (s.bearer(), TABLET, None),
    "over": _stop(lambda s: s.clinic.clock.advance(101 * DAY)),
    "rotated at once": _stop(lambda s: s.clients.rotate(s.manager, s.issued.client, overlap_ms=0)),
    "disabled": _stop(lambda s: s.clients.disable(s.manager, s.issued.client, ClientReason.SUSPECTED_LEAK)),
    "responsible left": _stop(lambda s: s.clinic.accounts.disable(s.clinic.nurse, PersonReason.LEFT)),
    "device revoked": _secretariat(identity.DeviceRevoked("dev-tablet", DeviceReason.LOST)),
    "institution stopped": _secretariat(identity.InstitutionDisabled(CLINIC, InstitutionReason.SUSPECTED_LEAK)),
}


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_wrong_is_refused_alike(stage: Stage, what: str) -> None:
    """Each fault alone is refused with the same answer, and recorded with its reason."""
    header, certificate, address = WRONG[what](stage)
    with pytest.raises(ClientRefused) as caught:
        stage.clients.authenticate(header, certificate, address)
    last = stage.used()[-1]

    assert (caught.value.code, caught.value.params) == ("identity.client_refused", {})
    assert last.outcome is Outcome.REFUSED
    assert (last.reason or "").split(".")[0] in {"client", "device", "institution"}


def test_guessing_locks_the_device_and_nobody_else(stage: Stage) -> None:
    """After its failures a device is locked, told once; the client on its own device goes on, and the lock passes."""
    for _ in range(10):
        with pytest.raises(ClientRefused):
            stage.clients.authenticate(stage.bearer()[:-4] + "AAAA", DESK, NEAR)
    refused = [e.reason for e in stage.used() if e.outcome is Outcome.REFUSED]
    session = stage.clients.authenticate(stage.bearer(), TABLET, NEAR)

    assert refused == ["client.secret"] * 4
    assert stage.alarms == ["dev-desk"]
    assert session.person == stage.issued.client


def test_a_locked_device_opens_again(stage: Stage) -> None:
    """The right secret is refused while the device is locked, and taken when the time is over."""
    for _ in range(4):
        with pytest.raises(ClientRefused):
            stage.clients.authenticate("Bearer x", TABLET, NEAR)
    with pytest.raises(ClientRefused):
        stage.clients.authenticate(stage.bearer(), TABLET, NEAR)
    stage.clinic.clock.advance(15 * 60 * 1000)

    assert stage.clients.authenticate(stage.bearer(), TABLET, NEAR).device == "dev-tablet"


def test_rotation_overlaps(stage: Stage) -> None:
    """Old and new secret work side by side until the overlap ends; then only the new one does."""
    new = stage.clients.rotate(stage.manager, stage.issued.client, overlap_ms=DAY)
    during = [stage.clients.authenticate(stage.bearer(one), TABLET, NEAR).person for one in (stage.issued, new)]
    stage.clinic.clock.advance(DAY)
    with pytest.raises(ClientRefused):
        stage.clients.authenticate(stage.bearer(), TABLET, NEAR)

    assert during == [stage.issued.client] * 2
    assert new.overlap_until_ms == NOW + DAY
    assert stage.clients.authenticate(stage.bearer(new), TABLET, NEAR).person == stage.issued.client


def test_uses_are_counted_not_piled_up(stage: Stage) -> None:
    """A hundred requests within an hour are one entry; the count of the others follows with the next hour's first."""
    for _ in range(100):
        stage.clients.authenticate(stage.bearer(), TABLET, NEAR)
    first = [e.count for e in stage.used()]
    stage.clinic.clock.advance(3600 * 1000)
    stage.clients.authenticate(stage.bearer(), TABLET, NEAR)
    stage.clients.authenticate(stage.bearer(), TABLET, NEAR)

    assert (first, [e.count for e in stage.used()]) == ([1], [1, 100])
    assert stage.clients.flush() == 1
    assert sum(e.count or 0 for e in stage.used()) == 102


def test_the_secret_is_nowhere(stage: Stage, tmp_path: Path) -> None:
    """Neither secret nor label stands in the database, the journal, the ledger or a repr."""
    secret = stage.issued.bearer.split(".")[1]
    stage.clients.authenticate(stage.bearer(), TABLET, NEAR)
    stage.clinic.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("gateway.db*")) + b"".join(
        stage.clinic.ledger.accepted
    )

    assert not [word for word in (secret, "基幹システム") if word.encode() in kept]
    assert secret not in repr(stage.issued)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"actions": frozenset({"person.manage"})}, "client.actions"),
        ({"actions": frozenset()}, "client.actions"),
        ({"until_ms": NOW}, "client.until"),
        ({"until_ms": NOW + 366 * DAY}, "client.until"),
    ],
)
def test_terms_that_no_client_can_have(stage: Stage, changes: dict[str, object], reason: str) -> None:
    """Other actions than those for clients, none, or an end that is past or over a year away."""
    with pytest.raises(ClientTermsUnusable) as caught:
        stage.clients.enrol(stage.manager, "dev-desk", terms(stage.clinic, **changes), label="x")

    assert caught.value.params == {"reason": reason}


@pytest.mark.parametrize("label", ["", "a" * 81, "a\nb", "a\u202eb"])
def test_labels_are_plain(stage: Stage, label: str) -> None:
    """A label is a short line without control characters: it will stand in a list."""
    with pytest.raises(ClientTermsUnusable):
        stage.clients.enrol(stage.manager, "dev-desk", terms(stage.clinic), label=label)


def enrolled(stage: Stage, **changes: object) -> events.ClientEnrolled:
    """A client for the desk that the ledger would take."""
    made = events.ClientEnrolled("cli-new00000", CLINIC, "dev-desk", 4, NOW + DAY, stage.clinic.nurse)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"institution": HOSPITAL}, "client.institution"),
    ({"device": "dev-hospital"}, "client.device"),
    ({"device": "dev-nothing0"}, "client.device"),
    ({"device": "dev-machine0"}, "client.device"),
    ({"device": "dev-tablet"}, "client.device_taken"),
    ({"actions": 1 << 20}, "client.actions"),
    ({"until_ms": NOW + 366 * DAY}, "client.until"),
    ({"responsible": "per-hosp0000"}, "client.responsible"),
    ({"counterpart": CLINIC}, "client.counterpart"),
    ({"counterpart": "inst-nothing0"}, "client.counterpart"),
]


@pytest.mark.parametrize(("changes", "reason"), REFUSED)
def test_enrolment_is_refused(stage: Stage, changes: dict[str, object], reason: str) -> None:
    """Whatever a gateway signs: foreign devices and people, the gateway's own machine, a taken device, boundless terms."""
    gateway, secretariat = stage.clinic.accounts._author, stage.clinic.secretariat
    year = 365 * DAY
    machine = identity.DeviceEnrolled(
        "dev-machine0", CLINIC, b"\x02", b"m" * 32, bytes(32), NOW - 1, NOW + year, stage.clinic.nurse, machine=True
    )
    secretariat.submit(machine)
    with pytest.raises(Refused) as caught:
        gateway.submit(enrolled(stage, **changes), person=stage.clinic.manager)

    assert caught.value.reason == reason


@pytest.mark.parametrize(("by", "reason"), [(None, "actor.person"), ("nurse", "actor.roles"), ("hosp", "actor.person")])
def test_only_a_named_manager_enrols(stage: Stage, by: str | None, reason: str) -> None:
    """Not the console, not an operator, not another institution's manager."""
    person = {"nurse": stage.clinic.nurse, "hosp": "per-hosp0000"}.get(by or "")
    with pytest.raises(Refused) as caught:
        stage.clinic.accounts._author.submit(enrolled(stage), person=person)

    assert caught.value.reason == reason


def test_another_institution_changes_nothing(stage: Stage) -> None:
    """To another institution's manager the client does not exist."""
    hospital = author(stage.clinic.ledger, HOSPITAL, Purpose.GATEWAY)
    name = stage.issued.client
    for body in (
        events.ClientDisabled(name, ClientReason.ERROR),
        events.ClientChanged(name, 8, NOW + DAY, "per-hosp0000"),
    ):
        with pytest.raises(Refused, match=r"client\.unknown"):
            hospital.submit(body, person="per-hosp0000")


def test_a_handle_and_its_end_are_for_good(stage: Stage) -> None:
    """A disabled client is not changed, not disabled again, its handle not given again; its device may serve another."""
    gateway, name = stage.clinic.accounts._author, stage.issued.client
    stage.clients.disable(stage.manager, name, ClientReason.REPLACED)
    for body, reason in (
        (events.ClientDisabled(name, ClientReason.ERROR), "client.disabled"),
        (events.ClientChanged(name, 8, NOW + DAY, stage.clinic.nurse), "client.disabled"),
        (enrolled(stage, client=name), "client.exists"),
    ):
        with pytest.raises(Refused) as caught:
            gateway.submit(body, person=stage.clinic.manager)
        assert caught.value.reason == reason
    again = stage.clients.enrol(stage.manager, "dev-tablet", terms(stage.clinic), label="二代目")

    assert stage.clients.authenticate(stage.bearer(again), TABLET, FAR).person == again.client != name


def test_changes_count_at_the_next_request(stage: Stage) -> None:
    """Other actions on the ledger are the actions of the next session; another network holds at once."""
    name = stage.issued.client
    stage.clients.change(stage.manager, name, terms(stage.clinic, actions=frozenset({"transfer.open"})))
    stage.clients.set_networks(stage.manager, name, ("198.51.100.0/24",))
    session = stage.clients.authenticate(stage.bearer(), TABLET, FAR)

    assert session.actions == frozenset({"transfer.open"})
    assert [one.networks for one in stage.clients.clients()] == [("198.51.100.0/24",)]


def test_unknown_clients_are_not_found(stage: Stage) -> None:
    """Looking, rotating and disabling what is not ours is one and the same error."""
    for call in (stage.clients.client, lambda name: stage.clients.rotate(stage.manager, name)):
        with pytest.raises(NoSuchClient):
            call("cli-nothing0000")


def test_a_refused_enrolment_leaves_nothing(stage: Stage) -> None:
    """What the ledger refused has no row, no secret and no label."""
    with pytest.raises(AkashiError):
        stage.clients.enrol(stage.manager, "dev-hospital", terms(stage.clinic), label="x")

    assert len(stage.clinic.database.read("SELECT client FROM clients")) == 1
    assert [one.client.handle for one in stage.clients.clients()] == [stage.issued.client]


def test_auth_of_a_client_names_method_and_certificate(stage: Stage) -> None:
    """What the ledger is told of the authentication: method 7, the moment, the device's certificate."""
    session = stage.clients.authenticate(stage.bearer(), TABLET, NEAR)

    assert session.auth == Auth(AuthMethod.CLIENT, NOW, TABLET)
