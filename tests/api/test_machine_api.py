"""The server's machine API: members see their part, submit for themselves, and fetch what is addressed to them."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import replace

import httpx
import pytest

from akashi.app.errors import RemoteDistrusted
from akashi.app.gateway.remote import RemoteLedger
from akashi.errors import NotFound
from akashi.exchange.records import transfer
from akashi.identity import events
from akashi.ledger.author import Author
from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import NoteKind, vkey
from tests.api.served import PASSWORD, Member, World, checkup_file, deliver

pytestmark = pytest.mark.network
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def name(world: World) -> str:
    """A transfer from the clinic to the payer."""
    return deliver(world, checkup_file(world, seed=11))


def machine(world: World, member: Member) -> httpx.Client:
    """A client of the server's origin with a device of ``member``."""
    return world.client(member, world.server.settings.port)


def payload_of(world: World, name: str) -> str:
    """The payload of a transfer, in hex."""
    with world.server.engine.view() as state:
        found = transfer(state, name)
    assert found is not None
    return found.payload.hex()


def test_a_third_party_does_not_learn_that_a_transfer_exists(world: World, name: str) -> None:
    """Trail, evidence, state, wraps and body of others answer as if there were nothing."""
    office, payload = machine(world, world.office), payload_of(world, name)
    answers = [
        office.get(path).status_code
        for path in (
            f"/api/v1/subjects/{name}/operations",
            f"/api/v1/subjects/{name}/evidence",
            f"/api/v1/payloads/{payload}",
            f"/api/v1/payloads/{payload}/body",
            f"/api/v1/payloads/{payload}/wraps/{'00' * 32}",
        )
    ]
    key = f"tr/{name.encode().hex()}"
    row, together = office.get(f"/api/v1/state/{key}").json(), office.get("/api/v1/state", params={"key": key}).json()
    scan = office.get("/api/v1/state/tr").json()

    assert answers == [404] * 5
    assert (row["value"], together["values"], scan["rows"]) == (None, [None], [])


def test_the_parties_see_the_transfer(world: World, name: str) -> None:
    """Both sides read the same trail; the sealed body is fetched in full (here by the sender, since nobody has opened it)."""
    clinic, payer = machine(world, world.clinic), machine(world, world.payer)
    here, there = (one.get(f"/api/v1/subjects/{name}/operations").json() for one in (clinic, payer))
    payload = payload_of(world, name)
    body = clinic.get(f"/api/v1/payloads/{payload}/body").content

    assert here == there
    assert len(here["operations"]) >= 1
    assert len(body) == payer.get(f"/api/v1/payloads/{payload}").json()["size"]


def test_nobody_lists_people_or_devices_of_others(world: World, name: str) -> None:
    """A scan of people and devices shows one's own institution only."""
    rows = machine(world, world.clinic).get("/api/v1/state/dev").json()["rows"]
    with world.server.engine.view() as state:
        owners = {
            found.institution
            for row in rows
            if (found := events.device(state, bytes.fromhex(row["key"]).decode())) is not None
        }

    assert owners == {world.clinic.institution}


def test_operations_are_taken_from_their_actor_only(world: World, name: str) -> None:
    """A signed operation of another institution is refused when somebody else hands it in."""
    entry = world.server.engine.entries(name)[0]
    envelope = parse_leaf(entry.leaf).envelope
    answer = machine(world, world.payer).post("/api/v1/operations", content=envelope)
    again = machine(world, world.clinic).post("/api/v1/operations", content=envelope)

    assert (answer.status_code, answer.json()["code"]) == (403, "api.caller")
    assert again.json()["index"] == entry.index


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"\x00" * 100, 400), (b"x" * (33 * 1024), 413), (b"x" * (65 * 1024), 413)]
)
def test_malformed_operations_are_refused(world: World, body: bytes, status: int) -> None:
    """Empty, garbage, too long for an envelope, too long for any small body: each its own answer."""
    answer = machine(world, world.clinic).post("/api/v1/operations", content=body)

    assert answer.status_code == status
    assert set(answer.json()) >= {"code", "message_ja", "message_en", "hint_ja", "hint_en"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/operations/zz",
        "/api/v1/state/TR",
        "/api/v1/state/tr/xyz",
        "/api/v1/consistency?old=5&new=2",
        "/api/v1/consistency?old=0&new=99999999",
        "/api/v1/consistency?old=-1&new=2",
        "/api/v1/payloads/..%2f..%2fetc",
        "/api/v1/nothing",
    ],
)
def test_odd_addresses_are_refused(world: World, path: str) -> None:
    """Wrong digests, sizes and paths are the caller's error, in the one shape, and say nothing of the inside."""
    answer = machine(world, world.clinic).get(path)

    assert answer.status_code in {400, 404}
    assert answer.json()["code"] in {"api.request", "api.route"}


def test_staged_bytes_are_for_nobody_until_announced(world: World) -> None:
    """Not even who staged them can fetch them back; a foreign ledger's container is refused before it is read."""
    clinic = machine(world, world.clinic)
    foreign = clinic.put(f"/api/v1/payloads/{'ab' * 16}", content=b"\x00not a container")
    fetched = clinic.get(f"/api/v1/payloads/{'ab' * 16}/body")

    assert (foreign.status_code, fetched.status_code) == (400, 404)


def test_answers_may_not_be_cached_or_sniffed(world: World) -> None:
    """The security headers are on every answer, errors included."""
    answer = machine(world, world.clinic).get("/api/v1/nothing")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in answer.headers


def test_the_dashboard_is_the_secretariats(world: World, name: str) -> None:
    """Counts for the secretariat, nothing for a member."""
    counts = machine(world, world.office).get("/api/v1/dashboard").json()
    member = machine(world, world.clinic).get("/api/v1/dashboard")

    assert sum(counts["statuses"].values()) >= 1
    assert member.status_code == 403


def test_refused_handshakes_are_on_the_dashboard(world: World) -> None:
    """Who shows no device certificate is counted by OpenSSL's reason: as JSON, and on the secretariat's page in both languages."""
    reason, client = "PEER_DID_NOT_RETURN_A_CERTIFICATE", machine(world, world.office)
    before = client.get("/api/v1/dashboard").json()["handshakes"].get(reason, 0)
    with contextlib.suppress(httpx.TransportError):
        world.client(None, world.server.settings.port).get("/api/v1/crl")
    after = client.get("/api/v1/dashboard").json()["handshakes"][reason]
    page = world.client(world.office)
    page.post("/login", data={"login": world.office.login, "password": PASSWORD, "code": ""}, headers=OURS)
    shown = [page.get(f"/dashboard?lang={language}").text for language in ("ja", "en")]

    assert after > before
    assert [reason in text for text in shown] == [True, True]
    assert ["入口（TLS）で断った接続" in shown[0], "Connections refused at the door" in shown[1]] == [True, True]


def test_a_slow_body_is_cut_by_size_before_it_is_read(world: World) -> None:
    """A declared length over the limit is answered without waiting for the bytes."""
    context = ssl.create_default_context(cadata=world.ca)
    context.load_cert_chain(world.clinic.machine_file or world.clinic.key_file)
    port = world.server.settings.port
    with (
        socket.create_connection(("localhost", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        tls.sendall(b"POST /api/v1/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\nx")
        head = tls.recv(4096)

    assert head.startswith(b"HTTP/1.1 413")


# The same promises through the client that gateways use.


def test_the_remote_ledger_believes_receipts_only(world: World, name: str) -> None:
    """Submitting again gives the first acknowledgement; another log's trust file makes the answer worthless."""
    gateway = world.gateway(world.clinic)
    assert gateway.ledger.entry(bytes(32)) is None
    entry = gateway.ledger.entries(name)[0]
    envelope = parse_leaf(entry.leaf).envelope
    again = gateway.ledger.submit(envelope)
    origin = gateway.ledger.origin
    rest = [one for one in world.server.trust_text().splitlines() if not one.startswith(("log ", "#!genesis"))]
    other = "\n".join([f"log {vkey(origin, NoteKind.ED25519, bytes(32))}", *rest, ""])
    channel = gateway.line.channel
    assert channel is not None
    distrusting = RemoteLedger(channel, parse_trust(other.encode()), lambda: None, lambda _: None)

    assert (again.index, again.operation_id) == (entry.index, parse_operation(envelope).id)
    with pytest.raises(RemoteDistrusted):
        distrusting.checkpoint()


def test_refusals_keep_their_reason_over_https(world: World) -> None:
    """A rule's no arrives as the same error with the same reason as in one process."""
    gateway = world.gateway(world.clinic)
    body = events.PersonRegistered(world.payer.person, world.clinic.institution, 1)
    with pytest.raises(Refused) as remote:
        Author(gateway.ledger, gateway.keystore.signer("gateway"), gateway.institution, gateway.clock).submit(
            body, subject=world.payer.person
        )
    with pytest.raises(Refused) as local:
        Author(world.server.engine, gateway.keystore.signer("gateway"), gateway.institution, gateway.clock).submit(
            body, subject=world.payer.person
        )

    assert remote.value.reason == local.value.reason


def test_encoding_errors_keep_their_class_over_https(world: World) -> None:
    """Bytes that are no operation are refused as such, not as a failure of the line."""
    with pytest.raises(EncodingError):
        world.gateway(world.clinic).ledger.submit(b"\x00" * 64)


def test_the_remote_store_hides_what_is_not_ours(world: World, name: str) -> None:
    """The payload of others is missing, as it is for one that never was."""
    payload = bytes.fromhex(payload_of(world, name))
    office = world.gateway(world.office).payloads

    assert office.size(payload) is None
    with pytest.raises(NotFound):
        office.wrap(payload, bytes(32))


def test_a_persons_device_has_no_business_at_the_server(world: World, name: str) -> None:
    """A stolen terminal reads nothing from the server's origin: only a gateway's own machine may speak to it."""
    person = world.client(replace(world.payer, machine_file=None), world.server.settings.port)
    answers = {person.get(path).status_code for path in ("/api/v1/ledger", f"/api/v1/subjects/{name}/operations")}

    assert answers == {403}
    assert machine(world, world.payer).get("/api/v1/ledger").status_code == 200
